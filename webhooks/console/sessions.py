"""The signed session: who is signed in, until when, and the token that every form must bring back.

The cookie is signed, not secret, and holds no more than a name. A session that was signed out is remembered by the
store until it would have ended anyway, so that a copied cookie ends with it on every host.
"""

import hmac
import secrets
from datetime import datetime, timedelta

from flask import Flask, request, session
from werkzeug.exceptions import Forbidden

from sync_service.store import Store
from webhooks.console.people import Person, Role, Tokens
from webhooks.services import ConsoleServices

COOKIE = "stagegate"
CSRF_FIELD = "csrf"
ENDED = "console-ended:"
"""The beginning of the marks that name sessions signed out of."""


class WrongForm(Forbidden):
    """The form did not come from a page of this session, so nothing was done. Go back, reload the page, try again."""

    description = (
        "The form did not come from a page of this session, so nothing was done. Go back, reload the page and try "
        "again. If it happens each time, the cookie does not come back: the console must be reached over https "
        "(docs/console.md)."
    )


def configure(app: Flask, console: ConsoleServices) -> None:
    """Set how sessions are signed and kept."""
    app.config.update(
        SECRET_KEY=console.session_key,
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_PATH="/console/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=console.secure_cookies,
        # Not Strict: the way back from an OpenID provider, and a link from Jira, would arrive signed out.
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=console.session_life,
        SESSION_REFRESH_EACH_REQUEST=False,
    )


class Sessions:
    """Signs people in and out."""

    def __init__(self, store: Store, tokens: Tokens, life: timedelta) -> None:
        self._store, self._tokens, self._life = store, tokens, life

    def begin(self, person: Person, *, by_token: bool) -> None:
        """Sign a person in; whatever the cookie held before is gone."""
        session.clear()
        session.permanent = True
        session["id"] = secrets.token_urlsafe(16)
        session["name"], session["role"], session["by_token"] = person.name, person.role.value, by_token
        session["until"] = (self._store.now() + self._life).isoformat()

    def end(self) -> None:
        """Sign out, for every copy of the cookie."""
        if "id" in session:
            self._store.marks.prune(ENDED, self._life)
            self._store.marks.put(ENDED + session["id"], "")
        session.clear()

    def person(self) -> Person | None:
        """Return who is signed in."""
        if "id" not in session or self._store.now() >= datetime.fromisoformat(session["until"]):
            return None
        if self._store.marks.get(ENDED + session["id"]) is not None:
            return None
        if session["by_token"]:
            return self._tokens.person(session["name"])
        return Person(name=session["name"], role=Role(session["role"]))


def csrf_token() -> str:
    """Return the token that this session's forms bear."""
    if CSRF_FIELD not in session:
        session[CSRF_FIELD] = secrets.token_urlsafe(24)
    return str(session[CSRF_FIELD])


def check_form() -> None:
    """Raise WrongForm unless the request brings this session's token, and no other site sent it."""
    known, given = session.get(CSRF_FIELD, ""), request.form.get(CSRF_FIELD, "")
    same_site = request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    if not known or not same_site or not hmac.compare_digest(str(known).encode(), given.encode()):
        raise WrongForm
