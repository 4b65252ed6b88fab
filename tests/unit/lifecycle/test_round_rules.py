"""Certification: rounds that begin, end and are counted; fees; the slots that they take."""

from datetime import date, datetime, time, timedelta

import pytest
from projectworld import ADMIN, PAYTRONIX, SERVICE, World, at, varied, with_step

from mappings.model import Gate
from sync_service.lifecycle.actions import Move

ROUNDS = PAYTRONIX.certification
assert ROUNDS is not None


def free_rounds(count: int) -> World:
    return at("certification", varied(certification=ROUNDS.model_copy(update={"free_rounds": count})))


def again(world: World) -> None:
    """Come back to certification for another round."""
    world.finish()
    world.go("certification")


@pytest.fixture
def testing() -> World:
    """A project whose first round has begun."""
    world = at("certification")
    world.prepare_round()
    world.start("round")
    world.settle()
    return world


class TestCounting:
    """A round counts from when testing began: its sub-task has left its first status."""

    def test_begun(self, testing: World) -> None:
        """The count shows at once."""
        assert testing.fields["certification_round"] == 1.0

    def test_not_before(self) -> None:
        """Entering certification is no round yet."""
        assert at("certification").fields.get("certification_round") is None

    def test_put_back_it_has_begun_all_the_same(self, testing: World) -> None:
        """From then on it counts."""
        testing.reopen("round", by="engineer")
        testing.settle()
        assert testing.fields["certification_round"] == 1.0

    def test_our_own_moves_begin_nothing(self) -> None:
        """Only people test."""
        world = at("certification")
        world.set_status(world.step("round").id, "In Progress", by=SERVICE)
        world.settle()
        assert world.fields.get("certification_round") is None

    def test_a_wont_do_taken_back_begins_nothing(self) -> None:
        """Whoever clicked wrong, or reopens by hand what a cancellation closed, tests nothing."""
        world = at("certification")
        world.prepare_round()
        world.wont_do("round")
        world.reopen("round")
        world.settle()
        assert world.fields.get("certification_round") is None
        world.go("cancelled")
        (ident,) = [s.id for s in world.subtasks.values() if s.marker and s.marker.step == "round"]
        world.move("Certification")
        world.set_status(ident, "To Do")
        world.settle()
        assert world.fields.get("certification_round") is None
        world.go("development")
        assert (world.stage, world.fields["certification_result"]) == ("development", "Withdrawn")

    def test_moved_when_the_visit_was_over_it_never_began(self) -> None:
        """Neither with the record nor without it."""
        world = at("certification")
        (ident,) = [s.id for s in world.subtasks.values() if s.marker and s.marker.step == "round"]
        world.go("development")
        world.set_status(ident, "Done", by="engineer")
        world.settle()
        world.record = None
        world.settle()
        assert (world.fields.get("certification_round"), world.fields["certification_result"]) == (None, "Withdrawn")

    def test_deleted_after_it_began_it_still_counts(self, testing: World) -> None:
        """The record remembers."""
        testing.delete("round")
        testing.settle()
        assert testing.fields["certification_round"] == 1.0

    def test_withdrawn(self) -> None:
        """Left before testing began, nothing is asked and no round is counted."""
        world = at("certification")
        world.go("development")
        assert world.stage == "development"
        assert (world.fields.get("certification_round"), world.fields["certification_result"]) == (None, "Withdrawn")
        assert world.fields["rounds_failed"] == 0.0
        assert "again" not in world.step("build").summary

    def test_cancelled_and_resumed_it_is_the_same_round(self, testing: World) -> None:
        """Leaving an end resumes the visit that was left."""
        testing.go("cancelled")
        testing.go("certification")
        assert testing.fields["certification_round"] == 1.0
        assert len(testing.state.rounds) == 1

    def test_cancelled_and_sent_back_it_has_ended(self, testing: World) -> None:
        """Out of the end by an override, the visit ended when it was left."""
        testing.go("cancelled")
        testing.fill("gate_override", "Start over", by=ADMIN)
        testing.go("development")
        (entry,) = testing.state.rounds
        assert (entry.result, testing.stage) == ("failed", "development")


