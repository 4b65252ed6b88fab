"""Crossings: each status change from one stage to another is answered once, in order, by the facts of now."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from projectworld import ADMIN, MINIMAL, MONDAY, PAYTRONIX, SERVICE, World, at, varied, with_gate

from sync_service.lifecycle.actions import Create, Edit, Move
from sync_service.lifecycle.facts import PROJECT
from sync_service.lifecycle.history import reaches_back


def accepted(world: World) -> list[str]:
    return [stage for stage, _, _ in world.state.record.accepted]


class TestAccepting:
    """An accepted crossing opens a visit: steps first, then one edit, then what is over is closed."""

    def test_in_the_order_in_which_nothing_is_lost(self) -> None:
        """The bulk create comes before the accepting edit, which carries field and record together."""
        world = at("discovery")
        world.finish()
        world.move("Requirements")
        create, edit, *_ = world.look().actions
        assert isinstance(create, Create)
        assert isinstance(edit, Edit)
        assert edit.fields["stage"] == "Requirements"
        assert edit.record is not None
        assert edit.comment == ""

    def test_a_look_accepts_one_and_looks_again_at_once(self) -> None:
        """Two crossings that wait are judged one after the other."""
        world = at("requirements")
        world.move("Discovery")
        world.move("Requirements")
        decided = world.look()
        assert decided.again
        assert world.fields["stage"] == "Discovery"
        world.settle()
        assert accepted(world) == ["discovery", "requirements", "discovery", "requirements"]

    def test_two_stages_at_once_stop_at_the_first_closed_gate(self) -> None:
        """After downtime the second stage's steps are not done, so the project goes back to the first."""
        world = at("discovery")
        world.finish()
        world.move("Requirements")
        world.move("Development")
        world.settle()
        assert (world.stage, world.status) == ("requirements", "Requirements")
        assert world.said("The move from Requirements to Development is refused") == 1

    def test_there_and_back_before_anyone_looked(self) -> None:
        """An accepted move and the move back from it are both answered."""
        world = at("discovery")
        world.finish()
        world.move("Requirements")
        world.move("Discovery")
        assert world.look().again
        world.settle()
        assert accepted(world) == ["discovery", "requirements", "discovery"]

    def test_a_stage_with_several_statuses(self) -> None:
        """A move within a stage is no crossing."""
        world = World(MINIMAL)
        world.settle()
        world.move("Selected")
        assert world.look().actions == ()
        assert accepted(world) == ["planned"]

    def test_another_lifecycle(self) -> None:
        """Three stages, no certification, and a gate that wants a field."""
        world = at("working", MINIMAL)
        world.finish()
        world.go("finished")
        assert world.said("Outcome is empty. Fill it.") == 1
        world.fill("outcome", "It works")
        world.go("finished")
        assert world.stage == "finished"
        world.go("working")
        assert world.stage == "working"
        assert {subtask.marker.visit for subtask in world.subtasks.values() if subtask.marker} == {"once"}


