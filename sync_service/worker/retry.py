"""What becomes of a key after a run. Pure: outcome and attempts in, the queue's next step out. docs/operations.md."""

import random
from dataclasses import dataclass
from datetime import timedelta

from sync_service.errors import StagegateError
from sync_service.jira.errors import JiraError
from sync_service.store import NotStorable, StoreError, StoreUnavailable

MOST_ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=30)
FIRST_OUTAGE_WAIT = timedelta(seconds=1)
OUTAGE_WAIT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Nothing is left to do until something happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Look again after a while; `hold` means that no event may shorten the wait (Jira asked for it).

    `broken_off`: this end says nothing of whether Jira answers.
    """

    after: timedelta
    why: str
    hold: bool = False
    broken_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing can be decided until somebody acts; the operator is shown why.

    `within` is when time alone changes something else, which a look must not miss.
    """

    why: str
    within: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The run broke off; the next look does the rest."""

    error: Exception


Outcome = Done | Later | Refused | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Put the key off; `counts` tells whether this was an attempt of the issue's own."""

    after: timedelta
    counts: bool
    hold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelve:
    """Park the key as dead until a new event or a person revives it."""


def decide(
    error: Exception, attempts: int, jitter: float | None = None, *, outages: int = 1, proven: bool = True
) -> Again | Shelve:
    """Decide what becomes of a key whose run failed for the `attempts`-th time (from 1).

    An outage that every issue would meet, Jira's or the store's, is never held against one; what no new look can mend
    is parked at once; everything else is tried again with growing pauses, and parked after eight attempts. `jitter`
    is from 0 to 1. Of a failure that looks like Jira's as a whole, `outages` tells how often in a row Jira failed so,
    for one 503 is no reason to rest long, and 0 that it is the issue's own; `proven`, whether that is known by now.
    """
    match error:
        case JiraError(site_wide=True, retry_after=asked) if outages:
            return Again(after=outage_wait(outages) if asked is None else asked, counts=False, hold=asked is not None)
        case StoreUnavailable():
            return Again(after=FIRST_WAIT, counts=False)
        case JiraError(repeatable=False, site_wide=False) | NotStorable():
            return Shelve()
        case StagegateError() if not isinstance(error, JiraError | StoreError):
            return Shelve()
    if proven and attempts >= MOST_ATTEMPTS:
        return Shelve()
    asked = error.retry_after if isinstance(error, JiraError) else None
    return Again(after=pause(attempts, jitter) if asked is None else asked, counts=proven, hold=asked is not None)


def outage_wait(outages: int) -> timedelta:
    """Return how long everybody rests after so many failures of Jira as a whole in a row (from 1): doubled, to 30 s."""
    doubled: timedelta = min(FIRST_OUTAGE_WAIT * 2 ** min(outages - 1, 10), OUTAGE_WAIT)
    return doubled


def pause(attempts: int, jitter: float | None = None) -> timedelta:
    """Return the pause after so many failures: doubled each time, half an hour at most, a quarter more or less."""
    spread = random.random() if jitter is None else jitter  # noqa: S311 (spreads load, keeps no secret)
    doubled: timedelta = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return doubled * (0.75 + spread / 2)
