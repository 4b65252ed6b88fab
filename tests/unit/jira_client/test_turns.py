"""The budget of requests: however many share it and in whatever order they come, no window sees more than it allows."""

import threading
import time as real_time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_service.jira.client import Client, JiraSite
from sync_service.jira.errors import RateLimited
from sync_service.jira.limits import ASK_AGAIN, GOOD, Turns, in_the_background
from sync_service.jira.transport import Transport, asked_before_each_write
from sync_service.marks import SITE_PAUSE
from sync_service.store import Store, open_store

ISSUE = "/rest/api/2/issue/10001"
FOUND = (200, {"id": "10001"})
STEP = 0.1
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)


class MemoryLine:
    """The store's line of time, in plain Python; a test holds the store to it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._next = datetime.min.replace(tzinfo=UTC)
        self.asked = 0

    def take(
        self, line: str, span: timedelta, *, saved: timedelta, ahead: timedelta, most: timedelta
    ) -> timedelta | None:
        self.asked += 1
        now = self._now()
        if self._next > now + most:
            begins = now
        elif self._next > now + ahead:
            return None
        else:
            begins = max(self._next, now - saved)
        self._next = begins + span
        return begins - now


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now

    @property
    def seconds(self) -> float:
        return round((self.now - BEGIN).total_seconds(), 6)


def most_within(times: list[float], window: float) -> int:
    """Return the most of these times that any window of so many seconds holds."""
    ordered, first, most = sorted(times), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most


def keeps_the_budget(times: list[float], rate: float, slack: float = 0.0) -> bool:
    windows = (0.0, 0.3, 1.0, 2.5, 10.0)
    return all(most_within(times, window) <= rate * (window + GOOD + slack) + 1 + 1e-6 for window in windows)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def all_at_once(turns: Turns, count: int) -> list[float]:
    """Take so many turns at one moment; return in how many seconds each comes."""
    taken = [turns.take() for _ in range(count)]
    return [round(seconds, 6) for seconds in taken if seconds is not None]


def test_a_quiet_service_waits_for_nothing_and_a_burst_is_spread(clock: Clock) -> None:
    turns = Turns(MemoryLine(clock), 10, clock)
    assert all_at_once(turns, 10) == [0, 0, 0, 0, 0, 0, 0.1, 0.2, 0.3, 0.4]


def test_several_requests_cost_one_word_with_the_store(clock: Clock) -> None:
    line = MemoryLine(clock)
    turns = Turns(line, 10, clock)
    for _ in range(1000):
        clock.now += timedelta(seconds=turns.take() or 0)
    assert line.asked == 200


def test_a_budget_of_less_than_one_a_second_is_kept_too(clock: Clock) -> None:
    turns = Turns(MemoryLine(clock), 0.25, clock)
    assert turns.take() == 0
    assert all_at_once(turns, 100) == [3.5 + 4 * n for n in range(7)], "then it is too far ahead"
    clock.now += timedelta(seconds=3.5)
    assert turns.take() == 28


def test_turns_that_nobody_used_are_gone(clock: Clock) -> None:
    turns = Turns(MemoryLine(clock), 10, clock)
    assert all_at_once(turns, 1) == [0]
    clock.now += timedelta(seconds=30)
    assert all_at_once(turns, 8) == [0, 0, 0, 0, 0, 0, 0.1, 0.2], "no more than after a start"


def test_who_can_wait_leaves_some_for_a_live_event_of_any_process(clock: Clock) -> None:
    line = MemoryLine(clock)
    sweeping, answering = Turns(line, 10, clock), Turns(line, 10, clock)
    swept = 0
    with in_the_background():
        while clock.seconds < 30:
            wait = sweeping.take()
            swept += wait is not None
            clock.now += timedelta(seconds=ASK_AGAIN if wait is None else wait)
    assert 290 <= swept <= 305, "by itself, a sweep has the whole budget"
    clock.now += timedelta(seconds=ASK_AGAIN)
    assert all_at_once(answering, 2) == [0, 0]


def test_a_job_gets_nothing_while_live_events_need_it_all(clock: Clock) -> None:
    line = MemoryLine(clock)
    sweeping, answering = Turns(line, 10, clock), Turns(line, 10, clock)
    swept = 0
    for _ in range(300):
        clock.now += timedelta(seconds=answering.take() or 0)
        with in_the_background():
            swept += sweeping.take() is not None
    assert swept == 0
    assert 29 <= clock.seconds <= 31


def test_a_look_that_waited_long_enough_goes_on_beside_live_events_that_need_it_all(clock: Clock) -> None:
    line = MemoryLine(clock)
    looking, answering = Turns(line, 10, clock), Turns(line, 10, clock)
    answered, looked, asks_at = [0.0], [], 0.0
    with in_the_background(patience=10):
        while clock.seconds < 60:
            with in_the_background(patience=0):
                while answered[-1] <= clock.seconds:
                    answered.append(clock.seconds + (answering.take() or 0))
            if asks_at <= clock.seconds and (wait := looking.take()) is not None:
                asks_at = clock.seconds + wait
                looked.append(asks_at)
            clock.now += timedelta(seconds=ASK_AGAIN)
    assert 10 <= looked[0] <= 11
    assert max(later - sooner for sooner, later in pairwise(looked)) <= 1, "it waits that long in all, not each time"
    assert len(answered) > len(looked)
    assert keeps_the_budget([*answered[1:], *looked], 10)


def test_live_events_use_what_a_sweep_of_their_process_holds(clock: Clock) -> None:
    turns = Turns(MemoryLine(clock), 10, clock)
    with in_the_background():
        assert all_at_once(turns, 5) == [0, 0, 0]
    assert all_at_once(turns, 3) == [0, 0, 0]


@pytest.mark.parametrize("off", [timedelta(minutes=-5), timedelta(minutes=5)], ids=str)
def test_a_host_whose_clock_is_wrong_goes_on_like_the_others(off: timedelta, clock: Clock) -> None:
    """The line goes by the store's time; a host only counts seconds from its answer."""
    line = MemoryLine(clock)
    right, wrong = Turns(line, 10, clock), Turns(line, 10, lambda: clock.now + off)
    times = []
    for _ in range(100):
        for turns in (right, wrong):
            wait = turns.take()
            assert wait is not None
            assert wait <= 1
            times.append(clock.seconds + wait)
        clock.now += timedelta(seconds=2 * STEP)
    assert keeps_the_budget(times, 10)


