"""The tables of the store and the number of their layout."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

LAYOUT: Final = 6
"""Number of this layout; `migrations` leads to it, and a newer one is refused with a sentence."""

NO: Final[ColumnElement[int]] = literal_column("0")
YES: Final[ColumnElement[int]] = literal_column("1")
"""As literals, since a partial index serves no query with a parameter in its place."""

metadata = MetaData()


def _only_where(column: str, value: int) -> dict[str, Any]:
    """What makes an index one of the rows with this value alone, in either database."""
    condition = Column(column) == value
    return {"sqlite_where": condition, "postgresql_where": condition}


_ROW_ID = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

alembic_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own note of the layout, so that its command line knows the store too."""

users = Table(
    "users",
    metadata,
    Column("user_id", String(64), primary_key=True),
    # Highest revision of a session document that this user's agents may remember.
    Column("highest_revision", BigInteger, nullable=False),
    # What his uploads take, compressed; kept so that a quota costs the same at any size.
    Column("stored_bytes", BigInteger, nullable=False, server_default="0"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("run", _ROW_ID, primary_key=True, autoincrement=True),
    Column("user_id", String(64), nullable=False),
    Column("session_id", String(36), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("settings_revision", BigInteger, nullable=False),
    # 1 where the document was made from uploads, because the store did not know the session.
    Column("recovered", Integer, nullable=False),
    Column("document", Text, nullable=False),
    # Position of the newest upload.
    Column("last_position", BigInteger, nullable=False, default=0),
    Column("trend_revision", BigInteger, nullable=False, default=0),
    # 1 until the trend is computed again from all results.
    Column("trend_stale", Integer, nullable=False, default=0),
    # Grows whenever a result or the trend changes.
    Column("content_version", BigInteger, nullable=False, default=0),
    Column("last_result_at", String(40)),
    # When its user deleted it; it is hidden from then on, and may be brought back.
    Column("deleted_at", String(40)),
    # Settings revision of the results: an older one as long as the session is analysed again.
    Column("shown_revision", BigInteger, nullable=False, server_default="0"),
    # How many scans have results, put aside ones left out; kept so that a list need not count.
    Column("scans", BigInteger, nullable=False, server_default="0"),
    # Grows with each change of the calibration; 0 before the first.
    Column("calibration_revision", BigInteger, nullable=False, server_default="0"),
    # Session ids are made by clients too: one user's must never meet another's.
    UniqueConstraint("user_id", "session_id"),
    Index("sessions_by_revision", "user_id", "revision"),
    Index("sessions_stale", "trend_stale", **_only_where("trend_stale", 1)),
)

documents = Table(
    "documents",
    metadata,
    Column("run", ForeignKey("sessions.run"), primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("document", Text, nullable=False),
)
"""Every session document that ever held: what the settings revision of a result means."""

uploads = Table(
    "uploads",
    metadata,
    Column("run", ForeignKey("sessions.run"), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("upload_id", String(64), nullable=False),
    Column("file", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("header", Text, nullable=False),
    Column("received_at", String(40), nullable=False),
    Column("unpacked_bytes", BigInteger, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    UniqueConstraint("run", "upload_id"),
    Index("uploads_by_file", "run", "file", "position"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("run", _ROW_ID, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("priority", Integer, nullable=False),
    # When the upload began to wait, in seconds since 1970 by the database's clock.
    Column("since", Float, nullable=False, server_default="0"),
    # Which worker is at it, and until when he is believed to; only where it is analysed again.
    Column("holder", String(64)),
    Column("expires_at", Float),
    ForeignKeyConstraint(["run", "position"], ["uploads.run", "uploads.position"]),
    Index("jobs_in_order", "priority", "run", "position"),
)
"""Uploads that wait to be analysed, for the first time or again."""

staged = Table(
    "staged",
    metadata,
    Column("run", _ROW_ID, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("scan_index", Integer, primary_key=True),
    Column("file", Text, nullable=False),
    Column("frequency_hz", Float),
    Column("number", BigInteger),
    Column("document", Text, nullable=False),
    ForeignKeyConstraint(["run", "position"], ["uploads.run", "uploads.position"]),
)
"""Results under new settings that nobody is shown before the whole session has them."""

trend_states = Table(
    "trend_states",
    metadata,
    Column("run", ForeignKey("sessions.run"), primary_key=True),
    # The last result that is in it.
    Column("position", BigInteger, nullable=False),
    Column("scan_index", Integer, nullable=False),
    Column("settings", Text, nullable=False),
    Column("state", Text, nullable=False),
)
"""Running trends as they were not long ago, so that nobody has to read a whole session for one."""

results = Table(
    "results",
    metadata,
    Column("run", _ROW_ID, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("scan_index", Integer, primary_key=True),
    Column("file", Text, nullable=False),
    Column("superseded", Integer, nullable=False),
    Column("announced", Integer, nullable=False),
    Column("frequency_hz", Float),
    Column("number", BigInteger),
    # The result without its trend, and the trend: one changes without the other.
    Column("document", Text, nullable=False),
    Column("trend", Text, nullable=False),
    ForeignKeyConstraint(["run", "position"], ["uploads.run", "uploads.position"]),
    Index("results_by_file", "run", "file", "position"),
    Index(
        "results_to_announce",
        "run",
        "position",
        "scan_index",
        **_only_where("announced", 0),
    ),
)

claims = Table(
    "claims",
    metadata,
    Column("run", ForeignKey("sessions.run"), primary_key=True),
    Column("holder", String(64)),
    # Seconds since 1970 by the database's clock.
    Column("expires_at", Float),
    # Grows with each claim: who knows the last one knows whether anybody else came between.
    Column("turn", BigInteger, nullable=False, default=0),
)
"""Which worker is at a session; apart from the session, which is a larger row to write."""

marks = Table(
    "marks",
    metadata,
    Column("run", ForeignKey("sessions.run"), primary_key=True),
    Column("mark_id", String(36), primary_key=True),
    Column("made_at", String(40), nullable=False),
    Column("document", Text, nullable=False),
)
"""Injections and events that people marked on a run."""

calibrations = Table(
    "calibrations",
    metadata,
    Column("run", ForeignKey("sessions.run"), primary_key=True),
    Column("document", Text, nullable=False),
)
"""The calibration by which the signals of a session become concentrations."""

alerts = Table(
    "alerts",
    metadata,
    Column("run", ForeignKey("sessions.run"), primary_key=True),
    Column("alert_id", String(64), primary_key=True),
    Column("user_id", String(64), nullable=False),
    Column("cause", String(200), nullable=False),
    # 1 until its reason is over; of one cause there is one such alert at most.
    Column("is_open", Integer, nullable=False),
    # Seconds since 1970.
    Column("since", Float, nullable=False),
    Column("document", Text, nullable=False),
    # 1 while it waits to be posted to a webhook: how often that was tried, and when it is due.
    Column("to_post", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Float, nullable=False, server_default="0"),
    Index("alerts_by_time", "user_id", "since"),
    Index(
        "alerts_open",
        "user_id",
        "cause",
        unique=True,
        **_only_where("is_open", 1),
    ),
    Index("alerts_to_post", "due_at", **_only_where("to_post", 1)),
)
"""What needed a person's eye, and whether it still does."""

watches = Table(
    "watches",
    metadata,
    Column("user_id", String(64), primary_key=True),
    # Grows with each change: of two processes that judge, one alone keeps what it says.
    Column("turn", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
"""What the judgement of alerts has to remember of each user."""

leases = Table(
    "leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(64)),
    Column("expires_at", Float),
)
"""What one process alone may do, until when by the database's clock."""
