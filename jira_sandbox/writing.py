"""What changes one issue: create, edit, assign, transition, comment, property.

Each function checks first and changes afterwards, so a refusal leaves nothing behind. The caller holds the site's lock.
"""

from typing import Any

from jira_sandbox import apps, events
from jira_sandbox.drafts import OFF_SCREEN, Draft, check_property, read_comment, read_draft
from jira_sandbox.errors import FieldRefused, JiraError
from jira_sandbox.fields import KINDS, Place
from jira_sandbox.history import log, remember
from jira_sandbox.model import ChangeItem, Comment, Field, Issue, IssueType, Project, Transition, User
from jira_sandbox.site import Site

# creating


def create(site: Site, actor: User, body: dict[str, Any], api: str = "2") -> Issue:
    """Create an issue from a request's body; raise JiraError(400) with Jira's reasons."""
    fields = dict(body.get("fields") or {})
    project = _target_project(site, actor, fields.pop("project", None))
    kind = _target_type(site, project, fields.pop("issuetype", None))
    parent = _target_parent(site, project, kind, fields.pop("parent", None))
    place = Place(site=site, project=project, type_id=kind.id, api=api)
    permitted = _placed(site, project, kind.id) & site.screen_fields(project, kind.id, "create")
    draft = read_draft(place, body | {"fields": fields}, permitted, {})
    if not draft.values.get("summary") and "summary" not in draft.errors:
        draft.errors["summary"] = "You must specify a summary of the issue."
    draft.refuse_if_wrong()
    return _add(site, actor, project, kind, parent, draft)


def _placed(site: Site, project: Project, type_id: str) -> set[str]:
    return {f.id for f in site.fields_for(project.id, type_id)}


def _target_project(site: Site, actor: User, raw: Any) -> Project:
    raw = raw if isinstance(raw, dict) else {}
    project = site.project(str(raw.get("id") or raw.get("key") or ""))
    if project is None:
        raise JiraError(400, errors={"project": "Specify a valid project ID or key"})
    if not site.may(actor, "CREATE_ISSUES", project):
        raise JiraError(400, errors={"project": "You cannot create issues in this project."})
    return project


def _target_type(site: Site, project: Project, raw: Any) -> IssueType:
    raw = raw if isinstance(raw, dict) else {}
    for type_id in project.type_ids:
        if str(raw.get("id", "")) == type_id or raw.get("name") == site.types[type_id].name:
            return site.types[type_id]
    raise JiraError(400, errors={"issuetype": "Specify a valid issue type"})


def _target_parent(site: Site, project: Project, kind: IssueType, raw: Any) -> Issue | None:
    if not kind.subtask:
        if raw is not None:
            raise JiraError(400, errors={"parentId": "Given parent issue does not belong to appropriate hierarchy."})
        return None
    raw = raw if isinstance(raw, dict) else {}
    if not raw:
        raise JiraError(400, errors={"issuetype": "Issue type is a sub-task but parent issue key or id not specified."})
    parent = site.issue(str(raw.get("id") or raw.get("key") or ""))
    if parent is None:
        raise JiraError(400, errors={"parent": "Could not find issue by id or key."})
    if parent.project_id != project.id:
        raise JiraError(400, errors={"project": "Sub-tasks must be created in the same project as the parent."})
    if parent.parent_id:
        raise JiraError(400, errors={"parentId": "Given parent issue does not belong to appropriate hierarchy."})
    return parent


def _add(site: Site, actor: User, project: Project, kind: IssueType, parent: Issue | None, draft: Draft) -> Issue:
    now = site.clock.now()
    project.last_number += 1
    issue = Issue(
        id=str(site.next_id("issue")),
        key=f"{project.key}-{project.last_number}",
        project_id=project.id,
        type_id=kind.id,
        status_id=site.workflows[project.workflows[kind.id]].initial,
        creator_id=actor.id,
        created=now,
        updated=now,
        status_changed=now,
        parent_id=parent.id if parent else None,
        values=_unsaid(site, actor, project) | draft.values,
        properties=draft.properties,
        watcher_ids=[actor.id],
    )
    remember(site, issue, created=True)
    site.add_issue(issue)
    for said in draft.comments:
        _say(site, actor, issue, said)
    events.created(site, issue, actor)
    return issue


def _unsaid(site: Site, actor: User, project: Project) -> dict[str, Any]:
    """Return what a new issue gets where the request says nothing of it."""
    assignee = site.default_assignee(project)
    values = {"priority": site.default_priority, "reporter": actor.id}
    return values | ({"assignee": assignee} if assignee else {})


# editing