@pytest.mark.parametrize("jump", [timedelta(minutes=-5), timedelta(minutes=5)], ids=str)
def test_a_hosts_clock_that_jumps_stalls_nobody(jump: timedelta, clock: Clock) -> None:
    own = Clock()
    turns = Turns(MemoryLine(clock), 10, own)
    assert all_at_once(turns, 8) == [0, 0, 0, 0, 0, 0, 0.1, 0.2]
    own.now += jump
    wait = turns.take()
    assert wait is not None
    assert wait <= 1


step = st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 0, 0, 1, 30, 100, 250, 700, 3000]), st.booleans())


@settings(max_examples=60, deadline=None)
@given(st.lists(step, max_size=300), st.sampled_from([0.4, 3, 7, 10, 33]))
def test_no_window_ever_sees_more_than_the_budget(steps: list[tuple[int, int, bool]], rate: float) -> None:
    """Four processes with clocks of their own, live events and sweeps, at any time and in any order."""
    clock = Clock()
    line = MemoryLine(clock)
    hosts = [Turns(line, rate, lambda off=off: clock.now + timedelta(hours=off)) for off in range(4)]  # type: ignore[misc]
    times = []
    for host, milliseconds, background in steps:
        clock.now += timedelta(milliseconds=milliseconds)
        if background:
            with in_the_background():
                wait = hosts[host].take()
        else:
            wait = hosts[host].take()
        if wait is not None:
            times.append(clock.seconds + wait)
    assert keeps_the_budget(times, rate)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0, 0, 100, 333, 700, 9000, -4000, -400_000]), st.booleans()), max_size=60),
    st.sampled_from([333, 500, 2500]),
)
def test_the_stores_line_is_this_line(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool]], span: int
) -> None:
    clock = Clock()
    clock.now += timedelta(days=1)
    wants = {"span": timedelta(milliseconds=span), "saved": timedelta(seconds=0.5), "most": timedelta(seconds=8)}
    plain = MemoryLine(clock)
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('line')}/stagegate.db", clock=clock, durable=False) as store:
        store.migrate()
        for milliseconds, spare in steps:
            clock.now += timedelta(milliseconds=milliseconds)
            ahead = timedelta(seconds=-0.25 if spare else 5)
            assert store.traffic.take("jira", ahead=ahead, **wants) == plain.take("jira", ahead=ahead, **wants)


# --- With the client


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/stagegate.db") as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def paced(time: Any, pauses: Any, observed: list[dict[str, Any]]) -> Iterator[Client]:
    """A client with a budget of one request in half a second, on a time that passes only when it waits."""
    site = JiraSite(url="https://acme.atlassian.net", email="bot@acme.example", token="planted-token", kind="cloud")
    transport = Transport(
        site,
        clock=time.clock,
        wait=time.wait,
        pauses=pauses,
        turns=Turns(MemoryLine(time.clock), 2, time.clock),
        connect_timeout=1.0,
        read_timeout=5.0,
        observe=lambda **seen: observed.append(seen),
        chance=lambda: 0.5,
    )
    with Client(transport) as client:
        yield client


