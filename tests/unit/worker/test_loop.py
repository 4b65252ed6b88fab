"""The worker's loop: outcomes are settled, leases are kept, a stop is clean, and nothing hides a failure."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from looking import Clock, Looker

from sync_service.errors import StagegateError
from sync_service.jira.errors import Invalid, RateLimited, ServerFault, Unauthorized, Unreachable
from sync_service.jira.limits import ASK_AGAIN, MOST, SAVED, Turns
from sync_service.logs import REDACTED
from sync_service.marks import NOT_AT_WORK, SITE_PAUSE
from sync_service.metrics import create_metrics
from sync_service.store import Condition, Priority, Store, StoreUnavailable
from sync_service.worker.hindrances import Hindrances
from sync_service.worker.loop import LOOK_PATIENCE, REFUSED_WAIT, Run, Worker, _elapsed
from sync_service.worker.retry import FIRST_OUTAGE_WAIT, MOST_ATTEMPTS, Done, Failed, Later, Outcome, Refused

PATIENCE = 60.0


def ask(store: Store, *issues: str) -> None:
    store.queue.put([(issue, f"INT-{issue}") for issue in issues], priority=Priority.LIVE)


@contextmanager
def working(worker: Worker) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=worker.work)
    thread.start()
    try:
        yield thread
    finally:
        worker.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_what_is_done_leaves_the_queue(worker: Worker, store: Store) -> None:
    ask(store, "1", "2")
    assert worker.drain() == 2
    assert store.queue.depth().waiting == 0


def test_later_is_looked_at_when_its_time_comes(worker: Worker, store: Store, looker: Looker, clock: Clock) -> None:
    looker.script["1"] = [Later(after=timedelta(minutes=5), why="a grace ends"), Done()]
    ask(store, "1")
    assert worker.drain() == 1
    clock.advance(minutes=5)
    assert worker.drain() == 1
    assert store.queue.show("1") is None


def test_refused_is_looked_at_each_hour_and_at_each_event(
    worker: Worker, store: Store, looker: Looker, clock: Clock
) -> None:
    looker.script["1"] = [Refused(why="the status belongs to no stage")]
    ask(store, "1")
    worker.drain()
    ask(store, "1")
    assert worker.drain() == 1
    clock.advance(seconds=REFUSED_WAIT.total_seconds())
    assert worker.drain() == 1


def test_refused_is_looked_at_sooner_where_time_alone_changes_something(
    worker: Worker, store: Store, looker: Looker, clock: Clock
) -> None:
    looker.script["1"] = [
        Refused(why="the workflow offers no transition", within=timedelta(seconds=24)),
        Refused(why="the workflow offers no transition", within=REFUSED_WAIT * 2),
    ]
    ask(store, "1")
    worker.drain()
    clock.advance(seconds=24)
    assert worker.drain() == 1
    clock.advance(seconds=REFUSED_WAIT.total_seconds())
    assert worker.drain() == 1


def test_a_failure_that_no_look_mends_is_parked_with_its_story(worker: Worker, store: Store, looker: Looker) -> None:
    looker.script["1"] = [Failed(error=StagegateError("the mapping contradicts itself"))]
    ask(store, "1")
    worker.drain()
    parked = store.queue.show("1")
    assert parked is not None
    assert parked.condition is Condition.DEAD
    assert parked.failure is not None
    assert parked.failure.text == "the mapping contradicts itself"


def test_what_a_parked_issue_tells_holds_no_secret(worker: Worker, store: Store, looker: Looker) -> None:
    """A gateway before Jira may repeat the header that it did not like, or the token alone."""
    said = ("Invalid header: Authorization=Bearer planted-token", "no such token: planted-token")
    looker.script["1"] = [Failed(error=Invalid("refused", operation="GET issue", status=400, messages=said))]
    ask(store, "1")
    worker.drain()
    parked = store.queue.show("1")
    assert parked is not None
    assert parked.failure is not None
    for told in (parked.failure.text, parked.failure.trace):
        assert f"no such token: {REDACTED}" in told
        assert "planted-token" not in told


def test_a_new_event_revives_a_parked_issue(worker: Worker, store: Store, looker: Looker) -> None:
    looker.script["1"] = [Failed(error=StagegateError("x")), Done()]
    ask(store, "1")
    worker.drain()
    ask(store, "1")
    assert worker.drain() == 1
    assert store.queue.show("1") is None


def test_an_unforeseen_failure_is_tried_again_and_then_parked(
    worker: Worker, store: Store, looker: Looker, clock: Clock
) -> None:
    looker.script["1"] = [Failed(error=KeyError("surprise"))]
    ask(store, "1")
    for _ in range(MOST_ATTEMPTS):
        assert worker.drain() == 1
        clock.advance(hours=1)
    assert worker.drain() == 0
    assert store.queue.depth().dead == 1


def test_an_outage_counts_against_no_issue_and_pauses_all(
    worker: Worker, store: Store, looker: Looker, clock: Clock
) -> None:
    looker.script["1"] = [Failed(error=Unreachable("no route", operation="GET issue")), Done()]
    ask(store, "1")
    worker.drain()
    paused = store.marks.paused("jira")
    waiting = store.queue.show("1")
    assert paused == FIRST_OUTAGE_WAIT
    assert waiting is not None
    assert waiting.attempts == 0
    clock.advance(seconds=FIRST_OUTAGE_WAIT.total_seconds())
    assert worker.drain() == 1


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Failed(error=Unreachable("no route", operation="GET issue")), id="an outage"),
        pytest.param(Failed(error=StoreUnavailable("locked")), id="the store is away"),
        pytest.param(Later(after=timedelta(seconds=1), why="the process ends", broken_off=True), id="a stop"),
    ],
)
def test_an_issue_that_could_not_be_looked_at_stays_as_urgent_and_as_old_as_it_was(
    worker: Worker, store: Store, looker: Looker, clock: Clock, outcome: Outcome
) -> None:
    looker.script["1"] = [outcome]
    ask(store, "1")
    since = clock.now
    clock.advance(minutes=1)
    worker.drain()
    waiting = store.queue.show("1")
    assert waiting is not None
    assert (waiting.priority, waiting.since, waiting.attempts) == (Priority.LIVE, since, 0)


def test_an_issue_that_jira_alone_cannot_answer_is_parked_and_delays_no_other(
    worker: Worker, store: Store, looker: Looker, clock: Clock
) -> None:
    looker.script["bad"] = [Failed(error=ServerFault("504", operation="GET issue", status=504))]
    ask(store, "bad")
    paused = 0
    for round_ in range(60):
        ask(store, f"good-{round_}")
        worker.drain()
        paused += store.marks.paused(SITE_PAUSE) is not None
        clock.advance(minutes=1)
    parked = store.queue.show("bad")
    assert parked is not None
    assert (parked.condition, parked.attempts) == (Condition.DEAD, MOST_ATTEMPTS)
    assert parked.failure is not None
    assert "504" in parked.failure.text
    assert paused == 1, "the first time, nobody knows"
    assert store.marks.get(NOT_AT_WORK) == ""


def test_an_issue_that_jira_alone_cannot_answer_pauses_nobody_while_nothing_else_happens(
    worker: Worker, store: Store, looker: Looker, clock: Clock
) -> None:
    looker.script["bad"] = [Failed(error=ServerFault("504", operation="GET issue", status=504))]
    for issue in ("bad", "good", "bad"):
        ask(store, issue)
        worker.drain()
        clock.advance(minutes=1)
    looks = len(looker.looks)
    for _ in range(60):
        worker.drain()
        assert store.marks.paused(SITE_PAUSE) is None
        clock.advance(minutes=1)
    assert len(looker.looks) > looks
    row = store.queue.show("bad")
    assert row is not None
    assert (row.condition, row.attempts) == (Condition.WAITING, 1)


def test_why_nothing_can_be_done_is_told_until_it_can(
    worker: Worker, store: Store, looker: Looker, clock: Clock
) -> None:
    expired = Unauthorized("not signed in", operation="GET issue", status=401, remedy="Create a new token.")
    looker.script["1"] = [Failed(error=expired), Done()]
    ask(store, "1")
    worker.drain()
    assert store.marks.get(NOT_AT_WORK) == "GET issue: not signed in. Create a new token."
    clock.advance(seconds=FIRST_OUTAGE_WAIT.total_seconds())
    worker.drain()
    assert store.marks.get(NOT_AT_WORK) == ""


@pytest.mark.parametrize("broken_off", [True, False])
def test_a_look_that_broke_off_does_not_say_that_jira_answers(
    worker: Worker, store: Store, looker: Looker, clock: Clock, *, broken_off: bool
) -> None:
    looker.script["1"] = [
        Failed(error=Unreachable("no route", operation="GET issue")),
        Later(after=timedelta(hours=1), why="the process ends", broken_off=broken_off),
    ]
    ask(store, "1")
    worker.drain()
    clock.advance(seconds=FIRST_OUTAGE_WAIT.total_seconds())
    worker.drain()
    assert bool(store.marks.get(NOT_AT_WORK)) is broken_off


@pytest.mark.parametrize("text", ["\0", "\ud800", "half \udfff and whole \U0001f600"], ids=ascii)
def test_whatever_jira_says_is_told_and_without_secrets(
    worker: Worker, store: Store, looker: Looker, text: str
) -> None:
    told = Unauthorized(f"{text} planted-token", operation="GET issue", status=401)
    looker.script["1"] = [Failed(error=told)]
    ask(store, "1")
    worker.drain()
    waiting, mark = store.queue.show("1"), store.marks.get(NOT_AT_WORK) or ""
    assert waiting is not None
    assert waiting.condition is Condition.WAITING
    assert REDACTED in mark
    assert "planted-token" not in mark
    assert "\0" not in mark
    assert ("\U0001f600" in mark) is ("\U0001f600" in text)


def test_a_store_that_can_keep_no_mark_leaves_no_issue_unsettled(worker: Worker, store: Store, looker: Looker) -> None:
    with store._database.engine.begin() as connection:  # what is told there fails from now on
        connection.exec_driver_sql("ALTER TABLE mark RENAME TO gone")
    looker.script["1"] = [Failed(error=Unreachable("no route", operation="GET issue"))]
    ask(store, "1")
    assert worker.drain() == 1
    waiting = store.queue.show("1")
    assert waiting is not None
    assert waiting.condition is Condition.WAITING


def test_a_wait_that_jira_asked_for_is_no_reason_to_act(worker: Worker, store: Store, looker: Looker) -> None:
    looker.script["1"] = [Failed(error=RateLimited("429", operation="GET issue", retry_after=timedelta(minutes=1)))]
    ask(store, "1")
    worker.drain()
    assert store.marks.paused("jira") == timedelta(minutes=1)
    assert store.marks.get(NOT_AT_WORK) is None


def test_an_issue_that_ended_its_worker_too_often_is_parked_unseen(
    worker: Worker, store: Store, looker: Looker, clock: Clock
) -> None:
    ask(store, "1")
    for _ in range(MOST_ATTEMPTS + 1):
        store.queue.claim(1, owner="died", lease=timedelta(minutes=1))
        clock.advance(minutes=2)
    worker.drain()
    assert looker.looks == []
    assert store.queue.depth().dead == 1


def test_one_outage_counts_once_however_many_runs_meet_it(worker: Worker, store: Store, looker: Looker) -> None:
    for issue in "1234":
        looker.script[issue] = [Failed(error=Unreachable("no route", operation="GET issue"))]
    ask(store, *"1234")
    worker.drain()
    assert store.marks.paused("jira") == FIRST_OUTAGE_WAIT


def test_something_that_keeps_asking_is_told(worker: Worker, store: Store, looker: Looker) -> None:
    looker.script["1"] = [Later(after=timedelta(0), why="again")]
    ask(store, "1")
    with pytest.raises(StagegateError, match="keeps asking"):
        worker.drain(most=5)


def test_the_loop_works_off_what_comes_in_and_stops_when_asked(worker: Worker, store: Store, looker: Looker) -> None:
    with working(worker):
        ask(store, "1", "2", "3")
        while len(looker.looks) < 3:
            assert looker.looked.wait(PATIENCE)
            looker.looked.clear()
    assert sorted(looker.looks) == ["1", "2", "3"]
    assert store.queue.depth().running == 0


def test_a_run_under_way_at_a_stop_writes_no_more(worker: Worker, store: Store, looker: Looker) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow() -> Outcome:
        began.set()
        go_on.wait(PATIENCE)
        return Later(after=timedelta(0), why="stopped")

    looker.script["1"] = [slow]
    ask(store, "1")
    thread = threading.Thread(target=worker.work)
    thread.start()
    assert began.wait(PATIENCE)
    worker.stop()
    go_on.set()
    thread.join(PATIENCE)
    assert not any(looker.allowed)
    assert store.queue.depth().due == 1


def test_a_lease_that_another_took_stops_the_run_before_its_next_write(
    store: Store, looker: Looker, clock: Clock, hindrances: Hindrances
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow() -> Outcome:
        began.set()
        go_on.wait(PATIENCE)
        return Done()

    looker.script["1"] = [slow]
    worker = Worker(
        store,
        looker,
        create_metrics(),
        hindrances,
        owner="w1",
        threads=1,
        lease=timedelta(seconds=0.4),  # type: ignore[arg-type]
    )
    ask(store, "1")
    with working(worker):
        assert began.wait(PATIENCE)
        clock.advance(seconds=1)
        taken = store.queue.claim(1, owner="w2", lease=timedelta(minutes=1))
        assert [claim.issue_id for claim in taken] == ["1"]
        lost = next(iter(worker._runs.values())).lost
        assert lost.wait(PATIENCE)
        go_on.set()
        assert looker.looked.wait(PATIENCE)
    assert looker.allowed == [False]
    row = store.queue.show("1")
    assert row is not None
    assert row.owner == "w2"


def test_a_lease_that_could_not_be_renewed_in_time_stops_the_run_before_its_next_write(
    store: Store, looker: Looker, hindrances: Hindrances
) -> None:
    """The store can't be reached, so another host may have taken over: nobody can tell."""
    lease = timedelta(seconds=0.4)
    worker = Worker(store, looker, create_metrics(), hindrances, owner="w1", threads=1, lease=lease)  # type: ignore[arg-type]
    waited = threading.Event()

    def slow() -> Outcome:
        with store._database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE work RENAME TO gone")
        waited.wait(2 * lease.total_seconds())
        return Done()

    looker.script["1"] = [slow]
    ask(store, "1")
    with working(worker):
        assert looker.looked.wait(PATIENCE)
    assert looker.allowed == [False]


