"""What Stagegate counts, for Prometheus: defined once, counted by receiver and worker, added up at the scrape.

The processes of one tree share a directory (`shared_directory`, then `create_metrics(shared=…)` in each): each writes
its own counts there, and whoever is scraped adds up all of them, those of ended processes too. Without a directory a
process shows its own. What the queue holds is no count: it is read from the store at the scrape (`QueueCollector`).
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, Summary, generate_latest, values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from sync_service.errors import ConfigurationError, StagegateError

_MEMORY = Path("/dev/shm")  # noqa: S108 - the parent of a directory that mkdtemp makes for us alone
_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Depth(Protocol):
    """What the queue holds: `sync_service.store.Depth`, which the Jira room may not import, and this file neither."""

    @property
    def waiting(self) -> int:
        """Keys that wait for a look."""

    @property
    def due(self) -> int:
        """Of them, those whose time has come."""

    @property
    def running(self) -> int:
        """Keys that a worker holds."""

    @property
    def dead(self) -> int:
        """Keys given up until somebody replays them or a new event comes in."""

    @property
    def oldest_due_age(self) -> timedelta | None:
        """How long the longest-waiting due key has been due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Every count; the comment on each names its labels. `registry` holds them, `render` reads them."""

    registry: CollectorRegistry = field(repr=False)
    intake: Counter  # outcome: queued, duplicate, ignored, refused, unavailable
    ignored: Counter  # reason: webhooks.notice.Reason
    refused: Counter  # reason: the `reason` of a webhooks.refusals.Refusal
    runs: Counter  # outcome: done, later, refused, failed
    run_seconds: Histogram
    surprises: Counter
    jira_calls: Counter  # operation; status: the HTTP status, or "none" where no answer came
    jira_seconds: Histogram  # operation
    limit_waits: Summary  # observe seconds
    budget_waits: Summary  # observe seconds
    gates: Counter  # gate: "certification-launch"; verdict: accepted, refused, overridden, warned, observed
    shared: Path | None = None

    def observe_call(
        self,
        *,
        operation: str,
        status: int | None,
        seconds: float,
        waited: float,
        waited_for_turn: float,
        request_id: str | None,
    ) -> None:
        """Count one request to Jira; what the client calls its `observe`.

        In seconds, `waited` is for Jira's rate limits, and `waited_for_turn` for our own budget of requests.
        """
        del request_id  # of use in a log line; as a label it would make a series of its own each time
        self.jira_calls.labels(operation, "none" if status is None else status).inc()
        self.jira_seconds.labels(operation).observe(seconds)
        if waited:
            self.limit_waits.observe(waited)
        if waited_for_turn:
            self.budget_waits.observe(waited_for_turn)

    def render(self, *collectors: Collector) -> bytes:
        """Write everything in Prometheus's text format: the counts of all processes, then the collectors' values."""
        scrape = CollectorRegistry(auto_describe=False)
        scrape.register(_counts_of(self.shared) if self.shared else self.registry)
        for collector in collectors:
            scrape.register(collector)
        return generate_latest(scrape)


def shared_directory() -> Path:
    """Make a directory for the counts of one process tree, in memory where the system has such a place.

    Not on the disk of the store: the files are mapped into memory, and a full disk would end the process. The caller
    removes it at the end.
    """
    parent = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="stagegate-metrics-", dir=parent))


def create_metrics(*, shared: Path | None = None) -> Metrics:
    """Define every metric in a registry of its own; with `shared`, add to those of the processes that share it.

    One process cannot change its directory: raises `ConfigurationError`.
    """
    if shared:
        _share(shared)
    registry = CollectorRegistry()

    def counter(name: str, text: str, *labels: str) -> Counter:
        return Counter(f"stagegate_{name}", text, labels, registry=registry)

    def histogram(name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"stagegate_{name}", text, labels, registry=registry, buckets=_SECONDS)

    return Metrics(
        registry=registry,
        shared=shared,
        intake=counter("intake", "Deliveries of webhooks by outcome", "outcome"),
        ignored=counter("intake_ignored", "Deliveries that leave nothing to do, by reason", "reason"),
        refused=counter("intake_refused", "Deliveries answered with 4xx, by reason", "reason"),
        runs=counter("runs", "Looks at a project issue by outcome", "outcome"),
        run_seconds=histogram("run_seconds", "Duration of a look at a project issue"),
        surprises=counter("surprises", "Looks after our own writes that found something to write"),
        jira_calls=counter("jira_calls", "Requests to Jira by operation and status", "operation", "status"),
        jira_seconds=histogram("jira_seconds", "Duration of requests to Jira", "operation"),
        limit_waits=Summary("stagegate_limit_wait_seconds", "Waits for Jira's rate limits", registry=registry),
        budget_waits=Summary(
            "stagegate_budget_wait_seconds", "Waits for our own budget of requests", registry=registry
        ),
        gates=counter("gates", "Crossings judged, by gate and verdict", "gate", "verdict"),
    )


def _counts_of(directory: Path) -> Collector:
    return MultiProcessCollector(None, str(directory))  # type: ignore[no-untyped-call]


def _share(directory: Path) -> None:
    # prometheus_client chooses its kind of value when it is imported; here it is chosen when we say so, whatever was
    # imported before. A second class on the same files would overwrite the first one's counts.
    if not getattr(values.ValueClass, "_multiprocess", False):
        os.environ[_DIRECTORY] = str(directory)
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    elif os.environ.get(_DIRECTORY) != str(directory):
        raise ConfigurationError(
            f"metrics: this process already counts in {os.environ.get(_DIRECTORY)}; start another for {directory}."
        )


class QueueCollector(Collector):
    """Reads the queue at the scrape; when the store does not answer, or `check` raises, says that instead."""

    def __init__(self, depth: Callable[[], Depth], check: Callable[[], None] = lambda: None) -> None:
        self._depth = depth
        self._check = check

    def collect(self) -> Iterator[Metric]:
        """Give depth by state and the oldest due key's age, or `stagegate_store_up` 0 alone."""
        try:
            self._check()
            depth = self._depth()
        except StagegateError:
            yield GaugeMetricFamily("stagegate_store_up", "Whether the store answers and keeps", value=0)
            return
        yield GaugeMetricFamily("stagegate_store_up", "Whether the store answers and keeps", value=1)
        keys = GaugeMetricFamily(
            "stagegate_queue_keys", "Keys in the queue by state; waiting includes due", labels=["state"]
        )
        counts = {"waiting": depth.waiting, "due": depth.due, "running": depth.running, "dead": depth.dead}
        for state, count in counts.items():
            keys.add_metric([state], count)
        yield keys
        age = depth.oldest_due_age or timedelta()
        text = "Time since the longest-waiting due key became due"
        yield GaugeMetricFamily("stagegate_queue_oldest_seconds", text, value=age.total_seconds())
