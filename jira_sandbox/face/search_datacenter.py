"""Search on Data Center, which still pages by offset and tells the total."""

from typing import Any

from jira_sandbox import render, searching
from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import DATA_CENTER, Call, Routes, split
from jira_sandbox.render import Selection
from jira_sandbox.show import Json

routes = Routes()
LARGEST_PAGE = 1000


@routes.on("GET", "search", flavours=[DATA_CENTER])
def search_get(call: Call) -> Json:
    """Search by parameters."""
    asked: Json = {"jql": call.args.get("jql", ""), "startAt": call.number("startAt", 0)}
    asked["maxResults"] = call.number("maxResults", 50)
    return _page(call, asked | {name: list(call.words(name)) for name in ("fields", "expand", "properties")})


@routes.on("POST", "search", flavours=[DATA_CENTER])
def search_post(call: Call) -> Json:
    """Search by a body."""
    body = call.body()
    lists = {name: list(split(body.get(name))) for name in ("fields", "expand", "properties")}
    return _page(call, body | lists)


def _page(call: Call, asked: dict[str, Any]) -> Json:
    start, size = _whole(asked, "startAt", 0), min(_whole(asked, "maxResults", 50), LARGEST_PAGE)
    found = searching.find(call.site, call.user, str(asked.get("jql") or ""))
    chosen = Selection(
        fields=tuple(asked["fields"]) or ("*navigable",),
        expand=frozenset(asked["expand"]),
        properties=tuple(asked["properties"]),
    )
    shown = render.issues(call.view, found[start : start + size], chosen)
    return {"expand": "schema,names", "startAt": start, "maxResults": size, "total": len(found), "issues": shown}


def _whole(asked: dict[str, Any], name: str, default: int) -> int:
    raw = asked.get(name, default)
    if not isinstance(raw, int) or raw < 0:
        raise JiraError(400, f"The value '{raw}' of '{name}' is not a whole number.")
    return raw
