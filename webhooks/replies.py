"""How every route answers: small JSON bodies, errors with a reason to count by and a text to act on."""

import json
from collections.abc import Mapping

from flask import Response
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse


def reply(status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a JSON object."""
    return Response(json.dumps(body), status=status, mimetype="application/json", headers=headers)


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
    """Set the headers that every answer bears, where its route has not set them."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
