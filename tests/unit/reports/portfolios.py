"""Portfolios that exist only as projections: a few projects told by hand, or thousands played at random."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from mappings import Mapping, load
from sync_service.lifecycle.workdays import A_DAY, add_workdays, local_day, workdays_between
from sync_service.reports import Portfolio, Selection, Table
from sync_service.reports.portfolio import ANSWERED, Answered
from sync_service.reports.projects import condense
from sync_service.store import Entry, Projection

PAYTRONIX = load("paytronix")
MINIMAL = load("minimal")
MAPPINGS = {"paytronix": PAYTRONIX, "minimal": MINIMAL}
NOW = datetime(2026, 6, 1, 16, tzinfo=UTC)
"""Monday, 1 June 2026, noon in Boston."""

Json = dict[str, Any]


def at(text: str) -> datetime:
    """A time by its day: noon in Boston, in summer."""
    return datetime.fromisoformat(text).replace(hour=16, tzinfo=UTC)


def stays(*visits: tuple[str, str], mapping: Mapping = PAYTRONIX, now: datetime = NOW) -> list[Json]:
    """Stays in stages, each from its day to the next one's, the last to now."""
    told = []
    for place, (stage, day) in enumerate(visits):
        since = at(day)
        until = at(visits[place + 1][1]) if place + 1 < len(visits) else None
        first, last = (local_day(mapping.calendar, one) for one in (since, until or now))
        told.append(
            {
                "stage": stage,
                "visit": str(100 + place) if place else "created",
                "since": since.isoformat(),
                "until": until.isoformat() if until else None,
                "days": (last - first).days,
                "business_days": workdays_between(mapping.calendar, first, last),
            }
        )
    return told


def certified_round(number: int | None, **told: Any) -> Json:
    """A certification visit; what is not told is empty."""
    empty = {"slot": None, "given_up": [], "materials": None, "begun": None, "ended": None, "result": None,
             "reasons": [], "feedback": None, "business_days": None, "early": False}  # fmt: skip
    return {"visit": f"v{number}", "number": number, **empty, **told}


def step(name: str, *roles: str, due: str | None = None, standing: str = "open", **told: Any) -> Json:
    """A step of the present visit."""
    return {"step": name, "party": "", "roles": list(roles), "visit": "100", "key": f"INT-9{name}", "summary": name,
            "standing": standing, "assignee": None, "due": due, "overdue": False, "done_at": None, "blamed": "",
            **told}  # fmt: skip


def projection(key: str, visits: Sequence[Json], mapping: Mapping = PAYTRONIX, **told: Any) -> Projection:
    """What was derived of a project; `fields` are added to empty ones."""
    stage = visits[-1]["stage"]
    fields = dict.fromkeys(mapping.fields) | told.pop("fields", {})
    state = {
        "id": key, "key": key, "summary": f"Project {key}", "mapping": mapping.name, "status": mapping.title(stage),
        "stage": stage, "title": mapping.title(stage), "since": visits[-1]["since"], "created": visits[0]["since"],
        "fields": fields, "labels": [], "people": {}, "visits": list(visits), "steps": [], "requests": [],
        "gate": None, "ways": [], "rounds": [], "overrides": [], "waivers": [], "refused": None, "slot": None,
        "round": None, **told,
    }  # fmt: skip
    return Projection(issue_id=key, key=key, mapping=mapping.name, stage=stage, fingerprint="f", state=state, at=NOW)


def portfolio(
    *projections: Projection,
    answers: Sequence[Answered] = (),
    mappings: dict[str, Mapping] | None = None,
    now: datetime = NOW,
    **wanted: Any,
) -> Portfolio:
    """The portfolio of these projects, as `read` would make it."""
    known = mappings or {"paytronix": PAYTRONIX}
    projects = tuple(condense(one, known[one.mapping]) for one in projections)
    selection = Selection(**wanted)
    chosen = tuple(one for one in projects if selection.takes(one, known[one.mapping]))
    return Portfolio(
        projects=chosen, past=projects, answers=tuple(answers), mappings=known, selection=selection, now=now
    )


def rows(table: Table, *keys: str) -> list[tuple[Any, ...]]:
    """Some columns of a table."""
    return list(zip(*(table.column(key) for key in keys), strict=True))


# --- Thousands, at random --------------------------------------------------------------------------------------------

REASONS = ("duplicate calls", "authentication", "token expiry", "error handling", "wrong flow")
SPANS = {"discovery": 12, "requirements": 20, "development": 35, "certification": 10, "launch": 15}


def played(count: int, seed: int = 1, now: datetime = NOW) -> Iterator[tuple[Projection, list[Entry]]]:
    """Play so many projects of the last two years, with what the ledger would tell of their moves."""
    for number in range(1, count + 1):
        yield _played(number, Random(f"{seed}:{number}"), now)


