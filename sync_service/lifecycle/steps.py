"""Steps: which sub-tasks a visit needs, whether each counts, who owns it and when it is due. docs/lifecycle.md."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from mappings import Mapping
from mappings.model import EVERY_STEP_ABOVE, Step
from sync_service.lifecycle.facts import ASSIGNEE, LABELS, Change, Order, ProjectIssue, SubTask, order
from sync_service.lifecycle.history import Visit
from sync_service.lifecycle.record import CREATED, Record, Waiver, parse
from sync_service.lifecycle.rounds import RoundView
from sync_service.lifecycle.subtasks import (
    ONCE,
    Identity,
    Index,
    closing,
    finished,
    reached,
    reached_by,
    reopened_since,
    was_done_by,
)
from sync_service.lifecycle.workdays import add_workdays, local_day


class Standing(StrEnum):
    """What a step's sub-task amounts to."""

    MISSING = "missing"
    OPEN = "open"
    DONE = "done"
    WAIVED = "waived"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    NOT_COUNTED = "not counted"


class Fault(StrEnum):
    """Why a step that says *done* doesn't count."""

    ORDER = "order"
    WAIVER = "waiver"
    APPROVER = "approver"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """A required step as it stands.

    `finished` is when it was done; `settles` when a fault's grace ends; `blamed` the key of the sub-task that it came
    before, empty while that one is missing.
    """

    key: str
    step: Step
    visit: str
    party: str
    roles: tuple[str, ...]
    subtask: SubTask | None
    standing: Standing
    finished: Order | None = None
    fault: Fault | None = None
    blamed: str = ""
    settles: datetime | None = None
    waiver: Waiver | None = None
    half_reopened: bool = False
    owner: str | None = None
    due: date | None = None

    @property
    def satisfied(self) -> bool:
        """Tell whether the gate need not wait for it."""
        return self.standing in (Standing.DONE, Standing.WAIVED)

    @property
    def done_at(self) -> datetime | None:
        """The time at which it was done; None where it is not."""
        return self.finished[0] if self.finished else None

    @property
    def identity(self) -> Identity:
        """The step, visit and party that its marker names."""
        return self.key, self.visit, self.party


