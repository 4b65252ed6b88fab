"""`stagegate serve` as its hosts and its senders see it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
