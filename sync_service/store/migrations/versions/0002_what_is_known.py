"""Projections, slots, the ledger, marks and pauses."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables that remember what was derived, booked, done and marked."""
    _projection()
    _slot()
    _ledger()
    op.create_table(
        "mark",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "pause",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def _projection() -> None:
    op.create_table(
        "projection",
        sa.Column("issue_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("mapping", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("projection_by_key", "projection", ["key"])
    op.create_index("projection_by_mapping", "projection", ["mapping", "issue_id"])


def _slot() -> None:
    op.create_table(
        "slot",
        sa.Column("issue_id", sa.Text, primary_key=True),
        sa.Column("mapping", sa.Text, nullable=False),
        sa.Column("start", sa.Date, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("slot_by_start", "slot", ["mapping", "start"])


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("deliveries", sa.Text, nullable=False),
        sa.Column("who", sa.Text),
    )
    op.create_index("ledger_by_issue", "ledger", ["issue_id", "id"])
    op.create_index("ledger_by_kind", "ledger", ["kind", "id"])
    op.create_index("ledger_by_age", "ledger", ["at"])
