"""What a write asks for, read and checked field by field before anything is changed."""

from dataclasses import dataclass, field
from typing import Any

from jira_sandbox import adf
from jira_sandbox.errors import FieldRefused, JiraError
from jira_sandbox.fields import KINDS, Place
from jira_sandbox.kinds import check_length
from jira_sandbox.model import Field
from jira_sandbox.show import as_json

OFF_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
PROPERTY_LIMIT = 32768


@dataclass(slots=True, kw_only=True)
class Draft:
    """What a request asks for, read and checked but not yet done."""

    values: dict[str, Any] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def refuse_if_wrong(self) -> None:
        """Raise Jira's 400 with everything that is wrong."""
        if self.errors or self.messages:
            raise JiraError(400, *self.messages, errors=self.errors)


def read_draft(place: Place, body: dict[str, Any], permitted: set[str], current: dict[str, Any]) -> Draft:
    """Read `fields`, `update` and `properties` of a request; fields outside `permitted` are refused one by one."""
    draft = Draft()
    fields, update = body.get("fields") or {}, body.get("update") or {}
    if not isinstance(fields, dict) or not isinstance(update, dict):
        raise JiraError(400, "Unexpected type of 'fields' or 'update': an object is expected.")
    for field_id in fields.keys() & update.keys():
        draft.errors[field_id] = f"Field '{field_id}' cannot appear in both 'fields' and 'update'"
    for field_id, raw in fields.items():
        _read(draft, place, permitted, field_id, [{"set": raw}], current)
    for field_id, operations in update.items():
        _read(draft, place, permitted, field_id, operations, current)
    draft.properties = _read_properties(body.get("properties") or [])
    return draft


def _read(
    draft: Draft, place: Place, permitted: set[str], field_id: str, operations: Any, current: dict[str, Any]
) -> None:
    if field_id in draft.errors:
        return
    try:
        if field_id == "comment":
            draft.comments += [_read_comment(place, operation) for operation in operations]
            return
        what = place.site.fields.get(field_id)
        if what is None or field_id not in permitted:
            raise FieldRefused(OFF_SCREEN.format(field_id))
        value = draft.values.get(field_id, current.get(field_id))
        for operation in operations:
            value = _operate(place, what, value, operation)
        draft.values[field_id] = value
    except FieldRefused as refused:
        draft.errors[field_id] = str(refused)


def _operate(place: Place, what: Field, value: Any, operation: dict[str, Any]) -> Any:
    kind = KINDS[what.kind]
    if not isinstance(operation, dict) or len(operation) != 1:
        raise FieldRefused("Exactly one operation is expected.")
    ((verb, raw),) = operation.items()
    if verb not in kind.operations:
        raise FieldRefused(f"Field '{what.id}' does not support operation '{verb}'")
    if verb == "set":
        return kind.parse(place, what, raw)
    (one,) = kind.parse(place, what, [raw])
    rest = [each for each in value or [] if each != one]
    kept = rest if verb == "remove" else [*rest, one]
    return sorted(kept) if what.kind == "labels" else kept


def _read_comment(place: Place, operation: dict[str, Any]) -> dict[str, Any]:
    added = operation.get("add") if isinstance(operation, dict) else None
    if not isinstance(added, dict):
        raise FieldRefused("Only the operation 'add' is expected for comments here.")
    return read_comment(place.api, added)


def read_comment(api: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Read a comment's body and visibility; raise FieldRefused for an empty or too long body."""
    body = adf.to_text(raw.get("body")) if api == "3" else raw.get("body")
    if not isinstance(body, str) or not body.strip():
        raise FieldRefused("Comment body can not be empty!")
    check_length(body)
    return {"body": body, "visibility": raw.get("visibility")}


def _read_properties(raw: list[dict[str, Any]]) -> dict[str, Any]:
    for each in raw:
        check_property(each.get("key", ""), each.get("value"))
    return {each["key"]: each["value"] for each in raw}


def check_property(key: str, value: Any) -> None:
    """Raise Jira's 400 for a key or a value that an entity property cannot have."""
    if not key or len(key) > 255:
        raise JiraError(400, "The property key must be between 1 and 255 characters long.")
    if len(as_json(value)) > PROPERTY_LIMIT:
        raise JiraError(400, f"The property value is too long. Maximum length is {PROPERTY_LIMIT} characters.")
