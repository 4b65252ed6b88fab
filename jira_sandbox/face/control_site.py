"""The switches of the site itself under `/_sandbox/`: search, permissions, screens, names, workflow, apps, state."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from jira_sandbox import apps, preset, relations, workflows
from jira_sandbox.clock import stamp
from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import Call, Routes
from jira_sandbox.model import Issue
from jira_sandbox.show import Json
from jira_sandbox.site import GLOBAL_PERMISSIONS, PROJECT_PERMISSIONS, Revocation

routes = Routes("/_sandbox/")


@routes.on("PUT", "search")
def set_search(call: Call) -> Json:
    """Let the search index lag: `{"delay": seconds}` of the sandbox's clock."""
    with call.site.lock:
        call.site.search_delay = timedelta(seconds=float(call.body().get("delay", 0)))
    return {"delay": call.site.search_delay.total_seconds()}


@routes.on("PUT", "transitions")
def set_transitions(call: Call) -> Json:
    """Let every transition take `{"seconds": n}`, so that a second one meanwhile meets a 409."""
    call.site.transition_pause = float(call.body().get("seconds", 0))
    return {"seconds": call.site.transition_pause}


@routes.on("POST", "permissions/revoke")
def revoke(call: Call) -> Json:
    """Take a permission away: `{"permission": KEY, "user": name or null, "project": key or null}`."""
    body, site = call.body(), call.site
    if body.get("permission") not in (*GLOBAL_PERMISSIONS, *PROJECT_PERMISSIONS):
        raise JiraError(400, f"Unknown permission: {body.get('permission')}")
    user = site.user_by_login(body["user"]) if body.get("user") else None
    if body.get("user") and user is None:
        raise JiraError(404, f"Nobody is named {body['user']}.")
    revocation = Revocation(
        permission=body["permission"], user_id=user.id if user else None, project_key=body.get("project")
    )
    site.revocations.append(revocation)
    return asdict(revocation)


@routes.on("POST", "permissions/restore")
def restore(call: Call) -> None:
    """Give back every permission that was taken away."""
    call.site.revocations.clear()


@routes.on("POST", "screens/remove")
def remove_from_screens(call: Call) -> Json:
    """Take a field (by name or id) off every screen, or off the one named in `screen`."""
    body, site = call.body(), call.site
    field_id = _field_id(call, body.get("field", ""))
    touched = [s for s in site.screens.values() if field_id in s.field_ids() and body.get("screen") in (None, s.name)]
    with site.lock:
        for tab in (tab for screen in touched for tab in screen.tabs if field_id in tab.field_ids):
            tab.field_ids.remove(field_id)
    return {"screens": [screen.name for screen in touched]}


def _field_id(call: Call, name: str) -> str:
    try:
        return call.site.field_named(name).id
    except KeyError as error:
        raise JiraError(404, str(error)) from None


@routes.on("POST", "fields/rename")
def rename_field(call: Call) -> None:
    """Rename a field: `{"from": name, "to": name}`."""
    body = call.body()
    field = call.site.fields[_field_id(call, body.get("from", ""))]
    number = field.id.removeprefix("customfield_")
    field.name, field.clauses = body["to"], (f"cf[{number}]", body["to"].lower())


@routes.on("POST", "statuses/rename")
def rename_status(call: Call) -> None:
    """Rename a status: `{"from": name, "to": name}`."""
    body = call.body()
    try:
        call.site.status_named(body.get("from", "")).name = body["to"]
    except KeyError as error:
        raise JiraError(404, str(error)) from None


@routes.on("PUT", "workflow")
def set_workflow(call: Call) -> Json:
    """Swap the workflow of type Integration: `{"style": "strict"|"open", "failure_screen", "gate_condition"}`."""
    body = call.body()
    style = body.pop("style", "strict")
    if style not in ("strict", "open"):
        raise JiraError(400, f"'{style}' is no workflow: one of strict, open.")
    with call.site.lock:
        try:
            workflow = workflows.set_workflow(call.site, style, **body)
        except TypeError as error:
            raise JiraError(400, str(error)) from None
    return {"name": workflow.name}


