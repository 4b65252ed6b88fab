"""One suite, two engines: every test that takes `store` runs on SQLite and on a real PostgreSQL."""

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from sync_service.store import Claim, Delivery, Priority, Store, open_store
from tests.databases import empty_sqlite, postgresql


class Clock:
    """The time, as a test says it is."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """The URL of a PostgreSQL for tests: one named in the environment, else one of our own."""
    given = os.environ.get("STAGEGATE_TEST_PG_URL")
    if given:
        yield given
        return
    with postgresql() as server:
        yield server.get_uri()


@pytest.fixture
def pg_url(pg_server: str) -> Iterator[str]:
    """A schema of the test's own."""
    schema = f"t_{uuid.uuid4().hex}"
    yield f"{pg_server}{'&' if '?' in pg_server else '?'}options=-csearch_path%3D{schema}"
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'stagegate.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "pg_url"}[request.param])


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).write_bytes(empty_sqlite())
    with open_store(url, clock=clock, durable=False) as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def real_time_store(url: str) -> Iterator[Store]:
    """A store that goes by the database's clock, as in production."""
    with open_store(url) as opened:
        opened.migrate()
        yield opened


def delivery(
    issue_id: str = "10001", *, name: str | None = None, ours: bool = False, priority: Priority = Priority.LIVE
) -> Delivery:
    return Delivery(
        delivery_id=name or uuid.uuid4().hex,
        issue_id=issue_id,
        label=f"INT-{issue_id}",
        event="jira:issue_updated",
        body=b'{"webhookEvent": "jira:issue_updated"}',
        ours=ours,
        priority=priority,
    )


LEASE = timedelta(seconds=60)


def claim_one(store: Store, owner: str = "worker") -> Claim:
    """Claim exactly one key; fails the test when none is due."""
    (claim,) = store.queue.claim(1, owner=owner, lease=LEASE)
    return claim


def claimed(store: Store, owner: str = "worker", limit: int = 100) -> list[str]:
    return [claim.issue_id for claim in store.queue.claim(limit, owner=owner, lease=LEASE)]
