"""Transitions of an issue."""

from jira_sandbox import render, writing
from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import Call, Routes
from jira_sandbox.show import Json

routes = Routes()
SIMULTANEOUS = "The issue could not be transitioned because another transition of it is in progress."


@routes.on("GET", "issue/{issueIdOrKey}/transitions")
def get_transitions(call: Call, issue_id_or_key: str) -> Json:
    """Answer with the transitions that the caller can make now; none, rather than a refusal, without permission."""
    issue = call.site.visible_issue(issue_id_or_key, call.user)
    steps = call.site.available(issue, call.user)
    if call.flag("includeUnavailableTransitions"):
        steps = call.site.leading_on(issue)
    wanted, fields = call.args.get("transitionId"), "transitions.fields" in call.words("expand")
    shown = [render.transition(call.view, issue, s, fields=fields) for s in steps if wanted in (None, s.id)]
    return {"expand": "transitions", "transitions": shown}


@routes.on("POST", "issue/{issueIdOrKey}/transitions")
def do_transition(call: Call, issue_id_or_key: str) -> None:
    """Make a transition; 409 while another one of the same issue is being made."""
    site, issue = call.site, call.site.visible_issue(issue_id_or_key, call.user)
    if issue.id in site.in_transition:
        raise JiraError(409, SIMULTANEOUS)
    body = call.body()
    site.in_transition.add(issue.id)
    try:
        if site.transition_pause:
            writing.read_transition(site, call.user, issue, body)
            site.pause(site.transition_pause)
        writing.transition(site, call.user, issue, body, call.api)
    finally:
        site.in_transition.discard(issue.id)
