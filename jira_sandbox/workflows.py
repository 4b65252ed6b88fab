"""The workflows of the preset site: the process's own, one that leads from everywhere to everywhere, simple ones."""

from itertools import pairwise
from typing import Any, Literal

from jira_sandbox.model import FieldEquals, Project, Transition, Workflow
from jira_sandbox.site import Site
from jira_sandbox.vocabulary import ENDS, SIMPLE_STATUSES, STAGES, STEP_STATUSES

WorkflowStyle = Literal["strict", "open"]


def give_workflows(site: Site, project: Project) -> None:
    """Add the workflow of steps and the simple one, and let each issue type of the project follow one of them."""
    step = everywhere(site, "INT: steps", STEP_STATUSES, prefix="")
    plain = everywhere(site, "Simple workflow", SIMPLE_STATUSES, prefix="")
    for type_id in project.type_ids:
        project.workflows[type_id] = (step if site.types[type_id].subtask else plain).id


def everywhere(site: Site, name: str, statuses: tuple[str, ...], prefix: str) -> Workflow:
    """Add a workflow in which every status can be reached from every other."""
    ids = [site.status_named(status).id for status in statuses]
    transitions = [
        Transition(id=str(11 + 10 * number), name=prefix + status, to=status_id)
        for number, (status, status_id) in enumerate(zip(statuses, ids, strict=True))
    ]
    return _add_workflow(site, name, ids, transitions)


def _add_workflow(site: Site, name: str, status_ids: list[str], transitions: list[Transition]) -> Workflow:
    done, wont_do = "10000", "10001"
    refused = {"Won't Do", *ENDS}
    workflow = Workflow(
        id=str(site.next_id("workflow")),
        name=name,
        initial=status_ids[0],
        status_ids=status_ids,
        transitions=transitions,
        resolutions={
            i: wont_do if site.statuses[i].name in refused else done
            for i in status_ids
            if site.statuses[i].category == "done"
        },
    )
    for step in transitions:
        step.actions = [set_resolution(workflow.resolutions.get(step.to, ""))]
    site.workflows[workflow.id] = workflow
    return workflow


def set_resolution(resolution_id: str) -> dict[str, Any]:
    """Return the action of a transition that sets the resolution, or clears it."""
    parameters = {"field": "resolution", "value": resolution_id, "mode": "replace"}
    return {"ruleKey": "system:update-field", "parameters": parameters}


def set_workflow(
    site: Site, style: WorkflowStyle, *, failure_screen: bool = False, gate_condition: bool = False
) -> Workflow:
    """Give the Integration type of project INT the `strict` or the `open` workflow."""
    project = next(iter(site.projects.values()))
    if style == "open":
        workflow = everywhere(site, "INT: open", (*STAGES, *ENDS), prefix="To ")
    else:
        names = _strict_edges()
        ids = [site.status_named(name).id for name in (*STAGES, *ENDS)]
        workflow = _add_workflow(site, "INT: strict", ids, _directed(site, names))
    if failure_screen:
        _put_failure_screen(site, workflow)
    if gate_condition:
        _put_gate_condition(site, workflow)
    project.workflows[project.type_ids[0]] = workflow.id
    return workflow


def _strict_edges() -> list[tuple[str, str, str]]:
    """Return (name, from, to) of the process's edges and of the moves back between earlier stages."""
    forward = [(f"Start {b.lower()}", a, b) for a, b in pairwise(STAGES[:5])]
    forward += [
        ("Go live", "Launch", "Live"),
        ("Decline", "Discovery", "Declined"),
        ("Decline", "Requirements", "Declined"),
    ]
    back = [(f"Back to {b.lower()}", a, b) for n, a in enumerate(STAGES) for b in STAGES[:n]]
    reopened = [(f"Resume {stage.lower()}", end, stage) for end in ENDS for stage in STAGES]
    cancelled = [("Cancel", stage, "Cancelled") for stage in (*STAGES, "Declined")]
    return forward + back + reopened + cancelled


def _directed(site: Site, edges: list[tuple[str, str, str]]) -> list[Transition]:
    return [
        Transition(
            id=str(11 + 10 * number),
            name=name,
            to=site.status_named(target).id,
            sources=frozenset({site.status_named(source).id}),
        )
        for number, (name, source, target) in enumerate(edges)
    ]


def _put_failure_screen(site: Site, workflow: Workflow) -> None:
    certification, development = site.status_named("Certification").id, site.status_named("Development").id
    field_ids = [site.field_named(name).id for name in ("Certification Feedback", "Failure Reasons")]
    screen_id = site.add_screen("INT: certification failed", field_ids)
    for step in workflow.transitions:
        if step.to == development and (step.is_global or certification in step.sources):
            step.screen_id = screen_id


def _put_gate_condition(site: Site, workflow: Workflow) -> None:
    gate = FieldEquals(field_id=site.field_named("Gate").id, value="Open")
    order = {site.status_named(name).id: number for number, name in enumerate(STAGES)}
    for step in workflow.transitions:
        if all(order.get(source, 99) < order.get(step.to, -1) for source in step.sources) and not step.is_global:
            step.conditions.append(gate)
