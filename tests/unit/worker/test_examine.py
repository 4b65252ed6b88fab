"""A project that its mapping doesn't fit is barred: nothing is written there until it is put in order."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

import jira_sandbox
from jira_sandbox import relations
from sync_service.bootstrap import WorkerService, worker_service
from sync_service.checking import check_live
from sync_service.config import Settings
from sync_service.jira.errors import Unauthorized
from sync_service.processes.working import examine
from sync_service.store import Priority

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.fixture
def jira() -> Iterator[Any]:
    with jira_sandbox.running(clock=jira_sandbox.Clock(frozen_at=NOW), workflow="open") as running:
        yield running


@pytest.fixture
def start(jira: Any, tmp_path: Path) -> Iterator[Callable[[], WorkerService]]:
    """Start the service, or start it anew."""
    begun: list[WorkerService] = []

    def begin() -> WorkerService:
        begun.append(service_of(jira, tmp_path))
        begun[-1].open()
        return begun[-1]

    yield begin
    for one in begun:
        one.close()


@pytest.fixture
def service(start: Callable[[], WorkerService]) -> WorkerService:
    return start()


def service_of(jira: Any, tmp_path: Path) -> WorkerService:
    who = jira.credentials["service"]
    settings = Settings.model_validate(
        {
            "jira": {"url": jira.url, "token": who.token, "email": who.email, "requests_per_second": 1e6},
            "store": {"url": f"sqlite:///{tmp_path}/stagegate.db"},
            "lifecycle": {"enforce_since": "2026-01-01"},
        }
    )
    return worker_service(settings, clock=jira.clock.now, wait=lambda _: None, store_clock=jira.clock.now)


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


# --- What an admin renames while the service runs


def look(service: WorkerService, jira: Any, issue: Any) -> None:
    service.store.queue.put([(str(issue.id), issue.key)], priority=Priority.LIVE)
    service.worker.drain()
    jira.clock.advance(minutes=1)


def move(jira: Any, issue: Any, status: str) -> None:
    with jira.site.lock:
        who = jira_sandbox.preset.person(jira.site, "tc")
        way = next(t for t in jira.site.available(issue, who) if jira.site.statuses[t.to].name == status)
        jira_sandbox.writing.transition(jira.site, who, issue, {"transition": {"id": way.id}})


RENAMED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "field": (lambda site: site.field_named("Go-live Date"), "write it into fields.go_live_date.name of the mapping"),
    "status": (lambda site: site.status_named("Launch"), "write it into the mapping"),
    "step status": (lambda site: site.status_named("To Do"), "write it into the mapping"),
    "issue type": (lambda site: kind(site, "Integration"), "write it into jira.issue_type of the mapping"),
    "sub-task type": (lambda site: kind(site, "Sub-task"), "write it into jira.subtask_type of the mapping"),
}


def kind(site: Any, name: str) -> Any:
    return next(each for each in site.types.values() if each.name == name)


@pytest.mark.parametrize(("thing", "advice"), RENAMED.values(), ids=RENAMED)
def test_a_rename_bars_nothing_and_is_told_before_the_next_start_needs_it(
    jira: Any, service: WorkerService, thing: Callable[[Any], Any], advice: str
) -> None:
    examine(service.gateway)
    issue = new_project(jira)
    look(service, jira, issue)
    renamed = thing(jira.site)
    old, renamed.name = renamed.name, f"New {renamed.name}"
    jira.clock.advance(minutes=11)

    with capture_logs() as logs:
        assert examine(service.gateway)
    assert not service.gateway.barred
    (told,) = (line["problem"] for line in logs if "is called" in line.get("problem", ""))
    assert f"{old!r} is called 'New {old}' now; the next start asks for that name: {advice}" in told
    assert [line["event"] for line in logs if line["log_level"] == "error"] == []

    move(jira, issue, "Requirements")
    look(service, jira, issue)
    assert jira.site.statuses[issue.status_id].name == "Discovery"


def test_a_later_start_asks_for_the_new_name_and_says_where_it_belongs(
    jira: Any, service: WorkerService, start: Callable[[], WorkerService]
) -> None:
    examine(service.gateway)
    jira.site.field_named("Go-live Date").name = "Go live"
    again = start()
    examine(again.gateway)
    (fault,) = again.gateway.barred["INT"]
    assert "if it was renamed, write its new name into fields.go_live_date.name of the mapping" in fault


# --- Another key for the project, another project for an issue


@pytest.mark.parametrize("started_anew", [False, True], ids=["while it runs", "before it starts"])
def test_a_project_with_another_key_is_barred_and_nothing_of_it_is_forgotten(
    jira: Any, service: WorkerService, start: Callable[[], WorkerService], started_anew: bool
) -> None:
    issue = new_project(jira)
    look(service, jira, issue)
    relations.change_key(jira.site, jira.site.project("INT"), "INTG")
    service = start() if started_anew else service
    if not started_anew:
        look(service, jira, issue)
        assert projection(service, issue) == "INTG-1"
    assert examine(service.gateway)
    told = "the project's key is 'INTG' now; write that into jira.project of the mapping, and restart"
    assert service.gateway.barred == {"INT": (told,)}

    service.store.slots.put("paytronix", str(issue.id), date(2026, 4, 6))
    with capture_logs() as logs:
        look(service, jira, issue)
    assert [line["event"] for line in logs if line["log_level"] != "debug"] == ["project refused"]
    assert projection(service, issue) is not None
    assert service.store.slots.get("paytronix", str(issue.id)) == date(2026, 4, 6)


def projection(service: WorkerService, issue: Any) -> str | None:
    seen = service.store.projections.get(str(issue.id))
    return seen.key if seen else None


def test_an_issue_in_another_project_is_forgotten(jira: Any, service: WorkerService) -> None:
    issue = new_project(jira)
    look(service, jira, issue)
    assert projection(service, issue) == "INT-1"
    with jira.site.lock:
        admin = jira_sandbox.preset.person(jira.site, "admin")
        other = jira_sandbox.preset.simple_project(jira.site, key="ELSE", name="Elsewhere", lead=admin)
        other.type_ids.append(issue.type_id)
        other.workflows[issue.type_id] = jira.site.project("INT").workflows[issue.type_id]
        other.screens[issue.type_id] = jira.site.project("INT").screens[issue.type_id]
        relations.move(jira.site, admin, issue, other)
    look(service, jira, issue)
    assert projection(service, issue) is None
