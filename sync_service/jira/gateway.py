"""The worker's only two doors to Jira: `read` an issue as it is now, and `apply` one action."""

import hashlib
from collections.abc import Iterator, MutableMapping, Sequence
from collections.abc import Mapping as MappingOf
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mappings import Mapping
from sync_service.errors import StagegateError
from sync_service.jira import translate
from sync_service.jira.answers import Json
from sync_service.jira.client import Client, CreatedIssue, ElementError, NewIssue
from sync_service.jira.directory import Directory, SiteMismatch, resolve
from sync_service.jira.errors import Invalid
from sync_service.lifecycle.actions import Action, Create, Edit, Move
from sync_service.lifecycle.facts import ASSIGNEE, DUE, ProjectIssue, SubTask, Value
from sync_service.lifecycle.history import reaches_back
from sync_service.lifecycle.record import PROPERTY, STEP_PROPERTY
from sync_service.lifecycle.steps import whose_rights

FINGERPRINTED = ("updated", "status", "subtasks", "project")
"""The fields of a project issue that a fingerprint is made of."""

FRESH_FOR = timedelta(minutes=10)
"""How long resolved names and unassignable users are believed."""


class NoWay(StagegateError):
    """The workflow offers no transition to where the issue must go; someone must add it."""

    reason = "no_way"


