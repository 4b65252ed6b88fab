"""Many threads and processes at once: nothing lost, nothing twice, nobody stuck."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from sync_service.store import Failure, Priority, Store, StoreUnavailable, open_store

from .conftest import LEASE, claimed, delivery


def test_deliveries_from_many_threads_are_each_new_once(real_time_store: Store) -> None:
    names = [uuid.uuid4().hex for _ in range(300)] * 2
    with ThreadPoolExecutor(16) as threads:
        new = list(threads.map(lambda name: real_time_store.inbox.receive(delivery(name[:1], name=name)), names))
    assert new.count(True) == 300
    assert len(real_time_store.inbox.recent(limit=1000)) == 300
    assert sorted(claimed(real_time_store)) == sorted({name[:1] for name in names})


def test_two_receivers_with_the_same_deliveries_do_not_block_each_other(url: str) -> None:
    """Each in its own order: transactions that lock rows crosswise would deadlock."""
    with open_store(url) as one, open_store(url) as other:
        one.migrate()
        names = [uuid.uuid4().hex for _ in range(200)]
        orders = [(one, names), (other, names[::-1])] * 4
        with ThreadPoolExecutor(8) as threads:
            new = list(
                threads.map(lambda o: [o[0].inbox.receive(delivery(name[:1], name=name)) for name in o[1]], orders)
            )
        assert sum(flags.count(True) for flags in new) == 200


def test_every_event_is_answered_by_a_look_that_began_after_it(url: str) -> None:
    """Receivers and workers race over few issues; at the end no issue's last event lacks a later look."""
    issues, rounds, workers = 5, 60, 4
    looks: dict[str, int] = {}
    overlapping: list[str] = []
    running: set[str] = set()
    guard = threading.Lock()
    written = dict.fromkeys(map(str, range(issues)), 0)
    received = threading.Event()

    def receive(store: Store, issue_id: str) -> None:
        for _ in range(rounds):
            with guard:
                written[issue_id] += 1
            store.inbox.receive(delivery(issue_id))

    def work(store: Store, owner: str) -> None:
        while True:
            finished = received.is_set()
            claims = store.queue.claim(2, owner=owner, lease=timedelta(minutes=5))
            for claim in claims:
                with guard:
                    overlapping.extend(running & {claim.issue_id})
                    running.add(claim.issue_id)
                    looks[claim.issue_id] = written[claim.issue_id]
                with guard:
                    running.discard(claim.issue_id)
                store.queue.done(claim)
            if finished and not claims and store.queue.depth().waiting == store.queue.depth().running == 0:
                return
            store.queue.wait(timedelta(milliseconds=20))

    with open_store(url) as here, open_store(url) as there, ThreadPoolExecutor(issues + workers) as threads:
        here.migrate()
        working = [threads.submit(work, (here, there)[n % 2], f"w{n}") for n in range(workers)]
        for receiving in [threads.submit(receive, (here, there)[n % 2], str(n)) for n in range(issues)]:
            receiving.result(60)
        received.set()
        for one in working:
            one.result(60)

    assert overlapping == []
    assert looks == written == dict.fromkeys(written, rounds)


def test_workers_never_get_the_same_key(url: str) -> None:
    with open_store(url) as here, open_store(url) as there:
        here.migrate()
        here.queue.put([(str(n), "") for n in range(200)], priority=Priority.SWEEP)

        def drain(worker: int) -> list[str]:
            mine: list[str] = []
            while keys := (here, there)[worker % 2].queue.claim(3, owner=str(worker), lease=LEASE):
                mine += [claim.issue_id for claim in keys]
            return mine

        with ThreadPoolExecutor(8) as threads:
            taken = [issue_id for mine in threads.map(drain, range(8)) for issue_id in mine]
        left = claimed(here)  # PostgreSQL passes over keys that another is just taking
        assert sorted(taken + left) == sorted(str(n) for n in range(200))


def test_renewing_releasing_and_receiving_at_once_blocks_nobody(url: str) -> None:
    """All of these lock many rows; on PostgreSQL a wrong order would show as a deadlock."""
    failure = Failure(type="X", text="x", trace="", version="0")
    with open_store(url) as store:
        store.migrate()
        keys = [(str(n), "") for n in range(40)]
        store.queue.put(keys, priority=Priority.SWEEP)
        claims = store.queue.claim(40, owner="w", lease=LEASE)

        def act(number: int) -> None:
            store.queue.put(keys if number % 2 else keys[::-1], priority=Priority.LIVE)
            store.queue.renew(claims[::-1] if number % 2 else claims, LEASE)
            store.queue.fail(claims[number], failure, retry_after=None)
            store.queue.release("w" if number > 20 else "nobody")

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(act, range(40)))
        assert store.queue.depth().waiting == 40


def test_a_lost_race_is_run_again(pg_url: str) -> None:
    with open_store(pg_url) as store:
        store.migrate()
        store.marks.put("a", "0")
        store.marks.put("b", "0")
        met = threading.Barrier(2, timeout=60)
        first = threading.local()

        def crosswise(order: tuple[str, str]) -> None:
            def change(connection) -> None:  # type: ignore[no-untyped-def]
                raise_by_one = text("UPDATE mark SET value = CAST(CAST(value AS integer) + 1 AS text) WHERE name = :n")
                connection.execute(raise_by_one, {"n": order[0]})
                if not getattr(first, "met", False):
                    first.met = True
                    met.wait()
                connection.execute(raise_by_one, {"n": order[1]})

            store._database.write(change)

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(crosswise, [("a", "b"), ("b", "a")]))
        assert (store.marks.get("a"), store.marks.get("b")) == ("2", "2")


def test_a_race_that_is_lost_for_ever_is_unavailable(pg_url: str) -> None:
    with open_store(pg_url) as store:
        store.migrate()
        tries: list[int] = []

        def lose(connection) -> None:  # type: ignore[no-untyped-def]
            tries.append(1)
            connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$"))

        with pytest.raises(StoreUnavailable, match="lost against others several times"):
            store._database.write(lose)
        assert len(tries) > 1
