"""The Flask face: takes webhooks in, answers for its health and counts, serves the console. It never speaks to Jira."""

from flask import Flask
from werkzeug.exceptions import HTTPException

from webhooks.bodies import SMALL
from webhooks.calendar import calendar
from webhooks.credentials import Credentials
from webhooks.health import health
from webhooks.metrics import metrics
from webhooks.receiver import receiver
from webhooks.replies import harden, http_error
from webhooks.services import CalendarServices, Check, ConsoleServices, OpenId, Services

__all__ = ["CalendarServices", "Check", "ConsoleServices", "Credentials", "OpenId", "Services", "create_app"]


def create_app(services: Services) -> Flask:
    """Make the WSGI application over these services; it reads no settings and no environment of its own."""
    app = Flask("webhooks", static_folder=None)
    app.config.update(
        DEBUG=False,
        TESTING=False,
        PROPAGATE_EXCEPTIONS=False,
        MAX_CONTENT_LENGTH=SMALL,  # deliveries may be larger, and have their own limit
        TRUSTED_HOSTS=list(services.trusted_hosts) or None,
    )
    for blueprint in (receiver(services), health(services), metrics(services), calendar(services)):
        app.register_blueprint(blueprint)
    if services.console is not None:
        from webhooks.console import add_console

        add_console(app, services, services.console)
    app.register_error_handler(HTTPException, http_error)
    app.after_request(harden)
    return app
