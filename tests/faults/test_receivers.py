"""`stagegate serve` as its hosts and its senders see it."""

import hmac
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from hosts import PATIENCE, children, until
from postgres import PostgreSQL

from tests.ports import free_port

pytestmark = pytest.mark.slow

SECRET = "planted-webhook-secret"
SETTINGS = """\
[jira]
url = "https://example.atlassian.net"
email = "service@example.com"
token = "env:JIRA"
[webhooks]
port = {port}
secrets = ["env:HOOK"]
processes = {processes}
[store]
url = "{store}"
[lifecycle]
enforce_since = 2026-01-01
"""


class Serving:
    """A running `stagegate serve`."""

    def __init__(self, folder: Path, *, store: str, processes: int) -> None:
        port = free_port()
        self.url, self.log, self.processes = f"http://127.0.0.1:{port}", folder / "serve.log", processes
        self.port = port
        config = folder / "serve.toml"
        config.write_text(SETTINGS.format(port=port, processes=processes, store=store))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sync_service.cli", "serve", "--config", str(config)],
                env=os.environ | {"JIRA": "planted-jira-token", "HOOK": SECRET},
                stdout=output,
                stderr=output,
            )
        until(self.ready, "the receiver to be ready")

    @property
    def pids(self) -> list[int]:
        return children(self.process.pid)

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/readyz", timeout=30).ok and len(self.pids) == self.processes
        except requests.RequestException:
            return False

    def counts(self) -> float:
        """Return how many deliveries a scrape says were refused."""
        (told,) = re.findall(
            r'^stagegate_intake_total\{outcome="refused"\} (\S+)$',
            requests.get(f"{self.url}/metrics", timeout=60).text,
            re.MULTILINE,
        )
        return float(told)

    def directories(self) -> set[Path]:
        """Return the folders of the counts that the processes hold."""
        maps = (Path(f"/proc/{pid}/maps").read_text() for pid in self.pids)
        return {Path(found) for held in maps for found in re.findall(r"/\S*stagegate-metrics-[^/\s]*", held)}


@contextmanager
def serving(folder: Path, *, store: str, processes: int = 1) -> Iterator[Serving]:
    service = Serving(folder, store=store, processes=processes)
    try:
        yield service
    finally:
        service.process.terminate()
        service.process.wait(PATIENCE)


def test_the_counts_of_several_processes_add_up_whichever_answers(tmp_path: Path, server: PostgreSQL) -> None:
    with serving(tmp_path, store=server.schema(), processes=2) as service:
        for _ in range(40):  # each on a connection of its own, so that both processes get some
            assert requests.post(f"{service.url}/webhooks/jira", data=b"{}", timeout=60).status_code == 401
        assert {service.counts() for _ in range(20)} == {40}
        before = service.pids
        (directory,) = service.directories()
        os.kill(before[0], signal.SIGTERM)  # gunicorn starts another in its place
        until(lambda: service.ready() and service.pids != before, "another process")
        assert service.directories() == {directory}, "an ended process leaves the counts to the others"
        assert {service.counts() for _ in range(20)} == {40}
    assert not directory.exists()


# Senders that are not ours


MB = 1024 * 1024
LARGEST = 25 * MB
EVERYBODY = 16
"""As many as there are threads."""
ROOM = 512 * MB // 2
"""What deploy/ grants a receiver, where Kubernetes runs two of its processes."""


def posted(service: Serving, headers: dict[str, str], body: bytes) -> str:
    """Send a delivery as a sender does that reads nothing before its end, and return the answer's first line."""
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as sender:
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with suppress(BrokenPipeError, ConnectionResetError):
            sender.sendall(f"POST /webhooks/jira HTTP/1.1\r\nHost: x\r\n{told}\r\n".encode() + body)
        return answered(sender).partition("\r\n")[0]


def answered(sender: socket.socket) -> str:
    """Read all that comes until the connection is closed."""
    answer = b""
    with suppress(ConnectionResetError):
        while some := sender.recv(65536):
            answer += some
    return answer.decode()


def peak(service: Serving) -> int:
    (pid,) = service.pids
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kilobytes) * 1024


def at_once(send: Callable[[int], str]) -> Counter[str]:
    with ThreadPoolExecutor(EVERYBODY) as senders:
        return Counter(senders.map(send, range(EVERYBODY)))


def test_no_sender_takes_more_memory_than_a_receiver_has(tmp_path: Path) -> None:
    with serving(tmp_path, store=f"sqlite:///{tmp_path / 'stagegate.db'}") as service:
        headers = {"Content-Length": str(LARGEST), "Connection": "close"}
        junk = b"x" * LARGEST

        def right(number: int) -> str:
            body = json.dumps(
                {"webhookEvent": "jira:issue_updated", "timestamp": number + 1, "issue": {"id": "1", "key": "INT-1"}}
            ).encode()
            body += b" " * (LARGEST - len(body))
            signature = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
            return posted(service, headers | {"X-Hub-Signature": f"sha256={signature}"}, body)

        at_once(lambda _: posted(service, headers, junk))
        forged = at_once(lambda _: posted(service, headers | {"X-Hub-Signature": "sha256=" + "0" * 64}, junk))
        ours = at_once(right)
        print(f"\n{forged}, {ours}, peak {peak(service) // MB} MB")
        assert peak(service) < ROOM
        assert service.counts() >= EVERYBODY + 1
        assert ours["HTTP/1.1 202 ACCEPTED"] >= 1


def test_what_is_left_unread_of_a_body_is_no_request(tmp_path: Path) -> None:
    with serving(tmp_path, store=f"sqlite:///{tmp_path / 'stagegate.db'}") as service:
        with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as sender:
            hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 10_000
            head = f"POST /webhooks/jira HTTP/1.1\r\nHost: x\r\nContent-Length: {2 * MB}\r\n\r\n"
            with suppress(BrokenPipeError, ConnectionResetError):
                sender.sendall(head.encode() + hidden)
            answer = answered(sender)
        assert answer.startswith("HTTP/1.1 401 ")
        assert answer.count("HTTP/1.1") == 1
        assert service.counts() == 1
