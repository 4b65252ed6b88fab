"""The managers' dashboard: its filters, in JQL, and its gadgets, of Jira's own kinds. Pure.

The filters ask only for fields and labels that the service keeps, and for what Jira itself keeps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Literal

from mappings import Mapping

GadgetKind = Literal["pie", "two-dimensional", "list"]
PREFIX = "rest/gadgets/1.0/g/com.atlassian.jira.gadgets:"
URIS: dict[str, str] = {
    "pie": PREFIX + "pie-chart-gadget/gadgets/piechart-gadget.xml",
    "two-dimensional": PREFIX + "two-dimensional-stats-gadget/gadgets/two-dimensional-stats-gadget.xml",
    "list": PREFIX + "filter-results-gadget/gadgets/filter-results-gadget.xml",
}
"""Where Jira's classic gadgets live; which of them a site offers is asked of the site (GET dashboard/gadgets)."""

STATUSES, LABELS = "statuses", "labels"
OUTSIDE = ("integrator", "client")
"""The roles that are waited for; where a mapping has neither, those that somebody may stand in for."""

DAYS_A_WEEK, BUSINESS_DAYS_A_WEEK = 7, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFilter:
    """A filter that is shared with whoever may see the project."""

    key: str
    name: str
    jql: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedGadget:
    """A gadget on a filter; `by` are what it counts by (fields by their names, or `statuses`, `labels`), or columns."""

    title: str
    kind: GadgetKind
    filter: str
    by: tuple[str, ...]
    row: int
    column: int
    color: str = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDashboard:
    """A dashboard with its gadgets, row by row."""

    name: str
    description: str
    gadgets: tuple[WantedGadget, ...]


def quoted(text: str) -> str:
    """Write a text as a JQL string, whatever is in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def listed(texts: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    """Write texts as a JQL list."""
    return f"({', '.join(quoted(text) for text in texts)})"


# --- Filters


def filters(mapping: Mapping) -> tuple[WantedFilter, ...]:
    """Return the filters that the mapping has fields for."""
    prefix = f"{mapping.jira.project}: "
    return tuple(
        WantedFilter(key=key, name=prefix + name, jql=jql, description=description)
        for key, name, jql, description in _filters(mapping)
    )


def _filters(mapping: Mapping) -> Iterator[tuple[str, str, str, str]]:
    jira, fields = mapping.jira, {key: quoted(field.name) for key, field in mapping.fields.items()}
    issues = f"project = {quoted(jira.project)} AND issuetype = {quoted(jira.issue_type)}"
    steps = f"project = {quoted(jira.project)} AND issuetype = {quoted(jira.subtask_type)}"
    open_steps = f'{steps} AND labels = {quoted(jira.labels.managed)} AND statusCategory != "Done"'
    stage, soonest = fields["stage"], "ORDER BY duedate ASC, key ASC"
    running = f"{issues} AND {stage} IN {listed(_titles(mapping, mapping.way[:-1]))}"
    yield (
        "all",
        "projects by stage",
        f"{issues} AND {stage} IS NOT EMPTY ORDER BY key ASC",
        "Every project, ended ones too.",
    )
    yield "running", "running projects", f"{running} ORDER BY key ASC", "Projects that are neither live nor ended."
    if mapping.certification:
        yield from _certification(mapping, fields, issues)
    overdue = f"{open_steps} AND labels = {quoted(jira.labels.overdue)} {soonest}"
    yield "overdue", "overdue steps", overdue, "Open steps past their due date; the label party-… says whose."
    parties = listed([jira.labels.party_prefix + role for role in _waited_for(mapping)])
    if _waited_for(mapping):
        waiting = f"{open_steps} AND labels IN {parties} {soonest}"
        yield "waiting", "waiting on client or integrator", waiting, "Open steps that somebody outside is to do."
    refused = _recent(fields, ("last_refusal", "last_override"))
    if refused:
        lately = f"{issues} AND ({refused}) ORDER BY updated DESC"
        yield "refused", "refused moves and overrides", lately, "Of the last 30 days."
    if late := " OR ".join(_late(mapping, stage)):
        stuck = f"{issues} AND ({late}) ORDER BY created ASC"
        yield (
            "stuck",
            "longer in a stage than the target",
            stuck,
            "Whose status has not changed for longer than the target.",
        )
    if "go_live_date" in fields:
        live = f'{issues} AND {stage} = {quoted(mapping.title(mapping.way[-1]))} AND {fields["go_live_date"]} >= "-90d"'
        yield "launched", "launched lately", f"{live} ORDER BY {fields['go_live_date']} DESC", "In the last 90 days."


def _certification(mapping: Mapping, fields: dict[str, str], issues: str) -> Iterator[tuple[str, str, str, str]]:
    rounds, start = mapping.certification, fields["certification_start"]
    if rounds is None:
        return
    begun = f"{issues} AND {fields['certification_round']} >= 1 ORDER BY key ASC"
    yield "rounds", "certification by round and result", begun, "Projects of which a round has begun."
    slots = f'{issues} AND {start} >= startOfDay() AND {start} <= "4w" ORDER BY {start} ASC'
    yield "slots", "slots of the next four weeks", slots, "By the day on which the round begins."
    fees = listed([mapping.jira.values.fees_may_apply])
    exposed = (
        f"{issues} AND ({fields['certification_round']} > {rounds.free_rounds} "
        f"OR {fields['additional_fees']} IN {fees}) ORDER BY key ASC"
    )
    yield "fees", "fee exposure", exposed, f"More than {rounds.free_rounds} rounds, or fees that may apply."


def _titles(mapping: Mapping, stages: tuple[str, ...]) -> list[str]:
    return [mapping.title(stage) for stage in stages]


def _waited_for(mapping: Mapping) -> list[str]:
    named = [role for role in OUTSIDE if role in mapping.roles]
    return named or [key for key, role in mapping.roles.items() if role.proxy]


def _recent(fields: dict[str, str], keys: tuple[str, ...]) -> str:
    return " OR ".join(f'{fields[key]} >= "-30d"' for key in keys if key in fields)


def _late(mapping: Mapping, stage: str) -> Iterator[str]:
    """A stage's target is in business days, JQL counts calendar days; its status tells when the stage was entered."""
    for each in mapping.stages.values():
        if each.target_business_days and not each.end:
            days = ceil(each.target_business_days * DAYS_A_WEEK / BUSINESS_DAYS_A_WEEK)
            since = f'"-{days}d"'
            here = f"{stage} = {quoted(each.title)}"
            yield f"({here} AND created <= {since} AND NOT status CHANGED AFTER {since})"


