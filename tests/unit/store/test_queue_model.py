"""The queue against a model in plain Python: any sequence of events, workers and times."""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from sync_service.store import Claim, Condition, Failure, Priority, open_store

from .conftest import Clock, delivery

LEASE = timedelta(seconds=60)
ISSUES = st.sampled_from(["1", "2", "3"])
SPANS = st.sampled_from([timedelta(0), timedelta(seconds=10), timedelta(seconds=45), timedelta(minutes=5)])
BROKEN = Failure(type="X", text="x", trace="", version="0")
LONG_AGO = datetime.min.replace(tzinfo=Clock().now.tzinfo)
NEVER = datetime.max.replace(tzinfo=LONG_AGO.tzinfo)


@dataclass
class Row:
    """What the queue promises of one issue."""

    priority: Priority
    not_before: datetime
    gen: int = 1
    hold: datetime = LONG_AGO
    attempts: int = 0
    dead: bool = False
    lease: str | None = None
    lease_until: datetime = LONG_AGO

    def due(self, now: datetime) -> bool:
        if self.lease is not None:
            return self.lease_until <= now
        return not self.dead and max(self.not_before, self.hold) <= now


class QueueMachine(RuleBasedStateMachine):
    claims: Bundle[Claim] = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(f"sqlite:///{Path(self.folder.name) / 'x.db'}", clock=self.clock, durable=False)
        self.store.migrate()
        self.rows: dict[str, Row] = {}

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def arrive(self, issue_id: str, priority: Priority, after: timedelta) -> None:
        then = self.clock.now + after
        row = self.rows.get(issue_id)
        if row is None:
            self.rows[issue_id] = Row(priority=priority, not_before=then)
            return
        row.gen += 1
        row.priority = min(row.priority, priority)
        row.not_before = min(row.not_before, then)
        row.attempts = 0 if row.dead else row.attempts
        row.dead = False

    def held(self, claim: Claim) -> Row | None:
        row = self.rows.get(claim.issue_id)
        return row if row is not None and row.lease == claim.lease else None

    @rule(issue_id=ISSUES, ours=st.booleans())
    def receive(self, issue_id: str, ours: bool) -> None:
        assert self.store.inbox.receive(delivery(issue_id, ours=ours))
        self.arrive(issue_id, Priority.LIVE, timedelta(seconds=30 if ours else 0))

    @rule(issue_ids=st.sets(ISSUES), priority=st.sampled_from(Priority), after=SPANS)
    def put(self, issue_ids: set[str], priority: Priority, after: timedelta) -> None:
        self.store.queue.put([(issue_id, "") for issue_id in issue_ids], priority=priority, after=after)
        for issue_id in issue_ids:
            self.arrive(issue_id, priority, after)

    @rule(target=claims, limit=st.integers(1, 3))
    def claim(self, limit: int):  # type: ignore[no-untyped-def]
        now = self.clock.now
        expected = {issue_id for issue_id, row in self.rows.items() if row.due(now)}
        taken = self.store.queue.claim(limit, owner="w", lease=LEASE)
        assert {claim.issue_id for claim in taken} <= expected
        assert len(taken) == min(limit, len(expected))
        fresh = [claim for claim in taken if self.rows[claim.issue_id].lease is None]
        assert [claim.priority for claim in fresh] == sorted(claim.priority for claim in fresh)
        for claim in taken:
            row = self.rows[claim.issue_id]
            row.attempts += row.lease is not None
            row.lease, row.lease_until, row.not_before = claim.lease, now + LEASE, NEVER
            assert (claim.gen, claim.attempts) == (row.gen, row.attempts)
        return multiple(*taken)

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        row = self.held(claim)
        assert self.store.queue.renew([claim], LEASE) == ({claim.lease} if row else frozenset())
        if row:
            row.lease_until = self.clock.now + LEASE

    @rule(claim=consumes(claims))
    def done(self, claim: Claim) -> None:
        row = self.held(claim)
        finished = self.store.queue.done(claim)
        assert finished == (row is not None and row.gen == claim.gen)
        if finished:
            del self.rows[claim.issue_id]
        elif row:
            row.lease, row.attempts = None, 0

    @rule(claim=consumes(claims), after=SPANS, hold=st.booleans())
    def later(self, claim: Claim, after: timedelta, hold: bool) -> None:
        row = self.held(claim)
        assert self.store.queue.later(claim, after, hold=hold) == (row is not None)
        if row:
            then = self.clock.now + after
            row.priority = Priority.FOLLOW_UP if row.gen == claim.gen else row.priority
            row.lease, row.attempts, row.not_before = None, 0, min(row.not_before, then)
            row.hold = max(row.hold, then) if hold else row.hold

    @rule(claim=consumes(claims), after=SPANS, hold=st.booleans())
    def put_off(self, claim: Claim, after: timedelta, hold: bool) -> None:
        row = self.held(claim)
        assert self.store.queue.put_off(claim, after, hold=hold) == (row is not None)
        if row:
            then = self.clock.now + after
            row.lease, row.not_before = None, min(row.not_before, then)
            row.hold = max(row.hold, then) if hold else row.hold

    @rule(claim=consumes(claims), retry_after=st.none() | SPANS, hold=st.booleans())
    def fail(self, claim: Claim, retry_after: timedelta | None, hold: bool) -> None:
        row = self.held(claim)
        assert self.store.queue.fail(claim, BROKEN, retry_after=retry_after, hold=hold) == (row is not None)
        if row:
            then = self.clock.now + (retry_after or timedelta(0))
            unchanged = row.gen == claim.gen
            row.lease, row.not_before = None, min(row.not_before, then)
            row.attempts = row.attempts + 1 if unchanged else 0
            row.dead = unchanged and retry_after is None
            row.hold = max(row.hold, then) if hold else row.hold

    @rule()
    def release(self) -> None:
        leased = [row for row in self.rows.values() if row.lease is not None]
        assert self.store.queue.release("w") == len(leased)
        for row in leased:
            row.lease, row.not_before = None, min(row.not_before, self.clock.now)

    @rule(issue_ids=st.none() | st.sets(ISSUES))
    def replay(self, issue_ids: set[str] | None) -> None:
        dead = [row for key, row in self.rows.items() if row.dead and (issue_ids is None or key in issue_ids)]
        assert self.store.queue.replay(issue_ids) == len(dead)
        for row in dead:
            row.dead, row.attempts, row.not_before = False, 0, self.clock.now

    @rule(issue_ids=st.none() | st.sets(ISSUES))
    def drop(self, issue_ids: set[str] | None) -> None:
        dead = [key for key, row in self.rows.items() if row.dead and (issue_ids is None or key in issue_ids)]
        assert self.store.queue.drop(issue_ids) == len(dead)
        for key in dead:
            del self.rows[key]

    @rule(span=SPANS)
    def pass_time(self, span: timedelta) -> None:
        self.clock.now += span

    @invariant()
    def the_queue_is_as_promised(self) -> None:
        shown = {row.issue_id: row for row in self.store.queue.rows()}
        assert shown.keys() == self.rows.keys()
        for issue_id, row in self.rows.items():
            condition = Condition.DEAD if row.dead else Condition.RUNNING if row.lease else Condition.WAITING
            known = shown[issue_id]
            assert (known.condition, known.gen, known.priority, known.attempts) == (
                condition, row.gen, row.priority, row.attempts,
            )  # fmt: skip
            assert known.due == (None if row.not_before == NEVER else max(row.not_before, row.hold))
        now = self.clock.now
        due = sum(1 for row in self.rows.values() if row.lease is None and row.due(now))
        assert self.store.queue.depth().due == due
        assert self.store.queue.wait(timedelta(0)) == any(row.due(now) for row in self.rows.values())


TestQueueModel = QueueMachine.TestCase
TestQueueModel.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
