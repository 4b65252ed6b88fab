"""Fixtures for pytest: `pytest_plugins = ["jira_sandbox.fixtures"]` in a `conftest.py` brings them in."""

from collections.abc import Iterator

import pytest

from jira_sandbox.server import Running, running


@pytest.fixture(scope="session")
def jira_server() -> Iterator[Running]:
    """Serve one sandbox for the whole session, at one address."""
    with running() as jira:
        yield jira


@pytest.fixture
def jira_sandbox(jira_server: Running) -> Running:
    """Return the sandbox, fresh for this test; `jira_sandbox.reset(flavour="datacenter")` makes it another."""
    jira_server.reset(flavour="cloud")
    return jira_server
