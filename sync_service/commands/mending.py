"""The queue as its operator handles it, told as plain JSON values. The store alone is asked; Jira may be down."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sync_service.store import Condition, Priority, Received, Store, StoreMisconfigured, Work, open_store

Json = dict[str, Any]

PAGE = 1000
MOST_DELIVERIES = 20
ID_OR_KEY = re.compile(r"\d+|[A-Za-z][A-Za-z0-9_]*-\d+")


@contextmanager
def stored(url: str, *, make: bool = True) -> Iterator[Store]:
    """Open the store at a database URL with its tables in order, and close it.

    Raises StoreMisconfigured, without `make` also where there is none yet.
    """
    with open_store(url) as store:
        if store.is_missing and not make:
            raise StoreMisconfigured(
                f"[store] url: there is no database at {url}; the service makes it when it first runs. A path with "
                "three slashes is relative to the folder that a command is started in"
            )
        store.migrate()
        yield store


def is_issue(text: str) -> bool:
    """Tell whether the text may be an issue's id or key."""
    return ID_OR_KEY.fullmatch(text) is not None


def listing(store: Store, *, dead: bool, limit: int) -> Json:
    """Return the depth of the queue and its keys, at most `limit`; with `dead` only the dead ones, else those first."""
    now, depth = store.now(), store.queue.depth()
    rows = store.queue.rows(dead=True, limit=limit)
    if not dead and len(rows) < limit:
        rows += store.queue.rows(dead=False, limit=limit - len(rows))
    total = depth.dead if dead else depth.dead + depth.waiting + depth.running
    return {
        "depth": {
            "waiting": depth.waiting,
            "due": depth.due,
            "running": depth.running,
            "dead": depth.dead,
            "oldest_due_seconds": depth.oldest_due_age.total_seconds() if depth.oldest_due_age else None,
        },
        "keys": [_key(row, now) for row in rows],
        "left_out": max(total - len(rows), 0),
    }


def story(store: Store, issue: str) -> Json | None:
    """Return all that is known of an issue's key: its failure with the trace, its deliveries; None if it is unknown."""
    row = find(store, issue)
    issue_id = row.issue_id if row else known_id(store, issue)
    deliveries = store.inbox.deliveries(issue_id, MOST_DELIVERIES)
    seen = store.projections.get(issue_id)
    if row is None and not deliveries and seen is None:
        return None
    told = _key(row, store.now()) if row else {"id": issue_id, "key": seen.key if seen else "", "condition": "absent"}
    return told | {
        "trace": row.failure.trace if row and row.failure else None,
        "stage": seen.stage if seen else None,
        "deliveries": [_delivery(delivery) for delivery in deliveries],
    }


def _key(row: Work, now: datetime) -> Json:
    failure = row.failure
    return {
        "id": row.issue_id,
        "key": row.label,
        "condition": str(row.condition),
        "priority": row.priority.name.lower().replace("_", "-"),
        "due": row.due.isoformat() if row.due else None,
        "due_in_seconds": (row.due - now).total_seconds() if row.due else None,
        "since": row.since.isoformat(),
        "attempts": row.attempts,
        "worker": row.owner,
        "lease_until": row.lease_until.isoformat() if row.lease_until else None,
        "error": {"type": failure.type, "text": failure.text, "version": failure.version} if failure else None,
    }


def _delivery(delivery: Received) -> Json:
    return {
        "id": delivery.delivery_id,
        "event": delivery.event,
        "at": delivery.at.isoformat(),
        "bytes": delivery.size,
    }


# --- Finding


def find(store: Store, issue: str) -> Work | None:
    """Return the queue's row of an issue, by id or by key (the key under which it was last seen)."""
    row = store.queue.show(known_id(store, issue))
    if row is not None or issue.isdigit():
        return row
    return next((one for one in _rows(store) if issue.upper() in (one.label.upper(), one.issue_id.upper())), None)


def known_id(store: Store, issue: str) -> str:
    """Return an issue's id as the last look at it told; the key itself where no look has."""
    seen = None if issue.isdigit() else store.projections.by_key(issue.upper())
    return seen.issue_id if seen else issue.upper()


def _rows(store: Store) -> Iterator[Work]:
    last = ""
    while page := store.queue.rows(limit=PAGE, after=last):
        yield from page
        last = page[-1].issue_id


# --- Mending


def replay(store: Store, issues: Sequence[str]) -> tuple[int, list[str]]:
    """Let dead keys run again, all if none is named; return how many, and those named that are not dead."""
    ids, others = _dead(store, issues)
    return store.queue.replay(ids), others


def drop(store: Store, issues: Sequence[str]) -> tuple[int, list[str]]:
    """Forget dead keys, all if none is named; return how many, and those named that are not dead."""
    ids, others = _dead(store, issues)
    return store.queue.drop(ids), others


def _dead(store: Store, issues: Iterable[str]) -> tuple[list[str] | None, list[str]]:
    named = {issue: find(store, issue) for issue in issues}
    dead = [row.issue_id for row in named.values() if row and row.condition is Condition.DEAD]
    others = [issue for issue, row in named.items() if row is None or row.condition is not Condition.DEAD]
    return (dead if named else None), others


def look(store: Store, issue: str) -> str:
    """Ask for a look at an issue now, ahead of everything that is not live; return the id or key that was asked for.

    A dead key runs again too.
    """
    row = find(store, issue)
    issue_id = row.issue_id if row else known_id(store, issue)
    label = row.label if row else issue.upper()
    store.queue.put([(issue_id, label)], priority=Priority.LIVE, after=timedelta(0))
    return issue_id
