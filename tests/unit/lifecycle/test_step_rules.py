"""Steps: when they are made, when they count, who owns them, when they are due."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from projectworld import ADMIN, PAYTRONIX, PEOPLE, SERVICE, World, at, varied, with_step

from mappings.model import Due, Override, When
from sync_service.lifecycle.facts import Marker
from sync_service.lifecycle.plan import Unsettled, plan
from sync_service.lifecycle.steps import whose_rights

Deed = Callable[[World], object]


def parties(world: World, key: str) -> set[str]:
    return {s.marker.party for s in world.subtasks.values() if s.marker and s.marker.step == key}


def visits(world: World, key: str) -> int:
    return len({s.marker.visit for s in world.subtasks.values() if s.marker and s.marker.step == key})


class TestMaking:
    """Steps are made when their stage is accepted, each once, told by its marker."""

    def test_on_entry_with_owner_date_and_labels(self) -> None:
        """A new project gets the steps of its stage."""
        world = World()
        world.settle()
        assert [s.marker.step for s in world.subtasks.values() if s.marker] == ["goals", "scope", "evaluation"]
        goals = world.step("goals")
        assert (goals.assignee, goals.due) == ("tc", date(2026, 3, 9))
        assert goals.labels == {"stagegate", "party-technical_consultant"}
        assert "Done means:" in goals.description

    def test_one_for_each_party(self) -> None:
        """Where several parties must each do it, each has a sub-task of its own."""
        world = at("requirements")
        assert parties(world, "work_order_approval") == {"client", "integrator"}
        assert world.step("work_order_approval", "client").assignee == "client"

    def test_once_or_once_a_visit(self) -> None:
        """A second visit makes the repeating steps anew and leaves the others done."""
        world = at("certification")
        world.fail_round()
        assert (visits(world, "build"), visits(world, "test_access")) == (2, 1)
        assert world.standing("test_access") == "done"
        assert world.standing("build") == "open"

    @pytest.mark.parametrize(
        ("value", "when", "made"),
        [
            ("New", When(**{"field": "integration_kind", "in": ("New",)}), True),
            ("Update", When(**{"field": "integration_kind", "in": ("New",)}), False),
            (None, When(**{"field": "integration_kind", "in": ("New",)}), True),
            (None, When(**{"field": "integration_kind", "in": ("New",), "or_empty": False}), False),
            (("other", "New"), When(**{"field": "integration_kind", "in": ("New",)}), True),
        ],
        ids=["new", "update", "not said", "not said, must be", "one of several"],
    )
    def test_conditional(self, value: str, when: When, made: bool) -> None:
        """A step may apply only to some projects."""
        world = World(with_step("discovery", "scope", when=when), fields={"integration_kind": value})
        world.settle()
        assert ("scope" in {step.key for step in world.state.steps}) is made

    def test_no_longer_asked_for_then_again(self) -> None:
        """A step that doesn't apply any more is closed, and reopened when it applies again."""
        when = When(**{"field": "integration_kind", "in": ("New",)})
        world = World(with_step("discovery", "goals", when=when))
        world.settle()
        goals = world.step("goals")
        world.fill("integration_kind", "Update")
        world.settle()
        assert world.subtasks[goals.id].status == "Won't Do"
        world.fill("integration_kind", "New")
        world.settle()
        assert world.step("goals").id == goals.id
        assert world.standing("goals") == "open"

    def test_a_deleted_step_comes_back(self) -> None:
        """Missing means: not in the issue's own list."""
        world = at("discovery")
        world.delete("scope")
        world.settle()
        assert world.standing("scope") == "open"

    def test_a_sub_task_that_could_not_be_read_means_later(self) -> None:
        """Nothing is made again, nothing is refused, and the operator is told."""
        world = at("discovery")
        lost = world.subtasks.pop(world.step("scope").id)
        world.unread = (lost.id,)
        world.move("Requirements")
        decided = world.look()
        assert decided.actions == ()
        assert f"sub-tasks {lost.id} are listed but can't be read" in decided.refused
        world.unread = ()
        world.subtasks[lost.id] = lost
        world.settle()
        assert world.status == "Discovery"
        assert visits(world, "scope") == 1

    @pytest.mark.parametrize("younger_done", [False, True], ids=["both open", "younger done"])
    def test_of_two_with_one_marker_the_older_stays(self, younger_done: bool) -> None:
        """A create that timed out and yet happened is healed: the younger is closed as superseded."""
        world = at("discovery")
        goals = world.step("goals")
        younger = world.add("stagegate", marker=goals.marker)
        if younger_done:
            world.set_status(younger, "Done")
        world.settle()
        assert world.step("goals").id == goals.id
        assert world.subtasks[goals.id].status == "To Do"
        assert world.subtasks[younger].is_done

    def test_the_marker_is_the_identity_not_the_summary(self) -> None:
        """People may rename a step; it is not made again."""
        world = at("discovery")
        world.rename("goals", "Was soll es werden?")
        world.settle()
        assert len(world.subtasks) == 3

    def test_a_marker_of_another_issue_is_none(self) -> None:
        """A clone carries its original's sub-tasks; they count for nothing and are left alone."""
        world = World()
        foreign = world.add(marker=Marker(parent="999", step="goals", visit="once"))
        world.settle()
        assert world.subtasks[foreign].status == "To Do"
        assert world.step("goals").id != foreign

    def test_a_sub_task_without_a_marker_is_left_alone(self) -> None:
        """People's own sub-tasks are theirs."""
        world = World()
        own = world.add()
        world.settle()
        assert world.subtasks[own].changes == ()

    def test_a_step_that_the_mapping_dropped_is_closed(self) -> None:
        """An open sub-task of a step that is no longer in the mapping is superseded."""
        world = at("discovery")
        evaluation = world.step("evaluation")
        stage = PAYTRONIX.stages["discovery"]
        steps = {key: step for key, step in stage.steps.items() if key != "evaluation"}
        discovery = stage.model_copy(update={"steps": steps})
        world.mapping = varied(stages={**PAYTRONIX.stages, "discovery": discovery})
        world.settle()
        assert world.subtasks[evaluation.id].status == "Won't Do"


