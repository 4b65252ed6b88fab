"""Issues: get, create, bulk create, edit, delete, bulk fetch, change logs, properties, assignee, metadata, watchers."""

from typing import Any

from jira_sandbox import relations, render, show, writing
from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import CLOUD, Call, Reply, Routes, split
from jira_sandbox.model import Issue, Project
from jira_sandbox.render import BULK_CHANGES, Selection
from jira_sandbox.show import Json

routes = Routes()
CREATE_LIMIT, FETCH_LIMIT, CHANGES_LIMIT, PROPERTY_LIMIT = 50, 100, 1000, 5


def selection(call: Call, default: str = "*all") -> Selection:
    """Read what a GET asks to see."""
    return Selection(
        fields=call.words("fields") or (default,),
        expand=frozenset(call.words("expand")),
        properties=call.words("properties"),
    )


@routes.on("GET", "issue/{issueIdOrKey}")
def get_issue(call: Call, issue_id_or_key: str) -> Json:
    """Answer with an issue: without the fields that can't be loaded, or on Cloud with `failFast` not at all."""
    issue, chosen = call.site.visible_issue(issue_id_or_key, call.user), selection(call)
    if call.site.cloud and call.flag("failFast"):
        lost = [f.id for f in chosen.of(call.site.fields.values()) if f.id in call.site.unloadable]
        if lost:
            raise JiraError(500, f"Failed to load {', '.join(lost)}.")
    return render.issue(call.view, issue, chosen)


@routes.on("POST", "issue")
def create_issue(call: Call) -> Reply:
    """Create an issue, and make a transition of it at once if asked for."""
    body = call.body()
    issue = writing.create(call.site, call.user, body, call.api)
    return Reply(_created(call, issue, body), 201)


def _created(call: Call, issue: Issue, body: Json) -> Json:
    shown: Json = {"id": issue.id, "key": issue.key, "self": call.view.link(f"issue/{issue.id}")}
    if "transition" not in body:
        return shown
    outcome: Json = {"status": 204, "errorCollection": {"errorMessages": [], "errors": {}}}
    try:
        writing.transition(call.site, call.user, issue, {"transition": body["transition"]}, call.api)
    except JiraError as error:
        outcome = {"status": error.status, "errorCollection": error.body()}
    return shown | {"transition": outcome}


@routes.on("POST", "issue/bulk")
def create_issues(call: Call) -> Reply:
    """Create up to 50 issues; each that is refused is told by its place, the others are made."""
    wanted = call.body().get("issueUpdates")
    if not isinstance(wanted, list) or not wanted:
        raise JiraError(400, "The issueUpdates list must not be empty.")
    if len(wanted) > CREATE_LIMIT:
        raise JiraError(400, f"The number of issues to create exceeds the limit of {CREATE_LIMIT}.")
    made: list[Json] = []
    errors: list[Json] = []
    for number, body in enumerate(wanted):
        try:
            made.append(_created(call, writing.create(call.site, call.user, body, call.api), body))
        except JiraError as error:
            errors.append({"status": 400, "elementErrors": error.body(), "failedElementNumber": number})
    return Reply({"issues": made, "errors": errors}, 201 if made else 400)


@routes.on("PUT", "issue/{issueIdOrKey}")
def edit_issue(call: Call, issue_id_or_key: str) -> Json | None:
    """Edit an issue; `returnIssue` answers with it."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    project = call.site.projects[issue.project_id]
    if call.args.get("notifyUsers") == "false" and not call.site.may(call.user, "ADMINISTER_PROJECTS", project):
        raise JiraError(400, "To discard the user notification either admin or project admin permissions are required.")
    writing.edit(call.site, call.user, issue, call.body(), call.api)
    return render.issue(call.view, issue, selection(call)) if call.flag("returnIssue") else None


@routes.on("DELETE", "issue/{issueIdOrKey}")
def delete_issue(call: Call, issue_id_or_key: str) -> None:
    """Delete an issue."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    relations.delete(call.site, call.user, issue, with_subtasks=call.flag("deleteSubtasks"))


@routes.on("PUT", "issue/{issueIdOrKey}/assignee")
def assign_issue(call: Call, issue_id_or_key: str) -> None:
    """Assign an issue."""
    writing.assign(call.site, call.user, call.site.visible_issue(issue_id_or_key, call.user), call.body())


