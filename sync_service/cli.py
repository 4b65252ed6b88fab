"""The command line. Each command imports what it needs when it runs, so that `--help` stays quick."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sync_service.errors import ConfigurationError, StagegateError

if TYPE_CHECKING:
    from sync_service.bootstrap import WorkerService
    from sync_service.config import Settings

FOUND_PROBLEMS, USAGE = 1, 2
DEFAULT_CONFIG = Path("config.toml")

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jira-stagegate", prog_name="stagegate")
def stagegate() -> None:
    """Keep client-integration projects in Jira on their process: steps, stage gates, certification rounds, slots."""


def configured(command: Command) -> Command:
    """Add --config, and hand the command its settings."""

    @click.option("--config", "path", type=click.Path(path_type=Path), help="The settings; config.toml by default.")
    @wraps(command)
    def with_settings(path: Path | None, **options: Any) -> Any:
        return command(settings=_settings(path), **options)

    return with_settings  # type: ignore[return-value]


def as_json(command: Command) -> Command:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def _settings(path: Path | None) -> "Settings":
    from sync_service.config import load_settings

    named = path or Path(os.environ.get("STAGEGATE_CONFIG") or DEFAULT_CONFIG)
    given = named if path or named.exists() or not os.environ.get("STAGEGATE_JIRA__URL") else None
    settings, warnings = load_settings(given, os.environ)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    return settings


@contextmanager
def opened(settings: "Settings") -> "Iterator[WorkerService]":
    """Build and open what speaks to Jira and to the store, for a command that ends by itself."""
    from sync_service.bootstrap import logging_for, worker_service

    logging_for(settings.model_copy(update={"worker": settings.worker.model_copy(update={"log_level": "warning"})}))
    service = worker_service(settings)
    try:
        service.open()
        yield service
    finally:
        service.close()


# --- Running ---------------------------------------------------------------------------------------------------------


@stagegate.command()
@configured
def run(settings: "Settings") -> None:
    """Run receiver, worker and scheduler in one process tree."""
    from sync_service.bootstrap import load_mappings, logging_for
    from sync_service.processes import Tree, listen
    from sync_service.serving import check_receiver, serve
    from sync_service.working import work

    check_receiver(settings)
    load_mappings(settings)
    logging_for(settings)
    with listen(settings.webhooks.host, settings.webhooks.port) as listening:
        roles = {
            "receiver": lambda metrics: _told(lambda: serve(settings, metrics, listening)),
            "worker": lambda metrics: _told(lambda: work(settings, metrics)),
        }
        code = Tree(roles).run()
    sys.exit(code)


@stagegate.command()
@configured
def serve(settings: "Settings") -> None:
    """Run the receiver alone: it takes webhooks in and answers for its health."""
    from sync_service.serving import serve as serve_until_stopped

    serve_until_stopped(settings)


@stagegate.command()
@configured
def work(settings: "Settings") -> None:
    """Run the worker and the scheduler alone."""
    from sync_service.working import work as work_until_stopped

    work_until_stopped(settings)


@stagegate.command()
@click.option("--port", default=8311, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--flavour", type=click.Choice(["cloud", "datacenter"]), default="cloud", show_default=True)
@click.option("--workflow", type=click.Choice(["strict", "open"]), default="strict", show_default=True)
@click.option("--empty", is_flag=True, help="Project INT as Jira makes it, to try `provision` on.")
@click.option("--webhook-url", help="Where webhooks are sent.")
@click.option("--webhook-secret", help="What they are signed with.")
@as_json
def sandbox(as_json: bool, **options: Any) -> None:
    """Run a small Jira of our own, with project INT set up for the default mapping."""
    import jira_sandbox

    given = {name: value for name, value in options.items() if value is not None}
    jira_sandbox.serve(as_json=as_json, **given)


@stagegate.command()
@click.option("--keep", is_flag=True, help="Leave everything running at the end, and print the addresses.")
@click.option("--flavour", type=click.Choice(["cloud", "datacenter"]), default="cloud", show_default=True)
def demo(keep: bool, flavour: str) -> None:
    """Play one integration project as its people would, against a sandbox Jira and the running service."""
    from sync_service.demo import play

    sys.exit(play(keep=keep or bool(os.environ.get("KEEP")), flavour=flavour))


# --- Looking ---------------------------------------------------------------------------------------------------------


@stagegate.command()
@click.option("--mapping", "references", multiple=True, help="A shipped name or a file; those of the settings if none.")
@click.option("--live", is_flag=True, help="Compare with the Jira site as well.")
@click.option("--config", "path", type=click.Path(path_type=Path), help="The settings; config.toml by default.")
@as_json
def check(references: tuple[str, ...], live: bool, path: Path | None, as_json: bool) -> None:
    """Check the mapping, offline or against Jira, and say all that is wrong at once."""
    from sync_service.checking import check_live, sound_mappings

    settings = _settings(path) if live or not references else None
    names = references or (settings.lifecycle.mappings if settings else ())
    sound, offline = sound_mappings(names)
    projects: list[dict[str, Any]] = []
    if live and settings and sound:
        lifecycle = settings.lifecycle.model_copy(update={"mappings": tuple(sound)})
        with opened(settings.model_copy(update={"lifecycle": lifecycle})) as service:
            projects = [asdict(found) for found in check_live(service.gateway)]
    problems = [*offline, *(f"{p['project']}: {text}" for p in projects for text in p["faults"] + p["weaknesses"])]
    told = {"mappings": list(names), "live": live, "offline": offline, "projects": projects, "problems": problems}
    _print("findings", told, as_json=as_json)
    sys.exit(FOUND_PROBLEMS if problems else 0)


@stagegate.command()
@click.argument("key")
@configured
@as_json
def explain(key: str, settings: "Settings", as_json: bool) -> None:
    """Tell where a project stands, and what would open its gate. KEY may be a sub-task's, or an id."""
    from sync_service.explaining import explain

    issue = _issue(key)
    with opened(settings) as service:
        told = explain(service.reconciler, issue)
    _print("explanation", told, as_json=as_json)


