"""Search by JQL: pages by token on Cloud, by offset on Data Center; the removed resource answers 410 on Cloud."""

import base64
import binascii
import json
from typing import Any

from jira_sandbox import render, searching
from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import CLOUD, Call, Reply, Routes, split
from jira_sandbox.model import Issue
from jira_sandbox.render import Selection
from jira_sandbox.show import Json

routes = Routes()
REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
FULL_PAGE, SLIM_PAGE, RECONCILED = 100, 5000, 50


@routes.on("GET", "search/jql", flavours=[CLOUD])
def search_get(call: Call) -> Json:
    """Search by parameters."""
    asked = {name: call.args[name] for name in ("jql", "nextPageToken", "maxResults") if name in call.args}
    lists = {name: call.words(name) for name in ("fields", "expand", "properties", "reconcileIssues")}
    return _page(call, asked, {name: list(words) for name, words in lists.items()})


@routes.on("POST", "search/jql", flavours=[CLOUD])
def search_post(call: Call) -> Json:
    """Search by a body."""
    body = call.body()
    lists = {name: list(split(body.get(name))) for name in ("fields", "expand", "properties", "reconcileIssues")}
    return _page(call, body, lists)


def _page(call: Call, asked: Json, lists: dict[str, list[str]]) -> Json:
    if len(lists["reconcileIssues"]) > RECONCILED:
        raise JiraError(400, f"The number of issues to reconcile exceeds the limit of {RECONCILED}.")
    jql = str(asked.get("jql") or "")
    start = _read_token(asked.get("nextPageToken"), jql)
    fields = lists["fields"] or ["id"]
    slim = set(fields) <= {"id", "key"}
    size = min(_size(asked.get("maxResults"), 50), SLIM_PAGE if slim else FULL_PAGE)
    found = searching.find(call.site, call.user, jql, bounded=True, fresh=lists["reconcileIssues"])
    page: Json = {"issues": _shown(call, found[start : start + size], fields, lists)}
    last = start + size >= len(found)
    page["isLast"] = last
    return page if last else page | {"nextPageToken": _write_token(start + size, jql)}


def _shown(call: Call, found: list[Issue], fields: list[str], lists: dict[str, list[str]]) -> list[Json]:
    if fields == ["id"]:
        return [{"id": issue.id} for issue in found]
    chosen = Selection(fields=tuple(fields), expand=frozenset(lists["expand"]), properties=tuple(lists["properties"]))
    return render.issues(call.view, found, chosen)


def _size(raw: Any, default: int) -> int:
    try:
        return max(1, int(raw)) if raw is not None else default
    except (TypeError, ValueError):
        raise JiraError(400, f"The value '{raw}' of 'maxResults' is not a number.") from None


def _write_token(start: int, jql: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, jql]).encode()).decode()


def _read_token(token: str | None, jql: str) -> int:
    if not token:
        return 0
    try:
        start, query = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError):
        raise JiraError(400, "The provided next page token is invalid or expired.") from None
    if query != jql:
        raise JiraError(400, "The provided next page token is for another query.")
    return int(start)


@routes.on("POST", "search/approximate-count", flavours=[CLOUD])
def count(call: Call) -> Json:
    """Count what a query finds."""
    return {"count": len(searching.find(call.site, call.user, str(call.body().get("jql") or ""), bounded=True))}


@routes.on("GET", "search", flavours=[CLOUD])
def removed_get(_call: Call) -> Reply:
    """Answer that this resource is gone."""
    return Reply({"errorMessages": [REMOVED], "errors": {}}, 410)


@routes.on("POST", "search", flavours=[CLOUD])
def removed_post(_call: Call) -> Reply:
    """Answer that this resource is gone."""
    return Reply({"errorMessages": [REMOVED], "errors": {}}, 410)
