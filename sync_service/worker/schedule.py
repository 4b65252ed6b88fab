"""What comes due by time: the sweep, the audit, pruning. Jobs only ask for looks; a tick fires once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from mappings import Mapping
from sync_service.errors import StagegateError, Stopping
from sync_service.jira.directory import SiteMismatch
from sync_service.jira.gateway import Gateway
from sync_service.jira.limits import in_the_background
from sync_service.store import Priority, Store
from sync_service.worker.reconcile import Reconciler

log = structlog.get_logger("stagegate.schedule")

INDEX_LAG = timedelta(minutes=10)
"""How far a sweep looks back before the last one: Cloud's search index lags by seconds to minutes."""

EXAMINE_MINUTES = 10
"""How often the site is compared with the mappings: a project put in order is taken up again by then."""

INBOX_KEPT = timedelta(days=14)
LEDGER_KEPT = timedelta(days=400)
TICKS_KEPT = timedelta(days=7)


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
        began = self.gateway.now()
        last = self.store.marks.get(mark)
        if last is None:
            keys = {issue: key for issue, key, _ in self.gateway.portfolio(mapping)}
        else:
            since = datetime.fromisoformat(last) - INDEX_LAG
            keys = dict(self.gateway.changed_since(mapping, since, self.gateway.time_zone))
        count = self.store.queue.put(keys.items(), priority=Priority.SWEEP)
        self.store.marks.put(mark, began.isoformat())
        log.info("swept", project=mapping.jira.project, looks=count)
        return count

    def audit(self) -> int:
        """Ask for a look at each project that differs from what was last seen of it, at new ones and at gone ones."""
        return self._each(self._audit)

    def _each(self, job: Callable[[Mapping], int]) -> int:
        """Do it for every mapping; raises SiteMismatch when all is done, for one in disorder hinders no other."""
        count = 0
        wrong: list[SiteMismatch] = []
        for mapping in self.gateway.mappings.values():
            try:
                count += job(mapping)
            except SiteMismatch as mismatch:
                wrong.append(mismatch)
        if wrong:
            raise wrong[0]
        return count

    def _audit(self, mapping: Mapping) -> int:
        self.reconciler.rebuild_bookings(mapping)
        known = {seen.issue_id: (seen.key, seen.fingerprint) for seen in self.store.projections.all(mapping.name)}
        keys = dict(self._differing(mapping, known))
        count = self.store.queue.put(keys.items(), priority=Priority.AUDIT)
        log.info("audited", project=mapping.jira.project, looks=count)
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
        """Run a job unless another replica has run it in this tick; a failure is logged; the next tick tries again."""
        tick = int(now.timestamp() // every.total_seconds())
        try:
            if self.store.marks.once(f"tick:{name}:{tick}"):
                with in_the_background():
                    job()
        except Stopping:
            log.warning("scheduled job broken off, the process ends; the next tick does it", job=name)
        except StagegateError as error:
            log.error("scheduled job failed", job=name, error=str(error))


def start(
    schedule: Schedule,
    examine: Callable[[], None],
    *,
    clock: Callable[[], datetime],
    sweep_minutes: int,
    audit_hour: int,
) -> Callable[[], None]:
    """Start the jobs on APScheduler; return what stops them. `examine` compares the site in every process."""
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1})
    often, daily = timedelta(minutes=sweep_minutes), timedelta(days=1)

    def sweep() -> None:
        schedule.once("sweep", schedule.sweep, clock(), often)

    def audit() -> None:
        schedule.once("audit", schedule.audit, clock(), daily)

    def prune() -> None:
        schedule.once("prune", schedule.prune, clock(), daily)

    scheduler.add_job(examine, "interval", minutes=EXAMINE_MINUTES)
    scheduler.add_job(sweep, "interval", minutes=sweep_minutes, next_run_time=clock())
    scheduler.add_job(audit, "cron", hour=audit_hour)
    scheduler.add_job(prune, "cron", hour=(audit_hour + 1) % 24)
    scheduler.start()

    def stop() -> None:
        scheduler.shutdown()

    return stop
