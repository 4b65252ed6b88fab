"""Claim 9: what 2,000 projects take: the console's board, and every report on one HTML page."""

import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from benchmarks import places
from benchmarks.figures import Row, main, seconds
from sync_service.commands.reporting import give, tell
from sync_service.reports import Selection, read
from sync_service.store import Entry, Store, open_store
from tests.unit.console.visitors import READER, Visitor
from tests.unit.reports.portfolios import MAPPINGS, NOW, PAYTRONIX, played

DIFFERENT = 300
"""How many projects are played; with more, they repeat."""


def measure(quick: bool = False) -> list[Row]:
    """Measure board and report on one store."""
    count = 100 if quick else 2_000
    with places.folder() as place, open_store(f"sqlite:///{place / 'many.db'}", clock=lambda: NOW) as store:
        fill(store, count)
        return [*board(store, count, 3 if quick else 20), *report(store, count, place)]


def fill(store: Store, count: int) -> None:
    """Put projects into the store as looks at them would have."""
    store.migrate()
    entries: list[Entry] = []
    for number, (seen, answers) in enumerate(islice(cycle([*played(DIFFERENT)]), count), 1):
        own = {"key": f"INT-{number}", "issue_id": str(number)}
        store.projections.put(replace(seen, **own))
        entries += [replace(entry, **own) for entry in answers]
    store.ledger.write(entries)


def board(store: Store, count: int, rounds: int) -> list[Row]:
    """Measure the board's first answer after a start, when every state is read, and those that follow."""
    visitor = Visitor(store).signs_in(READER)

    def open_board() -> None:
        answer = visitor.get("/")
        if answer.status_code != 200 or "INT-" not in answer.text:
            raise RuntimeError(f"this is no board: {answer.text[:200]}")

    first = seconds(open_board)
    later = [seconds(open_board) for _ in range(rounds)]
    return [
        Row(claim=f"board of {count:,} projects", figure=statistics.median(later), unit="s", target=0.3, at_most=True,
            note=f"median of {rounds}; the first one after a start: {first:.2f} s")
    ]  # fmt: skip


def report(store: Store, count: int, place: Path) -> list[Row]:
    """Measure the page of every report, and what is held in memory of each project for it."""
    began = time.process_time()
    reports, context = tell(store, [PAYTRONIX], Selection(), (), site="", progress=_silent)
    give(reports, context, style="html", output=place / "report.html", say=lambda _: None)
    spent = time.process_time() - began
    tracemalloc.start()
    read(store, MAPPINGS, Selection(), NOW)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = (place / "report.html").stat().st_size / 1e6
    return [
        Row(claim=f"HTML report of {count:,} projects", figure=spent, unit="s CPU", target=20, at_most=True,
            note=f"every report on one page of {size:.1f} MB"),
        Row(claim="memory of a project while reports are made", figure=peak / count / 1000, unit="kB", target=20,
            at_most=True, note=f"the highest, over {count:,} projects"),
    ]  # fmt: skip


@contextmanager
def _silent(_what: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda _count: None


if __name__ == "__main__":
    main(measure)
