"""Signing in, by a token or at an OpenID provider, and out."""

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as BaseResponse

from webhooks.console.desk import Desk
from webhooks.console.people import person_of
from webhooks.services import OpenId

PROVIDER_TIMEOUT = 10
"""Seconds that an answer of the OpenID provider may take."""

UNFIT = (
    *(AuthlibBaseError, JoseError, RequestException),
    *(AttributeError, LookupError, RuntimeError, TypeError, ValueError),  # authlib trusts the form of each answer
)
"""What is raised where the OpenID provider does not answer, or not as the standard has it."""

OPEN_TO_ALL = frozenset(
    f"console.{name}" for name in ("show_sign_in", "take_token", "ask_provider", "back_from_provider", "sign_out")
)
log = structlog.get_logger("stagegate.console")


def sign_in(desk: Desk, blueprint: Blueprint) -> None:
    """Add the pages to sign in and out at."""

    @blueprint.get("/sign-in")
    def show_sign_in() -> str:
        return _page(desk)

    @blueprint.post("/sign-in")
    def take_token() -> BaseResponse | tuple[str, int]:
        person = desk.tokens.whose(request.form.get("token", "").strip())
        if person is None:
            log.warning("sign-in refused", sender=request.remote_addr)
            wrong = "No reader or operator has this token. Copy it whole, with the name before its dot."
            return _page(desk, wrong), 401
        desk.sessions.begin(person, by_token=True)
        log.info("signed in", who=person.name, role=person.role)
        return redirect(_wanted(request.form.get("to")))

    @blueprint.post("/sign-out")
    def sign_out() -> BaseResponse:
        desk.sessions.end()
        flash("You are signed out.")
        return redirect(url_for("console.show_sign_in"))

    if desk.console.openid is not None:
        _openid(desk, blueprint, desk.console.openid)


def _page(desk: Desk, wrong: str = "") -> str:
    return render_template(
        "console/sign_in.html",
        wrong=wrong,
        to=_wanted(request.values.get("to")),
        takes_tokens=desk.tokens.exist(),
        has_provider=desk.console.openid is not None,
    )


def _wanted(to: str | None) -> str:
    """Return the page of the console that was asked for before signing in, never another site's."""
    board = url_for("console.board")
    return to if to and to.startswith(board) and "\\" not in to and "//" not in to else board


def _openid(desk: Desk, blueprint: Blueprint, openid: OpenId) -> None:
    registry = OAuth()
    blueprint.record_once(lambda state: registry.init_app(state.app))
    provider = registry.register(
        "openid",
        client_id=openid.client_id,
        client_secret=openid.client_secret,
        server_metadata_url=f"{openid.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": openid.scope, "code_challenge_method": "S256", "default_timeout": PROVIDER_TIMEOUT},
    )

    def said(failure: Exception) -> str:
        return desk.services.redact(f"{type(failure).__name__}: {failure}")

    @blueprint.get("/sign-in/openid")
    def ask_provider() -> BaseResponse:
        try:
            return provider.authorize_redirect(desk.console.url + url_for("console.back_from_provider"))  # type: ignore[no-any-return]
        except UNFIT as failure:
            provider.server_metadata.pop("_loaded_at", None)  # what it told of itself is asked again, not believed
            log.error("OpenID provider does not answer", error=said(failure))
            abort(503, "The OpenID provider does not answer as it should; try again, or sign in with a token.")

    @blueprint.get("/sign-in/openid/back")
    def back_from_provider() -> BaseResponse:
        try:
            claims = provider.authorize_access_token().get("userinfo") or {}
        except UNFIT as failure:
            log.warning("OpenID sign-in failed", error=said(failure))
            raise Forbidden("The OpenID provider's answer could not be accepted. Sign in again.") from None
        person = person_of(openid, claims)
        if person is None:
            raise Forbidden(
                f"You are known, but none of your {openid.role_claim} makes you a reader or an operator. Whoever keeps "
                "[console.openid] of the settings can change that."
            )
        desk.sessions.begin(person, by_token=False)
        log.info("signed in", who=person.name, role=person.role)
        return redirect(url_for("console.board"))
