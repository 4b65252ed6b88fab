"""The calendar and the free places: business days, lead, seasons, closures."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mappings.model import Calendar, Capacity, Season
from sync_service.lifecycle.slots import earliest_slot, next_free_slot, overbooked, round_days
from sync_service.lifecycle.workdays import (
    add_workdays,
    day_begin,
    is_workday,
    local_day,
    workday_on_or_after,
    workdays_between,
)

BOSTON = Calendar(timezone="America/New_York", country="US", subdivision="MA", extra_holidays=(date(2026, 3, 13),))
BARE = Calendar()
TWO = Capacity(parallel_rounds=2, lead_business_days=5)
FRIDAY, MONDAY = date(2026, 3, 6), date(2026, 3, 9)


@pytest.mark.parametrize(
    ("calendar", "day", "expected"),
    [
        (BOSTON, date(2026, 3, 9), True),
        (BOSTON, date(2026, 3, 7), False),
        (BOSTON, date(2026, 3, 8), False),
        (BOSTON, date(2027, 7, 5), False),
        (BOSTON, date(2026, 4, 20), False),
        (BOSTON, date(2026, 3, 13), False),
        (BARE, date(2026, 7, 3), True),
    ],
    ids=["monday", "saturday", "sunday", "observed holiday", "state holiday", "extra holiday", "no country"],
)
def test_business_days(calendar: Calendar, day: date, expected: bool) -> None:
    """Monday to Friday, less public holidays of country and subdivision, less extra holidays."""
    assert is_workday(calendar, day) is expected


@pytest.mark.parametrize(
    ("begin", "count", "expected"),
    [(FRIDAY, 0, FRIDAY), (date(2026, 3, 7), 0, MONDAY), (FRIDAY, 1, MONDAY), (MONDAY, 4, date(2026, 3, 16))],
    ids=["the day itself", "or the next", "over the weekend", "over a holiday"],
)
def test_so_many_business_days_later(begin: date, count: int, expected: date) -> None:
    """The day itself is not counted."""
    assert add_workdays(BOSTON, begin, count) == expected


def test_between_two_days() -> None:
    """Business days after the first, up to and including the last."""
    assert workdays_between(BARE, FRIDAY, date(2026, 3, 16)) == 6
    assert workdays_between(BARE, MONDAY, FRIDAY) == 0


def test_the_day_is_told_in_the_mappings_time_zone() -> None:
    """Late evening in Boston is the next day in UTC."""
    late = datetime(2026, 3, 10, 3, tzinfo=UTC)
    assert local_day(BOSTON, late) == MONDAY
    assert day_begin(BOSTON, MONDAY).astimezone(UTC) == datetime(2026, 3, 9, 13, tzinfo=UTC)
    assert workday_on_or_after(BOSTON, date(2026, 3, 7)) == MONDAY


@pytest.mark.parametrize(
    ("capacity", "taken", "expected"),
    [
        (TWO, [], MONDAY),
        (TWO, [MONDAY], MONDAY),
        (TWO, [MONDAY, MONDAY], date(2026, 3, 16)),
        (TWO, [MONDAY, date(2026, 3, 12)], date(2026, 3, 16)),
        (TWO, [date(2026, 3, 2)] * 2, MONDAY),
        (
            TWO.model_copy(update={"seasons": (Season(**{"from": "03-01", "to": "03-31", "parallel_rounds": 0}),)}),
            [],
            date(2026, 4, 1),
        ),
        (
            TWO.model_copy(update={"seasons": (Season(**{"from": "03-01", "to": "03-31", "parallel_rounds": 1}),)}),
            [MONDAY],
            date(2026, 3, 16),
        ),
        (
            TWO.model_copy(update={"seasons": (Season(**{"from": "11-15", "to": "12-31", "parallel_rounds": 9}),)}),
            [MONDAY],
            MONDAY,
        ),
    ],
    ids=["free", "one left", "full", "full from the fourth day", "over by then", "closed", "season", "other season"],
)
def test_the_next_free_slot(capacity: Capacity, taken: list[date], expected: date) -> None:
    """The first business day on which fewer rounds than places occupy each day of the round."""
    assert next_free_slot(BARE, capacity, taken, date(2026, 3, 7)) == expected


def test_two_projects_never_share_the_last_place() -> None:
    """Proposing one after the other never overbooks a day."""
    taken: list[date] = []
    for _ in range(10):
        start = next_free_slot(BARE, TWO, taken, MONDAY)
        assert start is not None
        assert overbooked(BARE, TWO, taken, start) == ()
        taken.append(start)
    assert len(set(taken)) == 5


def test_no_slot_where_all_year_is_closed() -> None:
    """The search ends after two years."""
    closed = TWO.model_copy(update={"seasons": (Season(**{"from": "01-01", "to": "12-31", "parallel_rounds": 0}),)})
    assert next_free_slot(BARE, closed, [], MONDAY) is None


@pytest.mark.parametrize(
    ("day", "covered"),
    [(date(2026, 11, 14), False), (date(2026, 11, 15), True), (date(2027, 1, 5), True), (date(2027, 1, 6), False)],
)
def test_a_season_may_run_over_new_year(day: date, covered: bool) -> None:
    """Its first and last day belong to it."""
    assert Season(**{"from": "11-15", "to": "01-05", "parallel_rounds": 1}).covers(day) is covered


def test_lead_time() -> None:
    """Five business days after the notification, and never a day that has begun."""
    notified = datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert earliest_slot(BARE, TWO, notified, notified) == MONDAY
    assert earliest_slot(BARE, TWO, notified, notified + timedelta(days=18)) == date(2026, 3, 23)


def test_a_day_that_people_overbooked() -> None:
    """It is reported, not undone."""
    assert overbooked(BARE, TWO, [MONDAY, MONDAY], date(2026, 3, 12)) == (date(2026, 3, 12), date(2026, 3, 13))
    assert round_days(BARE, TWO, date(2026, 3, 7))[0] == MONDAY