class TestRefusing:
    """A refusal says why and moves the issue back; it is no visit."""

    def test_one_edit_then_the_way_back(self) -> None:
        """The comment rides on the edit that notes the crossing; nothing rides on the transition."""
        world = at("discovery")
        world.move("Requirements")
        edit, move = world.look().actions
        assert isinstance(edit, Edit)
        assert isinstance(move, Move)
        assert (move.issue, move.to) == (world.id, ("Discovery",))
        assert edit.record is not None
        assert edit.fields["last_refusal"] == world.now
        assert edit.comment.startswith("*The move from Discovery to Requirements is refused:*\n* INT-101 “")
        assert edit.comment.endswith(
            "The issue goes back to Discovery. Move it again when nothing is missing any more."
        )
        world.settle()
        assert (world.status, accepted(world)) == ("Discovery", ["discovery"])

    def test_missing_steps_are_made_first_and_named_by_their_keys(self) -> None:
        """A brand-new issue that is moved at once gets its steps, and a refusal that names them."""
        world = World()
        world.move("Requirements")
        world.look()
        assert "§" not in world.comments[0][1]
        assert world.step("goals").key in world.comments[0][1]
        assert world.step("goals").key in str(world.record["blocked"])

    def test_cut_off_before_the_way_back(self) -> None:
        """Only the transition is done again; nothing is repeated."""
        world = at("discovery")
        world.move("Requirements")
        world.look(stop_after=1)
        assert world.status == "Requirements"
        world.settle()
        assert world.status == "Discovery"
        assert len(world.comments) == 1

    def test_to_the_status_that_was_left(self) -> None:
        """Where the stage has several statuses, back to the one that the issue came from."""
        world = World(MINIMAL)
        world.settle()
        world.move("Selected")
        world.go("working")
        assert world.status == "Selected"

    def test_else_to_the_first_that_the_workflow_offers(self) -> None:
        """Where that one can't be reached, to another of the stage's statuses."""
        world = World(MINIMAL)
        world.settle()
        world.move("Selected")
        world.ways = lambda status: ["To Do"]
        world.move("In Progress")
        world.settle()
        assert world.status == "To Do"

    def test_one_message_for_all_that_waits(self) -> None:
        """A refusal answers all later crossings too."""
        world = at("discovery")
        world.move("Requirements")
        world.move("Development")
        world.move("Certification")
        world.settle()
        assert (world.status, len(world.comments)) == ("Discovery", 1)
        assert world.said("The move from Discovery to Requirements is refused") == 1

    def test_the_way_back_is_gone_though_the_last_move_alone_would_be_allowed(self) -> None:
        """What a refusal answered is not judged by itself because the way back was cut off."""
        world = at("requirements")
        world.move("Live")
        world.move("Discovery")
        world.look(stop_after=1)
        world.settle()
        assert (world.stage, world.status) == ("requirements", "Requirements")

    def test_people_moved_it_back_themselves(self) -> None:
        """Then there is nothing to move, and the message says so."""
        world = at("discovery")
        world.move("Requirements")
        world.move("Discovery")
        world.settle()
        assert world.said("The project stays in Discovery.") == 1
        assert "gate-violation" not in world.labels

    def test_names_cannot_break_the_layout_or_mention_anyone(self) -> None:
        """What people wrote is escaped where it enters a comment."""
        world = at("discovery")
        world.rename("goals", "{code} [~admin] *loud*")
        world.move("Requirements")
        world.look()
        assert r"\{code\} \[\~admin\] \*loud\*" in world.comments[0][1]

    def test_each_new_attempt_is_answered(self) -> None:
        """Moved again, it is refused again, with the reasons of then."""
        world = at("discovery")
        world.go("requirements")
        world.done("goals")
        world.go("requirements")
        assert len(world.comments) == 2


class TestNoWayBack:
    """A workflow without a way back: the comment says so, and a label stays until the crossing can be accepted."""

    @pytest.fixture
    def stuck(self) -> World:
        world = at("discovery")
        world.ways = lambda status: ()
        world.go("requirements")
        return world

    def test_said_once_and_labelled(self, stuck: World) -> None:
        """The project counts as in the stage before."""
        assert (stuck.stage, stuck.status) == ("discovery", "Requirements")
        assert stuck.said("The workflow offers no way back to Discovery") == 1
        assert "gate-violation" in stuck.labels

    def test_accepted_as_soon_as_the_gate_opens(self, stuck: World) -> None:
        """It is judged again at every look, in silence."""
        stuck.finish(but=["evaluation"])
        stuck.settle()
        assert stuck.stage == "discovery"
        stuck.finish()
        stuck.settle()
        assert stuck.stage == "requirements"
        assert "gate-violation" not in stuck.labels
        assert len(stuck.comments) == 1

    def test_a_return_by_hand_ends_it(self, stuck: World) -> None:
        """One whose target is the last accepted stage is a return: nothing asked, the label goes."""
        stuck.move("Discovery")
        stuck.settle()
        assert "gate-violation" not in stuck.labels
        assert accepted(stuck) == ["discovery"]

    def test_moved_back_once_the_workflow_allows(self, stuck: World) -> None:
        """A way that opens later is taken."""
        stuck.ways = lambda status: ["Discovery"]
        stuck.settle()
        assert stuck.status == "Discovery"

    def test_a_move_within_the_stage_says_nothing_again(self) -> None:
        """The status may change within the stage that was not accepted."""
        world = World(MINIMAL)
        world.settle()
        world.ways = lambda status: ()
        world.go("working")
        world.move("In Review")
        world.settle()
        assert len(world.comments) == 1

    def test_the_record_lost_says_nothing_again(self, stuck: World) -> None:
        """*Last Refusal* in the change log shows what was answered."""
        stuck.record = None
        stuck.settle()
        assert len(stuck.comments) == 1
        assert "gate-violation" in stuck.labels

    def test_the_record_lost_without_that_field(self) -> None:
        """Then the label shows that it was said."""
        fields = {key: field for key, field in PAYTRONIX.fields.items() if key != "last_refusal"}
        world = at("discovery", varied(fields=fields))
        world.ways = lambda status: ()
        world.go("requirements")
        world.record = None
        world.settle()
        assert len(world.comments) == 1


