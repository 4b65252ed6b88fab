"""The worker: one dispatcher claims what is due and feeds a pool of threads; each run is settled by its outcome."""

import threading
import time
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version

import structlog

from sync_service.errors import StagegateError
from sync_service.jira.errors import RateLimited
from sync_service.jira.limits import in_the_background
from sync_service.logs import Redact
from sync_service.marks import SITE_PAUSE
from sync_service.metrics import Metrics
from sync_service.store import Claim, Failure, Priority, Store, StoreError
from sync_service.worker.hindrances import Hindrances
from sync_service.worker.outages import Outages
from sync_service.worker.reconcile import Reconciler
from sync_service.worker.retry import (
    MOST_ATTEMPTS,
    Again,
    Done,
    Failed,
    Later,
    Outcome,
    Refused,
    Shelve,
    decide,
)

log = structlog.get_logger("stagegate.worker")

LEASE = timedelta(minutes=2)
"""Outlives every request's time-out; renewed while a run goes on."""

REFUSED_WAIT = timedelta(hours=1)
"""When an issue is looked at again on which nothing could be decided, if nothing happens before."""

LOOK_PATIENCE = 10.0
"""Seconds in all for which a look of sweep or audit lets live events go first: those on its own issue wait for it,
since it has the lease, and others for its thread. What other lengths cost is in docs/adr/0007."""

IDLE_WAIT = timedelta(seconds=2)
"""How long the dispatcher listens for work before it looks whether it was asked to stop."""

STORE_WAIT = 2.0
"""Seconds until the dispatcher tries the store again when it can't be reached."""


@dataclass(slots=True, kw_only=True)
class Run:
    """A run under way; `lost` is set when another has its lease, `until` is when it ends if it is not renewed.

    By our own clock, from before the store was asked: so it ends here before it ends there, also when the store can't
    be reached any more and another host takes over.
    """

    claim: Claim
    until: float
    lost: threading.Event = field(default_factory=threading.Event)

    def may_write(self, spare: float) -> bool:
        """Tell whether the lease is ours for at least so many seconds more."""
        return not self.lost.is_set() and _elapsed() + spare < self.until


