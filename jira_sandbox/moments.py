"""Dates in JQL: absolute, relative (`-7d`), and the functions `now`, `startOfDay`, `endOfMonth` and their kin."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from jira_sandbox.errors import JiraError
from jira_sandbox.jql import Call

PERIOD = re.compile(r"([+-]?)\s*((?:\d+\s*[yMwdhm]\s*)+)")
PART = re.compile(r"(\d+)\s*([yMwdhm])")
FORMATS = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d")
NATURAL = {"Day": "d", "Week": "w", "Month": "M", "Year": "y"}
VALID = (
    "Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', "
    "or a period format e.g. '-5d', '4w 2d'."
)


def read(value: str | Call, field: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment that a JQL operand means to somebody in the zone; raise Jira's 400."""
    local = now.astimezone(zone)
    if isinstance(value, Call):
        return _function(value, local)
    if PERIOD.fullmatch(value.strip()):
        return shift(local, value.strip())
    for form in FORMATS:
        try:
            return datetime.strptime(value, form).replace(tzinfo=zone)
        except ValueError:
            continue
    raise JiraError(400, f"Date value '{value}' for field '{field}' is invalid. {VALID}")


def shift(moment: datetime, period: str) -> datetime:
    """Move by a period as Jira writes it: `-1w 2d`, `+1M`."""
    found = PERIOD.fullmatch(period)
    if found is None:
        form = "Duration for function should have the format (+/-)n(yMwdhm), e.g -1M for 1 month earlier"
        raise JiraError(400, f"{form}, not '{period}'.")
    sign = -1 if found[1] == "-" else 1
    for amount, unit in PART.findall(found[2]):
        moment = _step(moment, sign * int(amount), unit)
    return moment


def _step(moment: datetime, amount: int, unit: str) -> datetime:
    if unit in "yM":
        months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "y" else 1)
        return _in_month(moment, months // 12, months % 12 + 1)
    if unit in "hm":  # hours as they pass, also where clocks are put back or forth
        passed = timedelta(**{{"h": "hours", "m": "minutes"}[unit]: amount})
        return (moment.astimezone(UTC) + passed).astimezone(moment.tzinfo)
    return moment + timedelta(**{{"w": "weeks", "d": "days"}[unit]: amount})


def _in_month(moment: datetime, year: int, month: int) -> datetime:
    last = (datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day  # noqa: DTZ001  only its day counts
    return moment.replace(year=year, month=month, day=min(moment.day, last))


def _function(call: Call, local: datetime) -> datetime:
    named = re.fullmatch(r"(now)|(start|end)of(day|week|month|year)", call.name.lower())
    if named is None:
        raise JiraError(400, f"Unable to find JQL function '{call.name}({', '.join(call.arguments)})'.")
    unit = NATURAL[named[3].capitalize()] if named[3] else ""
    moment = _start(local, unit) if unit else local
    for argument in call.arguments:
        # `startOfDay(1)` counts in the function's own unit.
        moment = shift(moment, argument + unit if re.fullmatch(r"[+-]?\d+", argument) and unit else argument)
    return _step(moment, 1, unit) - timedelta(milliseconds=1) if named[2] == "end" else moment


def _start(local: datetime, unit: str) -> datetime:
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w":
        return day - timedelta(days=(day.weekday() + 1) % 7)  # Jira's weeks begin on Sunday
    return {"d": day, "M": day.replace(day=1), "y": day.replace(month=1, day=1)}[unit]
