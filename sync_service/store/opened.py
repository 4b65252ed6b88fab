"""The store as one thing: its parts on one database."""

from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from sqlalchemy import select, text

from sync_service.store.database import Clock, Database
from sync_service.store.inbox import Inbox
from sync_service.store.ledger import Ledger
from sync_service.store.marks import Marks
from sync_service.store.migrate import migrate
from sync_service.store.projections import Projections
from sync_service.store.queue import Queue
from sync_service.store.slots import Slots
from sync_service.store.times import from_stamp
from sync_service.store.traffic import Traffic

KEEPS_FOR = timedelta(seconds=10)
"""For how long a write that succeeded says that the next would."""

PROBE = "probe"
PROBE_TEXT = "." * 16_384
"""As much as a delivery: what is left of a full disk, or of SQLite's log, may hold a shorter one for a while yet."""


class Store:
    """All that the service remembers; each part is usable from any thread."""

    def __init__(self, url: str, *, clock: Clock | None = None, durable: bool = True) -> None:
        self._database = Database(url, clock=clock, durable=durable)
        self.inbox = Inbox(self._database)
        self.queue = Queue(self._database)
        self.slots = Slots(self._database)
        self.projections = Projections(self._database)
        self.ledger = Ledger(self._database)
        self.marks = Marks(self._database)
        self.traffic = Traffic(self._database)
        self._kept_at: datetime | None = None

    @property
    def is_missing(self) -> bool:
        """Whether the database is a file that isn't there: using it would make an empty one."""
        return self._database.is_missing

    def migrate(self) -> None:
        """Create or upgrade the tables; safe from many processes at once, quick when there is nothing to do."""
        migrate(self._database)

    def check(self) -> None:
        """Raise StoreUnavailable when the database does not answer or write, StoreMisconfigured without its tables.

        Reading goes on with a full disk and on a server that has become a stand-by, so something is written too. Probes
        come often: each process writes only once in a while, unless a write of its own has failed since.
        """
        self._database.read(lambda connection: connection.execute(text("SELECT 1 FROM alembic_version")).scalar())
        now = self.now()
        if self._database.refused or self._kept_at is None or abs(now - self._kept_at) >= KEEPS_FOR:
            self._database.refused = False  # before: this write, or another thread's, may fail again
            self.marks.put(PROBE, PROBE_TEXT)
            self._kept_at = now

    def now(self) -> datetime:
        """Return the time by which the store goes: the database's, or the clock that it was opened with."""
        question = select(self._database.now)
        return from_stamp(self._database.read(lambda connection: connection.execute(question).scalar_one()))

    def close(self) -> None:
        """Wake who waits for work, and close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
