"""Run the certification rounds: fees, results, slots. docs/lifecycle.md, *Certification rounds* and *Slots*."""

from datetime import date

from mappings.model import Certification
from sync_service.lifecycle import messages
from sync_service.lifecycle.draft import Draft
from sync_service.lifecycle.facts import order
from sync_service.lifecycle.gates import Verdict, judge
from sync_service.lifecycle.history import own_stages
from sync_service.lifecycle.record import Round
from sync_service.lifecycle.rounds import CERTIFIED, FAILED, WITHDRAWN, RoundView, last_number
from sync_service.lifecycle.rules.mirror import keep_field
from sync_service.lifecycle.rules.upkeep import announce_reopening
from sync_service.lifecycle.slots import earliest_slot
from sync_service.lifecycle.starts import START_FIELD, Starts, last_ended
from sync_service.lifecycle.state import State
from sync_service.lifecycle.steps import Standing


def raise_fees(state: State, draft: Draft) -> None:
    """Say once a visit, when its round would be beyond the free ones, that fees may apply.

    Where the record was lost after the visit was entered, that was said: it is only noted.
    """
    rounds, view = _present(state)
    if not rounds or not view or not view.beyond_free or view.entry.fees_raised:
        return
    values, name = state.mapping.jira.values, state.mapping.fields["additional_fees"].name
    _keep(draft, view, fees_raised=True)
    if state.retold and _was_entered(state, draft):
        return
    if state.issue.fields.get("additional_fees") in (None, values.no_fees):
        draft.set_field("additional_fees", values.fees_may_apply, "the round is beyond the free ones")
        draft.say(messages.fees_may_apply(view.number, rounds.free_rounds, name))


def _was_entered(state: State, draft: Draft) -> bool:
    """Tell whether an earlier look accepted the present visit: by the log, as it was read."""
    opened = order(state.visit.begun, state.visit.id)
    own = own_stages(draft.start, state.mapping)
    return any(stage == state.stage and change.order > opened for change, stage in own)


def warn_of_fees(state: State, draft: Draft) -> None:
    """Say, when the last free round has failed, that the next may cost; a certified one uses its place up, too."""
    rounds = state.mapping.certification
    known = {entry.visit: entry.result for entry in draft.record.rounds}
    newly = [entry.number for entry in state.rounds if entry.result == FAILED and known.get(entry.visit) is None]
    if rounds and not state.retold and rounds.free_rounds in newly:
        _keep_entries(state, draft)
        draft.say(messages.next_round_may_cost(rounds.free_rounds))


def carry_out_result(state: State, draft: Draft) -> None:
    """Move the project issue as the round's sub-task says, once what the move asks for is there."""
    rounds, view = _present(state)
    if not rounds or not view or not view.begun:
        return
    in_turn = any(step.key == rounds.round_step and step.standing is Standing.DONE for step in state.steps)
    if view.outcome == CERTIFIED and in_turn and judge(state, rounds.passed_to).accepts:
        _move(state, draft, rounds.passed_to, view)
    if view.outcome == FAILED:
        way_back = judge(state, rounds.failed_to)
        if view.feedback is not None and way_back.accepts:
            _move(state, draft, rounds.failed_to, view)
        elif not view.entry.feedback_asked:
            _keep(draft, view, feedback_asked=True)
            _ask_for_feedback(state, draft, way_back, view)


def _ask_for_feedback(state: State, draft: Draft, way_back: Verdict, view: RoundView) -> None:
    """Ask for it and for what else is missing, unless the record was lost: then nobody knows whether it was asked.

    The gate shows it anyway.
    """
    if state.retold:
        return
    field, back = state.mapping.fields["certification_feedback"].name, state.mapping.title(way_back.target)
    if view.feedback is None:
        draft.say(messages.feedback_wanted(view.number, field, back))
    others = [reason for reason in way_back.reasons if reason.where != field]
    if others and not way_back.accepts:
        draft.say(messages.way_back_closed(view.number, back, others))


def _move(state: State, draft: Draft, stage: str, view: RoundView) -> None:
    """Move on, unless the issue is elsewhere than the project: then what people asked for is answered first."""
    if state.standing or state.unanswered:
        if state.issue.id in draft.moves:
            draft.looks.add(state.now)
        return
    way = tuple(status for status in state.mapping.stages[stage].statuses if status in state.issue.ways)
    if way and state.issue.id not in draft.moves:
        draft.move(way, f"certification round {view.number} {view.outcome}")
    if not way:
        draft.note(messages.no_way_on(view.number, str(view.outcome), state.mapping.title(stage)))


