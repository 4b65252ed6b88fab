"""The site that the sandbox starts with: project INT, its people, workflows, fields and screens."""

import uuid
from typing import Literal

from jira_sandbox.clock import Clock
from jira_sandbox.model import (
    Actors,
    Field,
    FieldContext,
    FieldEquals,
    Flavour,
    IssueType,
    LinkType,
    Named,
    Option,
    Project,
    Role,
    Screen,
    ScreenSet,
    ScreenTab,
    Status,
    Transition,
    User,
    Workflow,
)
from jira_sandbox.site import GLOBAL_PERMISSIONS, PROJECT_PERMISSIONS, Site

WorkflowStyle = Literal["strict", "open"]

STAGES = ("Discovery", "Requirements", "Development", "Certification", "Launch", "Live")
ENDS = ("Declined", "Cancelled")
STEP_STATUSES = ("To Do", "In Progress", "Done", "Won't Do", "Certified", "Failed")
NEW, DONE = ("Discovery", "To Do"), ("Live", *ENDS, "Done", "Won't Do", "Certified", "Failed")

PEOPLE = {
    "tc": "Tess Consultant",
    "integrations": "Ira Integrations",
    "integrator": "Ivo Integrator",
    "client": "Clea Client",
    "sales": "Saul Sales",
    "admin": "Ada Admin",
    "service": "Stagegate Service",
}
ROLES = {10002: "Administrators", 10003: "Members", 10004: "Viewers"}
ADMINISTRATORS, MEMBERS = 10002, 10003

SYSTEM_FIELDS = (
    ("summary", "Summary", "text"), ("description", "Description", "textarea"), ("issuetype", "Issue Type", "issuetype"),
    ("project", "Project", "project"), ("status", "Status", "status"), ("priority", "Priority", "priority"),
    ("resolution", "Resolution", "resolution"), ("resolutiondate", "Resolved", "moment"), ("labels", "Labels", "labels"),
    ("assignee", "Assignee", "assignee"), ("reporter", "Reporter", "user"), ("creator", "Creator", "creator"),
    ("created", "Created", "moment"), ("updated", "Updated", "moment"), ("duedate", "Due date", "date"),
    ("environment", "Environment", "textarea"), ("parent", "Parent", "parent"), ("subtasks", "Sub-tasks", "subtasks"),
    ("issuelinks", "Linked Issues", "issuelinks"), ("comment", "Comment", "comment"),
    ("statuscategorychangedate", "Status Category Changed", "moment"), ("issuekey", "Key", "issuekey"),
    ("workratio", "Work Ratio", "workratio"), ("progress", "Progress", "progress"),
    ("aggregateprogress", "Σ Progress", "progress"), ("watches", "Watchers", "watches"), ("votes", "Votes", "votes"),
    ("components", "Components", "list"), ("versions", "Affects versions", "list"),
    ("fixVersions", "Fix versions", "list"),
)  # fmt: skip
SYSTEM_CLAUSES = {
    "summary": ("summary",), "description": ("description",), "priority": ("priority",), "labels": ("labels",),
    "assignee": ("assignee",), "reporter": ("reporter",), "duedate": ("due", "duedate"), "environment": ("environment",),
}  # fmt: skip

ROLE_FIELDS = (
    ("Technical Consultant", "user"), ("Integrations Engineer", "user"), ("Integrator Contact", "user"),
    ("Client Contact", "user"), ("Sales Contact", "user"),
)  # fmt: skip
SERVICE_FIELDS = (
    ("Integration Stage", "select"), ("Gate", "select"), ("Certification Round", "number"),
    ("Certification Result", "select"), ("Rounds Failed", "number"), ("Last Refusal", "datetime"),
    ("Last Override", "datetime"),
)  # fmt: skip
PEOPLE_FIELDS = (
    ("Integration Kind", "select"), ("Project Goals", "textarea"), ("Project Scope", "textarea"),
    ("Feasibility", "select"), ("IDI Date", "date"), ("Certification Start", "date"),
    ("Certification Feedback", "textarea"), ("Failure Reasons", "multiselect"), ("Additional Fees", "select"),
    ("Go-live Date", "date"), ("Gate Override", "text"),
)  # fmt: skip
OPTIONS = {
    "Integration Stage": (*STAGES, *ENDS),
    "Gate": ("Open", "Closed"),
    "Certification Result": ("Certified", "Failed", "Withdrawn"),
    "Integration Kind": ("New", "Update"),
    "Feasibility": ("Feasible", "Not feasible"),
    "Failure Reasons": (
        "Duplicate calls", "Authentication", "Token expiry", "Error handling", "Wrong flow", "Other",
    ),
    "Additional Fees": ("No", "May apply", "Agreed"),
}  # fmt: skip
COMMON_SCREEN = ("summary", "issuetype", "description", "assignee", "reporter", "priority", "labels", "duedate")


