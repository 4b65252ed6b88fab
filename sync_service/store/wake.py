"""Waiting for work without polling the queue: a bell in the process, and each engine's own way across processes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sync_service.store.database import Database

_SQLITE_LOOK = 0.05
"""Seconds between looks at the file's change counter, which tells of other processes' commits; a look costs 20 µs."""

_POSTGRESQL_LOOK = 0.25
"""Seconds that a wait for NOTIFY may overlook the bell of its own process."""

_FAREWELL = 5.0
"""Seconds that closing waits at most for those who wait; they leave within a look unless the server hangs."""


class Bell:
    """Tells the waiting threads of one process that work may have come due."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rung = 0
        self._closed = False
        self._attending = 0

    @property
    def rung(self) -> int:
        """How often it was rung so far; pass it to `heard`."""
        return self._rung

    @property
    def closed(self) -> bool:
        """Whether the store is being closed."""
        return self._closed

    def ring(self) -> None:
        """Wake every waiting thread of this process."""
        with self._changed:
            self._rung += 1
            self._changed.notify_all()

    @contextmanager
    def attended(self) -> Iterator[None]:
        """Count the calling thread as one that waits, so that `close` lets it leave first."""
        with self._changed:
            self._attending += 1
        try:
            yield
        finally:
            with self._changed:
                self._attending -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Wake every waiting thread for good, and let them put their connections back."""
        self._closed = True
        self.ring()
        with self._changed:
            self._changed.wait_for(lambda: not self._attending, timeout=_FAREWELL)

    def heard(self, since: int, seconds: float) -> bool:
        """Wait until it has rung more than `since` times, at most so many seconds; tell whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self._rung != since, timeout=seconds)


def wait(database: "Database", seconds: float, until_due: "Callable[[Connection], float | None]") -> bool:
    """Return True as soon as `until_due` tells that something is due; False after `seconds` or on closing.

    `until_due` returns the seconds until the next key is due, None when none waits.
    """
    end = monotonic() + seconds
    with database.bell.attended(), database.connection() as connection, _ears(database, connection) as listen:
        while True:
            rung = database.bell.rung
            hear = listen()  # before looking: what is committed from here on is heard
            pause = until_due(connection)
            if pause is not None and pause <= 0:
                return True
            left = end - monotonic()
            if left <= 0 or database.bell.closed:
                return False
            hear(rung, monotonic() + (left if pause is None else min(left, pause)))


_Hear = Callable[[int, float], None]
"""Returns once something was committed, the bell has rung more often than the first argument says, or the time
(monotonic) of the second has come."""


@contextmanager
def _ears(database: "Database", connection: "Connection") -> Iterator[Callable[[], _Hear]]:
    if database.is_sqlite:
        yield lambda: _hear_file(database.bell, connection)
        return
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.exec_driver_sql(f'LISTEN "{database.channel(connection)}"')
    try:
        yield lambda: _hear_server(database.bell, connection)
    except BaseException:
        connection.invalidate()  # never back to the pool while it may still listen
        raise
    connection.exec_driver_sql("UNLISTEN *")


def _hear_file(bell: Bell, connection: "Connection") -> _Hear:
    driver: Any = connection.connection.driver_connection

    def version() -> Any:
        return driver.execute("PRAGMA data_version").fetchone()

    known = version()

    def hear(rung: int, end: float) -> None:
        while (left := end - monotonic()) > 0:
            if bell.heard(rung, min(left, _SQLITE_LOOK)) or version() != known:
                return

    return hear


def _hear_server(bell: Bell, connection: "Connection") -> _Hear:
    import psycopg

    driver: Any = connection.connection.driver_connection

    def hear(rung: int, end: float) -> None:
        try:
            while (left := end - monotonic()) > 0 and bell.rung == rung:
                if list(driver.notifies(timeout=min(left, _POSTGRESQL_LOOK), stop_after=1)):
                    return
        except psycopg.OperationalError:
            return  # the look that follows meets the same broken connection, and says so

    return hear
