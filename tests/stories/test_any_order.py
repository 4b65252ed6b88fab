"""Whatever people do, in whatever order and at whatever time: what must hold when the service has caught up.

Hypothesis plays the people. The world is the sandbox, the service the real one; only the time stands still between
what they do. Derandomised, so that every run plays the same stories.
"""

import os
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jira_sandbox import Clock, Running, WebhookFault
from jira_sandbox.workflows import WorkflowStyle
from tests.stories.conftest import FIRST_DAY
from tests.stories.running import Postman, StoryService
from tests.stories.snapshots import look_cut_short
from tests.stories.team import STAGES, WRITTEN_DOWN, Named, Person, Project, Scene, Step, Team, twins

pytestmark = pytest.mark.slow

STATUSES = ("To Do", "In Progress", "Done", "Done", "Done", "Won't Do", "Certified", "Failed")
PEOPLE = ("tc", "integrations", "integrator", "client", "sales", "admin")
FILLED: tuple[tuple[str, Named], ...] = (
    ("Feasibility", "Feasible"),
    ("Feasibility", "Not feasible"),
    ("Project Goals", None),
    ("Certification Feedback", "Tokens expire."),
    ("Certification Feedback", "Errors are not handled."),
    ("Certification Feedback", None),
    ("Certification Start", date(2026, 3, 31)),
    ("Certification Start", None),
    ("Go-live Date", date(2026, 5, 4)),
    ("Additional Fees", "Agreed"),
    ("Technical Consultant", "sales"),
    ("Technical Consultant", None),
    ("Gate Override", "It must be."),
    ("Gate Override", None),
    ("Integration Stage", "Live"),
    ("Gate", "Open"),
    ("Gate", "Closed"),
    ("Rounds Failed", 9),
)
WAITS = (
    timedelta(seconds=10),
    timedelta(minutes=2),
    timedelta(hours=2),
    timedelta(days=1),
    timedelta(days=9),
    timedelta(days=40),
)

FREELY = "STORIES_PLAYED" in os.environ
"""`STORIES_PLAYED=200` plays that many stories, new ones each time, instead of always the same few."""

