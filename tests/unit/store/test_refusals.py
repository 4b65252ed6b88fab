"""What the store says when it cannot: what is wrong, what to do, and no secrets."""

import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, text

from sync_service.errors import ConfigurationError
from sync_service.store import NotStorable, Store, StoreError, StoreMisconfigured, StoreUnavailable, open_store
from sync_service.store.opened import KEEPS_FOR, PROBE, PROBE_TEXT
from sync_service.store.refusals import explain

from .conftest import Clock, claimed, delivery

SECRET = "planted-pg-passw0rd"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "neither SQLite nor PostgreSQL"),
        (f"://user:{SECRET}@@/x y", "neither SQLite nor PostgreSQL"),
        (f"mysql://user:{SECRET}@host/name", "neither SQLite nor PostgreSQL"),
        (f"postgresql://user:{SECRET}@host:port/name", "neither SQLite nor PostgreSQL"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:///file:x?mode=memory", "needs a file"),
        ("sqlite+aiosqlite:///x", "Python's own driver alone; write `sqlite:///"),
        ("sqlite+nonsense:///x", "Python's own driver alone; write `sqlite:///"),
        ("sqlite:///x?timeout=abc", "an option after the `\\?` .* write for instance a number for `port` or `timeout`"),
        ("sqlite:///x?check_same_thread=perhaps", "an option after the `\\?`"),
        (f"postgresql://user@/name?host=/tmp&port={SECRET}", "an option after the `\\?`"),
        ("sqlite:////no/such/folder/stagegate.db", "/no/such/folder does not exist; create it"),
    ],
)
def test_a_wrong_url_is_refused_with_a_remedy(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        open_store(url)
    assert SECRET not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_postgresql_means_our_driver(scheme: str) -> None:
    with open_store(f"{scheme}://user@127.0.0.1:1/name") as store:
        assert store._database.engine.dialect.driver == "psycopg"


def test_a_file_without_permission_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(StoreMisconfigured, match=r"no permission to write .*x\.db; give it to the service's user"):
        open_store(f"sqlite:///{tmp_path / 'x.db'}")


def test_a_server_that_is_down_is_unavailable_and_keeps_its_password_to_itself() -> None:
    with open_store(f"postgresql://stagegate:{SECRET}@127.0.0.1:1/stagegate?sslpassword={SECRET}") as store:
        with pytest.raises(
            StoreUnavailable, match=r"stagegate on 127\.0\.0\.1:1: the server cannot be reached"
        ) as down:
            store.check()
        with pytest.raises(StoreUnavailable):
            store.inbox.receive(delivery())
    assert SECRET not in "".join(traceback.format_exception(down.value))


def test_a_server_that_refuses_us_is_a_matter_of_configuration(pg_server: str) -> None:
    from sqlalchemy import make_url

    url = make_url(pg_server).set(database="no_such_database").render_as_string(hide_password=False)
    with (
        open_store(url) as store,
        pytest.raises(ConfigurationError, match="the server refused the user"),
    ):
        store.check()


def test_a_password_never_shows_even_if_the_server_repeats_it(pg_url: str) -> None:
    class Repeating(Exception):
        sqlstate = "28P01"

    error = explain(Repeating(f'password "{SECRET}" is wrong'), "the database x", SECRET)
    assert isinstance(error, StoreMisconfigured)
    assert str(error) == (
        'the database x: the server refused the user or its password; correct `[store] url` (password "***" is wrong)'
    )


def test_what_a_statement_carried_never_shows(store: Store) -> None:
    with pytest.raises(StoreError) as refused:
        store._database.read(lambda c: c.execute(text("SELECT * FROM nowhere WHERE x = :x"), {"x": SECRET}))
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_connections_that_the_server_cut_are_replaced(pg_url: str, pg_server: str) -> None:
    with open_store(f"{pg_url}&application_name=cut") as store, psycopg.connect(pg_server, autocommit=True) as admin:
        store.migrate()
        for _ in range(3):
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut'")
            assert store.inbox.receive(delivery())
        assert claimed(store) == ["10001"]


def test_a_connection_cut_within_a_transaction_is_unavailable_and_keeps_nothing(pg_url: str) -> None:
    with open_store(pg_url) as store:
        store.migrate()
        with pytest.raises(StoreUnavailable):
            store._database.write(
                lambda c: (
                    c.execute(text("INSERT INTO mark VALUES ('x', '', 0)")),
                    c.execute(text("SELECT pg_terminate_backend(pg_backend_pid())")),
                )
            )
        assert store.marks.get("x") is None


def test_a_full_disk_is_unavailable_and_heals_by_itself(sqlite_url: str) -> None:
    pages = 1
    with open_store(sqlite_url) as store:

        def limit(connection: sqlite3.Connection) -> None:
            connection.connection.driver_connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

        store.migrate()
        event.listen(store._database.engine, "begin", limit)
        with pytest.raises(StoreUnavailable, match="the disk is full; free some space"):
            fill(store)
        kept = len(store.inbox.recent(limit=10_000))
        assert store.queue.depth().waiting == kept, "whole deliveries only"
        with pytest.raises(StoreUnavailable):
            store.inbox.receive(delivery("late", name="late"))

        pages = 1_000_000
        assert store.inbox.receive(delivery("late", name="late"))
        assert store.queue.depth().waiting == kept + 1


def test_a_check_notices_that_nothing_is_kept_though_reading_goes_on(sqlite_url: str, clock: Clock) -> None:
    pages = 1
    with open_store(sqlite_url, clock=clock) as store:

        def limit(connection: sqlite3.Connection) -> None:
            connection.connection.driver_connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

        store.migrate()
        event.listen(store._database.engine, "begin", limit)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="the disk is full; free some space"):
                store.check()
        pages = 1_000_000
        store.check()
        assert store.marks.told(PROBE) == (PROBE_TEXT, clock())


