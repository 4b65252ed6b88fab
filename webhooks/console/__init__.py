"""`/console/`: what the service did and why, for people to see, and parked issues put back to work without a shell.

Server-rendered, without JavaScript of need; nothing here speaks to Jira.
"""

from importlib.metadata import version

from flask import Blueprint, Flask, Response, abort, g, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from sync_service.store import StoreError
from webhooks.console import times
from webhooks.console.actions import actions
from webhooks.console.board import Cards
from webhooks.console.desk import Desk, signed_in
from webhooks.console.pages import pages
from webhooks.console.people import Tokens
from webhooks.console.reporting import reporting
from webhooks.console.sessions import CSRF_FIELD, Sessions, check_form, configure, csrf_token
from webhooks.console.sign_in import OPEN_TO_ALL, sign_in
from webhooks.services import ConsoleServices, Services

__all__ = ["add_console"]

FORM_LIMIT = 16 * 1024
"""Bytes of a form's body; the largest holds an issue's key."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def add_console(app: Flask, services: Services, console: ConsoleServices) -> None:
    """Add the console to the application."""
    tokens = Tokens(console)
    desk = Desk(
        services=services,
        console=console,
        cards=Cards(services.store),
        tokens=tokens,
        sessions=Sessions(services.store, tokens, console.session_life),
        version=version("jira-stagegate"),
    )
    configure(app, console)
    blueprint = Blueprint("console", __name__, url_prefix="/console", static_folder="../static")
    for room in (sign_in, pages, actions, reporting):
        room(desk, blueprint)
    _guard(desk, blueprint)
    _fail_in_style(desk, blueprint)
    app.register_blueprint(blueprint)


def _guard(desk: Desk, blueprint: Blueprint) -> None:
    """Let nobody in who isn't signed in, no form that isn't ours, and nothing be shown elsewhere."""

    @blueprint.before_request
    def admit() -> BaseResponse | None:
        request.max_content_length = FORM_LIMIT
        if request.endpoint == "console.static":
            return None
        g.person = desk.sessions.person()
        if request.method == "POST":
            check_form()
        if g.person is None and request.endpoint not in OPEN_TO_ALL:
            wanted = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("console.show_sign_in", to=wanted))
        return None

    @blueprint.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @blueprint.context_processor
    def known_to_pages() -> dict[str, object]:
        return {
            "person": signed_in(),
            "csrf_field": CSRF_FIELD,
            "csrf_token": csrf_token,
            "browse": desk.browse,
            "zone": desk.zone(),
            "version": desk.version,
            "moment": times.moment,
            "day": times.day,
            "span": times.span,
        }


def _fail_in_style(desk: Desk, blueprint: Blueprint) -> None:
    @blueprint.route("/<path:anything>")
    def nowhere(anything: str) -> str:
        abort(404, f"The console has no page /console/{anything}.")

    @blueprint.errorhandler(HTTPException)
    def refused(problem: HTTPException) -> BaseResponse:
        if problem.code is None or problem.code < 400:
            return problem.get_response()
        return _told(problem.code, problem.name, problem.description or "")

    @blueprint.errorhandler(StoreError)
    def without_store(problem: StoreError) -> BaseResponse:
        return _told(503, "The database does not answer", desk.services.redact(str(problem)))

    def _told(status: int, name: str, text: str) -> BaseResponse:
        return Response(render_template("console/problem.html", name=name, text=text), status=status)
