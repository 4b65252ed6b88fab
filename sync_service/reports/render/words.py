"""How values are written for people, the same on the terminal and on the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sync_service.reports.table import Kind, Value

NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a reader must know of the reports: when and in which zone they were told, and what was asked for.

    `site` is the address of Jira under which issues are browsed, without a slash at its end; empty: no links.
    """

    at: datetime
    zone: str
    selection: Mapping[str, str]
    projects: int
    site: str = ""


def written(value: Value, kind: Kind, zone: str) -> str:
    """Write a value for people: days and shares with at most one decimal, times in the zone."""
    if value is None or value == "":
        return NOTHING
    match kind:
        case Kind.SHARE:
            return f"{_short(100 * _number(value))} %"
        case Kind.NUMBER | Kind.DAYS:
            return _short(_number(value))
        case Kind.MARK:
            return "yes" if value else "no"
        case Kind.MONTH if isinstance(value, date):
            return f"{value:%Y-%m}"
        case Kind.DAY if isinstance(value, date):
            return f"{value:%Y-%m-%d}"
        case Kind.MOMENT if isinstance(value, datetime):
            return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    return str(value)


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else float(str(value))


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def asked(selection: Mapping[str, str]) -> str:
    """Say in words what was asked for."""
    words = {"consultant": "TC", "since": "from", "until": "to"}
    return ", ".join(f"{words.get(name, name)} {value}" for name, value in selection.items()) or "all projects"
