"""Administrators' webhooks over REST: where each Jira takes them, and in which shape. Pure."""

from typing import Any
from urllib.parse import urlsplit

from sync_service.provision.desired import WantedWebhook
from sync_service.provision.plan import SECRET, SECRET_IN_URL, Request, ref

SINCE = 10
"""The first Data Center with webhooks at an address, and with a shape, of its own."""

USER = "jira"
"""The user name of a webhook that cannot sign."""

CLASSIC, MODERN = "/rest/webhooks/1.0/webhook", "/rest/jira-webhook/1.0/webhooks"


def webhook_address(*, is_cloud: bool, version: tuple[int, ...]) -> str:
    """Return where webhooks are listed and created."""
    return MODERN if not is_cloud and version[:1] >= (SINCE,) else CLASSIC


def webhook_request(wanted: WantedWebhook, *, is_cloud: bool, version: tuple[int, ...]) -> Request:
    """Return the request that creates the webhook, its secret still a reference.

    Data Center from version 10 on reads the secret only inside `configuration`; earlier ones sign nothing, so it goes
    into the address (docs/http.md, *Setting up Jira*). Cloud's shape is the classic one with `secret`; it is not in
    Atlassian's OpenAPI document and was not tried on a live site, so what Jira says of the signature is read back.
    """
    address = webhook_address(is_cloud=is_cloud, version=version)
    body: dict[str, Any] = {"name": wanted.name, "url": wanted.url, "events": list(wanted.events)}
    if address == MODERN:
        configuration = {"SECRET": ref(SECRET), "FILTERS": wanted.jql, "EXCLUDE_BODY": "false"}
        body |= {"active": True, "scopeType": "global", "configuration": configuration}
        return Request(method="POST", path=address, body=body)
    body |= {"filters": {"issue-related-events-section": wanted.jql}, "excludeBody": False}
    signed = {"secret": ref(SECRET)} if is_cloud else {"url": _with_password(wanted.url)}
    return Request(method="POST", path=address, body=body | signed)


def _with_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{USER}:{ref(SECRET_IN_URL)}@{parts.netloc}").geturl()


def bare(url: str) -> str:
    """Return an address without the credentials in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
