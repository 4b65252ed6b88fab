"""One line of time for all: no moment of it is had by two, idle time is not hoarded, and no clock can block it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from sync_service.config.settings import JiraSettings
from sync_service.jira.limits import Turns
from sync_service.store import Store, open_store

from .conftest import Clock

SPAN = timedelta(milliseconds=500)
SAVED = timedelta(milliseconds=500)
MOST = timedelta(seconds=6)
URGENT = timedelta(seconds=5)
SPARE = timedelta(milliseconds=-250)


def take(store: Store, *, ahead: timedelta = URGENT, line: str = "jira") -> float | None:
    """Take half a second; return in how many seconds it begins."""
    begins = store.traffic.take(line, SPAN, saved=SAVED, ahead=ahead, most=MOST)
    return None if begins is None else begins.total_seconds()


def test_stretches_follow_one_another(store: Store) -> None:
    assert [take(store) for _ in range(4)] == [-0.5, 0, 0.5, 1]


def test_idle_time_is_kept_for_a_moment_only(store: Store, clock: Clock) -> None:
    assert [take(store), take(store)] == [-0.5, 0]
    clock.advance(seconds=0.75)
    assert take(store) == -0.25
    clock.advance(hours=1)
    assert take(store) == -0.5


def test_nobody_takes_what_lies_too_far_ahead(store: Store, clock: Clock) -> None:
    taken = [take(store) for _ in range(14)]
    assert taken == [-0.5, *(n / 2 for n in range(11)), None, None]
    clock.advance(seconds=0.5)
    assert take(store) == 5


def test_who_can_wait_takes_only_what_was_left(store: Store, clock: Clock) -> None:
    assert [take(store, ahead=SPARE), take(store, ahead=SPARE)] == [-0.5, None]
    assert take(store) == 0
    clock.advance(seconds=0.7)
    assert take(store, ahead=SPARE) is None
    clock.advance(seconds=0.05)
    assert take(store, ahead=SPARE) == -0.25


def test_lines_have_nothing_to_do_with_each_other(store: Store) -> None:
    assert [take(store), take(store, line="another"), take(store)] == [-0.5, -0.5, 0]


def test_a_pause_and_the_line_leave_each_other_alone(store: Store) -> None:
    store.marks.pause("jira", timedelta(seconds=30))
    assert [take(store), take(store)] == [-0.5, 0]
    store.marks.pause("jira", timedelta(seconds=60))
    assert take(store) == 0.5
    assert store.marks.paused("jira") == timedelta(seconds=60)
    assert take(store, line="another") == -0.5
    assert store.marks.paused("another") is None


@pytest.mark.parametrize("back", [timedelta(minutes=5), timedelta(days=400)], ids=str)
def test_a_clock_that_is_set_back_blocks_nobody(store: Store, clock: Clock, back: timedelta) -> None:
    assert [take(store) for _ in range(3)] == [-0.5, 0, 0.5]
    clock.now -= back
    assert [take(store), take(store)] == [0, 0.5]


def test_a_faster_process_beside_slow_ones_that_filled_the_line_waits_like_them(store: Store, clock: Clock) -> None:
    """So it is while a change of the rate is rolled out; what the slow ones took must not be handed out again."""
    slowest = next(rule.ge for rule in JiraSettings.model_fields["requests_per_second"].metadata if hasattr(rule, "ge"))
    old, new = Turns(store.traffic, slowest, clock), Turns(store.traffic, 10, clock)
    taken = [old.take() for _ in range(5)]
    assert taken == [0, 9.5, 19.5, 29.5, None]
    assert new.take() is None
    clock.advance(seconds=10)
    assert new.take() == 29.5


def test_by_the_databases_own_clock_no_host_is_early_or_late(real_time_store: Store, url: str) -> None:
    """No host passes its time, so none can be wrong: a second one goes on where the first has left off."""
    first = [take(real_time_store) for _ in range(3)]
    with open_store(url) as other:
        later = take(other)
    assert first[0] == -0.5
    assert later is not None
    assert later > -0.5
    assert first[2] is not None
    assert first[2] <= 0.5


def test_takers_at_once_never_get_the_same(url: str, clock: Clock) -> None:
    stores = [open_store(url, clock=clock) for _ in range(3)]
    stores[0].migrate()
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda n: take(stores[n % 3], ahead=timedelta(hours=1)), range(12)))
    assert sorted(begins for begins in taken if begins is not None) == [n / 2 for n in range(-1, 11)]
    for store in stores:
        store.close()