class TestOrder:
    """A done step counts if each step that it comes after is done, in time, and was not reopened since."""

    def test_done_too_early_it_is_reopened_with_the_reason(self) -> None:
        """After the grace the step is open again, labelled, and a comment names what comes first."""
        world = at("discovery")
        world.tick = timedelta(0)
        world.done("scope")
        decided = world.settle()
        assert world.standing("scope") == "not counted"
        assert decided.look_again == world.now + timedelta(seconds=30)
        assert "was done before" in str(world.gate.reasons[1])
        world.pass_time(seconds=31)
        world.settle()
        assert world.standing("scope") == "open"
        assert "reopened" in world.step("scope").labels
        assert world.comments == [
            (
                world.step("scope").key,
                f"Reopened: {world.step('goals').key} comes before this step, and was not done, or was done again "
                "since. Please check and close it again.",
            )
        ]

    def test_within_the_grace_the_order_does_not_matter(self) -> None:
        """People close steps in the wrong order; half a minute is forgiven."""
        world = at("discovery")
        world.tick = timedelta(seconds=20)
        world.done("scope")
        world.done("goals")
        world.pass_time(hours=1)
        world.settle()
        assert world.standing("scope") == "done"

    def test_beyond_the_grace_it_does(self) -> None:
        """Finished later than the grace allows, the step before makes it open again."""
        world = at("discovery")
        world.tick = timedelta(seconds=31)
        world.done("scope")
        world.done("goals")
        world.settle()
        assert world.standing("scope") == "open"

    def test_changes_after_qa_are_tested_again(self) -> None:
        """A reopened build opens everything that comes after it; done once more, so must they be."""
        world = at("development")
        world.finish()
        world.settle()
        world.reopen("build")
        world.settle()
        assert {world.standing(k) for k in ("build", "integrator_qa", "client_qa")} == {"open"}
        assert world.standing("test_access") == "done"
        assert world.said("Reopened:") == 2
        world.finish()
        world.settle()
        assert world.judge("certification").is_open
        assert world.said("Reopened:") == 2

    def test_reopened_and_closed_again_before_anyone_looked(self) -> None:
        """What happened between two looks is found in the change log."""
        world = at("development")
        world.finish()
        world.settle()
        world.reopen("build")
        world.done("build")
        world.settle()
        assert world.standing("client_qa") == "open"

    def test_a_changed_work_order_is_approved_again(self) -> None:
        """Approvals come after what they approve."""
        world = at("requirements")
        world.finish()
        world.settle()
        world.reopen("work_order")
        world.settle()
        assert world.standing("work_order_approval", "client") == "open"
        assert world.standing("technical_requirements") == "done"

    def test_the_label_goes_when_the_step_is_done_again(self) -> None:
        """`reopened` is on the step only while it is open."""
        world = at("discovery")
        world.done("scope")
        world.settle()
        assert "reopened" in world.step("scope").labels
        world.done("goals")
        world.done("scope")
        world.settle()
        assert "reopened" not in world.step("scope").labels

    def test_the_label_goes_also_when_the_stage_is_left_at_once(self) -> None:
        """Done and moved on between two looks: the label doesn't stay behind."""
        world = at("discovery")
        world.done("scope")
        world.settle()
        scope = world.step("scope")
        world.finish()
        world.go("requirements")
        assert "reopened" not in world.subtasks[scope.id].labels

    def test_reopened_twice(self) -> None:
        """The second reopening is announced like the first, though the label of the first was still there."""
        world = at("discovery")
        world.done("scope")
        world.settle()
        world.done("scope")
        world.settle()
        assert world.standing("scope") == "open"
        assert world.said("Reopened:") == 2

    def test_a_reopening_cut_off_is_finished_in_silence(self) -> None:
        """The label on a step that is still done means: finish that transition."""
        world = at("discovery")
        world.done("scope")
        world.look(stop_after=1)
        assert world.step("scope").is_done
        world.settle()
        assert world.standing("scope") == "open"
        assert world.said("Reopened:") == 1

    def test_another_label_on_a_done_step_reopens_nothing(self) -> None:
        """Only our own setting of the label announces a reopening."""
        world = at("discovery")
        world.done("scope")
        world.settle()
        world.done("goals")
        world.done("scope")
        world.label_step("scope", "seen")
        world.settle()
        assert world.standing("scope") == "done"

    def test_a_label_older_than_the_log_that_was_read(self) -> None:
        """Where the log doesn't show when the label was set, the step counts."""
        world = at("discovery")
        world.done("goals")
        goals = world.step("goals")
        world.subtasks[goals.id] = replace(goals, labels=goals.labels | {"reopened"}, changes=())
        world.settle()
        assert world.standing("goals") == "done"

    def test_done_before_the_oldest_change_that_was_read(self) -> None:
        """Jira gives the newest changes only: a step whose completion is older was done before those."""
        world = at("discovery")
        world.done("goals")
        goals = world.step("goals")
        world.label_step("goals", "seen")
        world.subtasks[goals.id] = replace(world.step("goals"), changes=world.step("goals").changes[-1:])
        world.done("scope")
        world.settle()
        assert world.standing("scope") == "done"

    def test_after_a_deleted_step_the_later_ones_are_checked_again(self) -> None:
        """A deleted step comes back open, and the reason names its new sub-task."""
        world = at("discovery")
        world.finish()
        world.settle()
        world.delete("goals")
        world.settle()
        assert world.standing("scope") == "open"
        assert world.said(f"Reopened: {world.step('goals').key} comes before") == 1


