"""Keep the sub-tasks: make, order, own, date, remind, close what is over. docs/lifecycle.md, *Steps*."""

from collections.abc import Iterator
from datetime import date

from mappings import Mapping
from mappings.model import Request
from sync_service.lifecycle import messages
from sync_service.lifecycle.draft import Draft
from sync_service.lifecycle.facts import ASSIGNEE, DUE, Change, Marker, Order, ProjectIssue, SubTask, order
from sync_service.lifecycle.rounds import CERTIFIED, FAILED
from sync_service.lifecycle.state import State
from sync_service.lifecycle.steps import Fault, Standing, StepState, due_after, first_user
from sync_service.lifecycle.subtasks import turn
from sync_service.lifecycle.words import step_words
from sync_service.lifecycle.workdays import A_DAY, add_workdays, local_day, midnight


def create_missing_steps(state: State, draft: Draft) -> None:
    """Plan a sub-task for each step of the visit that has none."""
    for step in state.steps:
        if step.standing is Standing.MISSING:
            draft.create(_subtask(state, step, draft.placeholder()))


def _subtask(state: State, step: StepState, key: str) -> SubTask:
    summary, description = step_words(state, step)
    labels = state.mapping.jira.labels
    return SubTask(
        id="",
        key=key,
        summary=summary,
        description=description,
        status=state.mapping.jira.step_statuses.open,
        category="new",
        created=state.now,
        assignee=step.owner,
        due=step.due,
        labels=frozenset({labels.managed, labels.party_prefix + step.roles[0]}),
        marker=Marker(parent=state.issue.id, step=step.key, visit=step.visit, party=step.party),
    )


def keep_done_steps_in_order(state: State, draft: Draft) -> None:
    """Reopen what is done but doesn't count, once its grace is over; finish half-done reopenings."""
    for step in state.steps:
        if step.subtask is None:
            continue
        if step.half_reopened:
            _reopen(state, draft, step.subtask, "its reopening was announced")
        elif step.fault is Fault.ORDER and not step.blamed:
            continue  # what it came before is made first, so that the reason can name it
        elif step.fault is not None and step.settles is not None and step.settles > state.now:
            draft.looks.add(step.settles)
        elif step.fault is not None:
            announce_reopening(state, draft, step.subtask, _words(state, step))
        elif step.standing is Standing.SUPERSEDED:
            _reopen(state, draft, step.subtask, "the stage is entered again")
        elif step.satisfied:
            draft.label_step(step.subtask, state.mapping.jira.labels.reopened, present=False, why="it is done again")


def _words(state: State, step: StepState) -> str:
    match step.fault:
        case Fault.WAIVER:
            return messages.reopened_for_waiver(messages.who_may(state.mapping.override, state.issue.people))
        case Fault.APPROVER:
            return messages.reopened_for_approver(state.mapping.roles[step.party].title)
    return messages.reopened_for_order(step.blamed)


def announce_reopening(state: State, draft: Draft, subtask: SubTask, words: str) -> None:
    """Say it in an edit that carries the label, then move: a crash between the two is finished without a word.

    A label left from an earlier reopening is taken off first, and the next look, due at once, sets it anew.
    """
    reopened = state.mapping.jira.labels.reopened
    if draft.had_label(subtask, reopened):
        draft.label_step(subtask, reopened, present=False, why="it was done again")
        draft.looks.add(state.now)
        return
    draft.label_step(subtask, reopened, present=True, why=words)
    draft.tell(subtask, words)
    _reopen(state, draft, subtask, words)


def _reopen(state: State, draft: Draft, subtask: SubTask, why: str) -> None:
    draft.move_step(subtask, (state.mapping.jira.step_statuses.open,), "new", why)


def close_what_is_over(state: State, draft: Draft) -> None:
    """Close open steps that the present visit doesn't need, and the younger of two that bear one marker."""
    needed = {step.identity for step in state.steps}
    reopened = state.mapping.jira.labels.reopened
    for identity, twins in state.index.items():
        for subtask in twins[1:] if identity in needed else twins:
            if not subtask.is_done:
                draft.move_step(subtask, _closing_statuses(state, identity), "done", "the visit that needed it is over")
            else:
                draft.label_step(subtask, reopened, present=False, why="it is done again")


def _closing_statuses(state: State, identity: tuple[str, str, str]) -> tuple[str, ...]:
    """Return how an open step is closed: the round's by its result, every other as not to be done."""
    statuses, rounds = state.mapping.jira.step_statuses, state.mapping.certification
    step, visit, _ = identity
    ended = next((entry for entry in state.rounds if entry.visit == visit), None)
    if rounds and ended and step == rounds.round_step:
        if ended.result == CERTIFIED:
            return (*rounds.certified.statuses, statuses.done)
        if ended.result == FAILED:
            return (*rounds.failed.statuses, statuses.done)
    return statuses.wont_do.statuses


