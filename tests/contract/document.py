"""Atlassian's OpenAPI document of Jira Cloud, and what it has against an exchange.

The document describes REST v3; the product speaks v2, which has the same operations under `/rest/api/2` with wiki text
where v3 has the Atlassian Document Format. Everything in which Jira is not held to the letter of the document:

| where | what is allowed | why |
|---|---|---|
| paths | `/rest/api/2` and `/latest` are checked as `/rest/api/3` | the same operations; texts need no exception, since the document leaves `fields` and a comment's `body` open |
| `EXCEPTIONS` | replies that are not Jira's own, 401 and 403 anywhere, administrators' webhooks | see there |
| `NULLABLE` | null in a change's `from`, `to` and their texts | see there |
| `SHOWN` | replies with schemas that it marks as written only | its own examples show them |
| `MISNAMED` | the true names of a gadget's row and column | it has descriptions in their place, its examples the names |
| `is_moment` | an offset without a colon | so Jira writes every time |
| empty replies | are checked as null | where Jira answers with nothing the document has a schema that takes anything, but asks for something |
| sign-in | a bearer token where it says OAuth 2.0 | a service account's token at the API gateway; openapi-core knows no OAuth |
| itself | the document is not checked (`spec_validator_cls=None`) | one of its defaults lies outside its own enum |
"""  # noqa: E501  a table

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

DOCUMENT = Path(__file__).parents[3] / "shared/spec/jira-cloud-platform-v3.openapi.json"
HOST = "http://jira.sandbox"
NOT_JIRA = "not Jira's own answer: a proxy, a login page or an overload, which may take the place of any"

ADMIN_WEBHOOKS = "administrators' webhooks are told of on Atlassian's page on webhooks only, not in the document"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request of the product and the sandbox's reply; `status` is None where the connection was cut before one."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = "application/json"
    status: int | None = None
    reply: bytes = b""
    reply_type: str = "application/json"

    @property
    def name(self) -> str:
        """Name the exchange for people."""
        return f"{self.method} {self.path} -> {self.status or 'no answer'}"


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """An exception: which side of which exchanges the document is not asked about, and why."""

    side: str
    why: str
    method: str = ".*"
    path: str = ".*"
    status: str = ".*"
    reply_type: str = ".*"

    def covers(self, side: str, exchange: Exchange) -> bool:
        """Tell whether the exception is about this side of the exchange."""
        return side == self.side and all(
            re.fullmatch(pattern, value)
            for pattern, value in (
                (self.method, exchange.method),
                (self.path, exchange.path),
                (self.status, str(exchange.status)),
                (self.reply_type, exchange.reply_type),
            )
        )


EXCEPTIONS = (
    Allowed(side="reply", status="None", why="the connection was cut before Jira answered"),
    Allowed(side="reply", status="429|50[0234]|408|425", why=NOT_JIRA),
    Allowed(side="reply", status="30[0-9]", why=NOT_JIRA),
    Allowed(side="reply", status="200", reply_type="text/html.*", why=NOT_JIRA),
    Allowed(side="request", path="/rest/webhooks/1.0/webhook", why=ADMIN_WEBHOOKS),
    Allowed(side="reply", path="/rest/webhooks/1.0/webhook", why=ADMIN_WEBHOOKS),
    Allowed(side="reply", status="401|403", why="sign-in and permissions come before every operation; listed for some"),
)

NULLABLE = {
    ("ChangeDetails", name): "null where a field was or becomes empty, in every change log that Jira ever sent"
    for name in ("from", "fromString", "to", "toString")
}
"""Properties that Jira sends as null though the document never says so."""

SHOWN = {
    "ScreenTypes": "marked as written only, yet GET screenscheme's own example shows it",
    "DashboardGadgetPosition": "marked as written only, yet every gadget is shown with it",
}
"""Schemas that the document marks as written only and shows in replies."""