class TestIrrevocable:
    """Irrevocable steps are reopened only if they were done before their turn."""

    def test_before_its_turn(self) -> None:
        """The welcome email went out before everything above was done."""
        world = at("requirements")
        world.done("welcome_email")
        world.settle()
        assert world.standing("welcome_email") == "open"

    def test_within_the_grace(self) -> None:
        """Half a minute is forgiven here too."""
        world = at("requirements")
        world.finish(but=["schedule_approval", "welcome_email"])
        for role in ("technical_consultant", "integrations", "integrator", "client"):
            world.done("schedule_approval", role)
        world.tick = timedelta(seconds=10)
        world.done("welcome_email")
        world.done("schedule_approval", "sales")
        world.pass_time(hours=1)
        world.settle()
        assert world.standing("welcome_email") == "done"

    @pytest.mark.parametrize(
        "deed",
        [
            lambda w: w.reopen("schedule"),
            lambda w: w.delete("schedule"),
            lambda w: w.wont_do("technical_requirements", by=ADMIN),
        ],
        ids=["reopened", "deleted", "waived"],
    )
    def test_what_came_before_may_change_later(self, deed: Deed) -> None:
        """What was sent can't be unsent: later changes of what came before don't touch it."""
        world = at("requirements")
        world.finish()
        world.settle()
        deed(world)
        world.settle()
        assert world.standing("welcome_email") == "done"

    def test_a_step_that_was_done_from_the_start(self) -> None:
        """A sub-task without any change of status was always what it is."""
        world = at("launch")
        for key in ("config_diff", "config_notice"):
            world.done(key)
        notice = world.step("config_notice")
        world.subtasks[notice.id] = replace(notice, changes=())
        world.done("production_credentials")
        world.settle()
        assert world.standing("production_credentials") == "done"


