"""The secrets of the settings are in nothing that leaves the service: logs, answers, errors, ledger, crash output."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from crowd import Crowd
from hosts import PATIENCE, Hosts, children, until
from jira_site import JiraSite
from mail import Mail, named

from sync_service.logs import _forms
from sync_service.store import open_store
from tests.ports import free_port

pytestmark = pytest.mark.slow

PASSWORD = "planted-password-of-the-database-7f3a"
OTHER = "planted/second secret+of=the&webhook"
BEARER = "planted-bearer-token-51c9"
BASIC = "planted-basic-password-88e1"


class Searched:
    """Everything that was put out, searched for every notation of the planted secrets."""

    def __init__(self, *secrets: str) -> None:
        self.forms = [form for secret in secrets for form in _forms(secret)]
        self.size = 0
        self.places = 0

    def look_into(self, place: str, text: str) -> None:
        self.size += len(text)
        self.places += 1
        found = [form for form in self.forms if form in text]
        assert not found, f"{place} shows a secret"


@pytest.fixture
def hosts(tmp_path: Path, jira: JiraSite) -> Iterator[Hosts]:
    """Processes that log everything, with secrets of each kind written into their settings."""
    ours = Planted(tmp_path, jira, level="debug")
    yield ours
    ours.end()


class Planted(Hosts):
    def config(self, store: str, *, port: int = 0, name: str = "config") -> Path:
        path = super().config(store, port=port, name=name)
        text = path.read_text().replace(
            'secrets = ["file:',
            f'bearer_tokens = ["{BEARER}"]\nbasic = [{{ user = "jira", password = "{BASIC}" }}]\n'
            f'secrets = ["{OTHER}", "file:',
        )
        path.write_text(text)
        return path


def hostile(url: str, mail: Mail) -> Iterator[requests.Response]:
    """Send what makes the receiver speak: wrong and right credentials, broken bodies, odd paths."""
    letter = mail._sent[0]
    for headers, body in (
        ({}, letter.body),
        ({"Authorization": f"Bearer {BEARER}x"}, letter.body),
        ({"Authorization": f"Bearer {BEARER}"}, b"{"),
        ({"Authorization": f"Basic {BASIC}"}, letter.body),
        (named(letter, "planted").headers, letter.body),
        ({"X-Hub-Signature": OTHER}, letter.body),
        ({"X-Hub-Signature": f"sha256={OTHER}"}, b"\xff" * 100),
    ):
        yield requests.post(f"{url}/webhooks/jira", data=body, headers=headers, timeout=60)
    for path in ("readyz", "healthz", "metrics", f"nowhere?token={BEARER}", "console/"):
        yield requests.get(f"{url}/{path}", headers={"Authorization": f"Bearer {BEARER}"}, timeout=60)


def test_no_output_holds_a_secret(jira: JiraSite, mail: Mail, hosts: Planted, sqlite_url: str) -> None:
    searched = Searched(jira.service["token"], "sandbox-webhook-secret", OTHER, BEARER, BASIC, PASSWORD)
    process = hosts.start("run", sqlite_url)
    hosts.wait_ready()
    jira.fails(0.2)
    mail.start(hosts.receivers())
    crowd = Crowd(jira)
    keys = crowd.begin(5)
    for _ in range(60):
        crowd.act()
    until(lambda: mail.counts.posted > 60, "letters to come in")
    assert process.url is not None
    for answer in hostile(process.url, mail):
        searched.look_into(f"the answer of {answer.url}", answer.text + str(answer.headers))
    jira.works_again()

    for arguments in (
        ("check", "--live"),
        ("check", "--live", "--json"),
        ("explain", keys[0]),
        ("plan", keys[0], "--json"),
        ("explain", "INT-99999"),
        ("sweep",),
        ("audit", "--json"),
        ("queue", "list", "--json"),
        ("queue", "show", keys[0]),
        ("queue", "look", keys[0]),
    ):
        told = hosts.once(*arguments, store=sqlite_url)
        searched.look_into(" ".join(arguments), told.stdout + told.stderr)
        assert "Traceback" not in told.stderr, told.stderr

    for pid in children(process.pid):  # SIGABRT: what a crash writes
        with suppress(ProcessLookupError):  # it ended with its parent
            os.kill(pid, signal.SIGABRT)
    until(lambda: "process ended" in process.said, "the deaths to be noticed")
    until(process.ready, "the receiver to be back")
    process.stop()
    searched.look_into("the log", process.said)
    searched.look_into("the database", database(sqlite_url))
    print(f"\n{searched.places} outputs of {searched.size:,} characters searched for {len(searched.forms)} notations")
    assert len(re.findall("asked Jira", process.said)) > 50, "the log is not at its most talkative"


def database(url: str) -> str:
    """Return all that the store holds, ledger and errors included, as text."""
    path = Path(url.removeprefix("sqlite:///"))
    with open_store(url) as store:
        assert store.ledger.entries(limit=1)
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*")).decode(errors="replace")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"STAGEGATE_STORE__URL": f"postgresql://stagegate:{PASSWORD}@127.0.0.1:{{port}}/x"}, "cannot be reached"),
        ({"STAGEGATE_STORE__URL": f"mysql://stagegate:{PASSWORD}@127.0.0.1/x"}, "neither SQLite nor PostgreSQL"),
        ({"STAGEGATE_JIRA__URL": f"http://stagegate:{PASSWORD}@127.0.0.1:{{port}}"}, ""),
        ({"STAGEGATE_WEBHOOKS__SECRETS": f'["{OTHER}", 3]'}, "webhooks.secrets"),
        ({"STAGEGATE_JIRA__TOKEN": "file:/nowhere/at/all"}, "can't be read"),
    ],
    ids=["database down", "wrong database", "password in jira.url", "wrong type", "no such file"],
)
def test_no_error_holds_a_secret(
    wrong: dict[str, str], said: str, hosts: Planted, jira: JiraSite, sqlite_url: str
) -> None:
    searched = Searched(jira.service["token"], OTHER, BEARER, BASIC, PASSWORD)
    environment: dict[str, Any] = {name: text.format(port=free_port()) for name, text in wrong.items()}
    for command, patience in ((["check", "--live"], PATIENCE), (["queue", "list"], PATIENCE), (["serve"], 6)):
        line = [sys.executable, "-m", "sync_service.cli", *command, "--config", str(hosts.config(sqlite_url))]
        try:
            told = subprocess.run(
                line, env=os.environ | environment, capture_output=True, text=True, timeout=patience, check=False
            )
        except subprocess.TimeoutExpired as running:  # it serves: nothing of what is wrong concerns it
            told = subprocess.CompletedProcess(line, 0, str(running.stdout), str(running.stderr))
        searched.look_into(" ".join(command), told.stdout + told.stderr)
        assert "Traceback" not in told.stderr, told.stderr
        if command[0] == "check":
            assert said in told.stderr
