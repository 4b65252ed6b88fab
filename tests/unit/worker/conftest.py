"""A store on a file, a clock that tests move, and a stand-in that answers looks as the test says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from looking import Clock, Looker

from sync_service.logs import redactor
from sync_service.metrics import create_metrics
from sync_service.store import Store, open_store
from sync_service.worker.hindrances import Hindrances
from sync_service.worker.loop import Worker
from tests.databases import empty_sqlite


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    path = tmp_path / "stagegate.db"
    path.write_bytes(empty_sqlite())
    with open_store(f"sqlite:///{path}", clock=clock) as opened:
        yield opened


@pytest.fixture
def looker() -> Looker:
    return Looker()


@pytest.fixture
def hindrances(store: Store) -> Hindrances:
    return Hindrances(store, redactor(("planted-token",)))


@pytest.fixture
def worker(store: Store, looker: Looker, hindrances: Hindrances) -> Worker:
    return Worker(store, looker, create_metrics(), hindrances, owner="w1", threads=2)  # type: ignore[arg-type]
