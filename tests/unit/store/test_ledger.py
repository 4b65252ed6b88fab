"""The ledger: in order, filtered, pruned by age."""

from datetime import timedelta

from sync_service.store import Entry, Store

from .conftest import Clock


def entry(clock: Clock, issue_id: str = "1", kind: str = "applied", **more: object) -> Entry:
    return Entry(issue_id=issue_id, key=f"INT-{issue_id}", kind=kind, at=clock.now, **more)  # type: ignore[arg-type]


def test_an_entry_comes_back_whole(store: Store, clock: Clock) -> None:
    written = entry(
        clock, reasons=("*Goals* is open",), detail={"action": {"edit": ["Gate"]}}, deliveries=("d-1", "d-2"), who="us"
    )
    store.ledger.write([written])
    assert store.ledger.entries() == (written,)


def test_entries_are_listed_newest_first_and_filtered(store: Store, clock: Clock) -> None:
    store.ledger.write([entry(clock, "1", "planned"), entry(clock, "1", "applied")])
    store.ledger.write([entry(clock, "2", "planned")])
    store.ledger.write([])

    def listed(**wanted: object) -> list[tuple[str, str]]:
        return [(e.issue_id, e.kind) for e in store.ledger.entries(**wanted)]  # type: ignore[arg-type]

    assert listed() == [("2", "planned"), ("1", "applied"), ("1", "planned")]
    assert listed(limit=1) == [("2", "planned")]
    assert listed(issue_id="1") == [("1", "applied"), ("1", "planned")]
    assert listed(kind="planned") == [("2", "planned"), ("1", "planned")]
    assert listed(issue_id="1", kind="planned") == [("1", "planned")]
    assert listed(issue_id="3") == []


def test_old_entries_are_pruned(store: Store, clock: Clock) -> None:
    store.ledger.write([entry(clock)] * 2001)  # more than one transaction prunes
    clock.advance(days=90)
    store.ledger.write([entry(clock, "young")])
    clock.advance(days=1)
    assert store.ledger.prune(timedelta(days=30)) == 2001
    assert [e.issue_id for e in store.ledger.entries()] == ["young"]


def test_a_walk_meets_every_entry_of_a_kind_once_oldest_first(store: Store, clock: Clock) -> None:
    store.ledger.write([entry(clock, str(n), "answered" if n % 2 else "written") for n in range(2100)])
    assert [int(e.issue_id) for e in store.ledger.walk("answered")] == list(range(1, 2100, 2))
    assert list(store.ledger.walk("nothing")) == []
