"""A database of an older version, with rows in every table that it had: it is brought up on start, and serves them."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from click.testing import CliRunner

import sync_service.store
from sync_service.cli import stagegate
from sync_service.store.database import Database
from sync_service.store.migrate import migrate
from sync_service.store.schema import HEAD

FAILURE = {"type": "ServerFault", "text": "503 from Jira", "trace": "in reconcile", "version": "0.0.9"}
VALUES: dict[str, Any] = {
    "issue_id": "10007",
    "label": "INT-7",
    "key": "INT-7",
    "dead": 1,
    "priority": 0,
    "error": json.dumps(FAILURE),
    "body": b"{}",
    "start": "2026-03-02",
    "state": "{}",
    "detail": "{}",
    "reasons": "[]",
    "deliveries": "[]",
} | dict.fromkeys(["lease", "lease_until", "owner"])
"""What has a meaning of its own; any other text is its column's name, any other number 1."""


def revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(Path(sync_service.store.__file__).parent / "migrations"))
    return sorted(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())


def tables(database: sqlite3.Connection) -> dict[str, dict[str, str]]:
    """Return each table's columns with their types, but for those that are computed."""
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        name: {column[1]: column[2] for column in database.execute(f"PRAGMA table_xinfo({name})") if not column[6]}
        for name in names
        if not name.startswith(("alembic_", "sqlite_"))
    }


def fill(database: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Put a row into every table; return what each holds."""
    rows = {
        table: {name: VALUES.get(name, name if kind == "TEXT" else 1) for name, kind in columns.items()}
        for table, columns in tables(database).items()
    }
    for table, row in rows.items():
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    database.commit()
    return rows


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/stagegate.db"\n', encoding="utf-8")
    return path


def told(config: Path, *words: str) -> Any:
    done = CliRunner().invoke(stagegate, ["queue", *words, "--json", "--config", str(config)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("revision", [one for one in revisions() if one != HEAD])
def test_a_database_of_an_older_version_is_brought_up_and_serves_what_it_holds(
    revision: str, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "stagegate.db"
    older = Database(f"sqlite:///{file}", clock=None, durable=True)
    migrate(older, target=revision)
    older.close()
    database = sqlite3.connect(file)
    rows = fill(database)
    assert {"inbox", "work"} <= set(rows)

    listing = told(config, "list")

    assert database.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
    assert [(key["key"], key["error"]["text"]) for key in listing["keys"]] == [("INT-7", FAILURE["text"])]
    now = tables(database)
    for table, row in rows.items():
        kept = {name: value for name, value in row.items() if name in now.get(table, {})}
        held = database.execute(f"SELECT {', '.join(kept)} FROM {table}").fetchall() if kept else []
        assert held == ([tuple(kept.values())] if kept else []), f"a row of {table} was changed"
    database.close()
    assert told(config, "show", "INT-7")["deliveries"], "the delivery is served too"
    assert told(config, "replay", "INT-7") == {"keys": 1, "not_dead": []}
