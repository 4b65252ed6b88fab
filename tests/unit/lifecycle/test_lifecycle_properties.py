"""Whatever people do, in whatever order and at whatever times: what always holds."""

import re
from collections import Counter
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from projectworld import ADMIN, CATEGORIES, PAYTRONIX, SERVICE, World, at, varied

from mappings import Mapping
from sync_service.lifecycle.actions import Edit, Move
from sync_service.lifecycle.facts import STATUS
from sync_service.lifecycle.plan import Plan
from sync_service.lifecycle.record import parse

PROFILE = settings(
    max_examples=40,
    stateful_step_count=22,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
STAGES = st.sampled_from(PAYTRONIX.way)
STATUSES = st.sampled_from([*PAYTRONIX.stage_by_status, "Elsewhere"])
WHO = st.sampled_from(["tc", "client", ADMIN, SERVICE])
NTH = st.integers(0, 30)
SPANS = st.sampled_from(
    [timedelta(seconds=20), timedelta(minutes=5), timedelta(hours=2), timedelta(days=3), timedelta(days=12)]
)
VALUES = st.sampled_from(
    [
        ("feasibility", "Not feasible"),
        ("feasibility", None),
        ("goals", None),
        ("technical_consultant", None),
        ("integrator_contact", "somebody"),
        ("certification_feedback", "Renew the tokens"),
        ("certification_feedback", "Handle the errors"),
        ("certification_start", date(2026, 4, 1)),
        ("certification_start", None),
        ("certification_start", date(2026, 3, 7)),
        ("additional_fees", "Agreed"),
        ("additional_fees", "No"),
        ("integration_kind", "Update"),
    ]
)
KEPT = st.sampled_from(
    [
        ("stage", "Live"),
        ("stage", None),
        ("gate", "Open"),
        ("gate", "Closed"),
        ("certification_round", 7.0),
        ("certification_result", "Certified"),
        ("rounds_failed", 9.0),
    ]
)
NO_WAY_BACK = {"Requirements": ("Development",), "Certification": ("Launch", "Live")}


@cache
def begun(stage: str) -> World:
    return at(stage)


def seen(world: World) -> dict[str, Any]:
    """Tell what people can see, without what depends on how often we wrote."""
    record = parse(world.record, world.id)
    return {
        "status": world.status,
        "stage": record and record.stage,
        "fields": {key: value for key, value in world.fields.items() if key not in ("last_refusal", "last_override")},
        "labels": world.labels,
        "steps": Counter((s.marker, s.status, s.labels, s.due, s.assignee) for s in world.subtasks.values()),
        "comments": Counter((re.sub(r"INT-\d+", "INT", text)) for _, text in world.comments),
    }


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, object]:
    """Tell what differs, in either direction."""
    return {
        name: (one[name] - other[name], other[name] - one[name])
        if isinstance(one[name], Counter)
        else (one[name], other[name])
        for name in one
        if one[name] != other[name]
    }


def goes_on(world: World, decided: Plan) -> bool:
    """Tell whether the plan itself says that more is to follow at once."""
    moves = [a for a in decided.actions if isinstance(a, Move) and a.issue == world.id]
    carries_out = any(world.mapping.stage_by_status[move.to[0]] != decided.state.stage for move in moves)
    return decided.again or carries_out or (decided.look_again is not None and decided.look_again <= world.now)


