"""The demo's child processes: each writes to a log of its own, is watched, and ends with the demo."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sync_service.errors import StagegateError

SIGNALS = (signal.SIGTERM, signal.SIGINT)
GRACE_SECONDS = 11.0
"""A little more than `stagegate run` takes at most."""

TOLD_LINES = 12
POLL_SECONDS = 0.03

Answer = TypeVar("Answer")


class Interrupted(BaseException):
    """The demo was asked to stop; `sign` is the signal's number."""

    def __init__(self, sign: int) -> None:
        self.sign = sign


class ChildDied(StagegateError):
    """A process that the demo needs has ended; the text has the end of its log."""

    reason = "demo_child_died"


class NoAnswer(StagegateError):
    """Something that the demo waited for did not happen in time."""

    reason = "demo_no_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process and the files that its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    output: Path
    log: Path

    def check(self) -> None:
        """Raise ChildDied, with the last lines of its log, if the process has ended."""
        code = self.process.poll()
        if code is not None:
            last = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TOLD_LINES:]
            raise ChildDied("\n".join([f"the {self.name} ended with code {code}; the end of its log:", *last]))

    def end(self) -> None:
        """Ask it to end, and kill its group where it doesn't."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


class Nursery:
    """The child processes, all ended when the context is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[Child] = []

    def start(self, name: str, command: Sequence[str], environment: dict[str, str]) -> Child:
        """Start a process in a session of its own: Ctrl-C reaches the demo alone, which ends it in order."""
        output, log = self._folder / f"{name}.out", self._folder / f"{name}.log"
        with _uninterrupted(), output.open("wb") as out, log.open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603 (our own command)
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True
            )
            child = Child(name=name, process=process, output=output, log=log)
            self._children.append(child)
        return child

    def check(self) -> None:
        """Raise ChildDied if one of them has ended."""
        for child in self._children:
            child.check()

    def end(self) -> None:
        """End all of them, the youngest first."""
        for child in reversed(self._children):
            child.end()

    def wait_for(self, ask: Callable[[], Answer | None], what: str, seconds: float) -> Answer:
        """Ask until there is an answer; raises ChildDied when a process ends, NoAnswer after so many seconds."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while (answer := ask()) is None:
            self.check()
            if time.monotonic() > deadline:
                raise NoAnswer(f"waited {seconds:.0f} s for {what}, in vain")
            pause.wait(POLL_SECONDS)
        return answer

    def first_line(self, child: Child) -> Any:
        """Return the JSON of the first line that the process prints."""

        def ask() -> str | None:
            line, end, _ = child.output.read_text(encoding="utf-8").partition("\n")
            return line if end else None

        return json.loads(self.wait_for(ask, f"the {child.name} to start", 20))


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGINT raise Interrupted inside, so that everything is cleaned up on the way out."""

    def raise_it(sign: int, _frame: object) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)  # the cleaning up itself is not interrupted
        raise Interrupted(sign)

    before = {sign: signal.signal(sign, raise_it) for sign in SIGNALS}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put signals off, so that a process which was started is also known. (To block them would block the child's.)"""
    noted: list[int] = []
    before = {sign: signal.signal(sign, lambda number, _frame: noted.append(number)) for sign in SIGNALS}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
        if noted:
            signal.raise_signal(noted[0])
