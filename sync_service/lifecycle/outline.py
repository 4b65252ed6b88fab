"""A state told as plain JSON values: what `explain`, the projection, the console and the reports show."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sync_service.lifecycle.gates import Verdict, judge, next_gate
from sync_service.lifecycle.record import Round
from sync_service.lifecycle.state import State
from sync_service.lifecycle.steps import StepState
from sync_service.lifecycle.workdays import local_day, workdays_between

Json = dict[str, Any]


def outline(state: State) -> Json:
    """Return where the project stands; times are ISO 8601, durations are told in business days of the mapping."""
    issue, mapping = state.issue, state.mapping
    return {
        "id": issue.id,
        "key": issue.key,
        "summary": issue.summary,
        "mapping": mapping.name,
        "status": issue.status,
        "stage": state.stage,
        "title": mapping.title(state.stage),
        "since": _told(state.visits[-1].since),
        "created": _told(issue.created),
        "fields": {key: _told(issue.fields.get(key)) for key in mapping.fields},
        "labels": sorted(issue.labels),
        "people": dict(issue.people),
        "visits": [_visit(state, position) for position in range(len(state.visits))],
        "steps": [_step(state, step) for step in state.steps],
        "requests": [_request(state, label) for label in mapping.requests if _open_requests(state, label)],
        "gate": _gate(next_gate(state)),
        "ways": [_gate(judge(state, stage)) for stage in mapping.stages if stage != state.stage],
        "rounds": [_round(entry) for entry in state.rounds],
        "overrides": [entry.model_dump(mode="json") for entry in state.record.overrides],
        "waivers": [entry.model_dump(mode="json") for entry in state.record.waivers],
        "refused": state.record.refused.model_dump(mode="json") if state.record.refused else None,
        "slot": _told(state.round.slot) if state.round else None,
        "round": _present_round(state),
    }


def _told(value: object) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _visit(state: State, position: int) -> Json:
    visit, calendar = state.visits[position], state.mapping.calendar
    until = visit.until or state.now
    first, last = local_day(calendar, visit.since), local_day(calendar, until)
    return {
        "stage": visit.stage,
        "visit": visit.id,
        "since": _told(visit.since),
        "until": _told(visit.until),
        "days": (last - first).days,
        "business_days": workdays_between(calendar, first, last),
    }


def _step(state: State, step: StepState) -> Json:
    subtask = step.subtask
    return {
        "step": step.key,
        "party": step.party,
        "roles": list(step.roles),
        "visit": step.visit,
        "key": subtask.key if subtask else None,
        "summary": subtask.summary if subtask else step.step.summary,
        "standing": str(step.standing),
        "assignee": subtask.assignee if subtask else step.owner,
        "due": _told(subtask.due if subtask else step.due),
        "overdue": bool(
            subtask
            and not subtask.is_done
            and subtask.due
            and subtask.due < local_day(state.mapping.calendar, state.now)
        ),
        "done_at": _told(step.done_at),
        "blamed": step.blamed,
    }


def _open_requests(state: State, label: str) -> list[str]:
    return [subtask.key for subtask in state.issue.subtasks if label in subtask.labels and not subtask.is_done]


def _request(state: State, label: str) -> Json:
    return {"request": label, "title": state.mapping.requests[label].title, "open": _open_requests(state, label)}


def _gate(verdict: Verdict | None) -> Json | None:
    if verdict is None:
        return None
    return {
        "target": verdict.target,
        "open": verdict.accepts,
        "overridden": verdict.overridden,
        "enforcement": verdict.enforcement,
        "reasons": [_reason(reason) for reason in verdict.reasons],
    }


def _reason(reason: Any) -> Json:
    names: Iterable[str] = ("code", "text", "remedy", "where", "owner")
    return {name: getattr(reason, name) for name in names}


def _round(entry: Round) -> Json:
    return entry.model_dump(mode="json")


def _present_round(state: State) -> Json | None:
    view = state.round
    if view is None or state.ended:
        return None
    return {
        "number": view.number,
        "begun": _told(view.begun),
        "outcome": view.outcome,
        "beyond_free": view.beyond_free,
        "notified_at": _told(view.notified_at),
        "materials_in": _told(view.materials_in),
        "slot": _told(view.slot),
        "earliest_end": _told(view.earliest_end),
    }
