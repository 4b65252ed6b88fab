"""The small JSON shapes that everything else contains: users, statuses, types, priorities, projects."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from jira_sandbox.clock import stamp
from jira_sandbox.model import IssueType, Named, Option, Project, Role, Status, User
from jira_sandbox.site import Site

Json = dict[str, Any]

CATEGORIES = {
    "undefined": (1, "medium-gray", "No Category"),
    "new": (2, "blue-gray", "To Do"),
    "done": (3, "green", "Done"),
    "indeterminate": (4, "yellow", "In Progress"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """From where a reply is seen: the site, the base of its `self` links, the API version, and by whom."""

    site: Site
    base: str
    api: str = "2"
    viewer: User | None = None

    def link(self, path: str) -> str:
        """Return the address of a REST resource."""
        return f"{self.base}/rest/api/{self.api}/{path}"

    def time(self, moment: datetime | None) -> str | None:
        """Write a moment in the site's time zone."""
        return None if moment is None else stamp(moment, self.site.time_zone)


def as_json(value: Any) -> str:
    """Write JSON compactly, as Jira does."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def avatars(base: str) -> Json:
    """Return the four avatar addresses."""
    url = f"{base}/secure/avatar"
    return {"48x48": url, "24x24": f"{url}?size=small", "16x16": f"{url}?size=xsmall", "32x32": f"{url}?size=medium"}


def user(view: View, who: User | None, *, full: bool = False) -> Json | None:
    """Show a user: by `accountId` on Cloud, by `name` and `key` on Data Center; None stays None."""
    if who is None:
        return None
    if view.site.cloud:
        shown: Json = {"self": view.link(f"user?accountId={quote(who.id)}"), "accountId": who.id}
        shown["accountType"] = who.account_type
    else:
        shown = {"self": view.link(f"user?username={quote(who.name)}"), "key": who.key, "name": who.name}
    if not view.site.cloud or full:
        shown["emailAddress"] = who.email
    shown |= {"avatarUrls": avatars(view.base), "displayName": who.display_name, "active": who.active}
    return shown | {"timeZone": who.time_zone}


def known_user(view: View, user_id: str) -> Json | None:
    """Show a user by internal id; a deleted account gives None."""
    return user(view, view.site.users.get(user_id))


def category(view: View, key: str) -> Json:
    """Show a status category."""
    number, colour, name = CATEGORIES[key]
    return {"self": view.link(f"statuscategory/{number}"), "id": number, "key": key, "colorName": colour, "name": name}


def status(view: View, what: Status) -> Json:
    """Show a status with its category."""
    return {
        "self": view.link(f"status/{what.id}"),
        "description": what.description,
        "iconUrl": f"{view.base}/images/icons/statuses/generic.png",
        "name": what.name,
        "id": what.id,
        "statusCategory": category(view, what.category),
    }


def issue_type(view: View, what: IssueType) -> Json:
    """Show an issue type."""
    shown: Json = {
        "self": view.link(f"issuetype/{what.id}"),
        "id": what.id,
        "description": what.description,
        "iconUrl": f"{view.base}/images/icons/issuetypes/generic.svg",
        "name": what.name,
        "subtask": what.subtask,
    }
    return shown | {"hierarchyLevel": -1 if what.subtask else 0} if view.site.cloud else shown


def named(view: View, what: Named | None, resource: str) -> Json | None:
    """Show a priority or a resolution."""
    if what is None:
        return None
    shown = {"self": view.link(f"{resource}/{what.id}"), "id": what.id, "name": what.name}
    if resource == "priority":
        return shown | {"iconUrl": f"{view.base}/images/icons/priorities/{what.name.lower()}.svg"}
    return shown | {"description": what.description}


def option(view: View, what: Option) -> Json:
    """Show a select field's option."""
    return {"self": view.link(f"customFieldOption/{what.id}"), "value": what.value, "id": what.id}


def project(view: View, what: Project) -> Json:
    """Show a project as issues carry it."""
    return {
        "self": view.link(f"project/{what.id}"),
        "id": what.id,
        "key": what.key,
        "name": what.name,
        "projectTypeKey": what.project_type,
        "avatarUrls": avatars(view.base),
    } | _style(view, what)


def _style(view: View, what: Project) -> Json:
    return {"simplified": what.team_managed} if view.site.cloud else {}


def role(view: View, what: Role, holder: Project | None = None) -> Json:
    """Show a project role, with its actors where a project is given."""
    path = f"project/{holder.id}/role/{what.id}" if holder else f"role/{what.id}"
    shown: Json = {"self": view.link(path), "name": what.name, "id": what.id, "description": what.description}
    return shown | {"actors": actors(view, holder, what.id)} if holder else shown


def actors(view: View, holder: Project, role_id: int) -> list[Json]:
    """Show who holds a role in a project: users, then groups."""
    held = holder.roles.get(role_id)
    if held is None:
        return []
    users = [view.site.users[i] for i in held.user_ids if i in view.site.users]
    return [_user_actor(view, number, who) for number, who in enumerate(users, 10200)] + [
        _group_actor(number, group) for number, group in enumerate(held.groups, 10200 + len(users))
    ]


def _user_actor(view: View, number: int, who: User) -> Json:
    shown: Json = {"id": number, "displayName": who.display_name, "type": "atlassian-user-role-actor"}
    return shown | ({"actorUser": {"accountId": who.id}} if view.site.cloud else {"name": who.name})


def _group_actor(number: int, group: str) -> Json:
    shown = {"name": group, "displayName": group}
    return {"id": number, "type": "atlassian-group-role-actor", "actorGroup": shown} | shown
