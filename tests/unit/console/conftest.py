"""A console over a real store in an SQLite file."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from visitors import NOW, OPERATOR, Visitor, cheaply_hashed

from sync_service.lifecycle.outline import outline
from sync_service.store import Store, open_store
from tests.databases import empty_sqlite

sys.path.append(str(Path(__file__).parents[1] / "lifecycle"))


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.console.people.generate_password_hash", cheaply_hashed)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    place = tmp_path / "store.db"
    place.write_bytes(empty_sqlite())
    with open_store(f"sqlite:///{place}", durable=False, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def visitor(store: Store) -> Visitor:
    return Visitor(store)


@pytest.fixture
def operator(visitor: Visitor) -> Visitor:
    return visitor.signs_in(OPERATOR)


@pytest.fixture(scope="session")
def states() -> dict[str, dict[str, Any]]:
    """Where one project stood: just begun, and in its second certification round."""
    from projectworld import World, at

    world = World()
    world.settle()
    begun = outline(world.state)
    world = at("certification")
    world.fail_round()
    world.finish()
    world.go("certification")
    world.prepare_round()
    world.start("round")
    world.add("training")
    world.settle()
    return {"begun": begun, "tested": outline(world.state)}
