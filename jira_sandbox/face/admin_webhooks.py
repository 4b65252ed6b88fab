"""Administrators' webhooks over REST: one address on Cloud, another from Data Center 10 on."""

from typing import Any

from jira_sandbox.errors import JiraError
from jira_sandbox.face.paging import administer, text
from jira_sandbox.face.routing import CLOUD, DATA_CENTER, Call, Reply, Routes
from jira_sandbox.model import Webhook
from jira_sandbox.show import Json

routes = Routes("/rest/")
SECTION = "issue-related-events-section"
CLOUD_PATH, DATA_CENTER_PATH = "webhooks/1.0/webhook", "jira-webhook/1.0/webhooks"


def _add(call: Call, body: Json, **more: Any) -> Webhook:
    events = tuple(body.get("events") or ())
    if not all(isinstance(event, str) for event in events):
        raise JiraError(400, "The events of a webhook are names.")
    made = Webhook(
        id=call.site.next_id("webhook"), name=text(body, "name"), url=text(body, "url"), events=events, **more
    )
    call.site.webhooks[made.id] = made
    return made


def _cloud(call: Call, hook: Webhook) -> Json:
    return {
        "name": hook.name,
        "url": hook.url,
        "excludeBody": False,
        "filters": {SECTION: hook.jql},
        "events": list(hook.events),
        "enabled": hook.enabled,
        "isSigned": bool(hook.secret),
        "self": f"{call.view.base}/rest/{CLOUD_PATH}/{hook.id}",
    }


@routes.on("GET", CLOUD_PATH, flavours=[CLOUD])
def get_all(call: Call) -> list[Json]:
    """Answer with every webhook; never with a secret."""
    administer(call)
    return [_cloud(call, hook) for hook in call.site.webhooks.values()]


@routes.on("POST", CLOUD_PATH, flavours=[CLOUD])
def create(call: Call) -> Reply:
    """Register a webhook; with `secret` its deliveries are signed."""
    administer(call)
    body = call.body()
    filters = body.get("filters") or {}
    made = _add(call, body, secret=body.get("secret"), jql=filters.get(SECTION, ""), enabled=body.get("enabled", True))
    return Reply(_cloud(call, made), 201)


def _data_center(hook: Webhook) -> Json:
    shown = {"id": hook.id, "name": hook.name, "url": hook.url, "events": list(hook.events), "active": hook.enabled}
    return shown | {"scopeType": "global", "configuration": {"FILTERS": hook.jql, "EXCLUDE_BODY": "false"}}


@routes.on("GET", DATA_CENTER_PATH, flavours=[DATA_CENTER])
def get_all_of_data_center(call: Call) -> list[Json]:
    """Answer with every webhook; never with a secret."""
    administer(call)
    return [_data_center(hook) for hook in call.site.webhooks.values()]


@routes.on("POST", DATA_CENTER_PATH, flavours=[DATA_CENTER])
def create_on_data_center(call: Call) -> Reply:
    """Register a webhook; the secret counts in `configuration` only, elsewhere it is dropped without a word."""
    administer(call)
    body = call.body()
    configuration = body.get("configuration") or {}
    made = _add(
        call,
        body,
        secret=configuration.get("SECRET"),
        jql=configuration.get("FILTERS", ""),
        enabled=body.get("active", True),
    )
    return Reply(_data_center(made), 201)
