"""Running: the processes, and the sandbox and demo to try them with."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from sync_service.cli.root import as_json, configured, stagegate, told_to_user

if TYPE_CHECKING:
    from sync_service.config import Settings


@stagegate.command()
@configured
def run(settings: "Settings") -> None:
    """Run receiver, worker and scheduler in one process tree."""
    from sync_service.bootstrap import jira_site, load_mappings, logging_for
    from sync_service.processes.serving import check_receiver, prepare, serve
    from sync_service.processes.tree import Tree, listen
    from sync_service.processes.working import work
    from sync_service.store import open_store

    check_receiver(settings)
    mappings = load_mappings(settings)
    jira_site(settings)
    open_store(settings.store.url).close()  # a wrong setting is told here, once, and not by each process
    logging_for(settings)
    with listen(settings.webhooks.host, settings.webhooks.port) as listening:
        roles = {
            "receiver": lambda metrics: told_to_user(lambda: serve(settings, metrics, listening, mappings)),
            "worker": lambda metrics: told_to_user(lambda: work(settings, metrics, mappings)),
        }
        code = Tree(roles, first=lambda: told_to_user(lambda: prepare(settings))).run()
    sys.exit(code)


@stagegate.command()
@configured
def serve(settings: "Settings") -> None:
    """Run the receiver alone: it takes webhooks in and answers for its health."""
    from sync_service.processes.serving import serve as serve_until_stopped

    serve_until_stopped(settings)


@stagegate.command()
@configured
def work(settings: "Settings") -> None:
    """Run the worker and the scheduler alone."""
    from sync_service.processes.working import work as work_until_stopped

    work_until_stopped(settings)


@stagegate.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8311, show_default=True, help="0 takes a free one.")
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
    try:
        jira_sandbox.serve(as_json=as_json, **given)
    except jira_sandbox.CannotListen as error:
        raise click.UsageError(f"{error}; choose another --port or --host.") from None


@stagegate.command()
@click.option("--keep", is_flag=True, help="Leave everything running at the end, and print the addresses.")
@click.option("--flavour", type=click.Choice(["cloud", "datacenter"]), default="cloud", show_default=True)
def demo(keep: bool, flavour: str) -> None:
    """Play one integration project as its people would, against a sandbox Jira and the running service."""
    from sync_service.demo import play

    sys.exit(play(keep=keep or bool(os.environ.get("KEEP")), flavour=flavour))
