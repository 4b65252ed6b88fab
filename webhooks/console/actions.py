"""What an operator may do: let parked issues run again, forget them, ask for a look. Each is in the ledger with who.

The ledger is written first: what was done without a line of it would be worse than a line of what then failed.
"""

from collections.abc import Callable, Iterable

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from sync_service.commands.mending import find, is_issue, known_id, look
from sync_service.store import Condition, Entry, Store, Work
from webhooks.console.desk import Desk, operators_only, signed_in

ASKED = "operator"
"""The kind of the ledger's entries that tell what an operator did."""
MOST_AT_ONCE = 1000


def actions(desk: Desk, blueprint: Blueprint) -> None:
    """Add what the forms of the pages are sent to."""
    queue = desk.services.store.queue

    @blueprint.post("/queue/<issue>/replay")
    @operators_only
    def replay(issue: str) -> BaseResponse:
        return _mend(desk, issue, "replay", queue.replay, "will run again at once")

    @blueprint.post("/queue/<issue>/drop")
    @operators_only
    def drop(issue: str) -> BaseResponse:
        return _mend(desk, issue, "drop", queue.drop, "is forgotten until an event, a sweep or an audit brings it back")

    @blueprint.post("/queue/replay-all")
    @operators_only
    def replay_all() -> BaseResponse:
        dead = queue.rows(dead=True, limit=MOST_AT_ONCE)
        _write(desk.services.store, dead, "replay")
        count = queue.replay([row.issue_id for row in dead]) if dead else 0
        flash(f"{count} parked issue(s) will run again at once.")
        return redirect(url_for("console.queue"))

    @blueprint.post("/look")
    @operators_only
    def look_now() -> BaseResponse:
        issue = request.form.get("issue", "").strip().upper()
        _refuse_strangers(desk, issue)
        store = desk.services.store
        row = find(store, issue)
        issue_id = row.issue_id if row else known_id(store, issue)
        _note(store, [(issue_id, row.label if row else issue)], "look")
        look(store, issue)
        flash(f"A worker looks at {issue} next.")
        return redirect(_back(issue))


def _refuse_strangers(desk: Desk, issue: str) -> None:
    if not is_issue(issue):
        raise BadRequest(f"{issue[:80]!r} is neither an issue's key (INT-12) nor its id (10012).")
    if not issue.isdigit() and issue.rpartition("-")[0] not in desk.services.projects:
        known = ", ".join(sorted(desk.services.projects))
        raise BadRequest(f"{issue} is in none of the projects that Stagegate looks after ({known}).")


def _mend(desk: Desk, issue: str, action: str, how: Callable[[Iterable[str]], int], done: str) -> BaseResponse:
    store = desk.services.store
    row = find(store, issue)
    if row is None or row.condition is not Condition.DEAD:
        flash(f"{issue} is not parked any more, so nothing was done.")
        return redirect(_back(issue))
    _write(store, [row], action)
    changed = how([row.issue_id])
    label = row.label or row.issue_id
    flash(f"{label} {done}." if changed else f"{label} was not parked any more, so nothing was done.")
    return redirect(_back(issue))


def _write(store: Store, rows: Iterable[Work], action: str) -> None:
    _note(store, [(row.issue_id, row.label) for row in rows], action)


def _note(store: Store, issues: Iterable[tuple[str, str]], action: str) -> None:
    person = signed_in()
    at = store.now()
    store.ledger.write(
        Entry(
            issue_id=issue_id,
            key=label,
            kind=ASKED,
            at=at,
            reasons=(f"asked for in the console: {action}",),
            detail={"action": action},
            who=person.name if person else None,
        )
        for issue_id, label in issues
    )


def _back(issue: str) -> str:
    """Return the page that the form stood on, by its own word."""
    match request.form.get("back"):
        case "project":
            return url_for("console.project", key=issue)
        case "key":
            return url_for("console.key", issue=issue)
    return url_for("console.queue")