# --- Gadgets


def dashboard(mapping: Mapping) -> WantedDashboard:
    """Return the dashboard, two columns wide."""
    there = {one.key for one in filters(mapping)}
    wanted = [one for one in _gadgets(mapping) if one[2] in there]
    return WantedDashboard(
        name=f"{mapping.jira.project}: integration projects",
        description="Where the projects stand. Kept up to date by Stagegate.",
        gadgets=tuple(
            WantedGadget(title=title, kind=kind, filter=key, by=by, row=number // 2, column=number % 2, color=color)
            for number, (title, kind, key, by, color) in enumerate(wanted)
        ),
    )


def _gadgets(mapping: Mapping) -> Iterator[tuple[str, GadgetKind, str, tuple[str, ...], str]]:
    names = {key: field.name for key, field in mapping.fields.items()}
    stage, lead = names["stage"], next((names[role.field] for role in mapping.roles.values()), "assignees")
    head, step = ("issuekey", "summary"), ("issuekey", "summary", "assignee", "duedate")
    counted = next(iter(mapping.roles.values())).title if mapping.roles else "assignee"
    yield "Projects by stage", "pie", "all", (stage,), "blue"
    yield f"Stage by {counted}", "two-dimensional", "running", (stage, lead), "blue"
    if mapping.certification:
        result, number = names["certification_result"], names["certification_round"]
        columns = (*head, names["certification_start"])
        yield "Certification by round and result", "two-dimensional", "rounds", (result, number), "green"
        yield "Slots of the next four weeks", "list", "slots", columns, "green"
    yield "Overdue steps by party", "two-dimensional", "overdue", (STATUSES, LABELS), "red"
    yield "Waiting on the client or integrator", "list", "waiting", step, "yellow"
    if mapping.certification:
        failed, fees = names["rounds_failed"], names["additional_fees"]
        title = f"More than {mapping.certification.free_rounds} rounds: fee exposure"
        yield title, "list", "fees", (*head, failed, fees), "purple"
    asked = tuple(names[key] for key in ("last_refusal", "last_override") if key in names)
    yield "Refused moves and overrides, last 30 days", "list", "refused", (*head, *asked), "red"
    yield "Longer in a stage than the target", "list", "stuck", (*head, stage), "yellow"
    if "go_live_date" in names:
        yield "Launched in the last 90 days", "list", "launched", (*head, names["go_live_date"]), "cyan"
