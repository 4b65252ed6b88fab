"""What the tests of the worker stand in: a clock that tests move, and answers to looks as a test says them."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sync_service.store import Claim
from sync_service.worker.retry import Done, Outcome


class Clock:
    """Time that only tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


class Looker:
    """Answers each look by the script of its issue, the last line for ever; remembers who was looked at."""

    def __init__(self) -> None:
        self.script: dict[str, list[Outcome | Callable[[], Outcome]]] = {}
        self.looks: list[str] = []
        self.allowed: list[bool] = []
        self.looked = threading.Event()

    def look(self, claim: Claim, still_mine: Callable[[], bool]) -> Outcome:
        lines = self.script.get(claim.issue_id, [Done()])
        line = lines.pop(0) if len(lines) > 1 else lines[0]
        outcome = line() if callable(line) else line
        self.allowed.append(still_mine())
        self.looks.append(claim.issue_id)
        self.looked.set()
        return outcome
