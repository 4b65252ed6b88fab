"""A Jira site as far as provisioning is concerned: plain values that `existing` reads and `diff` compares."""

from dataclasses import dataclass, field

from sync_service.jira.answers import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a field exists; empty sets mean everywhere. `options` gives each value its id."""

    id: str
    projects: frozenset[str]
    types: frozenset[str]
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteField:
    """A custom field; `schema` is (type, items) as GET field has them."""

    id: str
    schema: tuple[str, str | None]
    contexts: tuple[Context, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteScreen:
    """A screen, its first tab, and the ids of the fields on all of its tabs."""

    id: str
    tab: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A scheme of any kind: what it gives to each issue type id, and to `default`.

    Jira's Default Workflow Scheme has no id; a scheme that we made, and assign, has one.
    """

    id: str
    name: str
    given: dict[str, str] = field(default_factory=dict)
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWorkflow:
    """A workflow with the names of its statuses, and its transitions as Jira shows them.

    `names` gives each status reference its name; `document` is the whole workflow as Jira shows it and `known` its
    statuses, for an update takes back all of it.
    """

    id: str
    statuses: frozenset[str]
    transitions: tuple[Json, ...]
    names: dict[str, str] = field(default_factory=dict)
    document: Json = field(default_factory=dict)
    known: tuple[Json, ...] = ()

    @property
    def editable(self) -> bool:
        """Tell whether Jira lets it be changed."""
        return self.document.get("isEditable", True) is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFilter:
    """A filter that we can see."""

    id: str
    jql: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteGadget:
    """A gadget; without `config` it was never configured."""

    id: str
    config: Json | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDashboard:
    """A dashboard that we can see; two gadgets of one title are one."""

    id: str
    writable: bool
    gadgets: dict[str, SiteGadget]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWebhook:
    """An administrator's webhook."""

    id: str
    name: str
    url: str
    events: frozenset[str]
    enabled: bool
    signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The project: its issue types' ids by name, and whether it has any issue."""

    id: str
    types: dict[str, str]
    team_managed: bool
    has_issues: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What was read; what could not be, for want of a permission or on Data Center, is empty.

    `types` are (id, is sub-task) and `statuses` (id, category) by name; `screens` and the schemes `own_…` are those
    that bear our names; `used_screens` gives the field ids by issue type and use. Of the other projects that follow the
    workflow of our project issues, `sharing` are the keys of those whose own project issues do, by another mapping, and
    `used_elsewhere` the ids of the rest. `webhooks` are read where one is wanted; where Jira refuses us the list,
    `webhooks_refused` says how.
    """

    is_cloud: bool
    version: tuple[int, ...]
    project: Project
    administered: bool
    may_share: bool
    types: dict[str, tuple[str, bool]] = field(default_factory=dict)
    statuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    resolutions: dict[str, str] = field(default_factory=dict)
    fields: dict[str, tuple[SiteField, ...]] = field(default_factory=dict)
    screens: dict[str, SiteScreen] = field(default_factory=dict)
    used_screens: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    screen_schemes: dict[str, str] = field(default_factory=dict)
    type_scheme: Scheme | None = None
    own_type_scheme: Scheme | None = None
    type_screens: Scheme | None = None
    own_type_screens: Scheme | None = None
    workflow_scheme: Scheme | None = None
    own_workflow_scheme: Scheme | None = None
    workflows: dict[str, SiteWorkflow] = field(default_factory=dict)
    forge_rules: tuple[Json, ...] = ()
    used_elsewhere: frozenset[str] = frozenset()
    sharing: frozenset[str] = frozenset()
    filters: dict[str, tuple[SiteFilter, ...]] = field(default_factory=dict)
    gadget_uris: frozenset[str] = frozenset()
    dashboards: tuple[SiteDashboard, ...] = ()
    webhooks: tuple[SiteWebhook, ...] = ()
    webhooks_refused: str = ""

    def followed(self, issue_type: str) -> str | None:
        """Return the name of the workflow that an issue type of the project follows; None where that is not known."""
        return followed(self.workflow_scheme, self.project.types, issue_type)


def followed(scheme: Scheme | None, types: dict[str, str], issue_type: str) -> str | None:
    """Return the name of the workflow that a scheme gives to an issue type of a project with these types' ids."""
    return scheme.given.get(types.get(issue_type, ""), scheme.given["default"]) if scheme else None
