"""The record: what the service has decided about a project, kept on the issue itself in the property `stagegate`.

It holds the issue's id (a clone carries another's: no record), change-log ids and short values, never long text.
Anyone who may edit the issue can change it, so what doesn't fit the model is no record at all. See docs/lifecycle.md.
"""

import json
from datetime import date
from typing import Any, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from sync_service.lifecycle.facts import Order, order

PROPERTY = "stagegate"
STEP_PROPERTY = "stagegate.step"
VERSION = 1
MOST_CHARACTERS = 30_000
MOST_MOVES = 200
CREATED = "created"
"""The change id of the first visit: it began with the issue."""


class Kept(BaseModel):
    """A part of the record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Accepted(NamedTuple):
    """A crossing that was accepted: the stage entered, when, and the id of its change-log entry."""

    stage: str
    at: AwareDatetime
    change: str


class Refused(Kept):
    """The newest crossing answered with a refusal, and when each edge was refused within the last hour."""

    through: str
    at: AwareDatetime
    edge: str
    recent: dict[str, tuple[AwareDatetime, ...]] = {}
    held: bool = False


class Round(Kept):
    """A certification visit. `number` is given once testing began; `feedback` is a change-log id, not the text."""

    visit: str
    number: int | None = None
    slot: date | None = None
    given_up: tuple[date, ...] = ()
    materials: AwareDatetime | None = None
    begun: AwareDatetime | None = None
    ended: AwareDatetime | None = None
    result: str | None = None
    reasons: tuple[str, ...] = ()
    feedback: str | None = None
    business_days: int | None = None
    early: bool = False
    fees_raised: bool = False
    feedback_asked: bool = False


class Override(Kept):
    """A filled *Gate Override*, judged once: `change` is the edit that filled it, `used` the crossing let through."""

    change: str
    by: str | None
    at: AwareDatetime
    visit: str
    granted: bool
    used: str | None = None


class Waiver(Kept):
    """A *Won't do*, judged once."""

    subtask: str
    change: str
    by: str | None
    granted: bool


class Record(Kept):
    """Everything that was decided about one project issue.

    `astray` is the change by which the issue came to a status of no stage, once that was said.
    """

    version: int = Field(default=VERSION, ge=VERSION, le=VERSION)
    issue: str
    accepted: tuple[Accepted, ...] = Field(min_length=1)
    refused: Refused | None = None
    rounds: tuple[Round, ...] = ()
    overrides: tuple[Override, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    blocked: dict[str, tuple[str, ...]] = {}
    astray: str = ""

    @property
    def stage(self) -> str:
        """The last accepted stage."""
        return self.accepted[-1].stage

    @property
    def answered(self) -> Order:
        """The place in the change log up to which crossings are answered."""
        accepted = max(order(at, change) for _, at, change in self.accepted)
        return max(accepted, order(self.refused.at, self.refused.through)) if self.refused else accepted

    def round_of(self, visit: str) -> Round:
        """Return what is known of a certification visit."""
        return next((entry for entry in self.rounds if entry.visit == visit), Round(visit=visit))

    def with_round(self, entry: Round) -> "Record":
        """Return the record with one visit's entry replaced or added."""
        others = tuple(known for known in self.rounds if known.visit != entry.visit)
        position = next((i for i, known in enumerate(self.rounds) if known.visit == entry.visit), len(others))
        return self.model_copy(update={"rounds": (*others[:position], entry, *others[position:])})


def parse(raw: Any, issue_id: str) -> Record | None:
    """Read the property; None where there is none, it is damaged, or another issue's."""
    if isinstance(raw, Record):
        return raw
    try:
        record = Record.model_validate_json(json.dumps(raw))
    except (ValidationError, ValueError, RecursionError):
        return None
    return record if record.issue == issue_id else None


def dump(record: Record) -> dict[str, Any]:
    """Return the property's value: JSON of at most 30,000 characters; what is oldest is dropped first."""
    value = _json(record)
    for shorten in (_without_old_refusals, _with_first_reasons, _without_old_moves):
        if len(json.dumps(value)) <= MOST_CHARACTERS:
            break
        record = shorten(record)
        value = _json(record)
    return value


def _without_old_refusals(record: Record) -> Record:
    refused = record.refused and record.refused.model_copy(update={"recent": {}})
    return record.model_copy(update={"refused": refused})


def _with_first_reasons(record: Record) -> Record:
    blocked = {stage: reasons[:1] for stage, reasons in record.blocked.items()}
    return record.model_copy(update={"blocked": blocked})


def _without_old_moves(record: Record) -> Record:
    """Drop what no decision needs: early moves, old waivers and overrides, visits in which no round began."""
    kept = {
        "accepted": record.accepted[-MOST_MOVES:],
        "waivers": record.waivers[-20:],
        "overrides": record.overrides[-20:],
        "rounds": tuple(entry for entry in record.rounds if entry.number or entry is record.rounds[-1]),
    }
    return record.model_copy(update=kept)


def _json(record: Record) -> dict[str, Any]:
    value: dict[str, Any] = record.model_dump(mode="json", exclude_defaults=True)
    return {"version": record.version, **value}
