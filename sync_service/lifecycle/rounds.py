"""Certification rounds: which began, how they ended, and what the present one waits for. docs/lifecycle.md."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from mappings import Mapping
from mappings.model import Certification
from sync_service.lifecycle.facts import STATUS, Change, Order, ProjectIssue, SubTask, order
from sync_service.lifecycle.history import Visit
from sync_service.lifecycle.record import Record, Round
from sync_service.lifecycle.starts import Starts, last_ended
from sync_service.lifecycle.subtasks import Index, finished, reached
from sync_service.lifecycle.workdays import (
    add_workdays,
    day_begin,
    local_day,
    workday_on_or_after,
    workdays_between,
)

CERTIFIED, FAILED, WITHDRAWN = "certified", "failed", "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """The present certification visit.

    `number` is the round's number if testing begins in this visit; `outcome` what its sub-task says. `slot` is the
    visit's own day, `slot_begins` when business begins on it, or on the next business day; `given_up` when the log
    says that the visit's last slot was given up; `earliest_end` is the due date of the round.
    """

    entry: Round
    number: int
    beyond_free: bool
    begun: datetime | None = None
    outcome: str | None = None
    notified_at: datetime | None = None
    materials_in: datetime | None = None
    slot: date | None = None
    slot_begins: datetime | None = None
    given_up: Order | None = None
    earliest_end: date | None = None
    feedback: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsObserver:
    """Reads the rounds from the visits and the sub-tasks; what is no longer there to be read, from the record."""

    issue: ProjectIssue
    mapping: Mapping
    rounds: Certification
    record: Record
    visits: tuple[Visit, ...]
    index: Index
    enforce_since: datetime

    def entries(self) -> tuple[Round, ...]:
        """Return every certification visit, oldest first, numbered where testing began."""
        remembered = {visit.id for visit in self.visits}
        numbered = [known for known in self.record.rounds if known.visit not in remembered]
        for visit, successor in self._stays():
            entry = self._entry(visit, successor, self._starts(numbered))
            number = last_number(numbered) + 1 if entry.begun else None
            numbered.append(entry.model_copy(update={"number": number}))
        return tuple(numbered)

    def _stays(self) -> Iterator[tuple[Visit, Visit | None]]:
        """Pair each certification visit with the visit of another stage that followed it, ends apart."""
        on_the_way = [visit for visit in self.visits if not self.mapping.stages[visit.stage].end]
        for position, visit in enumerate(on_the_way):
            following = on_the_way[position + 1] if position + 1 < len(on_the_way) else None
            if visit.stage == self.rounds.stage and (following is None or following.id != visit.id):
                yield visit, following

    def _starts(self, earlier: Iterable[Round]) -> Starts:
        last = last_ended(earlier, self.enforce_since)
        return Starts(issue=self.issue, calendar=self.mapping.calendar, enforce_since=self.enforce_since, last=last)

    def _entry(self, visit: Visit, successor: Visit | None, starts: Starts) -> Round:
        known = self.record.round_of(visit.id)
        if known.result is not None:
            return known
        begun = known.begun or self._begun(visit, self._left_at(visit) if successor else None)
        entry = known.model_copy(update={"begun": begun, **self._preparation(visit, starts)})
        if successor is None:
            return entry
        return entry.model_copy(update=self._ending(visit, successor, begun, entry))

    def _preparation(self, visit: Visit, starts: Starts) -> dict[str, object]:
        known = self.record.round_of(visit.id)
        if visit.id != self.visits[-1].id:
            return {"materials": known.materials or self.completed(self.rounds.materials_step, visit)}
        return {
            "slot": starts.of(visit, known),
            "materials": self.completed(self.rounds.materials_step, visit),
            "given_up": known.given_up if known in self.record.rounds else self._given_up(visit, starts),
        }

    def _given_up(self, visit: Visit, starts: Starts) -> tuple[date, ...]:
        """Read from the log when we gave slots of the visit up: on the days on which they began."""
        return tuple(local_day(self.mapping.calendar, change.at) for change in starts.given_up(visit))

    def _ending(self, visit: Visit, successor: Visit, begun: datetime | None, entry: Round) -> dict[str, object]:
        ended = self._left_at(visit)
        result = self._result(successor, begun)
        calendar = self.mapping.calendar
        due = self._earliest_end(entry.materials, entry.slot)
        feedback = self.feedback(visit)
        last_day = local_day(calendar, ended)
        return {
            "ended": ended,
            "result": result,
            "reasons": self._reasons() if result == FAILED and successor.id == self.visits[-1].id else (),
            "feedback": feedback.id if feedback and result == FAILED else None,
            "business_days": workdays_between(calendar, local_day(calendar, begun), last_day) if begun else None,
            "early": bool(begun and due and last_day < due),
        }

    def _left_at(self, visit: Visit) -> datetime:
        return max(stay.until for stay in self.visits if stay.id == visit.id and stay.until)

    def _result(self, successor: Visit, begun: datetime | None) -> str:
        if begun is None:
            return WITHDRAWN
        way = self.mapping.way
        return CERTIFIED if way.index(successor.stage) > way.index(self.rounds.stage) else FAILED

    def _begun(self, visit: Visit, left: datetime | None) -> datetime | None:
        """Return when people first moved the round's sub-task, no later than the visit was left.

        Adopted visits count as begun when they were entered.
        """
        testing = self.index.get((self.rounds.round_step, visit.id, ""), ())
        first = [began for subtask in testing if (began := self._first_move(subtask))]
        moves = [began for began in first if left is None or began <= left]
        return min(moves, default=visit.begun if visit.begun < self.enforce_since else None)

    def _first_move(self, subtask: SubTask) -> datetime | None:
        statuses = self.mapping.jira.step_statuses
        no_tests = (statuses.open, *statuses.wont_do.statuses)  # taking a "won't do" back begins nothing either
        return next(
            (
                change.at
                for change in subtask.changes
                if change.field == STATUS and change.author not in self.issue.ours and change.after not in no_tests
            ),
            None,
        )

    def view(self, visit: Visit, entries: tuple[Round, ...]) -> RoundView:
        """Return what the present certification visit shows and waits for."""
        entry = next(known for known in entries if known.visit == visit.id)
        others = [known for known in entries if known.visit != visit.id]
        earlier, starts = last_number(others), self._starts(others)
        slot, given_up = starts.of(visit, self.record.round_of(visit.id)), starts.given_up(visit)
        materials = self.completed(self.rounds.materials_step, visit)
        return RoundView(
            entry=entry,
            number=earlier + 1,
            beyond_free=earlier + 1 > self.rounds.free_rounds,
            begun=entry.begun,
            outcome=self._outcome(visit),
            notified_at=self.completed(self.rounds.notify_step, visit),
            materials_in=materials,
            slot=slot,
            slot_begins=self._begin(slot),
            given_up=given_up[-1].order if given_up else None,
            earliest_end=self._earliest_end(materials, slot),
            feedback=self.feedback(visit),
        )

    def _outcome(self, visit: Visit) -> str | None:
        testing = self.index.get((self.rounds.round_step, visit.id, ""), ())[:1]
        for subtask in testing:
            if reached(subtask, self.rounds.certified):
                return CERTIFIED
            if reached(subtask, self.rounds.failed):
                return FAILED
        return None

    def completed(self, step_key: str, visit: Visit) -> datetime | None:
        """Return when the step's last sub-task of the visit was done; None while one is not."""
        step = self.mapping.stages[self.rounds.stage].steps[step_key]
        ends: list[datetime] = []
        for party in step.parties or ("",):
            twins = self.index.get((step_key, visit.id, party), ())[:1]
            if not twins or not twins[0].is_done or self._is_dropped(twins[0]):
                return None
            ends.append(finished(twins[0], self.issue.categories)[0])
        return max(ends)

    def _is_dropped(self, subtask: SubTask) -> bool:
        """Tell whether the step is closed as not to be done, without having been waived."""
        waived = {waiver.subtask for waiver in self.record.waivers if waiver.granted}
        return reached(subtask, self.mapping.jira.step_statuses.wont_do) and subtask.id not in waived

    def feedback(self, visit: Visit) -> Change | None:
        """Return the last change of the feedback in this visit, where the field is filled."""
        last = self.issue.last_change("certification_feedback")
        if last is None or not self.issue.fields.get("certification_feedback"):
            return None
        return last if last.order > order(visit.begun, visit.id) else None

    def _reasons(self) -> tuple[str, ...]:
        value = self.issue.fields.get("failure_reasons")
        return value if isinstance(value, tuple) else ()

    def _begin(self, slot: date | None) -> datetime | None:
        calendar = self.mapping.calendar
        return day_begin(calendar, workday_on_or_after(calendar, slot)) if slot else None

    def _earliest_end(self, materials: datetime | None, slot: date | None) -> date | None:
        if materials is None or slot is None:
            return None
        calendar = self.mapping.calendar
        begin = max(local_day(calendar, materials), workday_on_or_after(calendar, slot))
        return add_workdays(calendar, begin, self.rounds.capacity.round_business_days)


def last_number(entries: Iterable[Round]) -> int:
    """Return how many rounds have begun."""
    return max((entry.number for entry in entries if entry.number), default=0)
