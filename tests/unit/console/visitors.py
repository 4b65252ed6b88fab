"""The console as people see it, over a real store in an SQLite file and a world that a project is played in."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from mappings import load
from sync_service.metrics import create_metrics
from sync_service.store import Delivery, Entry, Failure, Projection, Store
from webhooks import ConsoleServices, Credentials, Services, create_app

KEY = "planted-session-key-" + "k" * 20
BEARER = "planted-bearer-token"
NOW = datetime(2026, 3, 16, 15, tzinfo=UTC)
cheaply_hashed = partial(generate_password_hash, method="scrypt:1024:8:1")
"""Hash a token at little cost: the service's own way takes 32 MB and 50 ms each time, by design."""

READER, OPERATOR = (f"{name}.planted-token-of-{name}" for name in ("rita", "olaf"))
READERS_HASH, OPERATORS_HASH = cheaply_hashed(READER), cheaply_hashed(OPERATOR)
PAYTRONIX = load("paytronix")


@dataclass
class Visitor:
    """A browser without JavaScript: it brings cookies back and fills in the forms that it was shown."""

    store: Store
    settings: dict[str, Any] = field(default_factory=dict)
    services: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        defaults: dict[str, Any] = {
            "jira_url": "https://jira.example",
            "lifecycles": {"paytronix": PAYTRONIX},
            "session_key": KEY,
            "readers": {"rita": READERS_HASH},
            "operators": {"olaf": OPERATORS_HASH},
        }
        services: dict[str, Any] = {
            "store": self.store,
            "metrics": create_metrics(),
            "credentials": Credentials.of(secrets=["planted-webhook-secret"], bearer_tokens=[BEARER]),
            "projects": frozenset({"INT"}),
            "own_accounts": frozenset,
            "checks": {"store": self.store.check},
            "console": ConsoleServices(**defaults | self.settings),
        }
        self.client: FlaskClient = create_app(Services(**services | self.services)).test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(f"/console{path}", buffered=True, **options)

    def csrf(self, path: str = "/sign-in") -> str:
        """The token in the first form of a page."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(path).text)
        assert found, path
        return found[1]

    def post(self, path: str, _from: str = "/queue", **form: str) -> TestResponse:
        return self.client.post(f"/console{path}", data={"csrf": self.csrf(_from)} | form)

    def signs_in(self, token: str = READER, **form: str) -> "Visitor":
        answer = self.post("/sign-in", "/sign-in", token=token, **form)
        assert answer.status_code == 302, answer.text
        return self


def remembers(store: Store, state: dict[str, Any], **changes: Any) -> Projection:
    """Put a state where the last look would have."""
    state = state | changes
    seen = Projection(
        issue_id=state["id"],
        key=state["key"],
        mapping="paytronix",
        stage=state["stage"],
        fingerprint="f",
        state=state,
        at=NOW,
    )
    store.projections.put(seen)
    return seen


def parks(store: Store, issue_id: str = "10000", key: str = "INT-1") -> None:
    """Let a look at an issue fail for good."""
    store.inbox.receive(
        Delivery(delivery_id=f"d-{key}", issue_id=issue_id, label=key, event="jira:issue_updated", body=b"{}")
    )
    claim = next(c for c in store.queue.claim(100, owner="w", lease=timedelta(minutes=1)) if c.issue_id == issue_id)
    failure = Failure(type="Invalid", text="Field 'Gate' cannot be set", trace="Traceback: <b>", version="0.1.0")
    assert store.queue.fail(claim, failure, retry_after=None)


def wrote(store: Store, **changes: Any) -> None:
    """Put into the ledger what a look did."""
    told: dict[str, Any] = {
        "issue_id": "10000",
        "key": "INT-1",
        "kind": "written",
        "at": NOW,
        "reasons": ("the stage began",),
        "detail": {"planned": ["create 3 sub-task(s): x", "edit INT-1: gate = Closed"], "done": 1, "notes": ["a note"]},
        "deliveries": ("d-INT-1", "long-gone"),
    }
    store.ledger.write([Entry(**told | changes)])
