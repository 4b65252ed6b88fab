"""Carry a plan out: its requests, in order, each with the ids that the ones before taught."""

from collections.abc import Callable
from urllib.parse import quote

from sync_service.errors import StagegateError
from sync_service.jira.answers import Effect, Json, as_object
from sync_service.jira.client import Client
from sync_service.jira.errors import JiraError
from sync_service.provision.plan import SECRET, SECRET_IN_URL, Change, Plan, Request, resolved

Advance = Callable[[int], None]


class Interrupted(StagegateError):
    """A plan was applied in part: what was done stays, and the next apply does the rest."""

    reason = "provision_interrupted"

    def __init__(self, change: Change, done: int, total: int, error: StagegateError) -> None:
        super().__init__(
            f"stopped at {change.kind} {change.name!r} after {done} of {total} changes: {error}\n"
            "What was done stays; run the command again to do the rest."
        )


class Unfit(StagegateError):
    """Jira, asked beforehand, would not accept a change."""

    reason = "provision_unfit"


def apply(client: Client, plan: Plan, *, secret: str = "", advance: Advance = lambda _count: None) -> None:
    """Send every request; raises Interrupted where Jira refuses one, or does not answer it."""
    ids = {**plan.ids, SECRET: secret, SECRET_IN_URL: quote(secret, safe="")}
    for number, change in enumerate(plan.changes):
        try:
            for request in change.requests:
                _send(client, change, request, ids)
                advance(1)
        except (JiraError, Unfit) as error:
            raise Interrupted(change, number, len(plan.changes), error) from error


def _send(client: Client, change: Change, request: Request, ids: dict[str, str]) -> None:
    sets = Effect.SETS if request.method == "PUT" else None
    operation = f"{request.method} {change.kind}"
    reply = client.call(
        operation,
        request.method,
        resolved(request.path, ids),
        effect=Effect.READS if request.checks else sets,
        body=resolved(request.body, ids),
    )
    if request.checks:
        _refuse_if_unfit(as_object(reply, operation))
    ids |= {learned.reference: learned.find(reply.body) for learned in request.learns}


def _refuse_if_unfit(told: Json) -> None:
    errors = [error for error in told.get("errors") or () if error.get("level") != "WARNING"]
    if errors:
        words = "; ".join(str(error.get("message") or error.get("code")) for error in errors)
        raise Unfit(f"Jira, asked beforehand, would not accept it: {words}")
