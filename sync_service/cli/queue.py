"""Asking for looks, and mending the queue. The store alone is asked, so that `queue` works while Jira is down."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from sync_service.cli.root import (
    FOUND_PROBLEMS,
    Command,
    as_json,
    configured,
    issue_in,
    opened,
    printed,
    stagegate,
    with_store,
)
from sync_service.errors import StagegateError

if TYPE_CHECKING:
    from sync_service.config import Settings
    from sync_service.store import Store


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


def some_or_all(command: Command) -> Command:
    """Add the issues, and --all in their place."""

    @click.argument("issues", nargs=-1, metavar="[ISSUE]...")
    @click.option("--all", "every", is_flag=True, help="All dead keys.")
    @wraps(command)
    def of_them(issues: tuple[str, ...], every: bool, **options: Any) -> Any:
        if bool(issues) == every:
            raise click.UsageError("Name issues, or give --all.")
        return command(issues=issues, **options)

    return of_them  # type: ignore[return-value]


@stagegate.group()
def queue() -> None:
    """See and mend the queue; works while Jira is down."""


@queue.command("list")
@click.option("--dead", is_flag=True, help="Only the keys that failed too often and wait for somebody.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many keys to show.")
@with_store
@as_json
def list_keys(dead: bool, limit: int, store: "Store", as_json: bool) -> None:
    """List which issues want a look, the dead ones first."""
    from sync_service.commands.mending import listing

    printed("queue_listing", listing(store, dead=dead, limit=limit), as_json=as_json)


@queue.command()
@click.argument("issue")
@with_store
@as_json
def show(issue: str, store: "Store", as_json: bool) -> None:
    """Tell the story of an issue's key: its error, trace, tries and webhooks. ISSUE is an id or a key."""
    from sync_service.commands.mending import story

    told = story(store, issue_in(issue))
    if told is None:
        raise StagegateError(
            f"{issue}: not in the queue, and no webhook of it is known; `stagegate queue list` has all"
        )
    printed("queue_story", told, as_json=as_json)


@queue.command()
@some_or_all
@with_store
@as_json
def replay(issues: tuple[str, ...], store: "Store", as_json: bool) -> None:
    """Let dead keys run again at once. ISSUE is an id or a key."""
    from sync_service.commands import mending

    _mend(mending.replay, "will run again", issues, store, as_json)


@queue.command()
@some_or_all
@with_store
@as_json
def drop(issues: tuple[str, ...], store: "Store", as_json: bool) -> None:
    """Forget dead keys, until a later event, sweep or audit brings them back. ISSUE is an id or a key."""
    from sync_service.commands import mending

    _mend(mending.drop, "forgotten", issues, store, as_json)


@queue.command()
@click.argument("issue")
@with_store
@as_json
def look(issue: str, store: "Store", as_json: bool) -> None:
    """Ask for a look at an issue now. ISSUE is an id or a key."""
    from sync_service.commands import mending

    asked = mending.look(store, issue_in(issue))
    click.echo(json.dumps({"asked": asked}) if as_json else f"asked for a look at {issue}; a worker does it")


def _mend(
    how: Callable[..., tuple[int, list[str]]],
    done: str,
    issues: tuple[str, ...],
    store: "Store",
    as_json: bool,
) -> None:
    count, others = how(store, [issue_in(issue) for issue in issues])
    if as_json:
        click.echo(json.dumps({"keys": count, "not_dead": others}))
    else:
        click.echo(
            "\n".join([f"{count} dead key(s): {done}", *(f"{other}: not among the dead keys" for other in others)])
        )
    sys.exit(FOUND_PROBLEMS if others else 0)
