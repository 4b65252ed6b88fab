"""Puts keys into the queue: the one statement by which an event, a sweep or a follow-up asks for a look."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from sync_service.store.database import Database
from sync_service.store.statements import ManyRows

_NEW = {
    "issue_id": "?",
    "label": "?",
    "gen": "1",
    "priority": "?",
    "not_before": "now + ?",
    "hold_until": "0",
    "since": "now",
    "attempts": "0",
    "dead": "0",
}

_KNOWN = """(issue_id) DO UPDATE SET
    label = excluded.label,
    gen = work.gen + 1,
    priority = CASE WHEN excluded.priority < work.priority THEN excluded.priority ELSE work.priority END,
    not_before = CASE WHEN excluded.not_before < work.not_before THEN excluded.not_before ELSE work.not_before END,
    since = CASE WHEN excluded.since < work.since THEN excluded.since ELSE work.since END,
    attempts = CASE WHEN work.dead = 1 THEN 0 ELSE work.attempts END,
    dead = 0"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One issue that wants a look, `delay` milliseconds from now."""

    issue_id: str
    label: str
    priority: int
    delay: int


class Arrivals:
    """Puts issues into the queue, as part of the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._upsert = ManyRows(database, "work", _NEW, _KNOWN)
        self._upsert_dated = ManyRows(database, "work", _NEW | {"not_before": "?", "since": "?"}, _KNOWN)

    def enqueue(self, connection: Connection, arrivals: Iterable[Arrival], *, at: int | None = None) -> int:
        """Put each issue into the queue once, or tell its row that something is new; return how many issues.

        A waiting issue comes due at the earlier of both times and with the more urgent of both priorities; a running
        one will run again; a dead one revives. What holds it back (`hold_until`) stays. They came in at `at`, by the
        database's clock; else now.
        """
        # Always in the same order, so that two transactions never wait for each other crosswise.
        rows = [row for _, row in sorted(_merge(arrivals).items())]
        if rows and at is None:
            self._upsert.run(connection, rows)
        elif rows and at is not None:
            dated = [(issue_id, label, priority, at + delay, at) for issue_id, label, priority, delay in rows]
            self._upsert_dated.run(connection, dated)
        return len(rows)


def _merge(arrivals: Iterable[Arrival]) -> dict[str, tuple[str, str, int, int]]:
    """Return one row an issue, with the more urgent priority and the shorter delay: no statement may meet it twice."""
    merged: dict[str, tuple[str, str, int, int]] = {}
    for new in arrivals:
        _, _, priority, delay = merged.get(new.issue_id, (None, None, new.priority, new.delay))
        merged[new.issue_id] = (new.issue_id, new.label, min(priority, new.priority), min(delay, new.delay))
    return merged