class TestTugOfWar:
    """A site's automation that keeps moving the issue: after three refusals within an hour the service stops."""

    @pytest.fixture
    def held(self) -> World:
        world = at("discovery")
        for _ in range(4):
            world.go("requirements")
            world.pass_time(minutes=5)
        return world

    def test_the_fourth_time_it_stays(self, held: World) -> None:
        """It is said, labelled, and left until the facts change."""
        assert held.status == "Requirements"
        assert held.said("The issue goes back to Discovery") == 3
        assert held.said("refused three times within an hour, so it is not moved back any more") == 1
        assert "gate-violation" in held.labels
        held.pass_time(hours=3)
        held.settle()
        assert held.status == "Requirements"

    def test_said_once_though_it_goes_on(self, held: World) -> None:
        """Moved back by a person and forward by the automation, nobody is told again."""
        held.move("Discovery", by="tc")
        held.go("requirements")
        assert len(held.comments) == 4

    def test_the_record_lost_it_is_still_left(self, held: World) -> None:
        """The label shows that the service had stopped."""
        held.record = None
        held.settle()
        assert held.status == "Requirements"
        assert len(held.comments) == 4

    def test_a_change_of_facts_ends_it(self, held: World) -> None:
        """As soon as the gate opens the move is accepted."""
        held.finish()
        held.settle()
        assert held.stage == "requirements"
        assert "gate-violation" not in held.labels

    def test_another_move_is_another_edge(self, held: World) -> None:
        """It is refused and moved back as any."""
        held.go("live")
        assert held.status == "Discovery"

    def test_three_in_more_than_an_hour_are_no_tug_of_war(self) -> None:
        """The count is of the last hour."""
        world = at("discovery")
        for _ in range(6):
            world.go("requirements")
            world.pass_time(minutes=25)
        assert world.status == "Discovery"


class TestReturns:
    """Returns, ends left again, stages entered again."""

    def test_our_own_return_answers_everything_before_it(self) -> None:
        """Also what people did between the refusal and the way back."""
        world = at("discovery")
        world.move("Requirements")
        decided = world.plan()
        world.move("Development")
        world.apply(decided.actions)
        world.settle()
        assert (world.status, len(world.comments)) == ("Discovery", 1)

    def test_an_end_left_for_its_stage(self) -> None:
        """Nothing is asked, the visit is resumed with its due dates."""
        world = at("requirements")
        due = world.step("idi").due
        world.go("cancelled")
        assert world.fields["stage"] == "Cancelled"
        world.pass_time(days=20)
        world.go("requirements")
        assert accepted(world)[-2:] == ["cancelled", "requirements"]
        assert world.step("idi").due == due

    def test_from_one_end_to_another_and_back(self) -> None:
        """The stage that was left is the same."""
        world = at("discovery")
        world.fill("feasibility", "Not feasible")
        world.go("declined")
        world.go("cancelled")
        world.go("discovery")
        assert accepted(world) == ["discovery", "declined", "cancelled", "discovery"]
        assert len({visit.id for visit in world.state.visits if visit.stage == "discovery"}) == 1

    def test_an_end_is_left_only_as_the_stage_would_be(self) -> None:
        """Out of an end a project is judged as from the stage that was left for it."""
        world = at("requirements")
        world.go("cancelled")
        world.go("development")
        assert (world.stage, world.status) == ("cancelled", "Cancelled")

    def test_not_feasible_leads_only_to_declined(self) -> None:
        """Discovery's decision."""
        world = at("discovery")
        world.finish()
        world.fill("feasibility", "Not feasible")
        world.go("requirements")
        assert world.stage == "discovery"
        world.go("declined")
        assert world.stage == "declined"


