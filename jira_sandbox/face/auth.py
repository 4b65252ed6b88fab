"""Who is calling: basic credentials or a bearer token, checked as each flavour does."""

import base64
import binascii

from jira_sandbox.errors import unauthenticated
from jira_sandbox.model import User
from jira_sandbox.site import Site


def authenticate(site: Site, header: str | None, *, gateway: bool = False) -> User | None:
    """Return the caller, None without credentials; raise the 401 for wrong ones.

    Cloud takes basic e-mail and API token, or the token as bearer; scoped tokens only through the gateway. Data Center
    takes basic user name (or e-mail) and password, or a personal access token as bearer.
    """
    if not header:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        user = _by_token(site, value.strip(), gateway=gateway)
    elif scheme.lower() == "basic":
        login, token = _pair(value)
        named = site.user_by_login(login)
        user = named if named and named is _by_token(site, token, gateway=gateway) else None
    else:
        user = None
    if user is None or not user.active:
        raise unauthenticated()
    return user


def _by_token(site: Site, token: str, *, gateway: bool) -> User | None:
    for user in site.users.values():
        if token in user.tokens or (gateway and token in user.scoped_tokens):
            return user
    return None


def _pair(value: str) -> tuple[str, str]:
    try:
        login, _, token = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise unauthenticated() from None
    return login, token