class TestWaiving:
    """*Won't do* waives a step only if an override-holder did it."""

    def test_by_an_override_holder(self) -> None:
        """The step counts, and the waiver is recorded once."""
        world = at("discovery")
        world.wont_do("goals", by=ADMIN)
        world.settle()
        assert world.standing("goals") == "waived"
        assert [(w.by, w.granted) for w in world.state.record.waivers] == [(ADMIN, True)]
        world.groups = {}
        world.settle()
        assert world.standing("goals") == "waived"

    def test_what_comes_after_a_waived_step_counts(self) -> None:
        """Nobody waits for what nobody has to do."""
        world = at("discovery")
        world.wont_do("goals", by=ADMIN)
        world.done("scope")
        world.settle()
        assert world.standing("scope") == "done"

    def test_by_anyone_else_it_is_reopened(self) -> None:
        """The comment says who may."""
        world = at("discovery")
        world.wont_do("goals", by="tc")
        world.settle()
        assert world.standing("goals") == "open"
        assert world.said("waived only by those who may override a gate. Please do it, or ask someone with the") == 1
        assert world.said("the project role Administrators.") == 1
        assert world.state.record.waivers == ()

    def test_where_nobody_may(self) -> None:
        """A mapping may name nobody: then nobody is to be asked."""
        world = at("discovery", varied(override=Override()))
        world.wont_do("goals", by=ADMIN)
        world.settle()
        assert world.said("Reopened: a required step can't be waived here. Please do it.") == 1

    def test_by_a_resolution(self) -> None:
        """A resolution may say it as well as a status."""
        world = at("discovery")
        world.done("goals", by="tc")
        goals = world.step("goals")
        world.subtasks[goals.id] = replace(goals, resolution="Won't Fix")
        world.settle()
        assert world.standing("goals") == "open"

    @pytest.mark.parametrize("looked", [True, False], ids=["after a look", "before it"])
    def test_the_resolution_that_is_set_later_changes_nothing(self, looked: bool) -> None:
        """Who closed the step so has waived it; an automation that tidies the resolution has not."""
        world = at("discovery")
        world.wont_do("goals", by=ADMIN)
        if looked:
            world.settle()
        for resolution in ("Won't Do", "Declined", None):
            world.resolve("goals", resolution, by="automation")
            world.settle()
            assert world.standing("goals") == "waived"
        assert world.comments == []
        assert [waiver.by for waiver in world.state.record.waivers] == [ADMIN]

    def test_by_a_resolution_that_is_set_later(self) -> None:
        """Then whoever set it made it so; what says nothing of it doesn't count."""
        world = at("discovery")
        world.done("goals", by=ADMIN)
        world.resolve("goals", "Done", by=ADMIN)
        world.resolve("goals", "Won't Fix", by="tc")
        world.settle()
        assert world.standing("goals") == "open"
        assert world.said("a required step is waived only by") == 1

    def test_from_one_word_to_another_in_one_edit(self) -> None:
        """A transition that brings a resolution with it is one edit: it is taken as a whole."""
        world = at("discovery")
        world.wont_do("goals", by=ADMIN)
        world.settle()
        world.set_status(world.step("goals").id, "Done", by="tc", resolution="Won't Fix")
        world.label_step("goals", "seen")
        world.settle()
        assert world.standing("goals") == "waived"

    def test_what_we_closed_stays_ours(self) -> None:
        """A resolution that somebody gives to what the service closed makes no waiver of it."""
        world = at("discovery")
        world.set_status(world.step("goals").id, "Won't Do", by=SERVICE)
        world.resolve("goals", "Won't Do", by="tc")
        world.settle()
        assert world.standing("goals") == "open"
        assert world.said("Reopened") == 0

    def test_cut_off_it_is_finished_in_silence(self) -> None:
        """The announcement is not repeated."""
        world = at("discovery")
        world.wont_do("goals", by="tc")
        world.look(stop_after=1)
        world.settle()
        assert world.standing("goals") == "open"
        assert world.said("Reopened:") == 1

    def test_of_a_sub_task_that_was_created_so(self) -> None:
        """Without a change the creator of the issue is asked for."""
        world = at("discovery")
        goals = world.step("goals")
        world.subtasks[goals.id] = replace(goals, status="Won't Do", category="done")
        world.settle()
        assert world.standing("goals") == "open"


