"""Brings a database to the tables of this version, once, however many processes start at the same time."""

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from sync_service.store.database import Database
from sync_service.store.errors import StoreMisconfigured, StoreNewer
from sync_service.store.schema import HEAD

_SCRIPTS = Path(__file__).parent / "migrations"

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps its context in module globals, so the threads of one process take turns."""


def migrate(database: Database, *, target: str = HEAD) -> None:
    """Create or upgrade the tables, in one transaction; a database that is newer than the program is refused.

    The schema that PostgreSQL's search path names first is created if it is missing. Raises StoreNewer.
    """
    if database.read(_revision) != target:
        with _ONE_AT_A_TIME:
            database.write(lambda connection: _upgrade(database, connection, target), durable=True)


def _revision(connection: Connection) -> str | None:
    """Return the migration that the database is at, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(database: Database, connection: Connection, target: str) -> None:
    # Alembic takes 0.1 s and some megabytes: imported only when there is something to do.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    database.lock(connection, "migrate")
    if not database.is_sqlite and _ensure_schema(connection):
        database.lock(connection, "migrate")  # now by the schema's name, as those lock who find it in place
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    _refuse_newer(database, _revision(connection), {script.revision for script in scripts.walk_revisions()})
    with EnvironmentContext(config, scripts, fn=lambda revision, _: scripts._upgrade_revs(target, revision)) as context:
        context.configure(connection=connection, transactional_ddl=True)
        context.run_migrations()


def _refuse_newer(database: Database, revision: str | None, known: set[str]) -> None:
    if revision is not None and revision not in known:
        raise StoreNewer(
            f"{database.place} is at migration {revision}, newer than this version of Stagegate knows (up to {HEAD});"
            " start the version that wrote it, or restore the backup from before the upgrade"
        )


def _ensure_schema(connection: Connection) -> bool:
    """Create the schema that the search path names first; return False when there is one already."""
    present, path = connection.execute(text("SELECT current_schema(), current_setting('search_path')")).one()
    if present is not None:
        return False
    name = path.split(",")[0].strip().strip('"')
    if not name or name == "$user":
        raise StoreMisconfigured(f"{path}: PostgreSQL's search path names no schema; add `?options=-csearch_path=NAME`")
    quoted = connection.dialect.identifier_preparer.quote(name)
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted}"))
    return True
