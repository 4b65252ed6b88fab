"""A Jira of which every third answer is a failure ends in the state of one that never failed; nothing is there twice.

The failures are those of networks, proxies and Jira itself, in turn, and strike only the service: before a request is
carried out, after it, and while its answer is on the way.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from jira_sandbox import Clock, Fault, Running
from tests.stories.conftest import FIRST_DAY
from tests.stories.running import Postman, StoryService, on_both
from tests.stories.team import Person, Project, Scene, Team

pytestmark = pytest.mark.slow

FAILURES: tuple[dict[str, Any], ...] = (
    {"action": "status", "status": 429, "retry_after": 2},
    {"action": "reset_after"},
    {"action": "status", "status": 500},
    {"action": "truncate"},
    {"action": "status", "status": 429},
    {"action": "reset_before"},
    {"action": "status", "status": 502},
    {"action": "html"},
    {"action": "status", "status": 503, "retry_after": 7},
    {"action": "status", "status": 429, "retry_after": 40, "retry_after_date": True},
    {"action": "status", "status": 503},
    {"action": "status", "status": 504},
)
SHORT: tuple[dict[str, Any], ...] = (
    {"action": "status", "status": 429, "retry_after": 2},
    {"action": "reset_after"},
    {"action": "status", "status": 500},
    {"action": "truncate"},
    {"action": "status", "status": 429, "retry_after": 3, "retry_after_date": True},
    {"action": "reset_before"},
    {"action": "status", "status": 502},
    {"action": "status", "status": 503, "retry_after": 3},
    {"action": "status", "status": 504},
)
"""The failures that a reading outlives. Data Center has no reading of many issues at once, so a look at fourteen of
them would never end if it had to begin anew after every seventh."""

SOON = timedelta(minutes=40)
"""Longer than any pause after a failure; what is due later waits for a date of the project."""


class PatientService(StoryService):
    """A service whose failures are waited out: each pause is, by the sandbox's clock."""

    def catches_up(self) -> None:
        for _ in range(400):
            assert self.jira.webhooks.wait_idle()
            self.running.worker.drain()
            rows = self.running.store.queue.rows(limit=1000)
            assert not [row for row in rows if row.condition == "dead"], rows
            now = self.jira.clock.now()
            soon = [row.due for row in rows if row.due is not None and row.due < now + SOON]
            if not soon:
                return
            self.jira.clock.set(max(now, *soon) + timedelta(seconds=1))
        raise AssertionError("the service does not come to rest")


def every_third_request_fails(jira: Running) -> list[Fault]:
    """Put each kind of failure in force, in turn: one strikes at every third request of the service.

    On Data Center that is every third reading and every third writing.
    """
    if jira.site.cloud:
        return list(in_turn(jira, FAILURES))
    return [*in_turn(jira, SHORT, method="GET"), *in_turn(jira, FAILURES, method="PUT|POST")]


def in_turn(jira: Running, kinds: tuple[dict[str, Any], ...], method: str = "") -> Iterator[Fault]:
    period = 3 * len(kinds)
    for place, kind in enumerate(kinds, 1):
        yield jira.faults.add(Fault(**kind, method=method, caller="service", every=period, seen=period - 3 * place))


def the_tale(team: Team) -> Project:
    """A project is created, moved on too early, sent back, and worked off; on Cloud until it is to be certified."""
    project = team.starts_project()
    team.people["tc"].moves(project, "Requirements")
    team.service.catches_up()
    if not team.scene.site.cloud:
        return team.reaches(project, "Development")
    team.prepares_round(team.reaches(project, "Certification"))
    return project


def what_there_is(project: Project) -> dict[str, Any]:
    """Tell the state of a project; not the times, which failures delay."""
    return {
        "stands": (project.status, project.stage, project.gate, project.labels, project.visits),
        "fields": {
            name: project.field(name)
            for name in ("Certification Round", "Certification Result", "Rounds Failed", "Additional Fees")
        },
        "said": project.said,
        "steps": [
            (step.name, step.summary, step.description, step.status, step.assignee, step.labels, step.said)
            for step in sorted(project.subtasks(), key=lambda step: (step.name, int(step.id)))
        ],
        "written": Counter(
            re.sub(r"=[^,]*", "", line)
            for thing in (project, *project.subtasks())
            for line in thing.changes_by("service")
        ),
        "record": sorted(project.record),
    }


@pytest.fixture
def told(
    server: Running, postman: Postman, flavour: str, session: requests.Session, tmp_path: Path
) -> Callable[[bool], dict[str, Any]]:
    def tell(failing: bool) -> dict[str, Any]:
        postman.receiver = None
        server.reset(flavour=flavour, clock=Clock(frozen_at=FIRST_DAY))
        server.sandbox.target("http://the-service.test/webhooks/jira")
        folder = tmp_path / f"failing-{failing}"
        folder.mkdir()
        service, scene = PatientService(server, postman, folder), Scene(jira=server)
        people = {name: Person(scene, service, one, session) for name, one in server.credentials.items()}
        service.starts()
        faults = every_third_request_fails(server) if failing else []
        try:
            project = the_tale(Team(scene, service, people))
            assert sum(fault.done > 0 for fault in faults) >= (len(FAILURES) if failing else 0), faults
            server.faults.clear()
            service.looks_at(project)
            return what_there_is(project)
        finally:
            service.stops()

    return tell


@on_both
def test_failures_at_every_third_request_change_nothing_in_the_end(told: Callable[[bool], dict[str, Any]]) -> None:
    expected, found = told(False), told(True)

    assert found["said"] == expected["said"]
    assert len(found["said"]) == 1
    assert found["steps"] == expected["steps"]
    assert found == expected