class TestSuperseded:
    """Open steps of a visit that is over are closed by us as Won't Do: neither done nor waived."""

    def test_closed_with_the_visit_and_reopened_with_the_stage(self) -> None:
        """Going back reopens what was closed; going on needs it again."""
        world = at("requirements")
        world.go("discovery")
        idi = next(s for s in world.subtasks.values() if s.marker and s.marker.step == "idi")
        assert idi.status == "Won't Do"
        assert world.said("Reopened") == 0
        world.go("requirements")
        assert world.subtasks[idi.id].status == "To Do"
        assert world.standing("idi") == "open"

    def test_leaving_an_end_resumes_the_visit(self) -> None:
        """A cancelled project goes on with the same steps, also those of the visit."""
        world = at("development")
        build = world.step("build")
        world.go("cancelled")
        assert world.live == []
        world.go("development")
        assert world.step("build").id == build.id
        assert world.standing("build") == "open"


class TestApprovers:
    """Who approves is recorded; with `approver = "enforced"` it counts only from the role's person."""

    def test_recorded(self) -> None:
        """By default anyone may close an approval."""
        world = at("requirements")
        world.finish()
        assert world.judge("development").is_open

    def test_enforced(self) -> None:
        """Closed by somebody else, it is reopened with the name of the role."""
        world = at("requirements", varied(approver="enforced"))
        world.finish(but=["work_order_approval"])
        world.done("work_order_approval", "client", by="tc")
        world.done("work_order_approval", "integrator", by="integrator")
        world.settle()
        assert world.standing("work_order_approval", "client") == "open"
        assert world.standing("work_order_approval", "integrator") == "done"
        assert world.said("Reopened: this approval counts only from the client of the project.") == 1

    @pytest.mark.parametrize("given", [True, False], ids=["to whom it was given", "to somebody else"])
    @pytest.mark.parametrize(
        ("before", "after"),
        [("client", "another"), ("client", None), (None, "client")],
        ids=["another person", "nobody any more", "the first one"],
    )
    def test_an_approval_is_judged_by_its_time(self, before: str | None, after: str | None, given: bool) -> None:
        """Who was the party's person then, or stood in, has approved for good, whoever had been given the step."""
        world = at("requirements", varied(approver="enforced"), fields={**PEOPLE, "client_contact": before})
        if not given:
            world.assign("work_order_approval", "colleague", party="client")
        world.finish(but=["work_order_approval", "schedule_approval"])
        for step in ("work_order_approval", "schedule_approval"):
            for state in [state for state in world.state.steps if state.key == step]:
                world.done(step, state.party, by=state.owner or "")
        for later in (after, "one more", after):
            world.fill("client_contact", later)
            world.settle()
        assert world.standing("work_order_approval", "client") == "done"
        assert world.said("Reopened: this approval counts only") == 0

    def test_one_who_cannot_be_assigned_any_more_has_approved(self) -> None:
        """Nor does it matter what became of the account."""
        world = at("requirements", varied(approver="enforced"))
        world.assign("work_order_approval", "colleague", party="client")
        world.finish()
        world.unassignable = frozenset({"client"})
        world.settle()
        assert world.standing("work_order_approval", "client") == "done"

    def test_one_without_a_log_counts(self) -> None:
        """Where the log doesn't show who closed it, nobody is blamed."""
        world = at("requirements", varied(approver="enforced"))
        approval = world.step("work_order_approval", "client")
        world.finish(but=["work_order_approval"])
        world.subtasks[approval.id] = replace(approval, status="Done", category="done")
        assert "approver" not in {state.fault for state in world.state.steps}

    def test_where_nobody_is_named_anybody_approves(self) -> None:
        """Neither the party nor its proxy has a person."""
        fields = {"client_contact": None, "technical_consultant": None}
        world = at("requirements", varied(approver="enforced"), fields={**PEOPLE, **fields})
        world.finish(but=["work_order_approval"])
        world.done("work_order_approval", "client", by="sales")
        assert world.standing("work_order_approval", "client") == "done"


