"""A sandbox for each test, and its people; what they are answered is held against Atlassian's own document."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

import jira_sandbox
from jira_sandbox import Running

DOCUMENT = Path(__file__).parents[4] / "shared/spec/jira-cloud-platform-v3.openapi.json"
LOOSE = {
    "DashboardGadgetPosition": "its properties are named by their descriptions, by a slip of the document's generator",
}


class Document:
    """Atlassian's OpenAPI document, as far as replies are concerned."""

    def __init__(self) -> None:
        self._content = json.loads(DOCUMENT.read_text(encoding="utf-8"))
        for name in LOOSE:
            self._content["components"]["schemas"][name] = {}
        resource = Resource.from_contents(self._nullable(self._content), default_specification=DRAFT4)
        self._registry = Registry().with_resource("document", resource)
        self._paths = {
            (method.upper(), re.sub(r"\{[^}]+\}", "[^/]+", path)): operation["responses"]
            for path, item in self._content["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }

    def _nullable(self, node: Any) -> Any:
        """Let any value be null: Jira sends null for what is not set, though its document never says so."""
        if isinstance(node, list):
            return [self._nullable(each) for each in node]
        if not isinstance(node, dict):
            return node
        node = {key: self._nullable(value) for key, value in node.items()}
        if node.get("type") in ("object", "string", "array") and "in" not in node:
            node["type"] = [node["type"], "null"]
        return node

    def complaints(self, method: str, path: str, reply: requests.Response) -> list[str]:
        """Return what the document has against a reply."""
        path = path.replace("/rest/api/2/", "/rest/api/3/").rstrip("/")
        fitting = [p for (m, p) in self._paths if m == method and re.fullmatch(p, path)]
        if not fitting:
            return [f"{method} {path} is not in the document"]
        plainest = min(fitting, key=lambda p: p.count("[^/]+"))
        answers = self._paths[method, plainest]
        if str(reply.status_code) not in answers:
            return [f"{method} {path} never answers {reply.status_code}"]
        content = answers[str(reply.status_code)].get("content", {}).get("application/json", {})
        schema = content.get("schema")
        if not schema or not reply.content:
            return []
        pointer = {"$ref": "document#" + _pointer(method.lower(), self._path_of(plainest), str(reply.status_code))}
        validator = Draft4Validator(pointer, registry=self._registry)
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(reply.json())]

    def _path_of(self, pattern: str) -> str:
        return next(p for p in self._content["paths"] if re.sub(r"\{[^}]+\}", "[^/]+", p) == pattern)


def _pointer(method: str, path: str, status: str) -> str:
    escaped = path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
    return f"/paths/{escaped}/{method}/responses/{status}/content/application~1json/schema"


@cache
def document() -> Document | None:
    return Document() if DOCUMENT.exists() else None


class Person:
    """Somebody who uses the site by REST v2."""

    def __init__(self, jira: Running, name: str) -> None:
        self.jira, self.name = jira, name
        self.session = requests.Session()
        self.session.auth = jira.credentials[name].basic

    def ask(self, method: str, path: str, body: Any = None, **parameters: Any) -> requests.Response:
        full = path if path.startswith("/") else f"/rest/api/2/{path}"
        reply = self.session.request(method, self.jira.url + full, json=body, params=parameters, timeout=60)
        known = document()
        # 401 and the text bodies of v2 aside, every reply of Cloud's REST API must fit the document.
        if known and self.jira.site.cloud and full.startswith("/rest/api/2/") and reply.status_code < 400:
            assert known.complaints(method, full, reply) == []
        return reply

    def get(self, path: str, **parameters: Any) -> Any:
        reply = self.ask("GET", path, **parameters)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path: str, body: Any, **parameters: Any) -> requests.Response:
        return self.ask("POST", path, body, **parameters)

    def put(self, path: str, body: Any, **parameters: Any) -> requests.Response:
        return self.ask("PUT", path, body, **parameters)

    def delete(self, path: str, **parameters: Any) -> requests.Response:
        return self.ask("DELETE", path, **parameters)

    # what people do

    def create(self, summary: str = "Loyalty for Ann's", kind: str = "Integration", **fields: Any) -> str:
        """Create an issue and return its key; fields by name or id."""
        named = {self.field(name): value for name, value in fields.items()}
        reply = self.post(
            "issue", {"fields": {"project": {"key": "INT"}, "issuetype": {"name": kind}, "summary": summary} | named}
        )
        assert reply.status_code == 201, reply.text
        return str(reply.json()["key"])

    def create_step(self, parent: str, summary: str = "Goals", **fields: Any) -> str:
        return self.create(summary, "Sub-task", parent={"key": parent}, **fields)

    def edit(self, key: str, **fields: Any) -> None:
        reply = self.put(f"issue/{key}", {"fields": {self.field(name): value for name, value in fields.items()}})
        assert reply.status_code == 204, reply.text

    def move(self, key: str, status: str, **body: Any) -> requests.Response:
        """Make the transition that leads to a status."""
        offered = self.get(f"issue/{key}/transitions")["transitions"]
        step = next(t["id"] for t in offered if t["to"]["name"] == status)
        return self.post(f"issue/{key}/transitions", {"transition": {"id": step}} | body)

    def see(self, key: str, *expand: str, **parameters: Any) -> Any:
        return self.get(f"issue/{key}", expand=",".join(expand), **parameters)

    def search(self, jql: str, **body: Any) -> list[str]:
        """Return the keys that a query finds, in its order."""
        path = "search/jql" if self.jira.site.cloud else "search"
        reply = self.post(path, {"jql": jql, "fields": ["key"], "maxResults": 100} | body)
        assert reply.status_code == 200, reply.text
        return [issue["key"] for issue in reply.json()["issues"]]

    def field(self, name: str) -> str:
        """Return the id of a custom field by its name in words or with underscores."""
        words = name.replace("_", " ").lower()
        fields = self.jira.site.fields.values()
        return next((f.id for f in fields if f.custom and f.name.lower() == words), name)