def _played(number: int, chance: Random, now: datetime) -> tuple[Projection, list[Entry]]:
    key, when = f"INT-{number}", now - timedelta(days=chance.randint(3, 700))
    visits: list[tuple[str, date]] = [("discovery", when.date())]
    while visits[-1][0] in SPANS:
        stage = visits[-1][0]
        lasted = max(round(SPANS[stage] * chance.lognormvariate(0, 0.5)), 1)
        left = add_workdays(PAYTRONIX.calendar, visits[-1][1], lasted)
        if left >= now.date():
            break
        visits.append((_next(stage, chance), left))
    told = stays(*((stage, str(day)) for stage, day in visits), now=now)
    tcs = ("ana", "ben", "cho", "dev")
    fields: Json = {"integration_kind": chance.choice(["New", "Update"]), "technical_consultant": chance.choice(tcs)}
    rounds = _rounds(told, chance)
    begun = sum(one["number"] is not None for one in rounds)
    fields["additional_fees"] = "May apply" if begun > 3 else None
    if visits[-1][0] in SPANS:
        fields["go_live_date"] = str(now.date() + A_DAY * chance.randint(5, 200))
    names = {"ana": "Ana Silva", "ben": "Ben Otieno", "cho": "Cho Min-ji", "dev": "Dev Patel"}
    seen = projection(
        key,
        told,
        fields=fields,
        summary=f"{chance.choice(['Acme', 'Borealis', 'Cedar', 'Dune'])} {chance.choice(['loyalty', 'gift cards'])}",
        people=names,
        steps=_steps(visits[-1][0], chance, now),
        rounds=rounds,
        slot=rounds[-1]["slot"] if visits[-1][0] == "certification" else None,
        gate={"target": "x", "open": chance.random() < 0.2, "reasons": [{"text": "INT-9 is open"}]}
        if visits[-1][0] in SPANS
        else None,
        round={"number": max(begun, 1)} if visits[-1][0] == "certification" else None,
        overrides=[{"at": told[-1]["since"], "by": "ana", "visit": told[-1]["visit"], "granted": True, "used": "9"}]
        if chance.random() < 0.05
        else [],
    )
    return replace(seen, issue_id=str(number)), list(_answers(number, key, told, chance))


def _next(stage: str, chance: Random) -> str:
    if chance.random() < 0.02:
        return "cancelled"
    if stage == "certification":
        return chance.choice(["development", "launch", "launch"])
    way = PAYTRONIX.way
    return way[way.index(stage) + 1]


def _rounds(told: list[Json], chance: Random) -> list[Json]:
    found: list[Json] = []
    for place, visit in enumerate(told):
        if visit["stage"] == "certification":
            since = datetime.fromisoformat(visit["since"])
            slot = add_workdays(PAYTRONIX.calendar, since.date(), 3)
            entry = certified_round(None, visit=visit["visit"], slot=str(slot))
            if visit["until"]:
                passed = told[place + 1]["stage"] == "launch"
                entry |= {
                    "number": len(found) + 1, "begun": visit["since"], "ended": visit["until"],
                    "result": "certified" if passed else "failed",
                    "reasons": [] if passed else chance.sample(REASONS, chance.randint(0, 2)),
                    "business_days": visit["business_days"], "early": visit["business_days"] < 5,
                }  # fmt: skip
            found.append(entry)
    return found


def _steps(stage: str, chance: Random, now: datetime) -> list[Json]:
    declared = PAYTRONIX.stages[stage].steps
    return [
        step(
            name,
            *(one.parties[:1] or one.owner[:1]),
            due=str(now.date() + A_DAY * chance.randint(-15, 20)),
            standing=chance.choice(["open", "done"]),
            assignee=chance.choice(["ana", "ben", None]),
            summary=one.summary.split("{")[0],
        )
        for name, one in declared.items()
    ]


def _answers(number: int, key: str, told: list[Json], chance: Random) -> Iterator[Entry]:
    for before, after in pairwise(told):
        when = datetime.fromisoformat(after["since"])
        moved = {"source": before["stage"], "target": after["stage"], "change": "1", "by": "ana"}
        if chance.random() < 0.3:
            detail = moved | {"verdict": "refused", "moved_at": when.isoformat()}
            reasons = ("step_open", "field_empty")[: chance.randint(1, 2)]
            yield Entry(issue_id=str(number), key=key, kind=ANSWERED, at=when, reasons=reasons, detail=detail)
        detail = moved | {"verdict": "accepted", "moved_at": when.isoformat()}
        yield Entry(issue_id=str(number), key=key, kind=ANSWERED, at=when, detail=detail)
