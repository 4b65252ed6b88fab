"""Saved filters."""

import re
from collections.abc import Callable
from urllib.parse import quote

from jira_sandbox import searching, show
from jira_sandbox.errors import JiraError
from jira_sandbox.face import shares
from jira_sandbox.face.routing import CLOUD, Call, Routes
from jira_sandbox.model import Filter
from jira_sandbox.show import Json

routes = Routes()
ABSENT = "The selected filter is not available to you, perhaps it has been deleted or had its permissions changed."

DETAILS = (
    "description", "owner", "jql", "viewUrl", "searchUrl", "favourite", "favouritedCount", "sharePermissions",
    "editPermissions",
)  # fmt: skip


def _shown(call: Call, what: Filter) -> Json:
    view = call.view
    shown: Json = {
        "self": view.link(f"filter/{what.id}"),
        "id": what.id,
        "name": what.name,
        "description": what.description,
        "owner": show.known_user(view, what.owner_id),
        "jql": what.jql,
        "viewUrl": f"{view.base}/issues/?filter={what.id}",
        "searchUrl": view.link(f"search{'/jql' if call.site.cloud else ''}?jql={quote(what.jql)}"),
        "favourite": what.favourite,
        "favouritedCount": int(what.favourite),
        "sharePermissions": shares.shown(view, what.share_permissions),
    }
    if call.site.cloud:
        shown["editPermissions"] = shares.shown(view, what.edit_permissions)
    nobody = {"size": 0, "items": [], "max-results": 1000, "start-index": 0, "end-index": 0}
    return shown | {"sharedUsers": dict(nobody), "subscriptions": dict(nobody)}


def _filter(call: Call, filter_id: str) -> Filter:
    found = call.site.filters.get(filter_id)
    if found is None or not shares.visible(call, found):
        raise JiraError(400 if call.site.cloud else 404, ABSENT)
    return found


def _check(call: Call, name: str, jql: str, own: Filter | None = None) -> None:
    if not name:
        raise JiraError(400, errors={"filterName": "You must specify a name to save this filter as."})
    for other in call.site.filters.values():
        if other is not own and other.owner_id == call.user.id and other.name == name:
            raise JiraError(400, errors={"filterName": "Filter with same name already exists."})
    searching.find(call.site, call.user, jql)


@routes.on("POST", "filter")
def create(call: Call) -> Json:
    """Save a filter, private unless shared."""
    body = call.body()
    name, jql = str(body.get("name") or ""), str(body.get("jql") or "")
    _check(call, name, jql)
    made = Filter(id=str(call.site.next_id("filter")), name=name, owner_id=call.user.id, jql=jql)
    _fill(call, made, body)
    call.site.filters[made.id] = made
    return _shown(call, made)


def _fill(call: Call, what: Filter, body: Json) -> None:
    what.description = str(body.get("description", what.description) or "")
    what.favourite = bool(body.get("favourite", what.favourite))
    if "sharePermissions" in body:
        what.share_permissions = shares.read(call, body["sharePermissions"])
    if "editPermissions" in body:
        what.edit_permissions = shares.read(call, body["editPermissions"])


@routes.on("GET", "filter/my", flavours=[CLOUD])
def get_mine(call: Call) -> list[Json]:
    """Answer with the caller's filters."""
    return [_shown(call, f) for f in call.site.filters.values() if f.owner_id == call.user.id]


@routes.on("GET", "filter/favourite")
def get_favourites(call: Call) -> list[Json]:
    """Answer with the caller's favourite filters."""
    return [_shown(call, f) for f in call.site.filters.values() if f.owner_id == call.user.id and f.favourite]


@routes.on("GET", "filter/search", flavours=[CLOUD])
def search(call: Call) -> Json:
    """Answer with a page of filters by name; details only where `expand` asks for them."""
    named = _named(call.args.get("filterName", "").lower(), part=call.flag("isSubstringMatch"))
    owner = call.args.get("accountId")
    found = [
        f
        for f in sorted(call.site.filters.values(), key=lambda f: f.name)
        if named(f.name.lower()) and owner in (None, f.owner_id) and shares.visible(call, f)
    ]
    start, size, wanted = call.number("startAt", 0), call.number("maxResults", 50, 100), call.words("expand")
    return {
        "self": call.view.link(f"filter/search?startAt={start}&maxResults={size}"),
        "startAt": start,
        "maxResults": size,
        "total": len(found),
        "isLast": start + size >= len(found),
        "values": [_details(call, f, wanted) for f in found[start : start + size]],
    }


def _named(text: str, *, part: bool) -> Callable[[str], bool]:
    """Return whether a name has the text in it; unless a part is asked for, all its words.

    Jira searches the full text then, where punctuation has a meaning of its own: here a word with any is never found.
    """
    return lambda name: text in name if part else set(text.split()) <= set(re.findall(r"\w+", name))


def _details(call: Call, what: Filter, wanted: tuple[str, ...]) -> Json:
    whole = _shown(call, what)
    basic = {name: whole[name] for name in ("self", "id", "name")}
    optional = {name: value for name, value in whole.items() if name in DETAILS}
    return basic | {"expand": ",".join(DETAILS)} | {name: v for name, v in optional.items() if name in wanted}


@routes.on("GET", "filter/{id}")
def get(call: Call, id: str) -> Json:  # noqa: A002  the document's name
    """Answer with a filter."""
    return _shown(call, _filter(call, id))


@routes.on("PUT", "filter/{id}")
def update(call: Call, id: str) -> Json:  # noqa: A002
    """Change a filter."""
    what, body = _filter(call, id), call.body()
    if not shares.editable(call, what):
        raise JiraError(400, "You do not have permission to edit this filter.")
    name, jql = str(body.get("name") or what.name), str(body.get("jql") or what.jql)
    _check(call, name, jql, own=what)
    what.name, what.jql = name, jql
    _fill(call, what, body)
    return _shown(call, what)


@routes.on("DELETE", "filter/{id}")
def delete(call: Call, id: str) -> None:  # noqa: A002
    """Remove a filter."""
    what = _filter(call, id)
    if what.owner_id != call.user.id and not call.site.may(call.user, "ADMINISTER"):
        raise JiraError(400, "You do not have permission to delete this filter.")
    del call.site.filters[what.id]
