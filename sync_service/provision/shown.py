"""What Jira shows of a site, as the values of `site`. Pure."""

from collections.abc import Iterable

from sync_service.jira.answers import Json
from sync_service.provision.site import Scheme, SiteWebhook, SiteWorkflow
from sync_service.provision.webhooks import bare

JIRAS_WORKFLOW, DEFAULT_SCHEME = "jira", "Default Workflow Scheme"
"""What a workflow scheme gives unless it says otherwise, and what the one without an id is called."""


def types_of(project: Json) -> dict[str, str]:
    """Return the ids of a project's issue types by name."""
    return {str(kind["name"]): str(kind["id"]) for kind in project.get("issueTypes") or ()}


def mapped(rows: list[Json], context: str, name: str) -> frozenset[str]:
    """Return what the rows of a field's mapping give to a context."""
    return frozenset(str(row[name]) for row in rows if str(row["contextId"]) == context and row.get(name))


def is_a_projects(raw: Json) -> bool:
    """Tell what belongs to a team-managed project, and is nothing to us, whatever its name."""
    return (raw.get("scope") or {}).get("type") == "PROJECT"


def is_custom(field: Json) -> bool:
    """Tell a custom field, in any of Jira's lists, from the system's."""
    return "custom" in (field.get("schema") or {})


def webhook_of(raw: Json) -> SiteWebhook:
    """Return a webhook, whose id may stand in its address only."""
    return SiteWebhook(
        id=str(raw.get("id") or str(raw.get("self", "")).rsplit("/", 1)[-1]),
        name=raw["name"],
        url=bare(raw["url"]),
        events=frozenset(raw.get("events") or ()),
        enabled=raw.get("enabled", raw.get("active", True)) is not False,
        signed=raw.get("isSigned", True) is not False,
    )


def workflow_of(raw: Json, statuses: Iterable[Json]) -> SiteWorkflow:
    """Return a workflow with those of a page's statuses that are in it."""
    held = {each["statusReference"] for each in raw["statuses"]}
    known = tuple(each for each in statuses if each["statusReference"] in held)
    names = {each["statusReference"]: str(each["name"]) for each in known}
    return SiteWorkflow(
        id=raw["id"],
        statuses=frozenset(names[reference] for reference in held),
        transitions=tuple(raw["transitions"]),
        names=names,
        document=raw,
        known=known,
    )


def workflow_scheme_of(raw: Json) -> Scheme:
    """Return a workflow scheme; Jira promises neither its id nor anything else of it."""
    given = {str(kind): str(name) for kind, name in (raw.get("issueTypeMappings") or {}).items()}
    default = {"default": str(raw.get("defaultWorkflow") or JIRAS_WORKFLOW)}
    return Scheme(id=str(raw.get("id", "")), name=raw.get("name") or DEFAULT_SCHEME, given=given | default)
