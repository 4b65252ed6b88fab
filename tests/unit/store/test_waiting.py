"""Waiting for work: it ends when work arrives, from whichever process, and costs next to nothing until then."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic, process_time

import psycopg
import pytest
from sqlalchemy import text

from sync_service.store import Priority, Store, StoreUnavailable, open_store

from .conftest import LEASE, Clock, claim_one, claimed, delivery

LONG = timedelta(minutes=4)
"""Far more than any wait below takes; a test that needs it has failed."""

MOMENT = timedelta(milliseconds=20)


class Waiting(threading.Thread):
    """A thread that waits for work until it is told of some."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.answer: bool | None = None
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self.store.queue.wait(LONG)
        except StoreUnavailable as error:
            self.error = error

    def ended(self) -> bool | None:
        self.join(120)
        assert not self.is_alive(), "it still waits"
        return self.answer


def test_returns_at_once_when_something_is_due(store: Store) -> None:
    store.inbox.receive(delivery())
    assert store.queue.wait(LONG)


def test_returns_when_the_time_is_over(store: Store) -> None:
    assert not store.queue.wait(timedelta(0))
    assert not store.queue.wait(MOMENT)


def test_a_key_that_is_not_due_does_not_count(store: Store) -> None:
    store.queue.put([("1", "INT-1")], priority=Priority.LIVE, after=timedelta(hours=1))
    assert not store.queue.wait(MOMENT)


def test_returns_no_later_than_the_next_key_is_due(real_time_store: Store) -> None:
    real_time_store.queue.put([("1", "INT-1")], priority=Priority.SWEEP, after=timedelta(milliseconds=100))
    began = monotonic()
    assert real_time_store.queue.wait(LONG)
    assert monotonic() - began < LONG.total_seconds() / 2
    assert claimed(real_time_store) == ["1"]


def test_returns_when_a_lease_ends(store: Store, clock: Clock) -> None:
    store.inbox.receive(delivery())
    claim_one(store, "killed")
    assert not store.queue.wait(MOMENT)
    clock.advance(seconds=60)
    assert store.queue.wait(LONG)


@pytest.mark.parametrize("how", ["a delivery", "a sweep", "a replay", "an event while running", "a clean stop"])
def test_ends_when_work_arrives_in_this_process(store: Store, how: str) -> None:
    from .test_queue import BROKEN

    if how in {"a replay", "an event while running", "a clean stop"}:
        store.inbox.receive(delivery("1"))
        claim = claim_one(store)
        if how == "a replay":
            store.queue.fail(claim, BROKEN, retry_after=None)
        if how == "an event while running":
            store.inbox.receive(delivery("1"))
    arrive: dict[str, Callable[[], object]] = {
        "a delivery": lambda: store.inbox.receive(delivery("1")),
        "a sweep": lambda: store.queue.put([("1", "INT-1")], priority=Priority.SWEEP),
        "a replay": lambda: store.queue.replay(None),
        "an event while running": lambda: store.queue.done(claim),
        "a clean stop": lambda: store.queue.release("worker"),
    }
    waiting = Waiting(store)
    arrive[how]()
    assert waiting.ended()
    assert claimed(store) == ["1"]


def test_ends_when_work_arrives_from_another_process(url: str, real_time_store: Store) -> None:
    waiting = Waiting(real_time_store)
    script = (
        "import sys; from sync_service.store import *\n"
        "with open_store(sys.argv[1]) as s: s.queue.put([('1', 'INT-1')], priority=Priority.SWEEP)"
    )
    subprocess.run([sys.executable, "-c", script, url], check=True, timeout=120)
    assert waiting.ended()
    assert claimed(real_time_store) == ["1"]


def test_ends_when_another_store_of_the_same_database_receives(url: str, store: Store, clock: Clock) -> None:
    """Another store has a bell of its own, as another process would."""
    waiting = Waiting(store)
    with open_store(url, clock=clock) as other:
        other.inbox.receive(delivery("1"))
        assert waiting.ended()


def test_several_may_wait(store: Store) -> None:
    waiting = [Waiting(store) for _ in range(3)]
    store.inbox.receive(delivery("1"))
    assert [one.ended() for one in waiting] == [True, True, True]


def test_a_wake_lets_it_look_again_and_wait_on(store: Store, clock: Clock) -> None:
    store.queue.put([("1", "INT-1")], priority=Priority.SWEEP, after=timedelta(hours=1))
    waiting = Waiting(store)
    store.queue.wake()
    clock.advance(hours=1)
    store.queue.wake()
    assert waiting.ended()


def test_closing_ends_every_wait(url: str, clock: Clock) -> None:
    store = open_store(url, clock=clock)
    store.migrate()
    waiting = Waiting(store)
    store.close()
    assert waiting.ended() is False or isinstance(waiting.error, StoreUnavailable)
    store.close()


def test_a_cut_connection_ends_the_wait_and_the_next_one_works(pg_url: str, pg_server: str) -> None:
    with open_store(f"{pg_url}&application_name=cut") as store:
        store.migrate()
        waiting = Waiting(store)
        with psycopg.connect(pg_server, autocommit=True) as admin:
            while waiting.is_alive():
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'cut' AND state = 'idle' AND query LIKE '%lease_until%'"
                )
                waiting.join(0.05)
        assert isinstance(waiting.error, StoreUnavailable)
        store.inbox.receive(delivery("1"))
        assert store.queue.wait(LONG)


def test_a_wait_leaves_nothing_behind_on_its_connection(pg_url: str) -> None:
    with open_store(pg_url) as store:
        store.migrate()
        assert not store.queue.wait(MOMENT)
        listening = "SELECT count(*) FROM pg_listening_channels()"
        assert store._database.read(lambda c: c.execute(text(listening)).scalar()) == 0


def test_waiting_costs_at_most_a_hundredth_of_a_core(real_time_store: Store) -> None:
    real_time_store.queue.put([("1", "INT-1")], priority=Priority.SWEEP, after=timedelta(hours=1))
    real_time_store.queue.wait(timedelta(0))
    shares = []
    for _ in range(5):  # what else this process or machine is busy with may spoil some
        began, spent = monotonic(), process_time()
        assert not real_time_store.queue.wait(timedelta(seconds=1.5))
        shares.append((process_time() - spent) / (monotonic() - began))
        if shares[-1] < 0.03:
            return
    raise AssertionError(f"{shares}, where 0.01 is usual")


def test_a_lease_that_is_kept_alive_is_waited_for_anew(store: Store, clock: Clock) -> None:
    store.inbox.receive(delivery())
    claim = claim_one(store)
    clock.advance(seconds=59.99)
    store.queue.renew([claim], LEASE)
    assert not store.queue.wait(MOMENT)
