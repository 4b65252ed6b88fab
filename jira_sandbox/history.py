"""What is kept of the past: the change log, and what a lagging search index still shows."""

import copy

from jira_sandbox.model import Change, ChangeItem, Issue, User
from jira_sandbox.site import Site


def log(site: Site, actor: User, issue: Issue, items: list[ChangeItem]) -> Change:
    """Write one change-log entry."""
    issue.updated = site.clock.now()
    change = Change(id=site.next_id("change"), author_id=actor.id, created=issue.updated, items=tuple(items))
    issue.changes.append(change)
    return change


def remember(site: Site, issue: Issue, *, created: bool = False) -> None:
    """Keep what the search index still shows: the issue as it was before this write, while the index lags."""
    if not site.search_delay:
        return
    before = None if created else snapshot(issue)
    site.past.setdefault(issue.id, []).append((site.clock.now(), before))


def snapshot(issue: Issue) -> Issue:
    """Return a copy that later writes leave alone."""
    kept = copy.copy(issue)
    kept.values, kept.properties = dict(issue.values), dict(issue.properties)
    kept.comments, kept.changes = [copy.copy(c) for c in issue.comments], list(issue.changes)
    kept.watcher_ids = list(issue.watcher_ids)
    return kept
