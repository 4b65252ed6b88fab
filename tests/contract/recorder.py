"""Records what product and sandbox say to each other, cheaply, and has it checked when all is said.

Checking costs milliseconds, recording microseconds: of exchanges of one shape (operation, status, sorted structure of
names and types) only the first is kept, and checked against Atlassian's document at the end.
"""

import io
import json
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import parse_qsl

from contract.document import Exchange, document

PRODUCT = "jira-stagegate"
"""How the product's requests begin their `User-Agent`; people's and tests' own requests are not under contract."""

FREE = {"properties": "the values are ours, Jira takes any JSON"}
MAPS = {"fields": "named by the site's ids", "errors": "named by fields", "names": "named by fields"}

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Recorder:
    """Keeps one exchange of each shape, and counts all; for any number of threads."""

    def __init__(self) -> None:
        self.seen = 0
        self.shapes: dict[object, Exchange] = {}
        self._lock = threading.Lock()

    def watch(self, inner: Wsgi, is_cloud: Callable[[], bool] = lambda: True) -> Wsgi:
        """Wrap a WSGI application; the document is Cloud's, so other flavours are passed by."""

        def serve(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            if not environ.get("HTTP_USER_AGENT", "").startswith(PRODUCT) or not is_cloud():
                return inner(environ, start)
            asked = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(asked)
            exchange = _request(environ, asked)
            begun: list[Any] = []

            def note(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
                begun[:] = [status, headers]
                return start(status, headers, *error)

            reply = inner(environ, note)
            try:
                said = b"".join(reply)
            finally:
                getattr(reply, "close", lambda: None)()
            # Cut before any work: no reply was ever written (see jira_sandbox.face.app).
            lost = environ.get("jira_sandbox.cut") == "reset" and not said
            status = None if lost else int(begun[0].split()[0])
            kind = next((value for name, value in begun[1] if name.lower() == "content-type"), "")
            self.add(replace(exchange, status=status, reply=said, reply_type=kind))
            return [said]

        return serve

    def add(self, exchange: Exchange) -> None:
        """Count an exchange, and keep it if it is the first of its shape."""
        shape = shape_of(exchange)
        with self._lock:
            self.seen += 1
            self.shapes.setdefault(shape, exchange)

    @property
    def operations(self) -> set[str]:
        """The operations met: method and path with ids left out."""
        return {operation_of(exchange) for exchange in self.shapes.values()}

    def complaints(self) -> list[str]:
        """Check one exchange of each shape; return everything that the document has against them."""
        return sorted({words for exchange in self.shapes.values() for words in document().complaints(exchange)})

    def export(self) -> dict[str, Any]:
        """Return everything as plain values, to be sent to another process."""
        return {"seen": self.seen, "exchanges": [asdict(exchange) for exchange in self.shapes.values()]}

    def take(self, exported: dict[str, Any]) -> None:
        """Add what another process recorded."""
        for values in exported["exchanges"]:
            pairs = {name: tuple(map(tuple, values[name])) for name in ("query", "headers")}
            self.add(Exchange(**{**values, **pairs}))
        self.seen += exported["seen"] - len(exported["exchanges"])

    def summary(self) -> str:
        """Say how much was covered."""
        return f"{self.seen} exchanges of {len(self.shapes)} shapes in {len(self.operations)} operations"


def _request(environ: dict[str, Any], body: bytes) -> Exchange:
    path = re.sub(r"^/ex/jira/[^/]+", "", environ["PATH_INFO"])
    signed = environ.get("HTTP_AUTHORIZATION", "").split(" ")[0]
    return Exchange(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=tuple(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=(("Authorization", f"{signed} c2VjcmV0"),) if signed else (),
        body=body,
        content_type=environ.get("CONTENT_TYPE", ""),
    )


def operation_of(exchange: Exchange) -> str:
    """Return method and path with ids and keys left out."""
    path = re.sub(r"/(\d+|[A-Z][A-Z0-9]*-\d+)(?=/|$)", "/{id}", exchange.path)
    return f"{exchange.method} {re.sub(r'^/rest/api/[^/]+/', '', path)}"


def shape_of(exchange: Exchange) -> object:
    """Return what two exchanges have in common for which one check is enough."""
    names = tuple(sorted({name for name, _ in exchange.query}))
    said = (_json_shape(exchange.body), _json_shape(exchange.reply), exchange.reply_type)
    return operation_of(exchange), names, exchange.status, *said


def _json_shape(content: bytes) -> object:
    try:
        return structure(json.loads(content)) if content else "nothing"
    except ValueError:
        return "no JSON"


def structure(value: Any) -> object:
    """Return names and types of a JSON value, whatever their order; a list has the set of its elements' structures."""
    if isinstance(value, list):
        return frozenset(structure(each) for each in value)
    if not isinstance(value, dict):
        return type(value).__name__
    return tuple(sorted(((name, _part(name, part)) for name, part in value.items()), key=lambda pair: pair[0]))


def _part(name: str, part: Any) -> object:
    if name in FREE:
        return "free"
    if name in MAPS and isinstance(part, dict):
        return frozenset(structure(each) for each in part.values())
    return structure(part)
