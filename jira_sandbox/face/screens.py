"""Screens with their tabs, and the schemes that give them to issue types."""

from jira_sandbox import schemes
from jira_sandbox.errors import JiraError
from jira_sandbox.face.paging import administer, only, page, text
from jira_sandbox.face.routing import CLOUD, Call, Reply, Routes
from jira_sandbox.model import Project, Screen, ScreenScheme, ScreenTab, TypeScreenScheme
from jira_sandbox.show import Json

routes = Routes()
USES = ("default", *schemes.USES)


def _screen(call: Call, screen_id: str) -> Screen:
    administer(call)
    if screen_id not in call.site.screens:
        raise JiraError(404, "The screen was not found.")
    return call.site.screens[screen_id]


def _tab(call: Call, screen_id: str, tab_id: str) -> ScreenTab:
    found = next((t for t in _screen(call, screen_id).tabs if t.id == tab_id), None)
    if found is None:
        raise JiraError(404, "The screen tab was not found.")
    return found


@routes.on("GET", "screens")
def get_screens(call: Call) -> Json:
    """Answer with a page of screens; `queryString` is a part of the name."""
    administer(call)
    part = call.args.get("queryString", "").lower()
    shown = [_shown(s) for s in call.site.screens.values() if part in s.name.lower()]
    return page(call, "screens", shown, 100)


def _shown(screen: Screen) -> Json:
    return {"id": int(screen.id), "name": screen.name, "description": ""}


@routes.on("POST", "screens", flavours=[CLOUD])
def create_screen(call: Call) -> Reply:
    """Make a screen with one empty tab; no two have one name."""
    administer(call)
    body, site = only(call.body(), "name", "description"), call.site
    name = text(body, "name")
    if any(s.name == name for s in site.screens.values()):
        raise JiraError(400, "A screen with this name already exists.")
    return Reply(_shown(site.screens[site.add_screen(name, [])]), 201)


@routes.on("GET", "screens/{screenId}/tabs")
def get_tabs(call: Call, screen_id: str) -> list[Json]:
    """Answer with a screen's tabs."""
    return [{"id": int(t.id), "name": t.name} for t in _screen(call, screen_id).tabs]


@routes.on("GET", "screens/{screenId}/tabs/{tabId}/fields")
def get_fields(call: Call, screen_id: str, tab_id: str) -> list[Json]:
    """Answer with the fields on a tab."""
    fields = call.site.fields
    return [{"id": i, "name": fields[i].name} for i in _tab(call, screen_id, tab_id).field_ids]


@routes.on("POST", "screens/{screenId}/tabs/{tabId}/fields")
def add_field(call: Call, screen_id: str, tab_id: str) -> Json:
    """Put a field on a tab; on a screen it can be once."""
    tab, screen = _tab(call, screen_id, tab_id), call.site.screens[screen_id]
    field_id = text(only(call.body(), "fieldId"), "fieldId")
    if field_id not in call.site.fields:
        raise JiraError(404, f"The field '{field_id}' was not found.")
    if field_id in screen.field_ids():
        raise JiraError(400, f"The field '{field_id}' is already on the screen.")
    tab.field_ids.append(field_id)
    return {"id": field_id, "name": call.site.fields[field_id].name}


# screen schemes


@routes.on("GET", "screenscheme", flavours=[CLOUD])
def get_schemes(call: Call) -> Json:
    """Answer with a page of screen schemes; `queryString` is a part of the name."""
    administer(call)
    for project in call.site.projects.values():
        schemes.type_screen_scheme(call.site, project)
    part, wanted = call.args.get("queryString", "").lower(), call.args.getlist("id")
    shown = [
        {
            "id": int(s.id),
            "name": s.name,
            "description": s.description,
            "screens": {u: int(i) for u, i in s.screens.items()},
        }
        for s in call.site.screen_schemes.values()
        if part in s.name.lower() and (not wanted or s.id in wanted)
    ]
    return page(call, "screenscheme", shown, 25)


def _screen_scheme(scheme: ScreenScheme) -> Json:
    screens = {use: int(screen) for use, screen in scheme.screens.items()}
    return {"id": int(scheme.id), "name": scheme.name, "description": scheme.description, "screens": screens}


@routes.on("POST", "screenscheme", flavours=[CLOUD])
def create_scheme(call: Call) -> Reply:
    """Make a screen scheme: which screen for creating, editing, viewing, and for whatever is not named."""
    administer(call)
    body, site = only(call.body(), "name", "description", "screens"), call.site
    name, screens = text(body, "name"), only(body.get("screens") or {}, *USES)
    if "default" not in screens:
        raise JiraError(400, errors={"screens": "The default screen must be specified."})
    if not {str(i) for i in screens.values()} <= set(site.screens):
        raise JiraError(404, "A screen used as one of the screen types in the screen scheme is not found.")
    if any(s.name == name for s in site.screen_schemes.values()):
        raise JiraError(400, "A screen scheme with this name already exists.")
    used = {use: str(i) for use, i in screens.items()}
    made = ScreenScheme(id=schemes.new_id(site), name=name, screens=used)
    made.description = str(body.get("description") or "")
    site.screen_schemes[made.id] = made
    return Reply({"id": int(made.id)}, 201)