PLAYED = settings(
    max_examples=int(os.environ.get("STORIES_PLAYED", "5")),
    stateful_step_count=25,
    deadline=None,
    derandomize=not FREELY,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Stage:
    """What each played story starts on: a fresh site, a fresh database, everybody there."""

    def __init__(self, jira: Running, postman: Postman, folder: Path, session: requests.Session) -> None:
        self.jira, self.postman, self.folder, self.session = jira, postman, folder, session
        self.service: StoryService | None = None
        self.stories = 0

    def opens(self, workflow: WorkflowStyle) -> tuple[Team, StoryService]:
        self.closes()
        self.stories += 1
        folder = self.folder / str(self.stories)
        folder.mkdir()
        self.jira.reset(workflow=workflow, clock=Clock(frozen_at=FIRST_DAY))
        self.jira.sandbox.target("http://the-service.test/webhooks/jira")
        self.service = service = StoryService(self.jira, self.postman, folder)
        service.may_fail = True
        service.starts()
        scene = Scene(jira=self.jira)
        people = {
            name: Person(scene, service, credential, self.session) for name, credential in self.jira.credentials.items()
        }
        return Team(scene, service, people), service

    def closes(self) -> None:
        if self.service is not None:
            self.jira.webhooks.faults.clear()
            self.service.stops()
            self.service = None


class AnyOrder(RuleBasedStateMachine):
    """People do what they like; the service looks when it is told to."""

    stage: Stage

    @initialize(workflow=st.sampled_from(["strict", "strict", "open"]), reached=st.sampled_from(STAGES[:5]))
    def starts(self, workflow: WorkflowStyle, reached: str) -> None:
        self.team, self.service = self.stage.opens(workflow)
        self.people = self.team.people
        self.project: Project = self.team.reaches(self.team.starts_project(), reached)
        self.visits = self.project.visits
        self.tested: set[str] = set()
        self.settled = False
        self.told: list[str] = []

    # --- what people do

    @rule(who=st.sampled_from(PEOPLE), number=st.integers(0, 20))
    def somebody_moves_the_project(self, who: str, number: int) -> None:
        ways = self.people[who].offered(self.project)
        self.acts(lambda: self.people[who].moves(self.project, ways[number % len(ways)]))

    @rule(who=st.sampled_from(PEOPLE), number=st.integers(0, 60), status=st.sampled_from(STATUSES))
    def somebody_moves_a_step(self, who: str, number: int, status: str) -> None:
        steps = self.project.subtasks()
        if steps:
            self.acts(lambda: self.people[who].moves(steps[number % len(steps)], status))

    @rule()
    def the_team_works_a_stage_off(self) -> None:
        """So that stories come further than their beginnings."""

        def work() -> None:
            for field, value in WRITTEN_DOWN.get(self.project.stage or "", {}).items():
                self.people["tc"].fills(self.project, field, value)
            for step in sorted(self.open_steps(), key=lambda step: int(step.id)):
                step.begun_by(self.people["tc"])
                if step.name != "round":
                    step.done_by(self.people["tc"])

        self.acts(work)

    @rule(who=st.sampled_from(PEOPLE), what=st.sampled_from(FILLED))
    def somebody_fills_in_a_field(self, who: str, what: tuple[str, Named]) -> None:
        self.acts(lambda: self.people[who].fills(self.project, *what))

    @rule(label=st.sampled_from(["training", "config-issue", "notes"]))
    def the_client_asks(self, label: str) -> None:
        self.acts(lambda: self.people["client"].asks(self.project, label))

    @rule(number=st.integers(0, 60))
    def an_admin_deletes_a_step(self, number: int) -> None:
        steps = [step for step in self.project.subtasks() if step.name != "round"]
        if steps:
            self.acts(lambda: self.people["admin"].deletes(steps[number % len(steps)]))

    @rule(number=st.integers(0, 60), who=st.sampled_from(PEOPLE))
    def a_step_is_given_to_somebody(self, number: int, who: str) -> None:
        if steps := self.open_steps():
            self.acts(lambda: self.people["tc"].assigns(steps[number % len(steps)], self.people[who]))

    @rule(wait=st.sampled_from(WAITS))
    def time_passes(self, wait: timedelta) -> None:
        self.acts(lambda: self.team.scene.clock.advance(seconds=wait.total_seconds()))

    # --- what happens to the service

    @rule(action=st.sampled_from(["drop", "duplicate", "reorder"]), every=st.integers(1, 3))
    def webhooks_go_astray(self, action: Any, every: int) -> None:
        self.stage.jira.webhooks.faults[:] = [WebhookFault(action=action, every=every)]

    @rule()
    def the_service_looks(self) -> None:
        self.service.looks_at(self.project)
        self.settled = False

    @rule(writes=st.integers(1, 4))
    def the_power_fails_during_a_look(self, writes: int) -> None:
        look_cut_short(self.service, self.project, writes)
        self.settled = False

    @rule()
    def the_database_is_lost(self) -> None:
        self.service.loses_its_database()

    @rule()
    def the_service_catches_up(self) -> None:
        self.stage.jira.webhooks.faults.clear()
        self.service.looks_at(self.project)
        self.service.catches_up()
        self.note_tested()
        self.settled = True

    @precondition(lambda self: self.settled and self.project.gate is not None)
    @rule()
    def the_gate_keeps_its_word(self) -> None:
        """Gate is Open exactly when the move to the next stage is accepted."""
        stage, gate = self.project.stage, self.project.gate
        if stage not in STAGES[:-1] or self.project.status != stage:
            return
        following = STAGES[STAGES.index(stage) + 1]
        if self.people["tc"].ways(self.project).get(following) is None:
            return
        self.team.scene.pace = timedelta(0)  # time alone may change what is accepted
        self.people["tc"].moves(self.project, following)
        self.service.works_at_once()
        self.team.scene.pace = timedelta(minutes=1)
        accepted = self.project.visits[-1] == following.lower()
        assert accepted == (gate == "Open"), (stage, gate, self.project.said[-1:])
        self.settled = False

    # --- what must hold

    @invariant()
    def no_two_live_sub_tasks_bear_one_marker(self) -> None:
        if getattr(self, "settled", False):
            assert not list(twins(self.project))

    @invariant()
    def a_second_look_writes_nothing(self) -> None:
        if getattr(self, "settled", False):
            calls = self.service.calls(lambda: self.service.looks_at(self.project))
            assert calls.writes == 0, calls.operations

    @invariant()
    def no_key_is_dead(self) -> None:
        if getattr(self, "settled", False):
            assert not self.service.running.store.queue.rows(dead=True)

    @invariant()
    def what_was_accepted_stays_accepted(self) -> None:
        if getattr(self, "settled", False):
            visits = self.project.visits
            assert visits[: len(self.visits)] == self.visits
            assert all(before != after for before, after in pairwise(visits))
            self.visits = visits

    @invariant()
    def the_fields_show_the_decisions(self) -> None:
        if getattr(self, "settled", False):
            assert (self.project.stage or "").lower() == self.project.visits[-1]
            held = self.project.status == self.project.stage or "gate-violation" in self.project.labels
            assert held, (self.project.status, self.project.stage)

    @invariant()
    def rounds_are_the_accepted_visits_in_which_testing_began(self) -> None:
        if getattr(self, "settled", False):
            shown = self.project.field("Certification Round") or 0
            assert shown == len(self.tested), (shown, self.tested, self.project.rounds)
            failed = [entry for entry in self.project.rounds if entry.get("result") == "failed"]
            assert (self.project.field("Rounds Failed") or 0) == len(failed)

    @invariant()
    def nothing_is_said_twice(self) -> None:
        if getattr(self, "settled", False):
            moved = [
                item
                for change in self.project.issue.changes
                for item in change.items
                if item.field == "status" and self.team.scene.name_of(change.author_id) != "service"
            ]
            refusals = [text for text in self.project.said if "is refused:" in text]
            assert len(refusals) <= len(moved)

    # --- how

    def acts(self, act: Callable[[], object]) -> None:
        self.note_tested()
        act()
        self.settled = False
        self.note_tested()

    def open_steps(self) -> list[Step]:
        return [step for step in self.project.all_steps() if step.is_open]

    def note_tested(self) -> None:
        """Remember the visits whose round people ever took on, by the sub-tasks' own history."""
        for step in self.project.all_steps("round"):
            if step.marker["parent"] != self.project.id or step.marker["visit"] in self.tested:
                continue
            for change in step.issue.changes:
                mine = self.team.scene.name_of(change.author_id) != "service"
                if mine and any(i.field == "status" and i.after_text != "Won't Do" for i in change.items):
                    self.tested.add(step.marker["visit"])

    def teardown(self) -> None:
        if hasattr(self, "project"):
            self.the_service_catches_up()
            self.a_second_look_writes_nothing()
            self.no_two_live_sub_tasks_bear_one_marker()
            self.rounds_are_the_accepted_visits_in_which_testing_began()
        self.stage.closes()


@pytest.fixture
def stage(server: Running, postman: Postman, tmp_path: Path, session: requests.Session) -> Stage:
    postman.receiver = None
    return Stage(server, postman, tmp_path, session)


def test_whatever_people_do_the_service_comes_to_rest_in_order(stage: Stage) -> None:
    AnyOrder.stage = stage
    run_state_machine_as_test(AnyOrder, settings=PLAYED)  # type: ignore[no-untyped-call]
