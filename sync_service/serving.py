"""The receiver under gunicorn: threads in one process, or several processes where the store is PostgreSQL."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from sync_service.bootstrap import load_mappings, logging_for, own_accounts
from sync_service.config import Settings
from sync_service.errors import ConfigurationError
from sync_service.logs import adopt
from sync_service.metrics import create_metrics
from sync_service.processes import listen
from sync_service.store import Store, open_store
from webhooks import Credentials, Services, create_app

GRACE_SECONDS = 8
"""How long requests under way may take to end after SIGTERM."""


def receiver_services(settings: Settings, store: Store, metrics_directory: Path | None) -> Services:
    """Build what the Flask face needs; raises ConfigurationError."""
    hooks = settings.webhooks
    return Services(
        store=store,
        metrics=create_metrics(shared=metrics_directory),
        credentials=_credentials(settings),
        projects=frozenset(mapping.jira.project for mapping in load_mappings(settings)),
        own_accounts=own_accounts(store),
        checks={"store": store.check},
        redact=logging_for(settings),
        body_limit=hooks.body_limit,
        trusted_hosts=hooks.trusted_hosts,
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

    def __init__(self, settings: Settings, metrics_directory: Path | None, listening: socket.socket) -> None:
        self.settings = settings
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
        self.store = open_store(self.settings.store.url)
        return create_app(receiver_services(self.settings, self.store, self.metrics_directory))

    def _close(self) -> None:
        if self.store is not None:
            self.store.close()


def serve(settings: Settings, metrics_directory: Path | None = None, listening: socket.socket | None = None) -> None:
    """Prepare the database and serve until SIGTERM, on `listening` if given; raises ConfigurationError before."""
    check_receiver(settings)
    load_mappings(settings)
    logging_for(settings)
    with listening or listen(settings.webhooks.host, settings.webhooks.port) as taken:
        with open_store(settings.store.url) as store:
            store.migrate()
        serving: Callable[[], None] = Receiver(settings, metrics_directory, taken).run
        serving()
