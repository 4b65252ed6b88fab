"""What every report is made of: tables of plain values, told how to be read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

Value = str | int | float | bool | date | datetime | None
Row = tuple[Value, ...]


class Kind(StrEnum):
    """How a column's values are read; `days` are a number of days, `share` is a part of 1."""

    TEXT = "text"
    ISSUE = "issue"
    NUMBER = "number"
    DAYS = "days"
    SHARE = "share"
    DAY = "day"
    MONTH = "month"
    MOMENT = "moment"
    MARK = "mark"


NUMERIC = frozenset({Kind.NUMBER, Kind.DAYS, Kind.SHARE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `key` is its name in CSV and JSON, `title` what people read; `detail` is left out if it is tight."""

    key: str
    title: str
    kind: Kind = Kind.TEXT
    detail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns; `about` says what is counted, `notes` what a reader must know of these very figures.

    The rows of a `series` go on in time, so that the last ones tell most.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    about: str = ""
    notes: tuple[str, ...] = ()
    series: bool = False

    def column(self, key: str) -> tuple[Value, ...]:
        """Return the values of one column."""
        place = [column.key for column in self.columns].index(key)
        return tuple(row[place] for row in self.rows)

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each row by its columns' keys, in values that JSON knows: times in ISO 8601."""
        keys = [column.key for column in self.columns]
        return (dict(zip(keys, map(plain, row), strict=True)) for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One subject, told in one table or several."""

    name: str
    title: str
    tables: tuple[Table, ...]


def plain(value: Value) -> str | int | float | bool | None:
    """Return a value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value


def columns(*told: str | tuple[str, Kind]) -> tuple[Column, ...]:
    """Make columns of their titles, texts where no kind is named; the key is the title in lower case."""
    pairs = [(one, Kind.TEXT) if isinstance(one, str) else one for one in told]
    return tuple(Column(key=_key(title), title=title, kind=kind) for title, kind in pairs)


def with_details(told: Iterable[Column], *keys: str) -> tuple[Column, ...]:
    """Mark columns as such that are left out where it is tight."""
    return tuple(replace(column, detail=column.key in keys) for column in told)


def _key(title: str) -> str:
    return "_".join("".join(char if char.isalnum() else " " for char in title.lower()).split())


def tuples(rows: Iterable[Iterable[Value]]) -> tuple[Row, ...]:
    """Freeze rows."""
    return tuple(tuple(row) for row in rows)