def edit(site: Site, actor: User, issue: Issue, body: dict[str, Any], api: str = "2") -> None:
    """Edit an issue: one change-log entry with every item; Data Center checks the edit screen, Cloud does not."""
    project = site.projects[issue.project_id]
    site.require(actor, "EDIT_ISSUES", project, "You do not have permission to edit issues in this project.")
    permitted = _placed(site, project, issue.type_id) - {"resolution"}
    if not site.cloud:
        permitted &= site.screen_fields(project, issue.type_id, "edit")
    place = Place(site=site, project=project, type_id=issue.type_id, api=api)
    draft = read_draft(place, body, permitted, issue.values)
    if "summary" in draft.values and not draft.values["summary"]:
        draft.errors["summary"] = "You must specify a summary of the issue."
    _check_edit_permissions(site, actor, project, draft)
    draft.refuse_if_wrong()
    if not (draft.values or draft.comments or draft.properties) and not body.get("historyMetadata"):
        raise JiraError(400, "one of 'fields' or 'update' required")
    remember(site, issue)
    issue.properties |= draft.properties
    _record(site, actor, issue, _apply(site, issue, draft.values), draft.comments)


def _check_edit_permissions(site: Site, actor: User, project: Project, draft: Draft) -> None:
    needed = {"assignee": "ASSIGN_ISSUES", "reporter": "MODIFY_REPORTER", "duedate": "SCHEDULE_ISSUES"}
    for field_id, permission in needed.items():
        if field_id in draft.values and not site.may(actor, permission, project):
            draft.errors[field_id] = OFF_SCREEN.format(field_id)
    if draft.comments and not site.may(actor, "ADD_COMMENTS", project):
        draft.errors["comment"] = f"{actor.display_name}, you do not have the permission to comment on this issue."


def assign(site: Site, actor: User, issue: Issue, raw: dict[str, Any]) -> None:
    """Assign an issue by Jira's own operation for it."""
    project = site.projects[issue.project_id]
    site.require(actor, "ASSIGN_ISSUES", project, "You do not have permission to assign issues.")
    place = Place(site=site, project=project, type_id=issue.type_id)
    try:
        value = KINDS["assignee"].parse(place, site.fields["assignee"], raw)
    except FieldRefused as refused:
        raise JiraError(400, errors={"assignee": str(refused)}) from None
    remember(site, issue)
    _record(site, actor, issue, _apply(site, issue, {"assignee": value}), [])


def _apply(site: Site, issue: Issue, values: dict[str, Any]) -> list[ChangeItem]:
    items = [_item(site, site.fields[i], issue.values.get(i), value) for i, value in values.items()]
    issue.values |= values
    return [item for item in items if (item.before, item.before_text) != (item.after, item.after_text)]


def _item(site: Site, what: Field, before: Any, after: Any) -> ChangeItem:
    kind = KINDS[what.kind]
    before_id, before_text = kind.tell(site, what, before)
    after_id, after_text = kind.tell(site, what, after)
    return ChangeItem(
        field=what.name if what.custom else what.id,
        field_id=what.id,
        custom=what.custom,
        before=before_id,
        before_text=before_text,
        after=after_id,
        after_text=after_text,
    )


def _record(
    site: Site, actor: User, issue: Issue, items: list[ChangeItem], said: list[dict[str, Any]], *, moved: bool = False
) -> None:
    comments = [_say(site, actor, issue, each) for each in said]
    change = log(site, actor, issue, items) if items else None
    events.updated(site, issue, actor, change, comments, moved=moved)


def _say(site: Site, actor: User, issue: Issue, said: dict[str, Any]) -> Comment:
    now = site.clock.now()
    comment = Comment(
        id=str(site.next_id("comment")),
        author_id=actor.id,
        body=said["body"],
        created=now,
        updated=now,
        update_author_id=actor.id,
        visibility=said["visibility"],
    )
    issue.comments.append(comment)
    issue.updated = now
    return comment


# transitions


def read_transition(site: Site, actor: User, issue: Issue, body: dict[str, Any]) -> Transition:
    """Return the transition that a request names; raise JiraError(400) if it cannot be made now."""
    raw = body.get("transition")
    if not isinstance(raw, dict) or "id" not in raw:
        raise JiraError(400, "Missing 'transition' identifier")
    wanted = str(raw["id"])
    chosen = next((t for t in site.available(issue, actor) if t.id == wanted), None)
    if chosen is None:
        raise JiraError(400, f"Transition id '{wanted}' is not valid for this issue.")
    return chosen


