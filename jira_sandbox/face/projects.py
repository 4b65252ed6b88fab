"""Projects, their statuses and roles."""

from jira_sandbox import preset, relations, show
from jira_sandbox.errors import JiraError, forbidden, not_administered
from jira_sandbox.face.paging import only
from jira_sandbox.face.routing import CLOUD, Call, Reply, Routes
from jira_sandbox.model import Actors, Project
from jira_sandbox.show import Json

routes = Routes()


def _whole(call: Call, project: Project) -> Json:
    roles = {r.name: call.view.link(f"project/{project.id}/role/{r.id}") for r in call.site.roles.values()}
    return show.project(call.view, project) | {
        "description": project.description,
        "lead": show.known_user(call.view, project.lead_id),
        "components": [],
        "issueTypes": [show.issue_type(call.view, call.site.types[i]) for i in project.type_ids],
        "assigneeType": project.assignee_type,
        "versions": [],
        "roles": roles,
    }


@routes.on("GET", "project")
def get_projects(call: Call) -> list[Json]:
    """Answer with the projects that the caller can see."""
    return [show.project(call.view, p) for p in call.site.visible_projects(call.user)]


@routes.on("GET", "project/search", flavours=[CLOUD])
def search_projects(call: Call) -> Json:
    """Answer with a page of projects."""
    text, keys = call.args.get("query", "").lower(), set(call.words("keys"))
    found = [
        p
        for p in call.site.visible_projects(call.user)
        if (text in p.name.lower() or text in p.key.lower()) and (not keys or p.key in keys)
    ]
    start, size = call.number("startAt", 0), call.number("maxResults", 50, 100)
    return {
        "self": call.view.link(f"project/search?startAt={start}&maxResults={size}"),
        "startAt": start,
        "maxResults": size,
        "total": len(found),
        "isLast": start + size >= len(found),
        "values": [show.project(call.view, p) for p in found[start : start + size]],
    }


@routes.on("GET", "project/{projectIdOrKey}")
def get_project(call: Call, project_id_or_key: str) -> Json:
    """Answer with a project."""
    return _whole(call, call.site.visible_project(project_id_or_key, call.user))


@routes.on("POST", "project")
def create_project(call: Call) -> Reply:
    """Make a project with types Task, Bug and Sub-task and a simple workflow."""
    body, site = call.body(), call.site
    if not site.may(call.user, "ADMINISTER"):
        raise forbidden("You are not authorised to create projects.")
    key, name = str(body.get("key") or ""), str(body.get("name") or "")
    errors = {**_key_errors(call, key), **_name_errors(call, name)}
    lead = site.user(body.get("leadAccountId") or body.get("lead")) or call.user
    if errors:
        raise JiraError(400, errors=errors)
    project = preset.simple_project(site, key=key, name=name, lead=lead)
    project.description = str(body.get("description") or "")
    project.project_type = str(body.get("projectTypeKey") or "business")
    made = {"self": call.view.link(f"project/{project.id}"), "id": int(project.id), "key": project.key}
    return Reply(made, 201)


def _key_errors(call: Call, key: str, own: Project | None = None) -> dict[str, str]:
    if not key.isalnum() or not key[:1].isalpha() or key != key.upper() or not 2 <= len(key) <= 10:
        return {
            "projectKey": "Project keys must start with an uppercase letter, followed by uppercase letters or digits."
        }
    there = call.site.project(key)
    return {"projectKey": f"Project '{there.name}' uses this project key."} if there and there is not own else {}


def _name_errors(call: Call, name: str, own: Project | None = None) -> dict[str, str]:
    if not name:
        return {"projectName": "You must specify a valid project name."}
    if any(p.name == name for p in call.site.projects.values() if p is not own):
        return {"projectName": "A project with that name already exists."}
    return {}


@routes.on("PUT", "project/{projectIdOrKey}")
def update_project(call: Call, project_id_or_key: str) -> Json:
    """Give a project another key, name or description; only administrators of the site change the key."""
    site, body = call.site, only(call.body(), "key", "name", "description")
    project = site.visible_project(project_id_or_key, call.user)
    key, name = str(body.get("key", project.key)), str(body.get("name", project.name))
    own = key == project.key and site.may(call.user, "ADMINISTER_PROJECTS", project)
    if not own and not site.may(call.user, "ADMINISTER"):
        raise forbidden("You cannot edit the configuration of this project.")
    if errors := {**_key_errors(call, key, project), **_name_errors(call, name, project)}:
        raise JiraError(400, errors=errors)
    project.name, project.description = name, str(body.get("description", project.description))
    if key != project.key:
        relations.change_key(site, project, key)
    return _whole(call, project)