class World:
    """A sandbox with its people at hand."""

    def __init__(self, jira: Running) -> None:
        self.jira = jira
        self._people: dict[str, Person] = {}

    def __getattr__(self, name: str) -> Person:
        if name not in self._people:
            self._people[name] = Person(self.jira, name)
        return self._people[name]

    def control(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, f"{self.jira.url}/_sandbox/{path}", json=body, timeout=60)

    def close(self) -> None:
        for person in self._people.values():
            person.session.close()


class Receiver:
    """Takes the place of a webhook's receiver: keeps what it is sent, answers as told."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.received.append((headers, body))
        answer = self.answers.pop(0) if self.answers else 202
        if answer == 0:
            raise ConnectionRefusedError("nobody listens")
        return answer

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]

    @property
    def events(self) -> list[str]:
        return [body["webhookEvent"] for body in self.bodies]


@pytest.fixture(scope="session")
def receiver_of_session() -> Receiver:
    return Receiver()


@pytest.fixture(scope="session")
def served(receiver_of_session: Receiver) -> Iterator[Running]:
    with jira_sandbox.running(send=receiver_of_session) as jira:
        yield jira


@pytest.fixture
def receiver(receiver_of_session: Receiver, served: Running) -> Receiver:
    served.webhooks.wait_idle()
    receiver_of_session.received.clear()
    receiver_of_session.answers.clear()
    return receiver_of_session


def _world(served: Running, **make: Any) -> Iterator[World]:
    served.reset(**make)
    served.webhooks.backoff = 0.01
    served.site.webhooks = {}
    world = World(served)
    yield world
    world.close()


@pytest.fixture
def cloud(served: Running) -> Iterator[World]:
    yield from _world(served, flavour="cloud")


@pytest.fixture
def datacenter(served: Running) -> Iterator[World]:
    yield from _world(served, flavour="datacenter")


@pytest.fixture(params=["cloud", "datacenter"])
def world(request: pytest.FixtureRequest, served: Running) -> Iterator[World]:
    """Each test with this fixture runs in both flavours."""
    yield from _world(served, flavour=request.param)
