"""The command line. Each command imports what it needs when it runs, so that `--help` stays quick."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
START_PAUSE = 5.0

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
@click.option("--config", "path", type=click.Path(path_type=Path), help="The settings; config.toml by default.")
def run(path: Path | None) -> None:
    """Run receiver, worker and scheduler in one process tree."""
    from sync_service.bootstrap import load_mappings, logging_for
    from sync_service.processes import Tree
    from sync_service.serving import check_receiver

    settings = _settings(path)
    check_receiver(settings)
    load_mappings(settings)
    logging_for(settings)
    sys.exit(Tree(["serve", "work"], ["--config", str(path)] if path else []).run())


@stagegate.command()
@configured
def serve(settings: "Settings") -> None:
    """Run the receiver alone: it takes webhooks in and answers for its health."""
    from sync_service.processes import metrics_directory
    from sync_service.serving import serve as serve_until_stopped

    serve_until_stopped(settings, metrics_directory())


@stagegate.command()
@configured
def work(settings: "Settings") -> None:
    """Run the worker and the scheduler alone."""
    import structlog

    from sync_service.bootstrap import logging_for, utc_now, worker_service
    from sync_service.jira.errors import JiraError, Unauthorized
    from sync_service.processes import metrics_directory
    from sync_service.worker.schedule import start

    logging_for(settings)
    service = worker_service(settings, metrics_directory=metrics_directory())
    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()
        service.worker.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    log = structlog.get_logger("stagegate.work")
    try:
        while not stop.is_set():
            try:
                service.open()
                break
            except Unauthorized:
                raise
            except JiraError as error:
                log.warning("waiting for Jira", error=str(error))
                stop.wait(START_PAUSE)
        if stop.is_set():
            return
        hours = settings.worker
        ended = start(service.schedule, clock=utc_now, sweep_minutes=hours.sweep_minutes, audit_hour=hours.audit_hour)
        log.info("working", projects=list(service.gateway.mappings), account=service.gateway.account)
        try:
            service.worker.work()
        finally:
            ended()
    finally:
        service.close()


@stagegate.command()
@click.option("--port", default=8311, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--flavour", type=click.Choice(["cloud", "datacenter"]), default="cloud", show_default=True)
@click.option("--workflow", type=click.Choice(["strict", "open"]), default="strict", show_default=True)
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
    from sync_service.checking import check_live, check_mappings

    settings = _settings(path) if live or not references else None
    names = references or (settings.lifecycle.mappings if settings else ())
    problems = check_mappings(names)
    if live and settings and not problems:
        with opened(settings) as service:
            problems = check_live(service.gateway)
    if as_json:
        click.echo(json.dumps({"mappings": list(names), "live": live, "problems": problems}))
    else:
        click.echo("\n".join(problems) or f"{', '.join(names)}: nothing wrong{' with the site' if live else ''}")
    sys.exit(FOUND_PROBLEMS if problems else 0)


@stagegate.command()
@click.argument("key")
@configured
@as_json
def explain(key: str, settings: "Settings", as_json: bool) -> None:
    """Tell where a project stands, and what would open its gate."""
    from sync_service.explaining import explained, look_at

    with opened(settings) as service:
        found = look_at(service.gateway, key)
        told = explained(service.reconciler.decide(found).state)
    click.echo(json.dumps(told, indent=2) if as_json else _shown("explanation", told))


@stagegate.command()
@click.argument("key")
@configured
@as_json
def plan(key: str, settings: "Settings", as_json: bool) -> None:
    """Show what would be done now, with the reasons; changes nothing."""
    from sync_service.explaining import look_at, planned

    with opened(settings) as service:
        told = planned(service.reconciler.decide(look_at(service.gateway, key)))
    click.echo(json.dumps(told, indent=2) if as_json else _shown("plan", told))


def _shown(what: str, told: dict[str, Any]) -> str:
    from sync_service import showing

    shown: str = getattr(showing, what)(told)
    return shown


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


@stagegate.group()
def queue() -> None:
    """See and mend the queue."""


def main() -> None:
    """Run the command line; a user's mistake gets a message and exit code 2, never a traceback."""
    try:
        stagegate(standalone_mode=False)
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
