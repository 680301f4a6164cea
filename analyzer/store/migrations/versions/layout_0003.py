"""Workers claim sessions, one ingest holds a lease, and users have quotas."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of claims and leases, and count what each user has stored."""
    size = sa.Column("stored_bytes", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("users", size)
    op.execute(
        "UPDATE users SET stored_bytes = (SELECT coalesce(sum(length(packed)), 0) FROM uploads "
        "JOIN sessions ON sessions.run = uploads.run WHERE sessions.user_id = users.user_id)"
    )
    op.create_table(
        "claims",
        sa.Column("run", _ROW_ID, sa.ForeignKey("sessions.run"), primary_key=True),
        sa.Column("holder", sa.String(64)),
        sa.Column("expires_at", sa.Float),
        sa.Column("turn", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO claims (run, turn) SELECT run, 0 FROM sessions")
    op.add_column("jobs", sa.Column("since", sa.Float, nullable=False, server_default="0"))
    op.create_table(
        "leases",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("holder", sa.String(64)),
        sa.Column("expires_at", sa.Float),
    )
