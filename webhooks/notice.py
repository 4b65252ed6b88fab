"""Reads what Jira posted, once and purely: bytes and headers in; a `Notice`, an `Ignored` or a `Refusal` out.

No framework, no I/O and no clock. Nothing in a body but names and times is believed: a notice only says which issue to
look at, so a payload that is late, repeated or out of order costs a look and can do no harm.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from webhooks.credentials import Credentials, verify
from webhooks.refusals import MalformedJson, NoIdentity, NotAnObject

ISSUE_EVENTS = frozenset(
    {
        "jira:issue_created",
        "jira:issue_updated",
        "jira:issue_deleted",
        "jira:worklog_updated",
        "comment_created",
        "comment_updated",
        "comment_deleted",
        "worklog_created",
        "worklog_updated",
        "worklog_deleted",
        "attachment_created",
        "attachment_deleted",
        "issuelink_created",
        "issuelink_deleted",
        "issue_property_set",
        "issue_property_deleted",
    }
)
"""Events about an issue. Some come without it (worklogs, links, Server's comments); `jira:issue_updated` brings it."""

UNRELATED_EVENTS = frozenset(
    {
        *(f"user_{what}" for what in ("created", "updated", "deleted")),
        *(f"sprint_{what}" for what in ("created", "updated", "deleted", "started", "closed")),
        *(f"board_{what}" for what in ("created", "updated", "deleted", "configuration_changed")),
        *(f"project_{what}" for what in ("created", "updated", "deleted", "soft_deleted", "restored_deleted")),
        *(f"project_{what}" for what in ("archived", "restored_archived")),
        *(f"jira:version_{what}" for what in ("created", "updated", "deleted", "moved", "released", "unreleased")),
        *(f"option_{what}_changed" for what in ("voting", "watching", "unassigned_issues", "subtasks")),
        *(f"option_{what}_changed" for what in ("attachments", "issuelinks", "timetracking")),
        "option_timetracking_provider_changed",
    }
)
"""Events about no issue at all, by the names of Atlassian's page on webhooks."""

UNNAMED = "unnamed"
"""The event of a body that names none, as Jira Automation's "Send web request" does."""

_ID = re.compile(r"[1-9][0-9]{0,18}")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}-[1-9][0-9]{0,17}")
_EVENT = re.compile(r"[A-Za-z0-9_:.\-]{1,80}")
_DELIVERY = re.compile(r"[!-~]{1,200}")
_LATEST = 10**14  # milliseconds; the year 5138. A time beyond it is none.

_Json = Mapping[str, Any]


