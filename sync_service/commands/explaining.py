"""What is told of one project: where it stands (`explained`) and what would be done about it now (`planned`)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType

from mappings import Mapping as LifecycleMapping
from sync_service.errors import StagegateError
from sync_service.jira.answers import Json
from sync_service.jira.client import Client
from sync_service.jira.errors import Forbidden, Invalid, NotFound
from sync_service.jira.gateway import Elsewhere, Found, Gateway, Unmanaged
from sync_service.lifecycle.actions import Action, Create, Edit, Move, sentence
from sync_service.lifecycle.facts import SubTask
from sync_service.lifecycle.outline import outline
from sync_service.lifecycle.plan import Plan, Unsettled
from sync_service.lifecycle.slots import next_free_slot
from sync_service.lifecycle.state import State, derive
from sync_service.lifecycle.steps import StepState
from sync_service.worker.reconcile import Reconciler

NOBODY: Mapping[str, str] = MappingProxyType({})

MOST_HOPS = 3
"""From a sub-task's key to its id, to its parent."""


class NotAProject(StagegateError):
    """The issue that was asked for is none that Stagegate looks after; the text says why."""

    reason = "not_a_project"


def look_at(gateway: Gateway, key: str) -> Found:
    """Read the project issue of this key or id; that of its parent, if it is a sub-task's. Raises NotAProject."""
    asked = key.strip()
    for _ in range(MOST_HOPS):
        try:
            found = gateway.read(asked)
        except NotFound:
            raise NotAProject(
                f"{key}: there is no such issue, or the service's account ({gateway.client.site.url}) may not see it; "
                "check the key, and the account's permission 'Browse projects'"
            ) from None
        match found:
            case Found():
                return found
            case Unmanaged():
                raise NotAProject(f"{found.key}: not one of Stagegate's projects: {found.why}")
            case Elsewhere():
                asked = found.id
    raise NotAProject(f"{key}: it leads from one issue to another without end; tell us how you came there")


def names_of(client: Client, accounts: Iterable[str]) -> dict[str, str]:
    """Return the names for people of those accounts that Jira lets us see."""
    names: dict[str, str] = {}
    for account in sorted(set(accounts)):
        params = {"accountId" if client.is_cloud else "username": account}
        try:
            user = client.call("GET user", "GET", "user", params=params).body
        except (NotFound, Forbidden, Invalid):
            continue
        names[account] = str(user.get("displayName") or account)
    return names


def explain(reconciler: Reconciler, key: str) -> Json:
    """Return where the project of this key stands; writes nothing."""
    gateway = reconciler.gateway
    found = look_at(gateway, key)
    state = derive(found.issue, found.mapping, found.at, reconciler.enforce_since)
    people = names_of(gateway.client, accounts_in(state))
    try:
        decided: Plan | None = reconciler.decide(found)
    except Unsettled:
        decided = None
    return explained(found, state, decided, people, gateway.client.browse_url(found.issue.key))


def foresee(reconciler: Reconciler, key: str) -> Json:
    """Return what would be written about the project of this key now; writes and reserves nothing.

    Raises Unsettled where the mapping contradicts itself.
    """
    found = look_at(reconciler.gateway, key)
    decided = reconciler.decide(found)
    if decided.wish is not None and found.mapping.certification is not None:
        taken = [start for issue, start in _bookings(reconciler, found.mapping) if issue != found.issue.id]
        capacity = found.mapping.certification.capacity
        decided = reconciler.decide(found, next_free_slot(found.mapping.calendar, capacity, taken, decided.wish))
    owners = {
        subtask.assignee for action in decided.actions if isinstance(action, Create) for subtask in action.subtasks
    }
    people = names_of(reconciler.gateway.client, filter(None, owners))
    return planned(found, decided, people)


def _bookings(reconciler: Reconciler, mapping: LifecycleMapping) -> Iterable[tuple[str, date]]:
    """Return the slots that are taken: those in the store and, where it may be new, those of the issues themselves."""
    booked = {booking.issue_id: booking.start for booking in reconciler.store.slots.all(mapping.name)}
    return (booked or dict(reconciler.gateway.bookings(mapping))).items()


