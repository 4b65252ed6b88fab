"""The site that the sandbox starts with: project INT, its people, workflows, fields and screens."""

import uuid

from jira_sandbox import workflows
from jira_sandbox.clock import Clock
from jira_sandbox.model import (
    Actors,
    Field,
    FieldContext,
    Flavour,
    IssueType,
    LinkType,
    Named,
    Option,
    Project,
    Role,
    ScreenSet,
    Status,
    User,
)
from jira_sandbox.site import GLOBAL_PERMISSIONS, PROJECT_PERMISSIONS, Site
from jira_sandbox.vocabulary import (
    ADMINISTRATORS,
    COMMON_SCREEN,
    DONE,
    ENDS,
    LINK_TYPES,
    MEMBERS,
    NEW,
    OPTIONS,
    PEOPLE,
    PEOPLE_FIELDS,
    ROLE_FIELDS,
    ROLES,
    SERVICE_FIELDS,
    SIMPLE_STATUSES,
    STAGES,
    STEP_STATUSES,
    SYSTEM_CLAUSES,
    SYSTEM_FIELDS,
)
from jira_sandbox.workflows import WorkflowStyle


def make_site(
    *,
    flavour: Flavour = "cloud",
    workflow: WorkflowStyle = "strict",
    failure_screen: bool = False,
    gate_condition: bool = False,
    empty: bool = False,
    clock: Clock | None = None,
) -> Site:
    """Make a fresh site with project INT.

    With `empty` the project is as Jira makes a new company-managed one: types Task, Bug and Sub-task, statuses To Do,
    In Progress and Done, the default screen, no custom field; the options below don't matter then.
    `failure_screen` puts a screen with *Certification Feedback* and *Failure Reasons* on Certification → Development;
    `gate_condition` lets forward transitions be made only while the field *Gate* is Open.
    """
    site = Site(flavour=flavour, clock=clock or Clock())
    _people(site)
    if empty:
        return _empty(site)
    _vocabulary(site, types=("Integration", "Sub-task", "Bug", "Task"), statuses=(*STAGES, *ENDS, *STEP_STATUSES))
    _fields(site)
    project = _project(site)
    site.fields |= {f.id: f for f in _custom_fields(site, project)}
    _screens(site, project)
    workflows.give_workflows(site, project)
    workflows.set_workflow(site, workflow, failure_screen=failure_screen, gate_condition=gate_condition)
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


def _empty(site: Site) -> Site:
    _vocabulary(site, types=("Task", "Bug", "Sub-task"), statuses=SIMPLE_STATUSES)
    _fields(site)
    site.add_screen("Default screen", [*COMMON_SCREEN, "environment"])
    workflows.everywhere(site, "Simple workflow", SIMPLE_STATUSES, prefix="")
    simple_project(site, key="INT", name="Integrations", lead=person(site, "admin"))
    return site


def _vocabulary(site: Site, *, types: tuple[str, ...], statuses: tuple[str, ...]) -> None:
    for name in statuses:
        kind = "new" if name in NEW else "done" if name in DONE else "indeterminate"
        status = Status(id=str(site.next_id("status")), name=name, category=kind)
        site.statuses[status.id] = status
    for name in types:
        issue_type = IssueType(id=str(site.next_id("type")), name=name, subtask=name == "Sub-task")
        site.types[issue_type.id] = issue_type
    for number, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), 1):
        site.priorities[str(number)] = Named(id=str(number), name=name)
    for number, name in enumerate(("Done", "Won't Do", "Duplicate", "Cannot Reproduce"), 10000):
        site.resolutions[str(number)] = Named(id=str(number), name=name)
    for number, (name, inward, outward) in enumerate(LINK_TYPES, 10000):
        site.link_types[str(number)] = LinkType(id=str(number), name=name, inward=inward, outward=outward)
    site.roles = {number: Role(id=number, name=name) for number, name in ROLES.items()}


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
        create=site.add_screen("INT: create", [*COMMON_SCREEN, *people]),
        edit=site.add_screen("INT: edit", [*COMMON_SCREEN, *people, *(() if site.cloud else service)]),
        view=site.add_screen("INT: view", [*COMMON_SCREEN, *people, *service]),
    )
    plain = site.add_screen("Default screen", [*COMMON_SCREEN, "environment"])
    for type_id in project.type_ids:
        project.screens[type_id] = ScreenSet(create=plain, edit=plain, view=plain)
    project.screens[project.type_ids[0]] = integration


# further projects


def simple_project(site: Site, *, key: str, name: str, lead: User) -> Project:
    """Add a project with types Task, Bug and Sub-task, the simple workflow and the default screen."""
    types = [t.id for t in site.types.values() if t.name in ("Task", "Bug", "Sub-task")]
    workflow = next(w.id for w in site.workflows.values() if w.name == "Simple workflow")
    screen = next(s.id for s in site.screens.values() if s.name == "Default screen")
    project = Project(
        id=str(site.next_id("project")),
        key=key,
        name=name,
        lead_id=lead.id,
        type_ids=types,
        workflows=dict.fromkeys(types, workflow),
        screens={i: ScreenSet(create=screen, edit=screen, view=screen) for i in types},
        grants=default_grants(),
        roles={ADMINISTRATORS: Actors(user_ids=[lead.id]), MEMBERS: Actors(groups=["jira-users"])},
    )
    site.projects[project.id] = project
    return project


def remove_project(site: Site, project: Project) -> None:
    """Remove a project with all its issues, silently as Jira does."""
    for issue in [i for i in site.issues.values() if i.project_id == project.id]:
        site.drop_issue(issue)
    del site.projects[project.id]
