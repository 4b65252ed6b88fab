"""Status is what people ask for, the field Integration Stage is the verdict: how each move is judged."""

import pytest

from jira_sandbox import Clock
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Team


def test_a_move_is_accepted_when_its_gate_is_open(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    team.finishes(project)
    assert project.gate == "Open"

    tc.moves(project, "Requirements")
    service.catches_up()

    assert project.stage == "Requirements"
    assert project.said == []


def test_a_refused_crossing_is_no_visit(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()

    assert project.visits == ["discovery"]
    assert project.open_steps() == ["goals", "scope", "evaluation"]


@pytest.mark.where(workflow="open")
def test_a_skipped_stage_is_refused(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    team.finishes(project)
    tc.moves(project, "Certification")
    service.catches_up()

    assert (project.stage, project.status) == ("Discovery", "Discovery")
    assert "skips Requirements and Development" in project.said[-1]


@pytest.mark.where(workflow="open")
def test_crossings_made_while_the_service_was_away_are_answered_in_order(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    team.finishes(project)
    service.stops()
    tc.moves(project, "Requirements")
    tc.moves(project, "Development")
    tc.moves(project, "Certification")
    service.starts()
    service.sweeps()

    assert project.visits == ["discovery", "requirements"]
    assert (project.stage, project.status) == ("Requirements", "Requirements")
    assert len(project.said) == 1


@pytest.mark.where(workflow="open")
def test_a_project_moved_far_and_back_by_people_needs_no_answer(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    service.stops()
    tc.moves(project, "Requirements")
    tc.moves(project, "Discovery")
    service.starts()
    service.sweeps()

    assert project.visits == ["discovery"]
    assert (project.stage, project.status) == ("Discovery", "Discovery")


def test_a_move_back_is_a_new_visit(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Development")
    tc.moves(project, "Requirements")
    service.catches_up()

    assert project.visits[-3:] == ["requirements", "development", "requirements"]
    assert project.open_steps() == []
    assert project.gate == "Open"


def test_each_new_visit_of_development_asks_for_build_and_tests_again(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.project_in("Development")
    team.finishes(project)
    tc.moves(project, "Requirements")
    service.catches_up()
    tc.moves(project, "Development")
    service.catches_up()

    assert project.open_steps() == ["build", "integrator_qa", "client_qa"]
    assert len(project.all_steps("test_access")) == 1


@pytest.mark.where(lifecycle='extends = "paytronix"\nback_moves = "override"\n')
def test_moves_back_can_be_left_to_those_who_may_override(
    team: Team, tc: Person, admin: Person, service: StoryService
) -> None:
    project = team.project_in("Development")
    tc.moves(project, "Requirements")
    service.catches_up()
    assert (project.stage, project.status) == ("Development", "Development")

    admin.fills(project, "Gate Override", "The work order must be negotiated anew.")
    service.catches_up()
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.stage == "Requirements"


# --- Ends


@on_both
def test_a_project_that_is_not_feasible_can_only_be_declined(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    team.finishes(project)
    tc.fills(project, "Feasibility", "Not feasible")
    service.catches_up()
    assert project.gate == "Closed"

    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.stage == "Discovery"
    assert "Feasibility is Not feasible; it must be Feasible" in project.said[-1]

    tc.moves(project, "Declined")
    service.catches_up()
    assert (project.stage, project.status) == ("Declined", "Declined")


def test_a_feasible_project_is_not_declined_in_discovery(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    team.finishes(project)
    tc.moves(project, "Declined")
    service.catches_up()

    assert (project.stage, project.status) == ("Discovery", "Discovery")
    assert "Feasibility" in project.said[-1]


def test_requirements_may_end_in_a_decline_at_any_time(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Requirements")
    tc.moves(project, "Declined")
    service.catches_up()

    assert project.stage == "Declined"
    assert project.open_steps() == []


@pytest.mark.parametrize("stage", ["Discovery", "Requirements", "Development", "Certification", "Launch", "Live"])
def test_a_project_can_be_cancelled_from_anywhere(team: Team, tc: Person, service: StoryService, stage: str) -> None:
    project = team.project_in(stage)
    tc.moves(project, "Cancelled")
    service.catches_up()

    assert (project.stage, project.gate) == ("Cancelled", "Open")
    assert project.open_steps() == []
    assert project.said == []


def test_an_end_left_again_resumes_the_visit_that_was_left(
    team: Team, tc: Person, integrator: Person, service: StoryService
) -> None:
    project = team.project_in("Development")
    built = project.step("build").done_by(integrator)
    service.catches_up()
    tc.moves(project, "Cancelled")
    service.catches_up()
    assert [step.status for step in project.all_steps("integrator_qa")] == ["Won't Do"]

    tc.moves(project, "Development")
    service.catches_up()

    assert project.visits[-2:] == ["cancelled", "development"]
    assert built.status == "Done"
    assert project.open_steps() == ["test_access", "integrator_qa", "client_qa"]
    assert len(project.all_steps("integrator_qa")) == 1


def test_an_end_left_again_resumes_the_same_round(
    team: Team, tc: Person, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    tc.moves(project, "Cancelled")
    service.catches_up()
    tc.moves(project, "Certification")
    service.catches_up()

    assert (project.stage, project.status) == ("Certification", "Certification")
    assert project.field("Certification Round") == 1
    assert project.gate == "Open"
    integrations.certifies(project)
    assert project.stage == "Launch"
    assert [entry["result"] for entry in project.rounds] == ["certified"]


def test_an_end_is_left_only_for_the_stage_it_was_entered_from(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Requirements")
    tc.moves(project, "Cancelled")
    service.catches_up()
    tc.moves(project, "Development")
    service.catches_up()

    assert (project.stage, project.status) == ("Cancelled", "Cancelled")
    assert len(project.said) == 1


def test_a_live_project_may_go_back_to_launch(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Live")
    tc.moves(project, "Launch")
    service.catches_up()

    assert project.visits[-2:] == ["live", "launch"]
    assert project.gate == "Open"


# --- Launch


def test_an_open_configuration_issue_closes_the_way_to_live(
    team: Team, tc: Person, client: Person, service: StoryService
) -> None:
    project = team.project_in("Launch")
    team.finishes(project)
    found = client.asks(project, "config-issue", "Points are missing at till 3")
    service.catches_up()
    assert project.gate == "Closed"

    tc.moves(project, "Live")
    service.catches_up()
    assert project.stage == "Launch"
    assert found.key in project.said[-1]
    assert "Points are missing at till 3" in project.said[-1]

    found.done_by(tc)
    service.catches_up()
    assert project.gate == "Open"


def test_an_open_blocking_link_closes_the_way_to_live(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Launch")
    other = team.starts_project("Server upgrade")
    team.finishes(project)
    tc.blocks(project, by=other)
    service.catches_up()

    tc.moves(project, "Live")
    service.catches_up()

    assert project.stage == "Launch"
    assert f"{other.key} blocks this issue" in project.said[-1]


def test_a_step_of_a_stage_already_left_does_not_undo_its_acceptance(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.project_in("Development")
    project.step("work_order").reopened_by(tc)
    service.catches_up()

    assert project.stage == "Development"
    assert project.said == []


def test_where_a_project_stands_is_dated_by_the_move_not_by_the_look(
    team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    project = team.starts_project()
    team.finishes(project)
    tc.moves(project, "Requirements")
    moved = clock.now()
    clock.advance(hours=3)
    service.catches_up()

    _, at, _ = project.record["accepted"][-1]
    assert at == f"{moved:%Y-%m-%dT%H:%M:%S}Z"
