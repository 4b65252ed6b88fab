"""The plan as plain values: changes with the very requests, in order; savable, and applied exactly.

What is only known once something was created is a reference in a request: `⟦field:Gate⟧` stands for that field's id,
`⟦#screen:…⟧` for an id that Jira wants as a number. Each request says what its reply teaches.
"""

import json
import re
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sync_service.errors import ConfigurationError

Verb = Literal["create", "change", "assign"]
REFERENCE = re.compile(r"⟦(#?)([^⟦⟧]+)⟧")
SECRET = "secret"  # noqa: S105  the name of a reference, not a secret
SECRET_IN_URL = "secret-in-url"  # noqa: S105
FORMAT = 2


def ref(kind: str, name: str = "", *, number: bool = False) -> str:
    """Stand for the id of something that may not exist yet."""
    return f"⟦{'#' if number else ''}{kind}{':' + name if name else ''}⟧"


def resolved(value: Any, ids: MappingOf[str, str]) -> Any:
    """Put the ids in place of the references, however deep; KeyError for one that nobody taught."""
    if isinstance(value, dict):
        return {resolved(name, ids): resolved(each, ids) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(each, ids) for each in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole and whole[1]:
        return int(ids[whole[2]])
    return REFERENCE.sub(lambda found: ids[found[2]], value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a reply teaches: the reference, and where the id stands: keys, places, `name=value` for one of a list."""

    reference: str
    at: tuple[str, ...]

    def find(self, reply: Any) -> str:
        """Return the id; LookupError where the reply has none."""
        for step in self.at:
            name, chosen, value = step.partition("=")
            if isinstance(reply, list):
                reply = next((each for each in reply if each[name] == value), {}) if chosen else reply[int(step)]
            else:
                reply = reply[step]
        return str(reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; the path is below /rest/api/2/, or starts with a slash.

    With `checks` its reply lists what Jira has against the request that follows; an error there ends the apply.
    """

    method: str
    path: str
    body: Any = None
    learns: tuple[Learned, ...] = ()
    checks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is created, changed or assigned, with its requests in order."""

    kind: str
    name: str
    verb: Verb
    details: tuple[str, ...] = ()
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that would be done to one project's site.

    `refusals` must be mended first, and nothing is applied before; `problems` is what is there but not as it should
    be; `notes` explain; `by_hand` is for a person, in order; `ids` are the references that are known.
    """

    project: str
    changes: tuple[Change, ...] = ()
    refusals: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    ids: dict[str, str] = field(default_factory=dict)
    webhook_url: str | None = None

    @property
    def requests(self) -> int:
        """Count the requests that applying takes."""
        return sum(len(change.requests) for change in self.changes)

    @property
    def needs_secret(self) -> bool:
        """Tell whether a webhook is to be created, which needs a secret."""
        text = json.dumps(asdict(self), ensure_ascii=False)
        return ref(SECRET) in text or ref(SECRET_IN_URL) in text


def dumped(plans: Sequence[Plan]) -> str:
    """Write plans as they are saved; they hold no secret."""
    return (
        json.dumps({"format": FORMAT, "plans": [asdict(plan) for plan in plans]}, indent=2, ensure_ascii=False) + "\n"
    )


def loaded(text: str, place: str) -> tuple[Plan, ...]:
    """Read saved plans; raises ConfigurationError for anything else."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise ConfigurationError(f"{place}: saved by another version of stagegate; make the plan anew with --out")
        return tuple(_plan(raw) for raw in document["plans"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{place}: not a plan that `stagegate provision --out` saved") from error


def _plan(raw: dict[str, Any]) -> Plan:
    texts = {name: tuple(raw[name]) for name in ("refusals", "problems", "notes", "by_hand")}
    changes = tuple(_change(each) for each in raw["changes"])
    return Plan(project=raw["project"], changes=changes, ids=dict(raw["ids"]), webhook_url=raw["webhook_url"], **texts)


def _change(raw: dict[str, Any]) -> Change:
    requests = tuple(
        Request(
            method=each["method"],
            path=each["path"],
            body=each["body"],
            learns=tuple(Learned(reference=one["reference"], at=tuple(one["at"])) for one in each["learns"]),
            checks=each["checks"],
        )
        for each in raw["requests"]
    )
    named = {name: raw[name] for name in ("kind", "name", "verb")}
    return Change(**named, details=tuple(raw["details"]), requests=requests)
