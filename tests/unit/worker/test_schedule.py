"""Sweep and audit over a sandbox: what changed, what differs and what is gone is looked at; nothing else is."""

import time
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
from sync_service.jira.limits import Turns
from sync_service.store import Priority
from sync_service.worker.retry import Later
from sync_service.worker.schedule import TICK_PATIENCE, ProjectsLeftOut, scheduler_of

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
    with pytest.raises(ProjectsLeftOut, match="NONE: there is no such project"):
        getattr(service.schedule, job)()
    assert due(service) == {issue.key}


def test_a_sweep_heals_a_week_without_webhooks(jira: Any, service: WorkerService) -> None:
    service.schedule.sweep()
    jira.clock.advance(days=7)
    missed = new_project(jira)
    service.schedule.sweep()
    settle(service, jira)
    assert len(jira.site.subtasks(missed)) == 3


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_a_sweep_misses_nothing_whatever_time_zone_the_account_is_given(
    jira: Any, service: WorkerService, zone: str
) -> None:
    service.schedule.sweep()
    jira.clock.advance(minutes=30)
    jira_sandbox.preset.person(jira.site, "service").time_zone = zone
    missed = new_project(jira)
    assert service.schedule.sweep() == 1
    assert due(service) == {missed.key}
    jira.clock.advance(hours=1)
    service.schedule.sweep()
    jira.clock.advance(hours=1)
    assert service.schedule.sweep() == 0


