"""Turns that all processes share: who takes a stretch of time has it for itself, and what it does then is paced."""

from datetime import timedelta

from sqlalchemy import BigInteger, bindparam, case

from sync_service.store.database import Database
from sync_service.store.expressions import greatest
from sync_service.store.schema import pause
from sync_service.store.times import milliseconds


class Traffic:
    """Hands out one line of time, stretch by stretch, each to one taker, whatever host it is on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        now = database.now
        span, saved, ahead, most = (
            bindparam(name, type_=BigInteger, unique=False) for name in ("span", "saved", "ahead", "most")
        )
        # Beyond `most` nobody can have come in good faith: the database's clock was set back. The line starts anew.
        absurd = pause.c.next_turn > now + most
        begins = case((absurd, now), else_=greatest(pause.c.next_turn, now - saved))
        insert = database.insert(pause).values(name=bindparam("line"), until=0, next_turn=now - saved + span)
        self._take = insert.on_conflict_do_update(
            index_elements=[pause.c.name],
            set_={"next_turn": begins + span},
            where=(pause.c.next_turn <= now + ahead) | absurd,
        ).returning(pause.c.next_turn - span - now)

    def take(
        self, line: str, span: timedelta, *, saved: timedelta, ahead: timedelta, most: timedelta
    ) -> timedelta | None:
        """Take the next `span` of a line, and return in how long it begins; negative: it already has.

        Time that nobody took is kept for `saved`, no longer. None: the line reaches farther than `ahead` from now (a
        negative one asks that it ends so far in the past), and nothing is taken; ask again. A line that reaches
        farther than `most` is one from before the database's clock was set back, and starts anew.
        """
        spans = {"span": span, "saved": saved, "ahead": ahead, "most": most}
        values = {"line": line, **{name: milliseconds(value) for name, value in spans.items()}}
        taken = self._database.write_once(self._take, values)
        return timedelta(milliseconds=taken[0][0]) if taken else None