@routes.on("DELETE", "project/{projectIdOrKey}")
def delete_project(call: Call, project_id_or_key: str) -> None:
    """Remove a project with its issues."""
    project = call.site.visible_project(project_id_or_key, call.user)
    if not call.site.may(call.user, "ADMINISTER"):
        raise forbidden("You are not authorised to delete projects.")
    preset.remove_project(call.site, project)


@routes.on("GET", "project/{projectIdOrKey}/statuses")
def get_statuses(call: Call, project_id_or_key: str) -> list[Json]:
    """Answer with the statuses of each issue type."""
    project = call.site.visible_project(project_id_or_key, call.user)
    return [_type_statuses(call, project, type_id) for type_id in project.type_ids]


def _type_statuses(call: Call, project: Project, type_id: str) -> Json:
    kind = call.site.types[type_id]
    statuses = call.site.workflows[project.workflows[type_id]].status_ids
    shown = {"self": call.view.link(f"issuetype/{kind.id}"), "id": kind.id, "name": kind.name, "subtask": kind.subtask}
    return shown | {"statuses": [show.status(call.view, call.site.statuses[i]) for i in statuses]}


@routes.on("GET", "project/{projectIdOrKey}/components")
def get_components(call: Call, project_id_or_key: str) -> list[Json]:
    """Answer that there are no components."""
    call.site.visible_project(project_id_or_key, call.user)
    return []


@routes.on("GET", "project/{projectIdOrKey}/versions")
def get_versions(call: Call, project_id_or_key: str) -> list[Json]:
    """Answer that there are no versions."""
    call.site.visible_project(project_id_or_key, call.user)
    return []


# roles


def _administered(call: Call, project_id_or_key: str) -> Project:
    project = call.site.visible_project(project_id_or_key, call.user)
    if not (call.site.may(call.user, "ADMINISTER_PROJECTS", project) or call.site.may(call.user, "ADMINISTER")):
        raise not_administered(cloud=call.site.cloud)
    return project


def _role_id(call: Call, raw: str) -> int:
    if not raw.isdigit() or int(raw) not in call.site.roles:
        raise JiraError(404, f"Can not find project role with id '{raw}'.")
    return int(raw)


@routes.on("GET", "project/{projectIdOrKey}/role")
def get_roles(call: Call, project_id_or_key: str) -> Json:
    """Answer with the addresses of the project's roles, by name."""
    project = _administered(call, project_id_or_key)
    return {r.name: call.view.link(f"project/{project.id}/role/{r.id}") for r in call.site.roles.values()}


@routes.on("GET", "project/{projectIdOrKey}/role/{id}")
def get_role(call: Call, project_id_or_key: str, id: str) -> Json:  # noqa: A002  the document's name
    """Answer with a role's actors in a project; Cloud hides it, with 404, from who doesn't administer the project."""
    try:
        project = _administered(call, project_id_or_key)
    except JiraError as error:
        if call.site.cloud and error.status == 401:
            raise JiraError(404, *error.messages) from None
        raise
    return show.role(call.view, call.site.roles[_role_id(call, id)], project)


@routes.on("POST", "project/{projectIdOrKey}/role/{id}")
def add_actors(call: Call, project_id_or_key: str, id: str) -> Json:  # noqa: A002
    """Give a role to users and groups."""
    project, body = _administered(call, project_id_or_key), call.body()
    held = project.roles.setdefault(_role_id(call, id), Actors())
    for reference in body.get("user") or []:
        user = call.site.user(reference)
        if user is None:
            raise JiraError(404, f"We can't find the user '{reference}'.")
        held.user_ids += [user.id] * (user.id not in held.user_ids)
    held.groups += [group for group in body.get("group") or [] if group not in held.groups]
    return show.role(call.view, call.site.roles[int(id)], project)


@routes.on("DELETE", "project/{projectIdOrKey}/role/{id}")
def delete_actor(call: Call, project_id_or_key: str, id: str) -> None:  # noqa: A002
    """Take a role from a user or a group."""
    project = _administered(call, project_id_or_key)
    held = project.roles.get(_role_id(call, id), Actors())
    user = call.site.user(call.args.get("user"))
    if user is not None and user.id in held.user_ids:
        held.user_ids.remove(user.id)
    elif call.args.get("group") in held.groups:
        held.groups.remove(call.args["group"])
    else:
        raise JiraError(404, "The user or group does not have this role.")
