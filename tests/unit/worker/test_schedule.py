"""Sweep and audit over a sandbox: what changed, what differs and what is gone is looked at; nothing else is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import jira_sandbox
from jira_sandbox import relations
from sync_service.bootstrap import WorkerService, worker_service
from sync_service.config import Settings
from sync_service.errors import Stopping
from sync_service.jira.directory import SiteMismatch
from sync_service.jira.limits import Turns
from sync_service.store import Priority
from sync_service.worker.retry import Later
from sync_service.worker.schedule import start

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[Any]:
    with jira_sandbox.running(flavour=request.param, clock=jira_sandbox.Clock(frozen_at=NOW)) as running:
        yield running


@pytest.fixture
def service(jira: Any, tmp_path: Path) -> Iterator[WorkerService]:
    who = jira.credentials["service"]
    email = {"email": who.email} if jira.site.cloud else {}
    settings = Settings.model_validate(
        {
            "jira": {"url": jira.url, "token": who.token, "requests_per_second": 1e6, **email},
            "store": {"url": f"sqlite:///{tmp_path}/stagegate.db"},
            "lifecycle": {"enforce_since": "2026-01-01"},
        }
    )
    built = worker_service(settings, clock=jira.clock.now, wait=lambda _: None, store_clock=jira.clock.now)
    built.open()
    yield built
    built.close()


def new_project(jira: Any, summary: str = "Acme") -> Any:
    site = jira.site
    with site.lock:
        body = {"project": {"key": "INT"}, "issuetype": {"name": "Integration"}, "summary": summary}
        return jira_sandbox.writing.create(site, jira_sandbox.preset.person(site, "tc"), {"fields": body})


def edit(jira: Any, issue: Any, **fields: Any) -> None:
    with jira.site.lock:
        jira_sandbox.writing.edit(jira.site, jira_sandbox.preset.person(jira.site, "tc"), issue, {"fields": fields})


def settle(service: WorkerService, jira: Any) -> None:
    """Let everything that is due be looked at, with the look that follows our own writes."""
    service.worker.drain()
    jira.clock.advance(minutes=1)


def test_the_first_sweep_looks_at_every_project(jira: Any, service: WorkerService) -> None:
    first, second = new_project(jira), new_project(jira)
    assert service.schedule.sweep() == 2
    settle(service, jira)
    assert all(jira.site.subtasks(issue) for issue in (first, second))


def test_a_sweep_looks_at_what_changed_since_the_last_one(jira: Any, service: WorkerService) -> None:
    changed, _ = new_project(jira), new_project(jira)
    service.schedule.sweep()
    settle(service, jira)
    jira.clock.advance(hours=1)
    service.schedule.sweep()
    settle(service, jira)
    jira.clock.advance(hours=1)
    edit(jira, jira.site.subtasks(changed)[0], summary="renamed")
    service.schedule.sweep()
    assert due(service) == {changed.key}


@pytest.mark.parametrize("job", ["sweep", "audit"])
def test_a_project_in_disorder_hinders_no_other(jira: Any, service: WorkerService, job: str) -> None:
    (mapping,) = service.gateway.mappings.values()
    absent = mapping.model_copy(update={"jira": mapping.jira.model_copy(update={"project": "NONE"})})
    service.gateway.mappings = {"NONE": absent, "INT": mapping}
    issue = new_project(jira)
    with pytest.raises(SiteMismatch, match="NONE: there is no such project"):
        getattr(service.schedule, job)()
    assert due(service) == {issue.key}


def test_a_sweep_heals_a_week_without_webhooks(jira: Any, service: WorkerService) -> None:
    service.schedule.sweep()
    jira.clock.advance(days=7)
    missed = new_project(jira)
    service.schedule.sweep()
    settle(service, jira)
    assert len(jira.site.subtasks(missed)) == 3


def due(service: WorkerService) -> set[str]:
    claims = service.store.queue.claim(100, owner="test", lease=timedelta(minutes=1))
    service.store.queue.release("test")
    return {claim.label for claim in claims}


def audited(service: WorkerService, jira: Any) -> None:
    """Audit until everything has been seen closely after our own writes."""
    for _ in range(2):
        service.schedule.audit()
        settle(service, jira)


def test_an_audit_of_an_unchanged_portfolio_asks_for_nothing_and_costs_next_to_nothing(
    jira: Any, service: WorkerService
) -> None:
    for number in range(40):
        new_project(jira, f"Project {number}")
    audited(service, jira)
    jira.requests.reset()
    assert service.schedule.audit() == 0
    calls = jira.requests.total(caller="service")
    assert not jira.site.cloud or calls <= 0.1 * 40


def test_an_audit_finds_what_differs(jira: Any, service: WorkerService) -> None:
    same, changed, deleted = (new_project(jira, name) for name in ("same", "changed", "deleted"))
    audited(service, jira)
    with jira.site.lock:
        admin = jira_sandbox.preset.person(jira.site, "admin")
        relations.delete(jira.site, admin, jira.site.subtasks(changed)[0], with_subtasks=False)
        relations.delete(jira.site, admin, deleted, with_subtasks=True)
    service.schedule.audit()
    assert service.store.queue.depth().due == 2
    settle(service, jira)
    assert len(jira.site.subtasks(changed)) == 3
    assert service.store.projections.get(str(deleted.id)) is None
    assert service.store.projections.get(str(same.id)) is not None


def test_a_tick_fires_once_for_all_replicas(service: WorkerService) -> None:
    fired: list[int] = []

    def job() -> int:
        fired.append(1)
        return 0

    for at in (NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=15)):
        service.schedule.once("sweep", job, at, timedelta(minutes=15))
    assert len(fired) == 2


def test_a_job_that_fails_is_told_and_does_not_end_the_schedule(jira: Any, service: WorkerService) -> None:
    jira.faults.add(jira_sandbox.Fault(action="status", status=503, path="search"))
    service.schedule.once("sweep", service.schedule.sweep, NOW, timedelta(minutes=15))
    jira.faults.clear()
    new_project(jira)
    service.schedule.once("sweep", service.schedule.sweep, NOW + timedelta(minutes=15), timedelta(minutes=15))
    assert service.store.queue.depth().waiting == 1


def test_a_job_leaves_the_next_turns_to_live_events(jira: Any, service: WorkerService) -> None:
    turns = Turns(service.store.traffic, 0.1, jira.clock.now)
    taken: list[float | None] = []

    def job() -> int:
        taken.append(turns.take())
        return 0

    service.schedule.once("sweep", job, NOW, timedelta(minutes=15))
    job()
    assert taken[0] is None
    assert taken[1] is not None


@contextmanager
def told_to_end(jira: Any, service: WorkerService) -> Iterator[WorkerService]:
    """Another worker on the same database that is told to end while it waits for its turn."""

    def wait(_seconds: float) -> None:
        raise Stopping("the process was told to end")

    with slow(jira, service, wait) as another:
        yield another


@contextmanager
def slow(jira: Any, service: WorkerService, wait: Callable[[float], None]) -> Iterator[WorkerService]:
    """Another worker on the same database, with one turn in ten seconds."""
    tenth = service.settings.jira.model_copy(update={"requests_per_second": 0.1})
    settings = service.settings.model_copy(update={"jira": tenth})
    another = worker_service(settings, clock=jira.clock.now, wait=wait, store_clock=jira.clock.now)
    yield another
    another.close()


def test_a_look_that_waits_for_its_turn_ends_with_the_process_and_the_issue_stays_due(
    jira: Any, service: WorkerService
) -> None:
    issue = new_project(jira)
    service.store.queue.put([(str(issue.id), issue.key)], priority=Priority.LIVE)
    claim = service.store.queue.claim(1, owner="w2", lease=timedelta(minutes=2))[0]
    with told_to_end(jira, service) as another:
        outcomes = [another.reconciler.look(claim, lambda: True) for _ in range(2)]
    assert outcomes[-1] == Later(after=timedelta(0), why="the process ends", broken_off=True)
    assert jira.site.subtasks(issue) == []


def test_a_look_whose_lease_is_lost_breaks_off_before_its_first_write(jira: Any, service: WorkerService) -> None:
    issue = new_project(jira)
    service.store.queue.put([(str(issue.id), issue.key)], priority=Priority.LIVE)
    claim = service.store.queue.claim(1, owner="w2", lease=timedelta(minutes=2))[0]
    outcome = service.reconciler.look(claim, lambda: False)
    assert outcome == Later(after=timedelta(0), why="the lease was lost", broken_off=True)
    assert jira.site.subtasks(issue) == []


def written(jira: Any) -> int:
    """How many requests that write the service has sent."""
    sent = jira.requests.by_operation(caller="service")
    reads = ("GET", "search", "bulkfetch")
    return sum(count for name, count in sent.items() if not any(read in name for read in reads))


def test_whenever_the_lease_is_lost_while_a_request_waits_for_its_turn_nothing_is_written_any_more(
    jira: Any, service: WorkerService
) -> None:
    """The host is suspended during the first wait, the second and so on, and another takes the issue over meanwhile."""
    left = 0
    losses: list[int] = []

    def wait(seconds: float) -> None:
        nonlocal left
        jira.clock.advance(seconds=seconds)
        left -= 1
        if left == 0:
            losses.append(written(jira))

    def still_mine() -> bool:
        return left > 0

    with slow(jira, service, wait) as another:
        another.open()
        for suspended in range(1, 30):
            issue, before, left = new_project(jira), written(jira), suspended
            service.store.queue.put([(str(issue.id), issue.key)], priority=Priority.LIVE)
            claim = service.store.queue.claim(1, owner="w2", lease=timedelta(minutes=2))[0]
            outcome = another.reconciler.look(claim, still_mine)
            if left > 0:
                break
            assert written(jira) == losses[-1]
            last = outcome
    assert last == Later(after=timedelta(0), why="the lease was lost", broken_off=True)
    assert written(jira) - before >= 2, "a look that lost nothing wrote sub-tasks and the record"


def test_a_sweep_that_waits_for_its_turn_ends_with_the_process(jira: Any, service: WorkerService) -> None:
    with told_to_end(jira, service) as another:
        another.schedule.once("sweep", another.schedule.sweep, NOW, timedelta(minutes=15))
    assert service.store.queue.depth().waiting == 0


def test_what_is_old_is_forgotten(service: WorkerService, jira: Any) -> None:
    service.store.marks.once("tick:sweep:1")
    jira.clock.advance(days=500)
    assert service.schedule.prune() >= 1
    assert service.store.marks.once("tick:sweep:1")


def test_the_scheduler_sweeps_at_its_start(jira: Any, service: WorkerService) -> None:
    new_project(jira)
    stop = start(service.schedule, lambda: None, clock=lambda: datetime.now(UTC), sweep_minutes=15, audit_hour=3)
    try:
        assert service.store.queue.wait(timedelta(seconds=10))
    finally:
        stop()
    assert service.store.queue.depth().due == 1
