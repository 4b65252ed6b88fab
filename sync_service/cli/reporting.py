"""Telling managers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync_service.cli.root import as_json, configured, stagegate

if TYPE_CHECKING:
    from sync_service.config import Settings

DAY = click.DateTime(["%Y-%m-%d"])


@stagegate.command()
@click.argument("names", nargs=-1, metavar="[REPORT]...")
@click.option("--project", default="", help="A Jira project (INT), or one project issue (INT-12): its history.")
@click.option("--kind", default="", help="Only integrations of this kind: New, Update.")
@click.option("--tc", "consultant", default="", help="Only a technical consultant's: part of the name or account.")
@click.option("--client", default="", help="Only a client's: part of the contact's name, or of the summary.")
@click.option("--from", "since", type=DAY, help="Count what happened from this day on, such as 2026-01-31.")
@click.option("--to", "until", type=DAY, help="Count what happened up to this day, included.")
@click.option("--format", "style", type=click.Choice(["terminal", "csv", "json", "html"]), help="How it is told.")
@click.option("--output", type=click.Path(path_type=Path), help="The file (json, html) or folder (csv) to write.")
@configured
@as_json
def report(
    names: tuple[str, ...], settings: "Settings", style: str | None, output: Path | None, as_json: bool, **wanted: Any
) -> None:
    """Tell managers: portfolio, stages, flow, throughput, certification, waiting, gates, forecast; all without a name.

    A single table is named like certification.rounds; `history` tells everything about the one --project INT-12.
    """
    from sync_service.bootstrap import load_mappings
    from sync_service.commands.mending import stored
    from sync_service.commands.reporting import give, tell
    from sync_service.reports import Selection
    from sync_service.showing import progress

    period = {name: wanted[name].date() if wanted[name] else None for name in ("since", "until")}
    selection = Selection(**{**wanted, **period})
    mappings = load_mappings(settings)
    with stored(settings.store.url) as store:
        told = tell(store, mappings, selection, names, site=settings.jira.url, progress=progress)
    give(*told, style=style or ("json" if as_json else "terminal"), output=output, say=click.echo)