def give_up_missed_slot(state: State, draft: Draft) -> None:
    """Give the slot up when it has begun and neither the materials nor the tests are there."""
    _, view = _present(state)
    if not view or not view.slot or not view.slot_begins or view.materials_in or view.begun:
        return
    if view.slot_begins > state.now:
        draft.looks.add(view.slot_begins)
        return
    _keep(draft, view, given_up=(*view.entry.given_up, view.slot), slot=None)
    draft.set_field(START_FIELD, None, "the slot has begun without the materials")
    draft.say(messages.slot_given_up(view.slot))


def reopen_agreed_slot(state: State, draft: Draft) -> None:
    """Reopen the slot's step where the slot that was agreed is given up since."""
    rounds, view = _present(state)
    if not rounds or not view or not view.given_up:
        return
    for step in state.steps:
        agreed = step.finished if step.key == rounds.slot_step and step.standing is Standing.DONE else None
        if step.subtask and agreed and agreed < view.given_up:
            announce_reopening(state, draft, step.subtask, messages.reopened_for_slot())


def wished_slot(state: State) -> date | None:
    """Return the earliest day of the slot that is to be proposed now; None where none is."""
    rounds, view = _present(state)
    if not rounds or not view or view.slot or view.begun or view.notified_at is None:
        return None
    if view.entry.given_up and view.materials_in is None:
        return None
    return earliest_slot(state.mapping.calendar, rounds.capacity, view.notified_at, state.now)


def clear_stale_slot(state: State, draft: Draft) -> None:
    """Clear a start that is of a visit that is over, or before the present one; on the way on it stays, as history.

    This comes before the steps of a visit are made, so that none is due by it. The entry of the visit is kept at once:
    what is cleared then is no slot given up.
    """
    rounds, view = _present(state)
    if not rounds or state.mapping.way.index(state.stage) > state.mapping.way.index(rounds.stage):
        return
    starts = Starts(
        issue=state.issue,
        calendar=state.mapping.calendar,
        enforce_since=state.enforce_since,
        last=last_ended(state.rounds, state.enforce_since),
    )
    if starts.day is None or (view.slot is not None if view else not starts.is_left_over()):
        return
    if view:
        _keep(draft, view)
    draft.set_field(START_FIELD, None, "the visit of the slot is over")


def keep_rounds(state: State, draft: Draft) -> None:
    """Keep the rounds in the record and in the fields that managers report from."""
    if state.mapping.certification is None:
        return
    values = state.mapping.jira.values
    _keep_entries(state, draft)
    begun, results = last_number(state.rounds), [entry.result for entry in state.rounds if entry.result]
    named = {CERTIFIED: values.certified, FAILED: values.failed, WITHDRAWN: values.withdrawn}
    why = "the rounds changed"
    keep_field(state, draft, "certification_round", float(begun) if begun else None, why)
    keep_field(state, draft, "certification_result", named.get(results[-1]) if results else None, why)
    keep_field(state, draft, "rounds_failed", float(results.count(FAILED)) if results else None, why)


def _keep_entries(state: State, draft: Draft) -> None:
    """Keep what was observed, with what the record alone knows: what was said, and which slots were given up."""
    said = {entry.visit: entry for entry in draft.record.rounds}
    entries = tuple(_with_said(entry, said.get(entry.visit)) for entry in state.rounds)
    draft.keep(draft.record.model_copy(update={"rounds": entries}), "the rounds changed")


def _with_said(entry: Round, kept: Round | None) -> Round:
    if kept is None:
        return entry
    said = {key: getattr(kept, key) for key in ("fees_raised", "feedback_asked", "given_up")}
    return entry.model_copy(update=said)


def _keep(draft: Draft, view: RoundView, **changes: object) -> None:
    entry = next((known for known in draft.record.rounds if known.visit == view.entry.visit), view.entry)
    draft.keep(draft.record.with_round(entry.model_copy(update=changes)), "what was said is noted")


def _present(state: State) -> tuple[Certification | None, RoundView | None]:
    return (None, None) if state.ended else (state.mapping.certification, state.round)
