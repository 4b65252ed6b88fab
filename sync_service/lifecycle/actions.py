"""What is to be written to Jira, as data: each action safe to repeat, with its reasons."""

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any

from sync_service.lifecycle.facts import SubTask, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make the steps' sub-tasks in bulk; texts of later actions name them by `SubTask.key`, a placeholder till then."""

    subtasks: tuple[SubTask, ...]
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Change an issue in one request: fields by their key, labels, a comment, and the record (project issue only).

    With nothing but a record it is written as a property alone, which mails nobody.
    """

    issue: str
    key: str
    fields: MappingOf[str, Value] = field(default_factory=dict)
    add_labels: tuple[str, ...] = ()
    remove_labels: tuple[str, ...] = ()
    comment: str = ""
    record: MappingOf[str, Any] | None = None
    why: tuple[str, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Tell whether only the record changes, so that nobody is mailed."""
        return not (self.fields or self.add_labels or self.remove_labels or self.comment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Move an issue to the first of these statuses that its workflow offers."""

    issue: str
    key: str
    to: tuple[str, ...]
    why: tuple[str, ...] = ()


Action = Create | Edit | Move


def sentence(action: Action) -> str:
    """Say in one line what the action does."""
    if isinstance(action, Create):
        return f"create {len(action.subtasks)} sub-task(s): " + ", ".join(s.summary for s in action.subtasks)
    if isinstance(action, Edit):
        return f"edit {action.key}: {_changes(action)}"
    return f"move {action.key} to {' or '.join(action.to)}"


def _changes(edit: Edit) -> str:
    parts = [f"{name} = {'empty' if value is None else value}" for name, value in edit.fields.items()]
    parts += [f"+{label}" for label in edit.add_labels] + [f"-{label}" for label in edit.remove_labels]
    parts += ["a comment"] if edit.comment else []
    parts += ["the record"] if edit.record is not None else []
    return ", ".join(parts)
