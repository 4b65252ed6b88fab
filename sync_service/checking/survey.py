"""Read of a site what a mapping's needs can be compared with; what can't be read is noted, with the reason."""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from mappings import Mapping
from sync_service.jira.answers import Json, as_object
from sync_service.jira.client import Client
from sync_service.jira.directory import Directory, Names, look_up
from sync_service.jira.errors import Forbidden, Invalid, JiraError, NotFound, NotJira, Unauthorized

T = TypeVar("T")

PERMISSIONS = {
    "BROWSE_PROJECTS": "Browse projects",
    "CREATE_ISSUES": "Create issues",
    "EDIT_ISSUES": "Edit issues",
    "TRANSITION_ISSUES": "Transition issues",
    "ADD_COMMENTS": "Add comments",
    "ASSIGN_ISSUES": "Assign issues",
    "SCHEDULE_ISSUES": "Schedule issues",
    "ADMINISTER_PROJECTS": "Administer projects",
    "USER_PICKER": "Browse users and groups",
}
"""The permissions that a mapping may need, with Jira's names (permissions of the Jira Cloud platform, seen 2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A site, as far as one mapping is concerned; None stands for what could not be read (`unread` says why).

    Types, statuses and fields go by the mapping's names and keys, whatever they are called on the site: `names` tells
    those that lead nowhere or to more than one thing, `renamed` those that are called otherwise now. `issue_screen`
    and `step_screen` (Data Center alone asks the latter) are the edit screens of the project issue and of a step,
    `create_screen` a new step's, all by field id; `options` those of each select field by its key; `ways` gives each
    status, of which an issue was found, where it may go, by type; `groups` tells which are there.
    """

    is_cloud: bool
    project: Json | None
    names: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    fields: MappingOf[str, Json] = field(default_factory=dict)
    permissions: MappingOf[str, bool] = field(default_factory=dict)
    create_screen: MappingOf[str, Json] | None = None
    issue_screen: MappingOf[str, Json] | None = None
    step_screen: MappingOf[str, Json] | None = None
    options: MappingOf[str, frozenset[str]] = field(default_factory=dict)
    ways: MappingOf[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    link_types: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    groups: MappingOf[str, bool] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def survey(client: Client, mapping: Mapping, known: Directory | None = None) -> Survey:
    """Read the site; raises JiraError where it can't be asked at all.

    What `known` holds is found by its id, although an admin renamed it since.
    """
    names = look_up(client, mapping, known)
    if names is None:
        return Survey(is_cloud=client.is_cloud, project=None)
    return Surveyor(client, mapping, names).look()


def needed_permissions(mapping: Mapping) -> tuple[str, ...]:
    """Name the permissions that the service uses with this mapping."""
    always = tuple(PERMISSIONS)[:7]
    roles = ("ADMINISTER_PROJECTS",) if mapping.override.roles else ()
    people = ("USER_PICKER",) if mapping.override.roles or mapping.override.groups else ()
    return (*always, *roles, *people)


class Surveyor:
    """Reads one project of one site, once."""

    def __init__(self, client: Client, mapping: Mapping, names: Names) -> None:
        self.client = client
        self.mapping = mapping
        self.names = names
        self.unread: list[str] = []

    def look(self) -> Survey:
        """Read everything."""
        jira, client, names = self.mapping.jira, self.client, self.names
        samples = dict(self._samples(names.issue_type, jira.issue_type, self._statuses()))
        samples |= dict(self._samples(names.subtask_type, jira.subtask_type, self._step_statuses()))
        issue_screen = self._edit_screen(jira.issue_type, samples)
        return Survey(
            is_cloud=client.is_cloud,
            project=names.project,
            names=names.problems,
            renamed=names.renamed,
            fields=names.fields,
            permissions=self._permissions(),
            create_screen=self._create_screen(names.subtask_type, jira.subtask_type),
            issue_screen=issue_screen,
            step_screen=None if client.is_cloud else self._edit_screen(jira.subtask_type, samples),
            options=self._options(issue_screen or {}),
            ways=dict(self._ways(samples)),
            link_types=self._tried("the link types", self._link_types),
            roles=self._roles(),
            groups=self._groups(),
            unread=tuple(self.unread),
        )

    def _tried(self, what: str, read: Callable[..., T], *of: object) -> T | None:
        """Read what the account may not be allowed to, or what this Jira may lack; note it where that is so.

        A missing permission, or a scope that the token lacks, may be a 401 as well: then Jira still knows who we are.
        """
        try:
            return read(*of)
        except (Forbidden, NotFound, Invalid, NotJira, Unauthorized) as error:
            if isinstance(error, Unauthorized):
                self.client.verify()
            # A resource that this Jira lacks is a 404 without Jira's error document; any other stranger is a fault.
            if isinstance(error, NotJira) and error.status != HTTPStatus.NOT_FOUND:
                raise
            self.unread.append(f"{what} can't be read: {_said(error)}")
            return None

    def _permissions(self) -> MappingOf[str, bool]:
        names = needed_permissions(self.mapping)
        read = self._tried("our permissions", self.client.my_permissions, names, self.names.project["key"])
        return read or {}

    # --- Issues as samples of their type

    def _statuses(self) -> tuple[str, ...]:
        return tuple(self.mapping.stage_by_status)

    def _step_statuses(self) -> tuple[str, ...]:
        steps = self.mapping.jira.step_statuses
        return (steps.open, steps.done, *steps.wont_do.statuses[:1])

    def _samples(self, kind: Json, name: str, wanted: tuple[str, ...]) -> Iterator[tuple[tuple[str, str], Json]]:
        """Find an issue of the type in each of the statuses that there are, by the names of type and status."""
        there = {self.names.statuses[str(status["id"])]: status["id"] for status in kind.get("statuses", ())}
        for status in dict.fromkeys(wanted):
            if status not in there:
                continue
            which = f"project = {self.names.project['id']} AND issuetype = {kind['id']} AND status = {there[status]}"
            found = self._tried(f"{name} issues in {status}", self._first, f"{which} ORDER BY updated DESC")
            if found:
                yield (name, status), found

    def _first(self, jql: str) -> Json | None:
        return next((issue for page in self.client.search(jql, fields=["status"]) for issue in page.issues), None)

    def _edit_screen(self, kind: str, samples: MappingOf[tuple[str, str], Json]) -> Json | None:
        sample = next((issue for (of, _), issue in samples.items() if of == kind), None)
        if sample is None:
            self.unread.append(f"the edit screen of {kind} can't be read: no issue of that type was found")
            return None
        return self._tried(f"the edit screen of {kind}", self.client.edit_meta, sample["id"])

    def _ways(self, samples: MappingOf[tuple[str, str], Json]) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
        for (kind, status), issue in samples.items():
            offered = self._tried(f"the transitions of {issue['key']}", self.client.transitions, issue["id"])
            if offered is not None:
                yield (kind, status), frozenset(self._status(one["to"]) for one in offered)

    def _status(self, shown: Json) -> str:
        return self.names.statuses.get(str(shown["id"]), str(shown["name"]))

    # --- Screens, options, links, people

    def _create_screen(self, kind: Json, name: str) -> Json | None:
        if not kind:
            return None
        read, project = self.client.create_meta, self.names.project["key"]
        return self._tried(f"the create screen of {name}", read, project, str(kind["id"]))

    def _options(self, edit_screen: MappingOf[str, Json]) -> dict[str, frozenset[str]]:
        """Read the options of each select field: from a screen that shows it, else from the field's contexts."""
        create_screen = self._create_screen(self.names.issue_type, self.mapping.jira.issue_type)
        shown = {**edit_screen, **(create_screen or {})}
        declared = self.mapping.fields
        read = {
            key: self._values(shown.get(one["id"]), declared[key].name, one["id"])
            for key, one in self.names.fields.items()
            if declared[key].type in ("select", "multi-select")
        }
        return {key: values for key, values in read.items() if values is not None}

    def _values(self, shown: Json | None, name: str, field_id: str) -> frozenset[str] | None:
        if shown and shown.get("allowedValues") is not None:
            return frozenset(str(option.get("value")) for option in shown["allowedValues"])
        if not self.client.is_cloud:
            self.unread.append(f"the options of {name!r} can't be read: it is on no screen that we see")
            return None
        return self._tried(f"the options of {name!r}", self._context_options, field_id)

    def _context_options(self, field_id: str) -> frozenset[str]:
        """Read the options of all contexts of a field, as `field/ID/context` has them (Cloud, administrators only)."""
        contexts = f"field/{field_id}/context"
        return frozenset(
            str(option["value"])
            for context in self._values_of("GET field/context", contexts)
            for option in self._values_of("GET field/context/option", f"{contexts}/{context['id']}/option")
        )

    def _values_of(self, operation: str, path: str) -> Iterator[Json]:
        start = 0
        while True:
            page = as_object(self.client.call(operation, "GET", path, params={"startAt": str(start)}), operation)
            yield from page.get("values") or ()
            start += len(page.get("values") or ())
            if page.get("isLast", True) or not page.get("values"):
                return

    def _link_types(self) -> frozenset[str]:
        body = as_object(self.client.call("GET issueLinkType", "GET", "issueLinkType"), "GET issueLinkType")
        return frozenset(one["name"] for one in body.get("issueLinkTypes") or ())

    def _roles(self) -> frozenset[str] | None:
        if not self.mapping.override.roles:
            return None
        roles = self._tried("the roles of the project", self.client.project_roles, self.mapping.jira.project)
        return None if roles is None else frozenset(roles)

    def _groups(self) -> dict[str, bool]:
        read = {name: self._tried(f"the group {name!r}", self._group, name) for name in self.mapping.override.groups}
        return {name: there for name, there in read.items() if there is not None}

    def _group(self, name: str) -> bool | None:
        """Tell whether there is a group; None, and noted, where a list that was cut off doesn't tell."""
        if self.client.is_cloud:
            operation = "GET group/bulk"
            asked = as_object(self.client.call(operation, "GET", "group/bulk", params={"groupName": name}), operation)
            return any(group["name"] == name for group in asked.get("values") or ())
        operation = "GET groups/picker"
        shown = as_object(self.client.call(operation, "GET", "groups/picker", params={"query": name}), operation)
        groups, total = shown.get("groups") or (), shown.get("total") or 0
        if any(group["name"] == name for group in groups):
            return True
        if total > len(groups):
            self.unread.append(f"the group {name!r} can't be found: Jira shows {len(groups)} of {total} with that text")
            return None
        return False


def _said(error: JiraError) -> str:
    words = "this Jira has no such resource" if isinstance(error, NotJira) else "; ".join(error.messages)
    return words or f"Jira answers {error.status}"
