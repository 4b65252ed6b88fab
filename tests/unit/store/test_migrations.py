"""Migrations: from nothing, from an older version, from two processes at once; never backwards."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import sync_service.store
from sync_service.errors import ConfigurationError
from sync_service.store import Store, StoreMisconfigured, StoreNewer, open_store
from sync_service.store.database import Database
from sync_service.store.migrate import migrate
from sync_service.store.schema import HEAD, metadata

from .conftest import claimed, delivery

START = (
    "import sys; from sync_service.store import open_store\nwith open_store(sys.argv[1]) as s: s.migrate(); s.check()"
)


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(sync_service.store.__file__).parent / "migrations"))
    return ScriptDirectory.from_config(config)


def revision(store: Store) -> str | None:
    return store._database.read(lambda c: c.execute(text("SELECT version_num FROM alembic_version")).scalar())


def test_the_newest_migration_is_the_one_the_program_expects() -> None:
    assert scripts().get_heads() == [HEAD]


def test_the_migrations_lead_to_the_tables_that_the_code_uses(store: Store) -> None:
    with store._database.engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
    assert difference == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    store.inbox.receive(delivery())
    store.migrate()
    store.check()
    assert claimed(store) == ["10001"]


def test_many_processes_may_start_at_once_on_an_empty_database(url: str) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", START, url], stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    ended = [(process.communicate(timeout=240)[1], process.returncode) for process in started]
    assert ended == [("", 0)] * 4
    with open_store(url) as store:
        assert revision(store) == HEAD
        assert store.inbox.receive(delivery())


def test_an_older_database_is_upgraded_and_keeps_what_it_holds(url: str) -> None:
    with open_store(url) as store:
        migrate(store._database, target="0001")
        assert store.inbox.receive(delivery("10001"))
        assert revision(store) == "0001"

        store.migrate()

        assert revision(store) == HEAD
        assert claimed(store) == ["10001"]
        assert store.slots.reserve("paytronix", "10001", lambda _: date(2026, 3, 2)) == date(2026, 3, 2)


def test_a_newer_database_is_refused_and_left_alone(store: Store) -> None:
    store._database.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(
        StoreNewer, match=r"migration 9999, newer than .* \(up to \d+\); start the version that wrote it"
    ):
        store.migrate()
    assert revision(store) == "9999"


def test_a_failed_migration_leaves_nothing_behind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(url) as store:
        with monkeypatch.context() as patch:
            patch.setattr("alembic.op.create_index", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("power cut")))
            with pytest.raises(RuntimeError, match="power cut"):
                store.migrate()
        with pytest.raises(StoreMisconfigured, match="tables are missing"):
            store.check()
        store.migrate()
        store.check()


def test_an_unprepared_database_is_told_apart_from_one_that_is_down(url: str) -> None:
    if url.startswith("postgresql"):  # the schema itself is made by migrating
        with open_store(url) as store:
            migrate(store._database, target="0001")
            store._database.write(lambda c: c.execute(text("DROP TABLE alembic_version")))
    with open_store(url) as store, pytest.raises(StoreMisconfigured, match="tables are missing"):
        store.check()


def test_two_sites_in_two_schemas_know_nothing_of_each_other(pg_url: str, pg_server: str) -> None:
    other = pg_url + "_b"
    with open_store(pg_url) as here, open_store(other) as there:
        here.migrate()
        there.migrate()
        here.inbox.receive(delivery("here", name="d-1"))
        assert there.inbox.receive(delivery("there", name="d-1"))
        assert claimed(here) == ["here"]
        assert claimed(there) == ["there"]
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {other.rpartition('%3D')[2]} CASCADE")


def test_a_search_path_that_names_no_schema_is_explained(pg_server: str) -> None:
    joint = "&" if "?" in pg_server else "?"
    with (
        open_store(f"{pg_server}{joint}options=-csearch_path%3D") as store,
        pytest.raises(ConfigurationError, match="names no schema; add"),
    ):
        store.migrate()


def test_a_path_with_a_percent_sign_is_no_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "100%(here)s"
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'stagegate.db'}", clock=None, durable=True)
    migrate(database)
    database.close()
