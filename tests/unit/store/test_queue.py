"""The queue's promises, one story each."""

from datetime import timedelta

from sync_service.store import Claim, Condition, Failure, Priority, Store

from .conftest import LEASE, Clock, claim_one, claimed, delivery

BROKEN = Failure(type="JiraDown", text="503 from Jira", trace="Traceback …", version="0.1.0")
SOON = timedelta(minutes=5)


def due(store: Store, issue_id: str = "10001") -> object:
    row = store.queue.show(issue_id)
    assert row is not None
    return row.due


def receive(store: Store, issue_id: str = "10001") -> None:
    assert store.inbox.receive(delivery(issue_id))


class TestOneRowAnIssue:
    def test_a_thousand_events_on_one_issue_are_one_look(self, store: Store) -> None:
        for _ in range(1000):
            receive(store)
        claim = claim_one(store)
        assert claimed(store) == []
        assert store.queue.done(claim)
        assert store.queue.show("10001") is None

    def test_events_that_keep_coming_are_a_handful_of_looks(self, store: Store) -> None:
        looks = 0
        for event in range(500):
            receive(store)
            if event % 100 == 99:
                looks += store.queue.done(claim_one(store))
        assert looks == 5
        assert store.queue.depth().waiting == 0

    def test_an_issue_that_runs_is_not_handed_out_again(self, store: Store) -> None:
        receive(store)
        claim_one(store)
        receive(store)
        assert claimed(store, "another worker") == []

    def test_an_event_while_running_makes_it_run_again(self, store: Store) -> None:
        receive(store)
        claim = claim_one(store)
        receive(store)
        assert not store.queue.done(claim)
        again = claim_one(store)
        assert (again.gen, again.attempts) == (2, 0)
        assert store.queue.done(again)

    def test_our_own_event_while_running_makes_it_run_again_after_its_wait(self, store: Store, clock: Clock) -> None:
        receive(store)
        claim = claim_one(store)
        store.inbox.receive(delivery(ours=True))
        assert not store.queue.done(claim)
        assert claimed(store) == []
        clock.advance(seconds=30)
        assert claimed(store) == ["10001"]

    def test_the_label_follows_a_move(self, store: Store) -> None:
        store.queue.put([("10001", "INT-1")], priority=Priority.SWEEP)
        store.queue.put([("10001", "NEW-7")], priority=Priority.SWEEP)
        assert claim_one(store).label == "NEW-7"


class TestPutting:
    def test_counts_issues_once(self, store: Store) -> None:
        assert store.queue.put([("1", "INT-1"), ("2", "INT-2"), ("1", "INT-1")], priority=Priority.SWEEP) == 2
        assert store.queue.put([], priority=Priority.SWEEP) == 0

    def test_takes_a_whole_portfolio(self, store: Store) -> None:
        keys = ((str(number), f"INT-{number}") for number in range(1234))
        assert store.queue.put(keys, priority=Priority.AUDIT) == 1234
        assert store.queue.depth().due == 1234

    def test_waits_as_long_as_it_is_told(self, store: Store, clock: Clock) -> None:
        store.queue.put([("1", "INT-1")], priority=Priority.FOLLOW_UP, after=SOON)
        assert claimed(store) == []
        clock.advance(minutes=5)
        assert claimed(store) == ["1"]

    def test_never_delays_a_live_event(self, store: Store) -> None:
        receive(store, "1")
        store.queue.put([("1", "INT-1")], priority=Priority.AUDIT, after=SOON)
        store.queue.put([("2", "INT-2")], priority=Priority.SWEEP)
        assert [claim.priority for claim in store.queue.claim(9, owner="w", lease=LEASE)] == [
            Priority.LIVE,
            Priority.SWEEP,
        ]

    def test_a_live_event_makes_a_swept_issue_urgent(self, store: Store) -> None:
        store.queue.put([("1", "INT-1"), ("2", "INT-2")], priority=Priority.SWEEP)
        receive(store, "2")
        assert claimed(store) == ["2", "1"]


