"""Issue types made over REST, and the schemes that give them to projects."""

from jira_sandbox import schemes, show
from jira_sandbox.errors import JiraError
from jira_sandbox.face.paging import administer, only, page, text
from jira_sandbox.face.routing import CLOUD, Call, Reply, Routes
from jira_sandbox.face.screens import asked_projects, company_managed
from jira_sandbox.model import IssueType, TypeScheme
from jira_sandbox.show import Json

routes = Routes()


@routes.on("POST", "issuetype")
def create(call: Call) -> Reply:
    """Make an issue type; the site's default scheme takes it in."""
    administer(call)
    body, site = only(call.body(), "name", "description", "type", "hierarchyLevel"), call.site
    name, level = text(body, "name"), body.get("hierarchyLevel", 0)
    if len(name) > 60 or level not in (-1, 0):
        raise JiraError(400, "The issue type name is too long, or the hierarchy level is invalid.")
    if any(t.name.lower() == name.lower() for t in site.types.values()):
        raise JiraError(409, "The issue type name is in use.")
    made = IssueType(
        id=str(site.next_id("type")),
        name=name,
        subtask=level == -1 or body.get("type") == "subtask",
        description=str(body.get("description") or ""),
    )
    site.types[made.id] = made
    _into_default_schemes(call, made)
    return Reply(show.issue_type(call.view, made), 201)


def _into_default_schemes(call: Call, made: IssueType) -> None:
    for project in call.site.projects.values():
        scheme = schemes.type_scheme(call.site, project)
        if scheme.is_default:
            project.type_scheme = scheme.id
            scheme.type_ids += [made.id] * (made.id not in scheme.type_ids)
            schemes.settle(call.site, project)


# schemes


def _shown(scheme: TypeScheme) -> Json:
    shown = {"id": scheme.id, "name": scheme.name, "description": scheme.description, "isDefault": scheme.is_default}
    return shown | ({"defaultIssueTypeId": scheme.default_type_id} if scheme.default_type_id else {})


def _all(call: Call) -> list[TypeScheme]:
    for project in call.site.projects.values():
        schemes.type_scheme(call.site, project)
    return list(call.site.type_schemes.values())


@routes.on("GET", "issuetypescheme", flavours=[CLOUD])
def get_schemes(call: Call) -> Json:
    """Answer with a page of issue type schemes; `queryString` is a part of the name."""
    administer(call)
    part = call.args.get("queryString", "").lower()
    return page(call, "issuetypescheme", [_shown(s) for s in _all(call) if part in s.name.lower()])


@routes.on("GET", "issuetypescheme/mapping", flavours=[CLOUD])
def get_mapping(call: Call) -> Json:
    """Answer with the issue types of each scheme."""
    administer(call)
    wanted = call.args.getlist("issueTypeSchemeId")
    shown = [
        {"issueTypeId": type_id, "issueTypeSchemeId": s.id}
        for s in _all(call)
        for type_id in s.type_ids
        if not wanted or s.id in wanted
    ]
    return page(call, "issuetypescheme/mapping", shown)


@routes.on("GET", "issuetypescheme/project", flavours=[CLOUD])
def get_projects(call: Call) -> Json:
    """Answer with the issue type schemes of projects."""
    administer(call)
    shown = [
        {"issueTypeScheme": _shown(schemes.type_scheme(call.site, p)), "projectIds": [p.id]}
        for p in asked_projects(call)
    ]
    return page(call, "issuetypescheme/project", shown)


@routes.on("POST", "issuetypescheme", flavours=[CLOUD])
def create_scheme(call: Call) -> Reply:
    """Make an issue type scheme."""
    administer(call)
    body, site = only(call.body(), "name", "description", "defaultIssueTypeId", "issueTypeIds"), call.site
    name, ids = text(body, "name"), [str(i) for i in body.get("issueTypeIds") or ()]
    default = body.get("defaultIssueTypeId")
    if not ids or not set(ids) <= set(site.types) or (default and default not in ids):
        raise JiraError(400, "The issue types of the scheme are missing or unknown.")
    if any(s.name == name for s in _all(call)):
        raise JiraError(409, "The scheme name is used by another scheme.")
    made = TypeScheme(id=schemes.new_id(site), name=name, type_ids=ids, default_type_id=default)
    made.description = str(body.get("description") or "")
    site.type_schemes[made.id] = made
    return Reply({"issueTypeSchemeId": made.id}, 201)


@routes.on("PUT", "issuetypescheme/project", flavours=[CLOUD])
def assign(call: Call) -> None:
    """Give a project an issue type scheme; refused where issues have a type that it lacks."""
    administer(call)
    body, site = only(call.body(), "issueTypeSchemeId", "projectId"), call.site
    project = company_managed(call, str(body.get("projectId")))
    scheme = site.type_schemes.get(str(body.get("issueTypeSchemeId")))
    if scheme is None:
        raise JiraError(404, "The issue type scheme is not found.")
    used = {i.type_id for i in site.issues.values() if i.project_id == project.id}
    if not used <= set(scheme.type_ids):
        raise JiraError(400, "Issues of the project have types that are not in the scheme.")
    project.type_scheme = scheme.id
    schemes.settle(site, project)