@pytest.mark.parametrize(
    ("priority", "waits"),
    [(Priority.LIVE, False), (Priority.FOLLOW_UP, False), (Priority.SWEEP, True), (Priority.AUDIT, True)],
)
def test_looks_of_sweep_and_audit_leave_the_next_turns_to_live_events(
    worker: Worker, store: Store, looker: Looker, clock: Clock, priority: Priority, *, waits: bool
) -> None:
    turns = Turns(store.traffic, 10, clock)
    while turns.take() == 0:  # until all whose time has come are used
        pass
    taken: list[float | None] = []

    def look() -> Outcome:
        taken.append(turns.take())
        return Done()

    looker.script["1"] = [look]
    store.queue.put([("1", "INT-1")], priority=priority)
    worker.drain()
    assert (taken == [None]) is waits


@pytest.mark.parametrize("priority", [Priority.SWEEP, Priority.AUDIT])
def test_a_look_of_sweep_or_audit_ends_though_live_events_take_every_turn(
    worker: Worker, store: Store, looker: Looker, clock: Clock, priority: Priority
) -> None:
    """A look of four requests; each quarter of a second live events take what turns there are."""
    turns, began = Turns(store.traffic, 10, clock), clock.now
    wanted = {"span": timedelta(seconds=ASK_AGAIN), "saved": SAVED, "ahead": timedelta(0), "most": MOST}

    def live_events_take_all() -> None:
        while store.traffic.take(SITE_PAUSE, **wanted) is not None:
            pass

    def look() -> Outcome:
        for _ in range(4):
            live_events_take_all()
            while (wait := turns.take()) is None:
                clock.advance(seconds=ASK_AGAIN)
                assert clock.now - began < timedelta(minutes=20), "then the bulk edit is over"
                live_events_take_all()
            clock.advance(seconds=wait)
        return Done()

    looker.script["1"] = [look]
    store.queue.put([("1", "INT-1")], priority=priority)
    worker.drain()
    assert clock.now - began < timedelta(seconds=LOOK_PATIENCE + 5)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="its monotonic clock goes on while the host sleeps")
