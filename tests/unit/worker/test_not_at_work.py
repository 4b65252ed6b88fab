"""Why a worker can't begin is told on /readyz and the console, with the remedy, until it can."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jira_sandbox
from sync_service.bootstrap import worker_service
from sync_service.config import Settings
from sync_service.jira.errors import Unauthorized, Unreachable
from sync_service.marks import NOT_AT_WORK
from sync_service.processes.serving import receiver_services
from sync_service.processes.working import _opened, examine_and_tell, work
from sync_service.store import open_store
from webhooks import create_app

WRONG = "planted-wrong-token"


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """Take back what a worker does to its process's signals."""
    signals = {sign: signal.getsignal(sign) for sign in (signal.SIGTERM, signal.SIGINT)}
    yield
    for sign, handler in signals.items():
        signal.signal(sign, handler)


@pytest.fixture
def jira() -> Iterator[Any]:
    with jira_sandbox.running() as running:
        yield running


class Site:
    """The settings of one service, and what its receiver says of its health."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def settings(self, url: str, email: str, token: str) -> Settings:
        return Settings.model_validate(
            {
                "jira": {"url": url, "token": token, "email": email, "requests_per_second": 1e6},
                "webhooks": {"secrets": ["planted-secret"]},
                "store": {"url": f"sqlite:///{self.folder}/stagegate.db"},
                "lifecycle": {"enforce_since": "2026-01-01"},
            }
        )

    def advisory(self, settings: Settings) -> dict[str, dict[str, Any]]:
        with open_store(settings.store.url) as store:
            answer = create_app(receiver_services(settings, store, None)).test_client().get("/readyz")
        assert answer.status_code == 200, "deliveries are taken in whatever hinders the worker"
        told: dict[str, dict[str, Any]] = answer.json["advisory"]
        return told


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_wrong_token_is_told_with_the_remedy_until_a_worker_begins(site: Site, jira: Any) -> None:
    who = jira.credentials["service"]
    wrong, right = (site.settings(jira.url, who.email, token) for token in (WRONG, who.token))
    with pytest.raises(Unauthorized):
        work(wrong)
    told = site.advisory(wrong)["jira"]
    assert told["ok"] is False
    assert told["why"].startswith("A worker said on 20")
    assert "jira.token" in told["why"]
    assert WRONG not in told["why"]

    service = worker_service(right)
    assert _opened(service, threading.Event())
    service.close()
    assert site.advisory(right) == {"jira": {"ok": True}, "projects": {"ok": True}}


def test_a_site_that_is_not_there_is_told(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = site.settings(f"http://127.0.0.1:{port}", "me@example.com", "planted-token")
    stop = threading.Event()
    service = worker_service(settings, wait=lambda _: None)
    opening = threading.Thread(target=_opened, args=(service, stop))
    service.store.migrate()
    opening.start()
    for _ in range(200):
        if service.store.marks.get(NOT_AT_WORK):
            break
        time.sleep(0.05)
    stop.set()
    opening.join(10)
    service.close()
    why = site.advisory(settings)["jira"]["why"]
    assert "no connection to http://127.0.0.1" in why
    assert "Check jira.url" in why


def test_a_barred_project_is_told_until_it_is_in_order(site: Site, jira: Any) -> None:
    who = jira.credentials["service"]
    settings = site.settings(jira.url, who.email, who.token)
    service = worker_service(settings)
    service.open()
    jira.site.revocations.append(jira_sandbox.Revocation(permission="CREATE_ISSUES", user_id=None, project_key="INT"))
    examine_and_tell(service)
    why = site.advisory(settings)["projects"]["why"]
    assert "INT: " in why
    assert "CREATE_ISSUES" in why or "Create issues" in why, why
    jira.site.revocations.clear()
    examine_and_tell(service)
    service.close()
    assert site.advisory(settings)["projects"] == {"ok": True}


def test_what_a_worker_told_that_has_ended_since_is_taken_back_by_one_that_finds_jira_answering(
    site: Site, jira: Any
) -> None:
    who = jira.credentials["service"]
    settings = site.settings(jira.url, who.email, who.token)
    ended, works = worker_service(settings), worker_service(settings, wait=lambda _: None)
    works.open()
    ended.hindrances.stopped_by(Unreachable("no route", operation="GET issue"))
    ended.close()

    jira.faults.add(jira_sandbox.Fault(action="status", status=503))
    examine_and_tell(works)
    assert "no route" in site.advisory(settings)["jira"]["why"]
    jira.faults.clear()
    examine_and_tell(works)
    works.close()
    assert site.advisory(settings)["jira"] == {"ok": True}
