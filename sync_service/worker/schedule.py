"""What comes due by time: the sweep, the audit, pruning. Jobs only ask for looks; a tick fires once."""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from mappings import Mapping
from sync_service.errors import StagegateError, Stopping
from sync_service.jira.access import INDEX_LAG
from sync_service.jira.directory import SiteMismatch
from sync_service.jira.gateway import Gateway
from sync_service.jira.limits import in_the_background
from sync_service.store import Priority, Store
from sync_service.worker.reconcile import Reconciler

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

log = structlog.get_logger("stagegate.schedule")

SEARCH_TAKES = timedelta(minutes=5)
"""How long the search of a sweep may take, behind live events and page by page, to count as complete; a tenth of the
span where that is longer, for there is more to be found."""

EXAMINE_MINUTES = 10
"""How often the site is compared with the mappings: a project put in order is taken up again by then."""

INBOX_KEPT = timedelta(days=14)
LEDGER_KEPT = timedelta(days=400)
TICKS_KEPT = timedelta(days=7)

TICK_PATIENCE = timedelta(hours=6)
"""A job that has neither ended nor failed by then died with its process; another replica begins it anew."""


class ProjectsLeftOut(StagegateError):
    """A job could not be done for some projects; `for_good`: nor can it be before somebody mends them."""

    reason = "projects_left_out"

    def __init__(self, failed: MappingOf[str, StagegateError]) -> None:
        self.for_good = all(isinstance(error, SiteMismatch) for error in failed.values())
        texts = (
            str(error) if isinstance(error, SiteMismatch) else f"{project}: {error}"
            for project, error in failed.items()
        )
        super().__init__("\n".join(texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The jobs; `now` is read by the caller. Each returns how many looks it asked for."""

    gateway: Gateway
    store: Store
    reconciler: Reconciler

    def sweep(self) -> int:
        """Ask for a look at each project whose issue or sub-task changed since the last sweep, or all at the first."""
        return self._each(self._sweep)

    def _sweep(self, mapping: Mapping) -> int:
        mark = f"sweep:{mapping.jira.project}"
        asked, began = self.store.now(), self.gateway.now()
        last, takes = self.store.marks.get(mark), SEARCH_TAKES
        if last is None:
            keys = {issue: key for issue, key, _ in self.gateway.portfolio(mapping)}
        else:
            span = max(began - datetime.fromisoformat(last), timedelta(0)) + INDEX_LAG
            takes = max(takes, span / 10)
            keys = dict(self.gateway.changed_within(mapping, span + takes))
        count = self.store.queue.put(keys.items(), priority=Priority.SWEEP)
        if last is None or self.store.now() - asked <= takes:
            self.store.marks.put(mark, began.isoformat())
        else:
            log.warning(
                "the search took long, the next sweep asks for the same time again", project=mapping.jira.project
            )
        log.info("swept", project=mapping.jira.project, looks=count)
        return count

    def audit(self) -> int:
        """Ask for a look at each project that differs from what was last seen of it, at new ones and at gone ones."""
        return self._each(self._audit)

    def _audit(self, mapping: Mapping) -> int:
        self.reconciler.rebuild_bookings(mapping)
        known = {seen.issue_id: (seen.key, seen.fingerprint) for seen in self.store.projections.all(mapping.name)}
        keys = dict(self._differing(mapping, known))
        count = self.store.queue.put(keys.items(), priority=Priority.AUDIT)
        log.info("audited", project=mapping.jira.project, looks=count)
        return count

    def _each(self, job: Callable[[Mapping], int]) -> int:
        """Do a job for each project; where one fails, the others have their turn before that is raised."""
        count = 0
        failed: dict[str, StagegateError] = {}
        for project, mapping in self.gateway.mappings.items():
            try:
                count += job(mapping)
            except Stopping:
                raise
            except StagegateError as error:
                log.error("project left out", project=project, error=str(error))
                failed[project] = error
        if failed:
            raise ProjectsLeftOut(failed)
        return count

    def _differing(self, mapping: Mapping, known: dict[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
        for issue, key, fingerprint in self.gateway.portfolio(mapping):
            if known.pop(issue, ("", ""))[1] != fingerprint:
                yield issue, key
        for issue, (key, _) in known.items():
            yield issue, key

    def prune(self) -> int:
        """Forget deliveries, ledger entries and ticks that are too old to matter."""
        ticks = self.store.marks.prune("tick:", TICKS_KEPT)
        return self.store.inbox.prune(INBOX_KEPT) + self.store.ledger.prune(LEDGER_KEPT) + ticks

    def once(self, name: str, job: Callable[[], int], now: datetime, every: timedelta) -> None:
        """Run a job unless another replica has run it in this tick; a failure is logged, and the tick given back.

        It is not given back where only projects are left out that somebody has to mend first.
        """
        tick = f"tick:{name}:{int(now.timestamp() // every.total_seconds())}"
        try:
            if self.store.marks.begin(tick, TICK_PATIENCE):
                self._in_tick(tick, job)
        except Stopping:
            log.warning("scheduled job broken off, the process ends; another one does it", job=name)
        except StagegateError as error:
            log.error("scheduled job failed", job=name, error=str(error))

    def _in_tick(self, tick: str, job: Callable[[], int]) -> None:
        done = False
        try:
            with in_the_background():
                job()
            done = True
        except ProjectsLeftOut as left:
            done = left.for_good
            raise
        finally:
            (self.store.marks.end if done else self.store.marks.give_back)(tick)


def scheduler_of(
    schedule: Schedule,
    examine: Callable[[], None],
    *,
    clock: Callable[[], datetime],
    sweep_minutes: int,
    audit_hour: int,
) -> "BackgroundScheduler":
    """Put the jobs on a scheduler, to be started by the caller. `examine` compares the site in every process.

    What is daily is asked for each hour, and its day begins at `audit_hour`: so it is made up for when Jira answers
    again, or the host wakes. However late the host wakes, what came due meanwhile runs, once.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    scheduler = BackgroundScheduler(timezone=UTC, job_defaults=defaults)
    often, daily, day_begins = timedelta(minutes=sweep_minutes), timedelta(days=1), timedelta(hours=audit_hour)

    def sweep() -> None:
        schedule.once("sweep", schedule.sweep, clock(), often)

    def audit() -> None:
        schedule.once("audit", schedule.audit, clock() - day_begins, daily)

    def prune() -> None:
        schedule.once("prune", schedule.prune, clock() - day_begins, daily)

    scheduler.add_job(examine, "interval", minutes=EXAMINE_MINUTES)
    scheduler.add_job(sweep, "interval", minutes=sweep_minutes, next_run_time=clock())
    scheduler.add_job(audit, "cron", minute=0)
    scheduler.add_job(prune, "cron", minute=30)
    return scheduler
