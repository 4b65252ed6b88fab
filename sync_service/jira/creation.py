"""What became of each issue of a bulk creation. Pure.

The package `jira` can send only `fields` (no properties, so no marker), keeps `elementErrors.errors` without
`errorMessages`, and fails where the whole request is refused; hence a request of our own and this reading of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from sync_service.jira.answers import messages_of

MOST_PER_REQUEST = 50


class NewIssue(TypedDict):
    """An issue to create; `properties` go in with the same request."""

    fields: Mapping[str, Any]
    properties: NotRequired[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedIssue:
    """An issue that now exists."""

    id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementError:
    """Why Jira did not create one issue: its words by field, and the others."""

    status: int
    fields: Mapping[str, str]
    messages: tuple[str, ...]


Outcome = CreatedIssue | ElementError


def request_body(issues: list[NewIssue]) -> dict[str, Any]:
    """Write the body of the request."""
    return {"issueUpdates": [_update(issue) for issue in issues]}


def _update(issue: NewIssue) -> dict[str, Any]:
    properties = properties_list(issue.get("properties", {}))
    return {"fields": dict(issue["fields"])} | ({"properties": properties} if properties else {})


def properties_list(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write issue properties as Jira wants them inside a create or an edit."""
    return [{"key": key, "value": value} for key, value in properties.items()]


def outcomes(count: int, body: object) -> list[Outcome] | None:
    """Read what became of each of `count` issues, in their order; None where the answer does not say it.

    Jira lists the created ones in order and names the others by their place.
    """
    try:
        failed, created = _read(body)
    except (AttributeError, KeyError, TypeError):
        return None
    if len(failed) + len(created) != count or not failed.keys() <= set(range(count)):
        return None
    rest = iter(created)
    return [failed[place] if place in failed else next(rest) for place in range(count)]


def _read(body: Any) -> tuple[dict[int, ElementError], list[CreatedIssue]]:
    failed = {error["failedElementNumber"]: _element_error(error) for error in body.get("errors") or []}
    created = [CreatedIssue(id=str(issue["id"]), key=issue["key"]) for issue in body.get("issues") or []]
    return failed, created


def _element_error(error: Mapping[str, Any]) -> ElementError:
    messages, fields = messages_of(error.get("elementErrors"))
    return ElementError(status=error.get("status") or 400, fields=fields, messages=messages)