class TestResult:
    """By moving the project issue, or by the round's sub-task."""

    def test_certified_by_the_move(self, testing: World) -> None:
        """The move certifies the round and closes its step."""
        testing.go("launch")
        assert testing.fields["certification_result"] == "Certified"
        (subtask,) = [s for s in testing.subtasks.values() if s.marker and s.marker.step == "round"]
        assert subtask.status == "Certified"

    def test_certified_by_the_sub_task(self, testing: World) -> None:
        """The service moves the project issue itself, last of all, and accepts that like anyone's move."""
        testing.set_status(testing.step("round").id, "Certified", by="engineer")
        decided = testing.look()
        assert isinstance(decided.actions[-1], Move)
        assert decided.actions[-1].to == ("Launch",)
        testing.settle()
        assert (testing.stage, testing.fields["certification_result"]) == ("launch", "Certified")

    def test_certified_but_something_is_missing(self) -> None:
        """It stays until the gate is open."""
        world = at("certification", with_step("certification", "notify", needs=("goals",)))
        world.prepare_round()
        world.fill("goals", None)
        world.start("round")
        world.set_status(world.step("round").id, "Certified", by="engineer")
        world.settle()
        assert world.stage == "certification"
        world.fill("goals", "Now")
        world.settle()
        assert world.stage == "launch"

    def test_failed_by_the_move(self, testing: World) -> None:
        """Feedback is required, and then carried into the next build."""
        testing.go("development")
        assert testing.said("Certification Feedback has no feedback on it") == 1
        assert testing.stage == "certification"
        testing.fill("certification_feedback", "Calls are made *twice*\nTokens {expire}", by="engineer")
        testing.fill("failure_reasons", ("duplicate calls", "token expiry"), by="engineer")
        testing.go("development")
        assert (testing.fields["certification_result"], testing.fields["rounds_failed"]) == ("Failed", 1.0)
        build = testing.step("build")
        assert build.summary == "Address the feedback of certification round 1"
        assert "Calls are made \\*twice\\*\nTokens \\{expire\\}" in build.description
        (entry,) = testing.state.rounds
        assert entry.reasons == ("duplicate calls", "token expiry")
        assert entry.feedback == testing.facts.last_change("certification_feedback").id  # type: ignore[union-attr]
        (subtask,) = [s for s in testing.subtasks.values() if s.marker and s.marker.step == "round"]
        assert subtask.status == "Failed"

    def test_feedback_on_the_transitions_own_screen(self, testing: World) -> None:
        """The crossing's own change-log entry is part of the visit."""
        testing.go("development", certification_feedback="Handle errors")
        assert testing.stage == "development"

    def test_feedback_of_an_earlier_round_is_none(self, testing: World) -> None:
        """It must have been changed during this visit."""
        testing.fill("certification_feedback", "Old", by="engineer")
        testing.go("development")
        testing.finish()
        testing.go("certification")
        testing.prepare_round()
        testing.start("round")
        testing.go("development")
        assert testing.stage == "certification"

    def test_feedback_given_on_the_way_in_is_none(self) -> None:
        """What was written with the move into certification says nothing about the round."""
        world = at("development")
        world.finish()
        world.go("certification", certification_feedback="Be kind")
        world.prepare_round()
        world.start("round")
        assert not world.judge("development").is_open

    def test_failed_by_the_sub_task_without_feedback(self, testing: World) -> None:
        """It stays, the feedback is asked for once, and when it comes the issue moves by itself."""
        testing.set_status(testing.step("round").id, "Failed", by="engineer")
        testing.settle()
        testing.pass_time(days=1)
        testing.settle()
        assert testing.stage == "certification"
        assert testing.said("Please write into _Certification Feedback_ what must change") == 1
        testing.fill("certification_feedback", "Wrong flow", by="engineer")
        testing.settle()
        assert (testing.stage, testing.status) == ("development", "Development")

    def test_failed_without_feedback_and_the_record_lost(self, testing: World) -> None:
        """It is not asked for again; the gate shows it anyway."""
        testing.set_status(testing.step("round").id, "Failed", by="engineer")
        testing.settle()
        testing.record = None
        testing.settle()
        assert testing.said("Please write into") == 1
        assert not testing.judge("development").is_open

    def test_failed_by_the_sub_task_with_feedback(self, testing: World) -> None:
        """Then it goes back at once."""
        testing.fill("certification_feedback", "Wrong flow", by="engineer")
        testing.set_status(testing.step("round").id, "Failed", by="engineer")
        testing.settle()
        assert testing.stage == "development"
        assert testing.comments == []

    def test_failed_but_the_way_back_asks_for_more(self, testing: World) -> None:
        """The service doesn't fight its own gate: it says once what is missing, and moves when it is there."""
        gates = {**PAYTRONIX.gates["certification"], "development": Gate(filled=("failure_reasons",))}
        testing.mapping = varied(gates={**PAYTRONIX.gates, "certification": gates})
        testing.fill("certification_feedback", "Wrong flow", by="engineer")
        testing.set_status(testing.step("round").id, "Failed", by="engineer")
        testing.settle()
        testing.record = None
        testing.pass_time(days=1)
        testing.settle()
        assert (testing.stage, testing.status) == ("certification", "Certification")
        (comment,) = [text for key, text in testing.comments if key == testing.key]
        assert comment == (
            "*The way back to Development after certification round 1 is closed while something is missing:*\n"
            "* Failure Reasons is empty. Fill it."
        )
        testing.fill("failure_reasons", ("wrong flow",), by="engineer")
        testing.settle()
        assert (testing.stage, testing.status) == ("development", "Development")

    def test_failed_and_both_are_missing(self, testing: World) -> None:
        """Feedback and what else the way back asks for are asked for together, and each once."""
        filled = ("failure_reasons", "certification_feedback")
        gates = {**PAYTRONIX.gates["certification"], "development": Gate(filled=filled)}
        testing.mapping = varied(gates={**PAYTRONIX.gates, "certification": gates})
        testing.set_status(testing.step("round").id, "Failed", by="engineer")
        testing.settle()
        ((_, comment),) = testing.comments
        assert "Please write into _Certification Feedback_ what must change" in comment
        assert "Failure Reasons is empty" in comment
        assert comment.count("Certification Feedback") == 1

    def test_failed_where_the_way_back_only_warns(self, testing: World) -> None:
        """It goes back with the feedback, and not before."""
        gates = {**PAYTRONIX.gates["certification"]}
        gates["development"] = Gate(filled=("failure_reasons",), enforcement="warn")
        testing.mapping = varied(gates={**PAYTRONIX.gates, "certification": gates})
        testing.set_status(testing.step("round").id, "Failed", by="engineer")
        testing.settle()
        assert testing.stage == "certification"
        assert not testing.said("Failure Reasons")
        testing.fill("certification_feedback", "Wrong flow", by="engineer")
        testing.settle()
        assert testing.stage == "development"

    def test_failed_where_the_way_back_asks_for_steps(self, testing: World) -> None:
        """That the round failed is no reason against failing it."""
        gates = {**PAYTRONIX.gates["certification"], "development": Gate(steps=True)}
        testing.mapping = varied(gates={**PAYTRONIX.gates, "certification": gates})
        testing.fill("certification_feedback", "Wrong flow", by="engineer")
        testing.set_status(testing.step("round").id, "Failed", by="engineer")
        testing.settle()
        assert testing.stage == "development"

    def test_failed_but_moved_on(self, testing: World) -> None:
        """A wrong move is answered first, then the result is carried out."""
        testing.fill("certification_feedback", "Wrong flow", by="engineer")
        testing.set_status(testing.step("round").id, "Failed", by="engineer")
        testing.move("Launch")
        decided = testing.look()
        assert decided.look_again == testing.now
        testing.settle()
        assert testing.stage == "development"

    def test_failed_but_moved_on_without_a_way_back(self, testing: World) -> None:
        """Nothing can be carried out while the issue is elsewhere."""
        testing.fill("certification_feedback", "Wrong flow", by="engineer")
        testing.set_status(testing.step("round").id, "Failed", by="engineer")
        testing.ways = lambda status: ()
        testing.move("Launch")
        testing.settle()
        assert (testing.stage, testing.status) == ("certification", "Launch")

    def test_the_workflow_offers_no_way(self, testing: World) -> None:
        """The operator is told; people move it by hand."""
        testing.ways = lambda status: ()
        testing.set_status(testing.step("round").id, "Certified", by="engineer")
        decided = testing.settle()
        assert decided.notes == (
            "certification round 1 is certified, but the workflow offers the service no transition to 'Launch'; "
            "add one, or move the issue by hand",
        )

    @pytest.mark.parametrize("enforcement", ["enforce", "warn"])
    def test_before_its_turn_it_is_no_result(self, enforcement: str) -> None:
        """Certified before the materials were in: reopened like any step, whatever the gate would let pass."""
        world = at("certification")
        world.mapping = varied(enforcement=enforcement)
        world.set_status(world.step("round").id, "Certified", by="engineer")
        world.settle()
        assert (world.stage, world.standing("round")) == ("certification", "open")

    def test_certified_by_a_skip(self, testing: World) -> None:
        """An override over launch certifies too."""
        testing.fill("gate_override", "Live already", by=ADMIN)
        testing.go("live")
        assert testing.fields["certification_result"] == "Certified"


