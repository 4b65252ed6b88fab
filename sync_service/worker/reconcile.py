"""Bring one issue in order: read it as it is now, plan, write what differs, and say when to look again."""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from mappings import Mapping
from sync_service.errors import StagegateError, Stopping
from sync_service.jira.access import INDEX_LAG
from sync_service.jira.directory import SiteMismatch
from sync_service.jira.errors import NotFound
from sync_service.jira.gateway import Elsewhere, Found, Gateway, NoWay, Unmanaged, with_keys
from sync_service.jira.transport import asked_before_each_write
from sync_service.lifecycle.actions import Action, Edit, Move, sentence
from sync_service.lifecycle.outline import outline
from sync_service.lifecycle.plan import Plan, plan
from sync_service.lifecycle.slots import next_free_slot, overbooked
from sync_service.logs import Late
from sync_service.metrics import Metrics
from sync_service.store import Booking, Claim, Entry, Priority, Projection, Store, StoreError
from sync_service.worker.retry import Done, Failed, Later, Outcome, Refused

log = structlog.get_logger("stagegate.worker")

UNREAD_WAIT = timedelta(minutes=1)
MISMATCH_WAIT = timedelta(minutes=10)
MOST_DELIVERIES = 5
ANSWERED = "answered"
"""The kind of the ledger's entries that tell how a crossing was answered."""
NOT_SEEN_CLOSELY = ""
"""The fingerprint of an issue that we have just written to: what it looks like now must be read first."""


