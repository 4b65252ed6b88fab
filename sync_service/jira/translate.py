"""Jira's JSON into the lifecycle's words, and back. Pure.

Whatever Jira may leave out (deleted users, old servers, truncated logs) is read as absent; nothing here fails on it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from mappings import Mapping
from mappings.model import FieldType
from sync_service.jira.answers import Json
from sync_service.jira.directory import Directory
from sync_service.lifecycle.facts import (
    ASSIGNEE,
    DUE,
    LABELS,
    PROJECT,
    STATUS,
    Change,
    Marker,
    ProjectIssue,
    SubTask,
    Value,
)
from sync_service.lifecycle.record import PROPERTY, STEP_PROPERTY

BUILT_IN = {
    "status": STATUS,
    "assignee": ASSIGNEE,
    "duedate": DUE,
    "due date": DUE,
    "labels": LABELS,
    "resolution": "resolution",
    "project": PROJECT,
    "key": PROJECT,
    "issuekey": PROJECT,
}
"""Jira's own fields in a change log, by `fieldId` or, where that is missing, by `field` in lower case."""

BY_ID = (STATUS, ASSIGNEE, DUE)
"""Fields of Jira's own whose change is told by the ids in `from` and `to`, not by the texts beside them; so are people.
"""

SUBTASK_FIELDS = ("summary", "status", "created", "resolution", "assignee", "duedate", "labels", "parent", "project")
ISSUE_FIELDS = (
    "summary",
    "status",
    "created",
    "updated",
    "creator",
    "labels",
    "subtasks",
    "issuelinks",
    "project",
    "issuetype",
    "parent",
)


def moment(value: Any) -> datetime:
    """Read a time: ISO 8601 with an offset with or without colon, or milliseconds since the epoch."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC)
    at = datetime.fromisoformat(value)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def account(user: Any) -> str | None:
    """Return who a user is: the accountId on Cloud, the name on Data Center; None for a deleted one."""
    return (user.get("accountId") or user.get("name") or user.get("key")) if isinstance(user, dict) else None


def value_of(kind: FieldType, raw: Any) -> Value:
    """Read a field's value by its declared type; what doesn't fit the type counts as empty."""
    try:
        return _read_value(kind, raw)
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError, OSError):
        return None


def _read_value(kind: FieldType, raw: Any) -> Value:
    if raw is None:
        return None
    match kind:
        case "select":
            return str(raw["value"])
        case "multi-select":
            return tuple(str(option["value"]) for option in raw)
        case "user":
            return account(raw)
        case "number":
            return float(raw)
        case "date":
            return date.fromisoformat(raw)
        case "date-time":
            return moment(raw)
    return str.strip(raw) or None


def raw_value(kind: FieldType, value: Value, directory: Directory) -> Any:
    """Write a field's value as Jira takes it."""
    match kind, value:
        case _, None:
            return None
        case "select", _:
            return {"value": value}
        case "multi-select", tuple():
            return [{"value": option} for option in value]
        case "user", _:
            return user(str(value), directory)
        case _, datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        case _, date():
            return value.isoformat()
    return value


def user(name: str, directory: Directory) -> Json:
    """Write an account as Jira takes it."""
    return {"accountId": name} if directory.is_cloud else {"name": name}


def changes(histories: list[Json], directory: Directory) -> tuple[Change, ...]:
    """Read a change log in either order, oldest first; items of fields that decide nothing are left out."""
    read = {(change.id, change.field): change for entry in histories for change in _entry(entry, directory)}
    return tuple(sorted(read.values(), key=lambda change: change.order))


def _entry(entry: Json, directory: Directory) -> Iterator[Change]:
    at, author = moment(entry["created"]), account(entry.get("author"))
    for item in entry.get("items") or ():
        field = _field(item, directory)
        if field is not None:
            before, after = _told(item, field, "from", directory), _told(item, field, "to", directory)
            yield Change(id=str(entry["id"]), at=at, author=author, field=field, before=before, after=after)


def _field(item: Json, directory: Directory) -> str | None:
    """Name the field of an item; Data Center and old servers give no `fieldId`."""
    field_id = item.get("fieldId")
    if field_id is not None and field_id in directory.field_keys:
        return directory.field_keys[field_id]
    name = str(item.get("field") or "")
    if field_id is None and name in directory.field_names:
        return directory.field_names[name]
    # A custom field may bear the name of one of Jira's own: a number field "Key", a text "Status".
    return BUILT_IN.get(str(field_id or name).lower()) if item.get("fieldtype") != "custom" else None


def _told(item: Json, field: str, side: str, directory: Directory) -> str | None:
    ident, text = item.get(side), item.get(f"{side}String")
    if field == STATUS:
        return directory.status(str(ident), text)
    return ident if field in BY_ID or field in directory.people else text