class Reason(StrEnum):
    """Why a delivery that is in order leaves nothing to do; each is acknowledged and counted."""

    UNMAPPED_PROJECT = "unmapped-project"
    NO_ISSUE = "no-issue"
    UNRELATED_EVENT = "unrelated-event"
    UNKNOWN_EVENT = "unknown-event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Somebody did something to an issue: look at it.

    `issue_id` is the issue to look at: of a sub-task whose parent the body names, the parent. It is Jira's id, or the
    key where the body has no id (Jira's REST resources take either). `delivery_id` is None where the sender gives
    nothing by which a repeat could be told from a new event. `at` is Jira's time in milliseconds since 1970.
    """

    delivery_id: str | None
    issue_id: str
    label: str
    event: str
    ours: bool
    at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """The delivery is in order and leaves nothing to do."""

    reason: Reason
    event: str


def read_notice(
    *,
    body: bytes,
    headers: Mapping[str, str],
    credentials: Credentials,
    projects: Collection[str],
    own_accounts: Collection[str],
) -> Notice | Ignored:
    """Verify and read one delivery; `headers` by names in lower case.

    `projects` are the keys of the mapped projects, `own_accounts` the account ids (Data Center: names) that we write
    with. Raises a `Refusal`, which carries the status and the reason to answer with.
    """
    verify(body=body, headers=headers, credentials=credentials)
    payload = _parse(body)
    event = _matching(_EVENT, payload.get("webhookEvent")) or UNNAMED
    issue = _issue(payload)
    if issue is None:
        return Ignored(reason=_absent(event), event=event)
    issue_id, key = _identity(issue)
    if issue_id is None and key is None:
        raise NoIdentity
    if not _mapped(issue, key, payload, projects):
        return Ignored(reason=Reason.UNMAPPED_PROJECT, event=event)
    own = issue_id or key or ""
    parent_id, parent_key = _parent(issue)
    at = _time(payload.get("timestamp"))
    return Notice(
        delivery_id=_delivery_id(headers, body, payload, f"{event}:{own}", at),
        issue_id=parent_id or own,
        label=parent_key or parent_id or key or own,
        event=event,
        ours=_ours(payload, own_accounts),
        at=at,
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _parse(body: bytes) -> _Json:
    # ValueError: bad UTF-8, bad JSON, NaN, and integers beyond Python's limit of digits. Without the cause: it quotes
    # the body.
    try:
        payload = _decode(body.decode())
    except (ValueError, RecursionError):
        raise MalformedJson from None
    if not isinstance(payload, dict):
        raise NotAnObject
    return payload


def _issue(payload: _Json) -> _Json | None:
    """Find the issue: under `issue`, or where no event is named the body itself (Automation's "Issue data")."""
    issue = payload.get("issue")
    if issue is None and "webhookEvent" in payload:
        return None
    return _object(payload if issue is None else issue)


def _absent(event: str) -> Reason:
    if event in UNRELATED_EVENTS:
        return Reason.UNRELATED_EVENT
    return Reason.NO_ISSUE if event in ISSUE_EVENTS else Reason.UNKNOWN_EVENT


def _identity(issue: _Json) -> tuple[str | None, str | None]:
    return _id(issue.get("id")), _matching(_KEY, issue.get("key"))


def _mapped(issue: _Json, key: str | None, payload: _Json, projects: Collection[str]) -> bool:
    """Say whether the issue is, or just was, in a mapped project; one named by its id alone may be."""
    project = _object(_object(issue.get("fields")).get("project")).get("key")
    if key is None and project is None:
        return True
    if any(name in projects for name in (key and _project(key), project) if isinstance(name, str)):
        return True
    # A move to another project: the key is the new one, and the look that is due finds the issue gone.
    return any(_project(left) in projects for left in _keys_left(payload))


def _keys_left(payload: _Json) -> list[str]:
    items = _object(payload.get("changelog")).get("items")
    moves = [_object(item) for item in items] if isinstance(items, list) else []
    return [left for move in moves if move.get("field") == "Key" and (left := _matching(_KEY, move.get("fromString")))]


def _project(key: str) -> str:
    return key.rpartition("-")[0]


def _parent(issue: _Json) -> tuple[str | None, str | None]:
    """Find the parent of a sub-task; an epic is called `parent` too, so the issue type must say so."""
    fields = _object(issue.get("fields"))
    if _object(fields.get("issuetype")).get("subtask") is not True:
        return None, None
    parent_id, parent_key = _identity(_object(fields.get("parent")))
    return parent_id, parent_key if parent_id else None


def _ours(payload: _Json, own_accounts: Collection[str]) -> bool:
    actor = _actor(payload)
    return any(name in own_accounts for name in (actor.get("accountId"), actor.get("name")) if isinstance(name, str))


def _actor(payload: _Json) -> _Json:
    """Find who did it: most comment events have no `user`, the comment's author is it."""
    comment, worklog = _object(payload.get("comment")), _object(payload.get("worklog"))
    for candidate in (payload.get("user"), *(c.get(w) for c in (comment, worklog) for w in ("updateAuthor", "author"))):
        if actor := _object(candidate):
            return actor
    return {}


def _delivery_id(headers: Mapping[str, str], body: bytes, payload: _Json, subject: str, at: int | None) -> str | None:
    """Name the delivery so that a repeat bears the same name.

    Cloud sends X-Atlassian-Webhook-Identifier, the same on each retry. Data Center is not documented to; its bodies
    bear a time in milliseconds, so that equal bodies are one event. A body without a time may honestly come again.
    """
    if given := _matching(_DELIVERY, headers.get("x-atlassian-webhook-identifier")):
        return given
    if at is None:
        return None
    for what in ("changelog", "comment", "worklog"):
        if mark := _id(_object(payload.get(what)).get("id")):
            return f"{subject}:{what}-{mark}:{at}"
    return f"{subject}:{hashlib.sha256(body).hexdigest()}"


def _object(value: object) -> _Json:
    return value if isinstance(value, dict) else {}


def _id(value: object) -> str | None:
    """Read an id: a string on most resources, a number on some."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 < value < 10**19 else None
    return _matching(_ID, value)


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _time(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LATEST else None
