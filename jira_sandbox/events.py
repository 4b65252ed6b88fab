"""Webhook bodies, in the shapes that Jira Cloud and Data Center send; built at the moment of the write."""

from collections.abc import Callable

from jira_sandbox import render, show
from jira_sandbox.clock import epoch_ms
from jira_sandbox.fields import KINDS
from jira_sandbox.model import Change, ChangeItem, Comment, Issue, Link, User
from jira_sandbox.render import Selection
from jira_sandbox.show import Json, View
from jira_sandbox.site import Site

COMMENT_ISSUE_FIELDS = ("summary", "issuetype", "project", "assignee", "priority", "status")
WHOLE = Selection(fields=("*all", "-comment"))
COMMENT_EVENT_TYPES = {
    "created": "issue_commented",
    "updated": "issue_comment_edited",
    "deleted": "issue_comment_deleted",
}
Build = Callable[[View], Json]


def _announce(site: Site, event: str, issue: Issue | None, build: Build) -> None:
    if site.announce is None:
        return
    targets = [w for w in site.webhooks.values() if w.enabled and (not w.events or event in w.events)]
    if issue is not None:
        targets = [w for w in targets if _within(site, w.jql, issue)]
    if not targets:
        return
    view = View(site=site, base=site.base_url)
    body = {"timestamp": epoch_ms(site.clock.now()), "webhookEvent": event} | build(view)
    for webhook in targets:
        site.announce(webhook, body)


def _within(site: Site, jql: str, issue: Issue) -> bool:
    if not jql:
        return True
    from jira_sandbox.searching import matches

    return matches(site, jql, issue)


def _issue(view: View, issue: Issue, *, partial: bool = False) -> Json:
    """Show the issue as payloads carry it; Cloud's own address in it lacks `/issue/`, so nobody should use it."""
    parent = ("parent",) if issue.parent_id else ()
    selection = Selection(fields=COMMENT_ISSUE_FIELDS + parent) if partial else WHOLE
    shown = render.issue(view, issue, selection)
    shown.pop("expand")
    address = view.link(issue.id if view.site.cloud and not partial else f"issue/{issue.id}")
    return {"id": shown["id"], "self": address, "key": shown["key"], "fields": shown["fields"]}


def _changelog(view: View, number: int, items: list[ChangeItem]) -> Json:
    return {"id": str(number), "items": [render.change_item(view, item) for item in items]}


def created(site: Site, issue: Issue, actor: User) -> None:
    """Announce a new issue; its change log tells the values it was created with."""
    _announce(
        site,
        "jira:issue_created",
        issue,
        lambda view: {
            "issue_event_type_name": "issue_created",
            "user": show.user(view, actor),
            "issue": _issue(view, issue),
            "changelog": _changelog(view, site.next_id("change"), _first_values(site, issue)),
        },
    )


def _first_values(site: Site, issue: Issue) -> list[ChangeItem]:
    items = []
    for field_id, value in issue.values.items():
        what = site.fields[field_id]
        told_id, told = KINDS[what.kind].tell(site, what, value)
        if told:
            name = what.name if what.custom else what.id
            items.append(ChangeItem(field=name, field_id=field_id, custom=what.custom, after=told_id, after_text=told))
    status = site.statuses[issue.status_id]
    return [*items, ChangeItem(field="Status", field_id="status", after=status.id, after_text=status.name)]


def updated(
    site: Site,
    issue: Issue,
    actor: User,
    change: Change | None,
    comments: list[Comment],
    *,
    moved: bool = False,
    name: str | None = None,
) -> None:
    """Announce one write: Cloud sends the change and each comment apart, Data Center the comment inside."""
    inside = comments[:1] if not site.cloud else []
    if change or inside:
        _announce(
            site,
            "jira:issue_updated",
            issue,
            lambda view: (
                {
                    "issue_event_type_name": name or _event_type(change, moved=moved),
                    "user": show.user(view, actor),
                    "issue": _issue(view, issue),
                }
                | ({"changelog": _changelog(view, change.id, list(change.items))} if change else {})
                | ({"comment": render.comment(view, issue, inside[0])} if inside else {})
            ),
        )
    for comment in comments[len(inside) :]:
        commented(site, issue, actor, comment, "created")


def _event_type(change: Change | None, *, moved: bool) -> str:
    if change is None:
        return "issue_commented"
    if moved:
        return "issue_generic"
    only_assignee = [item.field_id for item in change.items] == ["assignee"]
    return "issue_assigned" if only_assignee else "issue_updated"


def commented(site: Site, issue: Issue, actor: User, comment: Comment, verb: str) -> None:
    """Announce a comment: on Cloud with a partial issue and no `user`, on Data Center as an update of the issue."""
    if site.cloud:
        _announce(
            site,
            f"comment_{verb}",
            issue,
            lambda view: {"comment": render.comment(view, issue, comment), "issue": _issue(view, issue, partial=True)},
        )
        return
    _announce(
        site,
        "jira:issue_updated",
        issue,
        lambda view: {
            "issue_event_type_name": COMMENT_EVENT_TYPES[verb],
            "user": show.user(view, actor),
            "issue": _issue(view, issue),
            "comment": render.comment(view, issue, comment),
        },
    )


def deleted(site: Site, issue: Issue, actor: User) -> None:
    """Announce a deletion, with the issue as it was."""
    _announce(
        site,
        "jira:issue_deleted",
        issue,
        lambda view: {"user": show.user(view, actor), "issue": _issue(view, issue)},
    )


def linked(site: Site, made: Link, verb: str) -> None:
    """Announce a link's creation or deletion; such bodies carry no issue."""
    _announce(
        site,
        f"issuelink_{verb}",
        None,
        lambda view: {
            "issueLink": {
                "id": int(made.id),
                "sourceIssueId": int(made.source_id),
                "destinationIssueId": int(made.target_id),
                "issueLinkType": render.link_type(view, made.type_id),
            }
        },
    )