# issue type screen schemes


@routes.on("GET", "issuetypescreenscheme", flavours=[CLOUD])
def get_type_schemes(call: Call) -> Json:
    """Answer with a page of issue type screen schemes; `queryString` is a part of the name."""
    administer(call)
    part = call.args.get("queryString", "").lower()
    found = [s for s in _all(call) if part in s.name.lower()]
    return page(call, "issuetypescreenscheme", [_type_scheme(s) for s in found])


def _all(call: Call) -> list[TypeScreenScheme]:
    for project in call.site.projects.values():
        schemes.type_screen_scheme(call.site, project)
    return list(call.site.type_screen_schemes.values())


def _type_scheme(scheme: TypeScreenScheme) -> Json:
    return {"id": scheme.id, "name": scheme.name, "description": scheme.description}


@routes.on("GET", "issuetypescreenscheme/mapping", flavours=[CLOUD])
def get_mapping(call: Call) -> Json:
    """Answer with the screen scheme of each issue type of each scheme."""
    administer(call)
    wanted = call.args.getlist("issueTypeScreenSchemeId")
    shown = [
        {"issueTypeId": type_id, "issueTypeScreenSchemeId": s.id, "screenSchemeId": scheme_id}
        for s in _all(call)
        for type_id, scheme_id in s.schemes.items()
        if not wanted or s.id in wanted
    ]
    return page(call, "issuetypescreenscheme/mapping", shown)


@routes.on("GET", "issuetypescreenscheme/project", flavours=[CLOUD])
def get_projects(call: Call) -> Json:
    """Answer with the issue type screen schemes of projects."""
    administer(call)
    shown = [
        {"issueTypeScreenScheme": _type_scheme(schemes.type_screen_scheme(call.site, p)), "projectIds": [p.id]}
        for p in asked_projects(call)
    ]
    return page(call, "issuetypescreenscheme/project", shown)


def asked_projects(call: Call) -> list[Project]:
    """Return the company-managed projects whose ids the caller gives; raise Jira's 400 where none is given."""
    wanted = call.args.getlist("projectId")
    if not wanted:
        raise JiraError(400, "The projectId query parameter is required.")
    found = [call.site.projects[i] for i in wanted if i in call.site.projects]
    return [project for project in found if not project.team_managed]


@routes.on("POST", "issuetypescreenscheme", flavours=[CLOUD])
def create_type_scheme(call: Call) -> Reply:
    """Make an issue type screen scheme; it must say what is the default."""
    administer(call)
    body, site = only(call.body(), "name", "description", "issueTypeMappings"), call.site
    name, mappings = text(body, "name"), body.get("issueTypeMappings") or []
    mapped = {text(m, "issueTypeId"): text(m, "screenSchemeId") for m in mappings}
    if "default" not in mapped or len(mapped) < len(mappings):
        raise JiraError(400, "The mappings need one default, and each issue type once.")
    if not set(mapped) <= {"default", *site.types} or not set(mapped.values()) <= set(site.screen_schemes):
        raise JiraError(404, "The issue type or screen scheme is not found.")
    if any(s.name == name for s in site.type_screen_schemes.values()):
        raise JiraError(400, "An issue type screen scheme with this name already exists.")
    made = TypeScreenScheme(id=schemes.new_id(site), name=name, schemes=mapped)
    made.description = str(body.get("description") or "")
    site.type_screen_schemes[made.id] = made
    return Reply({"id": made.id}, 201)


@routes.on("PUT", "issuetypescreenscheme/project", flavours=[CLOUD])
def assign(call: Call) -> None:
    """Give a project an issue type screen scheme."""
    administer(call)
    body = only(call.body(), "issueTypeScreenSchemeId", "projectId")
    project = company_managed(call, str(body.get("projectId")))
    scheme_id = str(body.get("issueTypeScreenSchemeId"))
    if scheme_id not in call.site.type_screen_schemes:
        raise JiraError(404, "The issue type screen scheme is not found.")
    project.screen_scheme = scheme_id
    schemes.settle(call.site, project)


def company_managed(call: Call, project_id: str) -> Project:
    """Return a project by id; raise Jira's 404 where there is none, its 400 where schemes don't apply to it."""
    project = call.site.projects.get(project_id)
    if project is None:
        raise JiraError(404, "The project is missing.")
    if project.team_managed:
        raise JiraError(400, "The project is not a classic project.")
    return project