class AnyProject(RuleBasedStateMachine):
    """A project in the hands of people who do anything; the service looks now and then."""

    mapping = PAYTRONIX

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()

    @initialize(stage=STAGES)
    def begin(self, stage: str) -> None:
        self.world = begun(stage).copy()
        self.world.mapping = self.mapping

    @rule(without=st.booleans())
    def workflow_changes(self, without: bool) -> None:
        world = self.world
        ways = NO_WAY_BACK if without else {}
        world.ways = lambda status: ways.get(status, [s for s in PAYTRONIX.stage_by_status if s != status])

    @rule(status=STATUSES, by=WHO)
    def move(self, status: str, by: str) -> None:
        if status != self.world.status:
            self.world.move(status, by)

    @rule()
    def move_on(self) -> None:
        following = PAYTRONIX.next_stage(self.world.stage)
        if following and PAYTRONIX.stages[following].statuses[0] != self.world.status:
            self.world.move(PAYTRONIX.stages[following].statuses[0])

    @rule(nth=NTH, status=st.sampled_from([*CATEGORIES, "Done", "Done"]), by=WHO)
    def move_step(self, nth: int, status: str, by: str) -> None:
        steps = list(self.world.subtasks.values())
        if steps and (subtask := steps[-1 - nth % len(steps)]).status != status:
            if by == SERVICE and status != "To Do":
                by = "engineer"
            self.world.set_status(subtask.id, status, by)

    @rule()
    def finish(self) -> None:
        self.world.finish(but=("round",))

    @rule(status=st.sampled_from(["In Progress", "Certified", "Failed"]))
    def test(self, status: str) -> None:
        for step in self.world.state.steps:
            if step.key == "round" and step.subtask and step.subtask.status != status:
                self.world.set_status(step.subtask.id, status, "engineer")

    @rule(change=VALUES)
    def fill(self, change: tuple[str, object]) -> None:
        self.world.fill(change[0], change[1])  # type: ignore[arg-type]

    @rule(change=KEPT, by=st.sampled_from(["tc", "former"]))
    def write_what_is_kept(self, change: tuple[str, object], by: str) -> None:
        self.world.fill(change[0], change[1], by)  # type: ignore[arg-type]

    @rule(by=st.sampled_from([ADMIN, "client"]))
    def override(self, by: str) -> None:
        self.world.fill("gate_override", f"because {self.world.now}", by)

    @rule(nth=NTH)
    def delete(self, nth: int) -> None:
        steps = [s for s in self.world.subtasks.values() if s.marker and s.marker.step != "round"]
        if steps:
            del self.world.subtasks[steps[-1 - nth % len(steps)].id]

    @rule(nth=NTH)
    def create_twice(self, nth: int) -> None:
        marked = [subtask for subtask in self.world.live if subtask.marker]
        if marked:
            self.world.add("stagegate", marker=marked[nth % len(marked)].marker)

    @rule(label=st.sampled_from(["config-issue", "training", "unknown"]))
    def ask(self, label: str) -> None:
        self.world.add(label)

    @rule(span=SPANS)
    def pass_time(self, span: timedelta) -> None:
        self.world.now += span

    @rule(tick=st.sampled_from([0, 1, 60]))
    def hurry(self, tick: int) -> None:
        self.world.tick = timedelta(seconds=tick)

    @rule()
    def look(self) -> None:
        """A look leaves nothing for the next one, and cut off anywhere it ends the same, with nothing said twice."""
        world = self.world
        accepted = self._accepted()
        prefixes = [world.copy() for _ in range(len(world.plan().actions))]
        decided = world.look()
        self._no_refused_move_counts(accepted)
        self._no_comment_alone(decided)
        if not goes_on(world, decided):
            left = world.plan().actions
            assert left == (), left
        whole = world.copy()
        whole.settle()
        for count, cut in enumerate(prefixes):
            cut.look(stop_after=count)
            cut.settle()
            found = differences(seen(whole), seen(cut))
            assert not found, f"cut off after {count} of {len(prefixes)} actions: {found}"

    @rule()
    def lose_the_record(self) -> None:
        """Without its record the project comes out the same, and nobody is told anything again."""
        self.world.settle()
        before = seen(self.world)
        self.world.record = None
        self.world.settle()
        found = differences(before, seen(self.world))
        assert not found, found

    def teardown(self) -> None:
        world = self.world
        world.settle()
        if world.status == "Elsewhere":
            return
        live = Counter(subtask.marker for subtask in world.live if subtask.marker)
        assert all(count == 1 for count in live.values()), "two live sub-tasks bear one marker"
        assert world.fields["stage"] == PAYTRONIX.title(world.stage)
        ahead = PAYTRONIX.next_stage(world.stage)
        assert (world.fields["gate"] == "Open") == (ahead is None or world.judge(ahead).accepts)
        assert (world.fields.get("certification_round") or 0) == len(self._visits_with_testing())

    def _accepted(self) -> list[str]:
        record = parse(self.world.record, self.world.id)
        return [change for _, _, change in record.accepted] if record else []

    def _no_refused_move_counts(self, before: list[str]) -> None:
        """A refused crossing is accepted only while it still stands."""
        new = set(self._accepted()) - set(before)
        last = next((c.id for c in reversed(self.world.changes) if c.field == STATUS), "")
        assert not (new & self.refused) - {last}
        record = parse(self.world.record, self.world.id)
        if record and record.refused:
            self.refused.add(record.refused.through)

    def _no_comment_alone(self, decided: Plan) -> None:
        for action in decided.actions:
            if isinstance(action, Edit) and action.comment:
                assert action.fields or action.add_labels or action.remove_labels or action.record is not None

    def _visits_with_testing(self) -> set[str]:
        entered = set(self._accepted())
        ended = {entry.visit: entry.ended for entry in self.world.state.rounds}
        return {
            subtask.marker.visit
            for subtask in self.world.subtasks.values()
            if subtask.marker and subtask.marker.step == "round" and subtask.marker.visit in entered
            for change in subtask.changes
            if change.field == STATUS and change.author != SERVICE and change.after not in ("To Do", "Won't Do")
            if (left := ended.get(subtask.marker.visit)) is None or change.at <= left
        }


@pytest.mark.parametrize(
    "mapping",
    [PAYTRONIX, varied(enforcement="warn"), varied(back_moves="override")],
    ids=["enforce", "warn", "no-back"],
)
def test_any_project(mapping: Mapping) -> None:
    """After any sequence of human actions and times the project comes to rest, as the rules have it."""
    run_state_machine_as_test(type("Project", (AnyProject,), {"mapping": mapping}), settings=PROFILE)
