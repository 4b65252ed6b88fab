"""A sandbox for the session, and for each story a fresh site in it, a service, and the people who play."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog

import jira_sandbox
from jira_sandbox import Clock, Running
from tests.stories.running import Postman, StoryService
from tests.stories.snapshots import Kept, kept, put_back
from tests.stories.team import Person, Project, Scene, Team, twins

FIRST_DAY = datetime(2026, 3, 2, 15, tzinfo=UTC)
"""A Monday, ten in the morning in New York."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "where(workflow=, failure_screen=, gate_condition=, lifecycle=, since=, clock_off=, may_fail=): how this "
        "story's Jira and its service are set up; `lifecycle` is the text of a mapping file",
    )


@pytest.fixture(autouse=True)
def logs(logging_as_before: None) -> None:
    """Show what the service says when a story fails, but not every delivery."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))


@pytest.fixture(scope="session")
def postman() -> Postman:
    return Postman()


@pytest.fixture(scope="session")
def server(postman: Postman) -> Iterator[Running]:
    with jira_sandbox.running(send=postman, clock=Clock(frozen_at=FIRST_DAY)) as jira:
        yield jira


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def flavour(request: pytest.FixtureRequest) -> str:
    """Cloud, unless a story is told for both: `@on_both`."""
    return str(getattr(request, "param", "cloud"))


@pytest.fixture
def where(request: pytest.FixtureRequest) -> dict[str, Any]:
    found = request.node.get_closest_marker("where")
    return dict(found.kwargs) if found else {}


@pytest.fixture
def jira(server: Running, postman: Postman, flavour: str, where: dict[str, Any]) -> Running:
    postman.receiver = None
    site = {name: where[name] for name in ("workflow", "failure_screen", "gate_condition") if name in where}
    server.reset(flavour=flavour, clock=Clock(frozen_at=FIRST_DAY), **site)
    server.sandbox.target("http://the-service.test/webhooks/jira")
    return server


@pytest.fixture
def clock(jira: Running) -> Clock:
    return jira.clock


@pytest.fixture
def service(jira: Running, postman: Postman, where: dict[str, Any], tmp_path: Path) -> Iterator[StoryService]:
    lifecycle = where.get("lifecycle", "paytronix")
    if "\n" in lifecycle:
        path = tmp_path / "lifecycle.toml"
        path.write_text(lifecycle, encoding="utf-8")
        lifecycle = str(path)
    service = StoryService(
        jira,
        postman,
        tmp_path,
        lifecycle=lifecycle,
        since=where.get("since", "2026-01-01"),
        clock_off=where.get("clock_off", timedelta(0)),
    )
    service.may_fail = where.get("may_fail", False)
    yield service
    _ends_in_order(jira, service)
    service.stops()


def _ends_in_order(jira: Running, service: StoryService) -> None:
    """Whatever the story was: no two live sub-tasks bear one marker, and a further look writes nothing."""
    if service._running is None or service.may_fail:
        return
    types = {kind.id for kind in jira.site.types.values() if kind.name == "Integration"}
    for issue in list(jira.site.issues.values()):
        if issue.type_id in types:
            project = Project(Scene(jira=jira), issue.id)
            assert not list(twins(project)), project
            service.works_at_once()
            calls = service.calls(lambda project=project: service.looks_at(project))
            assert calls.writes == 0, (project, calls.operations)


@pytest.fixture
def scene(jira: Running) -> Scene:
    return Scene(jira=jira)


@pytest.fixture
def people(scene: Scene, service: StoryService, session: requests.Session) -> dict[str, Person]:
    return {name: Person(scene, service, credential, session) for name, credential in scene.jira.credentials.items()}


@pytest.fixture(scope="session")
def played() -> dict[tuple[str, ...], tuple[Kept, str]]:
    """What was played once in this session."""
    return {}


@dataclass(frozen=True, slots=True)
class SiteShelf:
    """Whole sites by their set-up and what was played in them."""

    jira: Running
    setting: tuple[str, ...]
    played: dict[tuple[str, ...], tuple[Kept, str]]

    def take(self, *what: str) -> str | None:
        if (*self.setting, *what) not in self.played:
            return None
        site, project_id = self.played[*self.setting, *what]
        put_back(self.jira, site)
        return project_id

    def put(self, project_id: str, *what: str) -> None:
        assert self.jira.webhooks.wait_idle()
        self.played[*self.setting, *what] = kept(self.jira.site), project_id

    def whatever_is_declared(self) -> "SiteShelf":
        """Return the shelf of what is played alike under every lifecycle of the stories that ask."""
        return replace(self, setting=("any", self.setting[0]))


@pytest.fixture
def team(
    scene: Scene,
    service: StoryService,
    people: dict[str, Person],
    flavour: str,
    where: dict[str, Any],
    played: dict[tuple[str, ...], tuple[Kept, str]],
) -> Team:
    service.starts()
    return Team(scene, service, people, SiteShelf(scene.jira, (flavour, repr(sorted(where.items()))), played))


@pytest.fixture
def tc(people: dict[str, Person]) -> Person:
    return people["tc"]


@pytest.fixture
def integrations(people: dict[str, Person]) -> Person:
    return people["integrations"]


@pytest.fixture
def integrator(people: dict[str, Person]) -> Person:
    return people["integrator"]


@pytest.fixture
def client(people: dict[str, Person]) -> Person:
    return people["client"]


@pytest.fixture
def sales(people: dict[str, Person]) -> Person:
    return people["sales"]


@pytest.fixture
def admin(people: dict[str, Person]) -> Person:
    return people["admin"]
