"""The reports, where managers look: each is the very page that `stagegate report` writes, told of the store."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from io import StringIO
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response as BaseResponse

from sync_service.commands.reporting import NoSuchProject, UnknownReport, tell
from sync_service.reports import REPORTS, Selection
from sync_service.reports.render import write_page
from webhooks.console.desk import Desk

EVERYTHING = "all"
ASKED = ("name", "project", "kind", "consultant", "client", "since", "until")
"""What the form of the reports may ask for."""

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)
"""A report is a file of its own, with its style inside, so that it can be saved and mailed; it runs no script."""


def reporting(desk: Desk, blueprint: Blueprint) -> None:
    """Add the page that lists the reports, and the reports."""

    @blueprint.get("/reports")
    def reports() -> str:
        titles = {name: title for name, (title, _) in REPORTS.items()}
        return render_template("console/reports.html", titles=titles, everything=EVERYTHING)

    @blueprint.get("/reports/chosen")
    def chosen_report() -> BaseResponse:
        given = {name: value for name, value in request.args.items() if value and name in ASKED}
        name = given.pop("name", EVERYTHING)
        return redirect(f"{url_for('console.report', name=name)}?{urlencode(given)}".rstrip("?"))

    @blueprint.get("/reports/<name>")
    def report(name: str) -> Response:
        return Response(_page(desk, name, _selection()), headers={"Content-Security-Policy": REPORT_POLICY})


def _page(desk: Desk, name: str, selection: Selection) -> str:
    try:
        told, context = tell(
            desk.services.store,
            tuple(desk.console.lifecycles.values()),
            selection,
            () if name == EVERYTHING else (name,),
            site=desk.console.jira_url,
            progress=_unseen,
        )
    except (NoSuchProject, UnknownReport) as unknown:
        raise NotFound(str(unknown)) from None
    page = StringIO()
    write_page(told, context, page)
    return page.getvalue()


def _unseen(_text: str, _count: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _done: None)


def _selection() -> Selection:
    asked = {name: request.args.get(name, "").strip()[:100] for name in ("project", "kind", "consultant", "client")}
    return Selection(**asked, since=_day("since"), until=_day("until"))


def _day(name: str) -> date | None:
    text = request.args.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadRequest(f"{name}: {text[:40]!r} is no day; write it as 2026-01-31.") from None
