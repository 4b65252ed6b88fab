"""What the receiver relies on: kept once, on the disk, and put into the queue in the same transaction."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sync_service.store import Claim, NotStorable, Priority, Store

from .conftest import Clock, claim_one, claimed, delivery


def test_a_new_delivery_is_kept_and_its_issue_wants_a_look(store: Store, clock: Clock) -> None:
    assert store.inbox.receive(delivery("10001", name="d-1"))

    (kept,) = store.inbox.recent()
    assert (kept.delivery_id, kept.issue_id, kept.event, kept.at) == ("d-1", "10001", "jira:issue_updated", clock.now)
    assert store.inbox.body("d-1") == b'{"webhookEvent": "jira:issue_updated"}'
    assert kept.size == len(store.inbox.body("d-1") or b"")
    assert claimed(store) == ["10001"]


def test_a_repeated_delivery_is_told_and_changes_nothing(store: Store) -> None:
    store.inbox.receive(delivery(name="d-1"))
    store.queue.done(claim_one(store))

    assert not store.inbox.receive(delivery(name="d-1"))
    assert claimed(store) == []
    assert len(store.inbox.recent()) == 1


def test_an_event_that_we_caused_waits_half_a_minute(store: Store, clock: Clock) -> None:
    store.inbox.receive(delivery(ours=True))
    clock.advance(seconds=29.9)
    assert claimed(store) == []
    clock.advance(seconds=0.1)
    assert claimed(store) == ["10001"]


def test_an_event_that_we_caused_delays_nobody_else(store: Store) -> None:
    store.inbox.receive(delivery(name="theirs"))
    store.inbox.receive(delivery(name="ours", ours=True))
    assert claimed(store) == ["10001"]


def test_another_event_calls_a_put_off_look_forward(store: Store) -> None:
    store.inbox.receive(delivery(name="ours", ours=True))
    store.inbox.receive(delivery(name="theirs"))
    assert claimed(store) == ["10001"]


def test_an_issues_deliveries_are_listed_newest_first(store: Store, clock: Clock) -> None:
    for name in ("first", "second", "third"):
        store.inbox.receive(delivery("10001", name=name))
        store.inbox.receive(delivery("10002", name=f"other-{name}"))
        clock.advance(seconds=1)
    assert [kept.delivery_id for kept in store.inbox.deliveries("10001", limit=2)] == ["third", "second"]
    assert len(store.inbox.recent(limit=4)) == 4


def test_an_issues_deliveries_are_listed_from_a_time_on(store: Store, clock: Clock) -> None:
    store.inbox.receive(delivery("10001", name="before"))
    clock.advance(seconds=1)
    since = clock.now
    store.inbox.receive(delivery("10001", name="then"))
    assert [kept.delivery_id for kept in store.inbox.deliveries("10001", since=since)] == ["then"]


def test_old_deliveries_are_pruned_and_young_ones_stay(store: Store, clock: Clock) -> None:
    for number in range(603):  # more than one transaction prunes
        store.inbox.receive(delivery(str(number % 7), name=f"old-{number}"))
    clock.advance(days=8)
    store.inbox.receive(delivery(name="young"))

    assert store.inbox.prune(timedelta(days=7)) == 603
    assert [kept.delivery_id for kept in store.inbox.recent()] == ["young"]
    assert store.inbox.body("old-1") is None
    assert store.queue.depth().waiting == 8, "what is pruned from the inbox still waits in the queue"


def test_a_text_that_cannot_be_encoded_is_refused_for_good(store: Store) -> None:
    with pytest.raises(NotStorable, match="half a character"):
        store.inbox.receive(delivery("\ud800"))
    assert store.inbox.receive(delivery("10001")), "the store goes on"


def test_a_delivery_carries_its_priority_into_the_queue(store: Store) -> None:
    store.inbox.receive(delivery("1", priority=Priority.SWEEP))
    store.inbox.receive(delivery("2"))
    assert claimed(store) == ["2", "1"]


@pytest.mark.parametrize("size", [0, 1, 1_000_000], ids=["empty", "a byte", "a megabyte"])
def test_a_body_comes_back_as_it_came(store: Store, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"\x00" * (size % 256)
    store.inbox.receive(replace(delivery(name="d-1"), body=body))
    assert store.inbox.body("d-1") == body


def test_received_at_goes_by_the_databases_clock(real_time_store: Store) -> None:
    before = real_time_store.now()
    real_time_store.inbox.receive(delivery())
    (kept,) = real_time_store.inbox.recent()
    assert before <= kept.at <= real_time_store.now()
    assert claimed(real_time_store) == ["10001"]


def test_whoever_looks_finds_the_delivery_that_asked_for_it(real_time_store: Store) -> None:
    """Both were written by the database's real clock, which goes on from one statement to the next."""
    store = real_time_store
    for number in range(100):
        store.inbox.receive(delivery(str(number), name=f"first-{number}"))
        claim = claim_one(store)
        assert asked_by(store, claim) == [f"first-{number}"]
        store.inbox.receive(delivery(str(number), name=f"during-{number}"))
        assert not store.queue.done(claim)
        again = claim_one(store)
        assert f"during-{number}" in asked_by(store, again)
        assert store.queue.done(again)


def asked_by(store: Store, claim: Claim) -> list[str]:
    return [kept.delivery_id for kept in store.inbox.deliveries(claim.issue_id, since=claim.since)]
