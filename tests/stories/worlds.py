"""A site's configuration as plain text, to tell whether two sites are the same; secrets count as being there."""

from dataclasses import asdict, replace

from jira_sandbox import Site

KEPT = (
    "types", "statuses", "fields", "screens", "workflows", "projects", "type_schemes", "screen_schemes",
    "type_screen_schemes", "workflow_schemes", "filters", "dashboards", "webhooks",
)  # fmt: skip


def world(site: Site) -> dict[str, list[str]]:
    """Return everything that is configured, schemes that a project has of its own left out: Jira makes these itself."""
    own = set(site.projects)
    own_screens = {i for number in own & set(site.type_screen_schemes) for i in _screens(site, number)}
    shown = {}
    for kind in KEPT:
        things = {i: thing for i, thing in getattr(site, kind).items() if not _is_jiras(kind, i, own, own_screens)}
        if kind == "webhooks":
            things = {i: replace(hook, secret="set" if hook.secret else None) for i, hook in things.items()}
        shown[kind] = [str(asdict(thing)) for thing in things.values()]
    return shown


def _screens(site: Site, number: str) -> list[str]:
    return list(site.type_screen_schemes[number].schemes.values())


def _is_jiras(kind: str, number: str, own: set[str], own_screens: set[str]) -> bool:
    return kind.endswith("schemes") and number in (own_screens if kind == "screen_schemes" else own)
