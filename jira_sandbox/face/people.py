"""People: oneself, users, who can be assigned, groups."""

from jira_sandbox import show
from jira_sandbox.errors import JiraError, forbidden
from jira_sandbox.face.paging import page
from jira_sandbox.face.routing import CLOUD, DATA_CENTER, Call, Routes
from jira_sandbox.model import Project, User
from jira_sandbox.show import Json

routes = Routes()
MOST_PICKED = 20
"""Jira's own default of the property `jira.ajax.autocomplete.limit`."""


def _whole(call: Call, who: User) -> Json:
    shown: Json = show.user(call.view, who, full=True) or {}
    groups = [_group(call, name) for name in sorted(who.groups)]
    shown |= {"locale": "en_US", "expand": "groups,applicationRoles"}
    shown["groups"] = {"size": len(groups), "items": groups if "groups" in call.words("expand") else []}
    return shown | {"applicationRoles": {"size": 1, "items": []}}


def _group(call: Call, name: str) -> Json:
    shown = {"name": name, "self": call.view.link(f"group?groupname={name}")}
    return shown | ({"groupId": f"group-{name}"} if call.site.cloud else {})


@routes.on("GET", "myself")
def myself(call: Call) -> Json:
    """Answer with the caller."""
    return _whole(call, call.user)


def _asked(call: Call) -> User:
    names = ("accountId",) if call.site.cloud else ("username", "key")
    found = call.site.user(next((call.args[n] for n in names if n in call.args), ""))
    if found is None:
        raise JiraError(404, "Specified user does not exist or you do not have required permissions")
    return found


@routes.on("GET", "user")
def get_user(call: Call) -> Json:
    """Answer with a user."""
    return _whole(call, _asked(call))


def _found(call: Call, among: list[User]) -> list[Json]:
    text = (call.args.get("query") or call.args.get("username") or "").lower()
    exactly = call.args.get("accountId")
    fitting = [
        u
        for u in among
        if exactly in (None, u.id) and any(text in each.lower() for each in (u.id, u.name, u.display_name, u.email))
    ]
    start, size = call.number("startAt", 0), call.number("maxResults", 50, 1000)
    return [show.user(call.view, u, full=True) or {} for u in fitting[start : start + size]]


@routes.on("GET", "user/search")
def search_users(call: Call) -> list[Json]:
    """Answer with the active users whose name or address holds the query."""
    if not {"query", "username", "accountId", "property"} & call.args.keys():
        raise JiraError(400, "Either one of the query, accountId or property parameters must be provided")
    return _found(call, [u for u in call.site.users.values() if u.active])


@routes.on("GET", "user/assignable/search")
def search_assignable(call: Call) -> list[Json]:
    """Answer with the users to whom issues of a project can be assigned."""
    project = _project(call)
    return _found(call, [u for u in call.site.users.values() if call.site.assignable(u, project)])


def _project(call: Call) -> Project:
    if reference := call.args.get("issueKey") or call.args.get("issueId"):
        return call.site.projects[call.site.visible_issue(reference, call.user).project_id]
    if reference := call.args.get("project"):
        return call.site.visible_project(reference, call.user)
    raise JiraError(400, "Either the project or the issueKey parameter must be provided")


@routes.on("GET", "user/groups", flavours=[CLOUD])
def user_groups(call: Call) -> list[Json]:
    """Answer with a user's groups."""
    return [_group(call, name) for name in sorted(_asked(call).groups)]


@routes.on("GET", "group/member")
def group_members(call: Call) -> Json:
    """Answer with a page of a group's members."""
    if not call.site.may(call.user, "USER_PICKER"):
        raise forbidden("You do not have the permission to browse users and groups.")
    name = call.args.get("groupname") or call.args.get("groupId", "").removeprefix("group-")
    members = call.site.members(name)
    if not members:
        raise JiraError(404, f"The group named '{name}' does not exist.")
    start, size = call.number("startAt", 0), call.number("maxResults", 50, 50)
    return {
        "self": call.view.link(f"group/member?groupname={name}&startAt={start}&maxResults={size}"),
        "startAt": start,
        "maxResults": size,
        "total": len(members),
        "isLast": start + size >= len(members),
        "values": [show.user(call.view, u, full=True) for u in members[start : start + size]],
    }


@routes.on("GET", "groups/picker")
def pick_groups(call: Call) -> Json:
    """Answer with the first of the groups whose name holds the query."""
    fitting = [name for name in call.site.groups() if call.args.get("query", "").lower() in name.lower()]
    names = fitting[: call.number("maxResults", MOST_PICKED, MOST_PICKED)]
    rows = [{"name": name, "html": name} | ({"groupId": f"group-{name}"} if call.site.cloud else {}) for name in names]
    return {"header": f"Showing {len(rows)} of {len(fitting)} matching groups", "total": len(fitting), "groups": rows}


@routes.on("GET", "group/bulk", flavours=[CLOUD])
def get_groups(call: Call) -> Json:
    """Answer with a page of the groups, or of those named."""
    if not call.site.may(call.user, "USER_PICKER"):
        raise forbidden("Browse users and groups permission is required to view groups.")
    asked = {*call.args.getlist("groupName"), *(i.removeprefix("group-") for i in call.args.getlist("groupId"))}
    names = [name for name in call.site.groups() if not asked or name in asked]
    return page(call, "group/bulk", [{"name": name, "groupId": f"group-{name}"} for name in names])


@routes.on("GET", "group", flavours=[DATA_CENTER])
def get_group(call: Call) -> Json:
    """Answer with a group and its members, as the client package asks Data Center."""
    name = call.args.get("groupname", "")
    members = [show.user(call.view, u) for u in call.site.members(name)]
    if not members:
        raise JiraError(404, f"The group named '{name}' does not exist.")
    return _group(call, name) | {"users": {"size": len(members), "items": members}, "expand": "users"}
