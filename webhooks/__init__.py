"""The Flask face: takes Jira's webhooks in, answers for its health, shows its counts. It never speaks to Jira."""

from flask import Flask
from werkzeug.exceptions import HTTPException

from webhooks.credentials import Credentials
from webhooks.health import health
from webhooks.metrics import metrics
from webhooks.receiver import receiver
from webhooks.replies import harden, http_error
from webhooks.services import Check, Services

__all__ = ["Check", "Credentials", "Services", "create_app"]


def create_app(services: Services) -> Flask:
    """Make the WSGI application over these services; it reads no settings and no environment of its own."""
    app = Flask("webhooks", static_folder=None)
    app.config.update(
        DEBUG=False,
        TESTING=False,
        PROPAGATE_EXCEPTIONS=False,
        MAX_CONTENT_LENGTH=services.body_limit,
        TRUSTED_HOSTS=list(services.trusted_hosts) or None,
    )
    for blueprint in (receiver(services), health(services), metrics(services)):
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, http_error)
    app.after_request(harden)
    return app
