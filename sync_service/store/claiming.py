"""The statement by which workers take keys: one walk an index, one after the other, in a single UPDATE."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Row,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from sync_service.store.schema import IS_FREE, IS_LEASED, work
from sync_service.store.times import FOREVER, Stamp, from_stamp
from sync_service.store.values import Claim, Priority

Walk = tuple[ColumnElement[bool], ColumnElement[int]]


def claiming(now: Stamp) -> ReturningUpdate[Any]:
    """Return the UPDATE that takes up to `most` keys for `holder`, as claims of `token` that last for `span`.

    Expired leases come first, then what is due, by priority, the longest due first. There is one short walk over an
    index for each priority, since a single one would pass all the keys that are not due yet; a walk begins only where
    those before it found too few. On PostgreSQL each passes over the rows that others are taking at this moment.
    """
    most = bindparam("most", type_=Integer)
    walks: list[CTE] = []
    for condition, by in (_expired(now), *(_ripe(now, priority) for priority in Priority)):
        left: ColumnElement[int] = most
        for walk in walks:
            left = left - select(func.count()).select_from(walk).scalar_subquery()
        walks.append(
            select(work.c.issue_id)
            .where(condition)
            .order_by(by)
            .limit(left)
            .with_for_update(skip_locked=True)
            .cte(f"walk{len(walks)}")
        )
    # Bounded once more, for PostgreSQL's planner: it would expect a tenth of the table from a limit that is counted.
    taken = select(union_all(*(select(walk.c.issue_id) for walk in walks)).subquery().c.issue_id).limit(most)
    return (
        update(work)
        .where(work.c.issue_id.in_(taken))
        .values(
            lease=bindparam("token") + ":" + work.c.issue_id,
            lease_until=now + bindparam("span"),
            owner=bindparam("holder"),
            not_before=FOREVER,
            attempts=work.c.attempts + case((work.c.lease.is_not(None), 1), else_=0),
        )
        .returning(*(work.c[name] for name in ("issue_id", "label", "gen", "lease", "attempts", "since", "priority")))
    )


def _expired(now: Stamp) -> Walk:
    return and_(IS_LEASED, work.c.lease_until <= now), work.c.lease_until


def _ripe(now: Stamp, priority: Priority) -> Walk:
    return and_(IS_FREE, work.c.priority == literal_column(str(int(priority))), work.c.due <= now), work.c.due


def claim_of(row: Row[Any]) -> Claim:
    """Read what the statement returned."""
    return Claim(
        issue_id=row.issue_id,
        label=row.label,
        gen=row.gen,
        lease=row.lease,
        attempts=row.attempts,
        since=from_stamp(row.since),
        priority=Priority(row.priority),
    )