def make_site(
    *,
    flavour: Flavour = "cloud",
    workflow: WorkflowStyle = "strict",
    failure_screen: bool = False,
    gate_condition: bool = False,
    clock: Clock | None = None,
) -> Site:
    """Make a fresh site with project INT.

    `failure_screen` puts a screen with *Certification Feedback* and *Failure Reasons* on Certification → Development;
    `gate_condition` lets forward transitions be made only while the field *Gate* is Open.
    """
    site = Site(flavour=flavour, clock=clock or Clock())
    _people(site)
    _vocabulary(site)
    _fields(site)
    project = _project(site)
    site.fields |= {f.id: f for f in _custom_fields(site, project)}
    _screens(site, project)
    _workflows(site, project)
    set_workflow(site, workflow, failure_screen=failure_screen, gate_condition=gate_condition)
    return site


def _people(site: Site) -> None:
    for number, (name, display_name) in enumerate(PEOPLE.items(), 10100):
        user = User(
            id=f"712020:{uuid.uuid5(uuid.NAMESPACE_DNS, name)}",
            name=name,
            key=f"JIRAUSER{number}",
            display_name=display_name,
            email=f"{name}@sandbox.example",
            groups={"jira-users"},
            tokens={f"{name}-sandbox-token"},
        )
        site.users[user.id] = user
    person(site, "admin").groups.add("jira-administrators")
    person(site, "service").groups.add("service-accounts")
    site.global_grants = {p: {"group:jira-users"} for p in GLOBAL_PERMISSIONS}
    site.global_grants["ADMINISTER"] = {"group:jira-administrators"}


def person(site: Site, name: str) -> User:
    """Return one of the site's people by user name (`tc`, `admin`, `service`); KeyError if there is nobody."""
    found = site.user_by_login(name)
    if found is None:
        raise KeyError(f"nobody on the site is named {name!r}")
    return found


def _vocabulary(site: Site) -> None:
    for name in (*STAGES, *ENDS, *STEP_STATUSES):
        kind = "new" if name in NEW else "done" if name in DONE else "indeterminate"
        status = Status(id=str(site.next_id("status")), name=name, category=kind)
        site.statuses[status.id] = status
    for name in ("Integration", "Sub-task", "Bug", "Task"):
        issue_type = IssueType(id=str(site.next_id("type")), name=name, subtask=name == "Sub-task")
        site.types[issue_type.id] = issue_type
    for number, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), 1):
        site.priorities[str(number)] = Named(id=str(number), name=name)
    for number, name in enumerate(("Done", "Won't Do", "Duplicate", "Cannot Reproduce"), 10000):
        site.resolutions[str(number)] = Named(id=str(number), name=name)
    for number, (name, inward, outward) in enumerate(LINK_TYPES, 10000):
        site.link_types[str(number)] = LinkType(id=str(number), name=name, inward=inward, outward=outward)
    site.roles = {number: Role(id=number, name=name) for number, name in ROLES.items()}


LINK_TYPES = (
    ("Blocks", "is blocked by", "blocks"),
    ("Cloners", "is cloned by", "clones"),
    ("Duplicate", "is duplicated by", "duplicates"),
    ("Relates", "relates to", "relates to"),
)


def _fields(site: Site) -> None:
    for field_id, name, kind in SYSTEM_FIELDS:
        if field_id == "statuscategorychangedate" and not site.cloud:
            continue
        site.fields[field_id] = Field(
            id=field_id,
            name=name,
            kind=kind,
            navigable=field_id != "comment",
            clauses=SYSTEM_CLAUSES.get(field_id, ()),
        )


