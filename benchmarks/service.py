"""The service in the benchmark's own process, or as worker processes of its own, on a store and a sandbox."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import structlog

from benchmarks import places
from benchmarks.jira import Jira
from sync_service.bootstrap import WorkerService, logging_for, worker_service
from sync_service.config import Settings
from sync_service.store import Priority, Store

Projects = list[tuple[str, str]]


class Reconciling:
    """A worker service in this process."""

    def __init__(self, service: WorkerService) -> None:
        self.service, self.store = service, service.store
        self.gateway, self.worker, self.schedule = service.gateway, service.worker, service.schedule

    def settle(self, projects: Projects) -> int:
        """Look at projects one after the other until nothing is due; return how many looks that took."""
        self.store.queue.put(projects, priority=Priority.LIVE)
        return self.worker.drain()

    def runs(self) -> int:
        """Return how many looks were taken since the start."""
        return round(sum(
            sample.value for metric in self.service.metrics.runs.collect() for sample in metric.samples
            if sample.name.endswith("_total")
        ))  # fmt: skip


@contextmanager
def reconciling(jira: Jira, store: str, *, threads: int = 4) -> Iterator[Reconciling]:
    """Lend a service in this process, signed in, with its tables made."""
    settings = places.settings(store, jira.settings, threads=threads)
    before = structlog.get_config()
    logging_for(settings)
    service = worker_service(settings)
    try:
        service.open()
        yield Reconciling(service)
    finally:
        service.close()
        structlog.configure(**before)


@contextmanager
def working(service: Reconciling) -> Iterator[None]:
    """Let the service's loop run in a thread."""
    thread = threading.Thread(target=service.worker.work)
    thread.start()
    try:
        yield
    finally:
        service.worker.stop()
        thread.join()


def work_through(store: Store, projects: Projects) -> float:
    """Put projects into the queue, and return the seconds until no look is due or under way."""
    began = time.perf_counter()
    store.queue.put(projects, priority=Priority.LIVE)
    wait_idle(store)
    return time.perf_counter() - began


def wait_idle(store: Store, within: float = 120.0) -> None:
    """Wait until no look is due or under way; raises TimeoutError."""

    def idle() -> bool:
        depth = store.queue.depth()
        return not depth.due and not depth.running

    places.until(idle, "the queue to be worked off", within)


@contextmanager
def workers(jira: Jira, store: str, count: int, *, threads: int) -> Iterator[None]:
    """Run worker processes against a store until the context is left; they are signed in when this is entered."""
    context = multiprocessing.get_context("spawn")
    settings = places.settings(store, jira.settings, threads=threads)
    with ExitStack() as stack:
        ready = [stack.enter_context(_worker(context, settings)) for _ in range(count)]
        for event in ready:
            if not event.wait(60):
                raise TimeoutError("a worker process did not start within a minute")
        yield


@contextmanager
def _worker(context: multiprocessing.context.SpawnContext, settings: Settings) -> Iterator[threading.Event]:
    ready, stop = context.Event(), context.Event()
    process = context.Process(target=_work, args=(settings, ready, stop), daemon=True)
    process.start()
    try:
        yield ready  # type: ignore[misc]
    finally:
        stop.set()
        process.join(20)
        if process.exitcode is None:
            process.kill()
            process.join()


def _work(settings: Settings, ready: threading.Event, stop: threading.Event) -> None:
    logging_for(settings)
    service = worker_service(settings)
    service.open()
    with working(Reconciling(service)):
        ready.set()
        stop.wait()
    service.close()
