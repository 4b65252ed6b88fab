"""Times as the database keeps them: whole milliseconds since the epoch, UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

FOREVER = 253_402_300_799_000
"""The last second of the year 9999: later than anything waits for."""

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(span: timedelta) -> int:
    """Return a span in whole milliseconds, rounded down."""
    return span // _MILLISECOND


def to_stamp(at: datetime) -> int:
    """Return an aware time as the database keeps it; a naive one is refused with a ValueError."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {at.isoformat()}; pass an aware one")
    return milliseconds(at - _EPOCH)


def from_stamp(stamp: int) -> datetime:
    """Return a kept time as an aware one, in UTC."""
    return _EPOCH + stamp * _MILLISECOND


class DatabaseClock(FunctionElement[int]):
    """The database's own clock, in milliseconds; the same through one statement."""

    type = BigInteger()
    inherit_cache = True


@compiles(DatabaseClock, "sqlite")
def _sqlite_clock(_element: DatabaseClock, _compiler: Any, **_options: Any) -> str:
    # unixepoch('subsec') came with SQLite 3.42; this is as exact and runs on older ones.
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(DatabaseClock, "postgresql")
def _postgresql_clock(_element: DatabaseClock, _compiler: Any, **_options: Any) -> str:
    # clock_timestamp() is volatile: a comparison with it could not use an index.
    return "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)"


Stamp = ColumnElement[int]
"""An SQL expression that yields a kept time."""
