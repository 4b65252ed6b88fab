"""Business days of a mapping's calendar: Monday to Friday less public holidays. See docs/lifecycle.md, *Calendar*."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from mappings.model import Calendar

A_DAY = timedelta(days=1)


def is_workday(calendar: Calendar, day: date) -> bool:
    """Tell whether the day is a business day."""
    return day.weekday() < 5 and day not in calendar.extra_holidays and day not in _public_holidays(calendar)


def workday_on_or_after(calendar: Calendar, day: date) -> date:
    """Return the day itself where it is a business day, else the next one."""
    while not is_workday(calendar, day):
        day += A_DAY
    return day


@lru_cache(maxsize=4096)
def add_workdays(calendar: Calendar, day: date, count: int) -> date:
    """Return the business day that comes `count` business days after the day; with 0, the day or the next one."""
    day = workday_on_or_after(calendar, day) if count == 0 else day
    for _ in range(count):
        day = workday_on_or_after(calendar, day + A_DAY)
    return day


def workdays_between(calendar: Calendar, first: date, last: date) -> int:
    """Count the business days after `first` up to and including `last`; 0 where `last` is not later."""
    return sum(is_workday(calendar, first + A_DAY * n) for n in range(1, (last - first).days + 1))


def local_day(calendar: Calendar, at: datetime) -> date:
    """Return the day in the mapping's time zone."""
    return at.astimezone(ZoneInfo(calendar.timezone)).date()


def day_begin(calendar: Calendar, day: date) -> datetime:
    """Return when business begins on the day: when its slot begins, and what is due by it must be there."""
    return datetime.combine(day, calendar.day_begins, ZoneInfo(calendar.timezone))


def midnight(calendar: Calendar, day: date) -> datetime:
    """Return when the day begins in the mapping's time zone."""
    return datetime.combine(day, time(), ZoneInfo(calendar.timezone))


@lru_cache(maxsize=64)
def _public_holidays(calendar: Calendar) -> holidays.HolidayBase:
    if calendar.country is None:
        return holidays.HolidayBase()
    return holidays.country_holidays(calendar.country, subdiv=calendar.subdivision)
