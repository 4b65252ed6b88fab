"""Certification: notified, a slot agreed, materials in, tested; certified, or back to development with feedback."""

from datetime import date

import pytest

from jira_sandbox import Clock
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Team, morning


def extended(text: str) -> str:
    return f'extends = "paytronix"\n{text}\n'


ONE_FREE = extended("[certification]\nfree_rounds = 1")

# --- What a round is


def test_a_round_counts_from_when_testing_begins(team: Team, service: StoryService) -> None:
    project = team.project_in("Certification")
    team.prepares_round(project)
    assert project.field("Certification Round") is None

    project.step("round").begun_by(team.people["integrations"])
    service.catches_up()
    assert project.field("Certification Round") == 1


def test_certification_does_not_open_before_testing_has_begun(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Certification")
    team.prepares_round(project)
    assert project.gate == "Closed"

    tc.moves(project, "Launch")
    service.catches_up()
    assert (project.stage, project.status) == ("Certification", "Certification")
    assert "has not begun" in project.said[-1]


def test_moving_on_to_launch_certifies_the_round_and_closes_its_step(team: Team) -> None:
    project = team.project_in("Launch")

    assert project.field("Certification Result") == "Certified"
    assert project.step("round").status in ("Certified", "Done")
    assert project.rounds[0]["result"] == "certified"


# --- Failed


@on_both
def test_moving_back_to_development_fails_the_round_when_feedback_is_there(team: Team, integrations: Person) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.fails_round(project, feedback="Redeeming calls twice.", reasons=["duplicate calls", "token expiry"])

    assert (project.stage, project.status) == ("Development", "Development")
    assert project.field("Certification Result") == "Failed"
    assert project.field("Rounds Failed") == 1
    assert project.step("round").status in ("Failed", "Done")
    assert project.rounds[0]["reasons"] == ["duplicate calls", "token expiry"]
    assert "Redeeming calls twice." in project.step("build").description


@on_both
def test_a_round_that_began_is_not_left_without_feedback(
    team: Team, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.moves(project, "Development")
    service.catches_up()

    assert (project.stage, project.status) == ("Certification", "Certification")
    assert "Certification Feedback" in project.said[-1]
    assert project.field("Rounds Failed") is None
    assert project.rounds[0].get("result") is None


def test_feedback_of_an_earlier_round_is_no_feedback_on_this_one(
    team: Team, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.fails_round(project)
    team.begins_round(project)
    integrations.moves(project, "Development")
    service.catches_up()

    assert project.stage == "Certification"
    assert project.field("Rounds Failed") == 1


@pytest.mark.where(failure_screen=True)
def test_feedback_given_on_the_screen_of_the_move_itself_counts(
    team: Team, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.moves_with(project, "Development", {"Certification Feedback": "Tokens expire."})
    service.catches_up()

    assert project.stage == "Development"
    assert project.field("Rounds Failed") == 1
    assert "Tokens expire." in project.step("build").description


def test_the_second_build_carries_the_feedback_of_the_last_round(team: Team, integrations: Person) -> None:
    project = team.project_in("Certification")
    team.fails_round(project, feedback="First: tokens.")
    team.begins_round(project)
    integrations.fails_round(project, feedback="Second: errors.")

    builds = project.all_steps("build")
    assert [step.summary for step in builds] == [
        "Build the integration",
        "Address the feedback of certification round 1",
        "Address the feedback of certification round 2",
    ]
    assert "Second: errors." in builds[-1].description
    assert "First: tokens." not in builds[-1].description


def test_open_steps_of_a_failed_visit_do_not_matter(
    team: Team, tc: Person, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    project.step("materials").reopened_by(tc)
    integrations.fails_round(project)

    assert project.stage == "Development"
    assert [step.status for step in project.all_steps("materials")] == ["Won't Do"]


# --- By the sub-task


@on_both
def test_a_round_set_to_certified_moves_the_project_to_launch(
    team: Team, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.moves(project.step("round"), "Certified")
    service.catches_up()

    assert (project.stage, project.status) == ("Launch", "Launch")
    assert project.rounds[0]["result"] == "certified"
    assert project.said == []


@pytest.mark.where(lifecycle=extended('[gates.certification.development]\nfilled = ["failure_reasons"]'))
def test_a_failed_round_goes_back_by_itself_when_its_gate_lets_it(
    team: Team, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.fills(project, "Certification Feedback", "Every call is made twice.")
    integrations.moves(project.step("round"), "Failed")
    service.catches_up()
    assert project.stage == "Certification"
    (message,) = project.said
    assert "Failure Reasons is empty" in message

    integrations.fills(project, "Failure Reasons", ["duplicate calls"])
    service.catches_up()
    assert project.stage == "Development"
    assert project.said == [message]


@on_both
def test_a_round_set_to_failed_moves_the_project_back_to_development(
    team: Team, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.fills(project, "Certification Feedback", "Tokens expire.")
    integrations.moves(project.step("round"), "Failed")
    service.catches_up()

    assert (project.stage, project.status) == ("Development", "Development")
    assert project.field("Rounds Failed") == 1


def test_a_round_set_to_failed_without_feedback_asks_for_it_and_waits(
    team: Team, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.moves(project.step("round"), "Failed")
    service.catches_up()
    assert project.stage == "Certification"
    assert len(project.said) == 1
    assert "Certification Feedback" in project.said[0]

    service.looks_at(project)
    assert len(project.said) == 1

    integrations.fills(project, "Certification Feedback", "Tokens expire.")
    service.catches_up()
    assert (project.stage, project.status) == ("Development", "Development")


@pytest.mark.where(lifecycle=ONE_FREE)
def test_a_round_set_to_certified_waits_for_what_is_missing(
    team: Team, tc: Person, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.fails_round(project)
    team.begins_round(project)
    integrations.moves(project.step("round"), "Certified")
    service.catches_up()
    assert project.stage == "Certification"

    project.step("fee_review").done_by(tc)
    service.catches_up()
    assert (project.stage, project.status) == ("Launch", "Launch")


# --- Withdrawn


def test_a_visit_left_before_testing_is_withdrawn_and_no_round(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Certification")
    tc.moves(project, "Development")
    service.catches_up()

    assert project.stage == "Development"
    assert project.field("Certification Result") == "Withdrawn"
    assert project.field("Rounds Failed") == 0
    assert project.field("Certification Round") is None
    assert project.said == []

    team.finishes(project)
    team.moves_on(project)
    team.certifies(project)
    assert project.field("Certification Round") == 1
    assert [entry["result"] for entry in project.rounds] == ["withdrawn", "certified"]


def test_after_a_withdrawn_visit_there_is_no_feedback_to_address(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Certification")
    tc.moves(project, "Development")
    service.catches_up()

    assert project.step("build").summary == "Build the integration"


def test_a_refused_move_never_makes_a_round(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Development")
    for _ in range(3):
        tc.moves(project, "Certification")
        service.catches_up()

    assert project.rounds == []
    assert project.field("Certification Round") is None


# --- When a round may end


@on_both
def test_a_round_is_due_five_business_days_after_its_slot(team: Team) -> None:
    project = team.project_in("Certification")
    team.prepares_round(project)
    start = project.field("Certification Start")

    assert start == "2026-03-09"
    assert project.step("round").due == date(2026, 3, 16)


def test_late_materials_move_the_end_of_the_round(
    team: Team, integrations: Person, integrator: Person, service: StoryService, clock: Clock
) -> None:
    project = team.project_in("Certification")
    project.step("notify").done_by(integrator)
    service.catches_up()
    project.step("slot").done_by(integrations)
    service.catches_up()
    integrations.begins_round(project)
    clock.set(morning(date(2026, 3, 11)))
    project.step("materials").done_by(integrator)
    service.catches_up()

    assert project.step("round").due == date(2026, 3, 18)


def test_a_round_ended_early_is_accepted_and_marked(team: Team, integrations: Person, service: StoryService) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.moves(project, "Launch")
    service.catches_up()

    assert project.stage == "Launch"
    assert project.rounds[0]["early"] is True


def test_a_round_that_took_its_time_is_not_early(team: Team) -> None:
    project = team.project_in("Launch")
    assert not project.rounds[0].get("early")
    assert project.rounds[0]["business_days"] == 5


# --- Fees


def test_the_third_failure_warns_that_the_next_round_may_cost(team: Team, integrations: Person) -> None:
    project = team.project_in("Certification")
    for _ in range(2):
        team.fails_round(project)
    assert project.said == []
    team.begins_round(project)
    integrations.fails_round(project)

    assert len(project.said) == 1
    assert "Certification round 3 failed" in project.said[0]
    assert project.field("Additional Fees") in (None, "No")


def test_the_fourth_round_may_cost_and_is_reviewed_before_launch(
    team: Team, tc: Person, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    for _ in range(3):
        team.fails_round(project)
    assert project.field("Additional Fees") == "May apply"
    assert len([text for text in project.said if "certification round 4" in text]) == 1
    assert "fee_review" in project.open_steps()

    team.begins_round(project)
    integrations.moves(project, "Launch")
    service.catches_up()
    assert project.stage == "Certification"
    assert project.step("fee_review").key in project.said[-1]

    project.step("fee_review").done_by(tc)
    service.catches_up()
    integrations.certifies(project)
    assert project.stage == "Launch"
    assert project.field("Certification Round") == 4


@pytest.mark.where(lifecycle=ONE_FREE)
def test_fees_that_people_agreed_stay_agreed(team: Team, tc: Person, integrations: Person) -> None:
    project = team.project_in("Certification")
    team.fails_round(project)
    tc.fills(project, "Additional Fees", "Agreed")
    team.fails_round(project)

    assert project.field("Additional Fees") == "Agreed"
    assert project.field("Certification Round") == 2


@pytest.mark.where(lifecycle=ONE_FREE)
def test_an_open_fee_review_does_not_keep_a_round_from_failing(team: Team, integrations: Person) -> None:
    project = team.project_in("Certification")
    team.fails_round(project)
    team.begins_round(project)
    integrations.fails_round(project)

    assert project.stage == "Development"
    assert project.field("Rounds Failed") == 2


@on_both
@pytest.mark.where(lifecycle=ONE_FREE)
def test_how_many_rounds_are_free_is_declared(team: Team) -> None:
    project = team.project_in("Certification")
    team.fails_round(project)

    assert project.field("Additional Fees") == "May apply"
    assert "fee_review" in project.open_steps()
