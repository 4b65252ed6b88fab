"""INSERTs of many rows in one statement, written as text: the hot path of the intake.

SQLAlchemy would compile and bind the same rows at three times the cost, and SQLite, stepped through row by row, lets
go of Python's interpreter lock at each; under load that is what bounds the receiver. The text means the same on both
engines.
"""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, CursorResult

from sync_service.store.database import Database


class ManyRows:
    """An INSERT into `table` of as many rows as one likes.

    `columns` maps each column to its value in SQL, where `?` stands for a value of the row and `now` for the time.
    """

    def __init__(self, database: Database, table: str, columns: dict[str, str], conflict: str) -> None:
        self._database = database
        self._head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - names of our own only
        self._row = f"({', '.join(columns.values())})".replace("?", "?" if database.is_sqlite else "%s")
        self._tail = f" ON CONFLICT {conflict}"
        self._text = cache(self._assemble)

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> CursorResult[Any]:
        """Insert the rows, each a value for every `?`, in one statement."""
        text = self._text(len(rows), self._database.now_text())
        return connection.exec_driver_sql(text, tuple(chain.from_iterable(rows)))

    def _assemble(self, count: int, now: str) -> str:
        return self._head + ", ".join([self._row.replace("now", now)] * count) + self._tail
