"""Claim 4: what deciding costs: `derive` and `plan` of one project, by its number of changes and of sub-tasks.

Pure CPU, in process time. The limit is one JSON round trip of the same facts: what merely reading them once costs.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

from benchmarks import jira as people
from benchmarks import places
from benchmarks.figures import Row, main
from benchmarks.service import reconciling
from mappings import Mapping
from sync_service.jira.gateway import Found
from sync_service.lifecycle.facts import Change, ProjectIssue, SubTask
from sync_service.lifecycle.plan import plan

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
CHANGES, SUBTASKS = (100, 1000, 2000, 4000), (20, 40, 80, 160)


def project() -> Found:
    """Return a project in Requirements as it is read from the sandbox, settled: there is nothing to write."""
    with places.folder() as place, people.jira() as jira:
        made = jira.run(people.begin, 1)
        with reconciling(jira, f"sqlite:///{place / 'core.db'}") as service:
            service.settle(made)
            jira.run(people.work_off, made)
            service.settle(made)
            jira.run(people.move_on, made, "Requirements")
            service.settle(made)
            found = service.gateway.read(made[0][0])
    if not isinstance(found, Found):
        raise TypeError(f"not a project of ours: {found}")
    return found


def grown(issue: ProjectIssue, at: datetime, changes: int, subtasks: int) -> ProjectIssue:
    """Return the project with so many changes and sub-tasks: people kept rewording its goals, and asked questions."""
    more = changes - len(issue.changes)
    edits = [
        Change(id=str(900_000 + n), at=at - timedelta(seconds=more - n), author="tc", field="goals",
               before="a", after="b")
        for n in range(more)
    ]  # fmt: skip
    pattern = issue.subtasks[-1]
    questions = [
        replace(pattern, id=str(800_000 + n), key=f"INT-{800_000 + n}", marker=None, labels=frozenset(), changes=())
        for n in range(subtasks - len(issue.subtasks))
    ]
    return replace(issue, changes=(*issue.changes, *edits), subtasks=(*issue.subtasks, *questions))


def milliseconds(act: Callable[[], object], repeats: int) -> float:
    """Return the median CPU time of something, in milliseconds."""
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        act()
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken)


def measure(quick: bool = False) -> list[Row]:
    """Measure at the sizes of the claim, then how it grows."""
    found = project()
    at, mapping = found.at + timedelta(hours=2), found.mapping
    repeats = 5 if quick else 100

    def cost(changes: int, subtasks: int) -> tuple[float, float]:
        issue = grown(found.issue, at, changes, subtasks)
        return milliseconds(lambda: decided(issue, mapping, at), repeats), milliseconds(lambda: read(issue), repeats)

    spent, reading = cost(1000, 40)
    rows = [
        Row(claim="derive + plan, 1,000 changes, 40 sub-tasks", figure=spent, unit="ms", target=2, at_most=True,
            limit=reading, limit_is="ms for one JSON round trip of the same facts",
            note=f"CPU, median of {repeats}")
    ]  # fmt: skip
    for name, sizes, costs in (
        ("changes, 40 sub-tasks", CHANGES, [cost(n, 40)[0] for n in CHANGES]),
        ("sub-tasks, 1,000 changes", SUBTASKS, [cost(1000, n)[0] for n in SUBTASKS]),
    ):
        listed = ", ".join(f"{size:,}: {each:.2f} ms" for size, each in zip(sizes, costs, strict=True))
        rows.append(
            Row(claim=f"growth from {sizes[1]:,} to {sizes[-1]:,} {name}", figure=costs[-1] / costs[1], unit="×",
                target=1.15, at_most=True, of_ratio=True, limit=sizes[-1] / sizes[1], limit_is="linear", note=listed)
        )  # fmt: skip
    return rows


def decided(issue: ProjectIssue, mapping: Mapping, at: datetime) -> None:
    plan(issue, mapping, at, SINCE)


def read(issue: ProjectIssue) -> object:
    return json.loads(json.dumps(_plain(issue)))


def _plain(issue: ProjectIssue) -> list[object]:
    """Return the facts as JSON knows them; flat, as they come over the wire."""
    return [_facts(change) for change in issue.changes] + [_facts(subtask) for subtask in issue.subtasks]


def _facts(one: Change | SubTask) -> list[str]:
    return [str(value) for value in asdict(one).values()]


if __name__ == "__main__":
    main(measure)