class TestOwners:
    """The first role with a user, else its proxy, else its default, else nobody."""

    @pytest.mark.parametrize(
        ("fields", "owner"),
        [
            ({}, "integrator"),
            ({"integrator_contact": None}, "client"),
            ({"integrator_contact": None, "client_contact": None}, "tc"),
        ],
        ids=["first role", "second role", "proxy"],
    )
    def test_who_owns(self, fields: dict[str, str | None], owner: str) -> None:
        """Clients and integrators often have no account; then the consultant acts for them."""
        world = at("development")
        for key, value in fields.items():
            world.fill(key, value)
        world.finish()
        world.go("certification")
        assert world.step("notify").assignee == owner

    def test_a_roles_default(self) -> None:
        """A role may name an account of last resort."""
        roles = {
            **PAYTRONIX.roles,
            "integrations": PAYTRONIX.roles["integrations"].model_copy(update={"default": "lead"}),
        }
        world = World(varied(roles=roles), fields={"integrations_engineer": None})
        world.settle()
        assert world.step("evaluation").assignee == "lead"

    def test_nobody(self) -> None:
        """The project issue is labelled until somebody is found; the open step follows."""
        world = World(fields={"integrations_engineer": None})
        world.settle()
        assert world.step("evaluation").assignee is None
        assert "needs-owner" in world.labels
        world.fill("integrations_engineer", "engineer")
        world.settle()
        assert world.step("evaluation").assignee == "engineer"
        assert "needs-owner" not in world.labels

    def test_an_unassignable_person_is_passed_over(self) -> None:
        """A user who can't be assigned never fails the creation."""
        world = World()
        world.unassignable = frozenset({"engineer"})
        world.settle()
        assert world.step("evaluation").assignee is None

    def test_open_steps_follow_the_role(self) -> None:
        """When a role's field changes, its open steps go to the new person, its done ones stay."""
        world = at("discovery")
        world.done("goals")
        world.fill("technical_consultant", "tc2")
        world.settle()
        assert (world.step("goals").assignee, world.step("scope").assignee) == ("tc", "tc2")

    def test_peoples_own_choice_stays(self) -> None:
        """Until the role's person changes later."""
        world = at("discovery")
        world.assign("scope", "colleague")
        world.settle()
        assert world.step("scope").assignee == "colleague"
        world.fill("technical_consultant", "tc2")
        world.settle()
        assert world.step("scope").assignee == "tc2"


class TestDates:
    """Due dates are business days after the visit began, a field's date, or a step's completion."""

    def test_over_weekends_and_holidays(self) -> None:
        """Memorial Day, a Monday, is no business day."""
        world = World(now=World().now.replace(month=5, day=22))
        world.settle()
        assert world.step("goals").due == date(2026, 6, 1)

    def test_after_a_field(self) -> None:
        """Without the date there is none; with it, the open step follows."""
        world = at("launch")
        assert world.step("go_live").due is None
        world.fill("go_live_date", date(2026, 6, 5))
        world.settle()
        assert world.step("go_live").due == date(2026, 6, 5)
        assert world.step("monitoring", "client").due == date(2026, 6, 22)

    def test_after_a_step(self) -> None:
        """Counted from the day on which the last of them was done."""
        world = World(with_step("discovery", "scope", due=Due(business_days=2, after_step="goals")))
        world.settle()
        assert world.step("scope").due is None
        world.done("goals")
        world.settle()
        assert world.step("scope").due == date(2026, 3, 4)

    def test_peoples_own_date_stays(self) -> None:
        """Until the field that it depends on changes later."""
        world = at("launch")
        world.fill("go_live_date", date(2026, 6, 5))
        world.settle()
        world.date("go_live", date(2026, 6, 10))
        world.settle()
        assert world.step("go_live").due == date(2026, 6, 10)
        world.fill("go_live_date", date(2026, 6, 12))
        world.settle()
        assert world.step("go_live").due == date(2026, 6, 12)

    def test_the_date_goes_with_its_field(self) -> None:
        """Emptied, there is no due date any more, and nothing to be reminded of; a second look writes nothing."""
        world = at("launch")
        world.fill("go_live_date", date(2026, 3, 20))
        world.settle()
        world.fill("go_live_date", None)
        world.settle()
        assert {world.step(*which).due for which in (("go_live",), ("monitoring", "client"))} == {None}
        world.now = datetime(2026, 3, 23, 15, tzinfo=UTC)
        world.settle()
        assert "overdue" not in world.step("go_live").labels

    def test_peoples_own_date_goes_when_the_field_is_emptied_later(self) -> None:
        """Set before any date was in the field, it stays; emptying the field is a change like another."""
        world = at("launch")
        world.date("go_live", date(2026, 6, 10))
        world.settle()
        assert world.step("go_live").due == date(2026, 6, 10)
        world.fill("go_live_date", date(2026, 6, 12))
        world.date("go_live", date(2026, 6, 11))
        world.fill("go_live_date", None)
        world.settle()
        assert world.step("go_live").due is None

    def test_the_date_goes_with_the_step_that_it_came_after(self) -> None:
        """Reopened, that step has no day on which it was done; done again, the date is reckoned anew."""
        world = World(with_step("discovery", "evaluation", due=Due(business_days=2, after_step="goals")))
        world.settle()
        world.done("goals")
        world.settle()
        world.date("evaluation", date(2026, 3, 30))
        world.settle()
        assert world.step("evaluation").due == date(2026, 3, 30)
        world.reopen("goals")
        world.settle()
        assert world.step("evaluation").due is None
        world.date("evaluation", date(2026, 3, 31))
        world.settle()
        assert world.step("evaluation").due == date(2026, 3, 31)
        world.pass_time(days=1)
        world.done("goals")
        world.settle()
        assert world.step("evaluation").due == date(2026, 3, 5)

    def test_entering_a_stage_again_is_a_source_too(self) -> None:
        """A step that is made once is due after the visit that needs it; a date set in it stays."""
        world = at("requirements")
        world.date("idi", date(2026, 3, 4))
        world.go("discovery")
        world.pass_time(days=21)
        world.go("requirements")
        assert world.step("idi").due == date(2026, 4, 6)
        world.date("idi", date(2026, 4, 20))
        world.settle()
        assert world.step("idi").due == date(2026, 4, 20)

    def test_the_materials_are_a_source_of_the_rounds_date(self) -> None:
        """Somebody's own date for the round stays until the slot or the materials change later."""
        world = at("certification")
        world.date("round", date(2026, 4, 1), by="engineer")
        world.prepare_round()
        world.date("round", date(2026, 3, 18), by="engineer")
        world.settle()
        assert world.step("round").due == date(2026, 3, 18)
        world.reopen("materials")
        world.now = datetime(2026, 3, 9, 12, tzinfo=UTC)
        world.start("round")
        world.settle()
        world.now = datetime(2026, 3, 16, 15, tzinfo=UTC)
        world.done("materials")
        world.settle()
        assert world.step("round").due == date(2026, 3, 23)

    def test_a_plan_for_the_round_stays_while_nothing_can_be_reckoned(self) -> None:
        """A proposed slot alone gives no date, so it takes none away."""
        world = at("certification")
        world.date("round", date(2026, 4, 1), by="engineer")
        world.done("notify")
        world.settle()
        assert world.fields["certification_start"] is not None
        assert world.step("round").due == date(2026, 4, 1)

    def test_after_a_slot_was_given_up_nothing_is_due_before_the_materials(self) -> None:
        """Nothing can be agreed or tested, so nobody is asked to finish it; once they are in, the days are counted."""
        world = at("certification")
        world.done("notify")
        world.settle()
        world.done("slot")
        world.date("round", date(2026, 3, 13), by="engineer")
        world.settle()
        world.now = datetime(2026, 3, 9, 14, tzinfo=UTC)
        world.settle()
        assert {world.step(key).due for key in ("slot", "materials", "round")} == {None}
        world.pass_time(days=9)
        world.settle()
        assert world.said("This was due") == 0
        world.done("materials")
        world.settle()
        assert {key: world.step(key).due for key in ("slot", "round")} == {
            "slot": date(2026, 3, 24),
            "round": date(2026, 3, 26),
        }

    def test_no_rule_no_date(self) -> None:
        """A step without a due rule keeps what people set."""
        world = World(with_step("discovery", "goals", due=None))
        world.settle()
        world.date("goals", date(2026, 4, 1))
        world.settle()
        assert world.step("goals").due == date(2026, 4, 1)


