"""A project that its mapping doesn't fit is barred: nothing is written there until it is put in order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jira_sandbox
from sync_service.bootstrap import WorkerService, worker_service
from sync_service.checking import check_live
from sync_service.config import Settings
from sync_service.jira.errors import Unauthorized
from sync_service.processes.working import examine
from sync_service.store import Priority


@pytest.fixture
def jira() -> Iterator[Any]:
    with jira_sandbox.running() as running:
        yield running


@pytest.fixture
def service(jira: Any, tmp_path: Path) -> Iterator[WorkerService]:
    who = jira.credentials["service"]
    settings = Settings.model_validate(
        {
            "jira": {"url": jira.url, "token": who.token, "email": who.email, "requests_per_second": 1e6},
            "store": {"url": f"sqlite:///{tmp_path}/stagegate.db"},
            "lifecycle": {"enforce_since": "2026-01-01"},
        }
    )
    built = worker_service(settings, wait=lambda _: None)
    built.open()
    yield built
    built.close()


def new_project(jira: Any) -> Any:
    with jira.site.lock:
        body = {"project": {"key": "INT"}, "issuetype": {"name": "Integration"}, "summary": "Acme"}
        return jira_sandbox.writing.create(jira.site, jira_sandbox.preset.person(jira.site, "tc"), {"fields": body})


def test_a_project_in_order_is_worked_on(jira: Any, service: WorkerService) -> None:
    assert examine(service.gateway)
    assert not service.gateway.barred


def test_a_project_where_writing_would_fail_is_left_alone_and_taken_up_again(jira: Any, service: WorkerService) -> None:
    jira.site.revocations.append(jira_sandbox.Revocation(permission="CREATE_ISSUES", user_id=None, project_key="INT"))
    assert examine(service.gateway)
    assert list(service.gateway.barred) == ["INT"]
    jira.site.revocations.clear()
    issue = new_project(jira)
    service.store.queue.put([(str(issue.id), issue.key)], priority=Priority.LIVE)
    service.worker.drain()
    assert jira.site.subtasks(issue) == []
    assert issue.comments == []

    assert examine(service.gateway)
    assert not service.gateway.barred
    service.store.queue.put([(str(issue.id), issue.key)], priority=Priority.LIVE)
    service.worker.drain()
    assert len(jira.site.subtasks(issue)) == 3


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/field/[^/]+/context", id="the token lacks a scope"),
        pytest.param("/project/INT/role", id="we don't administer the project"),
        pytest.param("/issueLinkType", id="something else"),
    ],
)
def test_a_401_for_one_thing_leaves_the_rest_judged(jira: Any, service: WorkerService, path: str) -> None:
    """The documented scopes don't reach the contexts of fields; a missing permission of Jira's may be a 401, too."""
    words = "Unauthorized; scope does not match"
    jira.faults.add(jira_sandbox.Fault(action="status", status=401, path=path, message=words))
    jira.site.revocations.append(jira_sandbox.Revocation(permission="CREATE_ISSUES", user_id=None, project_key="INT"))

    (found,) = check_live(service.gateway)
    assert any("CREATE_ISSUES" in fault for fault in found.faults)
    assert any(words in line for line in found.unread)
    assert examine(service.gateway)
    assert list(service.gateway.barred) == ["INT"]


def test_a_default_assignee_is_told_and_hinders_nothing(jira: Any, service: WorkerService) -> None:
    """Steps that nobody owns then go to the project's lead."""
    jira.site.project("INT").assignee_type = "PROJECT_LEAD"
    (found,) = check_live(service.gateway)
    assert (found.faults, len(found.weaknesses)) == ((), 1)
    assert "set it to 'Unassigned'" in found.weaknesses[0]

    issue = new_project(jira)
    service.store.queue.put([(str(issue.id), issue.key)], priority=Priority.LIVE)
    service.worker.drain()
    lead = jira.site.project("INT").lead_id
    assert {step.values["assignee"] for step in jira.site.subtasks(issue)} == {lead}

    jira.site.project("INT").assignee_type = "UNASSIGNED"
    assert check_live(service.gateway)[0].weaknesses == ()


def test_wrong_credentials_are_still_told_as_such(jira: Any, service: WorkerService) -> None:
    jira.faults.add(jira_sandbox.Fault(action="status", status=401))
    with pytest.raises(Unauthorized):
        check_live(service.gateway)
    jira.faults.clear()
    jira.faults.add(jira_sandbox.Fault(action="status", status=401, path="/issueLinkType|/myself"))
    with pytest.raises(Unauthorized, match="GET myself"):
        check_live(service.gateway)


def test_while_jira_is_away_what_was_found_before_holds(jira: Any, service: WorkerService) -> None:
    service.gateway.barred = {"INT": ("something is missing",)}
    jira.faults.add(jira_sandbox.Fault(action="status", status=503))
    assert not examine(service.gateway)
    assert list(service.gateway.barred) == ["INT"]