@routes.on("POST", "issue/bulkfetch", flavours=[CLOUD])
def bulk_fetch(call: Call) -> Json:
    """Answer with up to 100 issues by ascending id, and with an error for each that cannot be seen."""
    body = call.body()
    wanted = _listed(body, "issueIdsOrKeys", FETCH_LIMIT)
    properties = split(body.get("properties"))
    if len(properties) > PROPERTY_LIMIT:
        raise JiraError(400, f"The number of properties exceeds the limit of {PROPERTY_LIMIT}.")
    chosen = Selection(
        fields=split(body.get("fields")) or ("*navigable",),
        expand=frozenset(split(body.get("expand"))),
        properties=properties,
        changes=BULK_CHANGES,
    )
    found, missing = _fetch(call, wanted)
    return {
        "issues": render.issues(call.view, found, chosen),
        "issueErrors": [{"id": each, "errorMessage": "Issue not found"} for each in missing],
    }


def _listed(body: Json, name: str, limit: int) -> list[str]:
    wanted = body.get(name)
    if not isinstance(wanted, list) or not wanted:
        raise JiraError(400, f"{name} must not be empty.")
    if len(wanted) > limit:
        raise JiraError(400, f"The number of {name} exceeds the limit of {limit}.")
    return [str(each) for each in wanted]


def _fetch(call: Call, wanted: list[str]) -> tuple[list[Issue], list[str]]:
    found: dict[str, Issue] = {}
    missing = []
    for each in wanted:
        try:
            issue = call.site.visible_issue(each, call.user)
        except JiraError:
            missing.append(each)
        else:
            found[issue.id] = issue
    return sorted(found.values(), key=lambda i: int(i.id)), missing


# change logs


@routes.on("GET", "issue/{issueIdOrKey}/changelog", flavours=[CLOUD])
def get_changelog(call: Call, issue_id_or_key: str) -> Json:
    """Answer with a page of the change log, oldest first."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    start, size = call.number("startAt", 0), call.number("maxResults", 100, 100)
    entries, total = issue.changes[start : start + size], len(issue.changes)
    page: Json = {
        "self": call.view.link(f"issue/{issue_id_or_key}/changelog?maxResults={size}&startAt={start}"),
        "maxResults": size,
        "startAt": start,
        "total": total,
        "isLast": start + size >= total,
        "values": [render.change(call.view, entry) for entry in entries],
    }
    if not page["isLast"]:
        page["nextPage"] = call.view.link(f"issue/{issue_id_or_key}/changelog?maxResults={size}&startAt={start + size}")
    return page


@routes.on("POST", "changelog/bulkfetch", flavours=[CLOUD])
def bulk_changelogs(call: Call) -> Json:
    """Answer with the change logs of up to 1000 issues, filtered by up to 10 fields, in pages."""
    body = call.body()
    found, _missing = _fetch(call, _listed(body, "issueIdsOrKeys", CHANGES_LIMIT))
    field_ids = set(split(body.get("fieldIds")))
    if len(field_ids) > 10:
        raise JiraError(400, "The number of fieldIds exceeds the limit of 10.")
    rows = [(i, c) for i in found for c in i.changes if not field_ids or any(x.field_id in field_ids for x in c.items)]
    start, size = int(body.get("nextPageToken") or 0), min(int(body.get("maxResults") or 1000), 10_000)
    by_issue: dict[str, list[Json]] = {}
    for issue, entry in rows[start : start + size]:
        by_issue.setdefault(issue.id, []).append(render.change(call.view, entry))
    answer: Json = {"issueChangeLogs": [{"issueId": i, "changeHistories": entries} for i, entries in by_issue.items()]}
    return answer | ({"nextPageToken": str(start + size)} if start + size < len(rows) else {})


# properties


@routes.on("GET", "issue/{issueIdOrKey}/properties")
def get_properties(call: Call, issue_id_or_key: str) -> Json:
    """Answer with the keys of an issue's properties."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    address = call.view.link(f"issue/{issue_id_or_key}/properties/")
    return {"keys": [{"self": address + key, "key": key} for key in issue.properties]}


@routes.on("GET", "issue/{issueIdOrKey}/properties/{propertyKey}")
def get_property(call: Call, issue_id_or_key: str, property_key: str) -> Json:
    """Answer with a property."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    if property_key not in issue.properties:
        raise JiraError(404, f"The property with key '{property_key}' does not exist.")
    return {"key": property_key, "value": issue.properties[property_key]}


@routes.on("PUT", "issue/{issueIdOrKey}/properties/{propertyKey}")
def put_property(call: Call, issue_id_or_key: str, property_key: str) -> Reply:
    """Set a property: 201 if it is new."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    new = writing.set_property(call.site, call.user, issue, property_key, call.json())
    return Reply(None, 201 if new else 200)


@routes.on("DELETE", "issue/{issueIdOrKey}/properties/{propertyKey}")
def delete_property(call: Call, issue_id_or_key: str, property_key: str) -> None:
    """Remove a property."""
    writing.delete_property(call.site, call.user, call.site.visible_issue(issue_id_or_key, call.user), property_key)


# metadata