class TestAdoption:
    """Crossings before `enforce_since` are accepted as the status log has them; steps are made for now only."""

    def test_a_running_project(self) -> None:
        """Its past becomes its visits, and nothing is refused."""
        world = World(enforce_since=MONDAY + timedelta(days=30))
        for status in ("Requirements", "Development", "Certification", "Development"):
            world.move(status)
        world.pass_time(days=60)
        world.settle()
        assert accepted(world) == ["discovery", "requirements", "development", "certification", "development"]
        assert {s.marker.step for s in world.subtasks.values() if s.marker} == set(
            PAYTRONIX.stages["development"].steps
        )
        assert world.comments == [] or all("due on" in text for _, text in world.comments)

    def test_its_certification_visits_count(self) -> None:
        """As begun, and as failed if left for development."""
        world = World(enforce_since=MONDAY + timedelta(days=30))
        for status in ("Requirements", "Development", "Certification", "Development", "Certification"):
            world.move(status)
        world.pass_time(days=60)
        world.settle()
        assert (world.fields["certification_round"], world.fields["rounds_failed"]) == (2.0, 1.0)
        assert world.state.round is not None
        assert world.state.round.begun is not None

    def test_what_comes_later_is_judged(self) -> None:
        """The first crossing after it is answered like any."""
        world = World(enforce_since=MONDAY + timedelta(hours=1))
        world.move("Development")
        world.pass_time(hours=2)
        world.move("Live")
        world.settle()
        assert (world.stage, world.status) == ("development", "Development")

    def test_crossings_from_before_it_are_accepted_later_too(self) -> None:
        """Also where the issue has a record already."""
        world = World(enforce_since=MONDAY + timedelta(days=30))
        world.settle()
        world.move("Development")
        world.settle()
        assert (accepted(world), world.comments) == (["discovery", "development"], [])


class TestUnknownStatus:
    """A status that belongs to no stage is said once, and nothing is decided until it is known again."""

    def test_said_once(self) -> None:
        """On the issue once, to the operator at every look."""
        world = at("discovery")
        world.move("On Hold")
        decided = world.look()
        assert "status 'On Hold' belongs to no stage of mapping 'paytronix'" in decided.refused
        assert world.said("The status “On Hold” belongs to no stage") == 1
        assert "gate-violation" in world.labels
        assert world.look().actions == ()

    def test_said_also_where_the_status_disagreed_before(self) -> None:
        """The label of a refused move that stands doesn't keep it from being said; nor is it said twice."""
        world = at("discovery")
        world.ways = lambda status: ()
        world.go("requirements")
        assert "gate-violation" in world.labels
        world.move("On Hold")
        world.settle()
        world.move("On Ice")
        world.settle()
        assert world.said("belongs to no stage") == 1
        world.record = None
        world.settle()
        assert world.said("belongs to no stage") == 1

    def test_said_anew_when_it_comes_again(self) -> None:
        """Each time that an issue leaves the lifecycle's statuses; a label that somebody takes off says nothing."""
        world = at("discovery")
        for _ in range(2):
            world.move("On Hold")
            world.settle()
            world.labels = frozenset()
            world.settle()
            assert "gate-violation" in world.labels
            world.move("Discovery")
            world.settle()
        assert world.said("belongs to no stage") == 2

    def test_cut_off_it_is_said_once(self) -> None:
        """The comment rides on the edit that notes it."""
        world = at("discovery")
        world.move("On Hold")
        world.look(stop_after=1)
        world.settle()
        assert world.said("belongs to no stage") == 1

    def test_the_slot_stays_its_own(self) -> None:
        """Nothing is decided, least of all that its place is free; the field's date is the truth here too."""
        world = at("certification")
        world.done("notify")
        world.settle()
        world.move("On Hold")
        assert world.look().booking == date(2026, 3, 9)
        world.fill("certification_start", date(2026, 4, 1))
        assert world.look().booking == date(2026, 4, 1)

    def test_known_again(self) -> None:
        """The label goes, and the way there and back is a return."""
        world = at("discovery")
        world.move("On Hold")
        world.settle()
        world.move("Discovery")
        world.settle()
        assert "gate-violation" not in world.labels
        assert accepted(world) == ["discovery"]

    def test_left_by_way_of_it(self) -> None:
        """A crossing is from stage to stage, whatever lies between."""
        world = at("discovery")
        world.finish()
        world.move("On Hold")
        world.settle()
        world.go("requirements")
        assert world.stage == "requirements"

    def test_a_new_issue_in_an_unknown_status(self) -> None:
        """It counts as in the first stage."""
        world = World(status="Elsewhere")
        assert "belongs to no stage" in world.look().refused
        assert world.stage == "discovery"

    def test_a_status_that_changed_hands(self) -> None:
        """A status given to another stage in the mapping is judged like a move there."""
        world = World(MINIMAL)
        world.settle()
        world.move("Selected")
        planned = MINIMAL.stages["planned"].model_copy(update={"statuses": ("To Do",)})
        working = MINIMAL.stages["working"].model_copy(update={"statuses": ("In Progress", "Selected")})
        world.mapping = varied(MINIMAL, stages={**MINIMAL.stages, "planned": planned, "working": working})
        world.settle()
        assert (world.stage, world.status) == ("planned", "To Do")
        assert len(world.comments) == 1

    @pytest.mark.parametrize("moved", [False, True], ids=["never moved", "moved within the stage"])
    def test_a_status_that_changed_hands_without_a_crossing(self, moved: bool) -> None:
        """Also where the change log has no crossing for it."""
        world = World(MINIMAL)
        world.settle()
        if moved:
            world.move("Selected")
        planned = MINIMAL.stages["planned"].model_copy(update={"statuses": ("Backlog",)})
        working = MINIMAL.stages["working"].model_copy(update={"statuses": ("In Progress", "To Do", "Selected")})
        world.mapping = varied(MINIMAL, stages={**MINIMAL.stages, "planned": planned, "working": working})
        world.finish()
        world.settle()
        assert world.stage == "working"


