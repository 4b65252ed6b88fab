"""50,000 deliveries: memory stays flat, and no connection, thread or file is left open."""

import json
import os
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from crowd import Crowd
from hosts import HOOK_SECRET, Hosts, children, until
from jira_site import JiraSite
from mail import DELIVERY, Letter, Round

from jira_sandbox.webhooks import sign

pytestmark = pytest.mark.slow

POSTMEN = 4
AGAIN = (None, 503)
"""No answer in time, or not now: Jira brings such a letter again, and so do we."""

ALLOWED_GROWTH = 0.05
LATE_THREADS = 4
"""A pool starts its threads as they are needed; the worker has four."""


def memory(pid: int) -> int:
    """Return a process's memory of its own in bytes: what it shares with the one it was forked from doesn't count."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return int(lines["VmRSS"].split()[0]) * 1024


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


class Flood:
    """Postmen who bring one letter after another about the same projects."""

    def __init__(self, url: str, issues: list[tuple[str, str]]) -> None:
        self.url = url
        self.issues = issues
        self.brought = 0
        self.put_off = 0
        self._lock = threading.Lock()

    def bring(self, count: int) -> float:
        """Bring so many letters; return how many a second."""
        began = time.monotonic()
        with ThreadPoolExecutor(POSTMEN) as pool:
            for done in [pool.submit(self._bring, count // POSTMEN) for _ in range(POSTMEN)]:
                done.result()
        return count / (time.monotonic() - began)

    def _bring(self, count: int) -> None:
        with Round() as round_:
            for number in range(count):
                letter = self._letter(number)
                while (status := round_.post(self.url, letter)) in AGAIN:
                    self.put_off += 1
                assert status == 202
        with self._lock:
            self.brought += count

    def _letter(self, number: int) -> Letter:
        issue, key = self.issues[number % len(self.issues)]
        told = {
            "timestamp": 1_761_600_000_000 + number,
            "webhookEvent": "jira:issue_updated",
            "user": {"accountId": "somebody"},
            "issue": {"id": issue, "key": key, "fields": {"project": {"key": "INT"}, "summary": "x" * 2000}},
        }
        body, name = json.dumps(told).encode(), uuid.uuid4().hex
        return Letter(id=name, headers={DELIVERY: name, "X-Hub-Signature": sign(HOOK_SECRET, body)}, body=body)


def test_memory_stays_flat(jira: JiraSite, hosts: Hosts, sqlite_url: str, deliveries: int) -> None:
    jira.switch("PUT", "webhooks", {"paused": True})
    process = hosts.start("run", sqlite_url)
    hosts.wait_ready()
    assert process.url is not None
    Crowd(jira).begin(20)
    flood = Flood(process.url, [(issue["id"], issue["key"]) for issue in jira.projects()])
    flood.bring(deliveries)
    until(lambda: "wrote" in process.said, "the worker to be at work")
    family = {pid: (memory(pid), threads(pid), open_files(pid)) for pid in children(process.pid)}
    pace = flood.bring(5 * deliveries)
    grown = {pid: memory(pid) / before - 1 for pid, (before, *_) in family.items()}
    more = {pid: (threads(pid) - was, open_files(pid) - files) for pid, (_, was, files) in family.items()}
    print(
        f"\n{flood.brought} deliveries at {pace:.0f}/s, {flood.put_off} put off; memory after warm-up: "
        + ", ".join(f"{was / 1e6:.0f} MB {grown[pid]:+.1%}" for pid, (was, *_) in family.items())
        + f"; threads and files: {list(more.values())}"
    )
    assert set(children(process.pid)) == family.keys(), "a process was started again"
    assert all(growth < ALLOWED_GROWTH for growth in grown.values()), grown
    assert all(new_threads <= LATE_THREADS and new_files <= 2 for new_threads, new_files in more.values()), more