@stagegate.command()
@click.argument("key")
@configured
@as_json
def plan(key: str, settings: "Settings", as_json: bool) -> None:
    """Show what would be done now, with the reasons; changes nothing. KEY may be a sub-task's, or an id."""
    from sync_service.explaining import foresee

    issue = _issue(key)
    with opened(settings) as service:
        told = foresee(service.reconciler, issue)
    _print("plan", told, as_json=as_json)
    sys.exit(FOUND_PROBLEMS if told["refused"] else 0)


@stagegate.command()
@click.option("--mapping", "reference", required=True, help="The changed mapping: a file, or a shipped name.")
@click.option("--jql", default="", help="Look only at the project issues that match.")
@configured
@as_json
def simulate(reference: str, jql: str, settings: "Settings", as_json: bool) -> None:
    """Show what a changed mapping would do to the projects as they are; changes nothing."""
    from sync_service.checking import sound_mappings
    from sync_service.showing import progress
    from sync_service.simulating import portfolio_of, simulated

    sound, problems = sound_mappings([reference])
    if problems:
        raise ConfigurationError("\n".join(problems))
    with opened(settings) as service:
        portfolio = portfolio_of(service.gateway, sound[reference], settings.lifecycle.enforce_since)
        ids = portfolio.find(jql)
        with progress("Looking at projects", len(ids)) as advance:
            told = simulated(portfolio, ids, advance)
    _print("simulation", told, as_json=as_json)
    sys.exit(FOUND_PROBLEMS if any(one["problems"] for one in told["differences"]) else 0)


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
    from sync_service.mending import stored
    from sync_service.reporting import give, tell
    from sync_service.reports import Selection
    from sync_service.showing import progress

    period = {name: wanted[name].date() if wanted[name] else None for name in ("since", "until")}
    selection = Selection(**{**wanted, **period})
    mappings = load_mappings(settings)
    with stored(settings.store.url) as store:
        told = tell(store, mappings, selection, names, site=settings.jira.url, progress=progress)
    give(*told, style=style or ("json" if as_json else "terminal"), output=output, say=click.echo)


def _print(page: str, told: Any, *, as_json: bool) -> None:
    """Print what a command found: as JSON, or on the named page of `showing`."""
    from sync_service import showing

    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        showing.show(getattr(showing, page)(told))


# --- Preparing a site ------------------------------------------------------------------------------------------------


@stagegate.command()
@click.option("--apply", "apply", is_flag=False, flag_value="", metavar="[FILE]", help="Do it; FILE: that very plan.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan.")
@click.option("--webhook-url", "url", help="Where Jira is to send its webhooks: https://YOUR-HOST/webhooks/jira")
@configured
@as_json
def provision(settings: "Settings", apply: str | None, out: Path | None, url: str | None, as_json: bool) -> None:
    """Show what a Jira site lacks for the mapping, dashboards included; with --apply, create it."""
    from sync_service.provisioning import provision

    saved = Path(apply) if apply else None
    with opened(settings) as service:
        told = provision(service, saved=saved, out=out, apply=apply is not None, url=url)
    _print("provisioning", told, as_json=as_json)
    sys.exit(FOUND_PROBLEMS if told["wrong"] else 0)


# --- Asking for work -------------------------------------------------------------------------------------------------


