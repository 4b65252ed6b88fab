"""Where a project stands: everything that follows from what was read, before anything is decided."""

from dataclasses import dataclass, field
from datetime import datetime

from mappings import Mapping
from sync_service.lifecycle.facts import ProjectIssue
from sync_service.lifecycle.history import (
    Crossing,
    Visit,
    settle_record,
    standing,
    unanswered,
    visits,
    working_visit,
)
from sync_service.lifecycle.record import Override, Record, Round
from sync_service.lifecycle.rounds import RoundsObserver, RoundView
from sync_service.lifecycle.steps import StepJudge, StepState
from sync_service.lifecycle.subtasks import Index, by_marker


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A project as it stands.

    `visit` is the present visit or, in an end, the one that was left, and `judged` are its steps; `retold` says that
    the record was lost and is told anew; `rounds` are all certification visits, `round` the present one.
    """

    issue: ProjectIssue
    mapping: Mapping
    now: datetime
    enforce_since: datetime
    record: Record
    retold: bool
    visits: tuple[Visit, ...]
    visit: Visit
    index: Index
    judged: tuple[StepState, ...]
    rounds: tuple[Round, ...] = ()
    round: RoundView | None = None
    unanswered: tuple[Crossing, ...] = field(default=())
    standing: Crossing | None = None

    @property
    def stage(self) -> str:
        """The last accepted stage."""
        return self.record.stage

    @property
    def ended(self) -> bool:
        """Whether the project is in an end."""
        return self.mapping.stages[self.stage].end

    @property
    def steps(self) -> tuple[StepState, ...]:
        """The steps of the present visit; none in an end."""
        return () if self.ended else self.judged

    @property
    def override(self) -> Override | None:
        """The granted override for the exit of the present visit, while it is unused and the field still filled."""
        last = self.record.overrides[-1] if self.record.overrides else None
        if last is None or not last.granted or last.used or last.visit != self.visits[-1].id:
            return None
        return last if self.issue.fields.get("gate_override") else None


def derive(issue: ProjectIssue, mapping: Mapping, now: datetime, enforce_since: datetime) -> State:
    """Derive where the project stands; `now` is aware, `enforce_since` the time before which the past is adopted."""
    record, retold = settle_record(issue, mapping, enforce_since)
    stays = visits(record, mapping)
    visit = working_visit(stays, mapping)
    index = by_marker(issue)
    entries, view = _rounds(issue, mapping, record, stays, index, enforce_since)
    judge = StepJudge(issue=issue, mapping=mapping, record=record, visit=visit, round=view, index=index, now=now)
    return State(
        issue=issue,
        mapping=mapping,
        now=now,
        enforce_since=enforce_since,
        record=record,
        retold=retold,
        visits=stays,
        visit=visit,
        index=index,
        judged=judge.judge(),
        rounds=entries,
        round=view,
        unanswered=unanswered(issue, mapping, record),
        standing=standing(issue, mapping, record),
    )


def _rounds(
    issue: ProjectIssue,
    mapping: Mapping,
    record: Record,
    stays: tuple[Visit, ...],
    index: Index,
    enforce_since: datetime,
) -> tuple[tuple[Round, ...], RoundView | None]:
    if mapping.certification is None:
        return (), None
    observer = RoundsObserver(
        issue=issue,
        mapping=mapping,
        rounds=mapping.certification,
        record=record,
        visits=stays,
        index=index,
        enforce_since=enforce_since,
    )
    entries = observer.entries()
    visit = working_visit(stays, mapping)
    return entries, observer.view(visit, entries) if visit.stage == mapping.certification.stage else None
