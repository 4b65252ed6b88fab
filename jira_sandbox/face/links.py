"""Issue links and their kinds."""

from jira_sandbox import relations, render, writing
from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import Call, Reply, Routes
from jira_sandbox.model import Link
from jira_sandbox.show import Json

routes = Routes()


@routes.on("GET", "issueLinkType")
def get_types(call: Call) -> Json:
    """Answer with the kinds of links."""
    return {"issueLinkTypes": [render.link_type(call.view, i) for i in call.site.link_types]}


@routes.on("POST", "issueLink")
def create(call: Call) -> Reply:
    """Link two issues: in Jira's words the inward issue is the source ("A blocks B": inward A, outward B)."""
    body, site = call.body(), call.site
    wanted = body.get("type") or {}
    kind = next((k for k in site.link_types.values() if wanted.get("name") == k.name or wanted.get("id") == k.id), None)
    if kind is None:
        raise JiraError(404, f"No issue link type with name '{wanted.get('name')}' found.")
    ends = []
    for side in ("inwardIssue", "outwardIssue"):
        reference = body.get(side) or {}
        ends.append(site.visible_issue(str(reference.get("id") or reference.get("key") or ""), call.user))
    relations.link(site, call.user, kind.id, *ends)
    if body.get("comment"):
        writing.add_comment(site, call.user, ends[0], body["comment"], call.api)
    return Reply(None, 201)


def _link(call: Call, link_id: str) -> Link:
    link = call.site.links.get(link_id)
    if link is None:
        raise JiraError(404, f"No issue link with id '{link_id}' exists.")
    call.site.visible_issue(link.source_id, call.user)
    return link


@routes.on("GET", "issueLink/{linkId}")
def get(call: Call, link_id: str) -> Json:
    """Answer with a link."""
    link = _link(call, link_id)
    return {
        "id": link.id,
        "self": call.view.link(f"issueLink/{link.id}"),
        "type": render.link_type(call.view, link.type_id),
        "inwardIssue": render.related(call.view, call.site.issues[link.source_id]),
        "outwardIssue": render.related(call.view, call.site.issues[link.target_id]),
    }


@routes.on("DELETE", "issueLink/{linkId}")
def delete(call: Call, link_id: str) -> None:
    """Remove a link."""
    relations.unlink(call.site, call.user, _link(call, link_id))