class NotCreated(StagegateError):
    """Jira refused to create a sub-task; the text has Jira's words."""

    reason = "not_created"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A project issue as it is now, with its mapping; `at` is Jira's clock when it was read."""

    issue: ProjectIssue
    mapping: Mapping
    at: datetime
    transitions: MappingOf[str, str]
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The issue to look at is another one: the parent of a sub-task, or the id behind a key."""

    id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """The issue is none of ours: its project or its type is in no mapping."""

    key: str
    why: str


class Gateway:
    """One Jira site, for any number of threads."""

    def __init__(self, client: Client, mappings: Sequence[Mapping]) -> None:
        self.client = client
        self.mappings = {mapping.jira.project: mapping for mapping in mappings}
        self.account = ""
        self.time_zone = "UTC"
        self._directories: dict[str, tuple[Directory, datetime]] = {}
        self._unassignable: dict[str, datetime] = {}

    def open(self) -> None:
        """Find out who we are; raises Unauthorized with the remedy."""
        me = self.client.verify()
        self.account, self.time_zone = me.id, me.time_zone or "UTC"

    def now(self) -> datetime:
        """Ask for the time on Jira's clock."""
        return self.client.call("GET serverInfo", "GET", "serverInfo").at

    def directory(self, mapping: Mapping) -> Directory:
        """Return the ids behind the mapping's names, read anew every ten minutes; raises SiteMismatch."""
        known = self._directories.get(mapping.jira.project)
        now = self.client.now()
        if known is None or now - known[1] > FRESH_FOR:
            known = (resolve(self.client, mapping, known[0] if known else None), now)
            self._directories[mapping.jira.project] = known
        return known[0]

    def accounts(self, mapping: Mapping) -> tuple[str, ...]:
        """Return the accounts that the service writes or wrote with, the present one first."""
        return (self.account, *mapping.jira.accounts)

    # --- Reading

    def read(self, issue_id: str) -> Found | Elsewhere | Unmanaged:
        """Read an issue: one request, one more for its sub-tasks, more only where a needed fact is older.

        Raises NotFound where it is missing or not visible, SiteMismatch where its project lacks names.
        """
        reply = self.client.issue(
            issue_id, fields=self._fields(), properties=[PROPERTY], expand=["changelog", "transitions"]
        )
        body, fields = reply.body, reply.body["fields"]
        mapping = self.mappings.get(fields["project"]["key"])
        if mapping is None:
            return Unmanaged(key=body["key"], why=f"no mapping has the project {fields['project']['key']}")
        if parent := fields.get("parent") if fields["issuetype"].get("subtask") else None:
            return Elsewhere(id=str(parent["id"]), key=parent["key"])
        if str(fields["issuetype"]["id"]) != self.directory(mapping).issue_type_id:
            return Unmanaged(key=body["key"], why=f"it is a {fields['issuetype']['name']}")
        if str(body["id"]) != issue_id:
            return Elsewhere(id=str(body["id"]), key=body["key"])
        return self._found(body, mapping, reply.at)

    def _fields(self) -> list[str]:
        """Name the fields of every mapping whose project is in order; the others are refused when looked at."""
        known: set[str] = set()
        for mapping in self.mappings.values():
            with suppress(SiteMismatch):
                known.update(self.directory(mapping).field_keys)
        return [*translate.ISSUE_FIELDS, *sorted(known)]

    def _found(self, body: Json, mapping: Mapping, at: datetime) -> Found:
        directory = self.directory(mapping)
        subtasks, unread = self._subtasks(body, directory)
        issue = translate.project_issue(
            body,
            subtasks,
            mapping=mapping,
            directory=directory,
            ours=self.accounts(mapping),
            unread=unread,
            unassignable=self._refused_assignees(at),
        )
        if not reaches_back(issue, mapping):
            issue = replace(issue, changes=self._whole_history(issue.id, directory), complete=True)
        if asked := whose_rights(issue, mapping):
            issue = replace(issue, groups={name: self._rights(name, mapping) for name in asked})
        transitions = dict(translate.ways(body.get("transitions") or [], directory))
        return Found(issue=issue, mapping=mapping, at=at, transitions=transitions, fingerprint=self.fingerprint(body))

    def _subtasks(self, body: Json, directory: Directory) -> tuple[tuple[SubTask, ...], tuple[str, ...]]:
        """Read the listed sub-tasks; one that is listed but not given is unread, never missing."""
        listed = [str(subtask["id"]) for subtask in body["fields"].get("subtasks") or ()]
        if not listed:
            return (), ()
        batch = self.client.issues(
            listed, fields=translate.SUBTASK_FIELDS, properties=[STEP_PROPERTY], expand=["changelog"]
        )
        read = {str(issue["id"]): translate.subtask(issue, directory) for issue in batch.issues}
        return tuple(read[one] for one in listed if one in read), tuple(one for one in listed if one not in read)

    def _whole_history(self, issue_id: str, directory: Directory) -> tuple[Any, ...]:
        histories: list[Json] = []
        while True:
            page = self.client.changelog_page(issue_id, len(histories))
            histories += page["values"]
            if page.get("isLast", True) or not page["values"]:
                return translate.changes(histories, directory)

    def _rights(self, name: str, mapping: Mapping) -> frozenset[str]:
        """Return the groups of an account, and the roles of the mapping that it has in the project."""
        groups = frozenset(self.client.user_groups(name)) if mapping.override.groups or mapping.override.roles else ()
        roles = self.client.project_roles(mapping.jira.project) if mapping.override.roles else {}
        held = [
            role
            for role in mapping.override.roles
            if role in roles and _plays(self.client.role(mapping.jira.project, roles[role]), name, frozenset(groups))
        ]
        return frozenset({f"group:{group}" for group in groups} | {f"role:{role}" for role in held})

    def _refused_assignees(self, now: datetime) -> frozenset[str]:
        return frozenset(name for name, since in list(self._unassignable.items()) if now - since < FRESH_FOR)

    def fingerprint(self, body: Json) -> str:
        """Return a short value that differs when the issue or the status of a sub-task does."""
        fields = body["fields"]
        seen = [fields["updated"], fields["status"]["id"], fields["project"]["key"]]
        seen += [f"{one['id']}:{one['fields']['status']['id']}" for one in fields.get("subtasks") or ()]
        return hashlib.sha256("|".join(map(str, seen)).encode()).hexdigest()[:16]

    # --- Reading many

    def changed_since(self, mapping: Mapping, since: datetime, time_zone: str) -> Iterator[tuple[str, str]]:
        """Yield id and key of each project issue that changed, or one of its sub-tasks, by the search index.

        JQL tells minutes in the time zone of the account's profile (Atlassian's JQL reference, seen 2026-11).
        """
        minute = since.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M")
        jql = f'project = {quoted(mapping.jira.project)} AND updated >= "{minute}" ORDER BY updated ASC'
        for page in self.client.search(jql, fields=["parent", "issuetype"]):
            for body in page.issues:
                parent = body["fields"].get("parent") if body["fields"]["issuetype"].get("subtask") else None
                yield str((parent or body)["id"]), (parent or body)["key"]

    def portfolio(self, mapping: Mapping) -> Iterator[tuple[str, str, str]]:
        """Yield id, key and fingerprint of every project issue: found by search, then read a hundred at a time."""
        types = f"issuetype = {quoted(mapping.jira.issue_type)}"
        jql = f"project = {quoted(mapping.jira.project)} AND {types} ORDER BY created ASC"
        for page in self.client.search(jql, fields=["id"]):
            batch = self.client.issues([str(body["id"]) for body in page.issues], fields=FINGERPRINTED)
            for body in batch.issues:
                yield str(body["id"]), body["key"], self.fingerprint(body)

    def bookings(self, mapping: Mapping) -> Iterator[tuple[str, date]]:
        """Yield the slots that the issues in certification hold, read from the issues themselves."""
        if mapping.certification is None:
            return
        field = self.directory(mapping).field_ids["certification_start"]
        statuses = ", ".join(quoted(status) for status in mapping.stages[mapping.certification.stage].statuses)
        jql = f"project = {quoted(mapping.jira.project)} AND status in ({statuses}) ORDER BY created ASC"
        for page in self.client.search(jql, fields=["id"]):
            for body in self.client.issues([str(one["id"]) for one in page.issues], fields=[field]).issues:
                start = translate.value_of("date", body["fields"].get(field))
                if isinstance(start, date):
                    yield str(body["id"]), start

    # --- Writing

    def apply(self, action: Action, found: Found, keys: MutableMapping[str, str]) -> None:
        """Carry out one action; `keys` gives the placeholders of planned sub-tasks the keys that Jira made."""
        match action:
            case Create():
                self._create(action, found, keys)
            case Edit():
                self._edit(action, found, keys)
            case Move():
                self._move(action, found)

    def _create(self, action: Create, found: Found, keys: MutableMapping[str, str]) -> None:
        refused: list[str] = []
        waiting = list(action.subtasks)
        for with_assignee in (True, False):
            again: list[SubTask] = []
            bodies = [self._body(subtask, found, with_assignee=with_assignee) for subtask in waiting]
            for subtask, outcome in zip(waiting, self.client.create_issues(bodies) if bodies else (), strict=True):
                if isinstance(outcome, CreatedIssue):
                    keys[subtask.key] = outcome.key
                elif ASSIGNEE in outcome.fields and with_assignee and subtask.assignee:
                    self._unassignable[subtask.assignee] = found.at
                    again.append(subtask)
                else:
                    refused.append(f"{subtask.summary!r}: {_words(outcome)}")
            waiting = again
        if refused:
            raise NotCreated(
                f"Jira refused {len(refused)} sub-task(s) of {found.issue.key}: {'; '.join(refused)}. Check the create "
                f"screen of {found.mapping.jira.subtask_type!r} and its required fields"
            )

    def _body(self, subtask: SubTask, found: Found, *, with_assignee: bool) -> NewIssue:
        directory = self.directory(found.mapping)
        fields: dict[str, Any] = {
            "project": {"id": directory.project_id},
            "parent": {"id": found.issue.id},
            "issuetype": {"id": directory.subtask_type_id},
            "summary": subtask.summary,
            "labels": sorted(subtask.labels),
        }
        fields |= {"description": subtask.description} if subtask.description else {}
        fields |= {"duedate": subtask.due.isoformat()} if subtask.due else {}
        if subtask.assignee and with_assignee:
            fields["assignee"] = translate.user(subtask.assignee, directory)
        properties = {STEP_PROPERTY: translate.marker_value(subtask.marker)} if subtask.marker else {}
        return {"fields": fields, "properties": properties}

    def _edit(self, action: Edit, found: Found, keys: MappingOf[str, str]) -> None:
        record = with_keys(dict(action.record), keys) if action.record is not None else None
        if action.is_quiet and record is not None:
            self.client.put_property(action.issue, PROPERTY, record)
            return
        fields = {
            self._field_id(key, found.mapping): self._raw(key, value, found.mapping)
            for key, value in action.fields.items()
        }
        update = _update(action, keys)
        properties = {PROPERTY: record} if record is not None else None
        try:
            self.client.edit_issue(action.issue, fields=fields, update=update, properties=properties)
        except Invalid as refused:
            account = action.fields.get(ASSIGNEE)
            if ASSIGNEE not in refused.fields or not account:
                raise
            self._unassignable[str(account)] = found.at
            del fields[ASSIGNEE]
            if fields or update:
                self.client.edit_issue(action.issue, fields=fields, update=update, properties=properties)

    def _field_id(self, key: str, mapping: Mapping) -> str:
        return key if key in (ASSIGNEE, DUE) else self.directory(mapping).field_ids[key]

    def _raw(self, key: str, value: Value, mapping: Mapping) -> Any:
        kinds: dict[str, Any] = {ASSIGNEE: "user", DUE: "date"}
        kind = kinds.get(key) or mapping.fields[key].type
        return translate.raw_value(kind, value, self.directory(mapping))

    def _move(self, action: Move, found: Found) -> None:
        offered = dict(found.transitions) if action.issue == found.issue.id else {}
        if not set(action.to) & set(offered):
            listed = self.client.transitions(action.issue)
            offered = dict(translate.ways(listed, self.directory(found.mapping)))
        way = next((offered[status] for status in action.to if status in offered), None)
        if way is None:
            raise NoWay(
                f"the workflow of {action.key} offers no transition to {' or '.join(action.to)} from where it is; "
                "add one that the service's account may use"
            )
        self.client.transition(action.issue, way)


