"""The process tree of `stagegate run`: receiver and worker side by side, started again when one dies."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import structlog

from sync_service.metrics import shared_directory

log = structlog.get_logger("stagegate.run")

METRICS_DIRECTORY = "STAGEGATE_METRICS_DIRECTORY"
"""The environment variable that tells the processes of one tree where they count together."""

USAGE = 2
"""The exit code of a process that can't start with these settings: starting it again would not help."""

GRACE_SECONDS = 9.0
LONGEST_PAUSE = 30.0


class Tree:
    """Keeps one process of each command running until it is told to stop."""

    def __init__(self, commands: Sequence[str], arguments: Sequence[str]) -> None:
        self._commands = {name: [sys.executable, "-m", "sync_service.cli", name, *arguments] for name in commands}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._deaths: dict[str, int] = {}
        self._stop = threading.Event()
        self._metrics = shared_directory()

    def run(self) -> int:
        """Run until SIGTERM or SIGINT, or until a process says that its settings are wrong; return the exit code."""
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, self._asked_to_stop)
        try:
            return self._watch()
        finally:
            self._end_all()
            shutil.rmtree(self._metrics, ignore_errors=True)

    def _asked_to_stop(self, _sign: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _watch(self) -> int:
        while not self._stop.is_set():
            for name in self._commands:
                code = self._running[name].poll() if name in self._running else None
                if code == USAGE:
                    return USAGE
                if name not in self._running:
                    self._start(name)
                elif code is not None:
                    self._restart(name, code)
            self._stop.wait(0.2)
        return 0

    def _start(self, name: str) -> None:
        environment = {**os.environ, METRICS_DIRECTORY: str(self._metrics)}
        self._running[name] = subprocess.Popen(self._commands[name], env=environment)  # noqa: S603 (our own command)

    def _restart(self, name: str, code: int) -> None:
        self._deaths[name] = self._deaths.get(name, 0) + 1
        pause = min(2.0 ** (self._deaths[name] - 1), LONGEST_PAUSE)
        log.error("process ended, starting it again", process=name, code=code, pause_seconds=pause)
        del self._running[name]
        self._stop.wait(pause)

    def _end_all(self) -> None:
        """Let the receiver and the worker end what they are at; what doesn't end in time is killed."""
        for process in self._running.values():
            process.terminate()
        for name, process in self._running.items():
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                log.warning("process did not end in time, killed", process=name)
                process.kill()
                process.wait()


def metrics_directory() -> Path | None:
    """Return where the processes of this tree count together; None for a process on its own."""
    named = os.environ.get(METRICS_DIRECTORY)
    return Path(named) if named else None
