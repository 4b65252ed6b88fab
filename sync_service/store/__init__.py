"""Remembers: the inbox, the queue, what was last derived, bookings, the ledger, and marks; SQLite or PostgreSQL.

Importing this costs next to nothing: SQLAlchemy comes with the first `open_store`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sync_service.store.errors import NotStorable, StoreError, StoreMisconfigured, StoreNewer, StoreUnavailable
from sync_service.store.values import (
    Booking,
    Claim,
    Condition,
    Delivery,
    Depth,
    Entry,
    Failure,
    Priority,
    Projection,
    Received,
    Work,
)

if TYPE_CHECKING:
    from sync_service.store.opened import Store


def open_store(url: str, *, clock: Callable[[], datetime] | None = None, durable: bool = True) -> "Store":
    """Return the store at a database URL; it connects when first used, and is to be closed.

    `sqlite:///path/to/file.db`, or `postgresql://user@host/name` (append `?options=-csearch_path=site` to keep each
    Jira site in a schema of its own). `clock` is for tests; without it the time is the database's. `durable=False`
    trades the last moments before a power cut for speed. Raises StoreMisconfigured.
    """
    from sync_service.store.opened import Store

    return Store(url, clock=clock, durable=durable)


def __getattr__(name: str) -> Any:
    if name == "Store":
        from sync_service.store.opened import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Booking",
    "Claim",
    "Condition",
    "Delivery",
    "Depth",
    "Entry",
    "Failure",
    "NotStorable",
    "Priority",
    "Projection",
    "Received",
    "Store",
    "StoreError",
    "StoreMisconfigured",
    "StoreNewer",
    "StoreUnavailable",
    "Work",
    "open_store",
]
