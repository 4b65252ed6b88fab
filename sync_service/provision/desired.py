"""What a mapping needs of a Jira site. Pure: a mapping in, names and rules out; no ids, no requests."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mappings import Mapping
from mappings.model import JiraField
from sync_service.checking.compare import CREATED_WITH, wanted_options
from sync_service.jira.forge import StageGate
from sync_service.provision.dashboards import WantedDashboard, WantedFilter, dashboard, filters, quoted

TODO, IN_PROGRESS, DONE = "TODO", "IN_PROGRESS", "DONE"
BEGUN = "In Progress"
"""The status, of every Jira, in which a step is being worked on: a round begins by leaving the first status."""

EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
)
WEBHOOK = ": Stagegate webhook"
"""What follows the project's key in the name of a webhook of ours."""

PEOPLES_SCREEN = ("summary", "issuetype", "description", "assignee", "reporter", "priority", "labels", "duedate")
FAILURE_FIELDS = ("certification_feedback", "failure_reasons")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedType:
    """An issue type."""

    name: str
    subtask: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedStatus:
    """A status; where `binding`, one of another category (done or not) is of no use."""

    name: str
    category: str
    binding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedField:
    """A custom field with all its options."""

    key: str
    name: str
    type: str
    options: tuple[str, ...] = ()
    kept: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedScreen:
    """A screen: ids of system fields, and names of custom fields."""

    name: str
    system: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTransition:
    """A transition from some statuses, or from every one; `guarded`: only while *Gate* is Open."""

    name: str
    to: str
    sources: tuple[str, ...] = ()
    guarded: bool = False
    screen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWorkflow:
    """The workflow of one issue type; `resolutions` names the resolution that entering a status sets."""

    name: str
    type: str
    statuses: tuple[str, ...]
    transitions: tuple[WantedTransition, ...]
    resolutions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedStageGate:
    """Which app's Stage gate is to guard this mapping's ways forward; `others` are the other mappings of the site."""

    app: StageGate
    mapping: Mapping
    others: tuple[Mapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWebhook:
    """Where Jira is to tell of changes."""

    name: str
    url: str
    jql: str
    events: tuple[str, ...] = EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """All that one mapping needs; `screens` by use: create, edit and view of the project issue, step, failed."""

    project: str
    issue_type: WantedType
    step_type: WantedType
    statuses: tuple[WantedStatus, ...]
    fields: tuple[WantedField, ...]
    screens: dict[str, WantedScreen]
    workflows: tuple[WantedWorkflow, WantedWorkflow]
    gate: str
    gate_open: str
    webhook: WantedWebhook | None
    filters: tuple[WantedFilter, ...]
    dashboard: WantedDashboard
    stage_gate: WantedStageGate | None = None

    def named(self, what: str) -> str:
        """Name something of ours, so that it is found again: `INT: Stagegate workflows`."""
        return f"{self.project}: Stagegate {what}"


def desired(
    mapping: Mapping,
    webhook_url: str | None = None,
    stage_gate: StageGate | None = None,
    mappings: Iterable[Mapping] = (),
) -> Desired:
    """Derive everything from the mapping; without an address there is no webhook, without an app no Stage gate.

    `mappings` are all of the site: projects of two may follow one workflow.
    """
    jira, named = mapping.jira, f"{mapping.jira.project}: Stagegate "
    jql = f"project = {quoted(jira.project)}"
    hook = WantedWebhook(name=jira.project + WEBHOOK, url=webhook_url, jql=jql) if webhook_url else None
    screens = _screens(mapping, named)
    others = tuple(each for each in mappings if each.jira.project != jira.project)
    gate = WantedStageGate(app=stage_gate, mapping=mapping, others=others) if stage_gate else None
    return Desired(
        project=jira.project,
        issue_type=WantedType(name=jira.issue_type, subtask=False),
        step_type=WantedType(name=jira.subtask_type, subtask=True),
        statuses=_statuses(mapping),
        fields=tuple(_fields(mapping)),
        screens=screens,
        workflows=(_workflow(mapping, named, screens.get("failed")), _step_workflow(mapping, named)),
        gate=mapping.fields["gate"].name,
        gate_open=jira.values.gate_open,
        webhook=hook,
        filters=filters(mapping),
        dashboard=dashboard(mapping),
        stage_gate=gate,
    )


# --- Statuses


def step_statuses(mapping: Mapping) -> dict[str, str]:
    """Return the statuses of steps with their categories, the first one first."""
    steps, rounds = mapping.jira.step_statuses, mapping.certification
    done = [steps.done, *steps.wont_do.statuses]
    done += [*rounds.certified.statuses, *rounds.failed.statuses] if rounds else []
    return {steps.open: TODO, BEGUN: IN_PROGRESS} | dict.fromkeys(done, DONE)


def _stage_statuses(mapping: Mapping) -> dict[str, str]:
    first, last = mapping.way[0], mapping.way[-1]
    categories = {first: TODO, last: DONE}
    return {
        status: DONE if stage.end else categories.get(key, IN_PROGRESS)
        for key, stage in mapping.stages.items()
        for status in stage.statuses
    }


def _statuses(mapping: Mapping) -> tuple[WantedStatus, ...]:
    steps = step_statuses(mapping)
    stages = {name: kind for name, kind in _stage_statuses(mapping).items() if name not in steps}
    return (
        *(WantedStatus(name=name, category=kind) for name, kind in stages.items()),
        *(WantedStatus(name=name, category=kind, binding=True) for name, kind in steps.items()),
    )


# --- Fields and screens


def _fields(mapping: Mapping) -> Iterator[WantedField]:
    written = wanted_options(mapping)
    for key, field in mapping.fields.items():
        yield WantedField(
            key=key,
            name=field.name,
            type=field.type,
            options=tuple(dict.fromkeys((*field.options, *written.get(key, ())))),
            kept=field.kept,
            description=field.description,
        )


def _screens(mapping: Mapping, named: str) -> dict[str, WantedScreen]:
    theirs = [field for field in mapping.fields.values() if not field.kept]
    kept = [field for field in mapping.fields.values() if field.kept]

    def screen(use: str, system: Iterable[str], fields: Iterable[JiraField]) -> WantedScreen:
        return WantedScreen(name=named + use, system=tuple(system), fields=tuple(field.name for field in fields))

    screens = {
        "create": screen("create screen", PEOPLES_SCREEN, theirs),
        "edit": screen("edit screen", PEOPLES_SCREEN, theirs),
        "view": screen("view screen", PEOPLES_SCREEN, [*kept, *theirs]),
        "step": screen("step screen", dict.fromkeys((*CREATED_WITH, *PEOPLES_SCREEN)), ()),
    }
    told = [mapping.fields[key] for key in FAILURE_FIELDS if key in mapping.fields]
    if mapping.certification and told:
        screens["failed"] = screen("failed round screen", (), told)
    return screens


# --- Workflows


def _workflow(mapping: Mapping, named: str, failed: WantedScreen | None) -> WantedWorkflow:
    ends = [key for key, stage in mapping.stages.items() if stage.end]
    wont_do = next(iter(mapping.jira.step_statuses.wont_do.resolutions), "Won't Do")
    resolutions = {status: wont_do for end in ends for status in mapping.stages[end].statuses}
    resolutions |= dict.fromkeys(mapping.stages[mapping.way[-1]].statuses, "Done")
    return WantedWorkflow(
        name=named + mapping.jira.issue_type,
        type=mapping.jira.issue_type,
        statuses=tuple(mapping.stage_by_status),
        transitions=tuple(_transitions(mapping, failed.name if failed else None)),
        resolutions=tuple(resolutions.items()),
    )


def _transitions(mapping: Mapping, failed_screen: str | None) -> Iterator[WantedTransition]:
    """Yield the ways forward (guarded), within a stage, back, to the ends and out of them, for each status.

    What a refused move needs is among them: from every status a way back to each earlier one.
    """
    for key, stage in mapping.stages.items():
        for status in stage.statuses:
            yield from _into_end(mapping, key, status) if stage.end else _into(mapping, key, status, failed_screen)
            others = tuple(other for other in stage.statuses if other != status)
            if others:
                yield WantedTransition(name=f"Within {stage.title}: {status}", to=status, sources=others)


def _into(mapping: Mapping, key: str, status: str, failed_screen: str | None) -> Iterator[WantedTransition]:
    place = mapping.way.index(key)
    if place:
        before = mapping.stages[mapping.way[place - 1]].statuses
        yield WantedTransition(name=f"To {status}", to=status, sources=before, guarded=True)
    rounds = mapping.certification
    failing = rounds is not None and failed_screen is not None and rounds.failed_to == key
    later = [name for name in mapping.way[place + 1 :] if not (failing and rounds and name == rounds.stage)]
    if failing and rounds:
        tested = mapping.stages[rounds.stage].statuses
        yield WantedTransition(name=f"Failed: back to {status}", to=status, sources=tested, screen=failed_screen)
    if sources := _of(mapping, later):
        yield WantedTransition(name=f"Back to {status}", to=status, sources=sources)
    if sources := _of(mapping, [name for name, stage in mapping.stages.items() if stage.end]):
        yield WantedTransition(name=f"Resume {status}", to=status, sources=sources)


def _into_end(mapping: Mapping, key: str, status: str) -> Iterator[WantedTransition]:
    """An end is reached from where a gate to it is declared; one declared for any stage, from every other."""
    declared = [name for name in mapping.stages if name != key and mapping.gate(name, key) is not None]
    if sources := _of(mapping, declared):
        yield WantedTransition(name=f"To {status}", to=status, sources=sources)


def _of(mapping: Mapping, stages: Iterable[str]) -> tuple[str, ...]:
    return tuple(status for key in stages for status in mapping.stages[key].statuses)


def _step_workflow(mapping: Mapping, named: str) -> WantedWorkflow:
    statuses = step_statuses(mapping)
    wont = mapping.jira.step_statuses.wont_do
    refused = dict.fromkeys(wont.statuses, next(iter(wont.resolutions), "Won't Do"))
    resolutions = {name: refused.get(name, "Done") for name, kind in statuses.items() if kind == DONE}
    return WantedWorkflow(
        name=named + mapping.jira.subtask_type,
        type=mapping.jira.subtask_type,
        statuses=tuple(statuses),
        transitions=tuple(WantedTransition(name=name, to=name) for name in statuses),
        resolutions=tuple(resolutions.items()),
    )
