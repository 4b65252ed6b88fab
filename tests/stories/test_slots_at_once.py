"""Two projects that ask at once never get the same last place."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest

from jira_sandbox import Clock
from mappings import Mapping, load
from sync_service.lifecycle.slots import next_free_slot, round_days
from sync_service.store import Booking, Store, open_store
from tests.stories.running import StoryService
from tests.stories.team import Team
from tests.stories.test_slots import ONE_PLACE, in_certification, start_of

MONDAY = date(2026, 3, 9)
RUNS, PROJECTS, PLACES, THREADS = 20, 50, 10, 8


def test_fifty_projects_at_once_for_ten_places(tmp_path: Path) -> None:
    """Ten places until the season closes; whoever finds none gets none."""
    mapping = _with_ten_places()
    with open_store(f"sqlite:///{tmp_path / 'slots.db'}", durable=False) as store:
        store.migrate()
        for run in range(RUNS):
            given = _ask_at_once(store, mapping, f"run-{run}")
            assert len(given) == PLACES, run
            occupied = Counter(day for start in given for day in _days(mapping, start))
            assert max(occupied.values()) == _capacity(mapping).parallel_rounds
            assert len(store.slots.all(f"run-{run}")) == PLACES


def _with_ten_places() -> Mapping:
    """Two rounds side by side, five weeks long: ten places."""
    mapping = load("paytronix")
    assert mapping.certification is not None
    capacity = mapping.certification.capacity.model_copy(update={"parallel_rounds": 2, "seasons": ()})
    return mapping.model_copy(update={"certification": mapping.certification.model_copy(update={"capacity": capacity})})


def _capacity(mapping: Mapping):  # type: ignore[no-untyped-def]
    assert mapping.certification is not None
    return mapping.certification.capacity


def _days(mapping: Mapping, start: date) -> tuple[date, ...]:
    return round_days(mapping.calendar, _capacity(mapping), start)


def _ask_at_once(store: Store, mapping: Mapping, calendar: str) -> list[date]:
    last = date(2026, 4, 6)  # the fifth Monday

    def choose(others: tuple[Booking, ...]) -> date | None:
        free = next_free_slot(mapping.calendar, _capacity(mapping), [other.start for other in others], MONDAY)
        return free if free is not None and free <= last else None

    ready = Barrier(THREADS)

    def ask(asker: int) -> list[date | None]:
        ready.wait()
        return [
            store.slots.reserve(calendar, f"project-{number}", choose) for number in range(asker, PROJECTS, THREADS)
        ]

    with ThreadPoolExecutor(THREADS) as pool:
        return [start for starts in pool.map(ask, range(THREADS)) for start in starts if start is not None]


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_two_workers_at_once_give_every_place_once(team: Team, service: StoryService, clock: Clock) -> None:
    projects = in_certification(team, 6)
    for project in projects:
        project.step("notify").done_by(team.people["integrator"])
    assert service.jira.webhooks.wait_idle()
    ready = Barrier(2)
    other = service.another()

    def work(worker) -> None:  # type: ignore[no-untyped-def]
        ready.wait()
        worker.drain()

    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, (service.running.worker, other.worker)))
    finally:
        other.close()
    service.catches_up()

    starts = [start_of(project) for project in projects]
    assert None not in starts
    assert len(set(starts)) == len(projects)
