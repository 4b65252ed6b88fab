"""Who may send: signatures over the raw body, bearer tokens, basic credentials. Pure, and constant in time."""

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from sync_service.errors import ConfigurationError
from webhooks.refusals import BadCredential, BadSignature, MissingCredential, UnknownMethod

HEX_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""Of a signature, by the methods that we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a sender may prove itself with; several of a kind at once, so that each can be rotated."""

    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    bearer_tokens: tuple[bytes, ...] = field(default=(), repr=False)
    basic: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls,
        *,
        secrets: Iterable[str] = (),
        bearer_tokens: Iterable[str] = (),
        basic: Iterable[tuple[str, str]] = (),
    ) -> Self:
        """Take secrets as configured; `basic` holds pairs of user and password.

        Raises `ConfigurationError` for an empty one: everybody could sign with it.
        """
        return cls(
            secrets=_nonempty(secrets, setting="[webhooks] secrets"),
            bearer_tokens=_nonempty(bearer_tokens, setting="[webhooks] bearer_tokens"),
            basic=tuple(_basic(user, password) for user, password in basic),
        )


def admit(*, headers: Mapping[str, str], credentials: Credentials) -> tuple[str, bytes] | None:
    """Refuse whoever proves nothing, whatever its body holds; raises a `Refusal`. `headers` in lower case.

    Returns the method and the digest that the body must have, None where the headers have proved the sender.
    """
    signature, authorization = headers.get("x-hub-signature"), headers.get("authorization")
    if signature is None:
        if authorization is None:
            raise MissingCredential
        if not _authorized(authorization, credentials):
            raise BadCredential
        return None
    method, _, given = signature.strip().partition("=")
    method = method.lower()
    if method not in HEX_DIGITS:
        raise UnknownMethod
    if len(given) != HEX_DIGITS[method] or not credentials.secrets:
        raise BadSignature
    return method, given.lower().encode("ascii", "replace")


def verify(*, body: bytes, headers: Mapping[str, str], credentials: Credentials) -> None:
    """Check the signature over the raw body, or without one the Authorization header; `headers` in lower case.

    Cloud and Data Center from 10 sign (developer.atlassian.com/cloud/jira/platform/webhooks, "Secure admin webhooks");
    Jira Automation sends a header of our choice; older Data Centers know basic credentials only. Raises a `Refusal`.
    """
    claimed = admit(headers=headers, credentials=credentials)
    if claimed is None:
        return
    method, digest = claimed
    if not any(hmac.compare_digest(digest, hmac.digest(s, body, method).hex().encode()) for s in credentials.secrets):
        raise BadSignature


def _authorized(authorization: str, credentials: Credentials) -> bool:
    scheme, _, value = authorization.strip().partition(" ")
    accepted = {"bearer": credentials.bearer_tokens, "basic": credentials.basic}.get(scheme.lower(), ())
    given = value.strip().encode("utf-8", "replace")
    return any(hmac.compare_digest(given, one) for one in accepted)


def _nonempty(values: Iterable[str], *, setting: str) -> tuple[bytes, ...]:
    encoded = tuple(value.encode() for value in values)
    if not all(encoded):
        raise ConfigurationError(f"{setting}: one is empty, so that everybody could sign with it; remove or set it.")
    return encoded


def _basic(user: str, password: str) -> bytes:
    (secret,) = _nonempty((password,), setting="[webhooks] basic")
    return base64.b64encode(user.encode() + b":" + secret)