def test_a_check_after_a_delivery_that_was_not_kept_waits_for_nothing(store: Store, clock: Clock) -> None:
    store.check()
    clock.advance(seconds=1)

    def disconnected(_connection: object) -> None:
        raise explain(sqlite3.OperationalError(), "the database", "")

    with pytest.raises(StoreUnavailable):
        store._database.write(disconnected)
    store.check()
    assert store.marks.told(PROBE) == (PROBE_TEXT, clock())


def test_a_check_notices_a_server_that_has_become_read_only(pg_url: str) -> None:
    with open_store(pg_url) as store:
        store.migrate()
        store.check()
    stand_by = pg_url.replace("options=", "options=-cdefault_transaction_read_only%3Don%20")
    with open_store(stand_by) as store, pytest.raises(StoreUnavailable, match="the server is read-only, perhaps a"):
        store.check()


def test_a_check_writes_once_in_a_while_however_often_it_is_asked(store: Store, clock: Clock) -> None:
    began = clock()
    for _ in range(5):
        store.check()
        clock.advance(seconds=KEEPS_FOR.total_seconds() / 5)
    assert store.marks.told(PROBE) == (PROBE_TEXT, began)
    store.check()
    assert store.marks.told(PROBE) == (PROBE_TEXT, clock())
    clock.advance(days=-1)  # somebody set the database's clock back
    store.check()
    assert store.marks.told(PROBE) == (PROBE_TEXT, clock())


def test_a_lock_held_by_another_process_is_unavailable(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync_service.store.database._LOCK_SECONDS", 0.05)
    with open_store(sqlite_url) as store:
        store.migrate()
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another process held the write lock"):
            store.inbox.receive(delivery())
        assert store.inbox.recent() == (), "reading goes on"
        other.rollback()
        other.close()
        assert store.inbox.receive(delivery())


def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database at all, but long enough to be read as one" * 10)
    with (
        open_store(f"sqlite:///{tmp_path / 'notes.txt'}") as store,
        pytest.raises(StoreMisconfigured, match="not an SQLite database; correct"),
    ):
        store.check()


def test_no_free_connection_is_unavailable(pg_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync_service.store.database._LOCK_SECONDS", 1)
    with open_store(pg_url) as store:
        store.migrate()
        lent = [store._database.engine.connect() for _ in range(20)]
        with pytest.raises(StoreUnavailable, match="every connection is in use"):
            store.check()
        for connection in lent:
            connection.close()
        store.check()


def fill(store: Store) -> None:
    for number in range(10_000):
        store.inbox.receive(delivery(str(number)))


class Raised(Exception):
    def __init__(self, words: str, **codes: str) -> None:
        super().__init__(words)
        self.__dict__.update(codes)


class OperationalError(Raised):
    pass


class DataError(Raised):
    pass


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Raised("x", sqlstate="57P01"), StoreUnavailable),
        (Raised("x", sqlstate="53100"), StoreUnavailable),
        (Raised("x", sqlstate="40P01"), StoreUnavailable),
        (Raised("x", sqlstate="25006"), StoreUnavailable),
        (Raised("x", sqlstate="42501"), StoreMisconfigured),
        (Raised("x", sqlstate="22021"), NotStorable),
        (Raised("x", sqlstate="23502"), NotStorable),
        (Raised("x", sqlstate="42601"), StoreError),
        (Raised("x", sqlite_errorname="SQLITE_READONLY_DBMOVED"), StoreUnavailable),
        (Raised("x", sqlite_errorname="SQLITE_CANTOPEN"), StoreUnavailable),
        (Raised("x", sqlite_errorname="SQLITE_CORRUPT_VTAB"), StoreMisconfigured),
        (Raised("x", sqlite_errorname="SQLITE_CONSTRAINT_NOTNULL"), NotStorable),
        (Raised("no such table: work", sqlite_errorname="SQLITE_ERROR"), StoreMisconfigured),
        (Raised("x", sqlite_errorname="SQLITE_ERROR"), StoreError),
        (OperationalError("x"), StoreUnavailable),
        (DataError("x"), NotStorable),
        (Raised("x"), StoreError),
    ],
    ids=lambda value: (getattr(value, "sqlstate", None) or getattr(value, "sqlite_errorname", None)
                       or getattr(value, "__name__", type(value).__name__)),
)  # fmt: skip
def test_every_answer_of_a_driver_has_its_meaning(error: BaseException, kind: type[StoreError]) -> None:
    assert type(explain(error, "the database x", "")) is kind


def test_importing_the_room_costs_next_to_nothing() -> None:
    script = "import sys, sync_service.store; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "sqlalchemy" not in loaded
    assert "alembic" not in loaded


def test_opening_a_prepared_store_needs_no_alembic(sqlite_url: str) -> None:
    with open_store(sqlite_url) as store:
        store.migrate()
    script = (
        "import sys; from sync_service.store import Store, open_store\n"
        "with open_store(sys.argv[1]) as s: s.migrate(); s.check(); assert isinstance(s, Store)\n"
        "print('alembic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script, sqlite_url], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_a_name_that_does_not_exist_is_said_so() -> None:
    import sync_service.store

    with pytest.raises(AttributeError, match="no attribute 'Sotre'"):
        sync_service.store.Sotre  # type: ignore[attr-defined]  # noqa: B018


def test_without_durability_the_database_may_lag(url: str) -> None:
    with open_store(url, durable=False) as store:
        store.migrate()
        assert store.inbox.receive(delivery())
        assert claimed(store) == ["10001"]
        if url.startswith("postgresql"):
            setting = store._database.read(lambda c: c.execute(text("SHOW synchronous_commit")).scalar())
            assert setting == "off"