@dataclass(frozen=True, slots=True, kw_only=True)
class StepJudge:
    """Judges the steps of one visit by the facts of now."""

    issue: ProjectIssue
    mapping: Mapping
    record: Record
    visit: Visit
    round: RoundView | None
    index: Index
    now: datetime

    def judge(self) -> tuple[StepState, ...]:
        """Return the state of every step that the visit needs, in the mapping's order."""
        states: list[StepState] = []
        for key, step, party in self._required():
            state = self._undated(key, step, party, states)
            states.append(
                replace(state, owner=first_user(self.issue, self.mapping, state.roles), due=self._due(state, states))
            )
        return tuple(states)

    def _required(self) -> Iterator[tuple[str, Step, str]]:
        for key, step in self.mapping.stages[self.visit.stage].steps.items():
            if self._applies(step):
                for party in step.parties or ("",):
                    yield key, step, party

    def _applies(self, step: Step) -> bool:
        if step.beyond_free_rounds and not (self.round and self.round.beyond_free):
            return False
        if step.when is None:
            return True
        value = self.issue.fields.get(step.when.field)
        held = value if isinstance(value, tuple) else (value,)
        return not set(held).isdisjoint(step.when.is_in) if value else step.when.or_empty

    def _undated(self, key: str, step: Step, party: str, above: list[StepState]) -> StepState:
        visit = self.visit.id if step.each_visit else ONCE
        twins = self.index.get((key, visit, party), ())
        subtask = twins[0] if twins else None
        blank = StepState(
            key=key,
            step=step,
            visit=visit,
            party=party,
            roles=(party,) if party else step.owner,
            subtask=subtask,
            standing=Standing.MISSING,
        )
        if subtask is None:
            return blank
        if not subtask.is_done:
            return replace(blank, standing=Standing.OPEN)
        return self._closed(blank, subtask, above)

    def _closed(self, blank: StepState, subtask: SubTask, above: list[StepState]) -> StepState:
        if reached(subtask, self.mapping.jira.step_statuses.wont_do):
            return self._not_to_be_done(blank, subtask)
        rounds = self.mapping.certification
        is_round = rounds and self.visit.stage == rounds.stage and blank.key == rounds.round_step
        if rounds and is_round and reached(subtask, rounds.failed):
            return replace(blank, standing=Standing.FAILED)
        then = finished(subtask, self.issue.categories)
        done = replace(blank, standing=Standing.DONE, finished=then)
        if self._half_reopened(subtask, then):
            return replace(done, standing=Standing.NOT_COUNTED, half_reopened=True)
        if not self._approved_by_owner(done, subtask):
            return replace(done, standing=Standing.NOT_COUNTED, fault=Fault.APPROVER)
        return self._in_order(done, then, above)

    def _not_to_be_done(self, blank: StepState, subtask: SubTask) -> StepState:
        """Judge by who closed it so: what was edited since, such as the resolution, is no new verdict."""
        closed = reached_by(subtask, self.mapping.jira.step_statuses.wont_do, self.issue.categories)
        if closed is not None and closed.author in self.issue.ours:
            return replace(blank, standing=Standing.SUPERSEDED)
        change, author = (closed.id, closed.author) if closed else (CREATED, self.issue.creator)
        known = next((w for w in self.record.waivers if (w.subtask, w.change) == (subtask.id, change)), None)
        waiver = known or Waiver(
            subtask=subtask.id, change=change, by=author, granted=may_override(self.issue, self.mapping, author)
        )
        if waiver.granted:
            return replace(blank, standing=Standing.WAIVED, waiver=waiver)
        half = self._half_reopened(subtask, closed.order if closed else order(subtask.created, CREATED))
        return replace(
            blank,
            standing=Standing.NOT_COUNTED,
            waiver=waiver,
            half_reopened=half,
            fault=None if half else Fault.WAIVER,
        )

    def _half_reopened(self, subtask: SubTask, closed: Order) -> bool:
        """Tell whether we said that the step is reopened, but the transition is still to come."""
        label = self.mapping.jira.labels.reopened
        if label not in subtask.labels:
            return False
        added = [
            c.order for c in subtask.changes if c.field == LABELS and c.author in self.issue.ours and _adds(c, label)
        ]
        return bool(added) and closed < added[-1]

    def _approved_by_owner(self, done: StepState, subtask: SubTask) -> bool:
        """Tell whether it was closed by the party's person of that time, or by whoever stood in.

        Whom we had given the step to counts as well: Data Center tells a former person by a key that is nobody's name.
        """
        closed = closing(subtask, self.issue.categories)
        if self.mapping.approver == "recorded" or not done.party or closed is None:
            return True
        then = replace(self.issue, fields={**self.issue.fields, **_held_at(self.issue, closed.order)})
        named = {first_user(one, self.mapping, done.roles) for one in (then, replace(then, unassignable=frozenset()))}
        given = next((c for c in reversed(subtask.changes) if c.field == ASSIGNEE), None)
        if given is None or given.author in self.issue.ours:
            named.add(subtask.assignee)
        wanted = named - {None}
        return not wanted or closed.author in (*wanted, *self.issue.ours)

    def _in_order(self, done: StepState, then: Order, above: list[StepState]) -> StepState:
        settles = then[0] + timedelta(seconds=self.mapping.order_grace_seconds)
        irrevocable = done.step.irrevocable
        preceded = self._had_its_turn if irrevocable else self._counts_before
        blamed = next((b for b in before(done.step, above) if not preceded(b, then, settles)), None)
        if blamed is None:
            return done
        name = blamed.subtask.key if blamed.subtask else ""
        return replace(done, standing=Standing.NOT_COUNTED, fault=Fault.ORDER, blamed=name, settles=settles)

    def _counts_before(self, earlier: StepState, then: Order, settles: datetime) -> bool:
        """Tell whether the earlier step counts, was done in time, and was not reopened since."""
        if earlier.standing is Standing.WAIVED:
            return True
        if earlier.subtask is None or earlier.finished is None or earlier.half_reopened or self._to_reopen(earlier):
            return False
        return earlier.finished[0] <= settles and not reopened_since(earlier.subtask, then, self.issue.categories)

    def _had_its_turn(self, earlier: StepState, then: Order, settles: datetime) -> bool:
        """Tell whether the earlier step was done when an irrevocable one was; what is made only later is not blamed."""
        if earlier.standing is Standing.WAIVED or earlier.subtask is None or earlier.subtask.created > then[0]:
            return True
        return was_done_by(earlier.subtask, then, settles, self.issue.categories)

    def _to_reopen(self, earlier: StepState) -> bool:
        return earlier.fault is not None and (earlier.settles is None or earlier.settles <= self.now)

    def _due(self, state: StepState, above: list[StepState]) -> date | None:
        rounds = self.mapping.certification
        if self.round and rounds and state.key == rounds.round_step:
            return self.round.earliest_end
        due = state.step.due
        begin = self._due_from(state, above) if due else None
        return add_workdays(self.mapping.calendar, begin, due.business_days) if due and begin else None

    def _due_from(self, state: StepState, above: list[StepState]) -> date | None:
        due = state.step.due
        if given_up(self.mapping, self.round, state.key):
            ready = self.round.materials_in if self.round else None
            return local_day(self.mapping.calendar, ready) if ready else None
        if due and due.after_field:
            value = self.issue.fields.get(due.after_field)
            return value if isinstance(value, date) and not isinstance(value, datetime) else None
        if due and due.after_step:
            ends = [state.done_at for state in above if state.key == due.after_step]
            last = None if None in ends else max((end for end in ends if end), default=None)
            return local_day(self.mapping.calendar, last) if last else None
        return local_day(self.mapping.calendar, self.visit.begun)


