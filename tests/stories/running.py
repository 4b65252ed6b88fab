"""The service of the stories: the real receiver, queue and worker, in this process, on the sandbox's clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from jira_sandbox import WEBHOOK_SECRET, Running
from sync_service.bootstrap import WorkerService, own_accounts, worker_service
from sync_service.config import Settings
from sync_service.metrics import create_metrics
from sync_service.store import Priority, Work
from tests.databases import empty_sqlite
from tests.stories.team import Project
from webhooks import Credentials, Services, create_app

on_both = pytest.mark.parametrize("flavour", ["cloud", "datacenter"], indirect=True)
"""A story that is told on Jira Cloud and on Data Center."""

READS = ("GET", "POST /rest/api/2/issue/bulkfetch", "POST /rest/api/2/search", "POST /rest/api/2/search/jql")
OWN_EVENTS = timedelta(seconds=31)
"""Our own events are put off by half a minute; a story waits them out."""


class Postman:
    """Carries the sandbox's webhooks to whichever receiver is on duty; without one they are lost."""

    def __init__(self) -> None:
        self.receiver: FlaskClient | None = None

    def __call__(self, _url: str, headers: dict[str, str], body: bytes) -> int:
        if self.receiver is None:
            return 204
        return self.receiver.post("/webhooks/jira", data=body, headers=headers).status_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What the service asked of Jira."""

    reads: int
    writes: int
    operations: dict[str, int]


class StoryService:
    """One service against one sandbox; made anew for each story."""

    def __init__(
        self,
        jira: Running,
        postman: Postman,
        folder: Path,
        *,
        lifecycle: str = "paytronix",
        since: str = "2026-01-01",
        clock_off: timedelta = timedelta(0),
    ) -> None:
        self.jira, self.postman, self.folder = jira, postman, folder
        self.lifecycles, self.since, self.clock_off = [lifecycle], since, clock_off
        self.may_fail = False
        self._databases = 0
        self._running: WorkerService | None = None

    @property
    def running(self) -> WorkerService:
        if self._running is None:
            self.starts()
        assert self._running is not None
        return self._running

    # --- its life

    def starts(self) -> None:
        """Start, with the database that it had."""
        self._running = service = self.another()
        self.postman.receiver = self._receiver(service)

    def stops(self) -> None:
        """Stop; what Jira sends from now on is lost."""
        self.jira.webhooks.wait_idle()
        self.postman.receiver = None
        if self._running is not None:
            self._running.close()
            self._running = None

    def loses_its_database(self) -> None:
        """Start again with an empty database."""
        self.stops()
        self._databases += 1
        self.starts()

    def another(self) -> WorkerService:
        """A second worker on the same database; the caller closes it."""
        service = worker_service(self._settings(), clock=self.now, wait=lambda _: None, store_clock=self.now)
        service.open()
        return service

    def now(self) -> datetime:
        """The time that the service's own machine shows."""
        return self.jira.clock.now() + self.clock_off

    def _settings(self) -> Settings:
        me = self.jira.credentials["service"]
        path = self.folder / f"stagegate-{self._databases}.db"
        if not path.exists():
            path.write_bytes(empty_sqlite())
        return Settings.model_validate(
            {
                "jira": {
                    "url": self.jira.url,
                    "email": me.email if self.jira.site.cloud else None,
                    "token": me.token,
                    "requests_per_second": 1e6,
                },
                "store": {"url": f"sqlite:///{path}"},
                "lifecycle": {"enforce_since": self.since, "mappings": self.lifecycles},
            }
        )

    def _receiver(self, service: WorkerService) -> FlaskClient:
        services = Services(
            store=service.store,
            metrics=create_metrics(),
            credentials=Credentials.of(secrets=[WEBHOOK_SECRET]),
            projects=frozenset(service.gateway.mappings),
            own_accounts=own_accounts(service.store),
        )
        return create_app(services).test_client()

    # --- its work

    def catches_up(self) -> None:
        """Take in every webhook and work until nothing is left to do, our own echoes included."""
        for _ in range(20):
            assert self.jira.webhooks.wait_idle()
            looks = self.running.worker.drain()
            if not self.may_fail:
                assert not self.failures(), self.failures()
            if not looks:
                return
            assert self.jira.webhooks.wait_idle()  # our echoes are dated before the half minute, not after it
            self.jira.clock.advance(seconds=OWN_EVENTS.total_seconds())
        raise AssertionError("the service does not come to rest")

    def works_at_once(self) -> int:
        """Take in the webhooks and work off what is due now; time stands still."""
        assert self.jira.webhooks.wait_idle()
        return self.running.worker.drain()

    def looks_at(self, project: Project) -> None:
        """Look at a project once, webhook or not."""
        self.running.store.queue.put([(project.id, project.key)], priority=Priority.LIVE)
        self.works_at_once()

    def sweeps(self) -> None:
        self.running.schedule.sweep()
        self.catches_up()

    def audits(self) -> None:
        self.running.schedule.audit()
        self.catches_up()

    # --- what is seen of it

    def calls(self, act: Callable[[], object]) -> Calls:
        """What the service asked of Jira while something was done."""
        self.jira.requests.reset()
        act()
        operations = self.jira.requests.by_operation(caller="service")
        reads = sum(count for name, count in operations.items() if name.startswith("GET") or name in READS)
        return Calls(reads=reads, writes=sum(operations.values()) - reads, operations=operations)

    def failures(self) -> list[Work]:
        return [work for work in self.running.store.queue.rows(limit=1000) if work.failure is not None]

    def surprises(self) -> float:
        """How many looks after nothing but our own writes found something to write."""
        return float(self.running.metrics.surprises._value.get())