@stagegate.command()
@configured
@as_json
def sweep(settings: "Settings", as_json: bool) -> None:
    """Ask for a look at every project that changed since the last sweep."""
    with opened(settings) as service:
        _asked(service.schedule.sweep(), as_json)


@stagegate.command()
@configured
@as_json
def audit(settings: "Settings", as_json: bool) -> None:
    """Compare the whole portfolio with what was last seen, and ask for a look at what differs."""
    with opened(settings) as service:
        _asked(service.schedule.audit(), as_json)


def _asked(count: int, as_json: bool) -> None:
    click.echo(json.dumps({"looks": count}) if as_json else f"asked for {count} look(s); the workers do them")


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


# --- The queue: the store alone is asked, so that these work while Jira is down ---------------------------------------


@stagegate.group()
def queue() -> None:
    """See and mend the queue; works while Jira is down."""


@queue.command("list")
@click.option("--dead", is_flag=True, help="Only the keys that failed too often and wait for somebody.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many keys to show.")
@configured
@as_json
def list_keys(dead: bool, limit: int, settings: "Settings", as_json: bool) -> None:
    """List which issues want a look, the dead ones first."""
    from sync_service.mending import listing, stored

    with stored(settings.store.url) as store:
        told = listing(store, dead=dead, limit=limit)
    _print("queue_listing", told, as_json=as_json)


@queue.command()
@click.argument("issue")
@configured
@as_json
def show(issue: str, settings: "Settings", as_json: bool) -> None:
    """Tell the story of an issue's key: its error, trace, tries and webhooks. ISSUE is an id or a key."""
    from sync_service.mending import stored, story

    with stored(settings.store.url) as store:
        told = story(store, _issue(issue))
    if told is None:
        raise StagegateError(
            f"{issue}: not in the queue, and no webhook of it is known; `stagegate queue list` has all"
        )
    _print("queue_story", told, as_json=as_json)


@queue.command()
@click.argument("issues", nargs=-1, metavar="[ISSUE]...")
@click.option("--all", "every", is_flag=True, help="All dead keys.")
@configured
@as_json
def replay(issues: tuple[str, ...], every: bool, settings: "Settings", as_json: bool) -> None:
    """Let dead keys run again at once. ISSUE is an id or a key."""
    from sync_service import mending

    _mend(mending.replay, "will run again", issues, every, settings, as_json)


@queue.command()
@click.argument("issues", nargs=-1, metavar="[ISSUE]...")
@click.option("--all", "every", is_flag=True, help="All dead keys.")
@configured
@as_json
def drop(issues: tuple[str, ...], every: bool, settings: "Settings", as_json: bool) -> None:
    """Forget dead keys, until a later event, sweep or audit brings them back. ISSUE is an id or a key."""
    from sync_service import mending

    _mend(mending.drop, "forgotten", issues, every, settings, as_json)


@queue.command()
@click.argument("issue")
@configured
@as_json
def look(issue: str, settings: "Settings", as_json: bool) -> None:
    """Ask for a look at an issue now. ISSUE is an id or a key."""
    from sync_service import mending

    with mending.stored(settings.store.url) as store:
        asked = mending.look(store, _issue(issue))
    click.echo(json.dumps({"asked": asked}) if as_json else f"asked for a look at {issue}; a worker does it")


def _mend(
    how: Callable[..., tuple[int, list[str]]],
    done: str,
    issues: tuple[str, ...],
    every: bool,
    settings: "Settings",
    as_json: bool,
) -> None:
    from sync_service.mending import stored

    if bool(issues) == every:
        raise click.UsageError("Name issues, or give --all.")
    with stored(settings.store.url) as store:
        count, others = how(store, [_issue(issue) for issue in issues])
    if as_json:
        click.echo(json.dumps({"keys": count, "not_dead": others}))
    else:
        click.echo(
            "\n".join([f"{count} dead key(s): {done}", *(f"{other}: not among the dead keys" for other in others)])
        )
    sys.exit(FOUND_PROBLEMS if others else 0)


def _issue(text: str) -> str:
    from sync_service.mending import is_issue

    if not is_issue(text.strip()):
        raise click.BadParameter(f"{text!r} is neither an issue's key (INT-12) nor its id (10012).")
    return text.strip()


def main() -> None:
    """Run the command line; a user's mistake gets a message and exit code 2, never a traceback."""
    _told(lambda: stagegate(standalone_mode=False))


def _told(command: Callable[[], object]) -> None:
    """Do it; what was foreseen to go wrong is told to the user and becomes the exit code."""
    try:
        command()
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ConfigurationError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(USAGE)
    except StagegateError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(USAGE if error.reason == "jira_unauthorized" else FOUND_PROBLEMS)


if __name__ == "__main__":
    main()
