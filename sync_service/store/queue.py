"""The queue: which issues want a look, and who is looking; one row an issue.

One row an issue makes "at most one waiting, at most one running" structural. `gen` grows with each event, so that
whoever finishes knows whether something came in meanwhile. While an issue is worked on, its row lies as far off as
can be (`not_before` = FOREVER), until an event brings it near again.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    delete,
    func,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from sync_service.store import wake
from sync_service.store.arrivals import Arrival, Arrivals
from sync_service.store.claiming import claim_of, claiming
from sync_service.store.database import Database
from sync_service.store.expressions import greatest, least
from sync_service.store.schema import IS_FREE, IS_LEASED, work
from sync_service.store.shelf import Shelf
from sync_service.store.times import Stamp, milliseconds
from sync_service.store.values import Claim, Failure, Priority

_PUT_AT_ONCE = 500
"""How many keys one transaction puts, so that no delivery waits long behind a sweep."""

_FREED: dict[str, Any] = {"lease": None, "lease_until": None, "owner": None}


class Queue(Shelf):
    """Hands out issues to work on, each to one worker at a time, and takes back what became of them.

    Whoever has lost the lease changes nothing any more: every answer below is guarded by it.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._arrivals = Arrivals(database)
        # Made once, as all that a look without anything to do needs: making a statement costs more than running it.
        self._claiming = claiming(database.now)
        self._firsts = _firsts(database.now)
        self._finishing = delete(work).where(_MINE, work.c.gen == _GEN).returning(work.c.gen)
        self._returning = _settling(not_before=work.c.not_before, attempts=0, error=None, since=work.c.not_before)
        self._looking_later = {hold: _looking_later(database.now, hold=hold) for hold in (False, True)}
        self._putting_off = {
            hold: _settling(**_next_look(database.now, hold=hold), attempts=_TRIED) for hold in (False, True)
        }

    def put(self, keys: Iterable[tuple[str, str]], *, priority: Priority, after: timedelta = timedelta(0)) -> int:
        """Ask for a look at each issue (id, label), `after` from now; return how many.

        Never makes one wait longer than it would have.
        """
        pending = [
            Arrival(issue_id=issue_id, label=label, priority=priority, delay=milliseconds(after))
            for issue_id, label in dict(keys).items()
        ]
        for start in range(0, len(pending), _PUT_AT_ONCE):
            self._put(pending[start : start + _PUT_AT_ONCE])
        return len(pending)

    def _put(self, arrivals: Sequence[Arrival]) -> None:
        self._database.write(lambda connection: self._arrivals.enqueue(connection, arrivals), rings=True)

    def claim(self, limit: int, *, owner: str, lease: timedelta) -> tuple[Claim, ...]:
        """Take up to `limit` due issues for `owner`: expired leases first, then by priority, the longest due first.

        They are told by priority, and by since when they have waited. An expired lease counts as an attempt, for its
        worker may have died of that very issue.
        """
        asked = {"most": limit, "token": uuid.uuid4().hex, "span": milliseconds(lease), "holder": owner}
        rows = self._database.write_once(self._claiming, asked)
        return tuple(sorted(map(claim_of, rows), key=lambda claim: (claim.priority, claim.since)))

    def renew(self, claims: Iterable[Claim], lease: timedelta) -> frozenset[str]:
        """Let the claims last for `lease` from now; return the lease tokens that are still their holder's."""
        held = tuple(claims)
        if not held:
            return frozenset()
        return self._database.write(lambda connection: self._renew(connection, held, lease))

    def _renew(self, connection: Connection, claims: Sequence[Claim], lease: timedelta) -> frozenset[str]:
        # The lease's text holds the issue's id, so these two conditions together mean "each its own".
        mine = and_(
            work.c.issue_id.in_([claim.issue_id for claim in claims]),
            work.c.lease.in_([claim.lease for claim in claims]),
        )
        held = connection.execute(select(work.c.issue_id, work.c.lease).where(mine).order_by(work.c.issue_id)
                                  .with_for_update()).all()  # fmt: skip
        connection.execute(
            update(work)
            .where(work.c.issue_id.in_([row.issue_id for row in held]))
            .values(lease_until=self._database.now + milliseconds(lease))
        )
        return frozenset(row.lease for row in held)

    def done(self, claim: Claim) -> bool:
        """Take a finished issue off the queue and return True.

        False: it stays, to run again, because an event came in since the claim; or the lease was lost.
        """
        if self._database.write_once(self._finishing, _named(claim) | {"known": claim.gen}):
            return True
        self._database.write(lambda connection: self._give_back(connection, claim), rings=True)
        return False

    def _give_back(self, connection: Connection, claim: Claim) -> None:
        connection.execute(self._returning, _named(claim))

    def later(self, claim: Claim, after: timedelta, *, hold: bool = False) -> bool:
        """Keep a finished issue for another look `after` from now, or earlier if an event asks; False: lease lost.

        `hold`: not even an event brings it nearer (Jira's Retry-After).
        """
        given = _named(claim) | {"known": claim.gen, "span": milliseconds(after)}
        return self._answer(self._looking_later[hold], given)

    def put_off(self, claim: Claim, after: timedelta, *, hold: bool = False, forgive: bool = False) -> bool:
        """Give back an issue that could not be looked at now, to be claimed `after` from now; False: lease lost.

        It stays as urgent as it was and has waited for as long; `forgive` forgets that it has failed before. An event
        makes it sooner, but for `hold`.
        """
        given = _named(claim) | {"span": milliseconds(after), "tried": 0 if forgive else claim.attempts}
        return self._answer(self._putting_off[hold], given)

    def fail(self, claim: Claim, failure: Failure, *, retry_after: timedelta | None, hold: bool = False) -> bool:
        """Note that the look failed, and try again `retry_after` from now; None: never (dead). False: lease lost.

        An event since the claim counts for more: it is answered at once, as a first attempt; only `hold` still keeps
        it back. So does any event that comes in later, to a dead key too.
        """
        then = self._database.now + milliseconds(retry_after or timedelta(0))
        unchanged = work.c.gen == claim.gen
        statement = _settling(
            not_before=least(work.c.not_before, then),
            hold_until=greatest(work.c.hold_until, then) if hold else work.c.hold_until,
            attempts=case((unchanged, work.c.attempts + 1), else_=0),
            dead=case((unchanged, int(retry_after is None)), else_=0),
            error=json.dumps(asdict(failure)),
        )
        return self._answer(statement, _named(claim))

    def release(self, owner: str) -> int:
        """Give back all that `owner` holds, to be claimed again at once; return how many (for a clean stop)."""
        statement = (
            update(work)
            .where(IS_LEASED, work.c.lease_until >= 0, work.c.owner == owner)
            .values(not_before=least(work.c.not_before, self._database.now), **_FREED)
            .returning(work.c.issue_id)
        )
        return self._database.write(lambda connection: len(connection.execute(statement).all()), rings=True)

    def wait(self, timeout: timedelta) -> bool:
        """Return True as soon as a key is due, from whichever process it came; False when `timeout` is over.

        It is due in the eyes of `claim`: a key that a pause holds back makes this return at once.
        """
        return wake.wait(self._database, timeout.total_seconds(), self._until_due)

    def wake(self) -> None:
        """Let every `wait` of this process look at once whether something is due."""
        self._database.bell.ring()

    def _until_due(self, connection: Connection) -> float | None:
        """Return the seconds until the next key is due or the next lease ends, None when there is neither."""
        now, *stamps = connection.execute(self._firsts).scalars()
        return min(((stamp - now) / 1000 for stamp in stamps if stamp is not None), default=None)

    def _answer(self, statement: ReturningUpdate[Any], given: dict[str, Any]) -> bool:
        answered = bool(self._database.write_once(statement, given))
        self._database.bell.ring()
        return answered


