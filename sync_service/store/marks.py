"""Marks: small facts that all processes share, such as a watermark, a tick that has fired, or a pause."""

from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, delete, select

from sync_service.store.database import Database
from sync_service.store.expressions import greatest
from sync_service.store.schema import mark, pause
from sync_service.store.times import from_stamp, milliseconds, to_stamp

_BEGUN, _ENDED = "begun", "ended"


class Marks:
    """Keeps named texts, and pauses that every worker honours."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Made once: asked before each request to Jira.
        self._left = select(pause.c.until - database.now).where(pause.c.name == bindparam("pause"))

    def get(self, name: str) -> str | None:
        """Return a mark's text, None when it was never put."""
        question = select(mark.c.value).where(mark.c.name == name)
        return self._database.read(lambda connection: connection.execute(question).scalar())

    def told(self, name: str) -> tuple[str, datetime] | None:
        """Return a mark's text and when it was put, None when it never was."""
        question = select(mark.c.value, mark.c.at).where(mark.c.name == name)
        row = self._database.read(lambda connection: connection.execute(question).first())
        return None if row is None else (row.value, from_stamp(row.at))

    def put(self, name: str, value: str) -> None:
        """Set a mark's text."""
        insert = self._database.insert(mark).values(name=name, value=value, at=self._database.now)
        changed = {"value": insert.excluded.value, "at": insert.excluded.at}
        statement = insert.on_conflict_do_update(index_elements=[mark.c.name], set_=changed)
        self._database.write(lambda connection: connection.execute(statement))

    def begin(self, name: str, patience: timedelta) -> bool:
        """Return True to exactly one caller, on whatever host: so a schedule's tick fires once.

        Another may begin when it is given back, or when whoever began has not ended it after `patience`.
        """
        insert = self._database.insert(mark).values(name=name, value=_BEGUN, at=self._database.now)
        dead = and_(mark.c.value == _BEGUN, mark.c.at <= self._database.now - milliseconds(patience))
        statement = insert.on_conflict_do_update(
            index_elements=[mark.c.name], set_={"at": insert.excluded.at}, where=dead
        ).returning(mark.c.name)
        return self._database.write(lambda connection: connection.execute(statement).first() is not None)

    def end(self, name: str) -> None:
        """Note that what was begun is done: nobody begins it again."""
        self.put(name, _ENDED)

    def give_back(self, name: str) -> None:
        """Let somebody begin again what was begun and did not succeed."""
        statement = delete(mark).where(mark.c.name == name, mark.c.value == _BEGUN)
        self._database.write(lambda connection: connection.execute(statement))

    def prune(self, prefix: str, older_than: timedelta) -> int:
        """Forget the marks whose names begin so and that were last put longer ago than that; return how many."""
        old = mark.c.at < self._database.now - milliseconds(older_than)
        statement = delete(mark).where(mark.c.name.startswith(prefix, autoescape=True), old).returning(mark.c.name)
        return self._database.write(lambda connection: len(connection.execute(statement).all()))

    def pause(self, name: str, until: datetime | timedelta) -> None:
        """Pause what the name stands for, in every process; a running longer pause stays as it is."""
        end = self._database.now + milliseconds(until) if isinstance(until, timedelta) else to_stamp(until)
        insert = self._database.insert(pause).values(name=name, until=end)
        longer = {"until": greatest(pause.c.until, insert.excluded.until)}
        statement = insert.on_conflict_do_update(index_elements=[pause.c.name], set_=longer)
        self._database.write(lambda connection: connection.execute(statement))

    def paused(self, name: str) -> timedelta | None:
        """Return how much longer the pause lasts, None when there is none."""
        left = self._database.read(lambda connection: connection.execute(self._left, {"pause": name}).scalar())
        return timedelta(milliseconds=left) if left is not None and left > 0 else None
