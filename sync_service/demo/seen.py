"""What can be seen in Jira: the project issue, its steps, and what the service wrote. Plain values, read once."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

STEP_PROPERTY = "stagegate.step"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A sub-task; `step`, `party` and `visit` are its marker."""

    key: str
    created: datetime
    step: str
    party: str
    visit: str
    summary: str
    status: str
    done: bool
    owner: str
    account: str
    due: str

    @property
    def marker(self) -> tuple[str, str, str]:
        """What makes it the one that it is."""
        return self.step, self.visit, self.party


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of one change-log entry."""

    entry: str
    at: datetime
    by: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment; wiki markup."""

    id: str
    at: datetime
    by: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The project issue as it was read."""

    id: str
    key: str
    status: str
    fields: Mapping[str, Any]
    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    comments: tuple[Comment, ...]

    @property
    def stage(self) -> str:
        """The verdict of the service."""
        return str(self.fields.get("Integration Stage") or "")

    @property
    def gate(self) -> str:
        """Whether the next move would be accepted: Open or Closed."""
        return str(self.fields.get("Gate") or "")

    def open_steps(self, step: str) -> tuple[Step, ...]:
        """Return the sub-tasks of a step that are still to be done, one for each party."""
        return tuple(each for each in self.steps if each.step == step and not each.done)


def moment(text: str) -> datetime:
    """Read a moment as Jira writes it: an offset without a colon."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def account(user: Mapping[str, Any] | None) -> str:
    """Return what Jira calls a user: the account id on Cloud, the name on Data Center."""
    return str((user or {}).get("accountId") or (user or {}).get("name") or "")


def changes_of(histories: list[dict[str, Any]]) -> Iterator[Change]:
    """Read the entries of a change log."""
    for entry in histories:
        for item in entry["items"]:
            yield Change(
                entry=str(entry["id"]),
                at=moment(entry["created"]),
                by=account(entry.get("author")),
                field=item["field"],
                before=item.get("fromString") or "",
                after=_shown(item),
            )


def _shown(item: dict[str, Any]) -> str:
    """Return the new value: a day as such, anything else as Jira shows it."""
    value = str(item.get("to") or "")
    return value if _DAY.fullmatch(value) else item.get("toString") or ""


def comments_of(comments: list[dict[str, Any]]) -> Iterator[Comment]:
    """Read the comments of an issue."""
    for each in comments:
        yield Comment(id=str(each["id"]), at=moment(each["created"]), by=account(each.get("author")), body=each["body"])


def step_of(raw: dict[str, Any]) -> Step:
    """Read a sub-task with its marker."""
    fields, marker = raw["fields"], raw.get("properties", {}).get(STEP_PROPERTY) or {}
    owner = fields.get("assignee") or {}
    return Step(
        key=raw["key"],
        created=moment(fields["created"]),
        step=marker.get("step", ""),
        party=marker.get("party") or "",
        visit=str(marker.get("visit", "")),
        summary=fields["summary"],
        status=fields["status"]["name"],
        done=fields["status"]["statusCategory"]["key"] == "done",
        owner=owner.get("displayName", "nobody"),
        account=account(owner),
        due=fields.get("duedate") or "",
    )


def plain_value(value: object) -> object:
    """Return a field's value as people read it."""
    if isinstance(value, dict):
        return value.get("value") or value.get("displayName") or value.get("name")
    return [plain_value(each) for each in value] if isinstance(value, list) else value
