"""Projections: one an issue, rewritten only when something changed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sync_service.store import NotStorable, Projection, Store

from .conftest import Clock


@pytest.fixture
def seen(clock: Clock) -> Projection:
    return Projection(
        issue_id="10001",
        key="INT-1",
        mapping="paytronix",
        stage="discovery",
        fingerprint="f1",
        state={"steps": [{"key": "goals", "done": True}], "note": "für Ünal \u0000 \ud800"},
        at=clock.now,
    )


def test_what_was_derived_comes_back(store: Store, seen: Projection) -> None:
    assert store.projections.put(seen)
    assert store.projections.get("10001") == seen
    assert store.projections.by_key("INT-1") == seen
    assert store.projections.get("10002") is None
    assert store.projections.by_key("INT-2") is None


def test_an_unchanged_state_is_not_written_again(store: Store, seen: Projection, clock: Clock) -> None:
    store.projections.put(seen)
    clock.advance(hours=1)
    assert not store.projections.put(replace(seen, at=clock.now, state=dict(reversed(list(seen.state.items())))))
    assert store.projections.get("10001") == seen


@pytest.mark.parametrize(
    "change",
    [{"key": "NEW-1"}, {"mapping": "m"}, {"stage": "launch"}, {"fingerprint": "f2"}, {"state": {}}],
    ids=lambda change: next(iter(change)),
)
def test_a_change_is_written(store: Store, seen: Projection, clock: Clock, change: dict[str, object]) -> None:
    store.projections.put(seen)
    clock.advance(hours=1)
    changed = replace(seen, at=clock.now, **change)  # type: ignore[arg-type]
    assert store.projections.put(changed)
    assert store.projections.get("10001") == changed


def test_a_key_that_two_issues_had_names_the_latest(store: Store, seen: Projection, clock: Clock) -> None:
    store.projections.put(seen)
    clock.advance(hours=1)
    store.projections.put(replace(seen, issue_id="10002", at=clock.now))
    found = store.projections.by_key("INT-1")
    assert found is not None
    assert found.issue_id == "10002"


def portfolio(seen: Projection, size: int) -> Iterator[Projection]:
    for number in range(size):
        yield replace(
            seen, issue_id=f"{number:05}", key=f"INT-{number}", mapping="odd" if number % 2 else "even",
            fingerprint=f"f{number}", state={},
        )  # fmt: skip


def test_a_walk_over_the_portfolio_meets_every_issue_once(store: Store, seen: Projection) -> None:
    for projection in portfolio(seen, 1203):  # more than two pages
        store.projections.put(projection)
    assert [p.issue_id for p in store.projections.all()] == [f"{number:05}" for number in range(1203)]
    assert {p.mapping for p in store.projections.all("odd")} == {"odd"}
    assert sum(1 for _ in store.projections.all("odd")) == 601
    assert list(store.projections.all("no such mapping")) == []


def test_a_walk_may_be_left_early_and_hold_nothing(store: Store, seen: Projection) -> None:
    for projection in portfolio(seen, 3):
        store.projections.put(projection)
    walk = store.projections.all()
    next(walk)
    assert store.projections.drop(["00001"]) == 1
    assert [p.issue_id for p in walk] == ["00001", "00002"], "a page read is a page given"


def test_projections_are_counted(store: Store, seen: Projection) -> None:
    assert store.projections.count() == 0
    store.projections.put(seen)
    assert store.projections.count() == 1


def test_dropped_issues_are_forgotten(store: Store, seen: Projection) -> None:
    store.projections.put(seen)
    assert store.projections.drop(["10001", "unknown"]) == 1
    assert store.projections.get("10001") is None


def test_a_state_that_is_no_json_is_refused(store: Store, seen: Projection) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store.projections.put(replace(seen, state={"ratio": float("nan")}))


def test_a_naive_time_is_refused(store: Store, seen: Projection) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        store.projections.put(replace(seen, at=seen.at.replace(tzinfo=None)))


def test_a_text_that_one_engine_cannot_keep_is_not_a_crash(pg_url: str, seen: Projection) -> None:
    """PostgreSQL keeps no NUL in a text; in a state it is escaped, elsewhere it is refused."""
    from sync_service.store import open_store

    with open_store(pg_url) as store:
        store.migrate()
        with pytest.raises(NotStorable, match="NUL"):
            store.projections.put(replace(seen, key="INT\0"))


def test_two_changes_within_a_second_of_jiras_clock_are_two_versions(store: Store, seen: Projection) -> None:
    store.projections.put(seen)
    first = store.projections.versions()
    store.projections.put(replace(seen, stage="launch"))
    second = store.projections.versions()
    assert first["10001"] < second["10001"]
    store.projections.put(replace(seen, stage="launch"))
    assert store.projections.versions() == second
