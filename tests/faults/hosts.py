"""Our own processes as a host runs them: started from the command line, killed with all their children, searched."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import requests
from jira_site import JiraSite

from sync_service.config import Settings, load_settings
from tests.ports import free_port

HOOK_SECRET = "sandbox-webhook-secret"
LEASE = 10.0
PATIENCE = 240.0
"""How long anything may take that is not itself a promise in seconds: the machine may be busy with other tests."""

GROWN = 6.0
SETTINGS = """\
[jira]
url = "{jira}"
email = "{email}"
token = "file:{folder}/token"
read_timeout = 10.0
[webhooks]
port = {port}
secrets = ["file:{folder}/secret"]
[store]
url = "{store}"
[lifecycle]
enforce_since = 2026-01-01
[worker]
lease_seconds = {lease}
log_level = "{level}"
"""


def until(ask: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something holds; fails with what it was after so many seconds."""
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}, in vain"
        time.sleep(0.1)


def children(pid: int) -> list[int]:
    """Return a process's descendants, the youngest last."""
    try:
        direct = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*direct, *(younger for child in direct for younger in children(child))]


def gone(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has asked for its exit code yet counts as ended.

    What becomes of an orphan depends on the first process of the machine, and not every one there buries the dead.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def members(session: int) -> list[int]:
    """Return the processes of a session that have not ended, orphans among them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _parent, _group, of, *_ = entry.read_text().rpartition(")")[2].split()
            if state not in "ZX" and int(of) == session:
                found.append(int(entry.parent.name))
    return found


def kill(pid: int, config: Path) -> None:
    """Kill a process that was started with these settings; one that ended a moment ago may have lent its number."""
    with suppress(ProcessLookupError, FileNotFoundError):
        if str(config).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


class Process:
    """One of our commands, started and, if it was killed, started again."""

    def __init__(self, command: str, config: Path, url: str | None) -> None:
        self.command, self.url, self.config = command, url, config
        self.log = config.with_name(f"{config.stem}-{command}-{id(self):x}.log")
        self._popen: subprocess.Popen[bytes] | None = None
        self.codes: list[int] = []
        self.start()

    def start(self) -> None:
        self._started = time.monotonic()
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "sync_service.cli", self.command, "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self._popen is not None
        return self._popen.pid

    @property
    def age(self) -> float:
        """How many seconds ago it was started."""
        return time.monotonic() - self._started

    @property
    def alive(self) -> bool:
        assert self._popen is not None
        return self._popen.poll() is None

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def family(self) -> list[int]:
        return [self.pid, *children(self.pid)]

    def ready(self) -> bool:
        """Tell whether it is at its work; fails if it has ended, for then it never will be."""
        assert self.alive, "it has ended"
        try:
            return self.url is None or requests.get(f"{self.url}/readyz", timeout=30).ok
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """Kill all that came of the command, as a host that fails does.

        That is its session: a receiver whose parent was killed before is no descendant any more, but holds the port.
        """
        while left := members(self.pid):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert self._popen is not None
        self._popen.wait(PATIENCE)

    def stop(self) -> float:
        """Ask it to end, and return how long that took; no process of its may be left."""
        assert self._popen is not None
        began, family = time.monotonic(), self.family()
        self._popen.terminate()
        try:
            self.codes.append(self._popen.wait(PATIENCE))
        except subprocess.TimeoutExpired:
            said = self.said[-3000:]
            self.kill()
            raise AssertionError(f"{self.command} did not end within {PATIENCE:.0f} s:\n{said}") from None
        took = time.monotonic() - began
        left = [pid for pid in family if not gone(pid)]
        assert not left, f"{self.command} left processes behind"
        return took


class Hosts:
    """All our processes of a test, with one store and one Jira."""

    def __init__(self, folder: Path, jira: JiraSite, *, level: str = "info") -> None:
        self.folder, self.jira, self.level = folder, jira, level
        self.processes: list[Process] = []
        (folder / "token").write_text(jira.service["token"])
        (folder / "secret").write_text(HOOK_SECRET)

    def config(self, store: str, *, port: int = 0, name: str = "config") -> Path:
        path = self.folder / f"{name}-{len(list(self.folder.glob('*.toml')))}.toml"
        text = SETTINGS.format(
            folder=self.folder,
            jira=self.jira.url,
            email=self.jira.service["email"],
            port=port,
            store=store,
            lease=LEASE,
            level=self.level,
        )
        path.write_text(text)
        return path

    def start(self, command: str, store: str) -> Process:
        """Start `run`, `serve` or `work` as on a host of its own."""
        port = 0 if command == "work" else free_port()
        config = self.config(store, port=port, name=command)
        process = Process(command, config, f"http://127.0.0.1:{port}" if port else None)
        self.processes.append(process)
        return process

    def once(self, *arguments: str, store: str) -> "subprocess.CompletedProcess[str]":
        """Run a command that ends by itself."""
        command = [sys.executable, "-m", "sync_service.cli", *arguments, "--config", str(self.config(store))]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def settings(self, store: str) -> Settings:
        settings, _ = load_settings(self.config(store), os.environ)
        return settings

    def receivers(self) -> list[str]:
        return [process.url for process in self.processes if process.url]

    def wait_ready(self) -> None:
        for process in self.processes:
            try:
                until(process.ready, f"{process.command} to be ready")
            except AssertionError as error:
                raise AssertionError(f"{process.command}: {error}; it said:\n{process.said[-3000:]}") from None

    def stop(self) -> None:
        for process in self.processes:
            if process.alive:
                process.stop()

    def end(self) -> None:
        """End whatever runs, and search all that was said for secrets and crashes."""
        for process in self.processes:
            if process.alive:
                process.kill()
        for process in self.processes:
            for secret in (self.jira.service["token"], HOOK_SECRET):
                assert secret not in process.said, f"a secret is in {process.log}"


class Reaper:
    """Kills a process of ours at random every second or two, and starts again what is down."""

    def __init__(self, hosts: Hosts, *, seed: int = 1) -> None:
        self.hosts = hosts
        self.kills = 0
        self._dice = random.Random(seed)

    def reap(self, stop: threading.Event) -> None:
        while not stop.wait(1 + self._dice.random()):
            self._revive()
            self._strike()
        self._revive()

    def _revive(self) -> None:
        for process in self.hosts.processes:
            if not process.alive:
                process.start()

    def _strike(self) -> None:
        """Kill one child (its parent starts another), or, one time in four, a process with all its children.

        What was started a moment ago is spared: killed before it has begun, it would never work.
        """
        grown = [process for process in self.hosts.processes if process.age > GROWN]
        if not grown:
            return
        process = self._dice.choice(grown)
        offspring = children(process.pid)
        if offspring and self._dice.random() < 0.75:
            kill(self._dice.choice(offspring), process.config)
        else:
            process.kill()
        self.kills += 1


def start_all(hosts: Hosts, url: str, *, serve: int, work: int) -> None:
    """Start what a deployment has: one `run` on SQLite, some `serve` and `work` on PostgreSQL."""
    if url.startswith("sqlite"):
        hosts.start("run", url)
    else:
        for command, count in (("serve", serve), ("work", work)):
            for _ in range(count):
                hosts.start(command, url)
    hosts.wait_ready()
