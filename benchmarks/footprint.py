"""Claim 7: how quickly the command answers, what `stagegate run` holds in memory, what an installation weighs."""

import re
import statistics
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from benchmarks import jira as people
from benchmarks import places
from benchmarks.figures import Row, main, seconds

OURS = "jira-stagegate"


def measure(quick: bool = False) -> list[Row]:
    """Measure all three."""
    rows = [help_time(3 if quick else 15)]
    with people.jira() as jira, places.folder() as place, places.running(place, jira.settings) as run:
        memory = places.proportional_memory(run.pid)
        processes = len(places.family(run.pid))
    bare = _bare_memory()
    rows.append(
        Row(claim="memory of `stagegate run`, idle", figure=memory, unit="MB", target=120, at_most=True,
            limit=bare, limit_is="MB: one Python that has imported flask, sqlalchemy, pydantic, requests, jira",
            note=f"{processes} processes together, proportional set size")
    )  # fmt: skip
    own, all_together, count = installed()
    rows.append(
        Row(claim="installed size", figure=all_together, unit="MB", limit=own, limit_is="MB: our own files",
            note=f"with {count} distributions that it needs, PostgreSQL's driver included", compared=False)
    )  # fmt: skip
    return rows


def help_time(rounds: int) -> Row:
    """Measure `stagegate --help`, beside a Python that does nothing."""
    ours, bare = [], []
    for _ in range(rounds):
        bare.append(_run("-c", "pass"))
        ours.append(_run("-m", "sync_service.cli", "--help"))
    return Row(claim="`stagegate --help`", figure=statistics.median(ours), unit="s", target=0.3, at_most=True,
               limit=statistics.median(bare), limit_is="s: python -c pass", note=f"median of {rounds}")  # fmt: skip


def _run(*words: str) -> float:
    return seconds(lambda: subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL))


def _bare_memory() -> float:
    code = "import flask, sqlalchemy, pydantic, requests, jira, sys; print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
        assert bare.stdout is not None
        bare.stdout.readline()
        memory = places.proportional_memory(bare.pid)
        bare.communicate()
    return memory


def installed() -> tuple[float, float, int]:
    """Return the megabytes of our own files, of those with all that they need, and how many distributions that is."""
    root = Path(__file__).resolve().parent.parent
    own = sum(
        path.stat().st_size
        for room in ("sync_service", "webhooks", "mappings", "jira_sandbox")
        for path in (root / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    needed = _needed(OURS, set())
    weight = sum(_weight(name) for name in needed - {OURS})
    return own / 1e6, (own + weight) / 1e6, len(needed) - 1


def _needed(name: str, known: set[str]) -> set[str]:
    """Return the distributions that one needs here, itself included."""
    if name in known:
        return known
    try:
        requires = distribution(name).requires or []
    except PackageNotFoundError:  # for another platform
        return known
    known.add(name)
    for text in requires:
        named = re.match(r"[A-Za-z0-9._-]+", text)
        wanted = "extra ==" not in text or (name == "psycopg" and "'binary'" in text.replace('"', "'"))
        if named and wanted:
            _needed(named[0].lower().replace("_", "-"), known)
    return known


def _weight(name: str) -> int:
    files = distribution(name).files or []
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file())


if __name__ == "__main__":
    main(measure)