class TestClaiming:
    def test_goes_by_priority_then_by_who_is_due_longest(self, store: Store, clock: Clock) -> None:
        for issue_id, priority in (
            ("audit", Priority.AUDIT),
            ("sweep", Priority.SWEEP),
            ("follow-up", Priority.FOLLOW_UP),
            ("live", Priority.LIVE),
            ("live, later", Priority.LIVE),
        ):
            store.queue.put([(issue_id, issue_id)], priority=priority)
            clock.advance(seconds=1)
        assert claimed(store) == ["live", "live, later", "follow-up", "sweep", "audit"]

    def test_takes_no_more_than_asked(self, store: Store) -> None:
        store.queue.put([(str(n), "") for n in range(5)], priority=Priority.SWEEP)
        assert len(claimed(store, limit=3)) == 3
        assert len(claimed(store, limit=3)) == 2
        assert claimed(store, limit=3) == []

    def test_tells_what_a_worker_needs(self, store: Store, clock: Clock) -> None:
        receive(store)
        waited_since = clock.now
        clock.advance(seconds=7)
        claim = claim_one(store)
        assert (claim.issue_id, claim.label, claim.gen, claim.attempts) == ("10001", "INT-10001", 1, 0)
        assert claim.since == waited_since

    def test_leases_are_unique(self, store: Store) -> None:
        store.queue.put([(str(n), "") for n in range(5)], priority=Priority.SWEEP)
        claims = store.queue.claim(5, owner="w", lease=LEASE)
        assert len({claim.lease for claim in claims}) == 5

    def test_an_issue_that_is_worked_on_without_end_is_never_shown_as_due(self, store: Store) -> None:
        receive(store)
        claim_one(store)
        assert due(store) is None
        assert store.queue.depth().oldest_due_age is None


class TestLeases:
    def test_an_expired_lease_passes_on_and_counts_an_attempt(self, store: Store, clock: Clock) -> None:
        receive(store)
        claim_one(store, "killed")
        clock.advance(seconds=59)
        assert claimed(store) == []
        clock.advance(seconds=1)
        assert claim_one(store).attempts == 1
        clock.advance(seconds=60)
        assert claim_one(store).attempts == 2

    def test_a_renewed_lease_stays(self, store: Store, clock: Clock) -> None:
        receive(store)
        claim = claim_one(store)
        for _ in range(5):
            clock.advance(seconds=50)
            assert store.queue.renew([claim], LEASE) == {claim.lease}
        assert claimed(store) == []
        assert store.queue.done(claim)

    def test_renewing_tells_which_leases_are_lost(self, store: Store, clock: Clock) -> None:
        for issue_id in ("1", "2", "3"):
            receive(store, issue_id)
        first, second, third = sorted(store.queue.claim(3, owner="slow", lease=LEASE), key=lambda c: c.issue_id)
        clock.advance(seconds=60)
        store.queue.renew([third], LEASE)
        store.queue.claim(1, owner="quick", lease=LEASE)
        still = store.queue.renew([first, second, third], LEASE)
        assert third.lease in still
        assert len(still) == 2
        assert store.queue.renew([], LEASE) == frozenset()

    def test_who_lost_the_lease_changes_nothing(self, store: Store, clock: Clock) -> None:
        receive(store)
        lost = claim_one(store, "slow")
        clock.advance(seconds=60)
        held = claim_one(store, "quick")
        before = store.queue.show("10001")

        assert not store.queue.done(lost)
        assert not store.queue.later(lost, SOON, hold=True)
        assert not store.queue.put_off(lost, SOON, hold=True)
        assert not store.queue.fail(lost, BROKEN, retry_after=None)
        assert store.queue.renew([lost], LEASE) == frozenset()

        assert store.queue.show("10001") == before
        assert store.queue.done(held)

    def test_a_clean_stop_gives_everything_back_at_once(self, store: Store) -> None:
        for issue_id in ("1", "2", "3"):
            receive(store, issue_id)
        store.queue.claim(2, owner="leaving", lease=LEASE)
        kept = claim_one(store, "staying")
        assert store.queue.release("leaving") == 2
        again = store.queue.claim(9, owner="staying", lease=LEASE)
        assert len(again) == 2
        assert {claim.attempts for claim in again} == {0}
        assert store.queue.done(kept)
        assert store.queue.release("nobody") == 0


