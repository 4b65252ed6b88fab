"""A small Jira of our own: plain state in memory with an HTTP face, signed webhooks, and switches for faults.

`running(...)` serves it from a thread in a test; `python -m jira_sandbox` serves it alone; `make_site(...)` gives the
plain state without HTTP. See `docs/sandbox.md`.
"""

from jira_sandbox.clock import Clock
from jira_sandbox.command import serve
from jira_sandbox.errors import CannotListen
from jira_sandbox.faults import Fault
from jira_sandbox.model import Webhook
from jira_sandbox.preset import make_site
from jira_sandbox.sandbox import WEBHOOK_SECRET, Credential, Sandbox
from jira_sandbox.server import Running, running
from jira_sandbox.site import Revocation, Site
from jira_sandbox.webhooks import WebhookFault

__all__ = [
    "WEBHOOK_SECRET",
    "CannotListen",
    "Clock",
    "Credential",
    "Fault",
    "Revocation",
    "Running",
    "Sandbox",
    "Site",
    "Webhook",
    "WebhookFault",
    "make_site",
    "running",
    "serve",
]
