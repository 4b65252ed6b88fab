"""The things a Jira holds, as plain mutable records; `Site` keeps them, `writing` changes them, `render` shows them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from jira_sandbox.apps import AppRule

Flavour = Literal["cloud", "datacenter"]


@dataclass(slots=True, kw_only=True)
class User:
    """A person or service account; `id` is the account id, which Data Center never shows."""

    id: str
    name: str
    display_name: str
    email: str
    key: str
    active: bool = True
    time_zone: str = "UTC"
    account_type: str = "atlassian"
    groups: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    scoped_tokens: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Status:
    """A workflow status; `category` is one of Jira's keys: `undefined`, `new`, `indeterminate`, `done`."""

    id: str
    name: str
    category: str
    description: str = ""


@dataclass(slots=True, kw_only=True)
class IssueType:
    """An issue type."""

    id: str
    name: str
    subtask: bool = False
    description: str = ""


@dataclass(slots=True, kw_only=True)
class Named:
    """A priority or a resolution."""

    id: str
    name: str
    description: str = ""


@dataclass(slots=True, kw_only=True)
class Option:
    """One choice of a select field."""

    id: str
    value: str
    disabled: bool = False


@dataclass(slots=True, kw_only=True)
class FieldContext:
    """Where a custom field exists and with which options; empty sets mean everywhere."""

    id: str
    name: str
    project_ids: set[str] = field(default_factory=set)
    type_ids: set[str] = field(default_factory=set)
    options: list[Option] = field(default_factory=list)

    def covers(self, project_id: str, type_id: str) -> bool:
        """Tell whether the field exists for this project and issue type."""
        return (not self.project_ids or project_id in self.project_ids) and (
            not self.type_ids or type_id in self.type_ids
        )


@dataclass(slots=True, kw_only=True)
class Field:
    """A field; `kind` names an entry of `fields.KINDS`, which knows its schema and how its values read.

    `project_id` is the team-managed project that the field belongs to, where it does.
    """

    id: str
    name: str
    kind: str
    custom: bool = False
    navigable: bool = True
    clauses: tuple[str, ...] = ()
    description: str = ""
    contexts: list[FieldContext] = field(default_factory=list)
    project_id: str | None = None

    def exists_for(self, project_id: str, type_id: str) -> bool:
        """Tell whether the field exists for this project and issue type: the system's do everywhere."""
        return not self.custom or any(context.covers(project_id, type_id) for context in self.contexts)

    def context_for(self, project_id: str, type_id: str) -> FieldContext | None:
        """Return the context that applies, the narrowest first; None if the field does not exist there."""
        fitting = [c for c in self.contexts if c.covers(project_id, type_id)]
        return max(fitting, key=lambda c: (bool(c.project_ids), bool(c.type_ids)), default=None)

    def options(self) -> list[Option]:
        """Return the options of every context."""
        return [option for context in self.contexts for option in context.options]


@dataclass(slots=True, kw_only=True)
class ScreenTab:
    """One tab of a screen, with field ids in order."""

    id: str
    name: str
    field_ids: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Screen:
    """A screen."""

    id: str
    name: str
    tabs: list[ScreenTab] = field(default_factory=list)

    def field_ids(self) -> list[str]:
        """Return the ids of its fields over all tabs."""
        return [field_id for tab in self.tabs for field_id in tab.field_ids]


@dataclass(slots=True, kw_only=True)
class FieldEquals:
    """A native workflow condition: the field's shown value is `value`; by `OPTIONID`, the id of its option is."""

    field_id: str
    value: str
    comparison: str = "STRING"


@dataclass(slots=True, kw_only=True)
class Transition:
    """A workflow transition; without `sources` it leads from every status (Jira's global transition)."""

    id: str
    name: str
    to: str
    sources: frozenset[str] = frozenset()
    screen_id: str | None = None
    conditions: list[FieldEquals] = field(default_factory=list)
    validators: list[AppRule] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_global(self) -> bool:
        """Tell whether it leads from every status."""
        return not self.sources


@dataclass(slots=True, kw_only=True)
class Workflow:
    """A workflow; `resolutions`, its post-function, has the resolution that entering a status sets; others clear it."""

    id: str
    name: str
    initial: str
    status_ids: list[str]
    transitions: list[Transition]
    resolutions: dict[str, str] = field(default_factory=dict)
    description: str = ""
    version: int = 1


@dataclass(slots=True, kw_only=True)
class ScreenSet:
    """The three screens of an issue type (Jira's screen scheme), by screen id."""

    create: str
    edit: str
    view: str


