"""`/healthz`: the process answers. `/readyz`: it can take deliveries, and how each dependency does, by name."""

from collections.abc import Mapping

from flask import Blueprint, Response

from webhooks.replies import reply
from webhooks.services import Check, Services

LONGEST = 800
"""Characters of what went wrong: room for the sentence and its remedy."""


def health(services: Services) -> Blueprint:
    """Make the two routes for probes."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return reply(200, {"alive": True})

    @blueprint.get("/readyz")
    def readyz() -> Response:
        needed = _ask(services, services.checks)
        ready = all(answer["ok"] for answer in needed.values())
        # What the workers say is asked from the store: while that is away, each question would wait for it once more.
        advisory = _ask(services, services.advisory_checks) if ready else {}
        return reply(200 if ready else 503, {"ready": ready, "checks": needed, "advisory": advisory})

    return blueprint


def _ask(services: Services, checks: Mapping[str, Check]) -> dict[str, dict[str, object]]:
    return {name: _answer(services, check) for name, check in checks.items()}


def _answer(services: Services, check: Check) -> dict[str, object]:
    try:
        check()
    except Exception as failure:  # noqa: BLE001 - whatever a dependency fails with is its answer
        why = str(failure) or type(failure).__name__
        return {"ok": False, "why": services.redact(why)[:LONGEST]}
    return {"ok": True}
