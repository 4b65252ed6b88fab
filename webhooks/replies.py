"""How every route answers: small JSON bodies, errors with a reason to count by and a text to act on."""

import json
from collections.abc import Mapping

from flask import Response
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

HARDENED = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""The headers that every answer bears, unless its route sets them otherwise."""

_JSON = [("Content-Type", "application/json"), *HARDENED.items()]


def reply(status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a JSON object."""
    return Response(json.dumps(body).encode(), status=status, headers=[*_JSON, *headers.items()] if headers else _JSON)


def error(status: int, reason: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with an error: a reason code and a text for whoever set up the caller."""
    return reply(status, {"error": reason, "message": message}, headers)


def http_error(exception: HTTPException) -> BaseResponse:
    """Answer with what Flask or werkzeug refused; their other headers (Allow, Location) are kept."""
    response = exception.get_response()
    body = {"error": exception.name.lower().replace(" ", "-"), "message": exception.description}
    response.data = json.dumps(body)
    response.mimetype = "application/json"
    return response


def harden(response: Response) -> Response:
    """Set `HARDENED`, where the route has not set them."""
    for name, value in HARDENED.items():
        if name not in response.headers:
            response.headers[name] = value
    return response
