"""When open projects are likely to launch: past stays, drawn at random again and again (docs/reports.md, *Forecast*).

A trial walks a project to its launch. In each stage it draws one of the past stays there (of all projects of the same
lifecycle), takes over its length and goes on to where that stay led, back too; for the present stage it draws among
those that lasted longer than the project has been there already. Days are business days.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from random import Random

from mappings import Mapping
from sync_service.lifecycle.workdays import add_workdays
from sync_service.reports.portfolio import Portfolio
from sync_service.reports.projects import Project, Stay, business_age
from sync_service.reports.spread import HIGH, MEDIAN, reached
from sync_service.reports.table import Kind, Row, Table, Value, columns, tuples

TRIALS = 1000
FEWEST = 5
"""Past stays that each stage on the way must have: fewer say too little to guess from."""
MOST_STAYS = 100
"""Stays in one trial after which it is taken as it is: a past in which every certification failed has no end."""
SEED = 2026

Drawn = tuple[int, str]
"""The length of a past stay in business days, and the stage that it led to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """The business days until launch that half, and 85 %, of the trials stay within; `sample` is the fewest past
    stays that a stage on the way has, `beyond` whether the project has been in its stage longer than any of them.
    """

    median: int
    high: int
    sample: int
    beyond: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TooFew:
    """Too few past projects to guess from: which stage lacks them, and how many it has."""

    stage: str
    sample: int


class Forecaster:
    """Guesses for one lifecycle. The same past, stage and age always give the same answer."""

    def __init__(self, mapping: Mapping, past: Iterable[Project], seed: int = SEED) -> None:
        self._mapping, self._seed = mapping, seed
        self._stays = past_stays(mapping, past)
        self._known: dict[tuple[str, int], Likely | TooFew] = {}

    def guess(self, stage: str, days: int) -> Likely | TooFew:
        """Tell when a project that has been in the stage for so many business days is likely to launch."""
        if (stage, days) not in self._known:
            self._known[stage, days] = self._guess(stage, days)
        return self._known[stage, days]

    def _guess(self, stage: str, days: int) -> Likely | TooFew:
        way = self._mapping.way
        sizes = [(len(self._stays.get(one, ())), one) for one in way[way.index(stage) : -1]]
        sample, weakest = min(sizes, key=lambda one: one[0])
        if sample < FEWEST:
            return TooFew(stage=weakest, sample=sample)
        longer = [(length - days, to) for length, to in self._stays[stage] if length > days]
        random = Random(f"{self._seed}:{self._mapping.name}:{stage}:{days}")  # noqa: S311 (no secret: repeatable)
        trials = sorted(self._trial(random, longer or self._stays[stage]) for _ in range(TRIALS))
        return Likely(median=reached(trials, MEDIAN), high=reached(trials, HIGH), sample=sample, beyond=not longer)

    def _trial(self, random: Random, first: Sequence[Drawn]) -> int:
        days, stage = random.choice(first)
        for _ in range(MOST_STAYS):
            stays = self._stays.get(stage)
            if not stays or stage == self._mapping.way[-1]:
                break
            more, stage = random.choice(stays)
            days += more
        return days


def past_stays(mapping: Mapping, past: Iterable[Project]) -> MappingOf[str, Sequence[Drawn]]:
    """Return the stays in each stage that are over and led on or back, those that ended the project apart.

    A stay that an end interrupted and that was resumed later counts once, without the time in the end.
    """
    found: dict[str, list[Drawn]] = defaultdict(list)
    for project in past:
        if project.mapping == mapping.name:
            for stay, length, to in _whole(mapping, project.stays):
                found[stay.stage].append((length, to))
    return found


def _whole(mapping: Mapping, stays: Sequence[Stay]) -> Iterator[tuple[Stay, int, str]]:
    """Join the parts of interrupted stays; give each with its length and what it led to."""
    before: dict[str, int] = defaultdict(int)
    on_the_way = [stay for stay in stays if not mapping.stages[stay.stage].end]
    for stay, following in pairwise(on_the_way):
        if following.id == stay.id:
            before[stay.id] += stay.business_days
        else:
            yield stay, before[stay.id] + stay.business_days, following.stage


def forecast(portfolio: Portfolio, seed: int = SEED) -> Table:
    """Guess for each open project when it is likely to launch."""
    rows = [row for mapping in portfolio.told_mappings for row in _guesses(portfolio, mapping, seed)]
    return Table(
        name="forecast.projects",
        title="Likely launch dates",
        about=f"The day by which the project is launched in half, and in 85 %, of {TRIALS} trials that draw from past "
        "stays in each stage. Sample: the fewest past stays that a stage on the way has.",
        columns=columns(
            ("Key", Kind.ISSUE), "Summary", "Stage", ("Age", Kind.DAYS), ("50 %", Kind.DAY), ("85 %", Kind.DAY),
            ("Planned go-live", Kind.DAY), ("Sample", Kind.NUMBER), "Remark",
        ),
        rows=tuples(rows),
        notes=(
            f"Seed {seed}: the same past gives the same dates. The trials know the past, not the people: they assume "
            "that the project will launch, and that stays will last as long as they did.",
        ),
    )  # fmt: skip


def _guesses(portfolio: Portfolio, mapping: Mapping, seed: int) -> Iterator[Row]:
    forecaster = Forecaster(mapping, portfolio.past, seed)
    order = {stage: place for place, stage in enumerate(mapping.way)}
    going = [project for project in portfolio.of(mapping) if project.is_open and project.stage != mapping.way[-1]]
    for project in sorted(going, key=lambda one: (-order[one.stage], one.stays[-1].since, one.key)):
        days = _age(mapping, project, portfolio)
        told = _told(portfolio, mapping, project, forecaster.guess(project.stage, days))
        yield (project.key, project.summary, portfolio.stage(mapping.name, project.stage), days, *told)


def _age(mapping: Mapping, project: Project, portfolio: Portfolio) -> int:
    """Return the business days in the present stay, those before an interruption included."""
    present = project.stays[-1]
    before = sum(stay.business_days for stay in project.stays[:-1] if stay.id == present.id)
    return before + business_age(mapping, present.since, portfolio.now)


def _told(portfolio: Portfolio, mapping: Mapping, project: Project, guess: Likely | TooFew) -> tuple[Value, ...]:
    if isinstance(guess, TooFew):
        title = mapping.title(guess.stage)
        remark = f"too few past projects: {guess.sample} of {FEWEST} stays in {title}"
        return None, None, project.go_live, guess.sample, remark
    today = portfolio.today(mapping)
    likely, safe = (add_workdays(mapping.calendar, today, days) for days in (guess.median, guess.high))
    return likely, safe, project.go_live, guess.sample, _remark(project.go_live, likely, safe, beyond=guess.beyond)


def _remark(planned: date | None, likely: date, safe: date, *, beyond: bool) -> str:
    said = ["in its stage longer than any before: counted as if it had just come there"] if beyond else []
    if planned is not None and planned < likely:
        said.append("planned go-live is unlikely")
    elif planned is not None and planned < safe:
        said.append("planned go-live is not safe")
    return "; ".join(said)
