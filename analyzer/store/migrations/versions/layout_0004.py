"""Sessions have marks, and may be deleted in a way that can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table of marks, and room for when a session was deleted."""
    op.add_column("sessions", sa.Column("deleted_at", sa.String(40)))
    op.create_table(
        "marks",
        sa.Column("run", _ROW_ID, sa.ForeignKey("sessions.run"), primary_key=True),
        sa.Column("mark_id", sa.String(36), primary_key=True),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