class Worker:
    """Works the queue until it is told to stop."""

    def __init__(
        self,
        store: Store,
        reconciler: Reconciler,
        metrics: Metrics,
        hindrances: Hindrances,
        *,
        owner: str,
        threads: int,
        lease: timedelta = LEASE,
    ) -> None:
        self.store = store
        self.reconciler = reconciler
        self.metrics = metrics
        self.hindrances = hindrances
        self.owner = owner
        self.threads = threads
        self.lease = lease
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()
        self._freed = threading.Semaphore(threads)
        self._stop = threading.Event()
        self._outages = Outages()

    # --- One step at a time, for tests and commands

    def drain(self, most: int = 1000) -> int:
        """Run what is due, one after the other, until nothing is; return how many runs that took."""
        for count in range(most):
            until = self._lease_end()
            claims = self.store.queue.claim(1, owner=self.owner, lease=self.lease)
            if not claims:
                return count
            self._run(Run(claim=claims[0], until=until))
        raise StagegateError(f"the queue is not empty after {most} runs: something keeps asking for a look")

    # --- The loop

    def work(self) -> None:
        """Claim and run until `stop`; then let the runs under way end, and give back what was not begun."""
        renewing = threading.Thread(target=self._renew, name="renew-leases", daemon=True)
        renewing.start()
        with ThreadPoolExecutor(self.threads, thread_name_prefix="look") as pool:
            while not self._stop.is_set():
                self._dispatch(pool)
        renewing.join()
        try:
            self.store.queue.release(self.owner)
        except StoreError as error:
            log.warning("leases could not be given back, they end by themselves", error=str(error))

    def stop(self) -> None:
        """Ask the loop to end: nothing new is claimed, and nothing under way writes any more."""
        self._stop.set()
        self.store.queue.wake()

    def _dispatch(self, pool: ThreadPoolExecutor) -> None:
        """Wait for a free thread and for work, then claim as much as there are free threads."""
        if not self._freed.acquire(timeout=1):
            return
        free = 1
        while free < self.threads and self._freed.acquire(blocking=False):
            free += 1
        try:
            until = self._lease_end()
            for claim in self._claim(free):
                run = Run(claim=claim, until=until)
                with self._lock:
                    self._runs[claim.lease] = run
                free -= 1
                pool.submit(self._run, run).add_done_callback(self._ended)
        except StoreError as error:
            log.error("the store can't be reached", error=str(error))
            self._stop.wait(STORE_WAIT)
        finally:
            self._freed.release(free) if free else None

    def _claim(self, free: int) -> tuple[Claim, ...]:
        paused = self.store.marks.paused(SITE_PAUSE)
        if paused is not None:
            self._stop.wait(min(paused.total_seconds(), 5.0))
            return ()
        claims = self.store.queue.claim(free, owner=self.owner, lease=self.lease)
        if not claims and not self._stop.is_set():
            self.store.queue.wait(IDLE_WAIT)
        return claims

    def _lease_end(self) -> float:
        """Return when a lease that is asked for now ends, by our own clock."""
        return _elapsed() + self.lease.total_seconds()

    def _ended(self, future: "Future[None]") -> None:
        self._freed.release()
        if error := future.exception():
            log.error("run could not be settled", error=str(error), trace="".join(traceback.format_exception(error)))

    def _renew(self) -> None:
        """Renew the leases of the runs under way; a run whose lease is gone stops before its next write."""
        while not self._stop.wait(self.lease.total_seconds() / 4):
            with self._lock:
                runs = list(self._runs.values())
            if not runs:
                continue
            until = self._lease_end()
            try:
                kept = self.store.queue.renew([run.claim for run in runs], self.lease)
            except StoreError as error:
                log.error("leases can't be renewed", error=str(error))
                continue
            for run in runs:
                if run.claim.lease in kept:
                    run.until = until
                else:
                    run.lost.set()

    # --- One run

    def _run(self, run: Run) -> None:
        began = time.perf_counter()
        try:
            outcome = self._outcome(run)
            self._settle(run.claim, outcome)
            self.metrics.runs.labels(type(outcome).__name__.lower()).inc()
            self.metrics.run_seconds.observe(time.perf_counter() - began)
        finally:
            with self._lock:
                self._runs.pop(run.claim.lease, None)

    def _outcome(self, run: Run) -> Outcome:
        if run.claim.attempts >= MOST_ATTEMPTS:
            return Failed(error=StagegateError("it ended its worker, or failed, too often; see the worker's log"))
        spare = self.lease.total_seconds() / 4  # for the write itself; renewed at each quarter, none lasts less
        with in_the_background(LOOK_PATIENCE) if run.claim.priority >= Priority.SWEEP else nullcontext():
            return self.reconciler.look(run.claim, lambda: run.may_write(spare) and not self._stop.is_set())

    def _settle(self, claim: Claim, outcome: Outcome) -> None:
        match outcome:
            case Done():
                self.store.queue.done(claim)
            case Later(broken_off=True):
                self.store.queue.put_off(claim, outcome.after, hold=outcome.hold)
            case Later():
                self.store.queue.later(claim, outcome.after, hold=outcome.hold)
            case Refused():
                log.warning("nothing can be decided", issue=claim.label, why=outcome.why)
                within = REFUSED_WAIT if outcome.within is None else outcome.within
                self.store.queue.later(claim, min(REFUSED_WAIT, within))
            case Failed():
                self._fail(claim, outcome.error)
        if not isinstance(outcome, Failed) and not (isinstance(outcome, Later) and outcome.broken_off):
            self._outages.answered(claim.issue_id)
            self.hindrances.recovered()

    def _fail(self, claim: Claim, error: Exception) -> None:
        cause = self._outages.met(claim.issue_id, error)
        told = failure_of(error, self.hindrances.redact)
        match decide(error, claim.attempts + 1, outages=cause.outages, proven=cause.proven):
            case Shelve():
                self.store.queue.fail(claim, told, retry_after=None)
            case Again(after=after, counts=counts, hold=hold):
                if cause.outages:
                    self.store.marks.pause(SITE_PAUSE, after)
                if counts:
                    self.store.queue.fail(claim, told, retry_after=after, hold=hold)
                else:
                    self.store.queue.put_off(claim, after, hold=hold, forgive=cause.outages > 0)
        if cause.outages and not isinstance(error, RateLimited):  # a wait that Jira asked for hinders nobody
            self.hindrances.stopped_by(error)


def _elapsed() -> float:
    """Return the seconds of a clock that nobody sets, and that goes on while the host sleeps.

    Linux's monotonic one stands still meanwhile; elsewhere there is no other.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def failure_of(error: Exception, redact: Redact) -> Failure:
    """Describe an error for whoever looks at the parked key, without the secrets that what answered may repeat."""
    trace = redact("".join(traceback.format_exception(error)))
    return Failure(type=type(error).__name__, text=redact(str(error)), trace=trace, version=version("jira-stagegate"))