class Between:
    """Lets something happen once the first page of a search has been read."""

    def __init__(self, service: WorkerService, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
        call, self.pages = service.client.call, 0

        def watched(operation: str, *arguments: Any, **more: Any) -> Any:
            reply = call(operation, *arguments, **more)
            if operation.startswith("POST search"):
                self.pages += 1
                happens() if self.pages == 1 else None
            return reply

        monkeypatch.setattr(service.client, "call", watched)


def backlog(jira: Any, service: WorkerService) -> list[Any]:
    """More than a page of projects, one a minute, of which no webhook has told."""
    service.schedule.sweep()
    issues = []
    for number in range(150):
        issues.append(new_project(jira, f"Project {number}"))
        jira.clock.advance(minutes=1)
    return issues


def test_people_may_work_while_a_sweep_reads_its_pages(
    jira: Any, service: WorkerService, monkeypatch: pytest.MonkeyPatch
) -> None:
    issues = backlog(jira, service)
    between = Between(service, monkeypatch, lambda: edit(jira, issues[3], summary="edited meanwhile"))
    service.schedule.sweep()
    jira.clock.advance(minutes=15)
    service.schedule.sweep()
    assert between.pages > 2
    assert due_of(service, 200) == {issue.key for issue in issues}


def test_time_may_pass_while_a_sweep_reads_its_pages(
    jira: Any, service: WorkerService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the span begins later for the second page than for the first."""
    for number in range(10):
        new_project(jira, f"At the span's beginning {number}")
    jira.clock.advance(minutes=12)
    issues = backlog(jira, service)
    between = Between(service, monkeypatch, lambda: jira.clock.advance(minutes=4))
    service.schedule.sweep()
    assert between.pages == 2
    assert due_of(service, 200) >= {issue.key for issue in issues}


def test_a_search_that_took_too_long_is_made_again_for_the_same_time(
    jira: Any, service: WorkerService, monkeypatch: pytest.MonkeyPatch
) -> None:
    issues = backlog(jira, service)
    Between(service, monkeypatch, lambda: jira.clock.advance(minutes=40))
    service.schedule.sweep()
    missed = {issue.key for issue in issues} - due_of(service, 200)
    assert missed
    jira.clock.advance(minutes=15)
    service.schedule.sweep()
    assert due_of(service, 200) == {issue.key for issue in issues}


def test_the_longer_the_service_was_down_the_longer_a_search_may_take(
    jira: Any, service: WorkerService, monkeypatch: pytest.MonkeyPatch
) -> None:
    issues = backlog(jira, service)
    jira.clock.advance(minutes=1000)
    before = service.store.marks.get("sweep:INT")
    Between(service, monkeypatch, lambda: jira.clock.advance(minutes=40))
    service.schedule.sweep()
    assert due_of(service, 200) == {issue.key for issue in issues}
    assert service.store.marks.get("sweep:INT") != before


def due(service: WorkerService) -> set[str]:
    return due_of(service, 100)


def due_of(service: WorkerService, most: int) -> set[str]:
    claims = service.store.queue.claim(most, owner="test", lease=timedelta(minutes=1))
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


def test_each_project_that_was_left_out_is_named(jira: Any, service: WorkerService) -> None:
    jira.faults.add(jira_sandbox.Fault(action="status", status=503, path="search"))
    with pytest.raises(ProjectsLeftOut, match=r"^INT: .*503") as left:
        service.schedule.audit()
    assert not left.value.for_good


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


DAY = timedelta(days=1)


def test_a_job_that_fails_has_its_day_still_before_it(jira: Any, service: WorkerService) -> None:
    new_project(jira)
    jira.faults.add(jira_sandbox.Fault(action="status", status=503, path="search"))
    service.schedule.once("audit", service.schedule.audit, NOW, DAY)
    jira.faults.clear()
    service.schedule.once("audit", service.schedule.audit, NOW + timedelta(hours=1), DAY)
    assert service.store.queue.depth().waiting == 1
    new_project(jira)
    service.schedule.once("audit", service.schedule.audit, NOW + timedelta(hours=2), DAY)
    assert service.store.queue.depth().waiting == 1, "once it has succeeded, the day is over"


def test_a_project_that_somebody_must_mend_is_not_tried_each_hour(jira: Any, service: WorkerService) -> None:
    next(each for each in jira.site.types.values() if each.name == "Integration").name = "Other"
    service.schedule.once("audit", service.schedule.audit, NOW, DAY)
    asked = jira.requests.total(caller="service")
    service.schedule.once("audit", service.schedule.audit, NOW + timedelta(hours=1), DAY)
    assert jira.requests.total(caller="service") == asked


def test_a_job_whose_process_was_killed_is_begun_anew_by_another(jira: Any, service: WorkerService) -> None:
    new_project(jira)
    killed = f"tick:audit:{NOW.timestamp() // DAY.total_seconds():.0f}"
    assert service.store.marks.begin(killed, TICK_PATIENCE)
    jira.clock.advance(hours=1)
    service.schedule.once("audit", service.schedule.audit, NOW + timedelta(hours=1), DAY)
    assert service.store.queue.depth().waiting == 0, "perhaps it is still at it"
    jira.clock.advance(hours=5)
    service.schedule.once("audit", service.schedule.audit, NOW + timedelta(hours=6), DAY)
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
    service.store.marks.begin("tick:sweep:1", TICK_PATIENCE)
    service.store.marks.end("tick:sweep:1")
    jira.clock.advance(days=500)
    assert service.schedule.prune() >= 1
    assert service.store.marks.begin("tick:sweep:1", TICK_PATIENCE)


def test_the_scheduler_sweeps_at_its_start(jira: Any, service: WorkerService) -> None:
    new_project(jira)
    with scheduled(service, lambda: datetime.now(UTC)):
        assert service.store.queue.wait(timedelta(seconds=10))
    assert service.store.queue.depth().due == 1


@contextmanager
def scheduled(service: WorkerService, clock: Callable[[], datetime]) -> Iterator[Any]:
    scheduler = scheduler_of(service.schedule, lambda: None, clock=clock, sweep_minutes=15, audit_hour=3)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown()


class HostsTime(datetime):
    """The time of a host, at which it is that a test says it is."""

    ahead = timedelta(0)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + cls.ahead

    @classmethod
    def becomes(cls, now: datetime) -> None:
        cls.ahead = now - datetime.now(UTC)


@pytest.mark.parametrize("late", [timedelta(seconds=0.2), timedelta(seconds=2), timedelta(hours=4)], ids=str)
def test_a_host_that_sleeps_over_the_audits_hour_audits_when_it_wakes(
    jira: Any, service: WorkerService, monkeypatch: pytest.MonkeyPatch, late: timedelta
) -> None:
    for module in ("schedulers", "executors"):
        monkeypatch.setattr(f"apscheduler.{module}.base.datetime", HostsTime)
    night = datetime(2026, 3, 3, 3, tzinfo=UTC)
    HostsTime.becomes(night - timedelta(seconds=10))
    with scheduled(service, lambda: HostsTime.now(UTC)) as scheduler:
        for day in range(3):
            HostsTime.becomes(night + day * DAY + late)
            scheduler.wakeup()
            audited = f"tick:audit:{(night + day * DAY).timestamp() // DAY.total_seconds():.0f}"
            ends = time.monotonic() + 20
            while service.store.marks.get(audited) != "ended":
                assert time.monotonic() < ends, "no audit that day"
                time.sleep(0.02)
