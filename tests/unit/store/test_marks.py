"""Marks that all processes share: watermarks, ticks that fire once, pauses that all honour."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sync_service.store import Store, open_store

from .conftest import Clock

HOUR = timedelta(hours=1)


def test_a_mark_keeps_what_was_put_last(store: Store) -> None:
    assert store.marks.get("sweep.watermark") is None
    store.marks.put("sweep.watermark", "2026-03-01T00:00:00Z")
    store.marks.put("sweep.watermark", "2026-03-02T00:00:00Z")
    assert store.marks.get("sweep.watermark") == "2026-03-02T00:00:00Z"


def test_a_mark_tells_when_it_was_put(store: Store, clock: Clock) -> None:
    assert store.marks.told("barred") is None
    store.marks.put("barred", "INT: no such field")
    put = clock.now
    clock.advance(hours=1)
    assert store.marks.told("barred") == ("INT: no such field", put)


def test_a_tick_fires_once_for_ever(store: Store, clock: Clock) -> None:
    assert store.marks.begin("tick.audit.2026-03-02", HOUR)
    assert not store.marks.begin("tick.audit.2026-03-02", HOUR)
    assert store.marks.begin("tick.audit.2026-03-03", HOUR)
    store.marks.end("tick.audit.2026-03-02")
    store.marks.give_back("tick.audit.2026-03-02")
    clock.advance(days=30)
    assert not store.marks.begin("tick.audit.2026-03-02", HOUR)


def test_a_tick_that_is_given_back_fires_again(store: Store) -> None:
    assert store.marks.begin("tick.audit.2026-03-02", HOUR)
    store.marks.give_back("tick.audit.2026-03-02")
    assert store.marks.begin("tick.audit.2026-03-02", HOUR)
    assert not store.marks.begin("tick.audit.2026-03-02", HOUR)


def test_a_tick_whose_holder_died_fires_again_after_a_while(store: Store, clock: Clock) -> None:
    store.marks.begin("tick.audit.2026-03-02", HOUR)
    clock.advance(minutes=59)
    assert not store.marks.begin("tick.audit.2026-03-02", HOUR)
    clock.advance(minutes=1)
    assert store.marks.begin("tick.audit.2026-03-02", HOUR)
    assert not store.marks.begin("tick.audit.2026-03-02", HOUR)


def test_a_tick_fires_once_however_many_replicas_run(url: str, clock: Clock) -> None:
    stores = [open_store(url, clock=clock) for _ in range(3)]
    stores[0].migrate()
    with ThreadPoolExecutor(12) as threads:
        fired = list(threads.map(lambda n: stores[n % 3].marks.begin(f"tick.{n // 12}", HOUR), range(120)))
    assert fired.count(True) == 10
    for store in stores:
        store.close()


def test_old_marks_of_a_kind_are_forgotten(store: Store, clock: Clock) -> None:
    for name in ("tick_1", "tickX2", "watermark"):
        store.marks.put(name, "x")
    clock.advance(days=2)
    store.marks.put("tick_3", "x")
    assert store.marks.prune("tick_", timedelta(days=1)) == 1, "an underscore is an underscore"
    assert [store.marks.get(n) for n in ("tick_1", "tickX2", "watermark", "tick_3")] == [None, "x", "x", "x"]


def test_a_pause_ends_by_itself(store: Store, clock: Clock) -> None:
    assert store.marks.paused("jira") is None
    store.marks.pause("jira", timedelta(seconds=30))
    clock.advance(seconds=10)
    assert store.marks.paused("jira") == timedelta(seconds=20)
    clock.advance(seconds=20)
    assert store.marks.paused("jira") is None


def test_a_later_pause_never_shortens_a_longer_one(store: Store, clock: Clock) -> None:
    store.marks.pause("jira", timedelta(seconds=30))
    store.marks.pause("jira", timedelta(seconds=5))
    assert store.marks.paused("jira") == timedelta(seconds=30)
    store.marks.pause("jira", clock.now + timedelta(seconds=60))
    assert store.marks.paused("jira") == timedelta(seconds=60)
    assert store.marks.paused("another") is None


def test_a_pause_holds_by_the_databases_clock_too(real_time_store: Store) -> None:
    real_time_store.marks.pause("jira", timedelta(hours=1))
    left = real_time_store.marks.paused("jira")
    assert left is not None
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