@routes.on("GET", "apps")
def get_apps(call: Call) -> list[Json]:
    """List the validators of installed apps."""
    return [{"key": one.key, "name": one.name, "expression": one.expression} for one in call.site.apps.values()]


@routes.on("POST", "apps")
def install_app(call: Call) -> None:
    """Install an app's validator, or another version of it: `{"key", "expression", "error_message", "name"}`."""
    if not call.site.cloud:
        raise JiraError(400, "Data Center has no Forge apps.")
    try:
        made = apps.installable(**call.body())
    except TypeError as error:
        raise JiraError(400, str(error)) from None
    with call.site.lock:
        call.site.apps[made.key] = made


@routes.on("POST", "apps/remove")
def remove_app(call: Call) -> None:
    """Uninstall an app's validator by its `key`; rules that name it stay, and refuse everything from now on."""
    with call.site.lock:
        if call.site.apps.pop(str(call.body().get("key")), None) is None:
            raise JiraError(404, "No such app is installed.")


@routes.on("POST", "issues/{issueIdOrKey}/move")
def move(call: Call, issue_id_or_key: str) -> Json:
    """Move an issue with its sub-tasks to another project: `{"project": key}`."""
    site = call.site
    with site.lock:
        issue, project = site.issue(issue_id_or_key), site.project(str(call.body().get("project", "")))
        if issue is None or project is None:
            raise JiraError(404, "No such issue or project.")
        relations.move(site, preset.person(site, "admin"), issue, project)
    return {"key": issue.key}


@routes.on("POST", "issues/{issueIdOrKey}/promote")
def promote(call: Call, issue_id_or_key: str) -> Json:
    """Turn a sub-task into an issue of a type: `{"type": name}`."""
    site, name = call.site, call.body().get("type", "Task")
    with site.lock:
        issue = site.issue(issue_id_or_key)
        kind = next((t for t in site.types.values() if t.name == name and not t.subtask), None)
        if issue is None or issue.parent_id is None or kind is None:
            raise JiraError(404, "No such sub-task or type.")
        relations.promote(site, preset.person(site, "admin"), issue, kind.id)
        return {"key": issue.key}


@routes.on("GET", "state")
def get_state(call: Call) -> Json:
    """Tell the world: every issue with its values by field name, comments, properties and changes."""
    site = call.site
    with site.lock:
        return {
            "now": stamp(site.clock.now()),
            "flavour": site.flavour,
            "search_delay": site.search_delay.total_seconds(),
            "users": [{"name": u.name, "account": u.id, "active": u.active} for u in site.users.values()],
            "issues": [_issue_state(call, issue) for issue in site.issues.values()],
        }


def _issue_state(call: Call, issue: Issue) -> Json:
    site = call.site
    return {
        "id": issue.id,
        "key": issue.key,
        "type": site.types[issue.type_id].name,
        "status": site.statuses[issue.status_id].name,
        "parent": site.issues[issue.parent_id].key if issue.parent_id in site.issues else None,
        "resolution": site.resolutions[issue.resolution_id].name if issue.resolution_id else None,
        "created": stamp(issue.created),
        "updated": stamp(issue.updated),
        "fields": {site.fields[i].name: _plain(call, i, v) for i, v in issue.values.items() if v not in (None, [])},
        "properties": issue.properties,
        "comments": [{"author": _name(call, c.author_id), "body": c.body} for c in issue.comments],
        "changes": [
            {
                "id": str(change.id),
                "author": _name(call, change.author_id),
                "created": stamp(change.created),
                "items": [{"field": i.field, "from": i.before_text, "to": i.after_text} for i in change.items],
            }
            for change in issue.changes
        ],
    }


def _name(call: Call, user_id: str) -> str | None:
    return call.site.users[user_id].name if user_id in call.site.users else None


def _plain(call: Call, field_id: str, value: Any) -> Any:
    options = {o.id: o.value for o in call.site.fields[field_id].options()}
    values = value if isinstance(value, list) else [value]
    plain = [options.get(v) or _name(call, v) or v if isinstance(v, str) else v for v in values]
    plain = [stamp(v) if isinstance(v, datetime) else v for v in plain]
    return plain if isinstance(value, list) else plain[0]
