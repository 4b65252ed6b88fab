"""One database, either engine: connections, transactions, locks and the clock."""

import os
import select
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Executable,
    Row,
    Table,
    bindparam,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sync_service.store.errors import NotStorable, StoreMisconfigured, StoreUnavailable
from sync_service.store.refusals import LOST_RACES, explain, sqlstate
from sync_service.store.times import DatabaseClock, Stamp, to_stamp
from sync_service.store.wake import Bell

T = TypeVar("T")

Clock = Callable[[], datetime]

_LOCK_SECONDS = 10
"""How long a statement waits for another's lock: less than the 20 s in which Jira wants a webhook answered."""

_RACES = 5
"""How often a transaction is tried that keeps losing races, before its caller hears of it."""

_BEGIN = {
    "read": (),
    "write": ("PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE"),
    "durable": ("PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"),
}


class Database:
    """A pool of connections to the database of a URL; nothing is connected before it is first used.

    `clock` is for tests; without one the time is the database's own, the same for every host. Open it after a fork,
    never before: connections don't survive one. `now` is the time of each statement, as an SQL expression. `refused`
    tells whether a write was not possible since whoever asks last took it back.
    """

    def __init__(self, url: str, *, clock: Clock | None, durable: bool) -> None:
        self.url = _parse(url)
        self.place = _place(self.url)
        self.bell = Bell()
        self.now: Stamp = DatabaseClock() if clock is None else _clock_of_tests(clock)
        self.refused = False
        self._clock = clock
        self._turn = threading.Lock()
        self.engine = _connect(self.url, durable=durable)
        self._clock_text = str(DatabaseClock().compile(dialect=self.engine.dialect))
        self._engines = {
            mode: self.engine.execution_options(stagegate_mode=mode if durable or mode == "read" else "write")
            for mode in _BEGIN
        }
        # A single statement needs no BEGIN and no COMMIT, each a trip to the server.
        alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._engines |= {"once": self._engines["write"]} if self.is_sqlite else {"read": alone, "once": alone}

    @property
    def is_missing(self) -> bool:
        """Whether it is an SQLite file that would be made by the first use."""
        return self.is_sqlite and not Path(self.url.database or "").exists()

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is an SQLite file."""
        return self.engine.dialect.name == "sqlite"

    def now_text(self) -> str:
        """Return `now` as text, for a statement that is written as such."""
        return self._clock_text if self._clock is None else str(to_stamp(self._clock()))

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that knows ON CONFLICT, in the engine's own dialect."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def read(self, question: Callable[[Connection], T]) -> T:
        """Run `question` with a connection that must not write, and return its answer."""
        return self._tried(lambda: self._asked(question))

    def _asked(self, question: Callable[[Connection], T]) -> T:
        with self._engines["read"].connect() as connection:
            return question(connection)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection for reading; what the driver raises leaves as a StoreError."""
        with self._explained(), self._engines["read"].connect() as connection:
            yield connection

    def write_once(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Run one statement, which is a transaction of its own, and return its rows; as `write` in all else."""
        return self._written(lambda connection: connection.execute(statement, values).all(), mode="once", rings=False)

    def write(self, change: Callable[[Connection], T], *, durable: bool = False, rings: bool = False) -> T:
        """Run `change` in one transaction and return its answer; it may run again after a lost race.

        `durable`: on the disk before this returns, even if the power fails then. Without it an SQLite file may lose
        the last moments to a power cut (never to a crash of ours), which a later look heals. `rings`: work may have
        come due, so wake who waits for it.
        """
        answer = self._written(change, mode="durable" if durable else "write", rings=rings)
        if rings:
            self.bell.ring()
        return answer

    def _written(self, change: Callable[[Connection], T], *, mode: str, rings: bool) -> T:
        try:
            return self._tried(lambda: self._transaction(change, mode=mode, rings=rings))
        except StoreUnavailable:
            self.refused = True
            raise

    def _tried(self, act: Callable[[], T]) -> T:
        with self._explained():
            tries = 0
            while True:
                tries += 1
                try:
                    return act()
                except DBAPIError as error:
                    if tries == _RACES or sqlstate(error) not in LOST_RACES:
                        raise

    def _transaction(self, change: Callable[[Connection], T], *, mode: str, rings: bool) -> T:
        if not self.is_sqlite:
            with self._engines[mode].begin() as connection:
                if rings:
                    self.announce(connection)
                return change(connection)
        # Threads of one process take turns here, in order; SQLite's own waiting is a poll that starves some of them.
        with self._turn, self._engines[mode].begin() as connection:
            return change(connection)

    def announce(self, connection: Connection) -> None:
        """Wake the waiting processes of other hosts once the transaction is committed; SQLite's see it anyway."""
        if not self.is_sqlite:
            connection.execute(_NOTIFY)

    def lock(self, connection: Connection, name: str) -> None:
        """Hold the lock `name` until the transaction ends; on SQLite every writing transaction is alone already."""
        if not self.is_sqlite:
            connection.execute(_ADVISORY_LOCK, {"name": name})

    def channel(self, connection: Connection) -> str:
        """Return the name under which PostgreSQL tells of arrivals."""
        return str(connection.execute(_CHANNEL).scalar_one())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise explain(error.orig or error, self.place, self.url.password or "") from error
        except sqlite3.Error as error:  # from `_begin_sqlite`
            raise explain(error, self.place, "") from error
        except PoolTimeout as error:
            raise StoreUnavailable(f"{self.place}: every connection is in use; is it slow, or down?") from error
        except UnicodeEncodeError as error:
            raise NotStorable(f"{self.place}: a text holds half a character (a lone surrogate)") from error

    def close(self) -> None:
        """Wake who waits, and close all connections."""
        self.bell.close()
        self.engine.dispose()


# One channel of PostgreSQL's a schema, since several sites may share a database.
_CHANNEL = text("SELECT 'stagegate_' || md5(current_schema())")
_NOTIFY = text("SELECT pg_notify('stagegate_' || md5(current_schema()), '')")

# The lock's name goes with the schema: sites that share a database don't wait for each other.
_ADVISORY_LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('stagegate.' || coalesce(current_schema(), '') || '.' || :name, 0))"
)


