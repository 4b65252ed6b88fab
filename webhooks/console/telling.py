"""One project as its page tells it: where it stands, what was done about it and why, what is wanted of it next."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mappings import Mapping as LifecycleMapping
from sync_service.commands.mending import known_id
from sync_service.store import Entry, Received
from webhooks.console.desk import Desk

Json = Mapping[str, Any]

MOST_ENTRIES = 100
DECIDED = ("written", "noted", "refused")
"""The kinds of the ledger's entries that a look at the issue leaves."""

ANSWERED = "answered"
ANSWERS = {
    "accepted": "accepted",
    "refused": "refused",
    "warned": "accepted with a warning",
    "overridden": "accepted by an override",
}
SAID = {"written": "Wrote to Jira", "noted": "Noted", "refused": "Decided nothing"}
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
    why: tuple[str, ...]
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
    known = {one.delivery_id: one for one in store.inbox.deliveries(seen.issue_id, MOST_ENTRIES)}
    lines = tuple(
        _line(entry, known, lifecycle) for entry in store.ledger.entries(issue_id=seen.issue_id, limit=MOST_ENTRIES)
    )
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
        "title": partial(title, lifecycle),
        "owners": lambda step: _owners(step, lifecycle),
        "now": store.now(),
    }


def title(lifecycle: LifecycleMapping | None, stage: str) -> str:
    """Return a stage's title; its key where the mapping doesn't know it any more."""
    return lifecycle.title(stage) if lifecycle and stage in lifecycle.stages else stage


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
        title=title(lifecycle, stage),
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


def _line(entry: Entry, known: Mapping[str, Received], lifecycle: LifecycleMapping | None) -> Line:
    detail = entry.detail
    return Line(
        entry=entry,
        said=said(entry, lifecycle),
        why=tuple(entry.reasons if entry.kind != ANSWERED else _counted(entry.reasons)),
        planned=tuple(detail.get("planned", ())),
        done=detail.get("done", 0),
        notes=tuple(detail.get("notes", ())),
        deliveries=tuple((name, known.get(name)) for name in entry.deliveries),
    )


def said(entry: Entry, lifecycle: LifecycleMapping | None = None) -> str:
    """Tell in a few words what kind of entry it is."""
    detail = entry.detail
    match entry.kind:
        case "answered":
            source, target = (title(lifecycle, detail[end]) for end in ("source", "target"))
            return f"Answered the move from {source} to {target}: {ANSWERS.get(detail['verdict'], detail['verdict'])}"
        case "operator":
            return f"{entry.who or 'An operator'} asked: {detail.get('action', '')}"
    return SAID.get(entry.kind, entry.kind)


def _counted(codes: Iterable[str]) -> Iterable[str]:
    return (f"{code} ({count})" if count > 1 else code for code, count in Counter(codes).items())
