"""Workers claim sessions, and one ingest holds a lease."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of claims and leases, with a claim for each session that is there."""
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