class TestTimes:
    """Earliest end = five business days after the later of materials in and slot begun."""

    def test_due_date_of_the_round(self) -> None:
        """The slot begins Monday 9 March, materials were in before."""
        world = at("certification")
        world.prepare_round()
        assert world.fields["certification_start"] == date(2026, 3, 9)
        assert world.step("round").due == date(2026, 3, 16)

    def test_no_due_date_without_materials(self) -> None:
        """Nobody knows yet when it can end."""
        world = at("certification")
        world.done("notify")
        world.settle()
        assert world.step("round").due is None

    def test_ended_early(self, testing: World) -> None:
        """Accepted, and marked in the record."""
        testing.go("launch")
        (entry,) = testing.state.rounds
        assert (entry.early, entry.business_days, entry.slot) == (True, 0, date(2026, 3, 9))

    def test_ended_in_time(self, testing: World) -> None:
        """After the five business days it is not early."""
        testing.pass_time(days=15)
        testing.go("launch")
        (entry,) = testing.state.rounds
        assert (entry.early, entry.business_days) == (False, 11)

    def test_the_due_date_follows_the_start(self) -> None:
        """People may change the day that was proposed."""
        world = at("certification")
        world.prepare_round()
        world.fill("certification_start", date(2026, 3, 23))
        world.settle()
        assert world.step("round").due == date(2026, 3, 30)
        assert world.step("materials").is_done


