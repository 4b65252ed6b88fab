"""The ledger: what was planned and done, and why; for audit and reports, never read to decide."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select

from sync_service.store.database import Database
from sync_service.store.schema import ledger
from sync_service.store.times import from_stamp, milliseconds, to_stamp
from sync_service.store.values import Entry

_PAGE = 1000
"""How many rows are read at once: what a walk over the whole ledger needs in memory."""

_PRUNED_AT_ONCE = 1000
"""How many rows one transaction deletes, so that no delivery waits long behind it."""


class Ledger:
    """Keeps entries in the order in which they were written, until they are pruned by age."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, entries: Iterable[Entry]) -> None:
        """Append entries, all or none."""
        rows = [_row(entry) for entry in entries]
        if rows:
            self._database.write(lambda connection: connection.execute(insert(ledger), rows))

    def entries(self, issue_id: str | None = None, kind: str | None = None, limit: int = 100) -> tuple[Entry, ...]:
        """Return the latest entries, newest first; of one issue, of one kind, or both."""
        question = select(ledger).order_by(ledger.c.id.desc()).limit(limit)
        if issue_id is not None:
            question = question.where(ledger.c.issue_id == issue_id)
        if kind is not None:
            question = question.where(ledger.c.kind == kind)
        return self._database.read(lambda connection: tuple(_entry(row) for row in connection.execute(question)))

    def walk(self, kind: str) -> Iterator[Entry]:
        """Walk over all entries of a kind, oldest first, however many, in constant memory."""
        last = 0
        question = select(ledger).where(ledger.c.kind == kind).order_by(ledger.c.id).limit(_PAGE)
        while rows := self._after(question, last):
            yield from (_entry(row) for row in rows)
            last = rows[-1].id

    def _after(self, question: Select[Any], last: int) -> Sequence[Row[Any]]:
        return self._database.read(lambda connection: connection.execute(question.where(ledger.c.id > last)).all())

    def prune(self, older_than: timedelta) -> int:
        """Delete entries of longer ago than that, and return how many."""
        pruned = 0
        while count := self._database.write(lambda connection: self._prune_some(connection, older_than)):
            pruned += count
        return pruned

    def _prune_some(self, connection: Connection, older_than: timedelta) -> int:
        old = ledger.c.at < self._database.now - milliseconds(older_than)
        some = select(ledger.c.id).where(old).order_by(ledger.c.at).limit(_PRUNED_AT_ONCE)
        return len(connection.execute(delete(ledger).where(ledger.c.id.in_(some)).returning(ledger.c.id)).all())


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "issue_id": entry.issue_id,
        "key": entry.key,
        "kind": entry.kind,
        "at": to_stamp(entry.at),
        "reasons": json.dumps(entry.reasons),
        "detail": json.dumps(entry.detail, allow_nan=False),
        "deliveries": json.dumps(entry.deliveries),
        "who": entry.who,
    }


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        issue_id=row.issue_id,
        key=row.key,
        kind=row.kind,
        at=from_stamp(row.at),
        reasons=tuple(json.loads(row.reasons)),
        detail=json.loads(row.detail),
        deliveries=tuple(json.loads(row.deliveries)),
        who=row.who,
    )
