"""Looking: what is wrong, where a project stands, what would be done; nothing is changed."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync_service.cli.root import FOUND_PROBLEMS, as_json, configured, issue_in, opened, printed, settings_at, stagegate
from sync_service.errors import ConfigurationError

if TYPE_CHECKING:
    from sync_service.config import Settings


@stagegate.command()
@click.option("--mapping", "references", multiple=True, help="A shipped name or a file; those of the settings if none.")
@click.option("--live", is_flag=True, help="Compare with the Jira site as well.")
@click.option("--config", "path", type=click.Path(path_type=Path), help="The settings; config.toml by default.")
@as_json
def check(references: tuple[str, ...], live: bool, path: Path | None, as_json: bool) -> None:
    """Check the mapping, offline or against Jira, and say all that is wrong at once."""
    from sync_service.bootstrap import jira_site
    from sync_service.checking import sound_mappings
    from sync_service.commands.checking import check_site

    settings = settings_at(path) if live or not references else None
    if settings:
        jira_site(settings)  # a wrong address is told before anything is asked of it
    names = references or (settings.lifecycle.mappings if settings else ())
    sound, offline = sound_mappings(names)
    projects: list[dict[str, Any]] = []
    if live and settings and sound:
        lifecycle = settings.lifecycle.model_copy(update={"mappings": tuple(sound)})
        with opened(settings.model_copy(update={"lifecycle": lifecycle})) as service:
            projects = [_without_secrets(asdict(found)) for found in check_site(service)]
    problems = [*offline, *(f"{p['project']}: {text}" for p in projects for text in p["faults"] + p["weaknesses"])]
    told = {"mappings": list(names), "live": live, "offline": offline, "projects": projects, "problems": problems}
    printed("findings", told, as_json=as_json)
    sys.exit(FOUND_PROBLEMS if problems else 0)


def _without_secrets(found: dict[str, Any]) -> dict[str, Any]:
    """Take the secrets out of findings: some repeat what Jira, or a gateway before it, answered."""
    from sync_service.logs import redacted

    return found | {name: [redacted(one) for one in found[name]] for name in ("faults", "weaknesses", "unread")}


@stagegate.command()
@click.argument("key")
@configured
@as_json
def explain(key: str, settings: "Settings", as_json: bool) -> None:
    """Tell where a project stands, and what would open its gate. KEY may be a sub-task's, or an id."""
    from sync_service.commands.explaining import explain

    issue = issue_in(key)
    with opened(settings) as service:
        told = explain(service.reconciler, issue)
    printed("explanation", told, as_json=as_json)


@stagegate.command()
@click.argument("key")
@configured
@as_json
def plan(key: str, settings: "Settings", as_json: bool) -> None:
    """Show what would be done now, with the reasons; changes nothing. KEY may be a sub-task's, or an id."""
    from sync_service.commands.explaining import foresee

    issue = issue_in(key)
    with opened(settings) as service:
        told = foresee(service.reconciler, issue)
    printed("plan", told, as_json=as_json)
    sys.exit(FOUND_PROBLEMS if told["refused"] else 0)


@stagegate.command()
@click.option("--mapping", "reference", required=True, help="The changed mapping: a file, or a shipped name.")
@click.option("--jql", default="", help="Look only at the project issues that match.")
@configured
@as_json
def simulate(reference: str, jql: str, settings: "Settings", as_json: bool) -> None:
    """Show what a changed mapping would do to the projects as they are; changes nothing."""
    from sync_service.checking import sound_mappings
    from sync_service.commands.simulating import portfolio_of, simulated
    from sync_service.showing import progress

    sound, problems = sound_mappings([reference])
    if problems:
        raise ConfigurationError("\n".join(problems))
    with opened(settings) as service:
        portfolio = portfolio_of(service.gateway, sound[reference], settings.lifecycle.enforce_since)
        ids = portfolio.find(jql)
        with progress("Looking at projects", len(ids)) as advance:
            told = simulated(portfolio, ids, advance)
    printed("simulation", told, as_json=as_json)
    sys.exit(FOUND_PROBLEMS if any(one["problems"] for one in told["differences"]) else 0)