def transition(site: Site, actor: User, issue: Issue, body: dict[str, Any], api: str = "2") -> None:
    """Make a transition. What its screen does not hold is refused; a comment without any screen is silently dropped."""
    step = read_transition(site, actor, issue, body)
    project = site.projects[issue.project_id]
    permitted = set(site.screens[step.screen_id].field_ids()) if step.screen_id else set()
    place = Place(site=site, project=project, type_id=issue.type_id, api=api)
    current = issue.values | {"resolution": issue.resolution_id}
    draft = read_draft(place, body, permitted & _placed(site, project, issue.type_id), current)
    draft.messages += apps.refusals(site.apps, step.validators, issue.properties)
    draft.refuse_if_wrong()
    remember(site, issue)
    issue.properties |= draft.properties
    resolution = draft.values.pop("resolution", site.workflow_of(issue).resolutions.get(step.to))
    items = _apply(site, issue, draft.values) + _resolve(site, issue, resolution)
    items.append(_move(site, issue, step))
    # A transition without a screen answers 204 and says nothing of the comment that it drops.
    _record(site, actor, issue, items, draft.comments if step.screen_id else [], moved=True)


def _resolve(site: Site, issue: Issue, resolution_id: str | None) -> list[ChangeItem]:
    before, issue.resolution_id = issue.resolution_id, resolution_id
    if before == resolution_id:
        return []
    issue.resolved = site.clock.now() if resolution_id else None
    return [_item(site, site.fields["resolution"], before, resolution_id)]


def _move(site: Site, issue: Issue, step: Transition) -> ChangeItem:
    before, after = site.statuses[issue.status_id], site.statuses[step.to]
    issue.status_id = after.id
    if before.category != after.category:
        issue.status_changed = site.clock.now()
    return ChangeItem(
        field="status",
        field_id="status",
        before=before.id,
        before_text=before.name,
        after=after.id,
        after_text=after.name,
    )


# comments and properties


def add_comment(site: Site, actor: User, issue: Issue, raw: dict[str, Any], api: str = "2") -> Comment:
    """Add a comment by Jira's own operation for it."""
    if not site.may(actor, "ADD_COMMENTS", site.projects[issue.project_id]):
        raise JiraError(400, f"{actor.display_name}, you do not have the permission to comment on this issue.")
    said = _comment_from(api, raw)
    remember(site, issue)
    comment = _say(site, actor, issue, said)
    events.updated(site, issue, actor, None, [comment])
    return comment


def _comment_from(api: str, raw: dict[str, Any]) -> dict[str, Any]:
    try:
        return read_comment(api, raw)
    except FieldRefused as refused:
        raise JiraError(400, errors={"comment": str(refused)}) from None


def find_comment(issue: Issue, comment_id: str) -> Comment:
    """Find a comment; raise Jira's 404."""
    found = next((c for c in issue.comments if c.id == comment_id), None)
    if found is None:
        raise JiraError(404, f"Can not find a comment for the id: {comment_id}.")
    return found


def edit_comment(site: Site, actor: User, issue: Issue, comment: Comment, raw: dict[str, Any], api: str = "2") -> None:
    """Change a comment's text."""
    own = "EDIT_OWN_COMMENTS" if comment.author_id == actor.id else "EDIT_ALL_COMMENTS"
    if not site.may(actor, own, site.projects[issue.project_id]):
        raise JiraError(400, f"{actor.display_name}, you do not have permission to edit this comment.")
    said = _comment_from(api, raw)
    remember(site, issue)
    comment.body, comment.update_author_id = said["body"], actor.id
    comment.updated = issue.updated = site.clock.now()
    events.commented(site, issue, actor, comment, "updated")


def delete_comment(site: Site, actor: User, issue: Issue, comment: Comment) -> None:
    """Remove a comment."""
    own = "DELETE_OWN_COMMENTS" if comment.author_id == actor.id else "DELETE_ALL_COMMENTS"
    if not site.may(actor, own, site.projects[issue.project_id]):
        raise JiraError(400, f"You do not have permission to delete comment with id: {comment.id}")
    remember(site, issue)
    issue.comments.remove(comment)
    issue.updated = site.clock.now()
    events.commented(site, issue, actor, comment, "deleted")


def set_property(site: Site, actor: User, issue: Issue, key: str, value: Any) -> bool:
    """Set an issue property, unlogged as in Jira; return whether it is new."""
    project = site.projects[issue.project_id]
    site.require(actor, "EDIT_ISSUES", project, "You do not have permission to edit this issue.")
    check_property(key, value)
    remember(site, issue)
    new = key not in issue.properties
    issue.properties[key] = value
    return new


def delete_property(site: Site, actor: User, issue: Issue, key: str) -> None:
    """Remove an issue property; raise Jira's 404 if there is none."""
    project = site.projects[issue.project_id]
    site.require(actor, "EDIT_ISSUES", project, "You do not have permission to edit this issue.")
    if key not in issue.properties:
        raise JiraError(404, f"The property with key '{key}' does not exist.")
    remember(site, issue)
    del issue.properties[key]
