"""What every page of the console works on, and what none may be without."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote

from flask import g
from werkzeug.exceptions import Forbidden

from mappings import Mapping as LifecycleMapping
from webhooks.console.board import Cards
from webhooks.console.people import Person, Tokens
from webhooks.console.sessions import Sessions
from webhooks.services import ConsoleServices, Services

View = TypeVar("View", bound=Callable[..., Any])


class NotAnOperator(Forbidden):
    """This needs the role of an operator. Whoever keeps [console] of the settings can give it."""

    description = (
        "Only an operator may do this, and you are signed in as a reader, so nothing was done. Whoever keeps "
        "[console] of the settings can make you one."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The services, with what the console keeps of its own."""

    services: Services
    console: ConsoleServices
    cards: Cards
    tokens: Tokens
    sessions: Sessions
    version: str = field(default="")

    def lifecycle(self, name: str) -> LifecycleMapping | None:
        """Return a configured mapping by name."""
        return self.console.lifecycles.get(name)

    def zone(self, name: str = "") -> str:
        """Return the zone that a mapping tells its times in; that of the first one where none is named."""
        known = self.lifecycle(name) or next(iter(self.console.lifecycles.values()), None)
        return known.calendar.timezone if known else "UTC"

    def browse(self, key: str) -> str:
        """Return where people see the issue in Jira."""
        return f"{self.console.jira_url}/browse/{quote(key, safe='')}"


def signed_in() -> Person | None:
    """Return who makes this request."""
    person: Person | None = g.get("person")
    return person


def operators_only(view: View) -> View:
    """Refuse everybody but operators."""

    @wraps(view)
    def guarded(*args: Any, **options: Any) -> Any:
        person = signed_in()
        if person is None or not person.may_operate:
            raise NotAnOperator
        return view(*args, **options)

    return guarded  # type: ignore[return-value]
