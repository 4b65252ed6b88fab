"""An override opens the gate of the present stage, once, for those who may give it."""

import pytest

from jira_sandbox import Revocation, Running, preset
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Team


@on_both
def test_an_override_opens_the_gate_for_the_next_move(
    team: Team, tc: Person, admin: Person, service: StoryService
) -> None:
    project = team.starts_project()
    admin.fills(project, "Gate Override", "The client starts early at its own risk.")
    service.catches_up()
    assert project.gate == "Open"

    tc.moves(project, "Requirements")
    service.catches_up()

    assert (project.stage, project.status) == ("Requirements", "Requirements")
    assert project.field("Gate Override") is None
    assert project.field("Last Override") is not None
    assert project.gate == "Closed"
    (override,) = project.record["overrides"]
    assert override["granted"]
    assert override["by"] == admin.account


def test_an_override_and_the_move_may_come_in_one_go(
    team: Team, tc: Person, admin: Person, service: StoryService
) -> None:
    project = team.starts_project()
    admin.fills(project, "Gate Override", "Agreed with the director.")
    admin.moves(project, "Requirements")
    service.catches_up()

    assert project.stage == "Requirements"
    assert project.said == []


@on_both
def test_an_override_by_someone_who_may_not_is_cleared_with_a_word(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    tc.fills(project, "Gate Override", "We are in a hurry.")
    service.catches_up()

    assert project.field("Gate Override") is None
    assert project.gate == "Closed"
    assert len(project.said) == 1
    assert "may not open the gate" in project.said[0]

    service.looks_at(project)
    assert len(project.said) == 1


@on_both
@pytest.mark.where(may_fail=True)
def test_an_override_that_we_may_not_judge_waits_alone(
    jira: Running, team: Team, tc: Person, admin: Person, service: StoryService
) -> None:
    """Without the permission to read roles one project waits, with the reason, and the others go on."""
    project, other = team.starts_project(), team.starts_project("Bistro loyalty")
    lost = Revocation(permission="ADMINISTER_PROJECTS", user_id=preset.person(jira.site, "service").id)
    jira.site.revocations.append(lost)
    admin.fills(project, "Gate Override", "The client starts early at its own risk.")
    tc.moves(other, "Requirements")
    service.catches_up()

    (parked,) = service.failures()
    assert parked.label == project.key
    assert parked.failure is not None
    assert "Administer Projects" in parked.failure.text
    assert service.running.store.projections.get(project.id) is not None
    assert (other.stage, other.status) == ("Discovery", "Discovery")
    assert project.field("Gate Override") is not None

    jira.site.revocations.clear()
    service.looks_at(project)
    assert project.gate == "Open"
    assert not service.failures()


@pytest.mark.where(workflow="open")
def test_an_override_opens_the_way_past_a_stage(team: Team, tc: Person, admin: Person, service: StoryService) -> None:
    project = team.starts_project()
    admin.fills(project, "Gate Override", "An update: nothing to require.")
    service.catches_up()
    tc.moves(project, "Development")
    service.catches_up()

    assert (project.stage, project.status) == ("Development", "Development")
    assert project.visits == ["discovery", "development"]


def test_an_override_is_for_the_present_stage_only(
    team: Team, tc: Person, admin: Person, service: StoryService
) -> None:
    project = team.starts_project()
    admin.fills(project, "Gate Override", "Go on.")
    service.catches_up()
    tc.moves(project, "Requirements")
    service.catches_up()
    tc.moves(project, "Development")
    service.catches_up()

    assert (project.stage, project.status) == ("Requirements", "Requirements")


def test_any_acceptance_clears_the_override(team: Team, tc: Person, admin: Person, service: StoryService) -> None:
    project = team.starts_project()
    team.finishes(project)
    admin.fills(project, "Gate Override", "Not needed after all.")
    service.catches_up()
    tc.moves(project, "Cancelled")
    service.catches_up()

    assert project.stage == "Cancelled"
    assert project.field("Gate Override") is None


def test_an_override_taken_back_closes_the_gate(team: Team, admin: Person, service: StoryService) -> None:
    project = team.starts_project()
    admin.fills(project, "Gate Override", "Go on.")
    service.catches_up()
    admin.fills(project, "Gate Override", None)
    service.catches_up()

    assert project.gate == "Closed"


def test_whether_somebody_may_is_judged_once(
    jira,
    team: Team,
    tc: Person,
    admin: Person,
    service: StoryService,  # type: ignore[no-untyped-def]
) -> None:
    project = team.starts_project()
    admin.fills(project, "Gate Override", "Go on.")
    service.catches_up()
    next(iter(jira.site.projects.values())).roles[10002].user_ids.clear()
    service.looks_at(project)

    assert project.gate == "Open"
    assert project.said == []


@pytest.mark.where(lifecycle='extends = "paytronix"\n[override]\nroles = []\ngroups = ["jira-administrators"]\n')
def test_a_group_may_be_the_one_that_overrides(team: Team, admin: Person, service: StoryService) -> None:
    project = team.starts_project()
    admin.fills(project, "Gate Override", "Go on.")
    service.catches_up()

    assert project.gate == "Open"


def test_an_override_lets_a_round_be_left_without_feedback(
    team: Team, tc: Person, admin: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    admin.fills(project, "Gate Override", "The feedback follows by letter.")
    service.catches_up()
    tc.moves(project, "Development")
    service.catches_up()

    assert project.stage == "Development"
    assert project.field("Rounds Failed") == 1
