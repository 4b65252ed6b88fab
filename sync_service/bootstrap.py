"""Wires everything together; the one place that reads settings and the clock. Tests hand in a clock of their own."""

import os
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from mappings import Mapping, MappingError, load
from sync_service.config import Settings
from sync_service.errors import ConfigurationError
from sync_service.jira.client import Client, JiraSite, Observe, Turns, connect
from sync_service.jira.forge import StageGate, stage_gate
from sync_service.jira.gateway import Gateway
from sync_service.logs import Redact, configure_logs, redactor
from sync_service.marks import ACCOUNTS
from sync_service.metrics import Metrics, create_metrics
from sync_service.store import Store, StoreError, open_store
from sync_service.worker.hindrances import Hindrances
from sync_service.worker.loop import Worker
from sync_service.worker.reconcile import Reconciler
from sync_service.worker.schedule import Schedule

ACCOUNTS_FRESH_FOR = 30.0
"""Seconds for which a receiver believes what it read there."""

ACCOUNTS_AWAITED_FOR = 1.0
"""Seconds until it asks again where no worker has signed in yet, or the store is away: not at each delivery."""

Clock = Callable[[], datetime]

log = structlog.get_logger("stagegate.jira")


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


def load_mappings(settings: Settings) -> tuple[Mapping, ...]:
    """Load the configured mappings; raises ConfigurationError with all that is wrong with any of them."""
    loaded: list[Mapping] = []
    wrong: list[str] = []
    for reference in settings.lifecycle.mappings:
        try:
            loaded.append(load(reference))
        except MappingError as error:
            wrong.extend(error.problems)
    projects = [mapping.jira.project for mapping in loaded]
    wrong += [f"lifecycle.mappings: two mappings have project {key!r}" for key in projects if projects.count(key) > 1]
    if wrong:
        raise ConfigurationError("\n".join(dict.fromkeys(wrong)))
    return tuple(loaded)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerService:
    """What a worker process runs on."""

    settings: Settings
    store: Store
    client: Client
    gateway: Gateway
    reconciler: Reconciler
    worker: Worker
    hindrances: Hindrances
    schedule: Schedule
    metrics: Metrics

    def open(self) -> None:
        """Prepare the database, sign in to Jira, and tell the receivers who we are; raises what is wrong."""
        self.store.migrate()
        self.gateway.open()
        if self.stage_gate and not self.client.is_cloud:
            raise ConfigurationError(
                "jira.forge: Jira Data Center has no Forge apps; take the setting out. There the condition on the "
                "field of the gate, which `stagegate provision` lists, keeps a closed gate from being passed"
            )
        named = {self.gateway.account, *(name for m in self.gateway.mappings.values() for name in m.jira.accounts)}
        self.store.marks.put(ACCOUNTS, "\n".join(sorted(named)))

    @property
    def stage_gate(self) -> StageGate | None:
        """Return which Forge app's Stage gate is configured."""
        jira = self.settings.jira
        return stage_gate(jira.forge, jira.forge_without_record)

    def close(self) -> None:
        """Close connections to Jira and to the store."""
        self.client.close()
        self.store.close()


def jira_site(settings: Settings) -> JiraSite:
    """Return the configured site and credentials; raises ConfigurationError where they can't be any."""
    jira = settings.jira
    return JiraSite(
        url=jira.url,
        token=jira.token.get_secret_value(),
        email=jira.email,
        cloud_id=jira.cloud_id,
        gateway=jira.gateway,
    )


def jira_client(
    settings: Settings,
    store: Store,
    *,
    clock: Clock = utc_now,
    wait: Callable[[float], None] = time.sleep,
    observe: Observe,
) -> Client:
    """Return a client for the configured site; pauses and budget are shared by all workers through the store."""
    jira = settings.jira
    return connect(
        jira_site(settings),
        clock=clock,
        wait=wait,
        pauses=store.marks,
        turns=Turns(store.traffic, jira.requests_per_second, clock),
        connect_timeout=jira.connect_timeout,
        read_timeout=jira.read_timeout,
        observe=observe,
    )


def observing(metrics: Metrics) -> Observe:
    """Return what counts each request to Jira and, at `debug`, logs it with the issue and the deliveries it is for."""

    def observe(
        *,
        operation: str,
        status: int | None,
        seconds: float,
        waited: float,
        waited_for_turn: float,
        request_id: str | None,
    ) -> None:
        metrics.observe_call(
            operation=operation,
            status=status,
            seconds=seconds,
            waited=waited,
            waited_for_turn=waited_for_turn,
            request_id=request_id,
        )
        log.debug(
            "asked Jira",
            operation=operation,
            status=status,
            seconds=round(seconds, 3),
            waited=round(waited, 3),
            waited_for_turn=round(waited_for_turn, 3),
            request_id=request_id,
        )

    return observe


def worker_service(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    wait: Callable[[float], None] = time.sleep,
    store_clock: Clock | None = None,
    metrics_directory: Path | None = None,
    mappings: tuple[Mapping, ...] | None = None,
) -> WorkerService:
    """Build what a worker needs; touches neither Jira nor the database yet. `store_clock` is for tests.

    `mappings` are the configured ones where they are loaded already.
    """
    metrics = create_metrics(shared=metrics_directory)
    store = open_store(settings.store.url, clock=store_clock)
    client = jira_client(settings, store, clock=clock, wait=wait, observe=observing(metrics))
    gateway = Gateway(client, load_mappings(settings) if mappings is None else mappings)
    reconciler = Reconciler(
        gateway=gateway, store=store, metrics=metrics, enforce_since=settings.lifecycle.enforce_since
    )
    hindrances = Hindrances(store, redactor(settings.secrets))
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    return WorkerService(
        settings=settings,
        store=store,
        client=client,
        gateway=gateway,
        reconciler=reconciler,
        worker=Worker(
            store,
            reconciler,
            metrics,
            hindrances,
            owner=owner,
            threads=settings.worker.threads,
            lease=timedelta(seconds=settings.worker.lease_seconds),
        ),
        hindrances=hindrances,
        schedule=Schedule(gateway=gateway, store=store, reconciler=reconciler),
        metrics=metrics,
    )


def logging_for(settings: Settings) -> Redact:
    """Set the logs up as the settings say, with every secret kept out."""
    return configure_logs(style=settings.worker.log, level=settings.worker.log_level, secrets=settings.secrets)


def own_accounts(store: Store, monotonic: Callable[[], float] = time.monotonic) -> Callable[[], frozenset[str]]:
    """Return what tells the accounts that we write with, read from the store at most every half minute.

    While the store is away it tells what it last read: that the delivery can't be kept, `receive` says.
    """
    known, good_until = frozenset[str](), float("-inf")

    def read() -> frozenset[str]:
        nonlocal known, good_until
        if monotonic() < good_until:
            return known
        told = None
        try:
            told = store.marks.get(ACCOUNTS)
        except StoreError as error:
            log.debug("own accounts can't be read", error=str(error))
        if told is not None:
            known = frozenset(told.split("\n")) - {""}
        good_until = monotonic() + (ACCOUNTS_AWAITED_FOR if told is None else ACCOUNTS_FRESH_FOR)
        return known

    return read