def test_each_request_waits_for_its_turn(wire: Any, paced: Client, time: Any, observed: list[dict[str, Any]]) -> None:
    wire.on("GET", ISSUE, FOUND)
    for _ in range(6):
        paced.issue("10001")
    assert time.waited == 2
    assert [round(seen["waited_for_turn"], 3) for seen in observed] == [0, 0, 0.5, 0.5, 0.5, 0.5]
    assert [seen["waited"] for seen in observed] == [0] * 6


def test_what_is_sent_again_takes_a_turn_again(wire: Any, paced: Client, observed: list[dict[str, Any]]) -> None:
    wire.on("GET", ISSUE, (502, ""), (502, ""), FOUND)
    for _ in range(3):
        paced.issue("10001")
    assert [round(seen["waited_for_turn"], 3) for seen in observed] == [0, 0, 0, 0, 0.5]


def test_a_sweep_waits_until_a_turn_is_left(wire: Any, paced: Client, time: Any) -> None:
    wire.on("GET", ISSUE, FOUND)
    for _ in range(4):
        paced.issue("10001")
    with in_the_background():
        paced.issue("10001")
    assert time.waited >= 1.5


def test_a_pause_that_begins_while_a_turn_is_waited_for_is_kept(
    wire: Any, paced: Client, time: Any, pauses: Any
) -> None:
    wire.on("GET", ISSUE, FOUND)
    paced.issue("10001")
    paced.issue("10001")
    wait = time.wait

    def meanwhile(seconds: float) -> None:
        pauses.pause(SITE_PAUSE, timedelta(minutes=10))
        wait(seconds)

    paced._transport._wait = meanwhile
    with pytest.raises(RateLimited, match="all of us"):
        paced.issue("10001")
    assert len(wire.received) == 2


def test_a_look_ends_though_a_bulk_edit_takes_every_turn(wire: Any, paced: Client, time: Any) -> None:
    """The bulk edit's requests come as fast as they are let, while the look waits, too."""
    wire.on("GET", ISSUE, FOUND)
    turns, wait, began = paced._transport._turns, time.wait, time.now
    assert turns is not None

    def meanwhile(seconds: float) -> None:
        wait(seconds)
        assert time.now - began < timedelta(minutes=20), "then the bulk edit is over"
        with in_the_background(patience=0):
            turns.take()

    paced._transport._wait = meanwhile
    with in_the_background(patience=10):
        for _ in range(8):
            paced.issue("10001")
    assert len(wire.received) == 8
    assert time.now - began < timedelta(seconds=30)


class Lost(Exception):
    """Another has taken the issue over."""


@pytest.mark.parametrize(("write", "sent"), [(True, 0), (False, 1)])
def test_what_is_lost_while_a_turn_is_waited_for_is_not_written_to(
    wire: Any, paced: Client, time: Any, *, write: bool, sent: int
) -> None:
    wire.on("GET", ISSUE, FOUND)
    wire.on("POST", f"{ISSUE}/transitions", (204, ""))
    paced.issue("10001")
    paced.issue("10001")
    wire.received.clear()

    def ask() -> None:
        if time.waited:
            raise Lost

    ask()
    with asked_before_each_write(ask), pytest.raises(Lost) if write else nullcontext():
        paced.transition("10001", "11") if write else paced.issue("10001")
    assert time.waited == 0.5
    assert len(wire.received) == sent


def test_what_is_lost_before_a_write_is_sent_again_is_not_written_to(wire: Any, paced: Client, time: Any) -> None:
    wire.on("PUT", f"{ISSUE}/properties/x", (503, ""), (200, ""))
    lost: list[bool] = []

    def ask() -> None:
        if lost:
            raise Lost
        lost.append(True)

    with asked_before_each_write(ask), pytest.raises(Lost):
        paced.put_property("10001", "x", 1)
    assert len(wire.received) == 1
    paced.put_property("10001", "x", 1)
    assert len(wire.received) == 2, "it is asked no more"


def test_threads_of_two_processes_keep_one_budget(store: Store, tmp_path: Path) -> None:
    """Real threads, a real store and its own clock: eight takers for two seconds, as fast as they may."""
    rate, ends = 60.0, real_time.monotonic() + 2
    times: list[float] = []

    def ask(turns: Turns, *, background: bool) -> None:
        while real_time.monotonic() < ends:
            if background:
                with in_the_background():
                    wait = turns.take()
            else:
                wait = turns.take()
            if wait is None:
                real_time.sleep(ASK_AGAIN)
                continue
            real_time.sleep(wait)
            times.append(real_time.monotonic())

    with open_store(f"sqlite:///{tmp_path}/stagegate.db") as other:
        shared = [Turns(each.traffic, rate, lambda: datetime.now(UTC)) for each in (store, other)]
        threads = [
            threading.Thread(target=ask, args=(turns,), kwargs={"background": n == 3})
            for turns in shared
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert keeps_the_budget(times, rate, slack=0.5), "half a second is for a machine that is busy with other work"
    assert len(times) > rate