def test_a_lease_ends_while_the_host_sleeps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The monotonic clock of Linux stands still meanwhile."""
    ask(store, "1")
    claim = store.queue.claim(1, owner="w1", lease=timedelta(minutes=2))[0]
    run = Run(claim=claim, until=_elapsed() + 120)
    assert run.may_write(30)
    ticking = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda which: ticking(which) + 180 * (which != time.CLOCK_MONOTONIC))
    assert not run.may_write(30)


def test_while_jira_asks_for_a_pause_nothing_is_claimed(worker: Worker, store: Store, looker: Looker) -> None:
    store.marks.pause("jira", timedelta(minutes=5))
    ask(store, "1")
    with working(worker):
        assert not looker.looked.wait(0.3)
    assert looker.looks == []
    assert store.queue.depth().due == 1


def test_the_loop_outlives_a_store_that_is_away(
    worker: Worker, store: Store, looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync_service.worker.loop.STORE_WAIT", 0.01)
    with store._database.engine.begin() as connection:  # the table is away: every statement fails
        connection.exec_driver_sql("ALTER TABLE work RENAME TO gone")
    with working(worker):
        assert not looker.looked.wait(0.2)
        with store._database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO work")
        ask(store, "1")
        assert looker.looked.wait(PATIENCE)
    assert looker.looks == ["1"]
