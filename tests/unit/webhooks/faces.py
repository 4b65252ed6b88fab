"""The receiver as its callers see it, over a real store in an SQLite file."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deliveries import SECRET, encoded, signed
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_service.logs import redactor
from sync_service.metrics import create_metrics
from sync_service.store import Store
from webhooks import Credentials, Services, create_app

TOKEN = "planted-bearer-token"
PASSWORD = "planted-basic-password"


@dataclass
class Face:
    """The application as its callers see it, and the store behind it."""

    store: Store
    path: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        defaults: dict[str, Any] = {
            "store": self.store,
            "metrics": create_metrics(),
            "credentials": Credentials.of(secrets=[SECRET], bearer_tokens=[TOKEN], basic=[("jira", PASSWORD)]),
            "projects": frozenset({"INT", "TES"}),
            "own_accounts": lambda: frozenset({"stagegate"}),
            "checks": {"store": self.store.check},
            "redact": redactor([SECRET, TOKEN, PASSWORD]),
        }
        self.client: FlaskClient = create_app(Services(**defaults | self.settings)).test_client()

    def post(self, body: bytes, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        return self.client.post("/webhooks/jira", data=body, headers=signed(body) | (headers or {}), **options)

    def post_unsigned(self, body: bytes, headers: dict[str, str] | None = None) -> TestResponse:
        return self.client.post("/webhooks/jira", data=body, headers=headers)

    def send(self, content: object, **headers: str) -> Any:
        """Post something in order, and return the answer's body."""
        answer = self.post(encoded(content), {name.replace("_", "-"): value for name, value in headers.items()})
        assert answer.status_code == 202, answer.text
        return json.loads(answer.data)

    def counted(self, metric: str) -> float:
        """Read one line of `/metrics`, 0 where it isn't there."""
        lines = dict(line.rsplit(" ", 1) for line in self.client.get("/metrics").text.splitlines() if line[0] != "#")
        return float(lines.get(f"stagegate_{metric}", 0))

    def queued(self) -> dict[str, str]:
        """Tell the keys of the queue: their labels by id."""
        return {row.issue_id: row.label for row in self.store.queue.rows(limit=1000)}