def _project(site: Site) -> Project:
    admin = person(site, "admin")
    project = Project(
        id=str(site.next_id("project")),
        key="INT",
        name="Integrations",
        lead_id=admin.id,
        type_ids=list(site.types),
        workflows={},
        screens={},
        grants=default_grants(),
        roles={
            ADMINISTRATORS: Actors(user_ids=[admin.id]),
            MEMBERS: Actors(groups=["jira-users"]),
        },
    )
    site.projects[project.id] = project
    return project


def default_grants() -> dict[str, set[str]]:
    """Return who may do what in a new project: users everything but administer it."""
    grants = {permission: {"group:jira-users"} for permission in PROJECT_PERMISSIONS}
    grants["ADMINISTER_PROJECTS"] = {f"role:{ADMINISTRATORS}", "group:jira-administrators", "group:service-accounts"}
    return grants


def _custom_fields(site: Site, project: Project) -> list[Field]:
    integration = next(t.id for t in site.types.values() if t.name == "Integration")
    made = []
    for name, kind in (*ROLE_FIELDS, *SERVICE_FIELDS, *PEOPLE_FIELDS):
        number = site.next_id("field") + 10
        context = FieldContext(
            id=str(site.next_id("context")),
            name=f"{name}: {project.key}",
            project_ids={project.id},
            type_ids={integration},
            options=[Option(id=str(site.next_id("option")), value=value) for value in OPTIONS.get(name, ())],
        )
        made.append(custom_field(number, name, kind, [context]))
    return made


def custom_field(number: int, name: str, kind: str, contexts: list[FieldContext]) -> Field:
    """Make a custom field that JQL knows by name and as `cf[number]`."""
    return Field(
        id=f"customfield_{number}",
        name=name,
        kind=kind,
        custom=True,
        clauses=(f"cf[{number}]", name.lower()),
        contexts=contexts,
    )


def _screens(site: Site, project: Project) -> None:
    ids = {f.name: f.id for f in site.fields.values() if f.custom}
    people = [ids[name] for name, _ in (*ROLE_FIELDS, *PEOPLE_FIELDS)]
    service = [ids[name] for name, _ in SERVICE_FIELDS]
    # Only Data Center looks at the edit screen of a REST edit, so only there the service's fields must be on it.
    integration = ScreenSet(
        create=add_screen(site, "INT: create", [*COMMON_SCREEN, *people]),
        edit=add_screen(site, "INT: edit", [*COMMON_SCREEN, *people, *(() if site.cloud else service)]),
        view=add_screen(site, "INT: view", [*COMMON_SCREEN, *people, *service]),
    )
    plain = add_screen(site, "Default screen", [*COMMON_SCREEN, "environment"])
    for type_id in project.type_ids:
        project.screens[type_id] = ScreenSet(create=plain, edit=plain, view=plain)
    project.screens[project.type_ids[0]] = integration


def add_screen(site: Site, name: str, field_ids: list[str]) -> str:
    """Add a screen with one tab and return its id."""
    tab = ScreenTab(id=str(site.next_id("tab")), name="Field Tab", field_ids=list(field_ids))
    screen = Screen(id=str(site.next_id("screen")), name=name, tabs=[tab])
    site.screens[screen.id] = screen
    return screen.id


# workflows


def _workflows(site: Site, project: Project) -> None:
    step = everywhere(site, "INT: steps", STEP_STATUSES, prefix="")
    plain = everywhere(site, "Simple workflow", ("To Do", "In Progress", "Done"), prefix="")
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
    site.workflows[workflow.id] = workflow
    return workflow


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
    forward = [(f"Start {b.lower()}", a, b) for a, b in zip(STAGES[:4], STAGES[1:5], strict=True)]
    forward += [("Go live", "Launch", "Live"), ("Decline", "Discovery", "Declined"), ("Decline", "Requirements", "Declined")]
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
    screen_id = add_screen(site, "INT: certification failed", field_ids)
    for step in workflow.transitions:
        if step.to == development and (step.is_global or certification in step.sources):
            step.screen_id = screen_id


def _put_gate_condition(site: Site, workflow: Workflow) -> None:
    gate = FieldEquals(field_id=site.field_named("Gate").id, value="Open")
    order = {site.status_named(name).id: number for number, name in enumerate(STAGES)}
    for step in workflow.transitions:
        if all(order.get(source, 99) < order.get(step.to, -1) for source in step.sources) and not step.is_global:
            step.conditions.append(gate)
