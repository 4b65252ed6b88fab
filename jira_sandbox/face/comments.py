"""Comments of an issue."""

from jira_sandbox import render, writing
from jira_sandbox.face.routing import Call, Reply, Routes
from jira_sandbox.show import Json

routes = Routes()


@routes.on("GET", "issue/{issueIdOrKey}/comment")
def get_comments(call: Call, issue_id_or_key: str) -> Json:
    """Answer with a page of the comments, oldest first unless asked otherwise."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    said = list(reversed(issue.comments)) if call.args.get("orderBy") == "-created" else issue.comments
    start, size = call.number("startAt", 0), call.number("maxResults", 100, 5000)
    page = [render.comment(call.view, issue, each) for each in said[start : start + size]]
    return {"startAt": start, "maxResults": size, "total": len(said), "comments": page}


@routes.on("POST", "issue/{issueIdOrKey}/comment")
def add_comment(call: Call, issue_id_or_key: str) -> Reply:
    """Add a comment."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    said = writing.add_comment(call.site, call.user, issue, call.body(), call.api)
    return Reply(render.comment(call.view, issue, said), 201)


@routes.on("GET", "issue/{issueIdOrKey}/comment/{id}")
def get_comment(call: Call, issue_id_or_key: str, id: str) -> Json:  # noqa: A002  the document's name
    """Answer with one comment."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    return render.comment(call.view, issue, writing.find_comment(issue, id))


@routes.on("PUT", "issue/{issueIdOrKey}/comment/{id}")
def edit_comment(call: Call, issue_id_or_key: str, id: str) -> Json:  # noqa: A002
    """Change a comment."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    said = writing.find_comment(issue, id)
    writing.edit_comment(call.site, call.user, issue, said, call.body(), call.api)
    return render.comment(call.view, issue, said)


@routes.on("DELETE", "issue/{issueIdOrKey}/comment/{id}")
def delete_comment(call: Call, issue_id_or_key: str, id: str) -> None:  # noqa: A002
    """Remove a comment."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    writing.delete_comment(call.site, call.user, issue, writing.find_comment(issue, id))
