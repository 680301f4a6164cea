"""The first layout that is still read."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make every table."""
    _meta_and_users()
    _sessions()
    _uploads()
    _results()


def _meta_and_users() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "users",
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("highest_revision", sa.BigInteger, nullable=False),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("run", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("settings_revision", sa.BigInteger, nullable=False),
        sa.Column("recovered", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("last_position", sa.BigInteger, nullable=False),
        sa.Column("trend_revision", sa.BigInteger, nullable=False),
        sa.Column("trend_stale", sa.Integer, nullable=False),
        sa.Column("content_version", sa.BigInteger, nullable=False),
        sa.Column("last_result_at", sa.String(40)),
        sa.UniqueConstraint("user_id", "session_id"),
    )
    op.create_index("sessions_by_revision", "sessions", ["user_id", "revision"])
    _partial_index("sessions_stale", "sessions", ["trend_stale"], "trend_stale = 1")
    op.create_table(
        "documents",
        sa.Column("run", _ROW_ID, sa.ForeignKey("sessions.run"), primary_key=True),
        sa.Column("revision", sa.BigInteger, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("run", _ROW_ID, sa.ForeignKey("sessions.run"), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("upload_id", sa.String(64), nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("header", sa.Text, nullable=False),
        sa.Column("received_at", sa.String(40), nullable=False),
        sa.Column("unpacked_bytes", sa.BigInteger, nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("run", "upload_id"),
    )
    op.create_index("uploads_by_file", "uploads", ["run", "file", "position"])
    op.create_table(
        "jobs",
        sa.Column("run", _ROW_ID, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["run", "position"], ["uploads.run", "uploads.position"]),
    )
    op.create_index("jobs_in_order", "jobs", ["priority", "run", "position"])


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("run", _ROW_ID, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("scan_index", sa.Integer, primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("superseded", sa.Integer, nullable=False),
        sa.Column("announced", sa.Integer, nullable=False),
        sa.Column("frequency_hz", sa.Float),
        sa.Column("number", sa.BigInteger),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("trend", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["run", "position"], ["uploads.run", "uploads.position"]),
    )
    op.create_index("results_by_file", "results", ["run", "file", "position"])
    columns = ["run", "position", "scan_index"]
    _partial_index("results_to_announce", "results", columns, "announced = 0")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
