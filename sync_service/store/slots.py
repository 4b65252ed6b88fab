"""Certification slots: who has booked which start, one booking an issue."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, delete, select

from sync_service.store.database import Database
from sync_service.store.schema import slot
from sync_service.store.times import to_stamp
from sync_service.store.values import Booking

Choose = Callable[[tuple[Booking, ...]], date | None]


class Slots:
    """Keeps the bookings of each mapping; changes to one mapping happen strictly one after the other."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, mapping: str, issue_id: str, choose: Choose) -> date | None:
        """Return the issue's booking; without one, book what `choose` picks, given all others' bookings.

        No one else books in this mapping meanwhile, so the last place goes to one issue only. `choose` must be
        quick and have no effects; it returns None to book nothing.
        """
        return self._database.write(lambda c: self._reserve(c, mapping, issue_id, choose), durable=True)

    def _reserve(self, connection: Connection, mapping: str, issue_id: str, choose: Choose) -> date | None:
        self._database.lock(connection, f"slot.{mapping}")
        others = []
        for booking in _bookings(connection, mapping):
            if booking.issue_id == issue_id:
                return booking.start
            others.append(booking)
        start = choose(tuple(others))
        if start is not None:
            self._book(connection, mapping, Booking(issue_id=issue_id, start=start))
        return start

    def put(self, mapping: str, issue_id: str, start: date | None) -> None:
        """Keep what the issue itself says, even if that overbooks a day; None frees its booking."""
        self._database.write(lambda c: self._put(c, mapping, issue_id, start), durable=True)

    def _put(self, connection: Connection, mapping: str, issue_id: str, start: date | None) -> None:
        self._database.lock(connection, f"slot.{mapping}")
        if start is None:
            connection.execute(delete(slot).where(slot.c.issue_id == issue_id))
        else:
            self._book(connection, mapping, Booking(issue_id=issue_id, start=start))

    def get(self, mapping: str, issue_id: str) -> date | None:
        """Return the start that an issue has booked."""
        given = {"issue": issue_id, "of": mapping}
        return self._database.read(lambda connection: connection.execute(_OWN, given).scalar())

    def all(self, mapping: str) -> tuple[Booking, ...]:
        """Return a mapping's bookings, the earliest start first."""
        return self._database.read(lambda connection: _bookings(connection, mapping))

    def rebuild(self, mapping: str, bookings: Iterable[Booking], *, as_of: datetime) -> None:
        """Replace a mapping's bookings by what the issues say, who are known as of `as_of` (by the store's clock).

        A booking made since then may be newer than what was read, and stays.
        """
        known = tuple(bookings)
        self._database.write(lambda c: self._rebuild(c, mapping, known, to_stamp(as_of)), durable=True)

    def _rebuild(self, connection: Connection, mapping: str, bookings: Iterable[Booking], as_of: int) -> None:
        self._database.lock(connection, f"slot.{mapping}")
        here = slot.c.mapping == mapping
        newer = set(connection.execute(select(slot.c.issue_id).where(here, slot.c.at >= as_of)).scalars())
        connection.execute(delete(slot).where(here, slot.c.at < as_of))
        for booking in bookings:
            if booking.issue_id not in newer:
                self._book(connection, mapping, booking)

    def _book(self, connection: Connection, mapping: str, booking: Booking) -> None:
        insert = self._database.insert(slot).values(
            issue_id=booking.issue_id, mapping=mapping, start=booking.start, at=self._database.now
        )
        new = insert.excluded
        values = {"mapping": new.mapping, "start": new.start, "at": new.at}
        connection.execute(insert.on_conflict_do_update(index_elements=[slot.c.issue_id], set_=values))


# Made once: asked at each look.
_OWN = select(slot.c.start).where(slot.c.issue_id == bindparam("issue"), slot.c.mapping == bindparam("of"))


def _bookings(connection: Connection, mapping: str) -> tuple[Booking, ...]:
    question = select(slot.c.issue_id, slot.c.start).where(slot.c.mapping == mapping)
    rows = connection.execute(question.order_by(slot.c.start, slot.c.issue_id))
    return tuple(Booking(issue_id=row.issue_id, start=row.start) for row in rows)
