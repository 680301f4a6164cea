"""A session is analysed again beside its results, and shown when all of it is done."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Tell which settings are shown, count scans, and make room for what is not shown yet."""
    for name in ("shown_revision", "scans"):
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column("sessions", column)
    op.execute(
        "UPDATE sessions SET shown_revision = settings_revision, scans = (SELECT count(*) "
        "FROM results WHERE results.run = sessions.run AND results.superseded = 0)"
    )
    _begin_anew()
    op.add_column("jobs", sa.Column("holder", sa.String(64)))
    op.add_column("jobs", sa.Column("expires_at", sa.Float))
    op.create_table(
        "staged",
        sa.Column("run", _ROW_ID, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("scan_index", sa.Integer, primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("frequency_hz", sa.Float),
        sa.Column("number", sa.BigInteger),
        sa.Column("document", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["run", "position"], ["uploads.run", "uploads.position"]),
    )
    op.create_table(
        "trend_states",
        sa.Column("run", _ROW_ID, sa.ForeignKey("sessions.run"), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("scan_index", sa.Integer, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )


def _begin_anew() -> None:
    """Let sessions that were half analysed again, in place, be so from the beginning."""
    half_done = "SELECT run FROM jobs WHERE priority = 1"
    op.execute(
        f"UPDATE sessions SET shown_revision = 0, trend_stale = 1 WHERE run IN ({half_done})"
    )
    op.execute(
        "INSERT INTO jobs (run, position, priority, since) SELECT run, position, 1, 0 "
        f"FROM uploads WHERE run IN ({half_done}) AND NOT EXISTS (SELECT 1 FROM uploads newer "
        "WHERE newer.run = uploads.run AND newer.file = uploads.file "
        "AND newer.position > uploads.position) AND NOT EXISTS (SELECT 1 FROM jobs "
        "WHERE jobs.run = uploads.run AND jobs.position = uploads.position)"
    )
