"""A whole site kept and put back, what a watcher would see of a project, and power cuts in mid-plan."""

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jira_sandbox import Running, Site
from sync_service.jira.client import Client
from tests.stories.running import StoryService
from tests.stories.team import Project, Step

WRITES = ("create_issues", "edit_issue", "put_property", "transition")


@dataclass(frozen=True, slots=True)
class Kept:
    """A site as it was at some time, and what it shares with its copies: locks, clock and the way out for webhooks."""

    content: bytes
    shared: tuple[object, ...]
    at: datetime


def kept(site: Site) -> Kept:
    """Copy a site with all that is in it."""
    shared = (site.lock, site.announce, site.clock)
    places = {id(each): place for place, each in enumerate(shared)}
    content = io.BytesIO()
    pickler = pickle.Pickler(content)
    pickler.persistent_id = lambda each: places.get(id(each))  # type: ignore[method-assign]
    with site.lock:
        pickler.dump(site)
        return Kept(content.getvalue(), shared, site.clock.now())


def put_back(jira: Running, what: Kept) -> None:
    """Let the server serve a copy of a kept site, at the time at which it was kept."""
    unpickler = pickle.Unpickler(io.BytesIO(what.content))
    unpickler.persistent_load = what.shared.__getitem__  # type: ignore[assignment, method-assign]
    site, clock = unpickler.load(), jira.clock
    site.clock = clock
    clock.set(what.at)
    jira.reset(site)


def view(project: Project, *, with_record: bool = True) -> dict[str, Any]:
    """Everything that people see of a project, and the record."""
    names = [field.name for field in project.scene.site.fields.values() if field.custom]
    seen: dict[str, Any] = {
        "status": project.status,
        "labels": project.labels,
        "said": project.said,
        "fields": {name: project.field(name) for name in names},
        "steps": [_step(step) for step in project.subtasks()],
    }
    return seen | ({"record": project.record} if with_record else {})


def _step(step: Step) -> tuple[object, ...]:
    return step.name, step.summary, step.description, step.status, step.assignee, step.due, step.labels, step.said


class PowerCut(Exception):
    """The machine went dark between two requests."""


class Faltering:
    """A client after whose `last`-th write the power is cut; that write still reached Jira."""

    def __init__(self, client: Client, last: int) -> None:
        self._client, self.left = client, last

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._counted(found) if name in WRITES else found

    def _counted(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def send(*args: Any, **named: Any) -> Any:
            if self.left <= 0:
                raise PowerCut
            answer = write(*args, **named)
            self.left -= 1
            if self.left == 0:
                raise PowerCut
            return answer

        return send


def look_cut_short(service: StoryService, project: Project, after: int) -> bool:
    """Look at a project and cut the power after so many writes; tell whether it came to that."""
    gateway = service.running.gateway
    faltering = Faltering(gateway.client, after)
    gateway.client = faltering  # type: ignore[assignment]
    service.may_fail = True
    try:
        service.looks_at(project)
    finally:
        gateway.client = faltering._client
    return faltering.left <= 0
