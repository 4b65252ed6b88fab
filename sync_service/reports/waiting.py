"""Who is waited for, and what is overdue."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from mappings import Mapping
from sync_service.lifecycle.workdays import workdays_between
from sync_service.reports.portfolio import Portfolio
from sync_service.reports.projects import OpenStep, Project
from sync_service.reports.table import Kind, Row, Table, columns, tuples, with_details

NOBODY = "nobody"


@dataclass(slots=True)
class Load:
    """What one party has to do."""

    turn: int = 0
    later: int = 0
    requests: int = 0
    late: list[int] = field(default_factory=list)
    projects: set[str] = field(default_factory=set)


def parties(portfolio: Portfolio) -> Table:
    """Tell for each party what it is waited for now, what is overdue, and what will come."""
    loads: dict[str, Load] = defaultdict(Load)
    for project, mapping in _open(portfolio):
        for step in project.steps:
            _add(loads[party(mapping, step.roles)], project, step, _late(portfolio, mapping, step))
        for label, count in project.requests.items():
            if label in mapping.requests:
                load = loads[party(mapping, mapping.requests[label].owner)]
                load.requests += count
                load.projects.add(project.id)
    return Table(
        name="waiting.parties",
        title="Waiting by party",
        about="Open steps of the projects that are not ended. Their turn: nothing that comes before is missing. Late "
        "is the most overdue step, in business days.",
        columns=columns(
            "Party", ("Their turn", Kind.NUMBER), ("Overdue", Kind.NUMBER), ("Late", Kind.DAYS),
            ("Later", Kind.NUMBER), ("Requests", Kind.NUMBER), ("Projects", Kind.NUMBER),
        ),
        rows=tuples(
            (who, load.turn, len(load.late), max(load.late, default=None), load.later, load.requests,
             len(load.projects))
            for who, load in sorted(loads.items(), key=lambda one: (-len(one[1].late), -one[1].turn, one[0]))
        ),
    )  # fmt: skip


def _open(portfolio: Portfolio) -> Iterator[tuple[Project, Mapping]]:
    return ((project, portfolio.mapping(project)) for project in portfolio.projects if not project.ended)


def _add(load: Load, project: Project, step: OpenStep, late: int | None) -> None:
    load.projects.add(project.id)
    load.turn += step.turn
    load.later += not step.turn
    if late is not None:
        load.late.append(late)


def _late(portfolio: Portfolio, mapping: Mapping, step: OpenStep) -> int | None:
    """Return how many business days a step is overdue; None where it is not."""
    today = portfolio.today(mapping)
    if step.due is None or step.due >= today:
        return None
    return workdays_between(mapping.calendar, step.due, today)


def party(mapping: Mapping, roles: tuple[str, ...]) -> str:
    """Name whose a step is."""
    titles = [mapping.roles[role].title if role in mapping.roles else role for role in roles]
    return " or ".join(titles) or NOBODY


def overdue(portfolio: Portfolio) -> Table:
    """List the overdue steps, the latest first."""
    rows = [
        (late, project, mapping, step)
        for project, mapping in _open(portfolio)
        for step in project.steps
        if (late := _late(portfolio, mapping, step)) is not None
    ]
    rows.sort(key=lambda one: (-one[0], one[1].key, one[3].step, one[3].roles))
    return Table(
        name="waiting.overdue",
        title="Overdue steps",
        about="The latest first, by business days.",
        columns=with_details(
            columns(
            ("Late", Kind.DAYS), ("Due", Kind.DAY), ("Step", Kind.ISSUE), "What", "Party", "Assignee", "Their turn",
            ("Project", Kind.ISSUE), "Project summary", "Stage",
            ), "assignee", "their_turn", "project_summary", "stage",
        ),
        rows=tuples(_overdue(portfolio, *row) for row in rows),
    )  # fmt: skip


def _overdue(portfolio: Portfolio, late: int, project: Project, mapping: Mapping, step: OpenStep) -> Row:
    return (
        late,
        step.due,
        step.key,
        step.summary,
        party(mapping, step.roles),
        project.name(step.assignee),
        "yes" if step.turn else "not yet",
        project.key,
        project.summary,
        portfolio.stage(project.mapping, project.stage),
    )
