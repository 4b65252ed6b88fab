"""Projections: the last derived state of each project issue, for reports and the console; disposable."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, or_, select
from sqlalchemy.sql.dml import ReturningInsert

from sync_service.store.database import Database
from sync_service.store.expressions import greatest
from sync_service.store.schema import projection
from sync_service.store.times import from_stamp, to_stamp
from sync_service.store.values import Projection

_PAGE = 500
"""How many rows are read at once: what a walk over the whole portfolio needs in memory."""


class Projections:
    """Keeps one projection an issue."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._upsert = _upsert(database)  # made once: to make it costs as much as to run it

    def put(self, seen: Projection) -> bool:
        """Keep what was derived of an issue; return False, and write nothing, when it is what was known already."""
        return bool(self._database.write_once(self._upsert, _row(seen)))

    def get(self, issue_id: str) -> Projection | None:
        """Return an issue's projection by its id."""
        return self._first(projection.c.issue_id == issue_id)

    def by_key(self, key: str) -> Projection | None:
        """Return an issue's projection by the key that it last had; the latest if two have had it."""
        return self._first(projection.c.key == key)

    def all(self, mapping: str | None = None) -> Iterator[Projection]:
        """Walk over the projections by issue id, all or one mapping's, however many, in constant memory."""
        question = select(projection).order_by(projection.c.issue_id).limit(_PAGE)
        if mapping is not None:
            question = question.where(projection.c.mapping == mapping)
        last = ""
        while page := self._rows(question.where(projection.c.issue_id > last)):
            yield from page
            last = page[-1].issue_id

    def versions(self) -> dict[str, datetime]:
        """Return when each issue became what it is, for whoever keeps what was made of states and reads what moved."""
        question = select(projection.c.issue_id, projection.c.at)
        rows = self._database.read(lambda connection: connection.execute(question).all())
        return {row.issue_id: from_stamp(row.at) for row in rows}

    def these(self, issue_ids: Iterable[str]) -> Iterator[Projection]:
        """Walk over the projections of these issues, however many."""
        wanted = sorted(issue_ids)
        for start in range(0, len(wanted), _PAGE):
            yield from self._rows(select(projection).where(projection.c.issue_id.in_(wanted[start : start + _PAGE])))

    def count(self) -> int:
        """Return how many issues are known."""
        question = select(func.count()).select_from(projection)
        return self._database.read(lambda connection: int(connection.execute(question).scalar_one()))

    def drop(self, issue_ids: Iterable[str]) -> int:
        """Forget issues that are no longer projects of ours; return how many were known."""
        some = projection.c.issue_id.in_(list(issue_ids))
        statement = delete(projection).where(some).returning(projection.c.issue_id)
        return self._database.write(lambda connection: len(connection.execute(statement).all()))

    def _first(self, condition: ColumnElement[bool]) -> Projection | None:
        question = select(projection).where(condition).order_by(projection.c.at.desc()).limit(1)
        return next(iter(self._rows(question)), None)

    def _rows(self, question: Any) -> list[Projection]:
        return self._database.read(lambda connection: [_projection(row) for row in connection.execute(question)])


def _upsert(database: Database) -> ReturningInsert[Any]:
    insert = database.insert(projection)
    columns = [column.name for column in projection.c if column.name not in {"issue_id", "at"}]
    return insert.on_conflict_do_update(
        index_elements=[projection.c.issue_id],
        set_={name: insert.excluded[name] for name in columns}
        # Jira's clock has whole seconds; two changes within one are two versions.
        | {"at": greatest(insert.excluded["at"], projection.c.at + 1)},
        where=or_(*(projection.c[name] != insert.excluded[name] for name in columns)),
    ).returning(projection.c.issue_id)


def _row(seen: Projection) -> dict[str, Any]:
    return {
        "issue_id": seen.issue_id,
        "key": seen.key,
        "mapping": seen.mapping,
        "stage": seen.stage,
        "fingerprint": seen.fingerprint,
        # Sorted, so that equal states are equal texts.
        "state": json.dumps(seen.state, sort_keys=True, separators=(",", ":"), allow_nan=False),
        "at": to_stamp(seen.at),
    }


def _projection(row: Row[Any]) -> Projection:
    return Projection(
        issue_id=row.issue_id,
        key=row.key,
        mapping=row.mapping,
        stage=row.stage,
        fingerprint=row.fingerprint,
        state=json.loads(row.state),
        at=from_stamp(row.at),
    )
