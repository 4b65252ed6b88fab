"""Cumulative flow, throughput and time to launch."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import accumulate

from mappings import Mapping
from sync_service.lifecycle.workdays import local_day
from sync_service.reports.portfolio import Portfolio
from sync_service.reports.projects import age, business_age
from sync_service.reports.spread import HIGH, MEDIAN, percentile
from sync_service.reports.table import Column, Kind, Row, Table, columns, tuples

DAILY_UP_TO, WEEKLY_UP_TO = 62, 550
"""Days of a period up to which cumulative flow is told by the day, and by the week; longer ones by four weeks."""

ENDED = "ended"


def cumulative(portfolio: Portfolio) -> Table:
    """Count the projects in each stage at the end of each day, week or four weeks, the last day always among them."""
    days = _days(portfolio)
    counts = {key: _held(portfolio, key, days) for key in _stages(portfolio)}
    return Table(
        name="flow.counts",
        title="Cumulative flow",
        about="How many projects were in each stage at the end of the day; on the last day, now.",
        series=True,
        columns=(
            Column(key="day", title="Day", kind=Kind.DAY),
            *(
                Column(key=f"{mapping}.{stage}", title=_title(portfolio, mapping, stage), kind=Kind.NUMBER)
                for mapping, stage in counts
            ),
        ),
        rows=tuples((day, *(held[place] for held in counts.values())) for place, day in enumerate(days)),
    )


def _stages(portfolio: Portfolio) -> list[tuple[str, str]]:
    return [(mapping.name, stage) for mapping in portfolio.told_mappings for stage in (*mapping.way, ENDED)]


def _title(portfolio: Portfolio, mapping: str, stage: str) -> str:
    return portfolio.stage(mapping, stage) if stage != ENDED else portfolio.stage(mapping, "Ended")


def _days(portfolio: Portfolio) -> list[date]:
    """Return the days to tell of, evenly apart and ending with the period's last."""
    if not portfolio.projects:
        return []
    created = [local_day(portfolio.mapping(one).calendar, one.created) for one in portfolio.projects]
    today = max(portfolio.today(mapping) for mapping in portfolio.told_mappings)
    last = min(portfolio.selection.until or today, today)
    first = max(portfolio.selection.since or min(created), min(created))
    length = (last - first).days
    step = 1 if length <= DAILY_UP_TO else 7 if length <= WEEKLY_UP_TO else 28
    return sorted(last - timedelta(days=step * back) for back in range(length // step + 1))


def _held(portfolio: Portfolio, key: tuple[str, str], days: Sequence[date]) -> list[int]:
    """Count, for each day, the projects that were in the stage at its end."""
    name, stage = key
    mapping = portfolio.mappings[name]
    changes: Counter[int] = Counter()
    for project in portfolio.of(mapping):
        for stay in project.stays:
            told = ENDED if mapping.stages[stay.stage].end else stay.stage
            if told == stage:
                changes[_first_from(days, local_day(mapping.calendar, stay.since))] += 1
                if stay.until:
                    changes[_first_from(days, local_day(mapping.calendar, stay.until))] -= 1
    return list(accumulate(changes[place] for place in range(len(days))))


def _first_from(days: Sequence[date], day: date) -> int:
    """Return the place of the first day told that is not before the day."""
    if not days or day <= days[0]:
        return 0
    step = (days[1] - days[0]).days if len(days) > 1 else 1
    return -((days[0] - day).days // step)


def throughput(portfolio: Portfolio) -> Table:
    """Count by month what began, was launched and ended otherwise, and how long the launches took."""
    return Table(
        name="throughput.months",
        title="Throughput and time to launch",
        about="By month: projects created, launched for the first time, and ended otherwise; "
        "and how long the launched ones took from their creation.",
        series=True,
        columns=portfolio.tagged(
            *columns(
                ("Month", Kind.MONTH), ("Created", Kind.NUMBER), ("Launched", Kind.NUMBER), ("Ended", Kind.NUMBER),
                ("Median days", Kind.DAYS), ("85 % days", Kind.DAYS),
                ("Median business days", Kind.DAYS), ("85 % business days", Kind.DAYS),
            )
        ),
        rows=tuples(row for mapping in portfolio.told_mappings for row in _months(portfolio, mapping)),
    )  # fmt: skip


def launches(portfolio: Portfolio) -> Table:
    """Sum the launches of the period up in one row."""
    taken = [
        (age(mapping, project.created, project.launched), business_age(mapping, project.created, project.launched))
        for mapping in portfolio.told_mappings
        for project in portfolio.of(mapping)
        if project.launched and portfolio.happened(mapping, project.launched)
    ]
    days, business = [one for one, _ in taken], [one for _, one in taken]
    return Table(
        name="throughput.launches",
        title="Time to launch",
        columns=columns(
            ("Launched", Kind.NUMBER), ("Median days", Kind.DAYS), ("85 % days", Kind.DAYS),
            ("Median business days", Kind.DAYS), ("85 % business days", Kind.DAYS),
        ),
        rows=((len(taken), *_spread(days), *_spread(business)),),
    )  # fmt: skip


def _months(portfolio: Portfolio, mapping: Mapping) -> Iterator[Row]:
    created: Counter[date] = Counter()
    ended: Counter[date] = Counter()
    taken: dict[date, list[tuple[int, int]]] = defaultdict(list)

    def month(at: datetime) -> date | None:
        day = local_day(mapping.calendar, at)
        return day.replace(day=1) if portfolio.selection.covers(day) else None

    for project in portfolio.of(mapping):
        if first := month(project.created):
            created[first] += 1
        if project.launched and (launched := month(project.launched)):
            lasted = (age, business_age)
            taken[launched].append(tuple(of(mapping, project.created, project.launched) for of in lasted))  # type: ignore[arg-type]
        if project.ended and (left := month(project.stays[-1].since)):
            ended[left] += 1
    for when in _all_months({*created, *ended, *taken}):
        days, business = ([one[place] for one in taken[when]] for place in (0, 1))
        yield (
            *portfolio.tag(mapping), when, created[when], len(days), ended[when], *_spread(days), *_spread(business),
        )  # fmt: skip


def _spread(values: Sequence[int]) -> tuple[float | None, float | None]:
    return percentile(values, MEDIAN), percentile(values, HIGH)


def _all_months(known: set[date]) -> Iterator[date]:
    """Give every month from the first to the last, those in which nothing happened too."""
    if not known:
        return
    when, last = min(known), max(known)
    while when <= last:
        yield when
        when = (when + timedelta(days=31)).replace(day=1)
