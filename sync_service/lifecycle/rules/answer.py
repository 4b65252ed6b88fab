"""Answer the crossings: accept or refuse, say why once, send back. docs/lifecycle.md, *Crossings*."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sync_service.lifecycle import messages
from sync_service.lifecycle.draft import Draft
from sync_service.lifecycle.facts import order
from sync_service.lifecycle.gates import Verdict, judge
from sync_service.lifecycle.history import Crossing
from sync_service.lifecycle.record import Accepted, Refused
from sync_service.lifecycle.rules.upkeep import create_missing_steps
from sync_service.lifecycle.state import State, derive

TUG_OF_WAR = timedelta(hours=1)
PATIENCE = 3
"""Refusals of one edge within an hour after which the service stops moving the issue back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a crossing was answered, for whoever counts: `verdict` is one of accepted, refused, overridden, warned,
    observed; `author` is who made the crossing `change` at `at`; `reasons` are what the gate missed, by their codes.
    """

    source: str
    target: str
    verdict: str
    change: str
    at: datetime
    author: str | None
    reasons: tuple[str, ...] = ()


def answer_crossing(state: State, draft: Draft) -> Answer | None:
    """Answer the first crossing that waits, or judge again the one that still stands; return an answer newly given."""
    crossing = state.unanswered[0] if state.unanswered else state.standing
    if crossing is None:
        return None
    verdict = judge(state, crossing.target)
    if _is_answered_with_another(state, crossing) and _way_back(state, crossing):
        _send_back(state, draft, crossing)
    elif verdict.accepts:
        _accept(state, draft, crossing, verdict)
        return _answered(state, crossing, verdict)
    elif state.unanswered or not _is_answered(state, crossing):
        _refuse(state, draft, crossing)
        return _answered(state, crossing, verdict)
    elif not _is_held(state):
        _send_back(state, draft, crossing)
    return None


def _answered(state: State, crossing: Crossing, verdict: Verdict) -> Answer:
    return Answer(
        source=state.stage,
        target=crossing.target,
        verdict=_word(verdict),
        change=crossing.change,
        at=crossing.at,
        author=crossing.author,
        reasons=tuple(reason.code for reason in verdict.reasons),
    )


def _word(verdict: Verdict) -> str:
    if not verdict.reasons:
        return "accepted"
    if verdict.overridden:
        return "overridden"
    return {"enforce": "refused", "warn": "warned", "observe": "observed"}[verdict.enforcement]


def _is_answered(state: State, crossing: Crossing) -> bool:
    refused = state.record.refused
    return refused is not None and order(refused.at, refused.through) >= crossing.order


def _is_answered_with_another(state: State, crossing: Crossing) -> bool:
    """Tell whether an earlier crossing's refusal answered this one too: then only the way back is still to come."""
    refused = state.record.refused
    mine = refused is None or refused.held or refused.edge == _edge(state, crossing)
    return not mine and _is_answered(state, crossing)


def _edge(state: State, crossing: Crossing) -> str:
    return f"{state.stage}>{crossing.target}"


def _was_said(state: State, refused: Refused) -> bool:
    """Tell whether people know: nobody is told twice of a tug of war, nor what was said before the record was lost."""
    known = state.record.refused
    if known is None:
        return state.retold and state.mapping.jira.labels.gate_violation in state.issue.labels
    return known.held and refused.held and known.edge == refused.edge


def _is_held(state: State) -> bool:
    return state.record.refused is not None and state.record.refused.held


def _accept(state: State, draft: Draft, crossing: Crossing, verdict: Verdict) -> None:
    mapping, record = state.mapping, draft.record
    override = state.override
    overrides = tuple(
        entry.model_copy(update={"used": crossing.change}) if entry == override else entry for entry in record.overrides
    )
    accepted = (*record.accepted, Accepted(crossing.target, crossing.at, crossing.change))
    changes = {"accepted": accepted, "refused": None, "overrides": overrides}
    draft.keep(record.model_copy(update=changes), f"{mapping.title(crossing.target)} is accepted")
    draft.set_field("stage", mapping.title(crossing.target), f"{mapping.title(crossing.target)} is accepted")
    if "gate_override" in mapping.fields:
        draft.set_field("gate_override", None, "an accepted move uses the override up")
    warned = verdict.enforcement == "warn" and not verdict.is_open
    draft.label(mapping.jira.labels.gate_warning, present=warned, why="the gate warns")
    if warned:
        source, target = mapping.title(state.stage), mapping.title(crossing.target)
        draft.say(messages.warning(source, target, verdict.reasons))


def _refuse(state: State, draft: Draft, crossing: Crossing) -> None:
    """Refuse with every reason; the steps that are named as missing are made first, so that they have a key."""
    create_missing_steps(state, draft)
    named = derive(draft.facts, state.mapping, state.now, state.enforce_since)
    refused = _refusal(state, crossing)
    why = f"the move to {state.mapping.title(crossing.target)} is refused"
    draft.keep(draft.record.model_copy(update={"refused": refused}), why)
    if "last_refusal" in state.mapping.fields:
        draft.set_field("last_refusal", state.now, why)
    moved = _fate(state, crossing, held=refused.held)
    if not _was_said(state, refused):
        source, target = state.mapping.title(state.stage), state.mapping.title(crossing.target)
        draft.say(messages.refusal(source, target, judge(named, crossing.target).reasons, moved=moved))
    if moved == "back":
        _send_back(state, draft, crossing)


def _refusal(state: State, crossing: Crossing) -> Refused:
    edge = _edge(state, crossing)
    known = state.record.refused.recent if state.record.refused else {}
    recent = {
        name: tuple(at for at in times if at > state.now - TUG_OF_WAR) for name, times in known.items() if name != edge
    }
    times = tuple(at for at in known.get(edge, ()) if at > state.now - TUG_OF_WAR)
    last = state.unanswered[-1] if state.unanswered else crossing
    return Refused(
        through=last.change,
        at=last.at,
        edge=edge,
        recent={name: kept for name, kept in recent.items() if kept} | {edge: (*times, state.now)},
        held=len(times) >= PATIENCE,
    )


def _fate(state: State, crossing: Crossing, *, held: bool) -> str:
    if state.mapping.stage_by_status.get(state.issue.status) == state.stage:
        return "already"
    if held:
        return "held"
    return "back" if _way_back(state, crossing) else "stuck"


def _way_back(state: State, crossing: Crossing) -> tuple[str, ...]:
    """Return the statuses of the last accepted stage that the workflow offers, the one that was left first."""
    statuses = state.mapping.stages[state.stage].statuses
    wanted = (crossing.before, *statuses) if crossing.before in statuses else statuses
    return tuple(status for status in dict.fromkeys(wanted) if status and status in state.issue.ways)


def _send_back(state: State, draft: Draft, crossing: Crossing) -> None:
    if way := _way_back(state, crossing):
        draft.move(way, f"the move to {state.mapping.title(crossing.target)} is refused")


def mark_violation(state: State, draft: Draft) -> None:
    """Keep the label that tells that the status is not where the project stands, and that it stays so."""
    stays = state.standing is not None and not state.unanswered and state.issue.id not in draft.moves
    draft.label(state.mapping.jira.labels.gate_violation, present=stays, why="the status disagrees with the stage")
