"""How fast we may go: Jira's requests to wait, its limit of writes to one issue, and our own budget of requests.

Cloud: https://developer.atlassian.com/cloud/jira/platform/rate-limiting/ (read 2026-11). Data Center's headers:
https://confluence.atlassian.com/adminjiraserver/improving-instance-stability-with-rate-limiting-983794911.html
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from sync_service.marks import SITE_PAUSE

WRITES_PER_ISSUE = ((20, 2.0), (100, 30.0))
"""Jira Cloud's limits on one issue: so many writes within so many seconds."""

GOOD = 1.0
"""Seconds for which a turn can be used after its time has come."""

STRETCH = 0.5
"""Seconds of turns that are taken at once, so that one word with the store pays for several requests."""

SAVED = timedelta(seconds=0.5)
"""How much of the time in which nobody asked anything is kept for a burst; less than a turn is good for."""

AHEAD = timedelta(seconds=30)
"""How far ahead turns are taken at most: some sixty processes, each with a stretch, stand in line in fair order."""

MOST = timedelta(minutes=1)
"""How far ahead the line can lie in good faith, whoever took of it: `AHEAD`, then the one turn in ten seconds of the
lowest rate that is allowed, and the rest for who began to ask before another did, and waited for the row."""

SPARE = timedelta(seconds=0.25)
"""How old a turn is before one who can wait takes it: so that an event always finds some."""

ASK_AGAIN = 0.25
"""Seconds after which is asked again who was given no turn."""

DEFAULT_WAIT = timedelta(seconds=10)
SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(days=1)
"""A proxy that asks for more than this is taken to mean this."""


class Pauses(Protocol):
    """Where all workers, of every process, see that Jira asked for a pause."""

    def pause(self, name: str, for_: timedelta) -> None:
        """Keep a pause from now on; a longer one that is running stays."""

    def paused(self, name: str) -> timedelta | None:
        """Return what is left of the pause, or nothing."""


