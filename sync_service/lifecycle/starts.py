"""Whose the *Certification Start* is: the present visit's, a later one's, or one's that is over. docs/lifecycle.md.

The change log writes dates in the site's own format, so what counts is who set a start and when, never which it was.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from mappings.model import Calendar
from sync_service.lifecycle.facts import Change, Order, ProjectIssue, order
from sync_service.lifecycle.history import STAGE_FIELD, Visit
from sync_service.lifecycle.record import Round
from sync_service.lifecycle.workdays import local_day, workday_on_or_after

START_FIELD = "certification_start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """Tells the starts of a project's visits apart; `last` is the visit that ended last, unless that was adopted."""

    issue: ProjectIssue
    calendar: Calendar
    enforce_since: datetime
    last: Round | None

    @property
    def day(self) -> date | None:
        """The day that the field holds, whosoever it is."""
        value = self.issue.fields.get(START_FIELD)
        return value if isinstance(value, date) and not isinstance(value, datetime) else None

    def of(self, visit: Visit, known: Round) -> date | None:
        """Return the day if it is the visit's: set since it began, or planned for it and not before its first day.

        What the record (`known`) has as the visit's is so: its change may be older than the log that was read.
        """
        if self.day is None or visit.begun < self.enforce_since or known.slot == self.day:
            return self.day
        change = self.issue.last_change(START_FIELD)
        if change and change.order >= _opened(visit):
            return self.day
        is_past = workday_on_or_after(self.calendar, self.day) < local_day(self.calendar, visit.begun)
        return None if is_past or self.is_left_over() else self.day

    def is_left_over(self) -> bool:
        """Tell whether the day is that of the visit that ended last: people set the next one's after its end."""
        if self.day is None or self.last is None:
            return False
        change = self.issue.last_change(START_FIELD)
        return not self._is_planned(change) if change else self.day == self.last.slot

    def given_up(self, visit: Visit) -> tuple[Change, ...]:
        """Return our clearings by which slots of the visit were given up, oldest first.

        The edit that enters a visit clears only what was past by then.
        """
        entering = {c.id for c in self.issue.changes if c.field == STAGE_FIELD and c.author in self.issue.ours}
        starts = [change for change in self.issue.changes if change.field == START_FIELD]
        return tuple(
            clearing
            for before, clearing in zip([None, *starts], starts, strict=False)
            if clearing.author in self.issue.ours
            and not clearing.after
            and clearing.order > _opened(visit)
            and (_is_since(before, visit) or (self._is_planned(before) and clearing.id not in entering))
        )

    def _is_planned(self, change: Change | None) -> bool:
        """Tell whether the change set the start of a visit after the last: people's, made with its end or later."""
        if self.last is None or self.last.ended is None:
            return True
        return change is not None and change.author not in self.issue.ours and change.at >= self.last.ended


def last_ended(entries: Iterable[Round], enforce_since: datetime) -> Round | None:
    """Return the certification visit that ended last; None where that was before enforcement: the start is people's."""
    ended = [entry for entry in entries if entry.ended]
    return ended[-1] if ended and ended[-1].ended and ended[-1].ended >= enforce_since else None


def _opened(visit: Visit) -> Order:
    return order(visit.begun, visit.id)


def _is_since(change: Change | None, visit: Visit) -> bool:
    return change is not None and change.order >= _opened(visit)
