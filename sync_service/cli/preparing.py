"""Preparing: a Jira site for the mapping, and people for the console."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync_service.cli.root import FOUND_PROBLEMS, as_json, configured, opened, printed, stagegate

if TYPE_CHECKING:
    from sync_service.config import Settings


@stagegate.command()
@click.option("--apply", "apply", is_flag=False, flag_value="", metavar="[FILE]", help="Do it; FILE: that very plan.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan.")
@click.option("--webhook-url", "url", help="Where Jira is to send its webhooks: https://YOUR-HOST/webhooks/jira")
@configured
@as_json
def provision(settings: "Settings", apply: str | None, out: Path | None, url: str | None, as_json: bool) -> None:
    """Show what a Jira site lacks for the mapping, dashboards included; with --apply, create it."""
    from sync_service.commands.provisioning import provision

    saved = Path(apply) if apply else None
    with opened(settings) as service:
        told = provision(service, saved=saved, out=out, apply=apply is not None, url=url)
    printed("provisioning", told, as_json=as_json)
    sys.exit(FOUND_PROBLEMS if told["wrong"] else 0)


@stagegate.command("example-config")
def example_config() -> None:
    """Print a settings file to fill in: `stagegate example-config > config.toml`."""
    from sync_service.config import example

    click.echo(example(), nl=False)


@stagegate.command("console-token")
@click.argument("name")
@click.option("--role", type=click.Choice(["reader", "operator"]), default="reader", help="What NAME may do.")
def console_token(name: str, role: str) -> None:
    """Make a token for NAME to sign in to the console with; the settings keep only its hash."""
    from webhooks.console.people import make_token

    try:
        token, hashed = make_token(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    click.echo(f"Give {name} this token; it is not shown again:\n\n  {token}\n")
    click.echo(f"Put this under [console.{role}s] of the settings, and restart:\n\n  {json.dumps(name)} = '{hashed}'")
