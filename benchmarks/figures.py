"""A figure with its target and its limit, measured in the same run; and how a table of them is printed."""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One claim's figure.

    `target` is a bound of `figure` itself, or of its ratio to `limit` where there is one (`of_ratio`). `limit` is what
    the same machine did in the same run without us, or what no code could go below. `compared` tells whether the ratio
    says enough to be held against an earlier run's.
    """

    claim: str
    figure: float
    unit: str
    target: float | None = None
    at_most: bool = False
    of_ratio: bool = False
    limit: float | None = None
    limit_is: str = ""
    note: str = ""
    compared: bool = True

    @property
    def ratio(self) -> float | None:
        """The figure over its limit."""
        return self.figure / self.limit if self.limit else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        reached = self.ratio if self.of_ratio else self.figure
        assert reached is not None, f"{self.claim}: a target of a ratio needs a limit"
        return reached <= self.target if self.at_most else reached >= self.target

    def cells(self) -> tuple[str, ...]:
        """The row as the table shows it."""
        bound = "" if self.target is None else f"{'≤' if self.at_most else '≥'} {short(self.target)}"
        target = f"{bound} × limit" if bound and self.of_ratio else f"{bound} {self.unit}".rstrip() if bound else ""
        limit = "" if self.limit is None else f"{short(self.limit)} ({self.limit_is})"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        verdict = {None: "", True: "met", False: "**missed**"}[self.met]
        return self.claim, f"{short(self.figure)} {self.unit}".rstrip(), target, limit, ratio, verdict, self.note


HEAD = ("claim", "figure", "target", "limit, same run", "ratio", "", "how")

Measure = Callable[[bool], list[Row]]
"""A benchmark: `quick` asks for tiny sizes, to see that it runs."""


def short(number: float) -> str:
    """Write a number with three figures that count."""
    if number == 0 or number >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def table(rows: Iterable[Row]) -> str:
    """Write rows as a Markdown table that is also legible as it stands."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    written = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([written[0], rule, *written[1:]])


def machine() -> str:
    """Tell what was measured on, and how busy it was with other work."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    memory = next((int(line.split()[1]) // 2**20 for line in _lines("/proc/meminfo") if "MemTotal" in line), 0)
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({model}), {memory} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load average {load} at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    )


def commit() -> str:
    """Tell the commit that was measured, and whether files differed from it."""

    def git(*words: str) -> str:
        answer = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        return answer.stdout.strip()

    changed = git("status", "--porcelain", "--", "sync_service", "webhooks", "mappings", "jira_sandbox", "benchmarks")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes not yet committed" if changed else "")


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def median_of(rounds: int, measured: Callable[[], float]) -> float:
    """Return the median of repeated measurements."""
    return statistics.median(measured() for _ in range(rounds))


def seconds(act: Callable[[], object]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def percentile(numbers: Sequence[float], share: float) -> float:
    """Return the number that a share (0 to 1) of all don't exceed."""
    ordered = sorted(numbers)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def main(measure: Measure) -> None:
    """Run one benchmark alone and print its table; exit 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=sys.modules[measure.__module__].__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that it runs, not how fast")
    rows = measure(parser.parse_args().quick)
    print(f"{table(rows)}\n\n{machine()}; commit {commit()}")
    sys.exit(any(row.met is False for row in rows))
