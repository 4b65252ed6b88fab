"""The process tree of `stagegate run`: receiver and worker side by side, started again when one dies.

The processes are forked from one that has loaded everything and does nothing: they start at once, share its memory,
and a restart brings up the very code that was running. Whoever forks has no threads and no connections.
"""

import ctypes
import errno
import gc
import importlib
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import FrameType

import structlog

from sync_service.errors import ConfigurationError
from sync_service.metrics import shared_directory

log = structlog.get_logger("stagegate.run")

Role = Callable[[Path], None]
"""What one process does until it is told to stop; it is handed the directory in which the tree counts together."""

USAGE = 2
"""The exit code of a process that can't start with these settings: starting it again would not help."""

GRACE_SECONDS = 9.0
"""What the processes have together to end what they are at."""

LONGEST_PAUSE = 5.0
"""Deliveries wait in the kernel meanwhile, and Jira waits 20 s for their answers; a fork costs little."""

HEALTHY_SECONDS = 60.0
"""A process that ran as long was well: when it dies, it is started again as after its first death."""

BACKLOG = 2048
WATCH_SECONDS = 0.2
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
"""`prctl(2)`: the signal that a process gets when its parent dies; the name that `ps` and `top` show."""

LOADED_BEFORE = (
    "apscheduler.schedulers.background",
    "apscheduler.triggers.cron",
    "gunicorn.arbiter",
)
"""What the processes import only when they run, and then each for itself."""

STOPS = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True, kw_only=True)
class Kept:
    """One role that is kept running; times are of the monotonic clock."""

    name: str
    role: Role
    process: ForkProcess | None = None
    deaths: int = 0
    started: float = 0.0
    start_at: float = 0.0


class Tree:
    """Keeps one process for each role running until it is told to stop.

    `first` is done before, in a process of its own: what it loads, and what it leaves behind, is gone with it.
    """

    def __init__(self, roles: Mapping[str, Role], *, first: Callable[[], None]) -> None:
        self._first = first
        self._kept = [Kept(name=name, role=role) for name, role in roles.items()]
        self._stopping = False
        self._metrics = shared_directory()

    def run(self) -> int:
        """Run until SIGTERM or SIGINT, or until a process says that its settings are wrong; return the exit code."""
        for sign in STOPS:
            signal.signal(sign, self._asked_to_stop)
        for name in LOADED_BEFORE:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()  # what is loaded stays shared: no collection in a child touches it
        try:
            return self._prepared() or self._watch()
        finally:
            self._end_all()
            shutil.rmtree(self._metrics, ignore_errors=True)

    def _asked_to_stop(self, _sign: int, _frame: FrameType | None) -> None:
        self._stopping = True  # no more: whatever takes a lock could wait for the very code that it interrupts

    def _prepared(self) -> int:
        """Do what comes first; return `USAGE` if that can't be done with these settings, else 0.

        What fails for another reason fails again in the processes that need it, which are started again until it is
        well: the database may come up later than we.
        """
        kept = Kept(name="prepare", role=lambda _metrics: self._first())
        self._start(kept)
        process = kept.process
        while process is not None and process.exitcode is None:
            if self._stopping:
                process.terminate()
            process.join(WATCH_SECONDS)
        return USAGE if process is not None and process.exitcode == USAGE else 0

    def _watch(self) -> int:
        while not self._stopping:
            for kept in self._kept:
                code = kept.process.exitcode if kept.process else None
                if code == USAGE and not kept.deaths:
                    return USAGE
                if code is not None:
                    self._bury(kept, code)
                elif kept.process is None and time.monotonic() >= kept.start_at:
                    self._start(kept)
            connection.wait([kept.process.sentinel for kept in self._kept if kept.process], WATCH_SECONDS)
        return 0

    def _start(self, kept: Kept) -> None:
        """Fork the process; signals wait until it has handlers of its own, so that none is lost in between."""
        process = multiprocessing.get_context("fork").Process(target=self._become, args=(kept,), name=kept.name)
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        kept.process, kept.started = process, time.monotonic()
        log.info("started", process=kept.name, pid=process.pid)

    def _become(self, kept: Kept) -> None:
        """Be the new process: in a group of its own, so that Ctrl-C reaches the tree, which ends its processes."""
        os.setpgid(0, 0)
        for sign in STOPS:
            signal.signal(sign, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        _end_with_parent(kept.name)
        try:
            kept.role(self._metrics)
        except Exception:  # noqa: BLE001 (what nobody foresaw is logged, redacted, and ends the process)
            sys.excepthook(*sys.exc_info())
            sys.exit(1)

    def _bury(self, kept: Kept, code: int) -> None:
        now = time.monotonic()
        kept.deaths = 1 if now - kept.started > HEALTHY_SECONDS else kept.deaths + 1
        pause = min(2.0 ** (kept.deaths - 1), LONGEST_PAUSE)
        log.error("process ended, starting it again", process=kept.name, code=code, pause_seconds=pause)
        kept.process, kept.start_at = None, now + pause

    def _end_all(self) -> None:
        """Let the processes end what they are at, all within one grace; what doesn't end in time is killed."""
        deadline = time.monotonic() + GRACE_SECONDS
        running = [kept.process for kept in self._kept if kept.process]
        for process in running:
            process.terminate()
        for process in running:
            process.join(max(deadline - time.monotonic(), 0))
            if process.exitcode is None:
                log.warning("process did not end in time, killed", process=process.name)
                process.kill()
                process.join()


def _end_with_parent(name: str) -> None:
    """Let the kernel end this process when the tree is killed, and show its name (Linux; elsewhere it lives on)."""
    if sys.platform != "linux":
        return
    kernel = ctypes.CDLL(None)
    kernel.prctl(PR_SET_NAME, f"sg-{name}"[:15].encode())
    kernel.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:  # it died before we asked
        sys.exit(0)


def listen(host: str, port: int) -> socket.socket:
    """Listen for deliveries; port 0 takes a free one. Raises ConfigurationError that says why it can't be done there.

    The tree listens itself, so that deliveries wait in the kernel while the receiver is started again.
    """
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise ConfigurationError(
                f"webhooks.host: {host!r} is no address of this machine; try 127.0.0.1, or 0.0.0.0 for all of them"
            ) from None
        why = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigurationError(
            f"webhooks.port: can't listen on {host}:{port}: {why}; stop what listens there, or choose another port"
        ) from None