@dataclass(slots=True, kw_only=True)
class TypeScheme:
    """An issue type scheme; the default one takes every new type in."""

    id: str
    name: str
    type_ids: list[str]
    default_type_id: str | None = None
    is_default: bool = False
    description: str = ""


@dataclass(slots=True, kw_only=True)
class ScreenScheme:
    """A screen scheme: screen ids by use, `default` for the uses that it does not name."""

    id: str
    name: str
    screens: dict[str, str]
    description: str = ""


@dataclass(slots=True, kw_only=True)
class TypeScreenScheme:
    """An issue type screen scheme: screen scheme ids by issue type id, `default` for the others."""

    id: str
    name: str
    schemes: dict[str, str]
    description: str = ""


@dataclass(slots=True, kw_only=True)
class WorkflowScheme:
    """A workflow scheme: workflow ids by issue type id, and the one of the others."""

    id: str
    name: str
    default: str
    workflows: dict[str, str] = field(default_factory=dict)
    description: str = ""


@dataclass(slots=True, kw_only=True)
class Role:
    """A project role of the site."""

    id: int
    name: str
    description: str = ""


@dataclass(slots=True, kw_only=True)
class Actors:
    """Who holds a role in a project."""

    user_ids: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Project:
    """A project with its schemes, flattened: issue types, a workflow and screens for each type, who may do what.

    `type_scheme`, `screen_scheme` and `workflow_scheme` are the ids of schemes that were assigned; None stands for
    the default one or one of its own, which says what is flattened here (see `schemes`).
    """

    id: str
    key: str
    name: str
    lead_id: str
    type_ids: list[str]
    workflows: dict[str, str]
    screens: dict[str, ScreenSet]
    grants: dict[str, set[str]]
    roles: dict[int, Actors] = field(default_factory=dict)
    description: str = ""
    assignee_type: str = "UNASSIGNED"
    project_type: str = "business"
    team_managed: bool = False
    type_scheme: str | None = None
    screen_scheme: str | None = None
    workflow_scheme: str | None = None
    last_number: int = 0
    former_keys: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, frozen=True)
class ChangeItem:
    """One field's change as the change log has it."""

    field: str
    field_id: str | None
    custom: bool = False
    before: str | None = None
    before_text: str | None = None
    after: str | None = None
    after_text: str | None = None


@dataclass(slots=True, kw_only=True, frozen=True)
class Change:
    """One entry of the change log: what one request changed."""

    id: int
    author_id: str
    created: datetime
    items: tuple[ChangeItem, ...]


@dataclass(slots=True, kw_only=True)
class Comment:
    """A comment, in wiki text."""

    id: str
    author_id: str
    body: str
    created: datetime
    updated: datetime
    update_author_id: str
    visibility: dict[str, str] | None = None


@dataclass(slots=True, kw_only=True)
class Issue:
    """An issue; `values` holds every editable field by id, in the form that `fields` documents for its kind."""

    id: str
    key: str
    project_id: str
    type_id: str
    status_id: str
    creator_id: str
    created: datetime
    updated: datetime
    status_changed: datetime
    parent_id: str | None = None
    resolution_id: str | None = None
    resolved: datetime | None = None
    values: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    watcher_ids: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class LinkType:
    """A kind of issue link."""

    id: str
    name: str
    inward: str
    outward: str


@dataclass(slots=True, kw_only=True)
class Link:
    """A link: `source` *outward* (blocks) `target`; `target` *inward* (is blocked by) `source`."""

    id: str
    type_id: str
    source_id: str
    target_id: str


@dataclass(slots=True, kw_only=True)
class Filter:
    """A saved search."""

    id: str
    name: str
    owner_id: str
    jql: str
    description: str = ""
    favourite: bool = False
    share_permissions: list[dict[str, Any]] = field(default_factory=list)
    edit_permissions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Gadget:
    """A gadget on a dashboard, with its item properties."""

    id: int
    title: str
    color: str
    row: int
    column: int
    uri: str | None = None
    module_key: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Dashboard:
    """A dashboard."""

    id: str
    name: str
    owner_id: str
    description: str = ""
    share_permissions: list[dict[str, Any]] = field(default_factory=list)
    edit_permissions: list[dict[str, Any]] = field(default_factory=list)
    gadgets: list[Gadget] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Webhook:
    """An admin webhook; without `events` it takes them all, without `jql` every issue."""

    id: int
    name: str
    url: str
    secret: str | None = None
    events: tuple[str, ...] = ()
    enabled: bool = True
    jql: str = ""
