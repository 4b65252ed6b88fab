"""What Jira answers when it refuses: a status, `errorMessages`, and `errors` by field.

JiraError
 ├─ raised by `refuse` with any status
 └─ made by `invisible` (404), `unauthenticated` and `not_administered` (401), `forbidden` (403)
"""

from typing import Any


class JiraError(Exception):
    """A refusal in Jira's own words."""

    def __init__(self, status: int, *messages: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(status, *messages, errors)
        self.status = status
        self.messages = list(messages)
        self.errors = errors or {}
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """Return the JSON that Jira sends with it."""
        return {"errorMessages": self.messages, "errors": self.errors}


class CannotListen(Exception):
    """The sandbox can't be served at the address that was asked for; the text says why."""


class FieldRefused(ValueError):
    """One field's value is not acceptable; its text is Jira's message for that field."""


def invisible(what: str = "Issue") -> JiraError:
    """Return the 404 of something that is missing or may not be seen: Jira does not tell which."""
    return JiraError(404, f"{what} does not exist or you do not have permission to see it.")


def unauthenticated() -> JiraError:
    """Return the 401 for absent or wrong credentials."""
    error = JiraError(401, "Client must be authenticated to access this resource.")
    error.headers = {"WWW-Authenticate": 'Basic realm="Jira sandbox"', "X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    return error


def not_administered(*, cloud: bool) -> JiraError:
    """Return the 401 for a caller who is known, and doesn't administer the project: Data Center adds that it let in."""
    error = JiraError(401, "You cannot edit the configuration of this project.")
    error.headers = {} if cloud else {"X-Seraph-LoginReason": "OK"}
    return error


def forbidden(message: str) -> JiraError:
    """Return the 403 for a caller who may not do this."""
    return JiraError(403, message)
