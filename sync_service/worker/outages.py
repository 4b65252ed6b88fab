"""Tells an outage of Jira from the failure of one issue, which may look the same."""

import threading
import time
from dataclasses import dataclass

from sync_service.jira.errors import JiraError, RateLimited
from sync_service.worker.retry import outage_wait


@dataclass(frozen=True, slots=True)
class Cause:
    """Whose a failure is: Jira's, which failed as a whole `outages` times in a row, or (0) the issue's own.

    `proven`: others have fared better since the issue last failed; else nobody else has been looked at, and that was
    so before.
    """

    outages: int
    proven: bool = True


class Outages:
    """What this process knows of Jira's outages; from any number of threads.

    An issue that Jira alone cannot answer (a change log so long that a proxy gives up, say) fails as all of Jira would.
    What tells them apart is how others fare: since the issue last failed so, have more looks ended well than failed
    like it? While Jira is down none ends well, and while it answers the smaller part of them the failures prevail: then
    no issue is blamed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._ends = 0.0
        self._balance = 0
        self._failed: dict[str, tuple[int, bool]] = {}

    def answered(self, issue_id: str) -> None:
        """Note that a look at the issue ended well, so Jira answers."""
        with self._lock:
            self._in_a_row = 0
            self._balance += 1
            self._failed.pop(issue_id, None)

    def met(self, issue_id: str, error: Exception) -> Cause:
        """Note a failure, and tell whose it is; runs that met the same outage count once."""
        if not (isinstance(error, JiraError) and error.site_wide):
            return Cause(outages=0)
        with self._lock:
            before, was_own = self._failed.get(issue_id, (self._balance, False))
            proven = self._balance > before
            own = not isinstance(error, RateLimited) and (proven or (was_own and self._balance == before))
            self._balance -= 1
            self._failed[issue_id] = (self._balance, own)
            return Cause(outages=0, proven=proven) if own else Cause(outages=self._outage())

    def _outage(self) -> int:
        if not self._in_a_row or time.monotonic() >= self._ends:
            self._in_a_row += 1
            self._ends = time.monotonic() + outage_wait(self._in_a_row).total_seconds()
        return self._in_a_row
