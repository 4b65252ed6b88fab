"""Claim 6: from a person's deed in Jira to Jira changed by the service, at 20 deeds a second for a minute.

`stagegate run` on SQLite and the sandbox, each a process of its own, on the same two cores. A deed is a step finished,
or taken up again: a webhook, two reads, and the record written. The time is the sandbox's: from the end of the deed,
before its webhook is sent, to the end of the next write of the service to that project. The limit is what one webhook
and three requests take by themselves, one after the other, on the same machine while nothing else goes on.
"""

import statistics
import threading
import time

from benchmarks import jira as people
from benchmarks import places
from benchmarks.figures import Row, main, percentile
from tests.ports import free_port

A_SECOND = 20
PROJECTS = 240


def measure(quick: bool = False) -> list[Row]:
    """Measure a minute of deeds."""
    lasting = 3.0 if quick else 60.0
    port = free_port()
    with (
        places.folder() as place,
        people.jira(webhook_url=f"http://127.0.0.1:{port}/webhooks/jira") as jira,
        places.running(place, jira.settings, port=port, settle=2),
    ):
        made = jira.run(people.begin, 20 if quick else PROJECTS)
        _quiet(jira, 5)
        alone = [_one(jira, made[0][0]) for _ in range(5)]
        deeds = jira.run(people.play, [one for one, _ in made], a_second=A_SECOND, lasting=lasting)
        _quiet(jira, 4)
        changed = jira.run(people.writes)
    waits, lost = answered(deeds, changed)
    note = f"{len(deeds)} deeds on {len(made)} projects, {lost} shared a write with another or needed none"
    limit, limit_is = statistics.median(alone), "s alone, nothing else going on"
    return [
        Row(claim="end to end, p50", figure=percentile(waits, 0.5), unit="s", target=0.5, at_most=True,
            note=note, limit=limit, limit_is=limit_is),
        Row(claim="end to end, p99", figure=percentile(waits, 0.99), unit="s", target=2, at_most=True,
            note=f"longest {max(waits):.2f} s", limit=limit, limit_is=limit_is, compared=False),
    ]  # fmt: skip


def answered(deeds: list[tuple[str, float]], changed: dict[str, list[float]]) -> tuple[list[float], int]:
    """Return how long each deed waited for the next write to its project, and how many shared one or had none."""
    waits, shared = [], 0
    used: set[tuple[str, float]] = set()
    for identity, at in deeds:
        then = next((moment for moment in sorted(changed.get(identity, ())) if moment > at), None)
        if then is None or (identity, then) in used:
            shared += 1
            continue
        used.add((identity, then))
        waits.append(then - at)
    return waits, shared


def _one(jira: people.Jira, identity: str) -> float:
    at = jira.run(people.toggle, identity)
    places.until(lambda: any(then > at for then in jira.run(people.writes).get(identity, ())), "the service's answer")
    return next(then for then in jira.run(people.writes)[identity] if then > at) - at


def _quiet(jira: people.Jira, lasting: float) -> None:
    """Wait until the service has asked nothing for so many seconds."""
    last = time.monotonic()
    while time.monotonic() - last < lasting:
        threading.Event().wait(0.25)
        if jira.run(people.calls):
            last = time.monotonic()


if __name__ == "__main__":
    main(measure)
