"""The worker process: sign in to Jira as soon as it answers, then work the queue and keep the schedule."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import structlog
from prometheus_client import start_http_server

from mappings import Mapping
from sync_service.bootstrap import WorkerService, logging_for, utc_now, worker_service
from sync_service.checking import check_live
from sync_service.config import Settings
from sync_service.errors import ConfigurationError, Stopping
from sync_service.jira.errors import JiraError, Unauthorized
from sync_service.jira.gateway import Gateway
from sync_service.metrics import QueueCollector
from sync_service.store import StoreUnavailable
from sync_service.worker.schedule import start

START_PAUSE = 5.0
"""Seconds until Jira or the store, which could not be reached at the start, is tried again."""

log = structlog.get_logger("stagegate.work")


def work(
    settings: Settings, metrics_directory: Path | None = None, mappings: tuple[Mapping, ...] | None = None
) -> None:
    """Work until SIGTERM or SIGINT; raises ConfigurationError, or Unauthorized where Jira doesn't let us in.

    With a directory, whoever shares it shows the counts; alone, the worker shows its own. `mappings` are the configured
    ones, where they are loaded already.
    """
    logging_for(settings)
    stop = threading.Event()

    def wait(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopping("the process was told to end")

    service = worker_service(settings, wait=wait, metrics_directory=metrics_directory, mappings=mappings)

    def end(*_: object) -> None:
        stop.set()
        service.worker.stop()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, end)
    try:
        # In a thread of its own: `end` interrupts the main thread, which must not hold a lock that `end` needs.
        with (
            nullcontext() if metrics_directory else counts_shown(service),
            ThreadPoolExecutor(1, thread_name_prefix="work") as thread,
        ):
            thread.submit(_work, service, stop).result()
    finally:
        service.close()


@contextmanager
def counts_shown(service: WorkerService) -> Iterator[None]:
    """Answer Prometheus at `worker.metrics_port` for a while, if one is set; raises ConfigurationError."""
    told = service.settings.worker
    if not told.metrics_port:
        yield
        return
    registry = service.metrics.registry
    registry.register(QueueCollector(service.store.queue.depth, service.store.check))
    try:
        server, thread = start_http_server(told.metrics_port, told.metrics_host, registry)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise ConfigurationError(
            f"worker.metrics_port: can't listen on {told.metrics_host}:{told.metrics_port}: {why}; "
            "choose another, or 0 for none"
        ) from None
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _opened(service: WorkerService, stop: threading.Event) -> bool:
    """Open the service, however long Jira or the store keeps us waiting; False when told to stop before."""
    while not stop.is_set():
        try:
            service.open()
            service.hindrances.at_work()
            return True
        except Stopping:
            return False
        except Unauthorized as error:
            service.hindrances.stopped_by(error)
            raise
        except (JiraError, StoreUnavailable) as error:
            if isinstance(error, JiraError):
                service.hindrances.stopped_by(error)
            log.warning("can't begin yet", error=str(error), again_in_seconds=START_PAUSE)
            stop.wait(START_PAUSE)
    return False


def examine(gateway: Gateway) -> bool:
    """Compare the site with the mappings, tell what is wrong, and bar the projects where writing would fail.

    Those are left alone until a later examination finds them in order. Return whether the site answered.
    """
    try:
        found = check_live(gateway)
    except (JiraError, Stopping) as error:
        log.warning("the site can't be compared with the mappings now", error=str(error))
        return False
    for findings in found:
        for problem in findings.faults:
            log.error("project barred", project=findings.project, problem=problem)
        for problem in findings.weaknesses:
            log.warning("project works less well", project=findings.project, problem=problem)
    gateway.barred = {findings.project: findings.faults for findings in found if findings.faults}
    return True


def examine_and_tell(service: WorkerService) -> None:
    """Examine the site, and let the pages on the service's health tell which projects are barred, and why.

    They stop telling that nothing can be done, too, if the site answered: who told it may have ended since.
    """
    if examine(service.gateway):
        service.hindrances.at_work()
    service.hindrances.barred(service.gateway.barred)


def _work(service: WorkerService, stop: threading.Event) -> None:
    if not _opened(service, stop):
        return
    examine_and_tell(service)
    hours = service.settings.worker
    ended = start(
        service.schedule,
        lambda: examine_and_tell(service),
        clock=utc_now,
        sweep_minutes=hours.sweep_minutes,
        audit_hour=hours.audit_hour,
    )
    log.info("working", projects=list(service.gateway.mappings), account=service.gateway.account)
    try:
        service.worker.work()
    finally:
        ended()
