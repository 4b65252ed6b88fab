"""Real processes: a Jira, the mail between it and us, and our own processes on one of both stores."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hosts import Hosts
from jira_site import JiraSite
from mail import Mail
from postgres import PostgreSQL

from tests.databases import postgresql


@pytest.fixture(autouse=True)
def logs(logging_as_before: None) -> None:
    """Show what goes wrong in the test's own process, but not every request."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


@pytest.fixture(scope="session")
def deliveries() -> int:
    """How many deliveries the long tests make: STAGEGATE_FAULTS_DELIVERIES, 10,000 unless set."""
    return int(os.environ.get("STAGEGATE_FAULTS_DELIVERIES", "10000"))


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSQL]:
    with postgresql() as running:
        yield PostgreSQL(running)


@pytest.fixture
def mail() -> Iterator[Mail]:
    office = Mail()
    yield office
    office.close()


@pytest.fixture
def jira(tmp_path: Path, mail: Mail, contract: Any) -> Iterator[JiraSite]:
    site = JiraSite(tmp_path, webhook_url=mail.url)
    yield site
    site.close()
    contract.take(site.recorded())


@pytest.fixture
def hosts(tmp_path: Path, jira: JiraSite) -> Iterator[Hosts]:
    ours = Hosts(tmp_path, jira)
    yield ours
    ours.end()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'stagegate.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A store of the test's own: on one host SQLite, on several PostgreSQL."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    server: PostgreSQL = request.getfixturevalue("server")
    return server.schema()