def keep_owners_and_dates(state: State, draft: Draft) -> None:
    """Let open steps follow their role's person and their due date's source, unless people chose their own since."""
    for step in state.steps:
        if step.standing is not Standing.OPEN or step.subtask is None or not step.subtask.id:
            continue
        subtask, person = step.subtask, state.issue.last_change(*_owner_fields(state.mapping, step))
        new_owner = step.owner and step.owner != subtask.assignee
        if new_owner and _may_follow(state.issue, subtask, ASSIGNEE, person.order if person else None):
            draft.assign(subtask, str(step.owner), "the role's person changed")
        is_dated = step.step.due is not None or any(due_after(state.mapping, state.round, step))
        if is_dated and step.due != subtask.due and _may_follow(state.issue, subtask, DUE, _due_since(state, step)):
            draft.date(subtask, step.due, "what it is due after changed")


def _may_follow(issue: ProjectIssue, subtask: SubTask, field: str, source: Order | None) -> bool:
    chosen = own_choice(issue, subtask, field)
    return chosen is None or (source is not None and source > chosen.order)


def own_choice(issue: ProjectIssue, subtask: SubTask, field: str) -> Change | None:
    """Return the last change of the assignee or due date that was not ours."""
    return next((c for c in reversed(subtask.changes) if c.field == field and c.author not in issue.ours), None)


def _owner_fields(mapping: Mapping, step: StepState) -> tuple[str, ...]:
    roles = [mapping.roles[key] for key in step.roles]
    return tuple(role.field for role in (*roles, *(mapping.roles[role.proxy] for role in roles if role.proxy)))


def _due_since(state: State, step: StepState) -> Order | None:
    """Return when what the due date is reckoned from last changed; without a date, when that which lacks was lost."""
    field, earlier = due_after(state.mapping, state.round, step)
    if not field and not earlier:
        return order(state.visit.begun, state.visit.id)
    changes = [
        turn(each.subtask, state.issue.categories)
        for each in state.steps
        if each.subtask and each.key == earlier and (step.due or not each.subtask.is_done)
    ]
    if step.due or not state.issue.fields.get(field):
        changes.append(state.issue.last_change(field))
    return max((change.order for change in changes if change), default=None)


def keep_requests(state: State, draft: Draft) -> None:
    """Give requests, told by their label, an owner and a due date, where nobody chose them."""
    for subtask in state.issue.subtasks:
        for label, request in state.mapping.requests.items():
            if label in subtask.labels and subtask.id and not subtask.is_done and not _is_ours(state.issue, subtask):
                _keep_request(state, draft, subtask, request)


def _is_ours(issue: ProjectIssue, subtask: SubTask) -> bool:
    return subtask.marker is not None and subtask.marker.parent == issue.id


def _keep_request(state: State, draft: Draft, subtask: SubTask, request: Request) -> None:
    owner = first_user(state.issue, state.mapping, request.owner)
    if owner and subtask.assignee is None and own_choice(state.issue, subtask, ASSIGNEE) is None:
        draft.assign(subtask, owner, "a request goes to its role")
    if request.due_business_days is not None and subtask.due is None and own_choice(state.issue, subtask, DUE) is None:
        begin = local_day(state.mapping.calendar, subtask.created)
        due = add_workdays(state.mapping.calendar, begin, request.due_business_days)
        draft.date(subtask, due, "a request has a due date")
    party = state.mapping.jira.labels.party_prefix + request.owner[0]
    draft.label_step(subtask, party, present=True, why="a request goes to its role")


def remind(state: State, draft: Draft) -> None:
    """Label what is overdue, with a reminder; take the label off what is done or has a later day."""
    label, today = state.mapping.jira.labels.overdue, local_day(state.mapping.calendar, state.now)
    for subtask in _watched(state, draft):
        due = None if subtask.is_done else subtask.due
        if due is None or due >= today:
            draft.label_step(subtask, label, present=False, why="it is overdue no more")
            _look_when_overdue(state, draft, due)
        elif not subtask.id:
            draft.looks.add(state.now)
        elif draft.label_step(subtask, label, present=True, why="it is overdue"):
            draft.tell(subtask, messages.overdue(due))


def _look_when_overdue(state: State, draft: Draft, due: date | None) -> None:
    if due is not None:
        draft.looks.add(midnight(state.mapping.calendar, due + A_DAY))


def _watched(state: State, draft: Draft) -> Iterator[SubTask]:
    """Yield the steps of the present visit, the requests, and what was overdue, as they will be."""
    labels = {*state.mapping.requests, state.mapping.jira.labels.overdue}
    needed = {step.subtask.key for step in state.steps if step.subtask}
    for subtask in list(draft.subtasks.values()):
        if subtask.key in needed or labels & subtask.labels:
            yield subtask


def mark_missing_owner(state: State, draft: Draft) -> None:
    """Keep the label that tells that an open step has nobody to do it."""
    nobody = any(
        step.owner is None and not step.satisfied and (step.subtask is None or step.subtask.assignee is None)
        for step in state.steps
    )
    draft.label(state.mapping.jira.labels.needs_owner, present=nobody, why="an open step has no owner")
