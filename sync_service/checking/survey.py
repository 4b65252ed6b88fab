"""Read of a site what a mapping's needs can be compared with; what can't be read is noted, with the reason."""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from mappings import Mapping
from sync_service.jira.answers import Json, as_object
from sync_service.jira.client import Client
from sync_service.jira.directory import SiteMismatch, resolve
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

    `names` are the names that lead nowhere or to more than one thing; `issue_screen` and `step_screen` the edit
    screens of the project issue and of a step, `create_screen` a new step's, all by field id; `options` those of each
    select field by its key; `ways` gives each status, of which an issue was found, where it may go, by type.
    """

    is_cloud: bool
    project: Json | None
    names: tuple[str, ...] = ()
    fields: tuple[Json, ...] = ()
    permissions: MappingOf[str, bool] = field(default_factory=dict)
    create_screen: MappingOf[str, Json] | None = None
    issue_screen: MappingOf[str, Json] | None = None
    step_screen: MappingOf[str, Json] | None = None
    options: MappingOf[str, frozenset[str]] = field(default_factory=dict)
    ways: MappingOf[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    link_types: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    unread: tuple[str, ...] = ()


def survey(client: Client, mapping: Mapping) -> Survey:
    """Read the site; raises JiraError where it can't be asked at all."""
    try:
        project = client.project(mapping.jira.project)
    except NotFound:
        return Survey(is_cloud=client.is_cloud, project=None)
    return Surveyor(client, mapping, project).look()


def needed_permissions(mapping: Mapping) -> tuple[str, ...]:
    """Name the permissions that the service uses with this mapping."""
    always = tuple(PERMISSIONS)[:7]
    roles = ("ADMINISTER_PROJECTS",) if mapping.override.roles else ()
    people = ("USER_PICKER",) if mapping.override.roles or mapping.override.groups else ()
    return (*always, *roles, *people)


class Surveyor:
    """Reads one project of one site, once."""

    def __init__(self, client: Client, mapping: Mapping, project: Json) -> None:
        self.client = client
        self.mapping = mapping
        self.project = project
        self.unread: list[str] = []

    def look(self) -> Survey:
        """Read everything."""
        jira, client = self.mapping.jira, self.client
        types = client.project_statuses(jira.project)
        issue_type = _of_type(types, jira.issue_type, subtask=False)
        step_type = _of_type(types, jira.subtask_type, subtask=True)
        samples = dict(self._samples(issue_type, self._statuses()) if issue_type else ())
        samples |= dict(self._samples(step_type, self._step_statuses()) if step_type else ())
        fields = tuple(client.fields())
        issue_screen = self._edit_screen(jira.issue_type, samples)
        return Survey(
            is_cloud=client.is_cloud,
            project=self.project,
            names=self._names(),
            fields=fields,
            permissions=self._permissions(),
            create_screen=self._create_screen(step_type) if step_type else None,
            issue_screen=issue_screen,
            step_screen=self._edit_screen(jira.subtask_type, samples),
            options=self._options(fields, issue_type, issue_screen or {}),
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

    def _names(self) -> tuple[str, ...]:
        try:
            resolve(self.client, self.mapping)
        except SiteMismatch as mismatch:
            return mismatch.problems
        return ()

    def _permissions(self) -> MappingOf[str, bool]:
        names = needed_permissions(self.mapping)
        read = self._tried("our permissions", self.client.my_permissions, names, self.mapping.jira.project)
        return read or {}

    # --- Issues as samples of their type

    def _statuses(self) -> tuple[str, ...]:
        return tuple(self.mapping.stage_by_status)

    def _step_statuses(self) -> tuple[str, ...]:
        steps = self.mapping.jira.step_statuses
        return (steps.open, steps.done, *steps.wont_do.statuses[:1])

    def _samples(self, kind: Json, wanted: tuple[str, ...]) -> Iterator[tuple[tuple[str, str], Json]]:
        """Find an issue of the type in each of the statuses that there are, by the names of type and status."""
        there = {status["name"]: status["id"] for status in kind.get("statuses", ())}
        for status in dict.fromkeys(wanted):
            found = self._sample(kind, there[status], status) if status in there else None
            if found:
                yield (kind["name"], status), found

    def _sample(self, kind: Json, status_id: str, status: str) -> Json | None:
        which = f"project = {self.project['id']} AND issuetype = {kind['id']} AND status = {status_id}"
        return self._tried(f"{kind['name']} issues in {status}", self._first, f"{which} ORDER BY updated DESC")

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
                yield (kind, status), frozenset(one["to"]["name"] for one in offered)

    # --- Screens, options, links, people

    def _create_screen(self, kind: Json) -> Json | None:
        what = f"the create screen of {kind['name']}"
        return self._tried(what, self.client.create_meta, self.mapping.jira.project, str(kind["id"]))

    def _options(
        self, fields: tuple[Json, ...], issue_type: Json | None, edit_screen: MappingOf[str, Json]
    ) -> dict[str, frozenset[str]]:
        """Read the options of each select field: from a screen that shows it, else from the field's contexts."""
        shown = dict(edit_screen)
        if issue_type:
            shown |= self._create_screen(issue_type) or {}
        ids = {one["name"]: one["id"] for one in fields}
        selects = {key: one for key, one in self.mapping.fields.items() if one.type in ("select", "multi-select")}
        read = {
            key: self._values(shown.get(ids[one.name]), one.name, ids[one.name])
            for key, one in selects.items()
            if one.name in ids
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

    def _groups(self) -> frozenset[str] | None:
        wanted = self.mapping.override.groups
        found = [self._tried(f"the group {name!r}", self._group, name) for name in wanted]
        return frozenset(name for name in found if name) if wanted and None not in found else None

    def _group(self, name: str) -> str:
        reply = self.client.call("GET groups/picker", "GET", "groups/picker", params={"query": name})
        listed = as_object(reply, "GET groups/picker").get("groups") or ()
        return name if any(group["name"] == name for group in listed) else ""


def _of_type(types: list[Json], name: str, *, subtask: bool) -> Json | None:
    return next((one for one in types if one["name"] == name and bool(one.get("subtask")) == subtask), None)


def _said(error: JiraError) -> str:
    words = "this Jira has no such resource" if isinstance(error, NotJira) else "; ".join(error.messages)
    return words or f"Jira answers {error.status}"
