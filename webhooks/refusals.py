"""Why a delivery is not accepted: each class's text is what the sender is told.

Refusal                    what is answered with 4xx, which Jira does not repeat
├── MissingCredential      401
├── UnknownMethod          401
├── BadSignature           401
├── BadCredential          401
├── MalformedJson          400
├── NotAnObject            400
├── NoIdentity             400
├── UnreadableBody         400   raised by the receiver: the body did not arrive whole
└── TooLarge               413   raised by the receiver: the body is beyond the limit
"""

from typing import ClassVar

from sync_service.errors import StagegateError


class Refusal(StagegateError):
    """The delivery is not accepted."""

    status: ClassVar[int] = 400
    reason: ClassVar[str] = "refused"

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


class MissingCredential(Refusal):
    """Neither X-Hub-Signature nor Authorization: set the webhook's secret in Jira to one of [webhooks] secrets."""

    status = 401
    reason = "missing-credential"


class UnknownMethod(Refusal):
    """X-Hub-Signature must read <method>=<hex>, the method being sha256, sha384 or sha512."""

    status = 401
    reason = "unknown-signature-method"


class BadSignature(Refusal):
    """No configured secret gives this signature: compare the webhook's secret in Jira with [webhooks] secrets."""

    status = 401
    reason = "bad-signature"


class BadCredential(Refusal):
    """The Authorization header holds none of the configured bearer tokens or basic credentials."""

    status = 401
    reason = "bad-credential"


class MalformedJson(Refusal):
    """The body is not JSON in UTF-8."""

    reason = "malformed-json"


class NotAnObject(Refusal):
    """The body is JSON, but not an object."""

    reason = "not-an-object"


class NoIdentity(Refusal):
    """The body names no issue by id or key: send {"issue": {"id": "...", "key": "..."}} at least."""

    reason = "no-identity"


class UnreadableBody(Refusal):
    """The body did not arrive whole."""

    reason = "unreadable-body"


class TooLarge(Refusal):
    """The body is larger than [webhooks] body_limit."""

    status = 413
    reason = "too-large"
