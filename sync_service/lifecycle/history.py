"""From the change log to accepted crossings, visits, and the crossings that wait for an answer. docs/lifecycle.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mappings import Mapping
from sync_service.lifecycle.facts import PROJECT, STATUS, Change, Order, ProjectIssue, order
from sync_service.lifecycle.record import CREATED, Accepted, Record, parse

STAGE_FIELD = "stage"


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
    record = _trusted(issue, mapping)
    if record is not None:
        return record, False
    return Record(issue=issue.id, accepted=tuple(_retold(issue, mapping, enforce_since))), True


def reaches_back(issue: ProjectIssue, mapping: Mapping) -> bool:
    """Tell whether the change log that was read is long enough to decide; else the older pages are needed."""
    if issue.complete:
        return True
    record = _trusted(issue, mapping)
    if record is None:
        return False
    begun = visits(record, mapping)[-1].begun
    return bool(issue.changes) and issue.changes[0].at <= begun


def _trusted(issue: ProjectIssue, mapping: Mapping) -> Record | None:
    """Return the record, unless it is of another lifecycle or lags behind our own writings of the stage field."""
    record = parse(issue.record, issue.id)
    if record is None or any(entry.stage not in mapping.stages for entry in record.accepted):
        return None
    return None if _is_behind(record, issue, mapping) else record


def _is_behind(record: Record, issue: ProjectIssue, mapping: Mapping) -> bool:
    own = own_stages(issue, mapping)
    return bool(own) and own[-1][1] != record.stage and own[-1][0].at > record.accepted[-1].at


def own_stages(issue: ProjectIssue, mapping: Mapping) -> list[tuple[Change, str]]:
    """Return our own writings of the stage field, oldest first; equal values in a row count once."""
    own: list[tuple[Change, str]] = []
    for change in issue.changes:
        stage = mapping.stage_by_title.get(change.after or "")
        if change.field == STAGE_FIELD and change.author in issue.ours and stage and (not own or own[-1][1] != stage):
            own.append((change, stage))
    return own


def _retold(issue: ProjectIssue, mapping: Mapping, enforce_since: datetime) -> Iterator[Accepted]:
    """Tell the accepted crossings anew: those before enforcement as the log has them, then our own stage changes."""
    log, own = crossings(issue, mapping), own_stages(issue, mapping)
    latest = Accepted(_first_stage(issue, mapping), issue.created, CREATED)
    yield latest
    trusted_until = min(enforce_since, own[0][0].at) if own else enforce_since
    for crossing in log:
        if crossing.at < trusted_until and crossing.target != latest.stage:
            latest = Accepted(crossing.target, crossing.at, crossing.change)
            yield latest
    for change, stage in own:
        if stage != latest.stage:
            latest = _origin(change, stage, log)
            yield latest


def _origin(change: Change, stage: str, log: tuple[Crossing, ...]) -> Accepted:
    """Find the crossing that a writing of the stage field accepted."""
    made = [crossing for crossing in log if crossing.target == stage and crossing.at <= change.at]
    return Accepted(stage, made[-1].at, made[-1].change) if made else Accepted(stage, change.at, change.id)


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
    """Return the crossings that wait for an answer, oldest first; our own way back answers all before it."""
    answered = order(record.accepted[-1].at, record.accepted[-1].change)
    if record.refused is not None:
        answered = max(answered, order(record.refused.at, record.refused.through))
    log = crossings(issue, mapping)
    returns = [c.order for c in log if c.target == record.stage and c.author in issue.ours]
    return tuple(c for c in log if c.order > max([answered, *returns]))


def standing(issue: ProjectIssue, mapping: Mapping, record: Record) -> Crossing | None:
    """Return the answered crossing that still stands: the issue's status belongs to a stage that was not accepted."""
    target = mapping.stage_by_status.get(issue.status)
    if target is None or target == record.stage:
        return None
    last = issue.last_change(STATUS)
    if last is None:
        return Crossing(target=target, at=issue.created, change=CREATED, author=issue.creator, before=None)
    return _crossing(last, target)