MISNAMED = {
    "DashboardGadgetPosition": {
        "The column position of the gadget.": "column",
        "The row position of the gadget.": "row",
    },
}
"""Properties that the document names by their descriptions; its own examples have the true names."""


def is_moment(value: object) -> bool:
    """Accept a time as Jira writes it: the document says RFC 3339, Jira leaves the colon out of the offset."""
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"
    return not isinstance(value, str) or re.fullmatch(moment, value) is not None


@dataclass
class _Request:
    """An exchange's request in the form that openapi-core reads."""

    exchange: Exchange
    host_url: str = HOST
    parameters: RequestParameters = field(init=False)

    def __post_init__(self) -> None:
        self.method = self.exchange.method.lower()
        self.path = re.sub(r"^/rest/api/(2|latest)/", "/rest/api/3/", self.exchange.path)
        self.body = self.exchange.body
        self.content_type = self.exchange.content_type
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(self.exchange.query), header=Headers(list(self.exchange.headers))
        )


@dataclass
class _Reply:
    data: bytes
    status_code: int
    content_type: str
    headers: Headers = field(default_factory=Headers)


class Document:
    """The document, loaded once."""

    def __init__(self, path: Path = DOCUMENT) -> None:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["servers"] = [{"url": HOST}]
        for schema, name in NULLABLE:
            content["components"]["schemas"][schema]["properties"][name]["nullable"] = True
        for schema in SHOWN:
            _show(content["components"]["schemas"][schema])
        for schema, names in MISNAMED.items():
            _rename(content["components"]["schemas"][schema], names)
        self.operations = {(m.upper(), p) for p, item in content["paths"].items() for m in item if m != "parameters"}
        content["components"]["securitySchemes"]["OAuth2"] = {"type": "http", "scheme": "bearer"}
        config = Config(spec_validator_cls=None, extra_format_validators={"date-time": is_moment})
        self._api = OpenAPI.from_dict(content, config=config)

    def complaints(self, exchange: Exchange) -> list[str]:
        """Return what the document has against an exchange, in both directions."""
        return [f"{exchange.name}: {words}" for words in self._complaints(exchange)]

    def _complaints(self, exchange: Exchange) -> Iterator[str]:
        request = _Request(exchange)
        if not _is_allowed("request", exchange):
            yield from (f"request: {_words(error)}" for error in self._api.iter_request_errors(request))
        if not _is_allowed("reply", exchange):
            empty = not exchange.reply
            content, kind = (b"null", "application/json") if empty else (exchange.reply, exchange.reply_type)
            reply = _Reply(content, exchange.status or 0, kind)
            yield from (f"reply: {_words(error)}" for error in self._api.iter_response_errors(request, reply))


def _show(schema: dict[str, Any]) -> None:
    for part in (schema, *schema["properties"].values()):
        part.pop("writeOnly", None)


def _rename(schema: dict[str, Any], names: dict[str, str]) -> None:
    schema["properties"] = {names.get(name, name): part for name, part in schema["properties"].items()}
    schema["required"] = [names.get(name, name) for name in schema["required"]]


def _is_allowed(side: str, exchange: Exchange) -> bool:
    return any(allowed.covers(side, exchange) for allowed in EXCEPTIONS)


def _words(error: OpenAPIError) -> str:
    """Tell an error shortly: the innermost causes, since openapi-core quotes whole replies."""
    told, cause = str(error), error.__cause__
    while cause is not None:
        told, cause = str(cause), cause.__cause__
    each = [
        f"{'/'.join(map(str, one.absolute_path)) or 'body'}: {one.message[:200]}"
        for one in getattr(error.__cause__ or error, "schema_errors", ())
    ]
    return "; ".join(each) or told[:400]


@cache
def document() -> Document:
    """Load the document, once."""
    return Document()


def missing() -> str:
    """Say why nothing can be checked; empty where the document is there. In CI that fails the session."""
    return "" if DOCUMENT.exists() else f"Atlassian's OpenAPI document ({DOCUMENT.name}) is not beside the project"
