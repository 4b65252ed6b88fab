"""One project issue in a Jira that exists only in memory: people act on it, plans are applied to it as Jira would."""

import copy
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mappings import Mapping, load
from sync_service.lifecycle.actions import Action, Create, Edit, Move
from sync_service.lifecycle.facts import ASSIGNEE, DUE, LABELS, STATUS, Change, Marker, ProjectIssue, SubTask, Value
from sync_service.lifecycle.gates import Verdict, judge, next_gate
from sync_service.lifecycle.plan import Plan, plan
from sync_service.lifecycle.slots import next_free_slot
from sync_service.lifecycle.state import State, derive
from sync_service.lifecycle.steps import StepState

PAYTRONIX = load("paytronix")
MINIMAL = load("minimal")
MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)
"""Ten in the morning in Boston."""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SERVICE, ADMIN = "service", "admin"
PEOPLE = {
    "technical_consultant": "tc",
    "integrations_engineer": "engineer",
    "integrator_contact": "integrator",
    "client_contact": "client",
    "sales_contact": "sales",
}
CATEGORIES = {
    "To Do": "new",
    "In Progress": "indeterminate",
    "Done": "done",
    "Won't Do": "done",
    "Certified": "done",
    "Failed": "done",
}
FILLED: dict[str, Value] = {
    "goals": "Points at every till",
    "scope": "Orders and refunds",
    "feasibility": "Feasible",
    "idi_date": date(2026, 3, 9),
    "go_live_date": date(2026, 6, 1),
}
STATUS_OF = {"minimal": {"planned": "To Do", "working": "In Progress", "finished": "Done", "dropped": "Dropped"}}


def varied(mapping: Mapping = PAYTRONIX, **changes: Any) -> Mapping:
    """Return the mapping with some of its parts replaced, as an extending file would."""
    return Mapping.model_construct(**{name: getattr(mapping, name) for name in Mapping.model_fields} | changes)


def with_gate(source: str, target: str, mapping: Mapping = PAYTRONIX, **changes: Any) -> Mapping:
    """Return the mapping with one gate changed."""
    known = mapping.gates.get(source, {})
    gate = known[target].model_copy(update=changes)
    return varied(mapping, gates={**mapping.gates, source: {**known, target: gate}})


def with_step(stage: str, step: str, mapping: Mapping = PAYTRONIX, **changes: Any) -> Mapping:
    """Return the mapping with one step changed."""
    known = mapping.stages[stage]
    steps = {**known.steps, step: known.steps[step].model_copy(update=changes)}
    return varied(mapping, stages={**mapping.stages, stage: known.model_copy(update={"steps": steps})})