class TestMovedProjects:
    """An issue that was moved here from another Jira project begins anew, unless it was a project here before."""

    @pytest.mark.parametrize("record", ["kept", "lost"])
    def test_one_that_comes_back_goes_on_where_it_was(self, record: str) -> None:
        """Its record, or our own writings of its stage, came back with it."""
        world = at("development")
        build = world.step("build")
        for project in ("OLD", "INT"):
            world.changes.append(replace(world.changes[-1], id=world._next_id(), at=world.now, field=PROJECT))
            world.move("Backlog" if project == "OLD" else "Development")
        world.record = world.record if record == "kept" else None
        world.settle()
        assert (world.stage, world.status, world.comments) == ("development", "Development", [])
        assert record == "lost" or world.step("build").id == build.id

    def test_its_past_elsewhere_does_not_count(self) -> None:
        """The move carries project and status together; only what comes after it counts."""
        world = World()
        world.move("Live")
        world.changes.append(replace(world.changes[-1], id="150", field=PROJECT, before="OLD", after="INT"))
        world.changes.append(replace(world.changes[0], id="150", before="Live", after="Requirements"))
        world.status, world._ids = "Requirements", 160
        world.settle()
        assert (accepted(world), world.status) == (["discovery"], "Discovery")


class TestLogs:
    """How much of the change log is needed."""

    def test_all_of_it_without_a_record(self) -> None:
        """A record that is lost is told anew from the beginning."""
        world = at("requirements")
        facts = replace(world.facts, complete=False)
        assert not reaches_back(replace(facts, record=None), world.mapping)
        assert reaches_back(world.facts, world.mapping)

    def test_else_back_to_the_begin_of_the_visit(self) -> None:
        """The newest changes suffice where they reach the crossing that opened the visit."""
        world = at("requirements")
        for number in range(50):
            world.fill("goals", f"Goal {number}")
        facts = replace(world.facts, complete=False)
        assert reaches_back(replace(facts, changes=facts.changes[-60:]), world.mapping)
        assert not reaches_back(replace(facts, changes=facts.changes[-40:]), world.mapping)

    def test_in_an_end_back_to_the_visit_that_was_left(self) -> None:
        """Leaving the end resumes it."""
        world = at("requirements")
        world.go("cancelled")
        facts = replace(world.facts, complete=False, changes=world.facts.changes[-3:])
        assert not reaches_back(facts, world.mapping)


def test_our_own_move_is_judged_like_anyones() -> None:
    """A crossing in our name that is no return may be a site's automation."""
    world = at("discovery")
    world.move("Requirements", by=SERVICE)
    world.settle()
    assert world.status == "Discovery"


def test_a_warning_is_said_once_though_the_look_is_cut_off() -> None:
    """The comment rides on the accepting edit."""
    world = at("discovery", with_gate("discovery", "requirements", enforcement="warn"))
    world.move("Requirements", by=ADMIN)
    world.look(stop_after=2)
    world.settle()
    assert len(world.comments) == 1


@pytest.mark.parametrize(
    ("enforcement", "override", "done", "verdict"),
    [
        ("enforce", False, True, "accepted"),
        ("enforce", False, False, "refused"),
        ("enforce", True, False, "overridden"),
        ("warn", False, False, "warned"),
        ("observe", False, False, "observed"),
    ],
)
def test_a_plan_tells_how_it_answered(enforcement: str, override: bool, done: bool, verdict: str) -> None:
    """For whoever counts: the edge, who moved, the verdict, and what was missing."""
    world = at("discovery", varied(enforcement=enforcement))
    if done:
        world.finish()
    if override:
        world.fill("gate_override", "Agreed", by=ADMIN)
    world.move("Requirements", by="client")
    answer = world.look().answer
    assert answer is not None
    assert (answer.source, answer.target, answer.author) == ("discovery", "requirements", "client")
    assert (answer.verdict, bool(answer.reasons)) == (verdict, not done)
    assert world.look().answer is None
