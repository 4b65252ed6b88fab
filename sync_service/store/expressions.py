"""SQL that means the same on both engines."""

from typing import Any

from sqlalchemy import ColumnElement, case


def least(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the smaller of two values; PostgreSQL calls it LEAST and SQLite MIN."""
    return case((one < other, one), else_=other)


def greatest(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the larger of two values; PostgreSQL calls it GREATEST and SQLite MAX."""
    return case((one > other, one), else_=other)