class TestFees:
    """Three rounds are free; from the fourth on additional fees may apply."""

    def test_warned_when_the_last_free_round_failed(self) -> None:
        """The message says that the next may cost."""
        world = free_rounds(2)
        world.fail_round()
        assert world.comments == []
        again(world)
        world.fail_round()
        assert world.said("Certification round 2 failed. 2 rounds are free: *additional fees may apply") == 1

    def test_a_certified_round_uses_its_place_up(self) -> None:
        """Warned by the number of the round: after one that was certified, the second to fail may be the last free."""
        world = free_rounds(2)
        world.prepare_round()
        world.start("round")
        world.go("launch")
        world.go("development")
        again(world)
        world.fail_round()
        assert world.said("Certification round 2 failed. 2 rounds are free: *additional fees may apply") == 1
        again(world)
        world.fail_round()
        assert world.said("additional fees may apply to the next one") == 1

    def test_at_the_entry_of_the_first_that_costs(self) -> None:
        """The field is raised, the review is made, one comment explains."""
        world = free_rounds(1)
        world.fail_round()
        again(world)
        assert world.fields["additional_fees"] == "May apply"
        assert world.standing("fee_review") == "open"
        assert world.said("This is certification round 2. 1 round is free, so additional fees may apply") == 1

    @pytest.mark.parametrize(
        ("before", "after"), [("No", "May apply"), ("Agreed", "Agreed"), ("May apply", "May apply")]
    )
    def test_the_service_only_raises(self, before: str, after: str) -> None:
        """People set Agreed; that stays, and needs no word."""
        world = free_rounds(1)
        world.fail_round()
        world.fill("additional_fees", before)
        again(world)
        assert world.fields["additional_fees"] == after
        assert world.said("fees may apply: ") == (before == "No")

    def test_set_back_by_people_it_stays(self) -> None:
        """Once a visit is enough."""
        world = free_rounds(1)
        world.fail_round()
        again(world)
        world.fill("additional_fees", "No")
        world.settle()
        assert world.fields["additional_fees"] == "No"

    def test_set_back_by_people_and_the_record_lost(self) -> None:
        """It was said, so it is only noted."""
        world = free_rounds(1)
        world.fail_round()
        again(world)
        world.fill("additional_fees", "No")
        world.record = None
        world.settle()
        assert world.fields["additional_fees"] == "No"
        assert world.said("so additional fees may apply") == 1

    def test_the_record_lost_before_the_entry(self) -> None:
        """Then nothing was said yet."""
        world = free_rounds(1)
        world.fail_round()
        world.finish()
        world.move("Certification")
        world.record = None
        world.settle()
        assert world.fields["additional_fees"] == "May apply"
        assert world.said("so additional fees may apply") == 1

    def test_the_review_gates_launch_and_not_the_way_back(self) -> None:
        """A round that costs may fail without the fees being reviewed."""
        world = free_rounds(0)
        world.prepare_round()
        world.start("round")
        assert [reason.where for reason in world.judge("launch").reasons] == [world.step("fee_review").key]
        world.fill("certification_feedback", "Wrong flow")
        assert world.judge("development").is_open

    def test_four_rounds_of_the_real_thing(self) -> None:
        """Three failures, one warning, one explanation, and the fourth certifies."""
        world = at("certification")
        for _ in range(3):
            world.fail_round()
            again(world)
        assert world.said("additional fees may apply to the next one") == 1
        assert world.said("This is certification round 4. 3 rounds are free") == 1
        world.done("fee_review")
        world.prepare_round()
        world.start("round")
        world.go("launch")
        assert (world.fields["certification_round"], world.fields["rounds_failed"]) == (4.0, 3.0)
        assert [entry.result for entry in world.state.rounds] == ["failed"] * 3 + ["certified"]


