"""Alerts and what their judgement remembers, and calibrations of sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of alerts and calibrations."""
    op.add_column(
        "sessions",
        sa.Column("calibration_revision", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "calibrations",
        sa.Column("run", _ROW_ID, sa.ForeignKey("sessions.run"), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("run", _ROW_ID, sa.ForeignKey("sessions.run"), primary_key=True),
        sa.Column("alert_id", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(200), nullable=False),
        sa.Column("is_open", sa.Integer, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("to_post", sa.Integer, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", sa.Float, nullable=False, server_default="0"),
    )
    op.create_index("alerts_by_time", "alerts", ["user_id", "since"])
    _partial_index("alerts_open", ["user_id", "cause"], "is_open = 1", unique=True)
    _partial_index("alerts_to_post", ["due_at"], "to_post = 1")
    op.create_table(
        "watches",
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )


def _partial_index(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        "alerts",
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )
