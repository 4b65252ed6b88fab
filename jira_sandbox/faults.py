"""Switches for faults: rules that make chosen requests fail as networks and Jira do."""

import re
import threading
from dataclasses import dataclass, field
from typing import Literal, get_args

from jira_sandbox.errors import JiraError

Action = Literal["status", "slow", "hang", "reset_before", "reset_after", "html", "redirect", "truncate"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """A rule: of the requests that match, every `every`-th fails, `first` times at most (None: for ever).

    `method` and `path` are regular expressions (the path is matched anywhere), `caller` a user name. Actions:

    - `status`: answer `status` before anything is done; `retry_after` seconds in the header `Retry-After`, as an
      HTTP date with `retry_after_date`; `reason` goes into `RateLimit-Reason`, `message` into `errorMessages`
    - `slow`: do it after `ms` milliseconds; `hang`: never answer
    - `reset_before`, `reset_after`: cut the connection before, or after, the request was carried out
    - `html`: a login page with status 200; `redirect`: 302 to one; `truncate`: carry out, send half of the reply
    """

    action: Action
    method: str = ""
    path: str = ""
    caller: str | None = None
    every: int = 1
    first: int | None = None
    status: int = 503
    retry_after: int | None = None
    retry_after_date: bool = False
    reason: str | None = None
    message: str | None = None
    ms: int = 0
    seen: int = 0
    done: int = 0

    def __post_init__(self) -> None:
        """Refuse a rule that could never work."""
        if self.action not in get_args(Action):
            raise JiraError(400, f"Unknown action '{self.action}': one of {', '.join(get_args(Action))}.")
        if self.every < 1:
            raise JiraError(400, "'every' counts from 1.")
        for pattern in (self.method, self.path):
            try:
                re.compile(pattern)
            except re.error as error:
                raise JiraError(400, f"'{pattern}' is no regular expression: {error}.") from None

    def matches(self, method: str, path: str, caller: str) -> bool:
        """Tell whether a request is one of those that the rule is about."""
        return (
            (not self.method or re.fullmatch(self.method, method, re.IGNORECASE) is not None)
            and re.search(self.path, path) is not None
            and self.caller in (None, caller)
        )


@dataclass(slots=True)
class Faults:
    """The rules in force; the first that strikes decides."""

    rules: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force and return it: its `seen` and `done` count what it met."""
        with self._lock:
            self.rules.append(fault)
        return fault

    def clear(self) -> None:
        """Lift every rule."""
        with self._lock:
            self.rules.clear()

    def strike(self, method: str, path: str, caller: str) -> Fault | None:
        """Count a request with every rule that matches; return the first that strikes."""
        with self._lock:
            struck = [f for f in self.rules if f.matches(method, path, caller) and _counts(f)]
        return struck[0] if struck else None


def _counts(fault: Fault) -> bool:
    if fault.first is not None and fault.done >= fault.first:
        return False
    fault.seen += 1
    if fault.seen % fault.every:
        return False
    fault.done += 1
    return True