class World:
    """A project issue, its people and its service."""

    def __init__(
        self,
        mapping: Mapping = PAYTRONIX,
        *,
        status: str | None = None,
        now: datetime = MONDAY,
        enforce_since: datetime = LONG_AGO,
        fields: dict[str, Value] | None = None,
        tick: timedelta = timedelta(minutes=1),
    ) -> None:
        self.mapping = mapping
        self.now = now
        self.enforce_since = enforce_since
        self.tick = tick
        self.id, self.key, self.summary = "10000", "INT-1", "Acme"
        self.status = status or mapping.stages[mapping.way[0]].statuses[0]
        self.created = now
        self.fields: dict[str, Value] = dict(PEOPLE) if mapping is not MINIMAL else {"lead": "tc"}
        self.fields |= fields or {}
        self.labels: frozenset[str] = frozenset()
        self.changes: list[Change] = []
        self.subtasks: dict[str, SubTask] = {}
        self.unread: tuple[str, ...] = ()
        self.blockers: tuple[str, ...] = ()
        self.unassignable: frozenset[str] = frozenset()
        self.record: Any = None
        self.comments: list[tuple[str, str]] = []
        self.taken: list[date] = []
        self.ways: Callable[[str], Iterable[str]] = lambda status: (s for s in mapping.stage_by_status if s != status)
        self.groups = {ADMIN: frozenset({"role:Administrators"})}
        self._ids = 100

    def copy(self) -> "World":
        """Return the same world, to be gone on with in another way."""
        twin = copy.copy(self)
        for name in ("fields", "changes", "subtasks", "comments", "taken"):
            setattr(twin, name, copy.copy(getattr(self, name)))
        return twin

    # --- What the service reads and does

    @property
    def facts(self) -> ProjectIssue:
        return ProjectIssue(
            id=self.id,
            key=self.key,
            summary=self.summary,
            status=self.status,
            created=self.created,
            creator="tc",
            ours=(SERVICE, "former-service"),
            labels=self.labels,
            fields=dict(self.fields),
            changes=tuple(self.changes),
            subtasks=tuple(self.subtasks.values()),
            unread=self.unread,
            blockers=self.blockers,
            unassignable=self.unassignable,
            ways=tuple(self.ways(self.status)),
            record=self.record,
            groups=self.groups,
            categories=CATEGORIES,
        )

    @property
    def state(self) -> State:
        return derive(self.facts, self.mapping, self.now, self.enforce_since)

    @property
    def stage(self) -> str:
        return self.state.stage

    @property
    def gate(self) -> Verdict:
        verdict = next_gate(self.state)
        assert verdict is not None
        return verdict

    def judge(self, target: str) -> Verdict:
        return judge(self.state, target)

    def plan(self) -> Plan:
        """Plan as the worker does: where a slot is wished for, reserve one and plan again."""
        decided = plan(self.facts, self.mapping, self.now, self.enforce_since)
        if decided.wish is None or self.mapping.certification is None:
            return decided
        start = next_free_slot(self.mapping.calendar, self.mapping.certification.capacity, self.taken, decided.wish)
        return plan(self.facts, self.mapping, self.now, self.enforce_since, reserved=start) if start else decided

    def look(self, *, stop_after: int | None = None) -> Plan:
        """Plan once and apply the plan, or only its first actions."""
        decided = self.plan()
        self.apply(decided.actions[:stop_after])
        return decided

    def settle(self) -> Plan:
        """Look until there is nothing to write and nothing to look at again at once."""
        for _ in range(12):
            decided = self.look()
            if not decided.actions and not decided.again:
                return decided
        raise AssertionError(f"no fixed point; the last plan was {decided.actions}")

    def apply(self, actions: Iterable[Action]) -> None:
        keys: dict[str, str] = {}
        for action in actions:
            match action:
                case Create():
                    for planned in action.subtasks:
                        keys[planned.key] = self._make(planned)
                case Edit() if action.issue == self.id:
                    self._edit(action, keys)
                case Edit():
                    self._edit_step(action, keys)
                case Move() if action.issue == self.id:
                    self.move(next(s for s in action.to if s in self.ways(self.status)), by=SERVICE)
                case Move():
                    self.set_status(action.issue, next(s for s in action.to if s in CATEGORIES), by=SERVICE)

    def _make(self, planned: SubTask) -> str:
        ident = self._next_id()
        key = f"INT-{ident}"
        self.subtasks[ident] = replace(planned, id=ident, key=key, created=self.now)
        return key

    def _edit(self, edit: Edit, keys: dict[str, str]) -> None:
        entry = self._next_id()
        for key, value in edit.fields.items():
            self._change(key, value, SERVICE, entry)
        self._relabel(edit.add_labels, edit.remove_labels, SERVICE, entry)
        if edit.comment:
            self.comments.append((self.key, _with_keys(edit.comment, keys)))
        if edit.record is not None:
            self.record = json.loads(_with_keys(json.dumps(edit.record), keys))

    def _edit_step(self, edit: Edit, keys: dict[str, str]) -> None:
        subtask, entry = self.subtasks[edit.issue], self._next_id()
        labels = (subtask.labels | set(edit.add_labels)) - set(edit.remove_labels)
        if labels != subtask.labels:
            self._log_step(edit.issue, LABELS, _told(subtask.labels), _told(labels), SERVICE, entry, labels=labels)
        for key, value in edit.fields.items():
            name = {ASSIGNEE: "assignee", DUE: "due"}[key]
            before = getattr(subtask, name)
            self._log_step(edit.issue, key, _text(before), _text(value), SERVICE, entry, **{name: value})
        if edit.comment:
            self.comments.append((subtask.key, _with_keys(edit.comment, keys)))

    # --- What people do to the project issue

    def pass_time(self, **span: float) -> "World":
        self.now += timedelta(**span)
        return self

    def move(self, status: str, by: str = "tc", **with_fields: Value) -> None:
        """Move the project issue; fields of the transition's screen are in the same entry of the change log."""
        entry = self._next_id()
        for key, value in with_fields.items():
            self._change(key, value, by, entry)
        self.changes.append(self._entry(entry, by, STATUS, self.status, status))
        self.status = status
        self._tick(by)

    def fill(self, key: str, value: Value, by: str | None = "tc") -> None:
        self._change(key, value, by, self._next_id())
        self._tick(by)

    def label(self, *labels: str, by: str = "tc") -> None:
        self._relabel(labels, (), by, self._next_id())

    def _relabel(self, add: Iterable[str], remove: Iterable[str], by: str, entry: str) -> None:
        labels = (self.labels | set(add)) - set(remove)
        if labels != self.labels:
            self.changes.append(self._entry(entry, by, LABELS, _told(self.labels), _told(labels)))
        self.labels = labels

    # --- What people do to the steps

    def step(self, key: str, party: str = "") -> SubTask:
        """Return the sub-task of a step of the present visit."""
        subtask = self._state_of(key, party).subtask
        assert subtask is not None, f"{key} has no sub-task"
        return subtask

    def _state_of(self, key: str, party: str = "") -> StepState:
        return next(step for step in self.state.judged if (step.key, step.party) == (key, party))

    def standing(self, key: str, party: str = "") -> str:
        return str(self._state_of(key, party).standing)

    def done(self, key: str, party: str = "", by: str = "tc") -> None:
        self.set_status(self.step(key, party).id, "Done", by=by)

    def reopen(self, key: str, party: str = "", by: str = "tc") -> None:
        self.set_status(self.step(key, party).id, "To Do", by=by)

    def start(self, key: str, by: str = "engineer") -> None:
        self.set_status(self.step(key).id, "In Progress", by=by)

    def wont_do(self, key: str, party: str = "", by: str = "tc") -> None:
        self.set_status(self.step(key, party).id, "Won't Do", by=by)

    def set_status(self, ident: str, status: str, by: str = "tc", *, resolution: str | None = None) -> None:
        """Move a sub-task; the resolution of the transition's screen is in the same entry of the change log."""
        subtask, entry = self.subtasks[ident], self._next_id()
        values = {"status": status, "category": CATEGORIES[status]}
        self._log_step(ident, STATUS, subtask.status, status, by, entry, **values)
        if resolution:
            self._log_step(ident, "resolution", subtask.resolution, resolution, by, entry, resolution=resolution)
        self._tick(by)

    def resolve(self, key: str, resolution: str | None, by: str = "tc") -> None:
        """Edit the resolution of a step, without a transition."""
        subtask = self.step(key)
        entry = self._next_id()
        self._log_step(subtask.id, "resolution", subtask.resolution, resolution, by, entry, resolution=resolution)
        self._tick(by)

    def assign(self, key: str, account: str | None, by: str = "tc", party: str = "") -> None:
        subtask = self.step(key, party)
        self._log_step(subtask.id, ASSIGNEE, subtask.assignee, account, by, self._next_id(), assignee=account)
        self._tick(by)

    def date(self, key: str, due: date | None, by: str = "tc") -> None:
        subtask = self.step(key)
        self._log_step(subtask.id, DUE, _text(subtask.due), _text(due), by, self._next_id(), due=due)
        self._tick(by)

    def label_step(self, key: str, label: str, *, remove: bool = False, by: str = "tc") -> None:
        subtask = self.step(key)
        labels = subtask.labels - {label} if remove else subtask.labels | {label}
        entry = self._next_id()
        self._log_step(subtask.id, LABELS, _told(subtask.labels), _told(labels), by, entry, labels=labels)
        self._tick(by)

    def rename(self, key: str, summary: str) -> None:
        subtask = self.step(key)
        self.subtasks[subtask.id] = replace(subtask, summary=summary)

    def delete(self, key: str, party: str = "") -> None:
        del self.subtasks[self.step(key, party).id]

    def add(self, *labels: str, marker: Marker | None = None, summary: str = "A question") -> str:
        """Add a sub-task by hand, or as a create that was answered too late; return its id."""
        ident = self._next_id()
        self.subtasks[ident] = SubTask(
            id=ident,
            key=f"INT-{ident}",
            summary=summary,
            status="To Do",
            category="new",
            created=self.now,
            labels=frozenset(labels),
            marker=marker,
        )
        return ident

    # --- Whole stretches

    def finish(self, *, but: Iterable[str] = ()) -> None:
        """Do all open steps of the present visit in order, but for some, and fill what people fill."""
        for key, value in FILLED.items():
            early = key == "go_live_date" and self.stage != "launch"
            if key in self.mapping.fields and not self.fields.get(key) and not early:
                self.fill(key, value)
        for step in self.state.steps:
            if step.key not in but and step.subtask and not step.subtask.is_done:
                self.done(step.key, step.party, by=step.owner or "tc")

    def advance(self, to: str) -> "World":
        """Go the whole way to a stage, as people do; through one certified round if need be."""
        self.settle()
        for stage in self.mapping.way[1 : self.mapping.way.index(to) + 1]:
            if self.mapping.certification and self.stage == self.mapping.certification.stage:
                self.prepare_round()
                self.start("round")
            else:
                self.finish()
            self.settle()
            self.go(stage)
            assert self.stage == stage, self.comments[-1]
        return self

    def go(self, stage: str, by: str = "tc", **with_fields: Value) -> None:
        """Move to a stage's status and let the service answer."""
        self.move(self.mapping.stages[stage].statuses[0], by, **with_fields)
        self.settle()

    def prepare_round(self) -> None:
        """Do what comes before a round, up to the materials."""
        for key in ("notify", "slot", "materials"):
            self.settle()
            if self.standing(key) == "open":
                self.done(key)
        self.settle()

    def fail_round(self, feedback: str = "Calls are made twice") -> None:
        """Run a round that fails, and go back to development."""
        self.prepare_round()
        self.start("round")
        self.fill("certification_feedback", f"{feedback} ({self._ids})", by="engineer")
        self.go("development")

    # --- What can be seen

    def said(self, words: str) -> int:
        """Count the comments that hold the words."""
        return sum(words in text for _, text in self.comments)

    @property
    def live(self) -> list[SubTask]:
        return [subtask for subtask in self.subtasks.values() if not subtask.is_done]

    # --- The change log

    def _change(self, key: str, value: Value, by: str | None, entry: str) -> None:
        before = self.fields.get(key)
        if before != value:
            self.changes.append(self._entry(entry, by, key, _text(before), _text(value)))
            self.fields[key] = value

    def _log_step(
        self, ident: str, field: str, before: str | None, after: str | None, by: str, entry: str, **values: Any
    ) -> None:
        subtask = self.subtasks[ident]
        change = self._entry(entry, by, field, before, after)
        self.subtasks[ident] = replace(subtask, changes=(*subtask.changes, change), **values)

    def _entry(self, entry: str, by: str | None, field: str, before: str | None, after: str | None) -> Change:
        return Change(id=entry, at=self.now, author=by, field=field, before=before, after=after)

    def _next_id(self) -> str:
        self._ids += 1
        return str(self._ids)

    def _tick(self, by: str | None) -> None:
        if by != SERVICE:
            self.now += self.tick


def at(stage: str, mapping: Mapping = PAYTRONIX, **options: Any) -> World:
    """Return a project that has come to a stage in the orderly way."""
    return World(mapping, **options).advance(stage)


def _with_keys(text: str, keys: dict[str, str]) -> str:
    for placeholder, key in keys.items():
        text = text.replace(placeholder, key).replace(json.dumps(placeholder)[1:-1], key)
    return text


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _told(labels: Iterable[str]) -> str:
    return " ".join(sorted(labels))
