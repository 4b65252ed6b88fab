"""The second door to Jira: carry out one action, and explain what Jira refuses."""

from collections.abc import Mapping as MappingOf
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

from mappings import Mapping
from sync_service.errors import StagegateError
from sync_service.jira import translate
from sync_service.jira.access import Access, Found
from sync_service.jira.client import CreatedIssue, ElementError, NewIssue
from sync_service.jira.errors import Conflict, Invalid, NotFound
from sync_service.lifecycle.actions import Action, Create, Edit, Move
from sync_service.lifecycle.facts import ASSIGNEE, DUE, SubTask, Value
from sync_service.lifecycle.record import PROPERTY, STEP_PROPERTY


class NoWay(StagegateError):
    """The workflow offers no transition to where the issue must go; someone must add it."""

    reason = "no_way"


class FieldRefused(StagegateError):
    """Jira refused an edit; the text names the fields as the mapping does, with Jira's words and the remedy."""

    reason = "field_refused"


class NotCreated(StagegateError):
    """Jira refused to create a sub-task; the text has Jira's words."""

    reason = "not_created"


class Applying(Access):
    """The half of the gateway that writes."""

    def apply(self, action: Action, found: Found, keys: MutableMapping[str, str]) -> None:
        """Carry out one action; `keys` gives the placeholders of planned sub-tasks the keys that Jira made.

        Raises NotCreated, FieldRefused or NoWay where somebody must act, Conflict where the plan is out of date.
        """
        try:
            match action:
                case Create():
                    self._create(action, found, keys)
                case Edit():
                    self._edit(action, found, keys)
                case _:
                    self._move(action, found)
        except NotFound as gone:  # a sub-task deleted since the reading, say: the project issue need not be gone
            raise Conflict("an issue of the plan is gone; look again", operation=gone.operation, status=404) from gone

    def _create(self, action: Create, found: Found, keys: MutableMapping[str, str]) -> None:
        refused: list[str] = []
        waiting = list(action.subtasks)
        for with_assignee in (True, False):
            again: list[SubTask] = []
            bodies = [self._body(subtask, found, with_assignee=with_assignee) for subtask in waiting]
            for subtask, outcome in zip(waiting, self.client.create_issues(bodies) if bodies else (), strict=True):
                if isinstance(outcome, CreatedIssue):
                    keys[subtask.key] = outcome.key
                elif ASSIGNEE in outcome.fields and with_assignee and subtask.assignee:
                    self._unassignable[subtask.assignee] = found.at
                    again.append(subtask)
                else:
                    refused.append(f"{subtask.summary!r}: {_words(outcome)}")
            waiting = again
        if refused:
            raise NotCreated(
                f"Jira refused {len(refused)} sub-task(s) of {found.issue.key}: {'; '.join(refused)}. Check the create "
                f"screen of {found.mapping.jira.subtask_type!r} and its required fields"
            )

    def _body(self, subtask: SubTask, found: Found, *, with_assignee: bool) -> NewIssue:
        directory = self.directory(found.mapping)
        fields: dict[str, Any] = {
            "project": {"id": directory.project_id},
            "parent": {"id": found.issue.id},
            "issuetype": {"id": directory.subtask_type_id},
            "summary": subtask.summary,
            "labels": sorted(subtask.labels),
        }
        fields |= {"description": subtask.description} if subtask.description else {}
        fields |= {"duedate": subtask.due.isoformat()} if subtask.due else {}
        if subtask.assignee and with_assignee:
            fields["assignee"] = translate.user(subtask.assignee, directory)
        properties = {STEP_PROPERTY: translate.marker_value(subtask.marker)} if subtask.marker else {}
        return {"fields": fields, "properties": properties}

    def _edit(self, action: Edit, found: Found, keys: MappingOf[str, str]) -> None:
        record = with_keys(dict(action.record), keys) if action.record is not None else None
        if action.is_quiet and record is not None:
            self.client.put_property(action.issue, PROPERTY, record)
            return
        fields = {
            self._field_id(key, found.mapping): self._raw(key, value, found.mapping)
            for key, value in action.fields.items()
        }
        update = _update(action, keys)
        properties = {PROPERTY: record} if record is not None else None
        try:
            self.client.edit_issue(action.issue, fields=fields, update=update, properties=properties)
        except Invalid as refused:
            account = action.fields.get(ASSIGNEE)
            if ASSIGNEE not in refused.fields or not account:
                raise self._explained(refused, action.key, found.mapping) from refused
            self._unassignable[str(account)] = found.at
            left = {name: value for name, value in action.fields.items() if name != ASSIGNEE}
            again = replace(action, fields=left)
            if not again.is_quiet or record is not None:
                self._edit(again, found, keys)

    def _explained(self, refused: Invalid, key: str, mapping: Mapping) -> StagegateError:
        """Name the refused fields as the mapping does; Jira names them by id, and says nothing of a remedy."""
        names = {self._field_id(field, mapping): f"{mapping.fields[field].name!r}" for field in mapping.fields}
        said = [f"{names.get(field, field)} ({field}): {words}" for field, words in refused.fields.items()]
        if not said:
            return refused
        return FieldRefused(
            f"Jira refused to edit {key}: {'; '.join(said)}. Put these fields on the edit screen (Data Center looks at "
            "it; Cloud does not), give them a context for the issue type, and the options that the mapping names; "
            "`stagegate check --live` lists everything of the kind"
        )

    def _field_id(self, key: str, mapping: Mapping) -> str:
        return key if key in (ASSIGNEE, DUE) else self.directory(mapping).field_ids[key]

    def _raw(self, key: str, value: Value, mapping: Mapping) -> Any:
        kinds: dict[str, Any] = {ASSIGNEE: "user", DUE: "date"}
        kind = kinds.get(key) or mapping.fields[key].type
        return translate.raw_value(kind, value, self.directory(mapping))

    def _move(self, action: Move, found: Found) -> None:
        way = _way(found.transitions, action) if action.issue == found.issue.id else None
        way = way or _way(self._offered(action, found), action)
        if way is None:
            raise NoWay(
                f"the workflow of {action.key} offers no transition to {' or '.join(action.to)} from where it is; "
                "add one that the service's account may use"
            )
        try:
            self.client.transition(action.issue, way)
        except Invalid as refused:
            if _way(self._offered(action, found), action) != way:
                stale = f"{action.key} was moved since it was read; look again"
                raise Conflict(stale, operation=refused.operation, status=refused.status) from refused
            raise NoWay(
                f"Jira refuses to move {action.key} to {' or '.join(action.to)}. {refused} The service fills in no "
                "transition screen: take required fields and validators off that transition"
            ) from refused

    def _offered(self, action: Move, found: Found) -> MappingOf[str, str]:
        return translate.offered(self.client.transitions(action.issue), self.directory(found.mapping))


def _way(offered: MappingOf[str, str], action: Move) -> str | None:
    return next((offered[status] for status in action.to if status in offered), None)


def _update(action: Edit, keys: MappingOf[str, str]) -> dict[str, list[dict[str, Any]]]:
    labels = [{"add": label} for label in action.add_labels] + [{"remove": label} for label in action.remove_labels]
    update: dict[str, list[dict[str, Any]]] = {"labels": labels} if labels else {}
    if action.comment:
        update["comment"] = [{"add": {"body": with_keys(action.comment, keys)}}]
    return update


def with_keys(value: Any, keys: MappingOf[str, str]) -> Any:
    """Put the keys of created sub-tasks where their placeholders stand."""
    return _with_keys(value, keys) if keys else value


def _with_keys(value: Any, keys: MappingOf[str, str]) -> Any:
    match value:
        case str():
            for placeholder, key in keys.items():
                value = value.replace(placeholder, key)
            return value
        case dict():
            return {name: _with_keys(part, keys) for name, part in value.items()}
        case list() | tuple():
            return [_with_keys(part, keys) for part in value]
    return value


def _words(error: ElementError) -> str:
    return "; ".join([*error.messages, *(f"{field}: {words}" for field, words in error.fields.items())])
