"""Claim 5: claiming with 500,000 keys waiting; 1,000 events on one issue; the CPU of a service without work."""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from benchmarks import jira as people
from benchmarks import places
from benchmarks.figures import Row, main, percentile, seconds
from benchmarks.service import reconciling, wait_idle, working
from sync_service.store import Delivery, Priority, open_store

WAITING = 500_000
FEW = 100
EVENTS = 1000


def measure(quick: bool = False) -> list[Row]:
    """Measure both stores, then a running service."""
    waiting = 5_000 if quick else WAITING
    with places.folder() as place, places.postgresql() as schema:
        rows = [
            claiming("SQLite", f"sqlite:///{place / 'queue.db'}", waiting),
            claiming("PostgreSQL", schema(), waiting),
        ]
    with people.jira() as jira, places.folder() as place:
        rows += [one_issue(jira, f"sqlite:///{place / 'one.db'}"), idle(jira, place, 3 if quick else 20)]
    return rows


def claiming(name: str, url: str, waiting: int) -> Row:
    """Measure a claim of eight keys, with few and with many keys waiting."""
    with open_store(url) as store:
        store.migrate()
        medians: list[float] = []
        filled = 0.0
        for count in (FEW, waiting):
            filled = seconds(lambda count=count: store.queue.put(
                ((str(n), f"INT-{n}") for n in range(count)), priority=Priority.SWEEP))  # fmt: skip
            times = []
            for _ in range(50):
                began = time.perf_counter()
                claims = store.queue.claim(8, owner="benchmark", lease=timedelta(minutes=5))
                times.append((time.perf_counter() - began) * 1000)
                if len(claims) != min(8, count):
                    raise RuntimeError(f"claimed {len(claims)} of 8 keys")
                store.queue.release("benchmark")
            medians.append(statistics.median(times))
    return Row(
        claim=f"claim with {waiting:,} keys waiting, {name}", figure=medians[1], unit="ms", target=5, at_most=True,
        limit=medians[0], limit_is=f"ms with {FEW} keys waiting",
        note=f"8 keys, median of 50 (p99 {percentile(times, 0.99):.1f} ms); putting them in took {filled:.1f} s",
    )  # fmt: skip


def one_issue(jira: people.Jira, store: str) -> Row:
    """Count the looks that a thousand deliveries about one issue lead to."""
    with reconciling(jira, store) as service:
        ((identity, key),) = jira.run(people.begin, 1)
        service.settle([(identity, key)])
        jira.run(people.delay, 50)

        def deliver(number: int) -> None:
            service.store.inbox.receive(
                Delivery(delivery_id=f"d{number}", issue_id=identity, label=key, event="e", body=b"{}")
            )

        with working(service), ThreadPoolExecutor(16) as senders:
            before = service.runs()
            taken = seconds(lambda: list(senders.map(deliver, range(EVENTS))))
            wait_idle(service.store)
            looks = service.runs() - before
        jira.run(people.delay, 0)
    return Row(
        claim=f"{EVENTS:,} events on one issue", figure=looks, unit="looks", target=50, at_most=True,
        note=f"delivered in {taken:.1f} s by 16 threads, Jira at 50 ms", compared=False,
    )  # fmt: skip


def idle(jira: people.Jira, place: places.Path, lasting: float) -> Row:
    """Measure what `stagegate run` uses of a core while nothing happens."""
    with places.running(place, jira.settings) as run:
        began = places.cpu_seconds(run.pid)
        threading.Event().wait(lasting)
        used = places.cpu_seconds(run.pid) - began
    return Row(
        claim="idle CPU of `stagegate run`", figure=used / lasting * 100, unit="% of a core", target=1, at_most=True,
        note=f"all processes, over {lasting:.0f} s", compared=False,
    )  # fmt: skip


if __name__ == "__main__":
    main(measure)
