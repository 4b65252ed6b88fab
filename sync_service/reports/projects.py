"""A project as reports need it: what was last derived of it, in a few hundred bytes however long its history text."""

from collections.abc import Iterable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from mappings import Mapping
from mappings.model import EVERY_STEP_ABOVE
from sync_service.lifecycle.workdays import local_day, workdays_between
from sync_service.store import Projection

Json = MappingOf[str, Any]

SATISFIED = ("done", "waived")
CLOSED = (*SATISFIED, "superseded")
"""Standings of steps that ask for nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One stay in a stage; `days` are told for those that are over, in the mapping's time zone."""

    id: str
    stage: str
    since: datetime
    until: datetime | None
    days: int
    business_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """A step that is still asked for; `roles` are whose it is, `turn` whether nothing before it is missing."""

    step: str
    key: str | None
    summary: str
    roles: tuple[str, ...]
    assignee: str | None
    due: date | None
    turn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One certification visit; `number` is there once testing began."""

    visit: str
    number: int | None
    slot: date | None
    given_up: tuple[date, ...]
    materials: datetime | None
    begun: datetime | None
    ended: datetime | None
    result: str | None
    reasons: tuple[str, ...]
    business_days: int | None
    early: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A filled *Gate Override*; `stage` is the one whose exit it was for."""

    at: datetime
    by: str | None
    stage: str
    granted: bool
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One project issue; `launched` is when it first reached the last stage of its lifecycle.

    `gate` tells whether the gate ahead is open (None without one) and `reasons` what it misses; `slot` is the present
    visit's, `next_round` the number of the round that this visit holds or prepares, if it is in certification.
    """

    id: str
    key: str
    summary: str
    mapping: str
    stage: str
    status: str
    ended: bool
    created: datetime
    kind: str | None
    consultant: str | None
    client: str | None
    stays: tuple[Stay, ...]
    launched: datetime | None
    steps: tuple[OpenStep, ...]
    requests: MappingOf[str, int]
    gate: bool | None
    reasons: tuple[str, ...]
    rounds: tuple[Round, ...]
    overrides: tuple[Override, ...]
    slot: date | None
    next_round: int | None
    fees: str | None
    go_live: date | None
    interview: date | None
    people: MappingOf[str, str] = field(repr=False)

    @property
    def is_open(self) -> bool:
        """Tell whether it is on its way: neither launched for good nor in an end."""
        return not self.ended and self.launched is None

    def name(self, account: str | None) -> str | None:
        """Return the name behind an account, where it is known."""
        return self.people.get(account, account) if account else None


def condense(seen: Projection, mapping: Mapping) -> Project:
    """Keep of a projection what reports need; the projection is `sync_service.lifecycle.outline`'s."""
    told = seen.state
    fields = told["fields"]
    stays = tuple(_stay(one) for one in told["visits"])
    present = told["round"]
    return Project(
        id=seen.issue_id,
        key=seen.key,
        summary=told["summary"],
        mapping=seen.mapping,
        stage=seen.stage,
        status=told["status"],
        ended=mapping.stages[seen.stage].end,
        created=datetime.fromisoformat(told["created"]),
        kind=fields.get("integration_kind"),
        consultant=_person(mapping, "technical_consultant", fields),
        client=_person(mapping, "client", fields),
        stays=stays,
        launched=next((stay.since for stay in stays if stay.stage == mapping.way[-1]), None),
        steps=tuple(_open_steps(told["steps"], seen.stage, mapping)),
        requests={one["request"]: len(one["open"]) for one in told["requests"]},
        gate=told["gate"]["open"] if told["gate"] else None,
        reasons=tuple(reason["text"] for reason in told["gate"]["reasons"]) if told["gate"] else (),
        rounds=tuple(_round(one) for one in told["rounds"]),
        overrides=tuple(_override(one, stays) for one in told["overrides"]),
        slot=_day(told["slot"]),
        next_round=present["number"] if present else None,
        fees=fields.get("additional_fees"),
        go_live=_day(fields.get("go_live_date")),
        interview=_day(fields.get("idi_date")),
        people=told.get("people", {}),
    )


def _person(mapping: Mapping, role: str, fields: Json) -> str | None:
    return fields.get(mapping.roles[role].field) if role in mapping.roles else None


def _stay(told: Json) -> Stay:
    return Stay(
        id=told["visit"],
        stage=told["stage"],
        since=datetime.fromisoformat(told["since"]),
        until=_moment(told["until"]),
        days=told["days"],
        business_days=told["business_days"],
    )


def _open_steps(steps: Iterable[Json], stage: str, mapping: Mapping) -> Iterable[OpenStep]:
    waited = {one["step"] for one in steps if one["standing"] not in CLOSED}
    for one in steps:
        if one["standing"] not in CLOSED:
            yield OpenStep(
                step=one["step"],
                key=one["key"],
                summary=one["summary"],
                roles=(one["party"],) if one["party"] else tuple(one["roles"]),
                assignee=one["assignee"],
                due=_day(one["due"]),
                turn=not waited.intersection(_before(one["step"], stage, mapping)),
            )


def _before(step: str, stage: str, mapping: Mapping) -> tuple[str, ...]:
    """Name the steps that a step comes after."""
    declared = mapping.stages[stage].steps.get(step)
    if declared is None:
        return ()
    if EVERY_STEP_ABOVE not in declared.after:
        return declared.after
    listed = list(mapping.stages[stage].steps)
    return tuple(listed[: listed.index(step)])


def _round(told: Json) -> Round:
    return Round(
        visit=told["visit"],
        number=told["number"],
        slot=_day(told["slot"]),
        given_up=tuple(date.fromisoformat(day) for day in told["given_up"]),
        materials=_moment(told["materials"]),
        begun=_moment(told["begun"]),
        ended=_moment(told["ended"]),
        result=told["result"],
        reasons=tuple(told["reasons"]),
        business_days=told["business_days"],
        early=told["early"],
    )


def _override(told: Json, stays: tuple[Stay, ...]) -> Override:
    return Override(
        at=datetime.fromisoformat(told["at"]),
        by=told["by"],
        stage=next((stay.stage for stay in stays if stay.id == told["visit"]), ""),
        granted=told["granted"],
        used=bool(told["used"]),
    )


def _day(told: str | None) -> date | None:
    return date.fromisoformat(told) if told else None


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def business_age(mapping: Mapping, since: datetime, now: datetime) -> int:
    """Return how many business days have passed."""
    calendar = mapping.calendar
    return workdays_between(calendar, local_day(calendar, since), local_day(calendar, now))


def age(mapping: Mapping, since: datetime, now: datetime) -> int:
    """Return how many days have passed, by the mapping's calendar."""
    return (local_day(mapping.calendar, now) - local_day(mapping.calendar, since)).days
