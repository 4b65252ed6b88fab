"""The receiver under gunicorn: threads in one process, or several processes where the store is PostgreSQL."""

import ctypes
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from mappings import Mapping
from sync_service.bootstrap import load_mappings, logging_for, own_accounts
from sync_service.config import OpenIdSettings, Settings
from sync_service.errors import ConfigurationError, StagegateError
from sync_service.logs import adopt
from sync_service.marks import BARRED, NOT_AT_WORK
from sync_service.metrics import create_metrics, shared_directory
from sync_service.processes.tree import listen
from sync_service.store import Store, open_store
from webhooks import CalendarServices, ConsoleServices, Credentials, OpenId, Services, create_app
from webhooks.bodies import SMALL

M_MMAP_THRESHOLD = -3
"""`mallopt(3)`: blocks from this size on are the system's, not the heap's."""

GRACE_SECONDS = 8
"""How long requests under way may take to end after SIGTERM."""


def receiver_services(
    settings: Settings, store: Store, metrics_directory: Path | None, mappings: tuple[Mapping, ...] | None = None
) -> Services:
    """Build what the Flask face needs; raises ConfigurationError. `mappings`: those configured, if loaded already."""
    hooks = settings.webhooks
    if mappings is None:
        mappings = load_mappings(settings)
    return Services(
        store=store,
        metrics=create_metrics(shared=metrics_directory),
        credentials=_credentials(settings),
        projects=frozenset(mapping.jira.project for mapping in mappings),
        own_accounts=own_accounts(store),
        checks={"store": store.check},
        advisory_checks={"jira": hindrance(store, NOT_AT_WORK), "projects": hindrance(store, BARRED)},
        redact=logging_for(settings),
        body_limit=hooks.body_limit,
        trusted_hosts=hooks.trusted_hosts,
        console=console_services(settings, mappings),
        calendar=calendar_services(settings, mappings),
    )


def hindrance(store: Store, mark: str) -> Callable[[], None]:
    """Return what raises the workers' own word on what hinders them, and when they said it, while it holds."""

    def check() -> None:
        text, at = store.marks.told(mark) or ("", None)
        if text and at:
            raise StagegateError(f"A worker said on {at:%Y-%m-%d at %H:%M} UTC: {text}")

    return check


def calendar_services(settings: Settings, mappings: tuple[Mapping, ...]) -> CalendarServices | None:
    """Build what the certification calendar needs; None where it is off."""
    token = settings.console.calendar_token
    if token is None:
        return None
    return CalendarServices(
        token=token.get_secret_value(),
        jira_url=settings.jira.url.rstrip("/"),
        lifecycles={mapping.name: mapping for mapping in mappings},
    )


def console_services(settings: Settings, mappings: tuple[Mapping, ...]) -> ConsoleServices | None:
    """Build what the console needs; None where it is off."""
    console = settings.console
    if not console.enabled or console.session_key is None:
        return None
    return ConsoleServices(
        jira_url=settings.jira.url.rstrip("/"),
        lifecycles={mapping.name: mapping for mapping in mappings},
        session_key=console.session_key.get_secret_value(),
        readers={name: token.get_secret_value() for name, token in console.readers.items()},
        operators={name: token.get_secret_value() for name, token in console.operators.items()},
        openid=_openid(console.openid) if console.openid else None,
        url=(console.url or "").rstrip("/"),
        session_life=timedelta(hours=console.session_hours),
        secure_cookies=console.secure_cookies,
    )


def _openid(openid: OpenIdSettings) -> OpenId:
    return OpenId(
        issuer=openid.issuer.rstrip("/"),
        client_id=openid.client_id,
        client_secret=openid.client_secret.get_secret_value(),
        scope=openid.scope,
        name_claim=openid.name_claim,
        role_claim=openid.role_claim,
        readers=frozenset(openid.readers),
        operators=frozenset(openid.operators),
    )


def _credentials(settings: Settings) -> Credentials:
    hooks = settings.webhooks
    return Credentials.of(
        secrets=[secret.get_secret_value() for secret in hooks.secrets],
        bearer_tokens=[token.get_secret_value() for token in hooks.bearer_tokens],
        basic=[(pair.user, pair.password.get_secret_value()) for pair in hooks.basic],
    )


