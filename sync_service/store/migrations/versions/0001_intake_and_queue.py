"""The inbox and the queue."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Rows of a queue live for seconds: leave room to update them in place, and vacuum early.
BUSY_TABLE = {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_cost_delay": 0}


def upgrade() -> None:
    """Create `inbox` and `work` with the indexes that claiming relies on."""
    op.create_table(
        "inbox",
        sa.Column("delivery_id", sa.Text, primary_key=True),
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("inbox_by_age", "inbox", ["received_at"])
    op.create_table(
        "work",
        sa.Column("issue_id", sa.Text, primary_key=True),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("gen", sa.BigInteger, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("hold_until", sa.BigInteger, nullable=False),
        sa.Column(
            "due",
            sa.BigInteger,
            sa.Computed("CASE WHEN hold_until > not_before THEN hold_until ELSE not_before END", persisted=True),
        ),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("dead", sa.Integer, nullable=False),
        sa.Column("lease", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("owner", sa.Text),
        sa.Column("error", sa.Text),
        postgresql_with=BUSY_TABLE,
    )
    _partial_index("work_due", ["priority", "due"], "lease IS NULL AND dead = 0")
    _partial_index("work_leased", ["lease_until"], "lease IS NOT NULL")
    _partial_index("work_dead", ["issue_id"], "dead = 1")


def _partial_index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "work", columns, sqlite_where=where, postgresql_where=where)