class TestReminders:
    """Adding `overdue` carries the reminder; the label goes when the step is done or has a later day."""

    def test_once_on_the_day_after(self) -> None:
        """The plan says when it will be overdue, in the calendar's own midnight; then it is said once."""
        world = at("discovery")
        decided = world.settle()
        assert decided.look_again is not None
        assert decided.look_again.isoformat() == "2026-03-10T00:00:00-04:00"
        world.now = decided.look_again
        world.settle()
        world.pass_time(days=1)
        world.settle()
        assert world.said("This was due on 2026-03-09.") == 1
        assert "overdue" in world.step("goals").labels

    @pytest.mark.parametrize(
        "deed",
        [lambda w: w.done("goals"), lambda w: w.date("goals", date(2026, 5, 1)), lambda w: w.go("cancelled")],
        ids=["done", "later day", "closed with its visit"],
    )
    def test_the_label_goes(self, deed: Deed) -> None:
        """Done, with a later day, or needed no more."""
        world = at("discovery")
        goals = world.step("goals")
        world.pass_time(days=9)
        world.settle()
        assert "overdue" in world.step("goals").labels
        deed(world)
        world.settle()
        assert "overdue" not in world.subtasks[goals.id].labels

    def test_the_first_look_already_says_when(self) -> None:
        """Steps that are only planned have due dates too."""
        decided = World().look()
        assert decided.look_again is not None
        assert decided.look_again.date() == date(2026, 3, 10)

    def test_made_when_it_is_overdue_already(self) -> None:
        """The reminder can't ride on the creation: another look follows at once."""
        world = at("discovery")
        world.pass_time(days=30)
        world.settle()
        world.delete("goals")
        decided = world.look()
        assert decided.look_again == world.now
        world.settle()
        assert "overdue" in world.step("goals").labels


