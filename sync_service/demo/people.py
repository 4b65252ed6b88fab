"""The people of the demo: each acts in Jira with credentials of their own, by the plain `jira` client."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from jira import JIRA

TITLES = {
    "tc": "technical consultant",
    "integrations": "Integrations team",
    "integrator": "integrator",
    "client": "client",
    "sales": "sales",
    "admin": "administrator",
}
ROLE_FIELDS = {
    "Technical Consultant": "tc",
    "Integrations Engineer": "integrations",
    "Integrator Contact": "integrator",
    "Client Contact": "client",
    "Sales Contact": "sales",
}
TIMEOUT_SECONDS = 10

Value = str | date | tuple[str, ...] | dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of the site: its id, and the type of its values."""

    id: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is signed in to Jira; `account` is what Jira calls them in fields."""

    name: str
    title: str
    account: str
    jira: JIRA
    fields: Mapping[str, Field]

    @property
    def first_name(self) -> str:
        """What colleagues call them."""
        return self.name.split()[0]

    def create(self, project: str, summary: str, values: Mapping[str, Value]) -> str:
        """Create the project issue and return its key."""
        given = {"project": {"key": project}, "issuetype": {"name": "Integration"}, "summary": summary}
        return str(self.jira.create_issue({**given, **self._encoded(values)}, prefetch=False).key)

    def fill(self, key: str, values: Mapping[str, Value]) -> None:
        """Fill fields of an issue."""
        self.jira.issue(key, fields="summary").update(fields=self._encoded(values))

    def move(self, key: str, status: str) -> None:
        """Move an issue to a status by the transition that leads there."""
        ways = {way["to"]["name"]: way["id"] for way in self.jira.transitions(key)}
        self.jira.transition_issue(key, ways[status])

    def comment(self, key: str, words: str) -> None:
        """Comment on an issue."""
        self.jira.add_comment(key, words)

    def _encoded(self, values: Mapping[str, Value]) -> dict[str, Any]:
        return {self.fields[name].id: _encoded(self.fields[name], value) for name, value in values.items()}


def _encoded(field: Field, value: Value) -> object:
    """Write a value as Jira takes it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [{"value": each} for each in value]
    return {"value": value} if field.type == "option" else value


@contextmanager
def signed_in(url: str, people: Mapping[str, Mapping[str, str]], *, cloud: bool) -> Iterator[dict[str, Person]]:
    """Sign everybody in, each with their own token; all connections are closed at the end."""
    clients = {role: _client(url, who, cloud=cloud) for role, who in people.items()}
    try:
        told = clients["admin"].fields()
        fields = {each["name"]: Field(id=each["id"], type=each.get("schema", {}).get("type", "")) for each in told}
        yield {
            role: Person(
                name=clients[role].myself()["displayName"],
                title=TITLES[role],
                account=who["account"],
                jira=clients[role],
                fields=fields,
            )
            for role, who in people.items()
        }
    finally:
        for client in clients.values():
            client.close()  # type: ignore[no-untyped-call]


def _client(url: str, who: Mapping[str, str], *, cloud: bool) -> JIRA:
    signing: dict[str, Any] = {"basic_auth": (who["email"], who["token"])} if cloud else {"token_auth": who["token"]}
    return JIRA(url, get_server_info=False, max_retries=0, timeout=TIMEOUT_SECONDS, **signing)
