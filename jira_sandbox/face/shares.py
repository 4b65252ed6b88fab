"""With whom filters and dashboards are shared."""

from typing import Any

from jira_sandbox import show
from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import Call
from jira_sandbox.model import Dashboard, Filter, User
from jira_sandbox.show import Json, View

KINDS = ("user", "group", "project", "projectRole", "global", "loggedin", "authenticated")


def owner(view: View, who: User | None) -> Json | None:
    """Show an owner with fewer traits than elsewhere, as dashboards and shares do."""
    shown = show.user(view, who)
    traits = ("self", "accountId", "key", "name", "displayName", "active", "avatarUrls")
    return shown and {name: shown[name] for name in traits if name in shown}


def read(call: Call, raw: Any) -> list[Json]:
    """Read share permissions; raise Jira's 400 for one that cannot be."""
    if not isinstance(raw, list):
        raise JiraError(400, "Share permissions must be a list.")
    return [_read_one(call, each) for each in raw]


def _read_one(call: Call, raw: Any) -> Json:
    kind = raw.get("type") if isinstance(raw, dict) else None
    if kind not in KINDS:
        raise JiraError(400, f"Unknown share type '{kind}'.")
    kept: Json = {"id": call.site.next_id("share"), "type": kind}
    if kind in ("project", "projectRole"):
        project = call.site.visible_project(str((raw.get("project") or {}).get("id", "")), call.user)
        kept["project"] = {"id": project.id}
    if kind == "group":
        kept["group"] = {"name": str((raw.get("group") or {}).get("name", ""))}
    if kind == "user":
        kept["user"] = {"accountId": str((raw.get("user") or {}).get("accountId", ""))}
    return kept


def shown(view: View, permissions: list[Json]) -> list[Json]:
    """Show share permissions."""
    return [_shown_one(view, each) for each in permissions]


def _shown_one(view: View, kept: Json) -> Json:
    if "project" in kept and kept["project"]["id"] in view.site.projects:
        return kept | {"project": show.project(view, view.site.projects[kept["project"]["id"]])}
    if "user" in kept:
        return kept | {"user": owner(view, view.site.users.get(kept["user"]["accountId"]))}
    return kept


def visible(call: Call, thing: Filter | Dashboard) -> bool:
    """Tell whether the caller owns the thing or it is shared with them."""
    if thing.owner_id == call.user.id or call.site.may(call.user, "ADMINISTER"):
        return True
    return any(_reaches(call, each) for each in (*thing.share_permissions, *thing.edit_permissions))


def _reaches(call: Call, kept: Json) -> bool:
    if kept["type"] == "group":
        return kept["group"]["name"] in call.user.groups
    if kept["type"] == "user":
        return bool(kept["user"]["accountId"] == call.user.id)
    if "project" in kept:
        project = call.site.projects.get(kept["project"]["id"])
        return project is not None and call.site.may(call.user, "BROWSE_PROJECTS", project)
    return True


def editable(call: Call, thing: Filter | Dashboard) -> bool:
    """Tell whether the caller may change the thing."""
    return thing.owner_id == call.user.id or any(_reaches(call, each) for each in thing.edit_permissions)
