"""The first door to Jira: read an issue as it is now, or many of them."""

import hashlib
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from mappings import Mapping
from sync_service.errors import StagegateError
from sync_service.jira import translate
from sync_service.jira.access import Access, Found
from sync_service.jira.answers import Json
from sync_service.jira.directory import Directory, SiteMismatch
from sync_service.jira.errors import Forbidden, Incomplete, JiraError, NotFound, Unauthorized
from sync_service.lifecycle.facts import SubTask
from sync_service.lifecycle.history import reaches_back
from sync_service.lifecycle.record import PROPERTY, STEP_PROPERTY
from sync_service.lifecycle.steps import whose_rights

GROUP_ACTOR = "atlassian-group-role-actor"
"""What Jira calls a group among the actors of a role; a user may bear the same name."""

ALWAYS = ("summary", "status", "created", "updated", "labels", "subtasks")
"""The fields that come with every project issue, empty or not; one that is missing could not be loaded."""

FINGERPRINTED = ("updated", "status", "subtasks", "project")
"""The fields of a project issue that a fingerprint is made of."""


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


class RolesHidden(StagegateError):
    """Jira doesn't show us who plays a role, without which nobody's right to override can be judged."""

    reason = "roles_hidden"


class Reading(Access):
    """The half of the gateway that reads."""

    def read(self, issue_id: str) -> Found | Elsewhere | Unmanaged:
        """Read an issue: one request, one more for its sub-tasks, more only where a needed fact is older.

        Raises NotFound where it is missing or not visible, Incomplete where a field of it could not be loaded,
        SiteMismatch where its project lacks names.
        """
        reply = self.client.issue(
            issue_id, fields=self._fields(), properties=[PROPERTY], expand=["changelog", "transitions"]
        )
        body, fields = reply.body, reply.body["fields"]
        mapping = self.mapping_of(fields["project"])
        if mapping is None:
            return Unmanaged(key=body["key"], why=f"no mapping has the project {fields['project']['key']}")
        if parent := fields.get("parent") if fields["issuetype"].get("subtask") else None:
            return Elsewhere(id=str(parent["id"]), key=parent["key"])
        if str(fields["issuetype"]["id"]) != self.directory(mapping).issue_type_id:
            return Unmanaged(key=body["key"], why=f"it is a {fields['issuetype']['name']}")
        if str(body["id"]) != issue_id:
            return Elsewhere(id=str(body["id"]), key=body["key"])
        if lost := [name for name in ALWAYS if name not in fields]:
            raise Incomplete(f"Jira could not load {', '.join(lost)} of {body['key']}", operation="GET issue")
        if faults := self.barred.get(mapping.jira.project):
            raise SiteMismatch(mapping.jira.project, faults)
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
            issue = replace(issue, changes=translate.changes(self._whole_history(issue.id), directory), complete=True)
        if asked := whose_rights(issue, mapping):
            issue = replace(issue, groups={name: self._rights(name, mapping) for name in asked})
        transitions = translate.offered(body.get("transitions") or [], directory)
        return Found(issue=issue, mapping=mapping, at=at, transitions=transitions, fingerprint=self.fingerprint(body))

    def _subtasks(self, body: Json, directory: Directory) -> tuple[tuple[SubTask, ...], tuple[str, ...]]:
        """Read the listed sub-tasks; one that is listed but not given, or not whole, is unread, never missing."""
        listed = [str(subtask["id"]) for subtask in body["fields"]["subtasks"]]
        if not listed:
            return (), ()
        batch = self.client.issues(
            listed, fields=translate.SUBTASK_FIELDS, properties=[STEP_PROPERTY], expand=["changelog"]
        )
        read = {str(issue["id"]): self._subtask(issue, directory) for issue in batch.issues if _is_whole(issue)}
        return tuple(read[one] for one in listed if one in read), tuple(one for one in listed if one not in read)

    def _subtask(self, body: Json, directory: Directory) -> SubTask:
        """Read a sub-task; where people changed it so often that Jira cut its log off, the log is read whole.

        Else a step done long ago would seem to have been done when it was made.
        """
        log = body.get("changelog") or {}
        if log.get("total", 0) > len(log.get("histories") or ()):
            body = body | {"changelog": {"histories": self._whole_history(str(body["id"]))}}
        return translate.subtask(body, directory)

    def _whole_history(self, issue_id: str) -> list[Json]:
        histories: list[Json] = []
        while True:
            page = self.client.changelog_page(issue_id, len(histories))
            histories += page["values"]
            if page.get("isLast", True) or not page["values"]:
                return histories

    def _rights(self, name: str, mapping: Mapping) -> frozenset[str]:
        """Return the groups of an account, and the roles of the mapping that it has in the project."""
        try:
            groups = frozenset(self.client.user_groups(name))
        except NotFound:  # the account was deleted since; not to be taken for an issue that is gone
            return frozenset()
        held = self._roles(name, groups, mapping) if mapping.override.roles else ()
        return frozenset({f"group:{group}" for group in groups} | {f"role:{role}" for role in held})

    def _roles(self, name: str, groups: frozenset[str], mapping: Mapping) -> list[str]:
        """Return the roles of the mapping that an account has; raises RolesHidden unless we administer the project.

        Jira refuses that with 401 or 404, which else mean that nobody knows us, or that the issue is gone.
        """
        project = mapping.jira.project
        try:
            ids = self.client.project_roles(project)
            known = [role for role in mapping.override.roles if role in ids]
            return [role for role in known if _plays(self.client.role(project, ids[role]), name, groups)]
        except (Forbidden, NotFound, Unauthorized) as refused:
            if isinstance(refused, Unauthorized):
                self.client.verify()  # credentials that ended a moment ago are no matter of this issue alone
            raise RolesHidden(
                f"an override or a waiver in {project} can't be judged, for {_refusal(refused)}. Let our account "
                "administer the project (the permission Administer Projects), or take override.roles out of the "
                "mapping; then replay the issue"
            ) from refused

    def fingerprint(self, body: Json) -> str:
        """Return a short value that differs when the issue or the status of a sub-task does.

        An issue of which a field could not be loaded has one that no other has, so that it is looked at.
        """
        fields = body["fields"]
        if any(name not in fields for name in FINGERPRINTED):
            return "incomplete"
        seen = [fields["updated"], fields["status"]["id"], fields["project"]["key"]]
        seen += [f"{one['id']}:{one['fields']['status']['id']}" for one in fields["subtasks"]]
        return hashlib.sha256("|".join(map(str, seen)).encode()).hexdigest()[:16]

    # --- Reading many. Pages may be counted by offset (Data Center's are), so what went from a page that has been read
    # would let another slip past. No edit changes the order of keys.

    def changed_within(self, mapping: Mapping, span: timedelta) -> Iterator[tuple[str, str]]:
        """Yield id and key of each project issue that changed, or one of its sub-tasks, by the search index.

        The time is told as so many minutes before now, for JQL means a date in the time zone of the account's profile,
        which may change at any time, and has an hour twice in autumn. Each page counts them anew, so `span` must be
        longer than is needed by as long as reading the pages takes. The latest change comes first: then what leaves the
        span meanwhile leaves the end, what is edited meanwhile joins the front, and none goes from a page that has been
        read. What joined the front unread is found by whoever asks next.
        """
        minutes = math.ceil(span / timedelta(minutes=1))
        which = f'project = {self.directory(mapping).project_id} AND updated >= "-{minutes}m"'
        jql = f"{which} ORDER BY updated DESC, key DESC"
        for page in self.client.search(jql, fields=["parent", "issuetype"]):
            for body in page.issues:
                parent = body["fields"].get("parent") if body["fields"]["issuetype"].get("subtask") else None
                yield str((parent or body)["id"]), (parent or body)["key"]

    def portfolio(self, mapping: Mapping) -> Iterator[tuple[str, str, str]]:
        """Yield id, key and fingerprint of every project issue: found by search, then read a hundred at a time."""
        directory = self.directory(mapping)  # by ids: a name that an admin changed would make the query an error
        which = f"project = {directory.project_id} AND issuetype = {directory.issue_type_id}"
        jql = f"{which} ORDER BY key ASC"
        for page in self.client.search(jql, fields=["id"]):
            batch = self.client.issues([str(body["id"]) for body in page.issues], fields=FINGERPRINTED)
            for body in batch.issues:
                yield str(body["id"]), body["key"], self.fingerprint(body)

    def bookings(self, mapping: Mapping) -> Iterator[tuple[str, date]]:
        """Yield the slots that the projects in certification hold, read from the issues themselves.

        The stage that was accepted decides, not the status: an issue on hold, or moved on too early, keeps its slot.
        Rounds that are long over take no place; so the live projects, which keep their start, needn't all be read.
        One that was given its start within the index's lag is missing.
        """
        if mapping.certification is None:
            return
        directory = self.directory(mapping)
        start_id, stage_id = directory.field_ids["certification_start"], directory.field_ids["stage"]
        longest = 2 * mapping.certification.capacity.round_business_days + 30  # in days, over any holidays
        dated = f"cf[{start_id.removeprefix('customfield_')}] >= -{longest}d"
        jql = f"project = {directory.project_id} AND {dated} ORDER BY key ASC"
        for page in self.client.search(jql, fields=["id"]):
            for body in self.client.issues([str(one["id"]) for one in page.issues], fields=[start_id, stage_id]).issues:
                start = translate.value_of("date", body["fields"].get(start_id))
                stage = translate.value_of("select", body["fields"].get(stage_id))
                if isinstance(start, date) and stage == mapping.title(mapping.certification.stage):
                    yield str(body["id"]), start


def _is_whole(subtask: Json) -> bool:
    """Tell whether what decides came with a sub-task; the service labels its own steps, so that theirs come, too."""
    needed = ("status", "created", *(("labels",) if translate.marker(subtask) else ()))
    return all(name in subtask["fields"] for name in needed)


def _refusal(error: JiraError) -> str:
    said = "; ".join(error.messages)
    return f"{error.operation} is refused ({error.status}{': ' if said else ''}{said})"


def quoted(text: str) -> str:
    """Write a text as a JQL string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plays(role: Json, account: str, groups: frozenset[str]) -> bool:
    for actor in role.get("actors") or ():
        if actor.get("type") == GROUP_ACTOR:
            group = actor.get("actorGroup") or {}
            if {group.get("name"), group.get("displayName"), actor.get("name")} & groups:
                return True
        elif account in (actor.get("name"), translate.account(actor.get("actorUser"))):
            return True
    return False
