"""One running sandbox: a site, its outbox of webhooks, its faults, its log, and who may sign in."""

import threading
from dataclasses import dataclass, field
from typing import Any

from jira_sandbox import preset
from jira_sandbox.faults import Faults
from jira_sandbox.model import User, Webhook
from jira_sandbox.requests_log import RequestLog
from jira_sandbox.site import Site
from jira_sandbox.webhooks import Outbox, Send, post

WEBHOOK_SECRET = "sandbox-webhook-secret"  # noqa: S105  a sandbox keeps no secrets
ROLE_NAMES = ("tc", "integrations", "integrator", "client", "sales", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """How one of the people signs in; `account` is the account id on Cloud, the user name on Data Center."""

    name: str
    email: str
    token: str
    account: str

    @property
    def basic(self) -> tuple[str, str]:
        """Return the pair for basic authentication."""
        return self.email, self.token


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """What a server serves. `reset` swaps the site; address, credentials and webhook target stay."""

    site: Site
    webhooks: Outbox
    faults: Faults = field(default_factory=Faults)
    requests: RequestLog = field(default_factory=RequestLog)
    stopping: threading.Event = field(default_factory=threading.Event)
    make: dict[str, Any] = field(default_factory=dict)
    base_url: str = ""

    @classmethod
    def fresh(cls, *, send: Send = post, **make: Any) -> "Sandbox":
        """Make a sandbox with a preset site; the keywords are `preset.make_site`'s."""
        site = preset.make_site(**make)
        sandbox = cls(site=site, webhooks=Outbox(send=send, identified=site.cloud), make=make)
        site.announce = sandbox.webhooks.put
        return sandbox

    def reset(self, site: Site | None = None) -> Site:
        """Put a fresh preset site (or `site`) in place, forgetting faults, requests and deliveries."""
        targets = self.site.webhooks
        fresh = site or preset.make_site(**self.make)
        if site is None:
            fresh.webhooks = targets
        fresh.base_url, fresh.announce = self.base_url, self.webhooks.put
        self.site = fresh
        self.faults.clear()
        self.webhooks.clear()
        self.requests.reset()
        return fresh

    def target(self, url: str, secret: str | None = WEBHOOK_SECRET, **more: Any) -> Webhook:
        """Send every event to one URL from now on, instead of where they went before."""
        webhook = Webhook(id=1, name="sandbox", url=url, secret=secret, **more)
        self.site.webhooks = {webhook.id: webhook}
        return webhook

    @property
    def credentials(self) -> dict[str, Credential]:
        """Return how each of the people signs in, by user name; `service` is the service account."""
        return {user.name: self._credential(user) for user in self.site.users.values() if user.tokens}

    def _credential(self, user: User) -> Credential:
        account = user.id if self.site.cloud else user.name
        return Credential(name=user.name, email=user.email, token=min(user.tokens), account=account)

    def describe(self) -> dict[str, Any]:
        """Return what a client needs to know: address, project, credentials, webhook secret."""
        shown = {
            name: {"name": c.name, "email": c.email, "token": c.token, "account": c.account}
            for name, c in self.credentials.items()
        }
        webhook = next(iter(self.site.webhooks.values()), None)
        return {
            "url": self.base_url,
            "flavour": self.site.flavour,
            "project": next(iter(self.site.projects.values())).key,
            "service_account": shown["service"],
            "people": {name: shown[name] for name in ROLE_NAMES},
            "webhook_url": webhook.url if webhook else None,
            "webhook_secret": webhook.secret if webhook else WEBHOOK_SECRET,
        }