class MemoryPauses:
    """Pauses of one process, for tests and for commands that need no store."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._until: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def pause(self, name: str, for_: timedelta) -> None:
        """Keep a pause from now on; a longer one that is running stays."""
        until = self._clock() + for_
        with self._lock:
            self._until[name] = max(until, self._until.get(name, until))

    def paused(self, name: str) -> timedelta | None:
        """Return what is left of the pause, or nothing."""
        until = self._until.get(name)
        left = until - self._clock() if until else timedelta()
        return left if left > timedelta() else None


class WriteTimes:
    """The writes to each issue of late, so that the next one is sent no sooner than Jira's limits allow.

    Safe for threads. Holds one process's writes, which is enough: at most one worker works on an issue.
    """

    def __init__(self, limits: tuple[tuple[int, float], ...] = WRITES_PER_ISSUE) -> None:
        self._limits = limits
        self._longest = max(span for _, span in limits)
        self._most = max(count for count, _ in limits)
        self._sent: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def reserve(self, issue: str, now: float, patience: float) -> float:
        """Return the seconds to wait before the next write; it is noted unless they exceed the patience.

        `now` is in seconds of any clock; one that is set back makes nothing wait.
        """
        with self._lock:
            sent = self._sent.get(issue) or deque(maxlen=self._most)
            if sent and sent[-1] - now > patience:  # nothing is noted so far ahead: the clock was set back
                sent.clear()
            at = max([now, *(sent[-count] + span for count, span in self._limits if len(sent) >= count)])
            if at - now <= patience:
                sent.append(at)
                self._sent[issue] = sent
                self._forget(now)
            return at - now

    def _forget(self, now: float) -> None:
        if len(self._sent) > 1000:
            self._sent = {issue: sent for issue, sent in self._sent.items() if now - sent[-1] < self._longest}


_patience = ContextVar("patience", default=0.0)
"""Seconds for which requests still wait behind live events."""


@contextmanager
def in_the_background(patience: float = math.inf) -> Iterator[None]:
    """Let this thread's requests wait for those of live events, of all processes: for sweeps and audits.

    They wait for `patience` seconds in all; what comes after asks as a live event does.
    """
    before = _patience.set(patience)
    try:
        yield
    finally:
        _patience.reset(before)


class Line(Protocol):
    """Where all workers, of every process, take stretches of time that nobody else has."""

    def take(
        self, line: str, span: timedelta, *, saved: timedelta, ahead: timedelta, most: timedelta
    ) -> timedelta | None:
        """Take the next `span`, and return in how long it begins, or nothing: see `sync_service.store.traffic`."""


@dataclass(slots=True)
class Stretch:
    """Turns that are ours: so many from a time on, each a step after the one before."""

    at: float = 0.0
    step: float = 1.0
    left: int = 0

    def drop_before(self, time: float) -> None:
        """Forget the turns before a time."""
        late = min(max(0, math.ceil((time - self.at) / self.step)), self.left)
        self.at, self.left = self.at + late * self.step, self.left - late

    def take(self) -> float:
        """Take the next turn, and return its time."""
        at = self.at
        self.at, self.left = self.at + self.step, self.left - 1
        return at


class Turns:
    """The budget of requests: one turn for each, so many a second, shared by all that share the line. Safe for threads.

    All turns lie on one line, a step apart, and each can be used from its time on until `GOOD` seconds later. So no
    window of T seconds ever sees more than rate x (T + GOOD) + 1 requests, however many share the line and in whatever
    order they come. Who can wait takes only turns whose time came `SPARE` ago: nobody else wanted those. What the clock
    shows means nothing, only how fast it goes.
    """

    def __init__(self, line: Line, per_second: float, clock: Callable[[], datetime]) -> None:
        self._line = line
        self._clock = clock
        self._count = max(1, int(per_second * STRETCH))
        self._span = timedelta(milliseconds=math.ceil(1000 * self._count / per_second))
        self._held = Stretch()
        self._refused_until = dict.fromkeys((False, True), 0.0)
        self._lock = threading.Lock()

    def take(self) -> float | None:
        """Take a turn, and return the seconds until its time; nothing: none is to be had, ask `ASK_AGAIN` later.

        Each time that costs who can wait so much patience.
        """
        patience = _patience.get()
        can_wait = patience > 0
        with self._lock:
            now = self._now()
            self._held.drop_before(now - GOOD)
            if not self._held.left or self._held.at - now > MOST.total_seconds():  # then our clock was set back
                now = self._ask(now, can_wait=can_wait)
            if not self._held.left or (can_wait and self._held.at > now - SPARE.total_seconds()):
                _patience.set(patience - ASK_AGAIN)
                return None
            return max(0.0, self._held.take() - now)

    def _ask(self, now: float, *, can_wait: bool) -> float:
        """Take a stretch of turns, unless that was refused a moment ago; return the time."""
        self._held.left = 0
        if 0 < self._refused_until[can_wait] - now <= ASK_AGAIN:
            return now
        ahead = -SPARE if can_wait else AHEAD
        begins = self._line.take(SITE_PAUSE, self._span, saved=SAVED, ahead=ahead, most=MOST)
        now = self._now()  # counted from the answer: no turn of ours is early
        if begins is None:
            self._refused_until[can_wait] = now + ASK_AGAIN
        else:
            step = self._span.total_seconds() / self._count
            self._held = Stretch(now + begins.total_seconds(), step, self._count)
        return now

    def _now(self) -> float:
        return self._clock().timestamp()


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read how long Jira asks us to wait, or nothing where it does not say.

    `Retry-After` in seconds or as a date, then Cloud's `X-RateLimit-Reset`, then Data Center's rate of refill.
    A date is compared with `now`, which is to be Jira's own clock.
    """
    for read in (_asked, _reset, _refill):
        wait = read(headers, now)
        if wait is not None:
            return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)
    return None


def _asked(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    value = headers.get("Retry-After", "").strip()
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    at = http_date(value)
    return at - now if at else None


def _reset(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    try:
        at = datetime.fromisoformat(headers.get("X-RateLimit-Reset", ""))
    except ValueError:
        return None
    return at.replace(tzinfo=at.tzinfo or UTC) - now


def _refill(headers: Mapping[str, str], now: datetime) -> timedelta | None:  # noqa: ARG001 (as its siblings)
    return _seconds(headers.get("X-RateLimit-Interval-Seconds", ""))


def _seconds(value: str) -> timedelta | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    # Bounded here: a timedelta overflows at about 10^14 seconds, and "nan" is a float too.
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds())) if math.isfinite(seconds) else None


def http_date(value: str | None) -> datetime | None:
    """Read an HTTP date as an aware time, or nothing where it is absent or unreadable."""
    try:
        at = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return at.replace(tzinfo=at.tzinfo or UTC)


def is_for_one_issue(headers: Mapping[str, str]) -> bool:
    """Tell whether a 429 concerns only the writes of one issue."""
    return headers.get("RateLimit-Reason", headers.get("X-RateLimit-Reason", "")) == "jira-per-issue-on-write"
