"""What the commands share: the group, the settings they are handed, how they print and how they fail."""

import json
import os
import sys
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

Command = TypeVar("Command", bound=Callable[..., Any])
Found = TypeVar("Found")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jira-stagegate", prog_name="stagegate")
def stagegate() -> None:
    """Keep client-integration projects in Jira on their process: steps, stage gates, certification rounds, slots."""


def configured(command: Command) -> Command:
    """Add --config, and hand the command its settings."""

    @click.option("--config", "path", type=click.Path(path_type=Path), help="The settings; config.toml by default.")
    @wraps(command)
    def with_settings(path: Path | None, **options: Any) -> Any:
        return command(settings=settings_at(path), **options)

    return with_settings  # type: ignore[return-value]


def with_store(command: Command) -> Command:
    """Add --config, and hand the command the opened store; no other setting is read, and no secret needed."""

    @click.option("--config", "path", type=click.Path(path_type=Path), help="The settings; config.toml by default.")
    @wraps(command)
    def on_store(path: Path | None, **options: Any) -> Any:
        from sync_service.commands.mending import stored
        from sync_service.config import load_store

        file = _file_of_settings(path, enough="STAGEGATE_STORE__URL")
        with stored(_warned(load_store(file, os.environ)).url, make=False) as store:
            return command(store=store, **options)

    return on_store  # type: ignore[return-value]


def as_json(command: Command) -> Command:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def settings_at(path: Path | None) -> "Settings":
    """Read the settings of this file, of STAGEGATE_CONFIG, or of config.toml; warn of what is risky in them."""
    from sync_service.config import load_settings

    return _warned(load_settings(_file_of_settings(path, enough="STAGEGATE_JIRA__URL"), os.environ))


def _warned(found: tuple[Found, tuple[str, ...]]) -> Found:
    settings, warnings = found
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    return settings


def _file_of_settings(path: Path | None, *, enough: str) -> Path | None:
    """Return the file to read; None where there is none, but the variable that says that the environment is enough."""
    named = path or Path(os.environ.get("STAGEGATE_CONFIG") or DEFAULT_CONFIG)
    try:
        there = named.exists()
    except OSError:  # a folder that may not be entered; reading it will say so
        there = True
    return named if path or there or not os.environ.get(enough) else None


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


def printed(page: str, told: Any, *, as_json: bool) -> None:
    """Print what a command found: as JSON, or on the named page of `showing`."""
    from sync_service import showing

    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        showing.show(getattr(showing, page)(told))


def issue_in(text: str) -> str:
    """Return the issue's key or id that was typed. Raises BadParameter."""
    from sync_service.commands.mending import is_issue

    if not is_issue(text.strip()):
        raise click.BadParameter(f"{text!r} is neither an issue's key (INT-12) nor its id (10012).")
    return text.strip()


def told_to_user(command: Callable[[], object]) -> None:
    """Do it; what was foreseen to go wrong is told to the user, secrets taken out, and becomes the exit code."""
    try:
        command()
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except StagegateError as error:
        from sync_service.logs import redacted

        click.echo(f"error: {redacted(str(error))}", err=True)
        wrong = isinstance(error, ConfigurationError) or error.reason == "jira_unauthorized"
        sys.exit(USAGE if wrong else FOUND_PROBLEMS)
