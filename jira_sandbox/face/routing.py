"""How a resource is declared: a path as Atlassian's document writes it, and a function from a call to an answer."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from jira_sandbox.errors import JiraError
from jira_sandbox.model import User
from jira_sandbox.sandbox import Sandbox
from jira_sandbox.show import Json, View
from jira_sandbox.site import Site

CLOUD, DATA_CENTER = "cloud", "datacenter"
BOTH = (CLOUD, DATA_CENTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, signed in and read."""

    sandbox: Sandbox
    view: View
    args: MultiDict[str, str]
    content: bytes
    actor: User | None

    @property
    def site(self) -> Site:
        """Return the site that is asked."""
        return self.view.site

    @property
    def user(self) -> User:
        """Return who asks."""
        if self.actor is None:
            raise JiraError(401, "You are not authenticated. Authentication required to perform this operation.")
        return self.actor

    @property
    def api(self) -> str:
        """Return the REST version asked: "2" or "3"."""
        return self.view.api

    def json(self) -> Any:
        """Return the body; raise Jira's 400 if it is no JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            raise JiraError(400, "There was an error parsing JSON. Check that your request body is valid.") from None

    def body(self) -> Json:
        """Return the body, which must be a JSON object."""
        body = self.json()
        if not isinstance(body, dict):
            raise JiraError(400, "Unexpected type of request body: an object is expected.")
        return body

    def words(self, name: str) -> tuple[str, ...]:
        """Return a parameter that may be repeated or hold a comma-separated list."""
        return split(self.args.getlist(name))

    def number(self, name: str, default: int, most: int | None = None) -> int:
        """Return a whole-number parameter, capped at `most`; raise Jira's 400 for anything else."""
        raw = self.args.get(name, "")
        if raw and not re.fullmatch(r"-?\d+", raw):
            raise JiraError(400, f"The value '{raw}' of the parameter '{name}' is not a number.")
        number = max(0, int(raw)) if raw else default
        return min(number, most) if most is not None else number

    def flag(self, name: str) -> bool:
        """Return a true-or-false parameter."""
        return self.args.get(name, "false").lower() == "true"


def split(values: Any) -> tuple[str, ...]:
    """Return the words of a list or of a comma-separated string; none of anything else."""
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, list):
        return ()
    return tuple(word.strip() for value in values for word in str(value).split(",") if word.strip())


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status of its own."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer for a browser."""

    html: str


Handler = Callable[..., Any]
Declared = TypeVar("Declared", bound=Handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method and path with its function; a result of None is answered by 204."""

    method: str
    path: str
    handler: Handler
    flavours: tuple[str, ...] = BOTH
    anonymous: bool = False


class Routes:
    """The endpoints of one resource."""

    def __init__(self, prefix: str = "/rest/api/{api}/") -> None:
        self.prefix = prefix
        self.endpoints: list[Endpoint] = []

    def on(
        self, method: str, path: str, *, flavours: Iterable[str] = BOTH, anonymous: bool = False
    ) -> Callable[[Declared], Declared]:
        """Declare what answers a method on a path below the prefix."""

        def declare(handler: Declared) -> Declared:
            full = self.prefix + path
            self.endpoints.append(
                Endpoint(method=method, path=full, handler=handler, flavours=tuple(flavours), anonymous=anonymous)
            )
            return handler

        return declare


def flask_rule(path: str) -> str:
    """Turn `/issue/{issueIdOrKey}` into Flask's `/issue/<string:issue_id_or_key>`."""

    def name(found: re.Match[str]) -> str:
        if found[1] == "api":
            return '<any("2","3",latest):api>'
        return f"<string:{re.sub(r'(?<!^)(?=[A-Z])', '_', found[1]).lower()}>"

    return re.sub(r"\{(\w+)\}", name, path)
