"""The switches under `/_sandbox/`: reset, clock, faults, webhooks, the request log."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import Call, Reply, Routes
from jira_sandbox.faults import Fault
from jira_sandbox.show import Json
from jira_sandbox.webhooks import Delivery, WebhookFault

routes = Routes("/_sandbox/")


def _made(kind: Any, body: Json) -> Any:
    try:
        return kind(**body)
    except TypeError as error:
        raise JiraError(400, f"{error}".replace("__init__() ", "")) from None


@routes.on("GET", "")
def describe(call: Call) -> Json:
    """Tell address, project and credentials."""
    return call.sandbox.describe()


@routes.on("POST", "reset")
def reset(call: Call) -> Json:
    """Start over with a fresh site; the body may ask for another workflow, screen or condition."""
    body = call.body() if call.content else {}
    if body:
        call.sandbox.make = call.sandbox.make | body
    try:
        call.sandbox.reset()
    except TypeError as error:
        raise JiraError(400, str(error)) from None
    return call.sandbox.describe()


# the clock


def _clock(call: Call) -> Json:
    clock = call.site.clock
    return {"now": clock.now().isoformat(), "frozen": clock.frozen}


@routes.on("GET", "clock")
def get_clock(call: Call) -> Json:
    """Tell the sandbox's time."""
    return _clock(call)


@routes.on("POST", "clock")
def set_clock(call: Call) -> Json:
    """Set, advance, freeze or thaw the clock: `{"set": moment}`, `{"advance": {"days": 3}}`, `{"frozen": true}`."""
    body, clock = call.body(), call.site.clock
    try:
        if "set" in body:
            clock.set(_aware(body["set"]))
        if "advance" in body:
            clock.advance(**body["advance"])
    except (TypeError, ValueError) as error:
        raise JiraError(400, f"Not a moment or a duration: {error}") from None
    if body.get("frozen") is True:
        clock.freeze()
    elif body.get("frozen") is False:
        clock.thaw()
    return _clock(call)


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return moment


# faults


@routes.on("GET", "faults")
def get_faults(call: Call) -> list[Json]:
    """List the rules in force."""
    return [asdict(fault) for fault in call.sandbox.faults.rules]


@routes.on("POST", "faults")
def add_fault(call: Call) -> Reply:
    """Put a rule in force."""
    return Reply(asdict(call.sandbox.faults.add(_made(Fault, call.body()))), 201)


@routes.on("DELETE", "faults")
def clear_faults(call: Call) -> None:
    """Lift every rule."""
    call.sandbox.faults.clear()


# webhooks


def _delivery(delivery: Delivery) -> Json:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "issue": delivery.issue_key,
        "url": delivery.url,
        "state": delivery.state,
        "outcomes": delivery.outcomes,
        "body": json.loads(delivery.body),
    }


@routes.on("GET", "webhooks")
def get_webhooks(call: Call) -> Json:
    """Tell the targets, the rules and every delivery."""
    outbox = call.sandbox.webhooks
    return {
        "targets": [asdict(webhook) for webhook in call.site.webhooks.values()],
        "paused": outbox.paused,
        "faults": [asdict(fault) for fault in outbox.faults],
        "deliveries": [_delivery(each) for each in list(outbox.deliveries)],
    }


@routes.on("PUT", "webhooks")
def set_webhooks(call: Call) -> Json:
    """Set target and manner: `url`, `secret`, `events`, `jql`, `backoff`, `paused`."""
    body, outbox = call.body(), call.sandbox.webhooks
    if "backoff" in body:
        outbox.backoff = float(body["backoff"])
    if "paused" in body:
        (outbox.pause if body["paused"] else outbox.resume)()
    if "url" in body:
        target = {k: v for k, v in body.items() if k in ("url", "secret", "jql")}
        call.sandbox.target(**target, events=tuple(body.get("events", ())))
    return get_webhooks(call) | {"deliveries": len(outbox.deliveries)}


@routes.on("POST", "webhooks/faults")
def add_webhook_fault(call: Call) -> Reply:
    """Put a rule for deliveries in force: `drop`, `duplicate` or `reorder`."""
    fault = _made(WebhookFault, call.body())
    call.sandbox.webhooks.faults.append(fault)
    return Reply(asdict(fault), 201)


@routes.on("DELETE", "webhooks/faults")
def clear_webhook_faults(call: Call) -> None:
    """Lift every rule for deliveries."""
    call.sandbox.webhooks.faults.clear()


@routes.on("POST", "webhooks/wait")
def wait_idle(call: Call) -> Json:
    """Answer once nothing is queued or under way, or after `timeout` seconds (default 10)."""
    return {"idle": call.sandbox.webhooks.wait_idle(float(call.args.get("timeout", 10)))}


@routes.on("POST", "webhooks/{deliveryId}/resend")
def resend(call: Call, delivery_id: str) -> None:
    """Send a delivery again, under its old identifier."""
    call.sandbox.webhooks.resend(delivery_id)


# the request log


@routes.on("GET", "requests")
def get_requests(call: Call) -> Json:
    """Tell what was called, how often and by whom."""
    return call.sandbox.requests.export()


@routes.on("DELETE", "requests")
def reset_requests(call: Call) -> None:
    """Forget what was called."""
    call.sandbox.requests.reset()
