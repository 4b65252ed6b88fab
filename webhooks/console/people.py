"""Who may use the console: tokens and their hashes, the roles, and who a signed-in session stands for."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from werkzeug.security import check_password_hash, generate_password_hash

from webhooks.services import ConsoleServices, OpenId

NAME = re.compile(r"[A-Za-z0-9@_+-][A-Za-z0-9@._+-]{0,63}")
TOKEN_BYTES = 32


class Role(StrEnum):
    """What somebody may do: readers see everything, operators also replay, drop and look."""

    READER = "reader"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is signed in."""

    name: str
    role: Role

    @property
    def may_operate(self) -> bool:
        """Tell whether this person may change anything."""
        return self.role is Role.OPERATOR


def make_token(name: str) -> tuple[str, str]:
    """Return a new token for this name, which begins with it, and the token's hash for the settings.

    Raises ValueError for a name that can't stand before a token.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r}: a name is made of letters, digits and @ . _ + -, at most 64")
    token = f"{name}.{secrets.token_urlsafe(TOKEN_BYTES)}"
    return token, generate_password_hash(token)


class Tokens:
    """Tells whose a token is."""

    def __init__(self, console: ConsoleServices) -> None:
        self._hashes: Mapping[Role, Mapping[str, str]] = {
            Role.OPERATOR: console.operators,
            Role.READER: console.readers,
        }
        self._one_at_a_time = Lock()
        self._nobodys = generate_password_hash(secrets.token_urlsafe())

    def exist(self) -> bool:
        """Tell whether anybody has one."""
        return any(self._hashes.values())

    def whose(self, token: str) -> Person | None:
        """Return who has this token."""
        name = token.rpartition(".")[0]
        person = self.person(name)
        known = self._hashes[person.role][name] if person else self._nobodys
        # A check takes 32 MB for a moment, by design of scrypt: so many at once could not be afforded.
        with self._one_at_a_time:
            fits = check_password_hash(known, token)
        return person if fits else None

    def person(self, name: str) -> Person | None:
        """Return who bears this name: whoever lost the token in the settings is nobody from then on."""
        return next((Person(name=name, role=role) for role, held in self._hashes.items() if name in held), None)


def person_of(openid: OpenId, claims: Mapping[str, object]) -> Person | None:
    """Return whom an OpenID provider's claims speak of; None for somebody without a role here."""
    name = str(claims.get(openid.name_claim) or claims.get("sub") or "")
    told = claims.get(openid.role_claim)
    held = {told} if isinstance(told, str) else {str(one) for one in told} if isinstance(told, list) else set()
    if name and held & openid.operators:
        return Person(name=name, role=Role.OPERATOR)
    return Person(name=name, role=Role.READER) if name and held & openid.readers else None