def accounts_in(state: State) -> frozenset[str]:
    """Return the accounts that the explanation of this state names."""
    record = state.record
    named = [state.issue.fields.get(role.field) for role in state.mapping.roles.values()]
    named += [entry.by for entry in record.overrides] + [entry.by for entry in record.waivers]
    for step in state.steps:
        named += [step.owner, step.subtask.assignee if step.subtask else None]
    return frozenset(str(account) for account in named if account)


def explained(
    found: Found, state: State, decided: Plan | None, people: Mapping[str, str] = NOBODY, url: str = ""
) -> Json:
    """Return where the project stands: its outline, and what a reader needs beside it.

    `pending` are the actions that wait to be done (None where the rules don't come to rest); `unanswered` the moves
    that wait for their answer; `people` the names behind the accounts.
    """
    told = outline(state)
    told["steps"] = [_step(state, step, shown) for step, shown in zip(state.steps, told["steps"], strict=True)]
    return told | {
        "url": url,
        "at": found.at.isoformat(),
        "zone": state.mapping.calendar.timezone,
        "people": dict(people),
        "roles": {role.title: state.issue.fields.get(role.field) for role in state.mapping.roles.values()},
        "titles": {key: stage.title for key, stage in state.mapping.stages.items()},
        "unread": list(found.issue.unread),
        "unanswered": [
            {"to": state.mapping.title(one.target), "at": one.at.isoformat(), "by": one.author}
            for one in state.unanswered
        ],
        "status_stage": state.mapping.stage_by_status.get(state.issue.status),
        "pending": None if decided is None else [sentence(action) for action in decided.actions],
    }


def _step(state: State, step: StepState, shown: Json) -> Json:
    return shown | {
        "owner": " or ".join(state.mapping.roles[role].title for role in step.roles),
        "fault": step.fault.value if step.fault else None,
        "after": list(step.step.after),
    }


def planned(found: Found, decided: Plan, people: Mapping[str, str] = NOBODY) -> Json:
    """Return what would be written now, each action with its reasons, in the order of writing."""
    return {
        "id": found.issue.id,
        "key": found.issue.key,
        "at": found.at.isoformat(),
        "zone": found.mapping.calendar.timezone,
        "stage": decided.state.stage,
        "title": decided.state.mapping.title(decided.state.stage),
        "refused": decided.refused,
        "unread": list(found.issue.unread),
        "actions": [_action(action, people) for action in decided.actions],
        "notes": list(decided.notes),
        "again": decided.again,
        "look_again": _moment(decided.look_again),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _action(action: Action, people: Mapping[str, str]) -> Json:
    told: Json = {"does": sentence(action), "why": list(action.why)}
    match action:
        case Create():
            return {"action": "create", **told, "subtasks": [_subtask(subtask, people) for subtask in action.subtasks]}
        case Edit():
            return {"action": "edit", **told, **_edit(action)}
        case Move():
            return {"action": "move", **told, "issue": action.key, "to": list(action.to)}


def _subtask(subtask: SubTask, people: Mapping[str, str]) -> Json:
    return {
        "step": subtask.marker.step if subtask.marker else None,
        "summary": subtask.summary,
        "assignee": subtask.assignee,
        "who": people.get(subtask.assignee or "", subtask.assignee),
        "due": subtask.due.isoformat() if subtask.due else None,
        "labels": sorted(subtask.labels),
    }


def _edit(edit: Edit) -> Json:
    return {
        "issue": edit.key,
        "fields": {name: _plain(value) for name, value in edit.fields.items()},
        "add_labels": list(edit.add_labels),
        "remove_labels": list(edit.remove_labels),
        "comment": edit.comment,
        "record": edit.record is not None,
        "quiet": edit.is_quiet,
    }


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | float | int):
        return value
    return list(value) if isinstance(value, tuple) else str(value)
