"""The inbox: every webhook delivery, once, on the disk before it is acknowledged."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from sync_service.store.arrivals import Arrival, Arrivals
from sync_service.store.database import Database
from sync_service.store.grouping import GroupCommit
from sync_service.store.schema import inbox
from sync_service.store.statements import ManyRows
from sync_service.store.times import from_stamp, milliseconds, to_stamp
from sync_service.store.values import OURS_WAITS, Delivery, Received

_PRUNED_AT_ONCE = 500
"""How many rows one transaction deletes, so that no delivery waits long behind it."""


class Inbox:
    """Receives deliveries, and remembers them for a while to know a repeated one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits = GroupCommit(self._keep)
        self._arrivals = Arrivals(database)
        # RETURNING, since psycopg counts no rows for ON CONFLICT.
        self._insertion = ManyRows(database, "inbox", _NEW, "DO NOTHING RETURNING delivery_id, received_at")

    def receive(self, delivery: Delivery) -> bool:
        """Keep a delivery and put its issue into the queue, in one transaction; return False for a repeated one.

        It is on the disk when this returns; deliveries that come in while others are being written share one commit.
        Raises StoreUnavailable when it could not be kept now, NotStorable when it never can.
        """
        return self._commits.submit(delivery)

    def _keep(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Keep a group of deliveries in one transaction; tell for each whether it was new."""
        new = self._database.write(lambda connection: self._insert(connection, deliveries), durable=True, rings=True)
        verdicts = []
        for delivery in deliveries:
            verdicts.append(delivery.delivery_id in new)
            new.discard(delivery.delivery_id)  # the same one twice in a group is new once
        return verdicts

    def _insert(self, connection: Connection, deliveries: Sequence[Delivery]) -> set[str]:
        unique = {delivery.delivery_id: delivery for delivery in reversed(deliveries)}
        # Always in the same order, so that two transactions never wait for each other crosswise.
        rows = [_row(unique[delivery_id]) for delivery_id in sorted(unique)]
        new = {row.delivery_id: row.received_at for row in self._insertion.run(connection, rows)}
        if new:
            # Of the time that the inbox has: whoever looks asks it what came in since the issue began to wait.
            arrivals = (_arrival(unique[delivery_id]) for delivery_id in new)
            self._arrivals.enqueue(connection, arrivals, at=min(new.values()))
        return set(new)

    def recent(self, limit: int = 100) -> tuple[Received, ...]:
        """Return the latest deliveries, newest first."""
        return self._list(select(*_LISTED), limit)

    def deliveries(self, issue_id: str, limit: int = 100, *, since: datetime | None = None) -> tuple[Received, ...]:
        """Return an issue's latest deliveries, newest first, of those received from `since` on.

        Without `since` the whole inbox is walked over for an issue that has few.
        """
        question = select(*_LISTED).where(inbox.c.issue_id == issue_id)
        if since is not None:
            question = question.where(inbox.c.received_at >= to_stamp(since))
        return self._list(question, limit)

    def body(self, delivery_id: str) -> bytes | None:
        """Return a delivery's body as it came, or None when it is not (or no longer) here."""
        question = select(inbox.c.body).where(inbox.c.delivery_id == delivery_id)
        return self._database.read(lambda connection: connection.execute(question).scalar())

    def prune(self, older_than: timedelta) -> int:
        """Delete deliveries received longer ago than that, and return how many; a repetition of them is then new."""
        pruned = 0
        while count := self._database.write(lambda connection: self._prune_some(connection, older_than)):
            pruned += count
        return pruned

    def _prune_some(self, connection: Connection, older_than: timedelta) -> int:
        old = (
            select(inbox.c.delivery_id)
            .where(inbox.c.received_at < self._database.now - milliseconds(older_than))
            .order_by(inbox.c.received_at)
            .limit(_PRUNED_AT_ONCE)
        )
        statement = delete(inbox).where(inbox.c.delivery_id.in_(old)).returning(inbox.c.delivery_id)
        return len(connection.execute(statement).all())

    def _list(self, question: Select[Any], limit: int) -> tuple[Received, ...]:
        newest = question.order_by(inbox.c.received_at.desc(), inbox.c.delivery_id).limit(limit)
        return self._database.read(
            lambda connection: tuple(
                Received(delivery_id=delivery_id, issue_id=issue_id, event=event, at=from_stamp(at), size=size)
                for delivery_id, issue_id, event, at, size in connection.execute(newest)
            )
        )


_LISTED = (inbox.c.delivery_id, inbox.c.issue_id, inbox.c.event, inbox.c.received_at, func.length(inbox.c.body))

_NEW = {"delivery_id": "?", "issue_id": "?", "event": "?", "body": "?", "received_at": "now"}


def _row(delivery: Delivery) -> tuple[str, str, str, bytes]:
    return delivery.delivery_id, delivery.issue_id, delivery.event, delivery.body


def _arrival(delivery: Delivery) -> Arrival:
    return Arrival(
        issue_id=delivery.issue_id,
        label=delivery.label,
        priority=delivery.priority,
        delay=milliseconds(OURS_WAITS) if delivery.ours else 0,
    )
