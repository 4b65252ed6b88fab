"""The schemes that tell a project its issue types, screens and workflows, and how they are flattened into it."""

from jira_sandbox.model import (
    Project,
    ScreenScheme,
    ScreenSet,
    TypeScheme,
    TypeScreenScheme,
    WorkflowScheme,
)
from jira_sandbox.site import Site

USES = ("create", "edit", "view")


def new_id(site: Site) -> str:
    """Return the next id of a scheme; a project's own ones have the project's."""
    return str(site.next_id("scheme") + 100)


def settle(site: Site, project: Project) -> None:
    """Flatten the schemes that were assigned to a project into it; types that are new get what is the default."""
    if project.type_scheme:
        project.type_ids = list(site.type_schemes[project.type_scheme].type_ids)
    workflows = workflow_scheme(site, project)
    screens = type_screen_scheme(site, project)
    project.workflows = {i: workflows.workflows.get(i, workflows.default) for i in project.type_ids}
    project.screens = {
        i: _screen_set(site.screen_schemes[screens.schemes.get(i, screens.schemes["default"])])
        for i in project.type_ids
    }


def _screen_set(scheme: ScreenScheme) -> ScreenSet:
    return ScreenSet(**{use: scheme.screens.get(use, scheme.screens["default"]) for use in USES})


def type_scheme(site: Site, project: Project) -> TypeScheme:
    """Return the project's issue type scheme; one of its own where none was assigned."""
    if project.type_scheme:
        return site.type_schemes[project.type_scheme]
    own = TypeScheme(id=project.id, name=f"{project.key}: issue types", type_ids=list(project.type_ids))
    return site.type_schemes.setdefault(own.id, own)


def workflow_scheme(site: Site, project: Project) -> WorkflowScheme:
    """Return the project's workflow scheme; where none was assigned, one of its own, as its workflows are now.

    Where all its types follow the site's default workflow that is the Default Workflow Scheme, which has no id and is
    in no list, as in Jira.
    """
    if project.workflow_scheme:
        return site.workflow_schemes[project.workflow_scheme]
    default = next((w.id for w in site.workflows.values() if w.name == "Simple workflow"), "")
    mapped = {i: w for i, w in project.workflows.items() if w != default}
    if not mapped:
        return WorkflowScheme(id="", name="Default Workflow Scheme", default=default, workflows={})
    own = WorkflowScheme(id=project.id, name=f"{project.key}: workflows", default=default, workflows=mapped)
    site.workflow_schemes[own.id] = own
    return own


def type_screen_scheme(site: Site, project: Project) -> TypeScreenScheme:
    """Return the project's issue type screen scheme; one of its own where none was assigned."""
    if project.screen_scheme:
        return site.type_screen_schemes[project.screen_scheme]
    if project.id in site.type_screen_schemes:
        return site.type_screen_schemes[project.id]
    plain = next(s.id for s in site.screens.values() if s.name == "Default screen")
    schemes = {"default": _own_screens(site, project, "default", ScreenSet(create=plain, edit=plain, view=plain))}
    for type_id, screens in project.screens.items():
        if {screens.create, screens.edit, screens.view} != {plain}:
            schemes[type_id] = _own_screens(site, project, site.types[type_id].name, screens)
    own = TypeScreenScheme(id=project.id, name=f"{project.key}: screens", schemes=schemes)
    site.type_screen_schemes[own.id] = own
    return own


def _own_screens(site: Site, project: Project, what: str, screens: ScreenSet) -> str:
    used = {"default": screens.view, "create": screens.create, "edit": screens.edit, "view": screens.view}
    made = ScreenScheme(id=new_id(site), name=f"{project.key}: {what} screens", screens=used)
    site.screen_schemes[made.id] = made
    return made.id
