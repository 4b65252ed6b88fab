"""A scripted Jira at the other end of the wire, and a time that passes only when the client waits."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from requests import PreparedRequest

from sync_service.jira.client import Client, JiraSite, MemoryPauses
from sync_service.jira.transport import Transport

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLOUD = "https://acme.atlassian.net"


@dataclass
class Received:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: Any


@dataclass
class Wire:
    """What Jira is going to answer, and what reached it."""

    mock: responses.RequestsMock
    received: list[Received] = field(default_factory=list)

    def on(self, method: str, path: str, *answers: Any, base: str = CLOUD) -> None:
        """Answer in turn; the last answer stays. An answer is a body, (status, body[, headers]) or an exception."""
        left = list(answers)

        def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str | bytes]:
            self._note(request)
            one = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(one, Exception):
                raise one
            status, body, headers = (*one, {})[:3] if isinstance(one, tuple) else (200, one, {})
            return status, headers, body if isinstance(body, str | bytes) else json.dumps(body)

        self.mock.add_callback(method, base + path, answer, content_type=None)

    def _note(self, request: PreparedRequest) -> None:
        parts = urlsplit(str(request.url))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = json.loads(request.body) if request.body else None
        self.received.append(Received(str(request.method), parts.path, query, body, request.headers))


@pytest.fixture
def wire() -> Iterator[Wire]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Wire(mock)


class Time:
    def __init__(self) -> None:
        self.now = NOON
        self.waits: list[float] = []

    def clock(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)

    @property
    def waited(self) -> float:
        return round((self.now - NOON).total_seconds(), 3)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def pauses(time: Time) -> MemoryPauses:
    return MemoryPauses(time.clock)


@pytest.fixture
def observed() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def connected(time: Time, pauses: MemoryPauses, observed: list[dict[str, Any]]) -> Iterator[Callable[..., Client]]:
    """Make clients; all are closed at the end. Chance is fixed at one half."""
    made: list[Client] = []

    def make(read_timeout: float = 5.0, **settings: Any) -> Client:
        site = JiraSite(
            **{"url": CLOUD, "email": "bot@acme.example", "token": "planted-token", "kind": "cloud"} | settings
        )
        transport = Transport(
            site,
            clock=time.clock,
            wait=time.wait,
            pauses=pauses,
            connect_timeout=1.0,
            read_timeout=read_timeout,
            observe=lambda **seen: observed.append(seen),
            chance=lambda: 0.5,
        )
        made.append(Client(transport))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def jira(connected: Callable[..., Client]) -> Client:
    """A client of a Cloud site."""
    return connected()


@pytest.fixture
def datacenter(connected: Callable[..., Client]) -> Client:
    """A client of a Data Center site, signed in with a personal access token."""
    return connected(email=None, kind="datacenter")