def marker(issue: Json) -> Marker | None:
    """Read the marker of a step; None where there is none that makes sense."""
    raw = (issue.get("properties") or {}).get(STEP_PROPERTY)
    if not isinstance(raw, dict):
        return None
    parts = {key: raw.get(key, "") for key in ("parent", "step", "visit", "party")}
    if not all(isinstance(part, str) for part in parts.values()) or not (parts["parent"] and parts["step"]):
        return None
    return Marker(**parts)


def marker_value(mark: Marker) -> dict[str, str]:
    """Write the marker as the property's value."""
    return {"parent": mark.parent, "step": mark.step, "visit": mark.visit, "party": mark.party}


def subtask(issue: Json, directory: Directory) -> SubTask:
    """Read a sub-task."""
    fields = issue["fields"]
    status = fields["status"]
    return SubTask(
        id=str(issue["id"]),
        key=issue["key"],
        summary=fields.get("summary") or "",
        status=directory.status(str(status["id"]), status.get("name")),
        category=_category(status),
        created=moment(fields["created"]),
        resolution=(fields.get("resolution") or {}).get("name"),
        assignee=account(fields.get("assignee")),
        due=date.fromisoformat(fields["duedate"]) if fields.get("duedate") else None,
        labels=frozenset(fields.get("labels") or ()),
        marker=marker(issue),
        changes=changes((issue.get("changelog") or {}).get("histories") or [], directory),
    )


def project_issue(
    issue: Json,
    subtasks: tuple[SubTask, ...],
    *,
    mapping: Mapping,
    directory: Directory,
    ours: tuple[str, ...],
    unread: tuple[str, ...] = (),
    unassignable: frozenset[str] = frozenset(),
) -> ProjectIssue:
    """Read the project issue; `subtasks` are those that could be read."""
    fields, log = issue["fields"], issue.get("changelog") or {}
    histories = log.get("histories") or []
    status = fields["status"]
    return ProjectIssue(
        id=str(issue["id"]),
        key=issue["key"],
        summary=fields.get("summary") or "",
        status=directory.status(str(status["id"]), status.get("name")),
        created=moment(fields["created"]),
        creator=account(fields.get("creator")),
        ours=ours,
        labels=frozenset(fields.get("labels") or ()),
        fields={
            key: value_of(declared.type, fields.get(directory.field_ids[key]))
            for key, declared in mapping.fields.items()
        },
        changes=changes(histories, directory),
        complete=log.get("total", 0) <= len(histories),
        subtasks=subtasks,
        unread=unread,
        blockers=blockers(fields.get("issuelinks") or [], mapping.jira.blocking_link),
        ways=tuple(name for name, _ in ways(issue.get("transitions") or [], directory)),
        record=(issue.get("properties") or {}).get(PROPERTY),
        categories=directory.categories,
        unassignable=unassignable,
        people=dict(_people(issue, mapping, directory)),
    )


def _people(issue: Json, mapping: Mapping, directory: Directory) -> Iterator[tuple[str, str]]:
    """Yield the names behind the accounts of the project issue's roles and of those who changed it."""
    fields, log = issue["fields"], issue.get("changelog") or {}
    held = [fields.get(directory.field_ids[key]) for key, field in mapping.fields.items() if field.type == "user"]
    changed = [entry.get("author") for entry in log.get("histories") or []]
    for person in [fields.get("creator"), *changed, *held]:
        name = account(person)
        if name and person.get("displayName"):
            yield name, str(person["displayName"])


def ways(transitions: list[Json], directory: Directory) -> Iterator[tuple[str, str]]:
    """Yield the status that each open transition leads to, with the transition's id: names repeat, targets decide."""
    for transition in transitions:
        if transition.get("isAvailable", True):
            to = transition["to"]
            yield directory.status(str(to["id"]), to.get("name")), str(transition["id"])


def offered(transitions: list[Json], directory: Directory) -> dict[str, str]:
    """Return a transition's id for each status in reach: one without a screen where there is a choice, else the first.

    A screen may ask for fields, and nothing is filled in.
    """
    found: dict[str, str] = {}
    for status, transition in ways(sorted(transitions, key=lambda one: bool(one.get("hasScreen"))), directory):
        found.setdefault(status, transition)
    return found


def blockers(links: list[Json], link_type: str) -> tuple[str, ...]:
    """Return the keys of the open issues that block this one."""
    inward = [link["inwardIssue"] for link in links if link["type"]["name"] == link_type and link.get("inwardIssue")]
    return tuple(issue["key"] for issue in inward if not _is_done(issue))


def _is_done(issue: Json) -> bool:
    return _category((issue.get("fields") or {}).get("status") or {}) == "done"


def _category(status: Json) -> str:
    return str((status.get("statusCategory") or {}).get("key") or "undefined")
