"""One project as its page tells it: where it stands, what was done about it and why, what is wanted of it next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync_service.mending import known_id
from sync_service.store import Entry, Received
from webhooks.console.desk import Desk
from webhooks.services import LifecycleMapping

Json = Mapping[str, Any]

MOST_ENTRIES = 100
DECIDED = ("written", "noted", "refused")
"""The kinds of the ledger's entries that a look at the issue leaves."""

ANSWERS = {
    "accepted": "accepted",
    "refused": "refused",
    "warned": "accepted with a warning",
    "overridden": "accepted by an override",
}
SAID = {
    "written": "Wrote to Jira",
    "noted": "Noted",
    "refused": "Decided nothing",
    "answered": "Answered a move",
    "operator": "An operator asked",
}
"""How the kinds of entries are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A stage on the project's way: past, present or ahead; the days of all visits together."""

    title: str
    state: str
    visits: int
    days: int
    business_days: int
    target: int | None
    since: str | None
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry of the ledger with what is known of the deliveries that led to it."""

    entry: Entry
    said: str
    planned: tuple[str, ...]
    done: int
    notes: tuple[str, ...]
    deliveries: tuple[tuple[str, Received | None], ...]


def project_told(desk: Desk, key: str) -> dict[str, Any] | None:
    """Return what a project's page shows; None for an issue that no look has seen."""
    store = desk.services.store
    seen = store.projections.get(known_id(store, key))
    if seen is None:
        return None
    lifecycle = desk.lifecycle(seen.mapping)
    lines = _lines(store.ledger.entries(issue_id=seen.issue_id, limit=MOST_ENTRIES),
                   store.inbox.deliveries(seen.issue_id, MOST_ENTRIES))  # fmt: skip
    return {
        "seen": seen,
        "state": seen.state,
        "lifecycle": lifecycle,
        "zone": desk.zone(seen.mapping),
        "stations": stations(seen.state, lifecycle),
        "lines": lines,
        "last": next((line for line in lines if line.entry.kind in DECIDED), None),
        "work": store.queue.show(seen.issue_id),
        "name": lambda account: seen.state["people"].get(account, account) if account else "nobody",
        "title": lambda stage: lifecycle.title(stage) if lifecycle and stage in lifecycle.stages else stage,
        "owners": lambda step: _owners(step, lifecycle),
        "now": store.now(),
    }


def stations(state: Json, lifecycle: LifecycleMapping | None) -> tuple[Station, ...]:
    """Return the whole way of a project, and where on it the project is; an end that it reached comes last."""
    way = list(lifecycle.way) if lifecycle else []
    visited = [visit["stage"] for visit in state["visits"]]
    return tuple(
        _station(state, stage, lifecycle) for stage in [*way, *dict.fromkeys(v for v in visited if v not in way)]
    )


def _station(state: Json, stage: str, lifecycle: LifecycleMapping | None) -> Station:
    visits = [visit for visit in state["visits"] if visit["stage"] == stage]
    declared = lifecycle.stages.get(stage) if lifecycle else None
    return Station(
        title=declared.title if declared else stage,
        state="present" if stage == state["stage"] else "past" if visits else "ahead",
        visits=len(visits),
        days=sum(visit["days"] for visit in visits),
        business_days=sum(visit["business_days"] for visit in visits),
        target=declared.target_business_days if declared else None,
        since=visits[0]["since"] if visits else None,
        until=visits[-1]["until"] if visits else None,
    )


def _owners(step: Json, lifecycle: LifecycleMapping | None) -> str:
    roles = lifecycle.roles if lifecycle else {}
    return " or ".join(roles[role].title if role in roles else role for role in step["roles"])


def _lines(entries: Iterable[Entry], deliveries: Iterable[Received]) -> tuple[Line, ...]:
    known = {delivery.delivery_id: delivery for delivery in deliveries}
    return tuple(_line(entry, known) for entry in entries)


def _line(entry: Entry, known: Mapping[str, Received]) -> Line:
    detail = entry.detail
    said = SAID.get(entry.kind, entry.kind)
    if entry.kind == "answered":
        verdict = ANSWERS.get(detail["verdict"], detail["verdict"])
        said = f"Answered the move from {detail['source']} to {detail['target']}: {verdict}"
    elif entry.kind == "operator":
        said = f"{entry.who or 'An operator'} asked: {detail.get('action', '')}"
    return Line(
        entry=entry,
        said=said,
        planned=tuple(detail.get("planned", ())),
        done=detail.get("done", 0),
        notes=tuple(detail.get("notes", ())),
        deliveries=tuple((name, known.get(name)) for name in entry.deliveries),
    )