class TestLater:
    def test_looks_again_when_told(self, store: Store, clock: Clock) -> None:
        receive(store)
        assert store.queue.later(claim_one(store), SOON)
        assert due(store) == clock.now + SOON
        clock.advance(minutes=5)
        claim = claim_one(store)
        assert (claim.priority, claim.attempts, claim.since) == (Priority.FOLLOW_UP, 0, clock.now)

    def test_an_event_makes_it_sooner(self, store: Store, clock: Clock) -> None:
        receive(store)
        store.queue.later(claim_one(store), SOON)
        receive(store)
        claim = claim_one(store)
        assert (claim.priority, claim.since) == (Priority.LIVE, clock.now)

    def test_an_event_that_came_while_running_counts(self, store: Store) -> None:
        receive(store)
        claim = claim_one(store)
        receive(store)
        store.queue.later(claim, SOON)
        assert claim_one(store).priority is Priority.LIVE

    def test_a_hold_is_never_lowered_by_an_event(self, store: Store, clock: Clock) -> None:
        receive(store)
        store.queue.later(claim_one(store), SOON, hold=True)
        receive(store)
        store.queue.put([("10001", "INT-1")], priority=Priority.LIVE)
        clock.advance(minutes=4)
        assert claimed(store) == []
        clock.advance(minutes=1)
        assert claimed(store) == ["10001"]

    def test_a_longer_hold_stays(self, store: Store, clock: Clock) -> None:
        receive(store)
        store.queue.later(claim_one(store), timedelta(0), hold=True)
        claim = claim_one(store)
        receive(store)
        store.queue.fail(claim, BROKEN, retry_after=SOON, hold=True)
        assert due(store) == clock.now + SOON

    def test_success_forgets_earlier_failures(self, store: Store, clock: Clock) -> None:
        receive(store)
        store.queue.fail(claim_one(store), BROKEN, retry_after=timedelta(0))
        store.queue.later(claim_one(store), SOON)
        row = store.queue.show("10001")
        assert row is not None
        assert (row.attempts, row.failure) == (0, None)


class TestPuttingOff:
    def test_a_key_that_could_not_be_looked_at_stays_what_it_was(self, store: Store, clock: Clock) -> None:
        receive(store)
        store.queue.fail(claim_one(store), BROKEN, retry_after=timedelta(0))
        before = claim_one(store)
        clock.advance(minutes=1)
        assert store.queue.put_off(before, SOON)
        assert due(store) == clock.now + SOON
        clock.advance(minutes=5)
        after = claim_one(store)
        assert (after.priority, after.since, after.attempts) == (Priority.LIVE, before.since, 1)
        row = store.queue.show("10001")
        assert row is not None
        assert row.failure == BROKEN

    def test_an_event_makes_it_sooner(self, store: Store, clock: Clock) -> None:
        receive(store)
        since = clock.now
        store.queue.put_off(claim_one(store), SOON)
        clock.advance(minutes=1)
        receive(store)
        assert claim_one(store).since == since

    def test_a_hold_is_never_lowered_by_an_event(self, store: Store, clock: Clock) -> None:
        receive(store)
        store.queue.put_off(claim_one(store), SOON, hold=True)
        receive(store)
        assert claimed(store) == []
        clock.advance(minutes=5)
        assert claimed(store) == ["10001"]

    def test_an_event_that_came_while_running_is_answered_at_once(self, store: Store) -> None:
        receive(store)
        claim = claim_one(store)
        receive(store)
        store.queue.put_off(claim, SOON)
        assert claim_one(store).gen == 2


