"""What a site knows: the server, fields, statuses, types, priorities, resolutions, roles, permissions."""

from collections.abc import Iterable

from jira_sandbox import show
from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import CLOUD, Call, Routes
from jira_sandbox.fields import KINDS
from jira_sandbox.model import Field, Project
from jira_sandbox.show import CATEGORIES, Json
from jira_sandbox.site import GLOBAL_PERMISSIONS, PROJECT_PERMISSIONS

routes = Routes()


@routes.on("GET", "serverInfo", anonymous=True)
def server_info(call: Call) -> Json:
    """Answer with the server's version and time, to anybody."""
    version, numbers = ("1001.0.0-SNAPSHOT", [1001, 0, 0]) if call.site.cloud else ("10.3.5", [10, 3, 5])
    now = call.view.time(call.site.clock.now())
    shown: Json = {
        "baseUrl": call.site.base_url,
        "version": version,
        "versionNumbers": numbers,
        "deploymentType": "Cloud" if call.site.cloud else "Server",
        "buildNumber": 100287,
        "buildDate": now,
        "serverTime": now,
        "scmInfo": "0000000000000000000000000000000000000000",
        "serverTitle": call.site.title,
    }
    return shown | ({"serverTimeZone": call.site.time_zone} if call.site.cloud else {})


@routes.on("GET", "field")
def get_fields(call: Call) -> list[Json]:
    """Answer with the fields; on Cloud without custom fields that no project that the caller can see has in use."""
    fields = call.site.fields.values()
    used = _used_fields(call) if call.site.cloud else set(call.site.fields)
    return [field_shown(f) for f in fields if f.id in used or not f.custom or f.project_id]


def _used_fields(call: Call) -> set[str]:
    site = call.site
    projects = site.visible_projects(call.user)
    workflows = {i for project in projects for i in project.workflows.values()}
    used = {step.screen_id for i in workflows for step in site.workflows[i].transitions if step.screen_id}
    for screens in (screens for project in projects for screens in project.screens.values()):
        used |= {screens.create, screens.edit, screens.view}
    return {field_id for screen in used for field_id in site.screens[screen].field_ids()}


def field_shown(field: Field) -> Json:
    """Show a field."""
    shown: Json = {
        "id": field.id,
        "key": field.id,
        "name": field.name,
        "custom": field.custom,
        "orderable": KINDS[field.kind].family != "fixed",
        "navigable": field.navigable,
        "searchable": bool(field.clauses) or not field.custom,
        "clauseNames": list(field.clauses) or [field.id],
    }
    shown |= {} if field.kind == "issuekey" else {"schema": KINDS[field.kind].schema(field)}
    scope = {"type": "PROJECT", "project": {"id": field.project_id}}
    return shown | ({"scope": scope} if field.project_id else {})


@routes.on("GET", "status")
def get_statuses(call: Call) -> list[Json]:
    """Answer with every status."""
    return [show.status(call.view, status) for status in call.site.statuses.values()]


@routes.on("GET", "status/{idOrName}")
def get_status(call: Call, id_or_name: str) -> Json:
    """Answer with one status."""
    for status in call.site.statuses.values():
        if id_or_name in (status.id, status.name):
            return show.status(call.view, status)
    raise JiraError(404, f"The status with id or name '{id_or_name}' does not exist")


@routes.on("GET", "statuscategory")
def get_categories(call: Call) -> list[Json]:
    """Answer with the status categories."""
    return [show.category(call.view, key) for key in CATEGORIES]


@routes.on("GET", "issuetype")
def get_types(call: Call) -> list[Json]:
    """Answer with every issue type."""
    return [show.issue_type(call.view, kind) for kind in call.site.types.values()]


@routes.on("GET", "issuetype/{id}")
def get_type(call: Call, id: str) -> Json:  # noqa: A002  the document's name
    """Answer with one issue type."""
    if id not in call.site.types:
        raise JiraError(404, "The issue type does not exist.")
    return show.issue_type(call.view, call.site.types[id])


@routes.on("GET", "priority")
def get_priorities(call: Call) -> list[Json | None]:
    """Answer with the priorities."""
    return [show.named(call.view, each, "priority") for each in call.site.priorities.values()]


