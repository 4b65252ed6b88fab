"""A receiver over a real store in an SQLite file."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from faces import Face

from sync_service.store import Store, open_store


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("empty") / "store.db"
    with closing(open_store(f"sqlite:///{path}", durable=False)) as store:
        store.migrate()
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path, migrated: bytes) -> Path:
    place = tmp_path / "store.db"
    place.write_bytes(migrated)
    return place


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{path}", durable=False) as opened:
        yield opened


@pytest.fixture
def face(store: Store, path: Path) -> Face:
    return Face(store=store, path=path)


@pytest.fixture
def faces(store: Store, path: Path) -> Any:
    """Make a face with other settings over the same store."""
    return lambda **settings: Face(store=store, path=path, settings=settings)
