"""The budget of requests: whoever may be paused also has a line of turns."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add to `pause` the time from which turns are still to be had."""
    op.add_column("pause", sa.Column("next_turn", sa.BigInteger, nullable=False, server_default="0"))
