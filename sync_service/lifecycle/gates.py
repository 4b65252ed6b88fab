"""Gates: what must hold before a project may go from one stage to another, with every reason. docs/lifecycle.md."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mappings import Mapping
from mappings.model import Enforcement, Gate
from sync_service.lifecycle import messages
from sync_service.lifecycle.rounds import FAILED
from sync_service.lifecycle.state import State
from sync_service.lifecycle.steps import Standing, StepState

STEPS_ONLY = Gate(steps=True)
NOTHING_ASKED = Gate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that keeps a gate closed: `text` says what, `remedy` what would open it, `where` the issue or field."""

    code: str
    text: str
    remedy: str
    where: str = ""
    owner: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.remedy}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one edge by the facts of now."""

    target: str
    reasons: tuple[Reason, ...] = ()
    enforcement: Enforcement = "enforce"
    overridden: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether nothing is missing, or an override lets it pass."""
        return not self.reasons or self.overridden

    @property
    def accepts(self) -> bool:
        """Tell whether a crossing is accepted: also where a closed gate only warns or observes."""
        return self.is_open or self.enforcement != "enforce"


def judge(state: State, target: str) -> Verdict:
    """Judge the move from the last accepted stage (out of an end: from the stage left for it) to `target`."""
    source = state.visit.stage
    gate = state.mapping.gate(source, target)
    return Verdict(
        target=target,
        reasons=tuple(_reasons(state, source, target, gate)),
        enforcement=(gate and gate.enforcement) or state.mapping.enforcement,
        overridden=state.override is not None,
    )


def next_gate(state: State) -> Verdict | None:
    """Judge the move to the next stage in the list; None in the last stage and in an end."""
    following = None if state.ended else state.mapping.next_stage(state.stage)
    return judge(state, following) if following else None


def _reasons(state: State, source: str, target: str, gate: Gate | None) -> Iterator[Reason]:
    mapping = state.mapping
    if state.ended and target == source:
        return
    if gate is None:
        gate = _undeclared(mapping, source, target)
    if gate is None:
        yield _no_such_move(state, source, target)
        return
    if _leaves_certification_backwards(mapping, source, target):
        yield from _failing(state)
    yield from _asked(state, source, target, gate)


def _undeclared(mapping: Mapping, source: str, target: str) -> Gate | None:
    """Return what an edge that the mapping doesn't list asks: the way on its steps, a way back nothing."""
    if mapping.next_stage(source) == target:
        return STEPS_ONLY
    if _is_back(mapping, source, target):
        by_rounds = _leaves_certification_backwards(mapping, source, target)
        return NOTHING_ASKED if by_rounds or mapping.back_moves == "allowed" else None
    return None


def _is_back(mapping: Mapping, source: str, target: str) -> bool:
    way = mapping.way
    return source in way and target in way and way.index(target) < way.index(source)


def _leaves_certification_backwards(mapping: Mapping, source: str, target: str) -> bool:
    rounds = mapping.certification
    return rounds is not None and source == rounds.stage and _is_back(mapping, source, target)


def _no_such_move(state: State, source: str, target: str) -> Reason:
    mapping = state.mapping
    who = messages.who_may(mapping.override, state.issue.people)
    if _is_back(mapping, source, target):
        return Reason(code="back-move", **messages.back_move(mapping.title(source), mapping.title(target), who))
    way = mapping.way
    skipped = way[way.index(source) + 1 : way.index(target)] if source in way and target in way else ()
    titles = [mapping.title(stage) for stage in skipped]
    words = messages.no_such_move(mapping.title(source), mapping.title(target), titles, who)
    return Reason(code="no-such-move", **words)


def _failing(state: State) -> Iterator[Reason]:
    rounds = state.mapping.certification
    if rounds and state.round and state.round.begun and state.round.feedback is None:
        field = state.mapping.fields["certification_feedback"].name
        owner = _titles(state, state.mapping.stages[rounds.stage].steps[rounds.round_step].owner)
        words = messages.no_feedback(state.round.number, field, owner)
        yield Reason(code="no-feedback", where=field, owner=owner, **words)


def _asked(state: State, source: str, target: str, gate: Gate) -> Iterator[Reason]:
    if gate.steps:
        yield from _steps(state, source, target)
    for field in gate.filled:
        if not state.issue.fields.get(field):
            name = state.mapping.fields[field].name
            yield Reason(code="field-empty", where=name, **messages.field_empty(name))
    for field, wanted in gate.equals.items():
        value = state.issue.fields.get(field)
        if value not in wanted:
            name = state.mapping.fields[field].name
            yield Reason(code="field-value", where=name, **messages.field_value(name, value, wanted))
    yield from _requests(state, gate)
    if gate.no_blocking_links:
        for key in state.issue.blockers:
            yield Reason(code="blocked", where=key, **messages.blocked_by(key))


def _steps(state: State, source: str, target: str) -> Iterator[Reason]:
    rounds = state.mapping.certification
    in_round = rounds if rounds and source == rounds.stage else None
    for step in state.judged:
        if step.standing is Standing.WAIVED:
            continue
        if step.step.gates is not None and target not in step.step.gates:
            continue
        if in_round and step.key == in_round.round_step:
            # The way back is how a round fails, or is withdrawn: neither is a reason against it.
            yield from () if _is_back(state.mapping, source, target) else _round(state, step)
            continue
        if not step.satisfied:
            yield _step(state, step)
        yield from _needs(state, step)


def _round(state: State, step: StepState) -> Iterator[Reason]:
    if state.round is None or state.round.begun is None:
        where, owner = step.subtask.key if step.subtask else "", _titles(state, step.roles)
        yield Reason(code="round-not-begun", where=where, owner=owner, **messages.round_not_begun(where, owner))
    elif state.round.outcome == FAILED:
        back = state.mapping.title(state.mapping.certification.failed_to) if state.mapping.certification else ""
        yield Reason(code="round-failed", **messages.round_failed(state.round.number, back))


def _step(state: State, step: StepState) -> Reason:
    owner = _titles(state, step.roles)
    if step.subtask is None:
        summary = messages.plain(step.step.summary, party=_title(state, step.party))
        return Reason(code="step-missing", owner=owner, **messages.step_missing(summary, owner))
    caught_up = any(each.satisfied for each in state.judged if each.subtask and each.subtask.key == step.blamed)
    words = messages.step_open(
        step.subtask.key, step.subtask.summary, owner, step.standing, step.blamed, caught_up=caught_up
    )
    return Reason(code="step-open", where=step.subtask.key, owner=owner, **words)


def _needs(state: State, step: StepState) -> Iterator[Reason]:
    for field in step.step.needs:
        if not state.issue.fields.get(field):
            name = state.mapping.fields[field].name
            where, owner = step.subtask.key if step.subtask else step.key, _titles(state, step.roles)
            yield Reason(code="field-empty", where=name, owner=owner, **messages.field_needed(name, where, owner))


def _requests(state: State, gate: Gate) -> Iterator[Reason]:
    for subtask in state.issue.subtasks:
        for label in gate.no_open_requests:
            if label in subtask.labels and not subtask.is_done:
                request = state.mapping.requests[label]
                owner = _titles(state, request.owner)
                words = messages.request_open(subtask.key, subtask.summary, request.title, owner)
                yield Reason(code="request-open", where=subtask.key, owner=owner, **words)


def _titles(state: State, roles: Iterable[str]) -> str:
    return " or ".join(_title(state, role) for role in roles)


def _title(state: State, role: str) -> str:
    return state.mapping.roles[role].title if role else ""
