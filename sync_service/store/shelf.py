"""The queue as its operator sees it: how deep it is, what stands in it, and what to do with dead keys."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, case, delete, func, select, update

from sync_service.store.database import Database
from sync_service.store.schema import IS_DEAD, work
from sync_service.store.times import FOREVER, from_stamp
from sync_service.store.values import Condition, Depth, Failure, Priority, Work


class Shelf:
    """Shows the queue's keys; replays dead ones, or drops them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def depth(self) -> Depth:
        """Count the keys by where they stand; walks over all of them (about 0.1 s at 500,000)."""
        now = self._database.now
        free = (work.c.lease.is_(None)) & (work.c.dead == 0)
        ripe = free & (work.c.due <= now)
        question = select(
            _count(free),
            _count(ripe),
            _count(work.c.lease.is_not(None)),
            _count(work.c.dead == 1),
            now - func.min(case((ripe, work.c.due))),
        )
        waiting, due, running, dead, age = self._database.read(lambda connection: connection.execute(question).one())
        oldest = None if age is None else timedelta(milliseconds=age)
        return Depth(waiting=waiting, due=due, running=running, dead=dead, oldest_due_age=oldest)

    def rows(self, *, dead: bool | None = None, limit: int = 100, after: str = "") -> tuple[Work, ...]:
        """Return a page of keys by issue id, those beyond `after`; all, or only dead or only living ones."""
        question = select(work).where(work.c.issue_id > after).order_by(work.c.issue_id).limit(limit)
        if dead is not None:
            question = question.where(IS_DEAD if dead else work.c.dead == 0)
        return self._database.read(lambda connection: tuple(_work(row) for row in connection.execute(question)))

    def show(self, issue_id: str) -> Work | None:
        """Return an issue's key, None when nothing is wanted of it."""
        question = select(work).where(work.c.issue_id == issue_id)
        row = self._database.read(lambda connection: connection.execute(question).first())
        return None if row is None else _work(row)

    def replay(self, issue_ids: Iterable[str] | None) -> int:
        """Let dead keys run again at once, as if for the first time; None: all of them. Return how many."""
        now = self._database.now
        revived = {"dead": 0, "attempts": 0, "not_before": now, "since": now}
        statement = update(work).where(IS_DEAD, *_among(issue_ids)).values(revived).returning(work.c.issue_id)
        return self._database.write(lambda connection: len(connection.execute(statement).all()), rings=True)

    def drop(self, issue_ids: Iterable[str] | None) -> int:
        """Forget dead keys; None: all of them. Return how many. A later event, sweep or audit brings them back."""
        statement = delete(work).where(IS_DEAD, *_among(issue_ids)).returning(work.c.issue_id)
        return self._database.write(lambda connection: len(connection.execute(statement).all()))


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _among(issue_ids: Iterable[str] | None) -> tuple[ColumnElement[bool], ...]:
    return () if issue_ids is None else (work.c.issue_id.in_(list(issue_ids)),)


def _work(row: Row[Any]) -> Work:
    return Work(
        issue_id=row.issue_id,
        label=row.label,
        gen=row.gen,
        priority=Priority(row.priority),
        condition=_condition(row),
        due=None if row.due >= FOREVER else from_stamp(row.due),
        since=from_stamp(row.since),
        attempts=row.attempts,
        owner=row.owner,
        lease_until=None if row.lease_until is None else from_stamp(row.lease_until),
        failure=None if row.error is None else Failure(**json.loads(row.error)),
    )


def _condition(row: Row[Any]) -> Condition:
    if row.dead:
        return Condition.DEAD
    return Condition.WAITING if row.lease is None else Condition.RUNNING
