"""What changes several issues at once: links, moves to another project, deletion. The caller holds the site's lock."""

from jira_sandbox import events
from jira_sandbox.errors import JiraError, invisible
from jira_sandbox.history import log, remember
from jira_sandbox.model import ChangeItem, Issue, Link, Project, User
from jira_sandbox.site import Site


def link(site: Site, actor: User, type_id: str, source: Issue, target: Issue) -> Link:
    """Link two issues: `source` blocks `target`. Both change logs tell it."""
    for end in (source, target):
        project = site.projects[end.project_id]
        site.require(actor, "LINK_ISSUES", project, "No Link Issue Permission for issue '" + end.key + "'")
    made = Link(id=str(site.next_id("link")), type_id=type_id, source_id=source.id, target_id=target.id)
    for end in (source, target):
        remember(site, end)
    site.links[made.id] = made
    _tell_link(site, actor, made, added=True)
    events.linked(site, made, "created")
    return made


def unlink(site: Site, actor: User, made: Link) -> None:
    """Remove a link."""
    source = site.issues[made.source_id]
    project = site.projects[source.project_id]
    site.require(actor, "LINK_ISSUES", project, f"No Link Issue Permission for issue '{source.key}'")
    remember(site, source)
    remember(site, site.issues[made.target_id])
    del site.links[made.id]
    _tell_link(site, actor, made, added=False)
    events.linked(site, made, "deleted")


def _tell_link(site: Site, actor: User, made: Link, *, added: bool) -> None:
    kind, source, target = site.link_types[made.type_id], site.issues[made.source_id], site.issues[made.target_id]
    for end, other, words in ((source, target, kind.outward), (target, source, kind.inward)):
        told = (other.key, f"This issue {words} {other.key}")
        before, after = ((None, None), told) if added else (told, (None, None))
        item = ChangeItem(
            field="Link", field_id=None, before=before[0], before_text=before[1], after=after[0], after_text=after[1]
        )
        log(site, actor, end, [item])


def delete(site: Site, actor: User, issue: Issue, *, with_subtasks: bool) -> None:
    """Delete an issue, its sub-tasks only if asked for."""
    project = site.projects[issue.project_id]
    site.require(actor, "DELETE_ISSUES", project, "You do not have permission to delete issues in this project.")
    subtasks = site.subtasks(issue)
    if subtasks and not with_subtasks:
        raise JiraError(
            400,
            f"The issue '{issue.key}' has subtasks.  You must specify the 'deleteSubtasks' parameter "
            "to delete this issue and all its subtasks.",
        )
    for each in (*subtasks, issue):
        _remove(site, actor, each)


def _remove(site: Site, actor: User, issue: Issue) -> None:
    events.deleted(site, issue, actor)
    remember(site, issue)
    site.drop_issue(issue)


def move(site: Site, actor: User, issue: Issue, project: Project) -> None:
    """Move an issue and its sub-tasks to another project: new keys, same ids; the old keys still find them."""
    if issue.type_id not in project.type_ids:
        raise JiraError(400, errors={"issuetype": "The issue type selected is invalid."})
    if issue.project_id == project.id:
        raise invisible("Target project")
    for each in (issue, *site.subtasks(issue)):
        remember(site, each)
        _rekey(site, actor, each, project)


def _rekey(site: Site, actor: User, issue: Issue, project: Project) -> None:
    old_project, old_key = site.projects[issue.project_id], issue.key
    project.last_number += 1
    issue.key, issue.project_id = f"{project.key}-{project.last_number}", project.id
    site.issue_ids[issue.key] = issue.id
    status = site.statuses[issue.status_id]
    items = [
        ChangeItem(
            field="project", field_id="project", before=old_project.id, before_text=old_project.name,
            after=project.id, after_text=project.name,
        ),
        ChangeItem(field="Key", field_id=None, before_text=old_key, after_text=issue.key),
        ChangeItem(
            field="status", field_id="status", before=status.id, before_text=status.name,
            after=status.id, after_text=status.name,
        ),
    ]  # fmt: skip
    change = log(site, actor, issue, items)
    events.updated(site, issue, actor, change, [], name="issue_moved")


def change_key(site: Site, project: Project, key: str) -> None:
    """Give a project another key, and its issues with it; the former keys still find them, and no log tells it."""
    project.former_keys = [former for former in (*project.former_keys, project.key) if former != key]
    project.key = key
    for issue in site.issues.values():
        if issue.project_id == project.id:
            remember(site, issue)
            issue.key = f"{key}-{issue.key.rsplit('-', 1)[1]}"
            site.issue_ids[issue.key] = issue.id


def promote(site: Site, actor: User, issue: Issue, type_id: str) -> None:
    """Turn a sub-task into an issue of its own; a status that its new workflow lacks becomes the first one."""
    remember(site, issue)
    parent, before = site.issues[issue.parent_id or ""], site.types[issue.type_id]
    site.child_ids[parent.id].remove(issue.id)
    issue.parent_id, issue.type_id = None, type_id
    workflow, after = site.workflow_of(issue), site.types[type_id]
    if issue.status_id not in workflow.status_ids:
        issue.status_id = workflow.initial
    items = [
        ChangeItem(field="Parent", field_id="parent", before=parent.id, before_text=parent.key),
        ChangeItem(
            field="issuetype", field_id="issuetype", before=before.id, before_text=before.name,
            after=after.id, after_text=after.name,
        ),
    ]  # fmt: skip
    events.updated(site, issue, actor, log(site, actor, issue, items), [])