class TestRequests:
    """Extra sub-tasks that anyone adds, told by their label, get an owner and a due date, and never block."""

    @pytest.mark.parametrize(
        ("label", "owner", "due"),
        [
            ("question-integrations", "engineer", date(2026, 3, 5)),
            ("question-program", "tc", date(2026, 3, 5)),
            ("card-adjustment", "tc", date(2026, 3, 4)),
            ("training", "tc", date(2026, 3, 16)),
            ("config-issue", "tc", date(2026, 3, 5)),
        ],
    )
    def test_owner_and_date(self, label: str, owner: str, due: date) -> None:
        """Each kind of request goes to its role."""
        world = at("discovery")
        asked = world.add(label)
        world.settle()
        assert (world.subtasks[asked].assignee, world.subtasks[asked].due) == (owner, due)
        assert any(known.startswith("party-") for known in world.subtasks[asked].labels)

    def test_peoples_own_choices_stay(self) -> None:
        """Who unassigned it meant it."""
        world = at("discovery")
        asked = world.add("training")
        world.subtasks[asked] = replace(world.subtasks[asked], assignee="trainer", due=date(2026, 5, 1))
        world.settle()
        assert (world.subtasks[asked].assignee, world.subtasks[asked].due) == ("trainer", date(2026, 5, 1))

    def test_they_never_block(self) -> None:
        """Only open configuration issues close the gate to live."""
        world = at("discovery")
        world.add("question-integrations")
        world.finish()
        assert world.judge("requirements").is_open

    def test_they_are_reminded_of(self) -> None:
        """A request can be overdue like a step."""
        world = at("discovery")
        world.finish()
        asked = world.add("card-adjustment")
        world.settle()
        world.pass_time(days=5)
        world.settle()
        assert "overdue" in world.subtasks[asked].labels
        world.set_status(asked, "Done")
        world.settle()
        assert "overdue" not in world.subtasks[asked].labels

    def test_a_done_one_is_left_alone(self) -> None:
        """What was closed before we saw it needs nothing."""
        world = at("discovery")
        asked = world.add("training")
        world.set_status(asked, "Done")
        world.settle()
        assert world.subtasks[asked].assignee is None


class TestWhoseRights:
    """Groups and roles are asked for only where something waits to be judged: a look costs two reads."""

    def test_who_filled_an_override_and_who_waived(self) -> None:
        """Before the look those who acted; after it nobody."""
        world = at("discovery")
        assert whose_rights(world.facts, world.mapping) == frozenset()
        world.fill("gate_override", "Agreed", by=ADMIN)
        world.wont_do("goals", by="client")
        world.wont_do("scope", by=ADMIN)
        assert whose_rights(world.facts, world.mapping) == {ADMIN, "client"}
        world.settle()
        assert whose_rights(world.facts, world.mapping) == frozenset()

    def test_nobody_where_only_accounts_are_listed(self) -> None:
        """Accounts need no looking up."""
        world = at("discovery")
        world.wont_do("goals", by="client")
        override = PAYTRONIX.override.model_copy(update={"roles": ()})
        assert whose_rights(world.facts, varied(override=override)) == frozenset()

    def test_the_creator_where_the_field_was_filled_at_creation(self) -> None:
        """Without a record and without a change."""
        world = World(fields={"gate_override": "From the start"})
        assert whose_rights(world.facts, world.mapping) == {"tc"}


def test_a_mapping_that_contradicts_itself_is_refused_not_looped_on() -> None:
    """Rules that undo each other's work raise an error that says which; nothing is written."""
    labels = PAYTRONIX.jira.labels.model_copy(update={"needs_owner": "same", "gate_violation": "same"})
    world = World(
        varied(jira=PAYTRONIX.jira.model_copy(update={"labels": labels})), fields={"integrations_engineer": None}
    )
    with pytest.raises(Unsettled, match=r"don't come to rest on INT-1.*an open step has no owner"):
        plan(world.facts, world.mapping, world.now, world.enforce_since)


def test_our_own_account_closing_a_step_is_no_waiver() -> None:
    """What the service closed as not to be done is superseded."""
    world = at("discovery")
    world.set_status(world.step("goals").id, "Won't Do", by=SERVICE)
    world.settle()
    assert world.standing("goals") == "open"
    assert world.said("Reopened") == 0