_MINE = and_(work.c.issue_id == bindparam("key"), work.c.lease == bindparam("held"))
_GEN = bindparam("known", type_=BigInteger)
_TRIED = bindparam("tried", type_=Integer)


def _named(claim: Claim) -> dict[str, Any]:
    return {"key": claim.issue_id, "held": claim.lease}


def _firsts(now: Stamp) -> CompoundSelect[Any]:
    """Return the question for the time, the next due key of each priority, and the next end of a lease."""
    firsts = [select(func.min(work.c.due)).where(IS_FREE, work.c.priority == priority) for priority in Priority]
    return union_all(select(now), *firsts, select(func.min(work.c.lease_until)).where(IS_LEASED))


def _settling(**values: Any) -> ReturningUpdate[Any]:
    """Return the statement that ends a claim, if it still holds; returns a row if it did."""
    return update(work).where(_MINE).values(**values, **_FREED).returning(work.c.issue_id)


def _next_look(now: Stamp, *, hold: bool) -> dict[str, Any]:
    """Return when a key is claimed again: after `span`, or earlier if an event asks, but for `hold`."""
    then = now + bindparam("span", type_=BigInteger)
    return {
        "not_before": least(work.c.not_before, then),
        "hold_until": greatest(work.c.hold_until, then) if hold else work.c.hold_until,
    }


def _looking_later(now: Stamp, *, hold: bool) -> ReturningUpdate[Any]:
    """Return the statement that keeps a finished issue for another look."""
    next_look = _next_look(now, hold=hold)
    return _settling(
        **next_look,
        since=next_look["not_before"],
        priority=case((work.c.gen == _GEN, Priority.FOLLOW_UP), else_=work.c.priority),
        attempts=0,
        error=None,
    )