def _clock_of_tests(clock: Clock) -> Stamp:
    return bindparam("clock", callable_=lambda: to_stamp(clock()), type_=BigInteger, unique=True)


def _parse(url: str) -> URL:
    """Return the URL with the driver that we use, or refuse it with a remedy."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None  # the driver's text may repeat the URL, password and all
    engine = parsed.drivername.partition("+")[0] if parsed else ""
    if parsed and engine in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed and engine == "sqlite":
        if parsed.drivername not in {"sqlite", "sqlite+pysqlite"}:
            raise StoreMisconfigured(
                "[store] url: SQLite is used with Python's own driver alone; write `sqlite:///...`"
            )
        return _sqlite_file(parsed)
    raise StoreMisconfigured(
        "[store] url: neither SQLite nor PostgreSQL; write `sqlite:///stagegate.db` or `postgresql://user@host/name`"
    )


def _sqlite_file(url: URL) -> URL:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise StoreMisconfigured("[store] url: SQLite needs a file, for instance `sqlite:///stagegate.db`")
    path = Path(url.database)
    if not path.absolute().parent.is_dir():
        raise StoreMisconfigured(f"[store] url: the folder {path.absolute().parent} does not exist; create it")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise StoreMisconfigured(f"[store] url: no permission to write {path}; give it to the service's user")
    return url


def _place(url: URL) -> str:
    """Return how errors name the database: never with its password, nor with options that could hold one."""
    if url.drivername.startswith("sqlite"):
        return f"the database {url.database}"
    port = f":{url.port}" if url.port else ""
    return f"the database {url.database or url.username} on {url.host or url.query.get('host', 'this host')}{port}"


def _connect(url: URL, *, durable: bool) -> Engine:
    try:
        return _sqlite(url) if url.drivername.startswith("sqlite") else _postgresql(url, durable=durable)
    except (ArgumentError, ValueError):  # the text may repeat a value, which could be a password
        raise StoreMisconfigured(
            "[store] url: an option after the `?` has a value that is not of its kind; write for instance a number "
            "for `port` or `timeout`, or leave the option out"
        ) from None


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, pool_size=5, max_overflow=20, connect_args={"timeout": _LOCK_SECONDS}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL, *, durable: bool) -> Engine:
    # A host that vanishes without a word is noticed within these seconds, not after the system's two hours.
    vigilance = {"connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=5,
        max_overflow=15,
        pool_timeout=_LOCK_SECONDS,
        connect_args={"application_name": "stagegate", "tcp_user_timeout": 10_000, **vigilance, **dict(url.query)},
    )
    event.listen(engine, "connect", _prepare_postgresql(durable=durable))
    event.listen(engine, "checkout", _replace_cut(engine.dialect))
    return engine


def _replace_cut(dialect: Dialect) -> Callable[[Any, object, object], None]:
    """Return what gives up a connection that the server has cut, before it is lent.

    The pool's own `pool_pre_ping` asks the server each time. A server that cuts a connection says so, or the system
    does for it: only where something lies there to be read is it asked. What is cut a moment later is tried again.
    """

    def replace_cut(connection: Any, _record: object, _proxy: object) -> None:
        said = select.poll()
        said.register(connection.fileno(), select.POLLIN)
        if not said.poll(0):
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    return replace_cut


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says, not where the driver guesses
    connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    for statement in _BEGIN[connection.get_execution_options().get("stagegate_mode", "read")]:
        driver.execute(statement)


def _prepare_postgresql(*, durable: bool) -> Callable[[Any, object], None]:
    wish = "WHERE current_setting('synchronous_commit') = 'off'" if durable else ""
    setting = "on" if durable else "off"

    def prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
            cursor.execute(f"SELECT set_config('synchronous_commit', '{setting}', false) {wish}")
        connection.commit()

    return prepare
