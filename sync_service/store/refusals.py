"""Turns what the drivers raise into the store's own errors, with the remedy and without the statement's values."""

from sqlalchemy.exc import DBAPIError

from sync_service.store.errors import NotStorable, StoreError, StoreMisconfigured, StoreUnavailable

_Answer = tuple[type[StoreError], str]

_SQLITE: dict[str, _Answer] = {
    "SQLITE_FULL": (StoreUnavailable, "the disk is full; free some space, the service then goes on by itself"),
    "SQLITE_BUSY": (StoreUnavailable, "another process held the write lock for too long; look for an open transaction"),
    "SQLITE_LOCKED": (StoreUnavailable, "another connection held a lock for too long"),
    "SQLITE_READONLY": (StoreUnavailable, "the file may not be written; give the service's user write permission to"
                                          " the file and its folder"),
    "SQLITE_CANTOPEN": (StoreUnavailable, "the file cannot be opened; the service's user needs read and write"
                                          " permission to it and its folder"),
    "SQLITE_IOERR": (StoreUnavailable, "the disk did not answer as it should; look at the system's log"),
    "SQLITE_CORRUPT": (StoreMisconfigured, "the file is damaged; restore it, or delete it and run `stagegate audit`"),
    "SQLITE_NOTADB": (StoreMisconfigured, "the file is not an SQLite database; correct `[store] url`"),
    "SQLITE_CONSTRAINT": (NotStorable, "a value breaks a rule of the table"),
    "SQLITE_TOOBIG": (NotStorable, "a value is too large for the database"),
}  # fmt: skip

# By SQLSTATE, the longest prefix first: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: dict[str, _Answer] = {
    "42P01": (StoreMisconfigured, "its tables are missing; start the service once with the right `[store] url`"),
    "42501": (StoreMisconfigured, "its user lacks a permission; grant it USAGE and CREATE on the schema"),
    "3D000": (StoreMisconfigured, "the database does not exist; create it, or correct `[store] url`"),
    "53100": (StoreUnavailable, "the server's disk is full; free some space, the service then goes on by itself"),
    "53300": (StoreUnavailable, "the server has no connection left; raise max_connections or run fewer processes"),
    "55P03": (StoreUnavailable, "another session held a lock for too long"),
    "25006": (StoreUnavailable, "the server is read-only, perhaps a stand-by; point `[store] url` at the primary"),
    "08": (StoreUnavailable, "the connection was lost"),
    "40": (StoreUnavailable, "the transaction lost against others several times"),
    "53": (StoreUnavailable, "the server is short of resources"),
    "57": (StoreUnavailable, "the server ended the statement or is shutting down"),
    "58": (StoreUnavailable, "the server's disk did not answer as it should"),
    "28": (StoreMisconfigured, "the server refused the user or its password; correct `[store] url`"),
    "22": (NotStorable, "the server cannot keep a value"),
    "23": (NotStorable, "a value breaks a rule of the table"),
}

# What a server answers to a connection carries no SQLSTATE in psycopg, only these words.
_REFUSED = ("password authentication failed", "no password supplied", "no pg_hba.conf entry", "does not exist")

LOST_RACES = frozenset({"40001", "40P01", "57P01"})
"""SQLSTATEs of transactions that may simply be run again: they lost a race, or an administrator cut the connection."""


def sqlstate(error: DBAPIError) -> str:
    """Return PostgreSQL's code of an error, or an empty text."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def explain(error: BaseException, place: str, secret: str) -> StoreError:
    """Return the store's own error for a driver's; `place` names the database, `secret` is struck from the text."""
    kind, remedy = _judge(error)
    words = " ".join(str(error).split())
    if secret:
        words = words.replace(secret, "***")
    return kind(f"{place}: {remedy} ({words})")


def _judge(error: BaseException) -> _Answer:
    code = getattr(error, "sqlstate", None)
    if code:
        return _by_prefix(code, _POSTGRESQL) or (StoreError, "the server refused a statement")
    name = getattr(error, "sqlite_errorname", None)
    if name is not None:
        return _judge_sqlite(str(name), str(error))
    if any(words in str(error) for words in _REFUSED):
        return StoreMisconfigured, "the server refused the user, the password or the database; correct `[store] url`"
    if type(error).__name__ == "OperationalError":
        return StoreUnavailable, "the server cannot be reached; the service tries again by itself"
    if type(error).__name__ == "DataError":
        return NotStorable, "the server cannot keep a value"
    return StoreError, "the driver refused a statement"


def _judge_sqlite(name: str, words: str) -> _Answer:
    if "no such table" in words or "no such column" in words:
        return StoreMisconfigured, "its tables are missing; start the service once with the right `[store] url`"
    return _by_prefix(name, _SQLITE) or (StoreError, "the database refused a statement")


def _by_prefix(code: str, answers: dict[str, _Answer]) -> _Answer | None:
    return next((answer for prefix, answer in answers.items() if code.startswith(prefix)), None)