class TestSlots:
    """The next free slot is proposed when Integrations is notified, and given up if the materials are not in."""

    def test_proposed_after_the_notification(self) -> None:
        """The plan wishes for the earliest day; the reservation is written with the next plan."""
        world = at("certification")
        assert world.plan().wish is None
        world.done("notify")
        decided = world.look()
        assert decided.wish is None
        assert decided.booking == world.fields["certification_start"] == date(2026, 3, 9)

    def test_nothing_free_is_no_failure(self) -> None:
        """Without a reservation the wish stays."""
        world = at("certification")
        world.taken = [date(2026, 3, 2) + timedelta(days=n) for n in range(900)] * 3
        world.done("notify")
        assert world.look().wish == date(2026, 3, 9)
        assert world.fields.get("certification_start") is None

    def test_peoples_own_date_is_respected(self) -> None:
        """A date that stands is not proposed over, and is what the reservation must be."""
        world = at("certification")
        world.fill("certification_start", date(2026, 3, 4))
        world.done("notify")
        decided = world.settle()
        assert decided.booking == world.fields["certification_start"] == date(2026, 3, 4)

    def test_agreeing_needs_the_date(self) -> None:
        """An empty field that a step needs is a reason of the gate, no cause to reopen."""
        world = at("certification")
        world.taken = [date(2026, 3, 2) + timedelta(days=n) for n in range(900)] * 3
        world.done("notify")
        world.settle()
        world.done("slot")
        world.settle()
        assert world.standing("slot") == "done"
        assert any("Certification Start is empty" in str(reason) for reason in world.judge("launch").reasons)

    @pytest.fixture
    def missed(self) -> World:
        """A project whose slot begins today without the materials."""
        world = at("certification")
        world.done("notify")
        world.settle()
        world.done("slot")
        decided = world.settle()
        assert decided.look_again is not None
        assert decided.look_again.date() <= date(2026, 3, 9)
        world.now = datetime.combine(date(2026, 3, 9), time(13), tzinfo=world.now.tzinfo)
        return world

    def test_looked_at_when_it_begins(self) -> None:
        """Nine in the morning in Boston."""
        world = at("certification")
        world.done("notify")
        world.settle()
        world.pass_time(days=6)
        decided = world.settle()
        assert decided.look_again is not None
        assert decided.look_again.isoformat() == "2026-03-09T09:00:00-04:00"

    def test_given_up(self, missed: World) -> None:
        """The field is cleared with a comment, and the slot's step is open again."""
        missed.settle()
        assert missed.fields["certification_start"] is None
        assert missed.said("The certification slot of 2026-03-09 has begun, but the materials are not in") == 1
        assert missed.standing("slot") == "open"
        assert missed.said("Reopened: the slot was given up") == 1
        assert missed.settle().booking is None

    def test_given_up_though_cut_off(self, missed: World) -> None:
        """The step is reopened also where only the first edit came through."""
        missed.look(stop_after=1)
        assert missed.standing("slot") == "done"
        missed.settle()
        assert missed.standing("slot") == "open"
        assert missed.said("given up") == 2

    @pytest.mark.parametrize("record", ["kept", "lost"])
    def test_the_next_only_with_the_materials(self, missed: World, record: str) -> None:
        """Then it is proposed from the day on which they came; a lost record changes nothing."""
        missed.settle()
        if record == "lost":
            missed.record = None
        missed.pass_time(days=1)
        assert missed.settle().wish is None
        missed.done("materials")
        missed.settle()
        assert missed.fields["certification_start"] == date(2026, 3, 11)
        missed.done("slot")
        missed.settle()
        assert missed.standing("slot") == "done"
        assert [entry.given_up for entry in missed.state.rounds] == [(date(2026, 3, 9),)]

    def test_not_given_up_with_the_materials_in(self, missed: World) -> None:
        """Then the round simply begins."""
        missed.done("materials")
        missed.settle()
        assert missed.fields["certification_start"] == date(2026, 3, 9)

    def test_not_given_up_once_testing_began(self, missed: World) -> None:
        """Whoever tests has what is needed."""
        missed.start("round")
        missed.settle()
        assert missed.fields["certification_start"] == date(2026, 3, 9)

    def test_materials_that_were_waived_are_in(self, missed: World) -> None:
        """An override-holder may say that nothing more is needed."""
        missed.wont_do("materials", by=ADMIN)
        missed.settle()
        assert missed.fields["certification_start"] == date(2026, 3, 9)
        assert missed.step("round").due == date(2026, 3, 16)

    def test_cleared_when_the_visit_is_over(self) -> None:
        """A failed round's start would be mistaken for the next one's."""
        world = at("certification")
        world.fail_round()
        assert world.fields["certification_start"] is None

    def test_a_date_for_the_next_round_stays(self) -> None:
        """What people planned since is theirs."""
        world = at("certification")
        world.prepare_round()
        world.start("round")
        world.settle()
        world.fill("certification_feedback", "Wrong flow")
        world.move("Development")
        world.fill("certification_start", date(2026, 4, 20))
        world.settle()
        assert world.fields["certification_start"] == date(2026, 4, 20)

    def test_a_certified_rounds_start_stays(self, testing: World) -> None:
        """It is history."""
        testing.go("launch")
        assert testing.fields["certification_start"] == date(2026, 3, 9)

    def test_freed_in_an_end(self, testing: World) -> None:
        """A cancelled project holds no place."""
        assert testing.plan().booking == date(2026, 3, 9)
        testing.go("cancelled")
        assert testing.plan().booking is None

    def test_materials_are_due_by_the_start(self) -> None:
        """Their date follows the slot."""
        world = at("certification")
        world.done("notify")
        world.settle()
        world.settle()
        assert world.step("materials").due == date(2026, 3, 9)