@routes.on("GET", "issue/{issueIdOrKey}/editmeta")
def get_edit_metadata(call: Call, issue_id_or_key: str) -> Json:
    """Answer with what the edit screen asks for."""
    return render.edit_metadata(call.view, call.site.visible_issue(issue_id_or_key, call.user))


@routes.on("GET", "issue/createmeta")
def get_create_metadata(call: Call) -> Json:
    """Answer with the projects and issue types that can be created, their fields if expanded."""
    keys, ids = set(call.words("projectKeys")), set(call.words("projectIds"))
    projects = [
        p
        for p in call.site.visible_projects(call.user)
        if call.site.may(call.user, "CREATE_ISSUES", p) and (not (keys or ids) or p.key in keys or p.id in ids)
    ]
    return {"expand": "projects", "projects": [_creatable(call, project) for project in projects]}


def _creatable(call: Call, project: Project) -> Json:
    names, ids = set(call.words("issuetypeNames")), set(call.words("issuetypeIds"))
    types = [call.site.types[i] for i in project.type_ids]
    chosen = [t for t in types if not (names or ids) or t.name in names or t.id in ids]
    shown = {
        k: v for k, v in show.project(call.view, project).items() if k in ("self", "id", "key", "name", "avatarUrls")
    }
    shown["issuetypes"] = [_creatable_type(call, project, t.id) for t in chosen]
    return shown


def _creatable_type(call: Call, project: Project, type_id: str) -> Json:
    shown: Json = show.issue_type(call.view, call.site.types[type_id]) | {"expand": "fields"}
    if "projects.issuetypes.fields" in call.words("expand"):
        shown["fields"] = create_fields(call, project, type_id)
    return shown


def create_fields(call: Call, project: Project, type_id: str) -> dict[str, Any]:
    """Show what the create screen asks for."""
    screen = call.site.screens[project.screens[type_id].create]
    parent = ["parent"] if call.site.types[type_id].subtask else []
    field_ids = dict.fromkeys([*screen.field_ids(), "project", *parent])
    return render.metadata(call.view, project, type_id, field_ids)


@routes.on("GET", "issue/createmeta/{projectIdOrKey}/issuetypes")
def get_creatable_types(call: Call, project_id_or_key: str) -> Json:
    """Answer with the issue types of a project, in pages."""
    project = call.site.visible_project(project_id_or_key, call.user)
    types = [show.issue_type(call.view, call.site.types[i]) for i in project.type_ids]
    return _metadata_page(call, "issueTypes", types)


@routes.on("GET", "issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}")
def get_creatable_fields(call: Call, project_id_or_key: str, issue_type_id: str) -> Json:
    """Answer with the fields of a create screen, in pages."""
    project = call.site.visible_project(project_id_or_key, call.user)
    if issue_type_id not in project.type_ids:
        raise JiraError(404, "The issue type does not exist in this project.")
    fields = create_fields(call, project, issue_type_id)
    return _metadata_page(call, "fields", [shown | {"fieldId": field_id} for field_id, shown in fields.items()])


def _metadata_page(call: Call, name: str, rows: list[Any]) -> Json:
    start, size = call.number("startAt", 0), call.number("maxResults", 50, 200)
    # Data Center calls the list `values`, as its other pages do.
    listed = name if call.site.cloud else "values"
    page: Json = {"startAt": start, "maxResults": size, "total": len(rows), listed: rows[start : start + size]}
    return page if call.site.cloud else page | {"isLast": start + size >= len(rows)}


# watchers


@routes.on("GET", "issue/{issueIdOrKey}/watchers")
def get_watchers(call: Call, issue_id_or_key: str) -> Json:
    """Answer with who watches an issue."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    watchers = [show.known_user(call.view, i) for i in issue.watcher_ids]
    return {
        "self": call.view.link(f"issue/{issue.key}/watchers"),
        "isWatching": call.user.id in issue.watcher_ids,
        "watchCount": len(watchers),
        "watchers": watchers,
    }


@routes.on("POST", "issue/{issueIdOrKey}/watchers")
def add_watcher(call: Call, issue_id_or_key: str) -> None:
    """Let somebody (or the caller) watch an issue."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    who = call.site.user(call.json()) if call.content else call.user
    if who is None:
        raise JiraError(404, "The user does not exist.")
    if who.id not in issue.watcher_ids:
        issue.watcher_ids.append(who.id)


@routes.on("DELETE", "issue/{issueIdOrKey}/watchers")
def remove_watcher(call: Call, issue_id_or_key: str) -> None:
    """Let somebody watch an issue no more."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    who = call.site.user(call.args.get("accountId") or call.args.get("username"))
    if who is None or who.id not in issue.watcher_ids:
        raise JiraError(404, "The user does not watch this issue.")
    issue.watcher_ids.remove(who.id)
