"""The portfolio that reports are told of: which projects, which period, what was answered; read in one walk."""

import re
from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from mappings import Mapping
from sync_service.lifecycle.workdays import local_day
from sync_service.reports.projects import Project, condense
from sync_service.reports.table import Column
from sync_service.store import Entry, Projection, Store

ANSWERED = "answered"
"""The kind of the ledger's entries that tell how a crossing was answered."""

ISSUE_KEY = re.compile(r".+-\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which projects (empty: all), and from which day to which (both included) what happened is counted.

    `project` is a Jira project's key or one project issue's; `consultant` and `client` are parts of a person's name
    or account, the client's also of the project's summary.
    """

    project: str = ""
    kind: str = ""
    consultant: str = ""
    client: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def issue(self) -> str:
        """The key of the one project issue that is asked for; empty where more are."""
        return self.project.upper() if ISSUE_KEY.fullmatch(self.project) else ""

    def covers(self, day: date) -> bool:
        """Tell whether the day lies in the period."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def takes(self, project: Project, mapping: Mapping) -> bool:
        """Tell whether the project is asked for."""
        asked = self.project.upper()
        return (
            (not asked or asked in (project.key.upper(), mapping.jira.project.upper()))
            and (not self.kind or self.kind.casefold() == (project.kind or "").casefold())
            and _named(self.consultant, project.consultant, project.name(project.consultant))
            and _named(self.client, project.client, project.name(project.client), project.summary)
        )

    def told(self) -> dict[str, Any]:
        """Return what was asked for, without what was not."""
        given = {name: getattr(self, name) for name in ("project", "kind", "consultant", "client", "since", "until")}
        return {name: str(value) for name, value in given.items() if value}


def _named(part: str, *texts: str | None) -> bool:
    return not part or any(part.casefold() in text.casefold() for text in texts if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How one crossing was answered, as the ledger has it; `by` is who made it."""

    key: str
    mapping: str
    source: str
    target: str
    verdict: str
    at: datetime
    by: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The projects that are asked for, with what is needed to tell of them.

    `past` are all projects of the same lifecycles, asked for or not: what a forecast learns from. `unknown` counts
    projects of lifecycles that are configured no more.
    """

    projects: tuple[Project, ...]
    past: tuple[Project, ...]
    answers: tuple[Answered, ...]
    mappings: MappingOf[str, Mapping]
    selection: Selection
    now: datetime
    unknown: int = 0

    @property
    def told_mappings(self) -> tuple[Mapping, ...]:
        """The lifecycles that any of the projects follows; all configured ones where there are no projects."""
        used = {project.mapping for project in self.projects}
        return tuple(mapping for name, mapping in self.mappings.items() if not used or name in used)

    def of(self, mapping: Mapping) -> tuple[Project, ...]:
        """Return the projects of one lifecycle."""
        return tuple(project for project in self.projects if project.mapping == mapping.name)

    def mapping(self, project: Project) -> Mapping:
        """Return the lifecycle that a project follows."""
        return self.mappings[project.mapping]

    def stage(self, mapping: str, stage: str) -> str:
        """Return a stage's title, with its lifecycle where several are told of."""
        known = self.mappings[mapping]
        title = known.title(stage) if stage in known.stages else stage
        return f"{mapping}: {title}" if len(self.told_mappings) > 1 else title

    def today(self, mapping: Mapping) -> date:
        """Return the day that it is for a lifecycle."""
        return local_day(mapping.calendar, self.now)

    def happened(self, mapping: Mapping, at: datetime) -> bool:
        """Tell whether a time lies in the period that is asked for."""
        return self.selection.covers(local_day(mapping.calendar, at))

    def tagged(self, *columns: Column) -> tuple[Column, ...]:
        """Put a column for the lifecycle before the others, where several are told of."""
        first = (Column(key="lifecycle", title="Lifecycle"),) if len(self.told_mappings) > 1 else ()
        return (*first, *columns)

    def tag(self, mapping: Mapping) -> tuple[str, ...]:
        """Return what stands in the column for the lifecycle."""
        return (mapping.name,) if len(self.told_mappings) > 1 else ()


def no_progress(_count: int) -> None:
    """Show nothing."""


def read(
    store: Store,
    mappings: MappingOf[str, Mapping],
    selection: Selection,
    now: datetime,
    advance: Callable[[int], None] = no_progress,
) -> Portfolio:
    """Read the store once, keeping of each project only what reports need; `advance` is told of each one read."""
    everything: list[Project] = []
    unknown = 0
    for seen in _walked(store, advance):
        mapping = mappings.get(seen.mapping)
        if mapping is None or seen.stage not in mapping.stages:
            unknown += 1
        else:
            everything.append(condense(seen, mapping))
    chosen = tuple(project for project in everything if selection.takes(project, mappings[project.mapping]))
    by_id = {project.id: project for project in chosen}
    return Portfolio(
        projects=chosen,
        past=tuple(everything),
        answers=tuple(
            _answered(entry, by_id[entry.issue_id]) for entry in store.ledger.walk(ANSWERED) if entry.issue_id in by_id
        ),
        mappings=mappings,
        selection=selection,
        now=now,
        unknown=unknown,
    )


def _walked(store: Store, advance: Callable[[int], None]) -> Iterator[Projection]:
    for seen in store.projections.all():
        yield seen
        advance(1)


def _answered(entry: Entry, project: Project) -> Answered:
    return Answered(
        key=project.key,
        mapping=project.mapping,
        source=entry.detail["source"],
        target=entry.detail["target"],
        verdict=entry.detail["verdict"],
        at=entry.at,
        by=project.name(entry.detail["by"]),
        reasons=entry.reasons,
    )