class TestFailing:
    def fail_once(self, store: Store, retry_after: timedelta | None) -> Claim:
        claim = claim_one(store)
        assert store.queue.fail(claim, BROKEN, retry_after=retry_after)
        return claim

    def test_tries_again_when_told_and_counts(self, store: Store, clock: Clock) -> None:
        receive(store)
        for attempt in range(3):
            assert self.fail_once(store, SOON).attempts == attempt
            assert claimed(store) == []
            clock.advance(minutes=5)
        row = store.queue.show("10001")
        assert row is not None
        assert row.failure == BROKEN
        assert row.attempts == 3

    def test_gives_up_with_the_reason_kept(self, store: Store, clock: Clock) -> None:
        receive(store)
        self.fail_once(store, None)
        clock.advance(days=365)
        assert claimed(store) == []
        (row,) = store.queue.rows(dead=True)
        assert (row.condition, row.failure, row.attempts) == (Condition.DEAD, BROKEN, 1)
        assert store.queue.depth().dead == 1

    def test_an_event_revives_a_dead_key(self, store: Store) -> None:
        receive(store)
        self.fail_once(store, None)
        receive(store)
        claim = claim_one(store)
        assert claim.attempts == 0
        assert store.queue.done(claim)
        assert store.queue.rows() == ()

    def test_an_event_while_running_counts_for_more_than_the_failure(self, store: Store) -> None:
        receive(store)
        claim = claim_one(store)
        receive(store)
        store.queue.fail(claim, BROKEN, retry_after=None)
        assert claim_one(store).attempts == 0

    def test_a_hold_outlasts_an_event_while_running(self, store: Store, clock: Clock) -> None:
        receive(store)
        claim = claim_one(store)
        receive(store)
        store.queue.fail(claim, BROKEN, retry_after=SOON, hold=True)
        assert claimed(store) == []
        clock.advance(minutes=5)
        assert claim_one(store).attempts == 0

    def test_a_poisoned_issue_delays_no_other(self, store: Store) -> None:
        receive(store, "poisoned")
        receive(store, "sound")
        for claim in store.queue.claim(2, owner="w", lease=LEASE):
            if claim.issue_id == "poisoned":
                store.queue.fail(claim, BROKEN, retry_after=SOON)
            else:
                assert store.queue.done(claim)
        assert store.queue.depth().waiting == 1


class TestShelf:
    def kill(self, store: Store, *issue_ids: str) -> None:
        for issue_id in issue_ids:
            receive(store, issue_id)
            store.queue.fail(claim_one(store), BROKEN, retry_after=None)

    def test_counts_and_ages(self, store: Store, clock: Clock) -> None:
        self.kill(store, "dead")
        receive(store, "running")
        claim_one(store)
        receive(store, "due")
        store.queue.put([("waiting", "INT-4")], priority=Priority.SWEEP, after=SOON)
        clock.advance(seconds=90)
        depth = store.queue.depth()
        assert (depth.waiting, depth.due, depth.running, depth.dead) == (2, 1, 1, 1)
        assert depth.oldest_due_age == timedelta(seconds=90)

    def test_an_empty_queue(self, store: Store) -> None:
        depth = store.queue.depth()
        assert (depth.waiting, depth.due, depth.running, depth.dead, depth.oldest_due_age) == (0, 0, 0, 0, None)
        assert store.queue.rows() == ()
        assert store.queue.show("10001") is None

    def test_shows_where_a_key_stands(self, store: Store, clock: Clock) -> None:
        receive(store)
        row = store.queue.show("10001")
        assert row is not None
        assert (row.condition, row.due, row.owner, row.lease_until) == (Condition.WAITING, clock.now, None, None)
        claim_one(store, "host-1")
        row = store.queue.show("10001")
        assert row is not None
        assert (row.condition, row.owner, row.lease_until) == (Condition.RUNNING, "host-1", clock.now + LEASE)

    def test_pages_through_keys(self, store: Store) -> None:
        self.kill(store, "1", "3")
        receive(store, "2")
        assert [row.issue_id for row in store.queue.rows()] == ["1", "2", "3"]
        assert [row.issue_id for row in store.queue.rows(limit=1, after="1")] == ["2"]
        assert [row.issue_id for row in store.queue.rows(dead=True)] == ["1", "3"]
        assert [row.issue_id for row in store.queue.rows(dead=False)] == ["2"]

    def test_replays_one_some_or_all_dead_keys(self, store: Store) -> None:
        self.kill(store, "1", "2", "3", "4")
        assert store.queue.replay(["1"]) == 1
        assert store.queue.replay(["2", "no such key"]) == 1
        assert store.queue.replay(None) == 2
        assert store.queue.replay(None) == 0
        assert {claim.attempts for claim in store.queue.claim(9, owner="w", lease=LEASE)} == {0}

    def test_drops_dead_keys_only(self, store: Store) -> None:
        self.kill(store, "1", "2", "3")
        receive(store, "alive")
        assert store.queue.drop(["1", "alive"]) == 1
        assert store.queue.drop(None) == 2
        assert [row.issue_id for row in store.queue.rows()] == ["alive"]
