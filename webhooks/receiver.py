"""`POST /webhooks/jira`: verify, store, acknowledge, and say nothing of the outcome.

Jira is not called, nothing is decided, and nothing is logged above `debug` for a delivery that is accepted.
"""

from uuid import uuid4

import structlog
from flask import Blueprint, Response, request

from sync_service.store import Delivery, StoreError
from webhooks.bodies import Busy, Turns, is_small, whole
from webhooks.notice import Ignored, Notice, Reason, read_notice
from webhooks.refusals import Refusal
from webhooks.replies import error, reply
from webhooks.services import Services

HEADERS = {
    "HTTP_X_HUB_SIGNATURE": "x-hub-signature",
    "HTTP_AUTHORIZATION": "authorization",
    "HTTP_X_ATLASSIAN_WEBHOOK_IDENTIFIER": "x-atlassian-webhook-identifier",
}
"""What is read of the headers, by WSGI's names."""

log = structlog.get_logger("stagegate.webhooks")


def receiver(services: Services) -> Blueprint:
    """Make the route that Jira posts to."""
    blueprint = Blueprint("receiver", __name__)
    answers = _Answers(services)
    turns = Turns(services.credentials)

    @blueprint.post("/webhooks/jira")
    def receive() -> Response:
        environ = request.environ
        headers = {name: environ[key] for key, name in HEADERS.items() if key in environ}
        try:
            if is_small(environ):
                return answer(headers)
            with turns.turn(headers):
                return answer(headers)
        except Refusal as refusal:
            return answers.refused(refusal)
        except Busy:
            return answers.busy()

    def answer(headers: dict[str, str]) -> Response:
        body = whole(request, services.body_limit)
        read = read_notice(
            body=body,
            headers=headers,
            credentials=services.credentials,
            projects=services.projects,
            own_accounts=services.own_accounts(),
        )
        return answers.ignored(read) if isinstance(read, Ignored) else answers.kept(read, body)

    return blueprint


class _Answers:
    """One method an outcome: act, count, answer."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._ignored = services.metrics.ignored
        self._refused = services.metrics.refused
        self._challenge = {"WWW-Authenticate": _challenge(services)}
        # Bound once: looking a label up costs as much as counting. It also shows each outcome as 0 before its first.
        intake = services.metrics.intake
        self._outcome = {
            name: intake.labels(name) for name in ("queued", "duplicate", "ignored", "refused", "unavailable", "busy")
        }

    def kept(self, notice: Notice, body: bytes) -> Response:
        delivery = notice.delivery_id or f"arrival:{uuid4().hex}"
        try:
            new = self._services.store.inbox.receive(
                Delivery(
                    delivery_id=delivery,
                    issue_id=notice.issue_id,
                    label=notice.label,
                    event=notice.event,
                    body=body,
                    ours=notice.ours,
                )
            )
        except StoreError as failure:
            log.warning("delivery not stored", delivery=delivery, issue=notice.label, error=str(failure))
            return self._unavailable()
        log.debug("delivery", delivery=delivery, issue=notice.label, event_name=notice.event, new=new)
        self._outcome["queued" if new else "duplicate"].inc()
        return reply(202, {"queued": notice.label} if new else {"duplicate": True})

    def ignored(self, ignored: Ignored) -> Response:
        if ignored.reason is Reason.UNKNOWN_EVENT:
            log.warning("unknown event", event_name=ignored.event)
        self._outcome["ignored"].inc()
        self._ignored.labels(ignored.reason).inc()
        return reply(202, {"ignored": ignored.reason})

    def refused(self, refusal: Refusal) -> Response:
        log.info("delivery refused", reason=refusal.reason, sender=request.remote_addr)
        self._outcome["refused"].inc()
        self._refused.labels(refusal.reason).inc()
        headers = self._challenge if refusal.status == 401 else None
        return error(refusal.status, refusal.reason, str(refusal), headers)

    def busy(self) -> Response:
        log.warning("large delivery put off", sender=request.remote_addr)
        self._outcome["busy"].inc()
        return self._later("busy", "Other large deliveries take too long; send it again.")

    def _unavailable(self) -> Response:
        self._outcome["unavailable"].inc()
        return self._later("store-unavailable", "The delivery could not be stored; send it again.")

    def _later(self, reason: str, text: str) -> Response:
        return error(503, reason, text, {"Retry-After": str(self._services.retry_after)})


def _challenge(services: Services) -> str:
    """Name the schemes that would do; old Data Centers send basic credentials only after having been asked for them."""
    accepted = services.credentials
    schemes = {"Basic": accepted.basic, "Bearer": accepted.bearer_tokens, "X-Hub-Signature": accepted.secrets}
    return ", ".join(f'{scheme} realm="stagegate"' for scheme, configured in schemes.items() if configured)
