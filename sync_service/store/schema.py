"""The tables, as the newest migration leaves them.

Times are milliseconds since the epoch (UTC), flags 0 or 1, structured values JSON text: so every statement, index
and comparison means the same on SQLite and PostgreSQL.
"""

from sqlalchemy import BigInteger, Column, Computed, Date, Index, Integer, LargeBinary, MetaData, Table, Text, text

HEAD = "0003"
"""The migration that leads to these tables; a test holds it to the newest file in `migrations/versions`."""

metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("issue_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # No index by issue: each delivery would dirty one more page, a third of what the intake costs on SQLite.
    Index("inbox_by_age", "received_at"),
)

work = Table(
    "work",
    metadata,
    Column("issue_id", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("gen", BigInteger, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("hold_until", BigInteger, nullable=False),
    # One column to order by, whatever holds the key back: claiming never walks over keys that are not due.
    Column(
        "due",
        BigInteger,
        Computed("CASE WHEN hold_until > not_before THEN hold_until ELSE not_before END", persisted=True),
    ),
    Column("since", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("dead", Integer, nullable=False),
    Column("lease", Text),
    Column("lease_until", BigInteger),
    Column("owner", Text),
    Column("error", Text),
)

# What a partial index promises must stand in the query in the very same words, so these are shared, and literal.
IS_FREE = text("lease IS NULL AND dead = 0")
IS_LEASED = text("lease IS NOT NULL")
IS_DEAD = text("dead = 1")

for _name, _columns, _condition in (
    ("work_due", ("priority", "due"), IS_FREE),
    ("work_leased", ("lease_until",), IS_LEASED),
    ("work_dead", ("issue_id",), IS_DEAD),
):
    Index(_name, *(work.c[column] for column in _columns), sqlite_where=_condition, postgresql_where=_condition)

projection = Table(
    "projection",
    metadata,
    Column("issue_id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("mapping", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("projection_by_key", "key"),
    Index("projection_by_mapping", "mapping", "issue_id"),
)

slot = Table(
    "slot",
    metadata,
    Column("issue_id", Text, primary_key=True),
    Column("mapping", Text, nullable=False),
    Column("start", Date, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("slot_by_start", "mapping", "start"),
)

ledger = Table(
    "ledger",
    metadata,
    # SQLite numbers rows by itself only in a column declared exactly INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("issue_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("deliveries", Text, nullable=False),
    Column("who", Text),
    Index("ledger_by_issue", "issue_id", "id"),
    Index("ledger_by_kind", "kind", "id"),
    Index("ledger_by_age", "at"),
)

mark = Table(
    "mark",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

pause = Table(
    "pause",
    metadata,
    Column("name", Text, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("next_turn", BigInteger, nullable=False, server_default="0"),
)
