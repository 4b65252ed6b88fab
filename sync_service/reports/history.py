"""One project's full history."""

from collections.abc import Iterator

from sync_service.reports.crossings import overrides
from sync_service.reports.portfolio import ANSWERED, Portfolio
from sync_service.reports.projects import Project, age, business_age
from sync_service.reports.table import Kind, Report, Row, Table, columns, tuples
from sync_service.reports.waiting import party
from sync_service.store import Entry, Store

MOST_ENTRIES = 1000
"""Entries of the ledger that a history tells, the newest."""


def history(portfolio: Portfolio, store: Store) -> Report:
    """Tell everything that is known of the one project of this portfolio."""
    project = portfolio.projects[0]
    entries = store.ledger.entries(issue_id=project.id, limit=MOST_ENTRIES)
    tables = (
        facts(portfolio, project),
        stays(portfolio, project),
        steps(portfolio, project),
        rounds(project),
        moves(portfolio),
        overrides(portfolio),
        done(entries),
    )
    return Report(name="history", title=f"{project.key}: {project.summary}", tables=tables)


def facts(portfolio: Portfolio, project: Project) -> Table:
    """Tell where the project stands, in one row."""
    mapping, present = portfolio.mapping(project), project.stays[-1]
    gate = None if project.gate is None else "open" if project.gate else "closed"
    return Table(
        name="history.facts",
        title="Where it stands",
        columns=columns(
            ("Key", Kind.ISSUE), "Stage", ("Since", Kind.MOMENT), ("Business days", Kind.DAYS), "Gate",
            ("Created", Kind.MOMENT), ("Launched", Kind.MOMENT), "Kind", "Consultant", "Client",
            ("Go-live", Kind.DAY), ("Slot", Kind.DAY), "Additional fees",
        ),
        rows=((
            project.key, portfolio.stage(project.mapping, project.stage), present.since,
            business_age(mapping, present.since, portfolio.now), gate, project.created, project.launched,
            project.kind, project.name(project.consultant), project.name(project.client), project.go_live,
            project.slot, project.fees,
        ),),
        notes=project.reasons,
    )  # fmt: skip


def stays(portfolio: Portfolio, project: Project) -> Table:
    """Tell every stay in a stage, the present one up to now."""
    return Table(
        name="history.stays",
        title="Stages",
        columns=columns(
            "Stage", ("From", Kind.MOMENT), ("To", Kind.MOMENT), ("Days", Kind.DAYS), ("Business days", Kind.DAYS)
        ),
        rows=tuples(_stays(portfolio, project)),
    )


def _stays(portfolio: Portfolio, project: Project) -> Iterator[Row]:
    mapping = portfolio.mapping(project)
    for stay in project.stays:
        days, business = stay.days, stay.business_days
        if stay.until is None:
            days, business = (of(mapping, stay.since, portfolio.now) for of in (age, business_age))
        yield portfolio.stage(project.mapping, stay.stage), stay.since, stay.until, days, business


def steps(portfolio: Portfolio, project: Project) -> Table:
    """Tell the steps that are still asked for."""
    mapping = portfolio.mapping(project)
    return Table(
        name="history.steps",
        title="Open steps",
        columns=columns(
            ("Key", Kind.ISSUE), "Step", "Party", "Assignee", ("Due", Kind.DAY), ("Their turn", Kind.MARK)
        ),
        rows=tuples(
            (step.key, step.summary, party(mapping, step.roles), project.name(step.assignee), step.due, step.turn)
            for step in project.steps
        ),
    )  # fmt: skip


def rounds(project: Project) -> Table:
    """Tell every certification visit; one without a number was withdrawn before testing began, or has not begun."""
    return Table(
        name="history.rounds",
        title="Certification rounds",
        columns=columns(
            ("Round", Kind.NUMBER), ("Slot", Kind.DAY), "Given up", ("Materials in", Kind.MOMENT),
            ("Begun", Kind.MOMENT), ("Ended", Kind.MOMENT), "Result", "Reasons", ("Business days", Kind.DAYS),
            ("Early", Kind.MARK),
        ),
        rows=tuples(
            (
                one.number, one.slot, ", ".join(map(str, one.given_up)), one.materials, one.begun, one.ended,
                one.result, ", ".join(one.reasons), one.business_days, one.early,
            )
            for one in project.rounds
        ),
    )  # fmt: skip


def moves(portfolio: Portfolio) -> Table:
    """Tell how each move to another stage was answered, the oldest first."""
    return Table(
        name="history.moves",
        title="Moves and their answers",
        columns=columns(("At", Kind.MOMENT), "From", "To", "Answer", "By", "Missing"),
        rows=tuples(
            (
                one.at, portfolio.stage(one.mapping, one.source), portfolio.stage(one.mapping, one.target),
                one.verdict, one.by, ", ".join(dict.fromkeys(one.reasons)),
            )
            for one in portfolio.answers
        ),
    )  # fmt: skip


def done(entries: tuple[Entry, ...]) -> Table:
    """Tell what the service did and why, the newest first."""
    return Table(
        name="history.ledger",
        title="What the service did",
        about=f"The ledger, the newest first, at most {MOST_ENTRIES} entries.",
        columns=columns(("At", Kind.MOMENT), "Kind", "Done", "Why", "By"),
        rows=tuples((entry.at, entry.kind, _done(entry), "; ".join(entry.reasons), entry.who) for entry in entries),
    )


def _done(entry: Entry) -> str:
    if entry.kind == ANSWERED:
        return f"{entry.detail['source']} → {entry.detail['target']}: {entry.detail['verdict']}"
    return "; ".join(entry.detail.get("planned", ()))
