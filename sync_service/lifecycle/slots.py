"""Slots: the next start on which a certification round finds a free place. docs/lifecycle.md."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from mappings.model import Calendar, Capacity
from sync_service.lifecycle.workdays import A_DAY, add_workdays, local_day, workday_on_or_after

SEARCHED = timedelta(days=730)


def round_days(calendar: Calendar, capacity: Capacity, start: date) -> tuple[date, ...]:
    """Return the business days that a round occupies when it starts on the day."""
    days = [workday_on_or_after(calendar, start)]
    while len(days) < capacity.round_business_days:
        days.append(workday_on_or_after(calendar, days[-1] + A_DAY))
    return tuple(days)


def next_free_slot(calendar: Calendar, capacity: Capacity, taken: Iterable[date], earliest: date) -> date | None:
    """Return the first business day, not before `earliest`, on which each day of the round has a free place.

    `taken` are the starts of the other rounds. None where two years hold no such day.
    """
    occupied: dict[date, int] = {}
    for start in taken:
        for day in round_days(calendar, capacity, start):
            occupied[day] = occupied.get(day, 0) + 1
    start = workday_on_or_after(calendar, earliest)
    while start <= earliest + SEARCHED:
        if all(occupied.get(day, 0) < capacity.places(day) for day in round_days(calendar, capacity, start)):
            return start
        start = workday_on_or_after(calendar, start + A_DAY)
    return None


def overbooked(calendar: Calendar, capacity: Capacity, taken: Iterable[date], start: date) -> tuple[date, ...]:
    """Return the days of a round from `start` on which it and the `taken` ones are more than there are places."""
    others = [day for other in taken for day in round_days(calendar, capacity, other)]
    return tuple(d for d in round_days(calendar, capacity, start) if others.count(d) + 1 > capacity.places(d))


def earliest_slot(calendar: Calendar, capacity: Capacity, notified: datetime, now: datetime) -> date:
    """Return the first day to propose: notification plus lead, and never a day that has begun."""
    by_lead = add_workdays(calendar, local_day(calendar, notified), capacity.lead_business_days)
    return max(by_lead, workday_on_or_after(calendar, local_day(calendar, now) + A_DAY))