class LeaseLost(StagegateError):
    """Another worker took the issue over, so this one stopped before its next write."""

    reason = "lease_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at an issue found and did; `done` are the actions carried out."""

    outcome: Outcome
    key: str = ""
    plan: Plan | None = None
    done: tuple[Action, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Looks at issues, one at a time in each thread."""

    gateway: Gateway
    store: Store
    metrics: Metrics
    enforce_since: datetime

    def look(self, claim: Claim, still_mine: Callable[[], bool]) -> Outcome:
        """Look at the claimed issue; never raises: what went wrong is the outcome."""
        deliveries = Late(lambda: self._deliveries(claim))
        with structlog.contextvars.bound_contextvars(issue=claim.label or claim.issue_id, deliveries=deliveries):
            try:
                look = self._look(claim, still_mine, deliveries)
            except NotFound:
                self._forget(claim.issue_id)
                return Done()
            except SiteMismatch as mismatch:
                log.error("project refused", why=str(mismatch))
                return Later(after=MISMATCH_WAIT, why=str(mismatch))
            except LeaseLost:
                log.warning("lease lost, stopped before the next write")
                return Later(after=timedelta(0), why="the lease was lost", broken_off=True)
            except Stopping:
                return Later(after=timedelta(0), why="the process ends", broken_off=True)
            except Exception as error:  # noqa: BLE001 (each failure becomes the key's outcome, with its trace)
                log.error("look failed", error=str(error), trace=traceback.format_exc())
                return Failed(error=error)
            return look.outcome

    def _look(self, claim: Claim, still_mine: Callable[[], bool], deliveries: Late) -> Look:
        found = self.gateway.read(claim.issue_id)
        match found:
            case Elsewhere():
                self.store.queue.put([(found.id, found.key)], priority=Priority(claim.priority))
                return Look(outcome=Done(), key=found.key)
            case Unmanaged():
                log.info("not managed", why=found.why)
                self._forget(claim.issue_id)
                return Look(outcome=Done(), key=found.key)
        if found.issue.unread:
            why = f"{len(found.issue.unread)} sub-task(s) are listed but could not be read"
            return Look(outcome=Later(after=UNREAD_WAIT, why=why), key=found.issue.key)
        return self._bring_in_order(found, still_mine, deliveries)

    def decide(self, found: Found, reserved: date | None = None) -> Plan:
        """Plan what to write, by Jira's own clock; writes nothing."""
        return plan(found.issue, found.mapping, found.at, self.enforce_since, reserved=reserved)

    def _bring_in_order(self, found: Found, still_mine: Callable[[], bool], deliveries: Late) -> Look:
        decided = self.decide(found)
        if decided.wish is not None and not decided.refused:
            reserved = self._reserve(found, decided.wish)
            decided = self.decide(found, reserved) if reserved else decided
        keys: dict[str, str] = {}
        done: list[Action] = []
        if decided.actions or decided.notes or decided.refused:
            deliveries.find_out()  # before our own writes come back as deliveries
        try:
            with asked_before_each_write(lambda: _assure(found, still_mine)):
                refused = tuple(self._write(decided, found, keys, done))
        finally:
            self._report(found, decided, done, keys, deliveries)
        self._book(found, decided.booking)
        self._project(found, decided, keys)
        return Look(
            outcome=self._outcome(found, decided, refused),
            key=found.issue.key,
            plan=decided,
            done=tuple(done),
            refused=refused,
        )

    def _write(self, decided: Plan, found: Found, keys: dict[str, str], done: list[Action]) -> Iterator[str]:
        """Carry out the plan in its order; a transition that the workflow lacks is told and hinders nothing else."""
        for action in decided.actions:
            try:
                self.gateway.apply(action, found, keys)
            except NoWay as no_way:
                yield str(no_way)
                continue
            done.append(action)

    def _outcome(self, found: Found, decided: Plan, refused: tuple[str, ...]) -> Outcome:
        if decided.again:
            return Later(after=timedelta(0), why="another move waits for its answer")
        soon = None if decided.look_again is None else max(decided.look_again - found.at, timedelta(0))
        if decided.refused or refused:
            return Refused(why="; ".join(filter(None, (decided.refused, *refused))), within=soon)
        if _moved_on(found, decided):
            return Later(after=timedelta(0), why="our own move waits for its answer")
        if soon is not None:
            return Later(after=soon, why="time alone changes something")
        return Done()

    # --- Slots

    def _reserve(self, found: Found, earliest: date) -> date | None:
        """Reserve the next free slot; a reservation left from before that is too early now is given back first."""
        mapping, rounds = found.mapping, found.mapping.certification
        if rounds is None:
            return None
        self.fill_bookings(mapping)
        left = self.store.slots.get(mapping.name, found.issue.id)
        if left is not None and left < earliest:
            self.store.slots.put(mapping.name, found.issue.id, None)

        def choose(others: tuple[Booking, ...]) -> date | None:
            return next_free_slot(mapping.calendar, rounds.capacity, [other.start for other in others], earliest)

        start = self.store.slots.reserve(mapping.name, found.issue.id, choose)
        if start is None:
            log.error("no free certification slot within two years", mapping=mapping.name)
        return start

    def fill_bookings(self, mapping: Mapping) -> None:
        """Read the bookings from the issues, once for an empty database, before anything is proposed."""
        mark = f"slots:{mapping.name}"
        if self.store.marks.get(mark) is None:
            self.rebuild_bookings(mapping)
            self.store.marks.put(mark, "filled")

    def rebuild_bookings(self, mapping: Mapping) -> None:
        """Replace the bookings by what the issues say; which of them are in certification, the search tells late."""
        as_of = self.store.now() - INDEX_LAG
        held = [Booking(issue_id=issue, start=start) for issue, start in self.gateway.bookings(mapping)]
        self.store.slots.rebuild(mapping.name, held, as_of=as_of)

    def _book(self, found: Found, start: date | None) -> None:
        """Let the booking be what the issue says."""
        if found.mapping.certification is None or self.store.slots.get(found.mapping.name, found.issue.id) == start:
            return
        self.store.slots.put(found.mapping.name, found.issue.id, start)
        if start is not None:
            others = [b.start for b in self.store.slots.all(found.mapping.name) if b.issue_id != found.issue.id]
            full = overbooked(found.mapping.calendar, found.mapping.certification.capacity, others, start)
            if full:
                log.warning("overbooked", days=[str(day) for day in full])

    # --- What is remembered

    def _project(self, found: Found, decided: Plan, keys: dict[str, str]) -> None:
        told = with_keys(outline(decided.state), keys)
        self.store.projections.put(
            Projection(
                issue_id=found.issue.id,
                key=found.issue.key,
                mapping=found.mapping.name,
                stage=decided.state.stage,
                fingerprint=NOT_SEEN_CLOSELY if decided.actions else found.fingerprint,
                state=told,
                at=found.at,
            )
        )

    def _report(self, found: Found, decided: Plan, done: list[Action], keys: dict[str, str], deliveries: Late) -> None:
        """Tell log, metrics and ledger what was decided and done; nothing where nothing was."""
        for note in decided.notes:
            log.warning("noted", note=note)
        if decided.actions and self._only_we_wrote(found):
            self.metrics.surprises.inc()
        if not (decided.actions or decided.notes or decided.refused):
            return
        detail: dict[str, Any] = {
            "planned": [with_keys(sentence(action), keys) for action in decided.actions],
            "done": len(done),
            "notes": list(decided.notes),
            "stage": decided.state.stage,
        }
        reasons = tuple(dict.fromkeys(why for action in decided.actions for why in action.why)) or decided.notes
        entry = Entry(
            issue_id=found.issue.id,
            key=found.issue.key,
            kind="refused" if decided.refused else "written" if done else "noted",
            at=found.at,
            reasons=reasons or (decided.refused,),
            detail=detail,
            deliveries=deliveries.find_out(),
        )
        self.store.ledger.write([entry, *self._answer(found, decided, done)])
        log.info("wrote" if done else "noted", what=detail["planned"], why=list(reasons))

    def _answer(self, found: Found, decided: Plan, done: list[Action]) -> Iterator[Entry]:
        """Count and tell how a crossing was answered, once the record that holds the answer is written."""
        answer = decided.answer
        if answer is None or not any(isinstance(action, Edit) and action.record is not None for action in done):
            return
        self.metrics.gates.labels(f"{answer.source}-{answer.target}", answer.verdict).inc()
        yield Entry(
            issue_id=found.issue.id,
            key=found.issue.key,
            kind=ANSWERED,
            at=found.at,
            reasons=answer.reasons,
            detail={
                "source": answer.source,
                "target": answer.target,
                "verdict": answer.verdict,
                "change": answer.change,
                "moved_at": answer.at.isoformat(),
                "by": answer.author,
            },
        )

    def _deliveries(self, claim: Claim) -> tuple[str, ...]:
        """Return the newest deliveries that asked for this look; none while the store is away."""
        try:
            newest = self.store.inbox.deliveries(claim.issue_id, MOST_DELIVERIES, since=claim.since)
        except StoreError:
            return ()
        return tuple(delivery.delivery_id for delivery in newest)

    def _only_we_wrote(self, found: Found) -> bool:
        """Tell whether nothing but our own writes happened since the last look: then it should have found nothing."""
        last = self.store.projections.get(found.issue.id)
        if last is None or last.fingerprint != NOT_SEEN_CLOSELY:
            return False
        changes = [*found.issue.changes, *(change for subtask in found.issue.subtasks for change in subtask.changes)]
        return all(change.author in found.issue.ours for change in changes if change.at >= last.at)

    def _forget(self, issue_id: str) -> None:
        known = self.store.projections.get(issue_id)
        if known is not None:
            self.store.slots.put(known.mapping, issue_id, None)
            self.store.projections.drop([issue_id])


def _assure(found: Found, still_mine: Callable[[], bool]) -> None:
    if not still_mine():
        raise LeaseLost(f"{found.issue.key}: another worker has taken it over")


def _moved_on(found: Found, decided: Plan) -> bool:
    """Tell whether we moved the project to another stage (a round's result): the next look accepts it."""
    return any(
        isinstance(action, Move)
        and action.issue == found.issue.id
        and found.mapping.stage_by_status.get(action.to[0]) != decided.state.stage
        for action in decided.actions
    )