def before(step: Step, above: list[StepState]) -> list[StepState]:
    """Return the states that the step comes after."""
    return [state for state in above if EVERY_STEP_ABOVE in step.after or state.key in step.after]


def given_up(mapping: Mapping, view: RoundView | None, key: str) -> bool:
    """Tell whether the step is the one that agrees a slot, and a slot of the visit was given up.

    It then waits for the materials: before they are in, nothing is proposed that could be agreed.
    """
    rounds = mapping.certification
    return rounds is not None and view is not None and key == rounds.slot_step and bool(view.entry.given_up)


def due_after(mapping: Mapping, view: RoundView | None, state: StepState) -> tuple[str, str]:
    """Return the field and the step that the due date is reckoned from; where both are empty, it is the visit's begin.

    Of the round, and of a slot that is agreed anew, these are the slot's day and the materials.
    """
    rounds, due = mapping.certification, state.step.due
    if rounds and view and (state.key == rounds.round_step or given_up(mapping, view, state.key)):
        return "certification_start", rounds.materials_step
    return (due.after_field or "", due.after_step or "") if due else ("", "")


def _held_at(issue: ProjectIssue, then: Order) -> dict[str, str | None]:
    """Return what the fields held that were changed after the time: what their first change since replaced."""
    return {change.field: change.before for change in reversed(issue.changes) if change.order > then}


def _adds(change: Change, label: str) -> bool:
    return label in (change.after or "").split() and label not in (change.before or "").split()


def first_user(issue: ProjectIssue, mapping: Mapping, roles: Iterable[str]) -> str | None:
    """Return the account of the first role with a user, else of a role's proxy, else a role's default."""
    declared = [mapping.roles[key] for key in roles]
    proxies = [mapping.roles[role.proxy] for role in declared if role.proxy]
    named = [issue.fields.get(role.field) for role in (*declared, *proxies)]
    accounts = [*named, *(role.default for role in declared)]
    return next((str(account) for account in accounts if account and account not in issue.unassignable), None)


def whose_rights(issue: ProjectIssue, mapping: Mapping) -> frozenset[str]:
    """Return the accounts whose groups and roles must be known: who filled an override, or closed a step as not done.

    What the record has judged already is not asked again.
    """
    if not (mapping.override.groups or mapping.override.roles):
        return frozenset()
    record = parse(issue.record, issue.id)
    judged = {w.change for w in record.waivers} | {o.change for o in record.overrides} if record else set()
    waived = (_waived(issue, subtask, mapping) for subtask in issue.subtasks)
    asked = {change.author for change in waived if change and change.id not in judged}
    if issue.fields.get("gate_override"):
        filled = issue.last_change("gate_override")
        if filled is None or filled.id not in judged:
            asked.add(filled.author if filled else issue.creator)
    return frozenset(account for account in asked if account and account not in issue.ours)


def _waived(issue: ProjectIssue, subtask: SubTask, mapping: Mapping) -> Change | None:
    outcome = mapping.jira.step_statuses.wont_do
    is_step = subtask.marker is not None and reached(subtask, outcome)
    return reached_by(subtask, outcome, issue.categories) if is_step else None


def may_override(issue: ProjectIssue, mapping: Mapping, account: str | None) -> bool:
    """Tell whether the account is one that the mapping lets open gates and waive steps."""
    if account is None:
        return False
    named = {f"group:{name}" for name in mapping.override.groups} | {f"role:{name}" for name in mapping.override.roles}
    return account in mapping.override.accounts or bool(named & issue.groups.get(account, frozenset()))
