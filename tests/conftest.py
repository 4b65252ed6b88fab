"""For every test that runs the sandbox in this process: what product and sandbox say is held against the contract.

Nothing has to be asked for. Recording begins with the session; at its end one exchange of each shape is checked
against Atlassian's OpenAPI document, and a violation fails the session. See `contract/recorder.py`.
"""

import gc
import logging
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from sync_service import logs

pytest_plugins = ("planted",)

NO_BUDGET = 1e6
"""Requests a second to a sandbox of ours: so many that no test waits, but those that are about the budget."""

os.environ["STAGEGATE_JIRA__REQUESTS_PER_SECOND"] = str(NO_BUDGET)

RECORDER: pytest.StashKey[Any] = pytest.StashKey()
VERDICT: pytest.StashKey[list[str]] = pytest.StashKey()


def pytest_configure() -> None:
    """Ask this machine itself, whatever proxies it has for others: all that the tests speak to is here."""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    gc.set_threshold(100_000, 50, 100)  # what the tests load stays: to walk it again and again costs a twentieth


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Take back what commands and processes that ran in this one did to its logging."""
    root, events = logging.getLogger(), structlog.get_config()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    redact = logs._redact
    yield
    root.handlers[:], (sys.excepthook, threading.excepthook) = handlers, hooks
    root.setLevel(level)
    structlog.configure(**events)
    logs._redact = redact
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session", autouse=True)
def contract(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Record what the product asks of every sandbox that is started in this process."""
    from contract.recorder import Recorder

    import jira_sandbox.server

    recorder = request.config.stash.setdefault(RECORDER, Recorder())
    create_app = jira_sandbox.server.create_app

    def watched(sandbox: Any) -> Any:
        app = create_app(sandbox)
        app.wsgi_app = recorder.watch(app.wsgi_app, lambda: sandbox.site.cloud)
        return app

    jira_sandbox.server.create_app = watched
    yield recorder
    jira_sandbox.server.create_app = create_app


def pytest_sessionfinish(session: pytest.Session) -> None:
    recorder = session.config.stash.get(RECORDER, None)
    if recorder is None or not recorder.seen:
        return
    if hasattr(session.config, "workeroutput"):  # a process of pytest-xdist: the controller checks for all
        session.config.workeroutput["contract"] = recorder.export()
        return
    from contract.document import missing

    if reason := missing():
        told, complaints = f"not checked: {reason}", [reason] if os.environ.get("CI") else []
    else:
        complaints = recorder.complaints()
        told = f"{recorder.summary()}, {len(complaints)} violations"
    session.config.stash[VERDICT] = [told, *complaints]
    if complaints and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a process of pytest-xdist recorded."""
    recorded = getattr(node, "workeroutput", {}).get("contract")
    if recorded:
        from contract.recorder import Recorder

        node.config.stash.setdefault(RECORDER, Recorder()).take(recorded)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    told = config.stash.get(VERDICT, [])
    if told:
        terminalreporter.section("contract with Jira Cloud", sep="-")
        for line in told:
            terminalreporter.write_line(line)
