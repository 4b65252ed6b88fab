"""docs/openapi.yaml as schemathesis reads it: whatever is sent, what it says is answered, and never a 5xx.

Sent is what the document describes and what it does not, signed in and not, with forms of the session and others.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from yaml import safe_load

from sync_service.store import Store, open_store
from webhooks import CalendarServices, OpenId

sys.path.append(str(Path(__file__).parents[1] / "unit" / "console"))
sys.path.append(str(Path(__file__).parents[1] / "unit" / "lifecycle"))

import visitors
from projectworld import World
from providers import CLIENT, SECRET, serving

from sync_service.lifecycle.outline import outline

DOCUMENT = safe_load((Path(__file__).parents[2] / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
OPERATIONS = [f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item]
CALENDAR = "planted-calendar-token-" + "c" * 20
CSRF = "planted-csrf-token"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def read_to_the_end(inner: Any) -> Any:
    """Give the whole answer, and close it: schemathesis leaves files open."""

    def application(environ: Any, start_response: Any) -> list[bytes]:
        answer = inner(environ, start_response)
        try:
            return [b"".join(answer)]
        finally:
            getattr(answer, "close", lambda: None)()

    return application


@dataclass
class Surface:
    """The whole face, with one project known and another parked, and who asks it."""

    app: Flask
    store: Store
    answers: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        config = SchemathesisConfig()
        self.schema = schemathesis.openapi.from_dict(DOCUMENT, config=config)
        self.schema.app = self.app
        self.app.wsgi_app = read_to_the_end(self.app.wsgi_app)  # type: ignore[method-assign]

    def operation(self, name: str) -> APIOperation:
        method, path = name.split()
        found: APIOperation = self.schema[path][method]
        return found

    def session(self, role: str) -> str:
        """Return the cookie of somebody who is signed in; each is a session of its own, for one may sign out."""
        until = visitors.NOW + timedelta(hours=1)
        held = {"id": f"s{sum(self.answers.values())}", "name": "olaf", "role": role, "by_token": False}
        signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        return str(signer.dumps(held | {"until": until.isoformat(), "csrf": CSRF}))

    def asks(self, case: schemathesis.Case, who: str) -> None:
        """Send a case as somebody, and hold the answer to the document."""
        assume(case.formatted_path == case.path or case.formatted_path not in DOCUMENT["paths"])
        known = who != "nobody"
        if known and case.path.startswith("/console/"):
            case.cookies = {**(case.cookies or {}), "stagegate": self.session(who)}
            if case.method == "POST" and isinstance(case.body, dict):
                case.body = case.body | {"csrf": CSRF}
        headers = {"Authorization": f"Bearer {visitors.BEARER}"} if known else {}
        if known and case.path.startswith("/calendar/"):
            case.query = {**(case.query or {}), "token": CALENDAR}
        answer = case.call_and_validate(headers=headers, checks=CHECKS)
        self.answers[answer.status_code] += 1


@pytest.fixture(scope="module")
def surface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surface]:
    url = f"sqlite:///{tmp_path_factory.mktemp('surface') / 'stagegate.db'}"
    with serving() as provider, open_store(url, durable=False, clock=lambda: visitors.NOW) as store:
        store.migrate()
        world = World()
        world.settle()
        visitors.remembers(store, outline(world.state))
        visitors.wrote(store)
        visitors.parks(store)
        openid = OpenId(issuer=provider.url, client_id=CLIENT, client_secret=SECRET)
        visitor = visitors.Visitor(
            store,
            settings={"openid": openid, "url": "https://stagegate.example"},
            services={
                "calendar": CalendarServices(
                    token=CALENDAR, jira_url="https://jira.example", lifecycles={"paytronix": visitors.PAYTRONIX}
                )
            },
        )
        yield Surface(visitor.client.application, store)


def asked(surface: Surface, name: str, examples: int) -> None:
    """Ask for one operation in so many ways, the same ones each time."""
    operation = surface.operation(name)
    described = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    other = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(
        max_examples=examples, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(
        st.one_of(described, other, *operation.get_strategies_from_examples()),
        st.sampled_from(["operator", "reader", "nobody"]),
    )
    def ask(case: schemathesis.Case, who: str) -> None:
        surface.asks(case, who)

    ask()


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_described_is_answered(surface: Surface, name: str) -> None:
    asked(surface, name, 5)


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_described_is_answered_however_it_is_asked(surface: Surface, name: str) -> None:
    asked(surface, name, 250)
    print(f"\nanswers so far: {dict(sorted(surface.answers.items()))}")
