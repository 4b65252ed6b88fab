"""Claim 8: what an installation costs as it grows: one event, a sweep and an audit, by how many projects are known.

One event is measured on SQLite with so many projects in the store: `projection` (written directly, as a look at each
would leave it), a delivery in the inbox and, for each tenth, a booked slot; the sandbox holds only those looked at.
Sweep and audit are measured against as many issues as the sandbox really holds.
"""

import statistics
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import create_engine, insert

from benchmarks import jira as people
from benchmarks import places
from benchmarks.figures import Row, main
from benchmarks.jira import Jira
from benchmarks.reconcile import in_requirements
from benchmarks.service import Projects, Reconciling, reconciling
from sync_service.store import Projection, Store
from sync_service.store.projections import _row
from sync_service.store.schema import inbox, projection, slot

KNOWN = (1_000, 10_000, 100_000)
HELD = (500, 1_000, 2_000)
"""How many issues the sandbox holds for sweep and audit."""

MONDAY = date(2026, 3, 2)


def measure(quick: bool = False) -> list[Row]:
    """Measure one event, then sweep and audit."""
    known, held = ((100, 1_000), (20, 40)) if quick else (KNOWN, HELD)
    rows = []
    with places.folder() as place, people.jira() as jira:
        rows.append(one_event(jira, place, known, 2 if quick else 20))
    with places.folder() as place, people.jira() as jira, reconciling(jira, f"sqlite:///{place / 'a.db'}") as service:
        rows += sweep_and_audit(jira, service, held)
    return rows


def one_event(jira: Jira, place: Path, sizes: tuple[int, ...], each: int) -> Row:
    """Measure the CPU of a look that an event leads to, with so many other projects known."""
    costs: list[float] = []
    url = f"sqlite:///{place / 'growth.db'}"
    with reconciling(jira, url) as service:
        looked_at = in_requirements(jira, service, each)
        service.settle(looked_at)
        pattern = service.store.projections.get(looked_at[0][0])
        if pattern is None:
            raise RuntimeError("the look left no projection")
        present = 0
        for size in sizes:
            fill(url, pattern, present, size)
            present = size
            costs.append(event_cost(service, looked_at))
    listed = ", ".join(f"{size:,}: {cost:.2f} ms" for size, cost in zip(sizes, costs, strict=True))
    return Row(
        claim=f"one event with {sizes[-1]:,} projects known", figure=costs[-1], unit="ms CPU", target=1.2, at_most=True,
        of_ratio=True, limit=costs[0], limit_is=f"with {sizes[0]:,}: flat", note=listed,
    )  # fmt: skip


def fill(url: str, pattern: Projection, first: int, last: int) -> None:
    """Write projections, deliveries and, for each tenth, a booking, as looks at so many projects would have."""
    engine = create_engine(url)
    yesterday = round((time.time() - 86_400) * 1000)
    numbers = range(first, last)
    seen = [_row(replace(pattern, issue_id=f"9{n:07}", key=f"OLD-{n}")) for n in numbers]
    booked = [
        {"issue_id": f"9{n:07}", "mapping": pattern.mapping, "start": MONDAY + timedelta(days=n // 100), "at": 0}
        for n in numbers[::10]
    ]
    came = [
        {"delivery_id": f"old-{n}", "issue_id": f"9{n:07}", "event": "e", "received_at": yesterday + n, "body": b"{}"}
        for n in numbers
    ]
    with engine.begin() as connection:
        connection.execute(insert(inbox), came)
        connection.execute(insert(projection), seen)
        connection.execute(insert(slot), booked)
    engine.dispose()


def event_cost(service: Reconciling, projects: Projects) -> float:
    """Return the CPU milliseconds of one look, the median of five rounds."""
    taken = []
    for _ in range(5):
        began = time.process_time()
        service.settle(projects)
        taken.append((time.process_time() - began) / len(projects) * 1000)
    return statistics.median(taken)


def sweep_and_audit(jira: Jira, service: Reconciling, sizes: tuple[int, ...]) -> list[Row]:
    """Measure a sweep after ten projects changed, and an audit of projects that are as they were."""
    sweeps, audits, asked = [], [], []
    held = 0
    for size in sizes:
        made = jira.run(people.begin, size - held)
        held = size
        known(service.store, service)
        jira.run(people.later, 30)
        service.schedule.sweep()  # sets the watermark
        jira.run(people.later, 30)
        jira.run(people.touch, [identity for identity, _ in made[:10]])
        jira.run(people.calls)
        sweeps.append((service.schedule.sweep(), sum(jira.run(people.calls).values())))
        began = time.process_time()
        if looks := service.schedule.audit() - 10:
            raise RuntimeError(f"an audit of unchanged projects asked for {looks + 10} looks, not for 10")
        audits.append((time.process_time() - began) * 1000)
        asked.append(sum(jira.run(people.calls).values()))
    growth = audits[-1] / audits[0]
    each = ", ".join(f"{size:,}: {spent / size:.2f} ms CPU and {calls / size:.3f} requests a project"
                     for size, spent, calls in zip(sizes, audits, asked, strict=True))  # fmt: skip
    found = ", ".join(f"{size:,}: {looks} looks, {calls} request(s)"
                      for size, (looks, calls) in zip(sizes, sweeps, strict=True))  # fmt: skip
    return [
        Row(claim=f"sweep of {sizes[-1]:,} projects, 10 changed", figure=sweeps[-1][0], unit="looks", target=1,
            at_most=True, of_ratio=True, limit=10, limit_is="what changed", note=found),
        Row(claim=f"audit, from {sizes[0]:,} to {sizes[-1]:,} projects", figure=growth, unit="× CPU", target=1.25,
            at_most=True, of_ratio=True, limit=sizes[-1] / sizes[0], limit_is="linear", note=each),
    ]  # fmt: skip


def known(store: Store, service: Reconciling) -> None:
    """Let the store know every issue of the sandbox as it is now, as looks would leave it; empty the queue."""
    for mapping in service.gateway.mappings.values():
        for identity, key, fingerprint in service.gateway.portfolio(mapping):
            store.projections.put(
                Projection(issue_id=identity, key=key, mapping=mapping.name, stage="discovery",
                           fingerprint=fingerprint, state={}, at=store.now())
            )  # fmt: skip


if __name__ == "__main__":
    main(measure)
