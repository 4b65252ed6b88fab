"""From the change log to accepted crossings, visits, and the crossings that wait for an answer. docs/lifecycle.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mappings import Mapping
from sync_service.lifecycle.facts import PROJECT, STATUS, Change, Order, ProjectIssue, order
from sync_service.lifecycle.record import CREATED, Accepted, Record, Refused, parse

STAGE_FIELD = "stage"
REFUSAL_FIELD = "last_refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A status change of the project issue from one stage to another."""

    target: str
    at: datetime
    change: str
    author: str | None
    before: str | None

    @property
    def order(self) -> Order:
        """Sort as its change-log entry."""
        return order(self.at, self.change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One stay in a stage. `id` is the change that opened the visit; a visit resumed after an end keeps it."""

    id: str
    stage: str
    since: datetime
    begun: datetime
    until: datetime | None = None


def crossings(issue: ProjectIssue, mapping: Mapping) -> tuple[Crossing, ...]:
    """Return the crossings of the change log, oldest first; those from before a move into this project don't count."""
    moved = issue.last_change(PROJECT)
    return tuple(
        _crossing(change, target)
        for change in issue.changes
        if change.field == STATUS
        and (target := mapping.stage_by_status.get(change.after or ""))
        and target != mapping.stage_by_status.get(change.before or "")
        and (moved is None or change.order >= moved.order)
    )


def _crossing(change: Change, target: str) -> Crossing:
    return Crossing(target=target, at=change.at, change=change.id, author=change.author, before=change.before)


def settle_record(issue: ProjectIssue, mapping: Mapping, enforce_since: datetime) -> tuple[Record, bool]:
    """Return the issue's record and whether it had to be told anew from the change log.

    That is so where there is none, or where it lags behind our own changes of the stage field.
    """
    known = _trusted(issue, mapping)
    record = known or _retold(issue, mapping, enforce_since)
    return _adopted(issue, mapping, record, enforce_since), known is None


def reaches_back(issue: ProjectIssue, mapping: Mapping) -> bool:
    """Tell whether the change log that was read is long enough to decide; else the older pages are needed."""
    if issue.complete:
        return True
    record = _trusted(issue, mapping)
    if record is None:
        return False
    begun = working_visit(visits(record, mapping), mapping).begun
    return bool(issue.changes) and issue.changes[0].at <= begun


def _trusted(issue: ProjectIssue, mapping: Mapping) -> Record | None:
    """Return the record, unless it is of another lifecycle or contradicts our own writings of the stage field."""
    record = parse(issue.record, issue.id)
    if record is None or any(entry.stage not in mapping.stages for entry in record.accepted):
        return None
    return None if _is_contradicted(record, issue, mapping) else record


def _is_contradicted(record: Record, issue: ProjectIssue, mapping: Mapping) -> bool:
    """Tell whether our last writing of the field is later than the record, or still stands and says otherwise."""
    own = own_stages(issue, mapping)
    if not own or own[-1][1] == record.stage:
        return False
    change, stage = own[-1]
    return change.order > max(order(at, entry) for _, at, entry in record.accepted) or issue.fields.get(
        STAGE_FIELD
    ) == mapping.title(stage)


def own_stages(issue: ProjectIssue, mapping: Mapping) -> list[tuple[Change, str]]:
    """Return our own writings of the stage field, oldest first; equal values in a row count once."""
    own: list[tuple[Change, str]] = []
    for change in issue.changes:
        stage = mapping.stage_by_title.get(change.after or "")
        if change.field == STAGE_FIELD and change.author in issue.ours and stage and (not own or own[-1][1] != stage):
            own.append((change, stage))
    return own


def _retold(issue: ProjectIssue, mapping: Mapping, enforce_since: datetime) -> Record:
    record = Record(issue=issue.id, accepted=tuple(_accepted(issue, mapping, enforce_since)))
    return record.model_copy(update={"refused": _refusal_told(issue, mapping, record)})


def _accepted(issue: ProjectIssue, mapping: Mapping, enforce_since: datetime) -> Iterator[Accepted]:
    """Tell the accepted crossings anew: those before enforcement as the log has them, then our own stage changes."""
    log, own = crossings(issue, mapping), own_stages(issue, mapping)
    opened = {subtask.marker.visit for subtask in issue.subtasks if subtask.marker}
    latest = Accepted(_first_stage(issue, mapping), issue.created, CREATED)
    yield latest
    trusted_until = min(enforce_since, own[0][0].at) if own else enforce_since
    for crossing in log:
        if crossing.at < trusted_until and crossing.target != latest.stage:
            latest = _as_accepted(crossing)
            yield latest
    for change, stage in own:
        if stage != latest.stage:
            latest = _origin(change, stage, [c for c in log if c.order > order(latest.at, latest.change)], opened)
            yield latest


def _as_accepted(crossing: Crossing) -> Accepted:
    return Accepted(crossing.target, crossing.at, crossing.change)


def _origin(change: Change, stage: str, log: list[Crossing], opened: set[str]) -> Accepted:
    """Find the crossing that a writing of the stage field accepted: one that steps were made for, or the last."""
    made = [_as_accepted(crossing) for crossing in log if crossing.target == stage and crossing.order < change.order]
    with_steps = [accepted for accepted in made if accepted.change in opened]
    return next(iter([*with_steps, *reversed(made)]), Accepted(stage, change.at, change.id))


def _refusal_told(issue: ProjectIssue, mapping: Mapping, record: Record) -> Refused | None:
    """Tell anew which crossings were refused: those before the date that we last put into *Last Refusal*."""
    told = next((c for c in reversed(issue.changes) if c.field == REFUSAL_FIELD and c.author in issue.ours), None)
    answered = [c for c in unanswered(issue, mapping, record) if told and c.order < told.order]
    if told is None or not answered:
        return None
    edge, last = f"{record.stage}>{answered[0].target}", answered[-1]
    held = mapping.jira.labels.gate_violation in issue.labels
    return Refused(through=last.change, at=last.at, edge=edge, recent={edge: (told.at,)}, held=held)


def _adopted(issue: ProjectIssue, mapping: Mapping, record: Record, enforce_since: datetime) -> Record:
    """Accept what waits from before enforcement, as the log has it."""
    accepted = record.accepted
    for crossing in _waiting(issue, mapping, record):
        if crossing.at < enforce_since and crossing.target != accepted[-1].stage:
            accepted = (*accepted, _as_accepted(crossing))
    return record if accepted == record.accepted else record.model_copy(update={"accepted": accepted, "refused": None})


def strayed(issue: ProjectIssue, mapping: Mapping) -> str:
    """Return the change by which the issue left the statuses of the lifecycle, in which it is no more."""
    left = CREATED
    for change in reversed(issue.changes):
        if change.field == STATUS:
            if change.after in mapping.stage_by_status:
                break
            left = change.id
    return left


def _first_stage(issue: ProjectIssue, mapping: Mapping) -> str:
    if issue.last_change(PROJECT):
        return mapping.way[0]
    first = next((change.before for change in issue.changes if change.field == STATUS), issue.status)
    return mapping.stage_by_status.get(first or "", mapping.way[0])


def visits(record: Record, mapping: Mapping) -> tuple[Visit, ...]:
    """Return every stay in a stage, oldest first, the ends included."""
    stays: list[Visit] = []
    left: Visit | None = None
    for position, (stage, at, change) in enumerate(record.accepted):
        until = record.accepted[position + 1].at if position + 1 < len(record.accepted) else None
        visit = Visit(id=change, stage=stage, since=at, begun=at, until=until)
        before = stays[-1] if stays else None
        if before and mapping.stages[before.stage].end and left and left.stage == stage:
            visit = Visit(id=left.id, stage=stage, since=at, begun=left.begun, until=until)
        if not mapping.stages[stage].end:
            left = visit
        stays.append(visit)
    return tuple(stays)


def working_visit(stays: tuple[Visit, ...], mapping: Mapping) -> Visit:
    """Return the present visit, or the one that was left for the present end."""
    return next((visit for visit in reversed(stays) if not mapping.stages[visit.stage].end), stays[-1])


def unanswered(issue: ProjectIssue, mapping: Mapping, record: Record) -> tuple[Crossing, ...]:
    """Return the crossings that wait for an answer, oldest first; a return to the accepted stage asks for none."""
    return tuple(c for c in _waiting(issue, mapping, record) if c.target != record.stage)


def _waiting(issue: ProjectIssue, mapping: Mapping, record: Record) -> tuple[Crossing, ...]:
    """Return the crossings after the last one that was answered; our own way back answers all before it."""
    log = crossings(issue, mapping)
    returns = [c.order for c in log if c.target == record.stage and c.author in issue.ours]
    answered = max([record.answered, *returns])
    return tuple(c for c in log if c.order > answered)


def standing(issue: ProjectIssue, mapping: Mapping, record: Record) -> Crossing | None:
    """Return the crossing that still stands: the issue's status belongs to a stage that is not the accepted one."""
    target = mapping.stage_by_status.get(issue.status)
    if target is None or target == record.stage:
        return None
    log = crossings(issue, mapping)
    if log and log[-1].target == target:
        return log[-1]
    last = issue.last_change(STATUS)
    if last is not None:
        return _crossing(last, target)
    return Crossing(target=target, at=issue.created, change=CREATED, author=issue.creator, before=None)
