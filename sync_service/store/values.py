"""What goes into the store and comes out of it: plain frozen values, times aware and UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

OURS_WAITS = timedelta(seconds=30)
"""How long an event caused by our own write is put off, so that a burst of them ends in one look."""


class Priority(IntEnum):
    """Which keys go first: all due keys of a lower number before any of a higher one."""

    LIVE = 0
    FOLLOW_UP = 10
    SWEEP = 20
    AUDIT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook delivery, verified and parsed; `ours` tells that we caused the event ourselves."""

    delivery_id: str
    issue_id: str
    label: str
    event: str
    body: bytes
    ours: bool = False
    priority: Priority = Priority.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A delivery in the inbox, without its body; `size` is the body's, in bytes."""

    delivery_id: str
    issue_id: str
    event: str
    at: datetime
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on one issue until the lease ends.

    `lease` is unique to this claim; `attempts` counts the failures and lost leases before it; `since` is when the
    issue began to wait.
    """

    issue_id: str
    label: str
    gen: int
    lease: str
    attempts: int
    since: datetime
    priority: Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a look at an issue failed, with the version of Stagegate that it failed in."""

    type: str
    text: str
    trace: str
    version: str


class Condition(StrEnum):
    """Where a key of the queue stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One key of the queue as an operator sees it.

    `due` is when it may be claimed (None while it runs and nothing else waits); `failure` is the last one, kept
    until a look succeeds.
    """

    issue_id: str
    label: str
    gen: int
    priority: Priority
    condition: Condition
    due: datetime | None
    since: datetime
    attempts: int
    owner: str | None
    lease_until: datetime | None
    failure: Failure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many keys wait (of them `due` now), run and are dead; and how long the longest due one has been so."""

    waiting: int
    due: int
    running: int
    dead: int
    oldest_due_age: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A certification slot that an issue holds."""

    issue_id: str
    start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """The last derived state of one project issue; disposable. `at` is when it became what it is."""

    issue_id: str
    key: str
    mapping: str
    stage: str
    fingerprint: str
    state: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger: what was planned or done for an issue, why, and which deliveries led to it."""

    issue_id: str
    key: str
    kind: str
    at: datetime
    reasons: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    deliveries: tuple[str, ...] = ()
    who: str | None = None
