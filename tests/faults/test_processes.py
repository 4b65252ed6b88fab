"""The process tree of `stagegate run`: it stops in time, starts again what dies, and says what is wrong with it."""

import hmac
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from hosts import PATIENCE, gone, until

import jira_sandbox
from tests.ports import free_port

SECRET = "planted-webhook-secret"
BODY = (
    b'{"webhookEvent": "jira:issue_updated", "timestamp": 1, '
    b'"issue": {"id": "1", "key": "INT-1", "fields": {"project": {"key": "INT"}}}}'
)
SIGNED = {"X-Hub-Signature": f"sha256={hmac.new(SECRET.encode(), BODY, 'sha256').hexdigest()}"}
pytestmark = pytest.mark.slow

STOP, SPARE = 10.0, 20.0
"""After so long the processes have ended or are killed, and so much later a busy machine has come to it."""

SETTINGS = """\
[jira]
url = "{jira}"
email = "service@sandbox.example"
token = "{token}"
[webhooks]
port = {port}
secrets = ["env:HOOK"]
[store]
url = "sqlite:///{folder}/stagegate.db"
[lifecycle]
enforce_since = 2026-01-01
"""


@dataclass(slots=True, kw_only=True)
class Service:
    """A running `stagegate run`."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until(self, ask: Callable[[], object], what: str) -> None:
        try:
            until(ask, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; it said:\n{self.said}") from None

    def pids(self, name: str) -> list[int]:
        """Return the processes that were started under a name, the oldest first."""
        return [int(pid) for pid in re.findall(rf"started .*pid=(\d+) process={name}", self.said)]

    def ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=30).ok
        except requests.RequestException:
            return False


class Runs:
    """Starts services in a folder, and ends them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services: list[Service] = []

    def start(
        self,
        command: str = "run",
        *,
        jira: str = "http://127.0.0.1:9",
        token: str = "env:TOKEN",
        port: int | None = None,
        more: str = "",
    ) -> Service:
        port = port or free_port()
        config = self.folder / "config.toml"
        config.write_text(SETTINGS.format(jira=jira, token=token, port=port, folder=self.folder) + more)
        log = self.folder / f"{len(self.services)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "sync_service.cli", command, "--config", str(config)],
                env={**os.environ, "TOKEN": "service-sandbox-token", "HOOK": SECRET},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        service = Service(process=process, url=f"http://127.0.0.1:{port}", log=log)
        self.services.append(service)
        return service

    def end(self) -> None:
        for service in self.services:
            if service.process.poll() is None:
                service.process.terminate()
                service.process.wait(PATIENCE)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    running = Runs(tmp_path)
    yield running
    running.end()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT], ids=lambda sign: sign.name)
def test_it_stops_in_time_and_leaves_no_process_behind(runs: Runs, sign: signal.Signals) -> None:
    """Also while a connection is kept open, and while the worker waits for work."""
    with jira_sandbox.running() as jira:
        service = runs.start(jira=jira.url)
        service.until(lambda: service.ready() and "working" in service.said, "the service to work")
        with requests.Session() as kept_open:
            kept_open.get(f"{service.url}/healthz", timeout=60)
            service.process.send_signal(sign)
            assert service.process.wait(STOP + SPARE) == 0
    assert all(gone(pid) for name in ("receiver", "worker") for pid in service.pids(name))
    assert "Traceback" not in service.said


def test_a_worker_alone_shows_its_counts_and_stops_in_time(runs: Runs) -> None:
    port = free_port()
    with jira_sandbox.running() as jira:
        service = runs.start("work", jira=jira.url, more=f"[worker]\nmetrics_port = {port}\n")
        service.until(lambda: "working" in service.said, "the worker to work")
        with requests.Session() as kept_open:
            told = kept_open.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
            service.process.terminate()
            assert service.process.wait(STOP + SPARE) == 0
    assert re.search(r"^stagegate_jira_calls_total\{.*\} [1-9]", told, re.MULTILINE)
    assert "stagegate_store_up 1.0" in told
    assert "Traceback" not in service.said


@pytest.mark.parametrize("name", ["receiver", "worker"])
def test_a_killed_process_is_started_again(runs: Runs, name: str) -> None:
    service = runs.start()
    service.until(lambda: service.ready() and service.pids("worker"), "the service to start")
    os.kill(service.pids(name)[0], signal.SIGKILL)
    service.until(lambda: len(service.pids(name)) == 2, "a second start")
    service.until(service.ready, "the receiver to be ready")
    assert not gone(service.pids(name)[1])


def test_no_delivery_is_lost_while_the_receiver_is_started_again(runs: Runs) -> None:
    """The tree listens itself, so a delivery waits in the kernel until the new receiver takes it."""
    service = runs.start()
    service.until(service.ready, "the receiver to be ready")
    os.kill(service.pids("receiver")[0], signal.SIGSTOP)
    os.kill(service.pids("receiver")[0], signal.SIGKILL)
    answers: list[int] = []

    def deliver() -> None:
        answer = requests.post(f"{service.url}/webhooks/jira", data=BODY, headers=SIGNED, timeout=PATIENCE)
        answers.append(answer.status_code)

    sender = threading.Thread(target=deliver)
    service.until(lambda: "process ended" in service.said, "the death to be noticed")
    sender.start()
    sender.join(PATIENCE)
    assert answers == [202]


def test_intake_goes_on_while_jira_is_down_at_the_start(runs: Runs) -> None:
    service = runs.start(jira=f"http://127.0.0.1:{free_port()}")
    service.until(lambda: service.ready() and "can't begin yet" in service.said, "the worker to try")
    answer = requests.post(f"{service.url}/webhooks/jira", data=BODY, headers=SIGNED, timeout=60)
    assert answer.status_code == 202
    assert answer.json() == {"queued": "INT-1"}
    advisory = requests.get(f"{service.url}/readyz", timeout=60).json()["advisory"]
    assert "Check jira.url" in advisory["jira"]["why"]


def test_the_processes_end_with_a_tree_that_is_killed(runs: Runs) -> None:
    service = runs.start()
    service.until(lambda: service.ready() and service.pids("worker"), "the service to start")
    pids = service.pids("receiver") + service.pids("worker")
    service.process.kill()
    service.process.wait(PATIENCE)
    service.until(lambda: all(map(gone, pids)), "the processes to end")


def test_a_port_in_use_is_said_clearly(runs: Runs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service = runs.start(port=taken.getsockname()[1])
        assert service.process.wait(PATIENCE) == 2
    assert "webhooks.port: can't listen on 127.0.0.1:" in service.said
    assert "Address already in use" in service.said
    assert "Traceback" not in service.said


def test_a_secret_that_is_not_set_ends_it_with_a_message(runs: Runs) -> None:
    service = runs.start(token="env:NOT_SET")
    assert service.process.wait(PATIENCE) == 2
    assert "jira.token: the environment variable NOT_SET is not set" in service.said
    assert "Traceback" not in service.said


def test_a_token_that_jira_refuses_ends_it_with_the_remedy(runs: Runs) -> None:
    token = runs.folder / "token"
    token.write_text("planted-wrong-token")
    with jira_sandbox.running() as jira:
        service = runs.start(jira=jira.url, token=f"file:{token}")
        assert service.process.wait(PATIENCE) == 2
    assert "jira.token" in service.said.partition("error: ")[2], service.said
    assert "not-the-right-one" not in service.said
    assert "Traceback" not in service.said