def quoted(text: str) -> str:
    """Write a text as a JQL string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _update(action: Edit, keys: MappingOf[str, str]) -> dict[str, list[dict[str, Any]]]:
    labels = [{"add": label} for label in action.add_labels] + [{"remove": label} for label in action.remove_labels]
    update: dict[str, list[dict[str, Any]]] = {"labels": labels} if labels else {}
    if action.comment:
        update["comment"] = [{"add": {"body": with_keys(action.comment, keys)}}]
    return update


def with_keys(value: Any, keys: MappingOf[str, str]) -> Any:
    """Put the keys of created sub-tasks where their placeholders stand."""
    match value:
        case str():
            for placeholder, key in keys.items():
                value = value.replace(placeholder, key)
            return value
        case dict():
            return {name: with_keys(part, keys) for name, part in value.items()}
        case list() | tuple():
            return [with_keys(part, keys) for part in value]
    return value


def _plays(role: Json, account: str, groups: frozenset[str]) -> bool:
    for actor in role.get("actors") or ():
        if account in (actor.get("name"), translate.account(actor.get("actorUser"))):
            return True
        group = actor.get("actorGroup") or {}
        if {group.get("name"), group.get("displayName"), actor.get("name")} & groups:
            return True
    return False


def _words(error: ElementError) -> str:
    return "; ".join([*error.messages, *(f"{field}: {words}" for field, words in error.fields.items())])
