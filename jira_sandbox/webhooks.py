"""The sending side of webhooks: a queue in order, signatures, retries under one identifier, switches for faults."""

import hashlib
import hmac
import http.client
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from jira_sandbox.errors import JiraError
from jira_sandbox.model import Webhook
from jira_sandbox.show import as_json

Send = Callable[[str, dict[str, str], bytes], int]
State = Literal["queued", "delivered", "failed", "dropped"]
RETRIED = {408, 409, 425, 429}
HOLD = 0.3
"""Seconds that a re-ordered delivery waits for another to overtake it."""


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One webhook body on its way; `outcomes` has the status, or the error, of each attempt."""

    id: str
    event: str
    issue_key: str | None
    url: str
    secret: str | None
    body: bytes
    state: State = "queued"
    outcomes: list[int | str] = field(default_factory=list)
    due: float = 0.0
    held: bool = False


@dataclass(slots=True, kw_only=True)
class WebhookFault:
    """A rule for deliveries: every `every`-th whose event matches, `first` times at most (None: for ever)."""

    action: Literal["drop", "duplicate", "reorder"]
    event: str = ""
    every: int = 1
    first: int | None = None
    seen: int = 0
    done: int = 0

    def strikes(self, event: str) -> bool:
        """Count an event and tell whether the rule applies to it."""
        if not re.search(self.event, event) or (self.first is not None and self.done >= self.first):
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.done += 1
        return True


def sign(secret: str, body: bytes) -> str:
    """Return the `X-Hub-Signature` of a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    """POST over HTTP and return the status; raise OSError or HTTPException if there is none."""
    where = urlsplit(url)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.hostname or "", where.port, timeout=20)
    try:
        connection.request("POST", (where.path or "/") + (f"?{where.query}" if where.query else ""), body, headers)
        reply = connection.getresponse()
        reply.read()
        return reply.status
    finally:
        connection.close()


class Outbox:
    """Sends webhook bodies in a thread of its own, so that a write's reply never waits for a receiver.

    `backoff` is the number of seconds before a retry, `retries` how many there are. Data Center, with
    `identified=False`, neither retries nor names a delivery.
    """

    def __init__(self, *, send: Send = post, backoff: float = 0.2, retries: int = 5, identified: bool = True) -> None:
        self.backoff, self.retries, self.identified = backoff, retries, identified
        self.faults: list[WebhookFault] = []
        self.deliveries: list[Delivery] = []
        self._send = send
        self._queue: list[Delivery] = []
        self._changed = threading.Condition()
        self._busy = self._stopped = self._paused = False
        self._thread: threading.Thread | None = None

    def put(self, webhook: Webhook, body: dict[str, Any]) -> None:
        """Queue a body for a webhook, as the faults would have it."""
        delivery = Delivery(
            id=str(uuid.uuid4()),
            event=body["webhookEvent"],
            issue_key=body.get("issue", {}).get("key"),
            url=webhook.url,
            secret=webhook.secret,
            body=as_json(body).encode(),
        )
        with self._changed:
            self.deliveries.append(delivery)
            actions = {f.action for f in self.faults if f.strikes(delivery.event)}
            if "drop" in actions:
                delivery.state = "dropped"
                return
            self._enqueue(delivery, held="reorder" in actions)
            if "duplicate" in actions:
                self._enqueue(delivery, held=False)
            self._changed.notify_all()
        self._start()

    def _enqueue(self, delivery: Delivery, *, held: bool) -> None:
        waiting = [d for d in self._queue if d.held]
        for other in waiting:
            self._queue.remove(other)
            other.held, other.due = False, 0.0
        if held:
            delivery.held, delivery.due = True, time.monotonic() + HOLD
        self._queue += [delivery, *waiting]

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sandbox-webhooks", daemon=True)
            self._thread.start()

    @property
    def paused(self) -> bool:
        """Tell whether deliveries are being held back."""
        return self._paused

    def pause(self) -> None:
        """Hold deliveries back from now on."""
        self._paused = True

    def resume(self) -> None:
        """Send what was held back, and what follows."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def wait_idle(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is queued, on its way or due for a retry; return False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._busy, timeout)

    def clear(self) -> None:
        """Forget what was sent, what waits and every fault."""
        with self._changed:
            self._queue.clear()
            self.deliveries.clear()
            self.faults.clear()
            self._paused = False
            self._changed.notify_all()

    def resend(self, delivery_id: str) -> None:
        """Send a delivery once more under its old identifier; raise JiraError(404) if it is unknown."""
        with self._changed:
            found = next((d for d in self.deliveries if d.id == delivery_id), None)
            if found is None:
                raise JiraError(404, f"No delivery has the id {delivery_id}.")
            self._enqueue(found, held=False)
            self._changed.notify_all()
        self._start()

    def stop(self) -> None:
        """Stop the thread; what is queued stays unsent."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join(timeout=25)

    def _run(self) -> None:
        while (delivery := self._take()) is not None:
            outcome = self._attempt(delivery)
            with self._changed:
                self._settle(delivery, outcome)
                self._busy = False
                self._changed.notify_all()

    def _take(self) -> Delivery | None:
        with self._changed:
            while not self._stopped:
                due = [] if self._paused else [d for d in self._queue if d.due <= time.monotonic()]
                if due:
                    self._queue.remove(due[0])
                    self._busy = True
                    return due[0]
                self._changed.wait(self._next_due())
        return None

    def _next_due(self) -> float | None:
        if self._paused or not self._queue:
            return None
        return max(0.0, min(d.due for d in self._queue) - time.monotonic())

    def _attempt(self, delivery: Delivery) -> int | str:
        headers = {"Content-Type": "application/json; charset=UTF-8", "User-Agent": "Atlassian Webhook HTTP Client"}
        if delivery.secret:
            headers["X-Hub-Signature"] = sign(delivery.secret, delivery.body)
        if self.identified:
            headers |= {"X-Atlassian-Webhook-Identifier": delivery.id, "X-Atlassian-Webhook-Flow": "Primary"}
            if delivery.outcomes:
                headers["X-Atlassian-Webhook-Retry"] = str(len(delivery.outcomes))
        try:
            return self._send(delivery.url, headers, delivery.body)
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"

    def _settle(self, delivery: Delivery, outcome: int | str) -> None:
        delivery.outcomes.append(outcome)
        again = isinstance(outcome, str) or outcome in RETRIED or outcome >= 500
        if again and self.identified and len(delivery.outcomes) <= self.retries:
            delivery.due = time.monotonic() + self.backoff
            self._queue.append(delivery)
            return
        delivery.state = "failed" if again or not 200 <= int(outcome) < 300 else "delivered"
