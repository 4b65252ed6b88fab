"""Every benchmark, one after the other: `make bench` keeps the results, `make bench-check` compares ratios with them.

A regression is a ratio that is worse than the kept one by more than a third: ratios hold on any machine and beside
other work, times don't.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import calls, core, end_to_end, footprint, growth, intake, portfolio, queue, reconcile
from benchmarks.figures import Measure, Row, commit, machine, table

KEPT = Path(__file__).with_name("results.json")
TOLD = Path(__file__).with_name("RESULTS.md")
CLAIMS: dict[str, Measure] = {
    "1. Intake": intake.measure,
    "2. Reconcile": reconcile.measure,
    "3. Calls": calls.measure,
    "4. Core": core.measure,
    "5. Queue": queue.measure,
    "6. End to end": end_to_end.measure,
    "7. Footprint": footprint.measure,
    "8. Growth": growth.measure,
    "9. Portfolio": portfolio.measure,
}
WORSE_BY = 4 / 3
HEADING = """\
# Results

Written by `make bench`. A ratio sets a figure beside its limit, measured in the same run: read ratios rather than
times, since other work may go on on the machine. What is missed, why, and what was tried: the last section.
"""
REMARKS = "## What is missed, and why"


@dataclass(frozen=True, slots=True)
class Measured:
    """One claim's rows, on what they were measured, and of which commit."""

    rows: list[Row]
    machine: str
    commit: str
    seconds: float


def measure(named: list[str], *, quick: bool, keeping: bool) -> dict[str, Measured]:
    """Run the benchmarks whose titles contain one of these words, or all; print and keep each at once."""
    done = {}
    for title, benchmark in CLAIMS.items():
        if named and not any(word.lower() in title.lower() for word in named):
            continue
        began, on = time.monotonic(), machine()
        rows = benchmark(quick)
        done[title] = Measured(rows, on, commit(), time.monotonic() - began)
        print(f"\n## {title}\n\n{table(rows)}\n\n{on}", flush=True)
        if keeping:
            keep({title: done[title]})
    return done


def kept() -> dict[str, Measured]:
    """Read the results that are kept."""
    if not KEPT.exists():
        return {}
    sections = json.loads(KEPT.read_text())
    return {
        title: Measured(**section | {"rows": [Row(**row) for row in section["rows"]]})
        for title, section in sections.items()
    }


def keep(done: dict[str, Measured]) -> None:
    """Put results in the place of the kept ones; what was remarked by hand below the tables stays."""
    everything = kept() | done
    ordered = {title: everything[title] for title in CLAIMS if title in everything}
    KEPT.write_text(json.dumps({title: asdict(one) for title, one in ordered.items()}, indent=1) + "\n")
    remarks = TOLD.read_text().partition(REMARKS)[2] if TOLD.exists() else "\n"
    parts = [HEADING.strip()]
    for title, one in ordered.items():
        where = f"On {one.machine}; commit {one.commit}; took {one.seconds:.0f} s."
        parts.append(f"## {title}\n\n{table(one.rows)}\n\n{where}")
    TOLD.write_text("\n\n".join(parts) + f"\n\n{REMARKS}{remarks}")


def compare(done: dict[str, Measured]) -> list[str]:
    """Tell which ratios are worse than the kept ones by more than a third."""
    before = {row.claim: row.ratio for one in kept().values() for row in one.rows}
    worse = []
    for row in (row for one in done.values() for row in one.rows):
        was = before.get(row.claim)
        if was and row.ratio and row.compared:
            change = row.ratio / was if row.at_most else was / row.ratio
            if change > WORSE_BY:
                worse.append(f"{row.claim}: the ratio is {row.ratio:.2f}, it was {was:.2f}")
    return worse


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("claims", nargs="*", help="words of titles, such as `intake core`; all if none")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that it runs, not how fast")
    parser.add_argument("--check", action="store_true", help="compare ratios with the kept ones; keeps nothing")
    given = parser.parse_args()
    began = time.monotonic()
    done = measure(given.claims, quick=given.quick, keeping=not (given.quick or given.check))
    print(f"\n{time.monotonic() - began:.0f} s in all; commit {commit()}")
    if given.check:
        worse = compare(done)
        print("\n".join(worse) or "No ratio is worse than it was.")
        sys.exit(bool(worse))
    missed = [row.claim for one in done.values() for row in one.rows if row.met is False]
    print(f"Missed: {'; '.join(missed)}" if missed else "Every target is met.")


if __name__ == "__main__":
    main()
