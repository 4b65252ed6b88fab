"""Bodies and replies of real Jiras, which nobody here wrote, are read without an error; the tables say as what.

They come from public projects (mattermost-plugin-jira, laravel-jira-webhook, jirametrics, go-jira) and are read where
they lie, beside the project. See docs/jira-client.md.
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import responses

from sync_service.jira import translate
from sync_service.jira.client import Client, JiraSite, MemoryPauses, connect
from sync_service.jira.directory import Directory
from sync_service.jira.errors import NotFound
from webhooks import Credentials
from webhooks.notice import Ignored, Notice, read_notice

CORPUS = Path(__file__).parents[3] / "shared/corpus"
MISSING = f"the corpus of real payloads ({CORPUS.name}) is not beside the project"

pytestmark = pytest.mark.skipif(not CORPUS.exists() and not os.environ.get("CI"), reason=MISSING)

NOTHING = Directory(
    project_id="",
    issue_type_id="",
    subtask_type_id="",
    is_cloud=True,
    field_ids={},
    field_keys={},
    field_names={},
    statuses={},
    categories={},
)
"""A directory that knows no names: everything keeps the words that Jira has for it."""

BODIES = {
    "jira_issue_created": "ZAVA-24 issue_created",
    "jira_issue_deleted": "ZAVA-24 issue_deleted",
    "jira_issue_updated": "ZAVA-10 issue_updated | status: To Do > To Do",
    "jira_worklog_updated": "ZAVA-10 worklog_updated",
    "worklog_created": "ignored: no-issue",
    "worklog_deleted": "ignored: no-issue",
    "worklog_updated": "ignored: no-issue",
    "cloud-comment-created-mention-user": "TES-41 comment_created",
    "cloud-comment-created": "TES-41 comment_created",
    "cloud-comment-deleted": "KT-7 comment_deleted",
    "cloud-comment-updated": "TES-41 comment_updated",
    "cloud-issue-created-many-fields": "KT-22 issue_created | assignee: - > sample.user, status: - > To Do",
    "cloud-issue-updated-custom-field": "TES-14 issue_updated",
    "issue-assigned-empty-changelog": "TEST-123 issue_updated",
    "issue-comment-created-indentation": "TEST-4 issue_updated",
    "issue-created-no-description-nor-relevant-fields": "TES-41 issue_created | status: - > To Do",
    "issue-created-no-description": "TES-41 issue_created | status: - > To Do",
    "issue-created-no-relevant-fields": "TES-41 issue_created | status: - > To Do",
    "issue-created-with-security-level": "TES-41 issue_created | status: - > To Do",
    "issue-created": "TES-41 issue_created | status: - > To Do",
    "issue-deleted": "IDT-19 issue_deleted",
    "issue-updated-assigned-nobody": "TES-41 issue_updated | assignee: admin > -",
    "issue-updated-assigned-on-server": "PRJA-37 issue_updated | assignee: - > admin",
    "issue-updated-assigned": "TES-41 issue_updated | assignee: - > admin",
    "issue-updated-attachments": "TES-41 issue_updated",
    "issue-updated-components": "TES-10 issue_updated",
    "issue-updated-edited": "TES-41 issue_updated",
    "issue-updated-fix-version": "TES-41 issue_updated",
    "issue-updated-issue-type": "TES-41 issue_updated",
    "issue-updated-labels": "TES-41 issue_updated | labels: bad test-label > sad test-label",
    "issue-updated-lowered-priority": "TES-41 issue_updated",
    "issue-updated-multiple-custom-fields": "TES-41 issue_updated",
    "issue-updated-multiple-values": "TES-41 issue_updated | assignee: - > 5cedcb4355a88a0fc86388ba",
    "issue-updated-raised-priority": "TES-41 issue_updated",
    "issue-updated-rank": "TES-41 issue_updated",
    "issue-updated-renamed": "TES-41 issue_updated",
    "issue-updated-reopened-one-changelog": "TES-41 issue_updated | resolution: Done > -",
    "issue-updated-reopened": "TES-41 issue_updated | resolution: Done > -, status: Done > To Do",
    "issue-updated-resolved-one-changelog": "TES-41 issue_updated | resolution: - > Done",
    "issue-updated-resolved": "TES-41 issue_updated | resolution: - > Done, status: In Progress > Done",
    "issue-updated-sprint": "TES-41 issue_updated",
    "issue-updated-started-working": "TES-41 issue_updated | status: To Do > In Progress",
    "server-comment-created": "ignored: no-issue",
    "server-comment-deleted": "ignored: no-issue",
    "server-comment-updated": "ignored: no-issue",
    "server-issue-updated-closed": "TES-4 issue_updated | status: Resolved > Closed",
    "server-issue-updated-comment-deleted": "PRJX-14 issue_updated",
    "server-issue-updated-comment-edited": "PRJX-14 issue_updated",
    "server-issue-updated-commented-1": "PRJX-14 issue_updated",
    "server-issue-updated-commented-2": "PRJA-42 issue_updated",
    "server-issue-updated-commented-3": "PRJA-42 issue_updated",
    "server-issue-updated-commented-mention-user": "PRJX-14 issue_updated",
    "server-issue-updated-in-progress": "TES-4 issue_updated | status: Reopened > In Progress",
    "server-issue-updated-many-fields": 'HEY-15 issue_updated | labels: "oh dc ee h s yeah" > "oh dc ee h yeah"',
    "server-issue-updated-reopened": "TES-4 issue_updated | resolution: Done > -, status: Resolved > Reopened",
    "server-issue-updated-resolved": "TES-4 issue_updated | status: In Progress > Resolved, resolution: - > Done",
    "server-old-issue-updated-no-event-type-assigned": "TES-41 issue_updated | assignee: - > admin",
    "server-old-issue-updated-no-event-type-comment-deleted": "PRJX-14 issue_updated",
    "server-old-issue-updated-no-event-type-comment-edited": "PRJX-14 issue_updated",
    "server-old-issue-updated-no-event-type-commented": "PRJX-14 issue_updated",
    "server-old-issue-updated-no-event-type-edited": "TES-41 issue_updated",
    "server-updated-custom-field": "TES-8 issue_updated",
}
"""What each webhook body leads to: the issue to look at, the event, and what of its change log may decide something."""

LOGS = {
    "sample/SP-1": "indeterminate, None: Backlog > Selected > In Progress > Review",
    "sample/SP-11": "indeterminate, None: Backlog > Selected",
    "sample/SP-2": "indeterminate, None: Backlog > Selected",
    "sample/SP-5": "done, Done: Backlog > Selected > In Progress > Review > Done > Selected > In Progress > Done",
    "sample/SP-7": "indeterminate, None: Backlog > Selected",
    "sample/SP-8": "indeterminate, None: Backlog > Selected > In Progress",
    "testdata/SP-1": "indeterminate, None: Backlog > Selected > In Progress",
    "testdata/SP-10": "done, Done: Backlog > Selected > In Progress > Selected > In Progress > Review > Done",
    "testdata/SP-13": "done, Done: Backlog > Selected > Done",
    "testdata/SP-14": "done, Done: Backlog > In Progress > Done",
    "testdata/SP-15": "indeterminate, None: Backlog > Selected",
    "testdata/SP-2": "indeterminate, None: Backlog > Selected",
}
"""How each issue stands, and the way of statuses that its change log tells, oldest first."""


def told(changes: tuple[Any, ...]) -> str:
    return ", ".join(f"{c.field}: {c.before or '-'} > {c.after or '-'}" for c in changes)


class Everything(frozenset[str]):
    """Every project there is."""

    def __contains__(self, _key: object) -> bool:
        return True


def test_no_body_and_no_log_is_left_out() -> None:
    assert {path.stem.removeprefix("webhook-") for path in CORPUS.glob("webhooks/*/*.json")} == BODIES.keys()
    assert len(BODIES) == 62
    assert {name.split("/")[1] for name in LOGS} == {path.stem for path in CORPUS.glob("issues/**/SP-*.json")}


@pytest.mark.parametrize("name", BODIES)
def test_webhook_bodies(name: str) -> None:
    (path,) = [*CORPUS.glob(f"webhooks/*/{name}.json"), *CORPUS.glob(f"webhooks/*/webhook-{name}.json")]
    body = path.read_bytes()
    read = read_notice(
        body=body,
        headers={"authorization": "Bearer corpus"},
        credentials=Credentials.of(bearer_tokens=["corpus"]),
        projects=Everything(),
        own_accounts=(),
    )
    if isinstance(read, Ignored):
        assert BODIES[name] == f"ignored: {read.reason}"
        return
    assert isinstance(read, Notice)
    assert read.delivery_id
    assert read.issue_id.isdigit()
    assert not read.ours
    payload = json.loads(body)
    log = payload.get("changelog") or {}
    changes = translate.changes([{"id": "0", "created": payload["timestamp"], **log}], NOTHING)
    event = read.event.removeprefix("jira:")
    assert BODIES[name] == f"{read.label} {event}" + (f" | {told(changes)}" if changes else "")


@pytest.mark.parametrize("name", LOGS)
def test_change_logs_with_their_issues(name: str) -> None:
    folder, _, issue = name.partition("/")
    (path,) = (CORPUS / "issues/jirametrics").glob(
        f"**/*{folder}*/**/{issue}.json" if folder == "sample" else f"{name}.json"
    )
    body = json.loads(path.read_text(encoding="utf-8"))
    read = translate.subtask(body, NOTHING)

    moves = [change for change in read.changes if change.field == "status"]
    way = [moves[0].before, *(change.after for change in moves)]
    assert LOGS[name] == f"{read.category}, {read.resolution}: {' > '.join(map(str, way))}".replace(
        " for Development", ""
    )
    assert (read.key, read.status, moves[-1].after) == (issue, read.status, read.status)
    assert all(before.after == after.before for before, after in pairwise(moves))
    assert body["changelog"]["total"] == len(body["changelog"]["histories"])
    assert read.created.tzinfo is UTC


@pytest.fixture
def jira() -> Iterator[Client]:
    site = JiraSite(url="https://corpus.example", token="t", email="e@corpus.example", kind="cloud")
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with connect(site, clock=lambda: noon, wait=lambda _: None, pauses=MemoryPauses(lambda: noon)) as client:
        yield client


REPLIES: dict[str, tuple[str, Callable[[Client], Any], Any]] = {
    "api/go-jira/all_fields": ("field", lambda c: [f["id"] for f in c.fields()], ["description", "summary"]),
    "api/go-jira/all_statuses": ("status", lambda c: len({s["id"] for s in c.statuses()}), 37),
    "issues/jirametrics/testdata/sample_statuses": (
        "status",
        lambda c: {s["statusCategory"]["key"] for s in c.statuses()},
        {"new", "indeterminate", "done"},
    ),
    "api/go-jira/all_resolutions": ("resolution", lambda c: c.resolutions()[0]["name"], "Fixed"),
    "api/go-jira/transitions": (
        "issue/INT-1/transitions",
        lambda c: translate.offered(c.transitions("INT-1"), NOTHING),
        {"In Progress": "2", "Closed": "711"},
    ),
    "api/go-jira/role": (
        "project/INT/role/10002",
        lambda c: [actor["type"] for actor in c.role("INT", "10002")["actors"]],
        ["atlassian-group-role-actor"],
    ),
    "api/go-jira/issues_in_sprint": (
        "issue/10001",
        lambda c: c.issue("10001").body["issues"][0]["key"],
        "AR-86",
    ),
}
"""Each reply that our client reads: where it is served, how it is read, and what comes of it."""


@pytest.mark.parametrize("name", REPLIES)
def test_replies(name: str, jira: Client) -> None:
    path, ask, expected = REPLIES[name]
    with responses.RequestsMock() as mock:
        mock.get(f"{jira.site.base}/rest/api/2/{path}", body=(CORPUS / f"{name}.json").read_bytes())
        assert ask(jira) == expected


def test_an_error_that_a_real_jira_gave(jira: Client) -> None:
    body = (CORPUS / "api/go-jira/no_role.json").read_bytes()
    with responses.RequestsMock() as mock:
        mock.get(f"{jira.site.base}/rest/api/2/project/INT/role/1", body=body, status=404)
        with pytest.raises(NotFound, match="Jira says: Role with given id not found"):
            jira.role("INT", "1")
