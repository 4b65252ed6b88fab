"""The words of a step's sub-task: the mapping's templates, filled with the project's own."""

from collections import Counter

from sync_service.lifecycle import messages
from sync_service.lifecycle.facts import Value
from sync_service.lifecycle.rounds import FAILED
from sync_service.lifecycle.state import State
from sync_service.lifecycle.steps import StepState
from sync_service.lifecycle.wiki import LONGEST_TEXT, escape, escape_within, fill, names_in, shorten

LONGEST_SUMMARY = 255
NOTHING = "(not set yet)"


def step_words(state: State, step: StepState) -> tuple[str, str]:
    """Return a step's summary (one plain line) and description (wiki markup)."""
    again = step.step.again if _is_rework(state, step) else None
    summary, description = (again.summary, again.description) if again else (step.step.summary, step.step.description)
    named = _names(state, step)
    return " ".join(fill(summary, named).split())[:LONGEST_SUMMARY], _description(state, description or "", named)


def _is_rework(state: State, step: StepState) -> bool:
    """Tell whether the step is made again: in a visit after the first and, where there are rounds, a failed one."""
    if not step.step.each_visit or len({visit.id for visit in state.visits if visit.stage == state.stage}) < 2:
        return False
    ended = [entry for entry in state.rounds if entry.result]
    return state.mapping.certification is None or (bool(ended) and ended[-1].result == FAILED)


def _names(state: State, step: StepState) -> dict[str, str]:
    begun = [entry.number for entry in state.rounds if entry.number]
    return {
        "key": state.issue.key,
        "project": state.issue.summary,
        "party": state.mapping.roles[step.party].title if step.party else "",
        "round": str(state.round.number if state.round else len(begun)),
        "last_round": str(begun[-1] if begun else 0),
    }


def _description(state: State, template: str, named: dict[str, str]) -> str:
    """Fill in what people wrote, in the room that the template leaves: equal parts, and what the short leave over."""
    times, declared = Counter(names_in(template)), state.mapping.fields
    texts = {key: _text(state.issue.fields.get(key)) for key in declared if times[key]}
    words = {name: escape(value) for name, value in named.items()}
    room = LONGEST_TEXT - len(fill(template, words | dict.fromkeys(texts, "")))
    parts = sum(times[key] for key in texts)
    for key in sorted(texts, key=lambda key: len(texts[key])):
        rest = messages.rest_in_field(declared[key].name)
        words[key] = escape_within(texts[key], max(room, 0) // parts, rest) or NOTHING
        room -= times[key] * len(words[key])
        parts -= times[key]
    return shorten(fill(template, words), messages.CUT)


def _text(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value or "")
