"""The health of what the service depends on, as far as it can be told without asking Jira."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync_service.marks import ACCOUNTS, SITE_PAUSE
from sync_service.store import Depth
from webhooks.health import LONGEST
from webhooks.services import Check, Services

LATE = timedelta(minutes=5)
"""A key that has been due for longer than this says that no worker is at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one dependency does: `state` is good, attention or bad."""

    name: str
    state: str
    text: str
    at: datetime | None = None


def health_of(services: Services) -> tuple[Health, ...]:
    """Return how each dependency does; the store first, for without it nothing else is known."""
    needed = tuple(_checked(services, name.capitalize(), check) for name, check in services.checks.items())
    if any(one.state != "good" for one in needed):
        return needed
    told = {name.capitalize(): check for name, check in services.advisory_checks.items()}
    advisory = {name: _checked(services, name, check) for name, check in told.items()}
    # What the workers say of a dependency is more than what can be concluded from the store, when it is bad.
    return (*needed, *({one.name: one for one in _known(services)} | _bad(advisory)).values())


def _bad(advisory: dict[str, Health]) -> dict[str, Health]:
    return {name: one for name, one in advisory.items() if one.state != "good"}


def _checked(services: Services, name: str, check: Check) -> Health:
    try:
        check()
    except Exception as failure:  # noqa: BLE001 - whatever a dependency fails with is its answer
        return Health(name=name, state="bad", text=services.redact(str(failure) or type(failure).__name__)[:LONGEST])
    return Health(name=name, state="good", text="answers")


def _known(services: Services) -> Iterator[Health]:
    yield _worker(services.store.queue.depth())
    yield _jira(services.store.marks.paused(SITE_PAUSE), services.store.marks.get(ACCOUNTS))
    newest = next(iter(services.store.inbox.recent(1)), None)
    if newest is None:
        text = "no webhook has come in yet; the sweep finds what changes, but later (docs/http.md)"
        yield Health(name="Webhooks", state="attention", text=text)
    else:
        yield Health(name="Webhooks", state="good", text="the last one came in", at=newest.at)


def _worker(depth: Depth) -> Health:
    if depth.oldest_due_age is not None and depth.oldest_due_age > LATE:
        text = "issues are due and nobody takes them; is `stagegate work` running, and is Jira's answer awaited?"
        return Health(name="Worker", state="bad", text=text)
    if depth.dead:
        return Health(name="Worker", state="attention", text=f"{depth.dead} parked; see the queue")
    return Health(name="Worker", state="good", text=f"{depth.running} running, {depth.due} due")


def _jira(paused: timedelta | None, accounts: str | None) -> Health:
    if paused is not None and paused > timedelta(0):
        text = f"paused for another {int(paused.total_seconds())} s, since Jira asked for it or did not answer"
        return Health(name="Jira", state="attention", text=text)
    if accounts is None:
        return Health(name="Jira", state="attention", text="no worker has signed in yet")
    return Health(name="Jira", state="good", text="a worker has signed in; no pause is in force")
