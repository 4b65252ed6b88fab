"""Decide what to write: rules change a draft in memory until nothing is left to change; the difference is the plan."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from mappings import Mapping
from sync_service.errors import StagegateError
from sync_service.lifecycle import messages
from sync_service.lifecycle.actions import Action
from sync_service.lifecycle.draft import Draft
from sync_service.lifecycle.facts import ProjectIssue
from sync_service.lifecycle.history import strayed
from sync_service.lifecycle.rules import certification, mirror, upkeep
from sync_service.lifecycle.rules.answer import Answer, answer_crossing, mark_violation
from sync_service.lifecycle.state import State, derive

Rule = Callable[[State, Draft], None]

MOST_PASSES = 12

BEFORE_ANSWERING: tuple[Rule, ...] = (mirror.judge_override, mirror.keep_waivers)
AFTER_ANSWERING: tuple[Rule, ...] = (certification.clear_stale_slot,)
STEADY: tuple[Rule, ...] = (
    upkeep.create_missing_steps,
    upkeep.keep_done_steps_in_order,
    upkeep.close_what_is_over,
    upkeep.keep_owners_and_dates,
    upkeep.keep_requests,
    upkeep.remind,
    upkeep.mark_missing_owner,
    certification.raise_fees,
    certification.warn_of_fees,
    certification.give_up_missed_slot,
    certification.reopen_agreed_slot,
    certification.keep_rounds,
    mirror.keep_stage,
    mirror.keep_gate,
    mirror.keep_blocked,
    certification.carry_out_result,
    mark_violation,
)


class Unsettled(StagegateError):
    """The mapping contradicts itself: its rules undo each other's work on this issue, so nothing is written."""

    reason = "unsettled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to write and what follows.

    `state` is where the project will stand; `look_again` when time alone changes something; `again` whether another
    crossing waits for its answer; `wish` the earliest day of a slot that is to be reserved before planning again;
    `booking` the day that the project's reservation must have afterwards; `refused` why nothing can be decided;
    `answer` how a crossing is answered, where this plan answers one.
    """

    state: State
    actions: tuple[Action, ...] = ()
    look_again: datetime | None = None
    again: bool = False
    notes: tuple[str, ...] = ()
    wish: date | None = None
    booking: date | None = None
    refused: str = ""
    answer: Answer | None = None


def plan(
    issue: ProjectIssue, mapping: Mapping, now: datetime, enforce_since: datetime, *, reserved: date | None = None
) -> Plan:
    """Plan everything that is to be written about the issue; `reserved` is the slot that answers an earlier `wish`.

    Raises `Unsettled` where the rules don't come to rest: the mapping is contradictory.
    """
    state = derive(issue, mapping, now, enforce_since)
    draft = Draft(issue, state.record, now)
    if issue.unread:
        return Plan(state=state, refused=messages.unread(issue.unread), booking=_booking(state))
    if issue.status not in mapping.stage_by_status:
        return _lost(state, draft)
    state = _pass(BEFORE_ANSWERING, state, draft)
    answer = answer_crossing(state, draft)
    state = _pass(AFTER_ANSWERING, _renewed(state, draft) if draft.differs else state, draft)
    state = _settle(state, draft)
    wish = certification.wished_slot(state)
    if reserved is not None and wish is not None:
        draft.set_field("certification_start", reserved, "the next free slot is proposed")
        state, wish = _settle(_renewed(state, draft), draft), None
    return Plan(
        state=state,
        actions=draft.actions(),
        look_again=min(draft.looks, default=None),
        again=bool(state.unanswered),
        notes=tuple(draft.notes),
        wish=wish,
        booking=_booking(state),
        answer=answer,
    )


def _booking(state: State) -> date | None:
    """Return the day that the issue holds: also where nothing else can be decided, its place is its own."""
    return state.round.slot if state.round and not state.ended else None


def _settle(state: State, draft: Draft) -> State:
    for _ in range(MOST_PASSES):
        draft.looks.clear()
        version = draft.version
        state = _pass(STEADY, state, draft)
        if draft.version == version:
            return state
    changed = sorted({why for reasons in draft.reasons.values() for why in reasons})
    raise Unsettled(
        f"the rules of mapping {state.mapping.name!r} don't come to rest on {state.issue.key} "
        f"(they kept changing it because: {'; '.join(changed)}); nothing was written; correct the mapping"
    )


def _pass(rules: tuple[Rule, ...], state: State, draft: Draft) -> State:
    """Apply the rules in turn and derive anew where they changed anything."""
    version = draft.version
    for rule in rules:
        rule(state, draft)
    return state if draft.version == version else _renewed(state, draft)


def _renewed(state: State, draft: Draft) -> State:
    """Derive anew from the draft, whose record is always there: whether it was lost must not be forgotten."""
    return replace(derive(draft.facts, state.mapping, state.now, state.enforce_since), retold=state.retold)


def _lost(state: State, draft: Draft) -> Plan:
    """Say once on the issue that its status belongs to no stage, and decide nothing."""
    why, label = "the status belongs to no stage", state.mapping.jira.labels.gate_violation
    left = strayed(state.issue, state.mapping)
    if state.record.astray != left:
        if not (state.retold and label in state.issue.labels):  # else it was said before the record was lost
            draft.say(messages.status_unknown(state.issue.status, state.mapping.title(state.stage)))
        draft.keep(state.record.model_copy(update={"astray": left}), why)
    draft.label(label, present=True, why=why)
    refused = f"status {state.issue.status!r} belongs to no stage of mapping {state.mapping.name!r}"
    return Plan(state=state, actions=draft.actions(), refused=refused, booking=_booking(state))