def check_receiver(settings: Settings) -> None:
    """Refuse settings with which the receiver could not do its work."""
    hooks = settings.webhooks
    if not (hooks.secrets or hooks.bearer_tokens or hooks.basic):
        raise ConfigurationError(
            "webhooks.secrets is empty, so nothing could prove that a delivery is Jira's; "
            "set it to the secret that the webhook has in Jira"
        )
    _credentials(settings)
    if hooks.processes > 1 and settings.store.url.startswith("sqlite"):
        raise ConfigurationError(
            "webhooks.processes is more than 1, but one SQLite file has one writing process; "
            "leave it at 1, or move to PostgreSQL (docs/store.md)"
        )


class AdoptedLogs(Logger):  # type: ignore[misc]
    """gunicorn's logs, through our handler: in our format, and redacted."""

    def setup(self, cfg: object) -> None:
        """Take the place of the handlers that gunicorn brings."""
        super().setup(cfg)
        adopt("gunicorn.error", "gunicorn.access")


class Receiver(BaseApplication):  # type: ignore[misc]
    """The receiver as gunicorn runs it; the store is opened in each process after the fork."""

    def __init__(
        self,
        settings: Settings,
        metrics_directory: Path | None,
        listening: socket.socket,
        mappings: tuple[Mapping, ...] | None = None,
    ) -> None:
        self.settings = settings
        self.mappings = mappings
        self.listening = listening
        self.metrics_directory = metrics_directory
        self.store: Store | None = None
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn its settings."""
        hooks = self.settings.webhooks
        given: dict[str, Any] = {
            "bind": f"fd://{self.listening.detach()}",
            "worker_class": "gthread",
            "workers": hooks.processes,
            "threads": hooks.threads,
            "graceful_timeout": GRACE_SECONDS,
            "timeout": 60,
            "keepalive": 30,
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108 (gunicorn's advice)
            "logger_class": AdoptedLogs,
            "worker_exit": lambda _server, _worker: self._close(),
            "control_socket_disable": True,
        }
        for name, value in given.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application in the process that will serve it."""
        give_memory_back()
        self.store = open_store(self.settings.store.url)
        return create_app(receiver_services(self.settings, self.store, self.metrics_directory, self.mappings))

    def _close(self) -> None:
        if self.store is not None:
            self.store.close()


def give_memory_back() -> None:
    """Let what held a large body go back to the system at once (glibc; elsewhere the system's own way holds).

    Once a large block is freed, glibc takes such blocks from a heap that each thread keeps: the peaks of all of them
    would add up.
    """
    allocator = ctypes.CDLL(None)
    if hasattr(allocator, "mallopt"):
        allocator.mallopt(M_MMAP_THRESHOLD, SMALL)


def prepare(settings: Settings) -> None:
    """Bring the database to the tables of this version."""
    with open_store(settings.store.url) as store:
        store.migrate()


def serve(
    settings: Settings,
    metrics_directory: Path | None = None,
    listening: socket.socket | None = None,
    mappings: tuple[Mapping, ...] | None = None,
) -> None:
    """Prepare the database and serve until SIGTERM, on `listening` if given; raises ConfigurationError before.

    `mappings` are the configured ones where they are loaded already.
    """
    check_receiver(settings)
    loaded = load_mappings(settings) if mappings is None else mappings
    logging_for(settings)
    with (
        listening or listen(settings.webhooks.host, settings.webhooks.port) as taken,
        counted_together(settings.webhooks.processes, metrics_directory) as directory,
    ):
        prepare(settings)
        serving: Callable[[], None] = Receiver(settings, directory, taken, loaded).run
        serving()


@contextmanager
def counted_together(processes: int, given: Path | None) -> Iterator[Path | None]:
    """Lend the directory in which the processes count: the one given, else one of their own where they are several."""
    if given or processes == 1:
        yield given
        return
    made, owner = shared_directory(), os.getpid()
    try:
        yield made
    finally:
        if os.getpid() == owner:  # each process that gunicorn forked ends on this way, too
            shutil.rmtree(made, ignore_errors=True)
