"""The issue as it would be after what is planned, kept in memory: rules write here, and the difference is the plan."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sync_service.lifecycle.actions import Action, Create, Edit, Move
from sync_service.lifecycle.facts import ASSIGNEE, DUE, LABELS, STATUS, Change, ProjectIssue, SubTask, Value
from sync_service.lifecycle.messages import CUT
from sync_service.lifecycle.record import Record, dump, parse
from sync_service.lifecycle.wiki import shorten

FUTURE_CHANGE = 10**15
"""Ids of changes that are only planned: higher than any of Jira's."""


class Draft:
    """The project issue with planned changes laid over it.

    Each planned change shows in the change log as if we had made it now, so that deriving again sees its consequences.
    """

    def __init__(self, issue: ProjectIssue, record: Record, now: datetime) -> None:
        self.start = issue
        self._known = parse(issue.record, issue.id)
        self.now = now
        self.record = record
        self.issue = replace(issue, record=record)
        self.subtasks = {self._name(subtask): subtask for subtask in issue.subtasks}
        self.moves: dict[str, tuple[str, ...]] = {}
        self.comments: dict[str, list[str]] = {}
        self.reasons: dict[str, list[str]] = {}
        self.notes: dict[str, None] = {}
        self.looks: set[datetime] = set()
        self._changes = 0
        self._at = max((now, *(log[-1].at for log in self._logs() if log)))

    def _logs(self) -> Iterator[tuple[Change, ...]]:
        yield self.issue.changes
        yield from (subtask.changes for subtask in self.issue.subtasks)

    @staticmethod
    def _name(subtask: SubTask) -> str:
        return subtask.id or subtask.key

    @property
    def facts(self) -> ProjectIssue:
        """The issue as the next pass of the rules sees it."""
        return replace(self.issue, subtasks=tuple(self.subtasks.values()))

    @property
    def version(self) -> int:
        """Count the changes, to see whether a pass made any."""
        return self._changes

    @property
    def differs(self) -> bool:
        """Whether anything was changed, or the record is another one than was read: then the state is to be renewed."""
        return self._changes > 0 or self.record != self._known

    def note(self, text: str) -> None:
        """Tell the operator something, once."""
        self.notes[text] = None

    # --- The project issue

    def set_field(self, key: str, value: Value, why: str) -> None:
        """Set a field of the project issue, unless it holds the value."""
        if self.issue.fields.get(key) == value:
            return
        before = self.issue.fields.get(key)
        change = self._change(key, None if before is None else str(before), None if value is None else str(value))
        fields = {**self.issue.fields, key: value}
        self.issue = replace(self.issue, fields=fields, changes=(*self.issue.changes, change))
        self._because(self.issue.id, why)

    def label(self, label: str, *, present: bool, why: str) -> bool:
        """Add or remove a label of the project issue; tell whether that is a change."""
        if (label in self.issue.labels) == present:
            return False
        self.issue = replace(self.issue, labels=self.issue.labels ^ {label})
        self._because(self.issue.id, why)
        return True

    def keep(self, record: Record, why: str) -> None:
        """Plan the record."""
        if self.record != record:
            self.record = record
            self.issue = replace(self.issue, record=record)
            self._because(self.issue.id, why)

    def say(self, text: str) -> None:
        """Add a paragraph to the comment of the project issue's edit."""
        self.comments.setdefault(self.issue.id, []).append(text)

    def move(self, to: Iterable[str], why: str) -> None:
        """Plan a transition of the project issue, the last of all actions; it is judged at the look that follows."""
        self.moves[self.issue.id] = tuple(to)
        self._because(self.issue.id, why)

    # --- Sub-tasks

    def placeholder(self) -> str:
        """Return a key for the next planned sub-task; it holds no character that wiki markup gives a meaning."""
        return f"§{sum(not subtask.id for subtask in self.subtasks.values())}§"

    def create(self, subtask: SubTask) -> None:
        """Plan a sub-task."""
        self.subtasks[subtask.key] = subtask
        self._because(subtask.key, "the step is required")

    def had_label(self, subtask: SubTask, label: str) -> bool:
        """Tell whether the sub-task bore the label when it was read."""
        return any(known.id == subtask.id and label in known.labels for known in self.start.subtasks)

    def label_step(self, subtask: SubTask, label: str, *, present: bool, why: str) -> bool:
        """Add or remove a label of a sub-task; tell whether that is a change."""
        known = self.subtasks[self._name(subtask)]
        if (label in known.labels) == present:
            return False
        labels = known.labels ^ {label}
        self._alter(known, LABELS, " ".join(sorted(known.labels)), " ".join(sorted(labels)), why, labels=labels)
        return True

    def assign(self, subtask: SubTask, account: str, why: str) -> None:
        """Give a sub-task to an account."""
        self._alter(subtask, ASSIGNEE, subtask.assignee, account, why, assignee=account)

    def date(self, subtask: SubTask, due: date | None, why: str) -> None:
        """Set a sub-task's due date, or clear it."""
        self._alter(subtask, DUE, str(subtask.due or ""), str(due or ""), why, due=due)

    def tell(self, subtask: SubTask, text: str) -> None:
        """Add a paragraph to the comment of a sub-task's edit."""
        self.comments.setdefault(self._name(subtask), []).append(text)

    def move_step(self, subtask: SubTask, to: tuple[str, ...], category: str, why: str) -> None:
        """Plan a transition of a sub-task to the first of the statuses that the site has."""
        known = tuple(status for status in to if status in self.issue.categories) or to
        self.moves[self._name(subtask)] = known
        self._alter(subtask, STATUS, subtask.status, known[0], why, status=known[0], category=category)

    def _alter(
        self, subtask: SubTask, field: str, before: str | None, after: str | None, why: str, **values: Any
    ) -> None:
        name = self._name(subtask)
        known = self.subtasks[name]
        change = self._change(field, before, after)
        self.subtasks[name] = replace(known, changes=(*known.changes, change), **values)
        self._because(name, why)

    def _change(self, field: str, before: str | None, after: str | None) -> Change:
        self._changes += 1
        number = str(FUTURE_CHANGE + self._changes)
        return Change(id=number, at=self._at, author=self.issue.ours[0], field=field, before=before, after=after)

    def _because(self, name: str, why: str) -> None:
        self._changes += 1
        reasons = self.reasons.setdefault(name, [])
        if why not in reasons:
            reasons.append(why)

    # --- The difference

    def actions(self) -> tuple[Action, ...]:
        """Return what is to be written, in the order in which a crash after any of it loses and repeats nothing."""
        return (
            *self._creation(),
            *self._project_edit(),
            *(action for before in self.start.subtasks for action in self._step_actions(before)),
            *self._project_move(),
        )

    def _creation(self) -> Iterator[Create]:
        made = tuple(subtask for subtask in self.subtasks.values() if not subtask.id)
        if made:
            yield Create(subtasks=made, why=("the stage's steps are required",))

    def _project_edit(self) -> Iterator[Edit]:
        before, after = self.start, self.issue
        edit = Edit(
            issue=after.id,
            key=after.key,
            fields={key: value for key, value in after.fields.items() if before.fields.get(key) != value},
            add_labels=tuple(sorted(after.labels - before.labels)),
            remove_labels=tuple(sorted(before.labels - after.labels)),
            comment=self._comment(after.id),
            record=self._record_edit(),
            why=tuple(self.reasons.get(after.id, ())),
        )
        if not edit.is_quiet or edit.record is not None:
            yield edit

    def _comment(self, name: str) -> str:
        return shorten("\n\n".join(self.comments.get(name, ())), CUT)

    def _record_edit(self) -> dict[str, Any] | None:
        if self.record == self._known:
            return None
        value = dump(self.record)
        return value if self._known is None or value != dump(self._known) else None

    def _step_actions(self, before: SubTask) -> Iterator[Action]:
        after = self.subtasks[before.id]
        fields: dict[str, Value] = {ASSIGNEE: after.assignee} if after.assignee != before.assignee else {}
        fields |= {DUE: after.due} if after.due != before.due else {}
        edit = Edit(
            issue=after.id,
            key=after.key,
            fields=fields,
            add_labels=tuple(sorted(after.labels - before.labels)),
            remove_labels=tuple(sorted(before.labels - after.labels)),
            comment=self._comment(after.id),
            why=tuple(self.reasons.get(after.id, ())),
        )
        if not edit.is_quiet:
            yield edit
        if after.status != before.status:
            yield Move(issue=after.id, key=after.key, to=self.moves[after.id], why=edit.why)

    def _project_move(self) -> Iterator[Move]:
        if to := self.moves.get(self.issue.id):
            yield Move(issue=self.issue.id, key=self.issue.key, to=to, why=tuple(self.reasons.get(self.issue.id, ())))
