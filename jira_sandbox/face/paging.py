"""Pages as Jira's lists of configuration have them, and who may ask for these."""

from typing import Any

from jira_sandbox.errors import JiraError, forbidden
from jira_sandbox.face.routing import Call
from jira_sandbox.show import Json


def page(call: Call, path: str, found: list[Any], size: int = 50) -> Json:
    """Return the part of a list that the caller asks for by `startAt` and `maxResults`."""
    start, most = call.number("startAt", 0), call.number("maxResults", size, 1000)
    return {
        "self": call.view.link(f"{path}?startAt={start}&maxResults={most}"),
        "startAt": start,
        "maxResults": most,
        "total": len(found),
        "isLast": start + most >= len(found),
        "values": found[start : start + most],
    }


def administer(call: Call) -> None:
    """Raise Jira's 403 unless the caller administers the site."""
    if not call.site.may(call.user, "ADMINISTER"):
        raise forbidden("Only Jira administrators can perform this operation.")


def text(body: Json, name: str) -> str:
    """Return a text that must be given; raise Jira's 400."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise JiraError(400, errors={name: f"The {name} must be specified."})
    return value


def only(body: Json, *names: str) -> Json:
    """Return the body; raise Jira's 400 for a property that the document does not have."""
    if unknown := sorted(set(body) - set(names)):
        raise JiraError(400, f'Unrecognized field "{unknown[0]}".')
    return body
