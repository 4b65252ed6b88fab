"""Serve the sandbox alone, until interrupted."""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from jira_sandbox.errors import CannotListen
from jira_sandbox.sandbox import WEBHOOK_SECRET
from jira_sandbox.server import running

DEFAULT_PORT = 8311


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    webhook_url: str | None = None,
    webhook_secret: str = WEBHOOK_SECRET,
    as_json: bool = False,
    until: threading.Event | None = None,
    **make: Any,
) -> None:
    """Serve a fresh sandbox and print how to reach it; return on SIGINT, SIGTERM or `until`.

    With `as_json` the first line is one JSON object: `url`, `project`, `service_account`, `people`, `webhook_secret`.
    The other keywords are `running`'s.
    """
    stop = until or threading.Event()
    if until is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
    with running(host=host, port=port, webhook_url=webhook_url, webhook_secret=webhook_secret, **make) as sandbox:
        told = sandbox.sandbox.describe()
        _say(json.dumps(told) if as_json else _words(told))
        stop.wait()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _words(told: dict[str, Any]) -> str:
    people = {"service account": told["service_account"]} | told["people"]
    lines = [f"Jira sandbox ({told['flavour']}) at {told['url']}, project {told['project']}", ""]
    lines += [f"  {name:16} {who['email']:32} {who['token']}" for name, who in people.items()]
    target = told["webhook_url"] or "nobody (PUT /_sandbox/webhooks)"
    lines += ["", f"  webhooks go to {target}, signed with {told['webhook_secret']}", "  stop with Ctrl-C"]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m jira_sandbox", description=serve.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--flavour", choices=("cloud", "datacenter"), default="cloud")
    parser.add_argument("--workflow", choices=("strict", "open"), default="strict")
    parser.add_argument("--empty", action="store_true", help="project INT as Jira makes it, with nothing in it")
    parser.add_argument("--webhook-url", help="where webhooks go")
    parser.add_argument("--webhook-secret", default=WEBHOOK_SECRET)
    parser.add_argument("--gateway", action="store_true", help="answer with links of the API gateway")
    parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object first")
    try:
        serve(**vars(parser.parse_args(arguments)))
    except CannotListen as error:
        parser.error(f"{error}; choose another --port or --host")
