"""Watches the project in Jira: waits for the service's answers, and tells what of its work is new."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from jira import JIRA

from sync_service.demo.children import Nursery
from sync_service.demo.seen import (
    STEP_PROPERTY,
    Change,
    Comment,
    Project,
    Step,
    changes_of,
    comments_of,
    plain_value,
    step_of,
)

ANSWER_SECONDS = 15.0
"""How long the service may take to answer; it takes a fraction of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the service did since it was last told."""

    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    comments: tuple[Comment, ...]


class Watch:
    """Reads one project issue over and over; `answer_times` are the seconds that each answer took."""

    def __init__(self, jira: JIRA, key: str, service: str, nursery: Nursery) -> None:
        self.key = key
        self.answer_times: list[float] = []
        self._jira, self._service, self._nursery = jira, service, nursery
        self._names = {field["id"]: field["name"] for field in jira.fields()}
        self._steps: dict[str, Step] = {}
        self._changes: dict[str, list[Change]] = {}
        self._told: set[str] = set()

    def read(self) -> Project:
        """Read the project as it is now. A change log that Cloud cuts short is complete by all earlier reads."""
        raw = self._jira.issue(self.key, expand="changelog").raw
        fields = raw["fields"]
        for change in changes_of(raw["changelog"]["histories"]):
            known = self._changes.setdefault(change.entry, [])
            if change not in known:
                known.append(change)
        return Project(
            id=raw["id"],
            key=raw["key"],
            status=fields["status"]["name"],
            fields={self._names.get(field, field): plain_value(value) for field, value in fields.items()},
            steps=tuple(self._step(each) for each in fields["subtasks"]),
            changes=tuple(change for entry in sorted(self._changes, key=int) for change in self._changes[entry]),
            comments=tuple(comments_of(fields["comment"]["comments"])),
        )

    def wait(self, until: Callable[[Project], bool], what: str) -> Project:
        """Read until the service has done it; raises NoAnswer or ChildDied."""
        began = time.monotonic()

        def ask() -> Project | None:
            project = self.read()
            return project if until(project) else None

        answered = self._nursery.wait_for(ask, what, ANSWER_SECONDS)
        self.answer_times.append(time.monotonic() - began)
        return answered

    def news(self, project: Project) -> News:
        """Return what the service did and nobody was told yet."""
        return News(
            steps=tuple(step for step in project.steps if self._is_new(step.key)),
            changes=tuple(c for c in project.changes if c.by == self._service and self._is_new(f"{c.entry} {c.field}")),
            comments=tuple(c for c in project.comments if c.by == self._service and self._is_new(f"comment {c.id}")),
        )

    def changes_of_step(self, key: str) -> tuple[Change, ...]:
        """Return the change log of a sub-task."""
        return tuple(
            changes_of(self._jira.issue(key, fields="summary", expand="changelog").raw["changelog"]["histories"])
        )

    def comments_of_step(self, key: str) -> tuple[Comment, ...]:
        """Return the comments on a sub-task."""
        return tuple(comments_of(self._jira.issue(key, fields="comment").raw["fields"]["comment"]["comments"]))

    def record(self) -> dict[str, object]:
        """Return the record that the service keeps on the issue."""
        value: dict[str, object] = self._jira.issue_property(self.key, "stagegate").raw["value"]
        return value

    def _is_new(self, what: str) -> bool:
        new = what not in self._told
        self._told.add(what)
        return new

    def _step(self, listed: dict[str, dict[str, dict[str, object]]]) -> Step:
        """Return a sub-task: its marker read once, its status as the project issue lists it."""
        key = str(listed["key"])
        if key not in self._steps:
            self._steps[key] = step_of(self._jira.issue(key, properties=STEP_PROPERTY).raw)
        status: dict[str, dict[str, str]] = listed["fields"]["status"]  # type: ignore[assignment]
        done = status["statusCategory"]["key"] == "done"
        return replace(self._steps[key], status=str(status["name"]), done=done)
