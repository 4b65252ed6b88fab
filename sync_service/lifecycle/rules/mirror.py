"""Keep the record and the fields that show it: stage, gate, overrides, waivers. docs/lifecycle.md, *The record*."""

from sync_service.lifecycle import messages
from sync_service.lifecycle.draft import Draft
from sync_service.lifecycle.facts import Value
from sync_service.lifecycle.gates import judge, next_gate
from sync_service.lifecycle.record import CREATED, Override
from sync_service.lifecycle.state import State
from sync_service.lifecycle.steps import may_override

OVERRIDE = "gate_override"


def judge_override(state: State, draft: Draft) -> None:
    """Judge a filled override once: grant it, or clear it with a word."""
    if OVERRIDE not in state.mapping.fields or not state.issue.fields.get(OVERRIDE):
        return
    filled = state.issue.last_change(OVERRIDE)
    change, author, at = (
        (filled.id, filled.author, filled.at) if filled else (CREATED, state.issue.creator, state.issue.created)
    )
    if any(entry.change == change for entry in state.record.overrides):
        return
    granted = may_override(state.issue, state.mapping, author)
    entry = Override(change=change, by=author, at=at, visit=state.visits[-1].id, granted=granted)
    why = "the override is granted" if granted else "the override is refused"
    draft.keep(draft.record.model_copy(update={"overrides": (*draft.record.overrides, entry)}), why)
    if granted and "last_override" in state.mapping.fields:
        draft.set_field("last_override", state.now, why)
    if not granted:
        draft.set_field(OVERRIDE, None, why)
        name = state.mapping.fields[OVERRIDE].name
        who = messages.who_may(state.mapping.override, state.issue.people)
        draft.say(messages.override_refused(name, state.mapping.title(state.stage), who))


def keep_stage(state: State, draft: Draft) -> None:
    """Put the stage field right from the record."""
    keep_field(state, draft, "stage", state.mapping.title(state.stage), "the field shows the stage")


def keep_field(state: State, draft: Draft, key: str, value: Value, why: str) -> None:
    """Put a kept field right; tell the operator when somebody else wrote it."""
    last = state.issue.last_change(key)
    if state.issue.fields.get(key) != value and last and last.author not in state.issue.ours:
        draft.note(messages.foreign_edit(state.mapping.fields[key].name, last.author, last.after, value))
    draft.set_field(key, value, why)


def keep_gate(state: State, draft: Draft) -> None:
    """Show in the gate field whether the move to the next stage would be accepted."""
    verdict, values = next_gate(state), state.mapping.jira.values
    is_open = verdict is None or verdict.accepts
    value = values.gate_open if is_open else values.gate_closed
    keep_field(state, draft, "gate", value, "the field shows the gate")


def keep_waivers(state: State, draft: Draft) -> None:
    """Note the waivers that were granted, so that they are judged once."""
    granted = [step.waiver for step in state.steps if step.waiver and step.waiver.granted]
    new = tuple(waiver for waiver in granted if waiver not in draft.record.waivers)
    if new:
        waivers = (*draft.record.waivers, *new)
        draft.keep(draft.record.model_copy(update={"waivers": waivers}), "a step is waived")


def keep_blocked(state: State, draft: Draft) -> None:
    """Keep the reasons that block each stage where the plugin reads them."""
    verdicts = [judge(state, stage) for stage in state.mapping.stages if stage != state.stage]
    blocked = {v.target: tuple(str(reason) for reason in v.reasons) for v in verdicts if not v.accepts}
    draft.keep(draft.record.model_copy(update={"blocked": blocked}), "what blocks the next stages changed")
