"""Claim 2: looks a second against a Jira that takes 0, 50 or 200 ms an answer; CPU a look; more worker processes.

No code could take more looks than threads ÷ (calls × latency): that is the limit. Projects have the 16 sub-tasks of
Requirements; entering that stage is the look that creates 13 of them. The sandbox is a process of its own, on the same
two cores.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from benchmarks import jira as people
from benchmarks import places
from benchmarks.figures import Row, main
from benchmarks.jira import Jira
from benchmarks.service import Projects, Reconciling, reconciling, work_through, workers, working

THREADS = 4
NO_OP, ENTRY = 2, 4
"""Calls to Jira: docs/architecture.md, "One look"."""


def measure(quick: bool = False) -> list[Row]:
    """Measure one process on SQLite at each latency, then one and four on PostgreSQL."""
    rounds, size = (1, 4) if quick else (5, 40)
    with places.folder() as place, people.jira() as jira:
        store = f"sqlite:///{place / 'worker.db'}"
        with reconciling(jira, store) as service:
            entering = fresh(jira, service, 9 * size // 2)
            known = in_requirements(jira, service, size)
            rows = cpu(jira, service, known, rounds)
        with reconciling(jira, store, threads=THREADS) as service, working(service):
            for number, latency in enumerate((0, 50, 200)):
                mine = entering[number::3]
                rows.append(entries(jira, service, latency, [mine[start::3] for start in range(3)]))
            rows += [no_ops(jira, service, latency, known, rounds) for latency in (0, 50, 200)]
        with places.postgresql() as schema:
            rows.append(more_processes(jira, schema(), known, rounds))
    return rows


def fresh(jira: Jira, service: Reconciling, count: int) -> Projects:
    """Return new projects whose first stage is worked off."""
    made = jira.run(people.begin, count)
    service.settle(made)
    jira.run(people.work_off, made)
    service.settle(made)
    return made


def in_requirements(jira: Jira, service: Reconciling, count: int) -> Projects:
    """Return projects that have just entered Requirements and are in order."""
    made = fresh(jira, service, count)
    jira.run(people.move_on, made, "Requirements")
    service.settle(made)
    return made


@contextmanager
def _latency(jira: Jira, milliseconds: int) -> Iterator[None]:
    jira.run(people.delay, milliseconds)
    try:
        yield
    finally:
        jira.run(people.delay, 0)


def _bound(calls: int, latency: int, threads: int = THREADS) -> float | None:
    return threads / (calls * latency / 1000) if latency else None


def _row(what: str, figure: float, calls: int, latency: int, note: str) -> Row:
    bound = _bound(calls, latency)
    return Row(
        claim=f"{what}, Jira at {latency} ms", figure=figure, unit="/s", target=0.85 if bound else None, of_ratio=True,
        limit=bound, limit_is=f"{THREADS} threads ÷ ({calls} calls × {latency} ms)", note=note,
    )  # fmt: skip


def entries(jira: Jira, service: Reconciling, latency: int, batches: list[Projects]) -> Row:
    """Measure projects entering their second stage."""
    rates = []
    for batch in batches:
        jira.run(people.move_on, batch, "Requirements")
        with _latency(jira, latency):
            rates.append(len(batch) / work_through(service.store, batch))
    note = f"median of {len(batches)} rounds of {len(batches[0])}"
    return _row("stage entries", statistics.median(rates), ENTRY, latency, note)


def no_ops(jira: Jira, service: Reconciling, latency: int, known: Projects, rounds: int) -> Row:
    """Measure looks that find nothing to do."""
    with _latency(jira, latency):
        rates = [len(known) / work_through(service.store, known) for _ in range(rounds if latency < 200 else 3)]
    note = f"median of {len(rates)} rounds of {len(known)}"
    return _row("no-ops", statistics.median(rates), NO_OP, latency, note)


def cpu(jira: Jira, service: Reconciling, known: Projects, rounds: int) -> list[Row]:
    """Measure our CPU time a no-op, beside that of the same two requests made with bare `requests`."""
    ours, bare = [], []
    for _ in range(rounds):
        began = time.process_time()
        service.settle(known)
        ours.append((time.process_time() - began) / len(known) * 1000)
        bare.append(bare_reads(jira, service, known))
    return [
        Row(claim="CPU a no-op", figure=statistics.median(ours), unit="ms", target=4, at_most=True,
            limit=statistics.median(bare), limit_is="ms: the same two requests with bare requests, parsed",
            note=f"16 sub-tasks; claim, two reads, decide, settle; median of {rounds} rounds of {len(known)}")
    ]  # fmt: skip


def bare_reads(jira: Jira, service: Reconciling, known: Projects) -> float:
    """Return the CPU milliseconds of a no-op's two requests and the parsing of their answers."""
    with requests.Session() as session:
        session.auth = (jira.settings["email"], jira.settings["token"])
        fields = ",".join(service.gateway._fields())
        began = time.process_time()
        for identity, _ in known:
            issue = session.get(
                f"{jira.url}/rest/api/2/issue/{identity}",
                params={"fields": fields, "expand": "changelog,transitions", "properties": "stagegate"},
                timeout=30,
            ).json()
            listed = [subtask["id"] for subtask in issue["fields"]["subtasks"]]
            body = {"issueIdsOrKeys": listed, "fields": ["summary", "status", "assignee", "duedate", "labels"],
                    "expand": ["changelog"], "properties": ["stagegate.step"]}  # fmt: skip
            session.post(f"{jira.url}/rest/api/2/issue/bulkfetch", json=body, timeout=30).json()
        return (time.process_time() - began) / len(known) * 1000


def more_processes(jira: Jira, store: str, known: Projects, rounds: int) -> Row:
    """Measure one and four worker processes that share a PostgreSQL."""
    threads, rates = 2, dict[int, float]()
    with reconciling(jira, store) as queue:
        for count in (1, 4):
            with workers(jira, store, count, threads=threads):
                work_through(queue.store, known)  # each process opens its connections
                with _latency(jira, 50):
                    measured = [len(known) / work_through(queue.store, known) for _ in range(rounds)]
            rates[count] = statistics.median(measured)
    bound = _bound(NO_OP, 50, 4 * threads)
    return Row(claim="no-ops, 1 → 4 worker processes, 50 ms", figure=rates[4], unit="/s", target=3.5, of_ratio=True,
            limit=rates[1], limit_is=f"one process × {threads} threads",
            note=f"PostgreSQL; {threads} threads each; no code could exceed {bound:.0f}/s",
    )  # fmt: skip


if __name__ == "__main__":
    main(measure)
