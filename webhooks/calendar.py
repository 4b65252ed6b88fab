"""`/calendar/certification.ics`: what a calendar program subscribes to; off unless a token is configured."""

import hmac

from flask import Blueprint, Response, abort, request

from sync_service.store import StoreUnavailable
from webhooks.replies import error
from webhooks.services import Services


def calendar(services: Services) -> Blueprint:
    """Make the route; the token stands in the address, for calendar programs can't send a header."""
    blueprint = Blueprint("calendar", __name__)

    @blueprint.get("/calendar/certification.ics")
    def certification() -> Response:
        known = services.calendar
        if known is None or not hmac.compare_digest(request.args.get("token", "").encode(), known.token.encode()):
            abort(404)
        # Only where the calendar is on: icalendar takes some megabytes, and 80 modules to load.
        from sync_service.reports.calendar import certification_calendar

        store = services.store
        try:
            body = certification_calendar(store.projections.all(), known.lifecycles, store.now(), known.jira_url)
        except StoreUnavailable:
            waits = {"Retry-After": str(services.retry_after)}
            return error(503, "store-unavailable", "The database does not answer; try again later.", waits)
        headers = {"Content-Disposition": 'inline; filename="certification.ics"', "Referrer-Policy": "no-referrer"}
        return Response(body, mimetype="text/calendar", headers=headers)

    return blueprint
