"""What a sub-task's own history says: which step it is, when it was done, whether it was reopened."""

from collections.abc import Mapping as MappingOf
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from mappings.model import Outcome
from sync_service.lifecycle.facts import STATUS, Change, Order, ProjectIssue, SubTask, order
from sync_service.lifecycle.record import CREATED

ONCE = "once"
"""The visit in the marker of a step that is made once per project."""

Identity = tuple[str, str, str]
"""A step's sub-task: step, visit, party."""

Index = MappingOf[Identity, list[SubTask]]
Categories = MappingOf[str, str]


def by_marker(issue: ProjectIssue) -> Index:
    """Index the sub-tasks that bear a marker of this issue, the oldest of each marker first."""
    index: dict[Identity, list[SubTask]] = {}
    for subtask in issue.subtasks:
        if (marker := subtask.marker) and marker.parent == issue.id:
            index.setdefault((marker.step, marker.visit, marker.party), []).append(subtask)
    for twins in index.values():
        twins.sort(key=_age)
    return index


def _age(subtask: SubTask) -> tuple[bool, int]:
    return not subtask.id, int(subtask.id or 0)


def reached(subtask: SubTask, outcome: Outcome) -> bool:
    """Tell whether the sub-task's status or resolution stands for the outcome."""
    return subtask.status in outcome.statuses or (subtask.is_done and subtask.resolution in outcome.resolutions)


def reached_by(subtask: SubTask, outcome: Outcome, categories: Categories) -> Change | None:
    """Return the change by which the sub-task came to the outcome that it has; None where its log doesn't tell.

    What was edited since, from one word for the outcome to another, is left out.
    """
    then, since = subtask, None
    for _, entry in groupby(reversed(subtask.changes), key=lambda change: change.id):
        if not reached(then, outcome):
            break
        for change in entry:
            if change.field == STATUS:
                status = change.before or ""
                then, since = replace(then, status=status, category=categories.get(status, "")), change
            elif change.field == "resolution":
                then, since = replace(then, resolution=change.before), change
    return None if reached(then, outcome) else since


def closing(subtask: SubTask, categories: Categories) -> Change | None:
    """Return the change by which the sub-task last became done; None where its log doesn't tell."""
    return next((c for c in reversed(subtask.changes) if _became_done(c, categories)), None)


def turn(subtask: SubTask, categories: Categories) -> Change | None:
    """Return the change by which the sub-task last became done, or was reopened; None where there is none."""
    turns = (c for c in reversed(subtask.changes) if _became_done(c, categories) or _left_done(c, categories))
    return next(turns, None)


def finished(subtask: SubTask, categories: Categories) -> Order:
    """Return when the sub-task last became done; where its log doesn't reach back so far, the oldest time it knows."""
    oldest = closing(subtask, categories) or next(iter(subtask.changes), None)
    return oldest.order if oldest else order(subtask.created, CREATED)


def reopened_since(subtask: SubTask, then: Order, categories: Categories) -> bool:
    """Tell whether the sub-task left *done* after the time."""
    return any(c.order > then and _left_done(c, categories) for c in subtask.changes)


def was_done_by(subtask: SubTask, then: Order, until: datetime, categories: Categories) -> bool:
    """Tell whether the sub-task was done at the time `then`, or became so until a moment later."""
    moves = [c for c in subtask.changes if c.field == STATUS]
    last = next((c for c in reversed(moves) if c.order <= then), None)
    if last is not None:
        done = categories.get(last.after or "") == "done"
    else:
        done = categories.get(moves[0].before or "") == "done" if moves else subtask.is_done
    return done or any(c.order > then and c.at <= until and _became_done(c, categories) for c in moves)


def _became_done(change: Change, categories: Categories) -> bool:
    return change.field == STATUS and _categories(change, categories) == (False, True)


def _left_done(change: Change, categories: Categories) -> bool:
    return change.field == STATUS and _categories(change, categories) == (True, False)


def _categories(change: Change, categories: Categories) -> tuple[bool, bool]:
    return categories.get(change.before or "") == "done", categories.get(change.after or "") == "done"
