"""What was read of a project issue, in the words of the mapping: the input of every decision.

Statuses bear the mapping's names, fields its keys, people their account (Cloud) or user name (Data Center).
"""

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Value = str | float | date | datetime | tuple[str, ...] | None

STATUS = "status"
ASSIGNEE = "assignee"
DUE = "duedate"
LABELS = "labels"
PROJECT = "project"
"""The fields of Jira's own that a `Change` may name, besides the keys of the mapping's fields."""

Order = tuple[datetime, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field's change, as the change log has it; one entry of the log may hold several, with one id."""

    id: str
    at: datetime
    author: str | None
    field: str
    before: str | None
    after: str | None

    @property
    def order(self) -> Order:
        """Sort by time, then by number: Jira gives no other promise."""
        return order(self.at, self.id)


def order(at: datetime, change: str) -> Order:
    """Return the place of a change in the log; what is no number (`created`) comes first."""
    return at, int(change) if change.isdigit() else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The identity of a step's sub-task: kept in its issue property, set when it was created."""

    parent: str
    step: str
    visit: str
    party: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubTask:
    """A sub-task of the project issue. `id` is empty while it is only planned; `changes` are oldest first."""

    id: str
    key: str
    summary: str
    status: str
    category: str
    created: datetime
    description: str = ""
    resolution: str | None = None
    assignee: str | None = None
    due: date | None = None
    labels: frozenset[str] = frozenset()
    marker: Marker | None = None
    changes: tuple[Change, ...] = ()

    @property
    def is_done(self) -> bool:
        """Tell whether the status is of the category *done*, whatever the outcome."""
        return self.category == "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectIssue:
    """The project issue with its sub-tasks; `changes` are oldest first.

    `complete` says whether `changes` reach back to the creation; `ways` are the statuses that the workflow offers now;
    `ours` the accounts that the service writes or wrote with, the present one first; `groups` the groups and roles
    (`group:NAME`, `role:NAME`) of those accounts whose rights are in question; `categories` the category of each known
    status; `unread` the sub-tasks that are listed but could not be read; `people` the names behind accounts.
    """

    id: str
    key: str
    summary: str
    status: str
    created: datetime
    ours: tuple[str, ...]
    creator: str | None = None
    labels: frozenset[str] = frozenset()
    fields: MappingOf[str, Value] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    complete: bool = True
    subtasks: tuple[SubTask, ...] = ()
    unread: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    record: Any = None
    groups: MappingOf[str, frozenset[str]] = field(default_factory=dict)
    categories: MappingOf[str, str] = field(default_factory=dict)
    unassignable: frozenset[str] = frozenset()
    people: MappingOf[str, str] = field(default_factory=dict)

    def last_change(self, *fields: str) -> Change | None:
        """Return the newest change of any of the fields."""
        return next((change for change in reversed(self.changes) if change.field in fields), None)
