"""A sandbox as it is, a gateway to it, and people who change it behind the gateway's back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jira_sandbox import Running, preset, writing
from jira_sandbox.model import Issue
from mappings import Mapping
from sync_service.jira.client import Client, JiraSite, MemoryPauses, connect
from sync_service.jira.gateway import Found, Gateway

MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)


@dataclass
class World:
    """A site with its people, and the gateway that is looked at."""

    jira: Running
    gateway: Gateway
    mapping: Mapping
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def site(self) -> Any:
        return self.jira.site

    def id_of(self, name: str) -> str:
        """Return the id of a field."""
        return str(self.site.field_named(name).id)

    def account(self, name: str) -> str:
        return self.jira.credentials[name].account

    def person(self, name: str) -> dict[str, str]:
        return {"accountId" if self.site.cloud else "name": self.account(name)}

    def create(self, kind: str = "Integration", who: str = "tc", **more: Any) -> Issue:
        properties = [{"key": key, "value": value} for key, value in more.pop("properties", {}).items()]
        named = {self.id_of(name.replace("_", " ").title()): value for name, value in more.pop("named", {}).items()}
        fields = {"project": {"key": "INT"}, "issuetype": {"name": kind}, "summary": "Acme"} | named | more
        with self.site.lock:
            return writing.create(
                self.site, preset.person(self.site, who), {"fields": fields, "properties": properties}
            )

    def step(self, parent: Issue, step: str = "goals", **more: Any) -> Issue:
        marker = {"parent": parent.id, "step": step, "visit": "once", "party": ""}
        return self.create("Sub-task", parent={"id": parent.id}, properties={"stagegate.step": marker}, **more)

    def edit(self, issue: Issue, who: str = "tc", **fields: Any) -> None:
        with self.site.lock:
            writing.edit(self.site, preset.person(self.site, who), issue, {"fields": fields})

    def move(self, issue: Issue, status: str, who: str = "tc") -> None:
        with self.site.lock:
            user = preset.person(self.site, who)
            way = next(t for t in self.site.available(issue, user) if self.site.statuses[t.to].name == status)
            writing.transition(self.site, user, issue, {"transition": {"id": way.id}})

    def status(self, issue: Issue) -> str:
        return str(self.site.statuses[issue.status_id].name)

    def later(self, minutes: int = 11) -> None:
        """Let what the gateway knows grow old."""
        self.jira.clock.advance(seconds=minutes * 60)

    def read(self, issue: Issue) -> Found:
        found = self.gateway.read(issue.id)
        assert isinstance(found, Found), found
        return found

    def reads(self) -> dict[str, int]:
        """Return what the service asked since the last question."""
        asked = self.jira.requests.by_operation(caller="service")
        self.jira.requests.reset()
        return asked

    def apply(self, action: Any, found: Found) -> None:
        self.gateway.apply(action, found, self.keys)


def client_of(jira: Running) -> Client:
    me = jira.credentials["service"]
    site = JiraSite(url=jira.url, token=me.token, email=me.email if jira.site.cloud else None)
    pauses = MemoryPauses(jira.clock.now)
    return connect(
        site,
        clock=jira.clock.now,
        wait=lambda seconds: jira.clock.advance(seconds=seconds),
        pauses=pauses,
        read_timeout=10.0,
    )
