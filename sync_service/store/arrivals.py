"""Puts keys into the queue: the one statement by which an event, a sweep or a follow-up asks for a look."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, Executable, Integer, bindparam

from sync_service.store.database import Database
from sync_service.store.expressions import least
from sync_service.store.schema import work


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
        self._upsert = _upsert(database)

    def enqueue(self, connection: Connection, arrivals: Iterable[Arrival]) -> int:
        """Put each issue into the queue once, or tell its row that something is new; return how many issues.

        A waiting issue comes due at the earlier of both times and with the more urgent of both priorities; a running
        one will run again; a dead one revives. What holds it back (`hold_until`) stays.
        """
        merged = _merge(arrivals)
        if merged:
            # Always in the same order, so that two transactions never wait for each other crosswise.
            connection.execute(self._upsert, [merged[issue_id] for issue_id in sorted(merged)])
        return len(merged)


def _merge(arrivals: Iterable[Arrival]) -> dict[str, Mapping[str, str | int]]:
    merged: dict[str, Mapping[str, str | int]] = {}
    for arrival in arrivals:
        earlier = merged.get(arrival.issue_id, {})
        merged[arrival.issue_id] = {
            "issue_id": arrival.issue_id,
            "label": arrival.label,
            "priority": min(arrival.priority, int(earlier.get("priority", arrival.priority))),
            "delay": min(arrival.delay, int(earlier.get("delay", arrival.delay))),
        }
    return merged


def _upsert(database: Database) -> Executable:
    now = database.now
    insert = database.insert(work).values(
        issue_id=bindparam("issue_id"),
        label=bindparam("label"),
        gen=1,
        priority=bindparam("priority", type_=Integer),
        not_before=now + bindparam("delay", type_=BigInteger),
        hold_until=0,
        since=now,
        attempts=0,
        dead=0,
    )
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[work.c.issue_id],
        set_={
            "label": new.label,
            "gen": work.c.gen + 1,
            "priority": least(work.c.priority, new.priority),
            "not_before": least(work.c.not_before, new.not_before),
            "since": least(work.c.since, new.since),
            "attempts": work.c.attempts * (1 - work.c.dead),  # a dead key starts anew
            "dead": 0,
        },
    )