@routes.on("GET", "resolution")
def get_resolutions(call: Call) -> list[Json | None]:
    """Answer with the resolutions."""
    return [show.named(call.view, each, "resolution") for each in call.site.resolutions.values()]


@routes.on("GET", "role")
def get_roles(call: Call) -> list[Json]:
    """Answer with the site's project roles."""
    return [show.role(call.view, role) for role in call.site.roles.values()]


# permissions


def _permissions(keys: Iterable[str]) -> dict[str, Json]:
    return {
        key: {
            "id": str(number),
            "key": key,
            "name": key.replace("_", " ").capitalize(),
            "type": "GLOBAL" if key in GLOBAL_PERMISSIONS else "PROJECT",
            "description": "",
        }
        for number, key in enumerate(keys)
    }


@routes.on("GET", "permissions")
def get_permissions(_call: Call) -> Json:
    """Answer with every permission."""
    return {"permissions": _permissions((*GLOBAL_PERMISSIONS, *PROJECT_PERMISSIONS))}


@routes.on("GET", "mypermissions")
def my_permissions(call: Call) -> Json:
    """Answer whether the caller has the permissions asked for, in a project if one is given."""
    known = (*GLOBAL_PERMISSIONS, *PROJECT_PERMISSIONS)
    wanted = call.words("permissions")
    if call.site.cloud and not wanted:
        raise JiraError(400, "The 'permissions' query parameter is required.")
    if unknown := [key for key in wanted if key not in known]:
        raise JiraError(400, f"Unrecognized permission: {', '.join(unknown)}")
    shown = _permissions(wanted or known)
    project = _asked_project(call)
    for key, each in shown.items():
        each["havePermission"] = _has(call, key, project)
    return {"permissions": shown}


def _asked_project(call: Call) -> Project | None:
    if reference := call.args.get("issueKey") or call.args.get("issueId"):
        return call.site.projects[call.site.visible_issue(reference, call.user).project_id]
    if reference := call.args.get("projectKey") or call.args.get("projectId"):
        return call.site.visible_project(reference, call.user)
    return None


def _has(call: Call, key: str, project: Project | None) -> bool:
    if key in GLOBAL_PERMISSIONS:
        return call.site.may(call.user, key)
    projects = [project] if project else list(call.site.projects.values())
    return any(call.site.may(call.user, key, each) for each in projects)


@routes.on("GET", "configuration")
def get_configuration(_call: Call) -> Json:
    """Answer with what the site has switched on."""
    return {
        "votingEnabled": True,
        "watchingEnabled": True,
        "unassignedIssuesAllowed": True,
        "subTasksEnabled": True,
        "issueLinkingEnabled": True,
        "timeTrackingEnabled": False,
        "attachmentsEnabled": False,
    }


@routes.on("GET", "announcementBanner", flavours=[CLOUD])
def get_banner(_call: Call) -> Json:
    """Answer that there is no announcement."""
    return {"isDismissible": False, "isEnabled": False, "hashId": "", "message": "", "visibility": "public"}


@routes.on("POST", "permissions/check", flavours=[CLOUD])
def check_permissions(call: Call) -> Json:
    """Answer which of the permissions the caller holds globally, and in which projects or issues."""
    body = call.body()
    known = [key for key in body.get("globalPermissions", []) if call.site.may(call.user, key)]
    granted = []
    for asked in body.get("projectPermissions", []):
        for key in asked.get("permissions", []):
            projects = [i for i in asked.get("projects", []) if _holds(call, key, call.site.projects.get(str(i)))]
            issues = [i for i in asked.get("issues", []) if _holds(call, key, _project_of(call, str(i)))]
            granted.append({"permission": key, "projects": projects, "issues": issues})
    return {"globalPermissions": known, "projectPermissions": granted}


def _project_of(call: Call, issue_id: str) -> Project | None:
    issue = call.site.issue(issue_id)
    return call.site.projects[issue.project_id] if issue else None


def _holds(call: Call, key: str, project: Project | None) -> bool:
    return project is not None and call.site.may(call.user, key, project)
