"""The portfolio as the board shows it: a card for each project, kept in memory and renewed where the store moved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Any

from mappings import Mapping as LifecycleMapping
from sync_service.lifecycle.workdays import local_day
from sync_service.store import Projection, Store

COLUMN = 25
"""How many cards a column of the board shows; the stage's own page has all."""
PAGE = 100

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the board shows of one project; `reasons` are what its gate still asks for."""

    id: str
    key: str
    summary: str
    mapping: str
    stage: str
    title: str
    since: datetime
    target: str | None
    is_open: bool
    is_overridden: bool
    reasons: tuple[str, ...]
    round: int | None
    beyond_free: bool
    slot: date | None
    overdue: int
    next_due: date | None
    waits_for: tuple[str, ...]
    words: str


class Cards:
    """Every project's card; reads from the store only what has moved since it was last asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._versions: dict[str, datetime] = {}
        self._cards: dict[str, Card] = {}

    def all(self) -> tuple[Card, ...]:
        """Return all cards, those longest in their stage first."""
        with self._lock:
            self._renew(self._store.projections.versions())
            return tuple(sorted(self._cards.values(), key=lambda card: (card.since, card.key)))

    def _renew(self, now: dict[str, datetime]) -> None:
        moved = [issue for issue, at in now.items() if self._versions.get(issue) != at]
        self._cards = {issue: card for issue, card in self._cards.items() if issue in now}
        self._cards.update((seen.issue_id, card_of(seen)) for seen in self._store.projections.these(moved))
        self._versions = now


def card_of(seen: Projection) -> Card:
    """Return a project's card."""
    state = seen.state
    gate, certification = state["gate"] or {}, state["round"] or {}
    open_steps = [step for step in state["steps"] if step["standing"] == "open" and step["key"]]
    people = {name for step in open_steps if (name := state["people"].get(step["assignee"] or "", step["assignee"]))}
    return Card(
        id=seen.issue_id,
        key=seen.key,
        summary=state["summary"],
        mapping=seen.mapping,
        stage=seen.stage,
        title=state["title"],
        since=datetime.fromisoformat(state["since"]),
        target=gate.get("target"),
        is_open=bool(gate.get("open")),
        is_overridden=bool(gate.get("overridden")),
        reasons=tuple(reason["text"] for reason in gate.get("reasons", ())),
        round=certification.get("number"),
        beyond_free=bool(certification.get("beyond_free")),
        slot=date.fromisoformat(state["slot"]) if state["slot"] else None,
        overdue=sum(step["overdue"] for step in state["steps"]),
        next_due=min((date.fromisoformat(step["due"]) for step in open_steps if step["due"]), default=None),
        waits_for=tuple(sorted(people)),
        words=" ".join((seen.key, state["summary"], *sorted(people))).casefold(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which cards are asked for."""

    words: str = ""
    only: str = ""

    def takes(self, card: Card) -> bool:
        """Tell whether the card is asked for."""
        if not all(word in card.words for word in self.words.casefold().split()):
            return False
        match self.only:
            case "closed":
                return card.target is not None and not card.is_open
            case "overdue":
                return card.overdue > 0
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A stage of the board with its first cards, and how many there are."""

    stage: str
    title: str
    is_end: bool
    count: int
    overdue: int
    cards: tuple[Card, ...]


def columns(cards: Iterable[Card], lifecycle: LifecycleMapping, most: int = COLUMN) -> tuple[Column, ...]:
    """Return the board of one lifecycle; stages that the mapping doesn't know any more stand last."""
    of_stage: dict[str, list[Card]] = {stage: [] for stage in lifecycle.stages}
    for card in cards:
        of_stage.setdefault(card.stage, []).append(card)
    return tuple(
        Column(
            stage=stage,
            title=lifecycle.title(stage) if stage in lifecycle.stages else stage,
            is_end=_is_end(lifecycle, stage),
            count=len(held),
            overdue=sum(1 for card in held if card.overdue),
            cards=tuple(held[:most]),
        )
        for stage, held in of_stage.items()
    )


def _is_end(lifecycle: LifecycleMapping, stage: str) -> bool:
    """Tell whether work ends there: an end, or the last stage of the way."""
    return stage not in lifecycle.stages or lifecycle.stages[stage].end or stage == lifecycle.way[-1]


def days_in(card: Card, lifecycle: LifecycleMapping, now: datetime) -> int:
    """Return for how many calendar days the project has been in its stage."""
    return (local_day(lifecycle.calendar, now) - local_day(lifecycle.calendar, card.since)).days
