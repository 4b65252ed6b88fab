"""How fast we may go: Jira's requests to wait, and its limit of writes to one issue.

Cloud: https://developer.atlassian.com/cloud/jira/platform/rate-limiting/ (read 2026-11). Data Center's headers:
https://confluence.atlassian.com/adminjiraserver/improving-instance-stability-with-rate-limiting-983794911.html
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

SITE_PAUSE = "jira"
"""The name under which a pause of the whole site is kept."""

WRITES_PER_ISSUE = ((20, 2.0), (100, 30.0))
"""Jira Cloud's limits on one issue: so many writes within so many seconds."""

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
