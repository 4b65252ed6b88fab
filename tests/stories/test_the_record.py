"""Decisions are remembered where they were made: on the issue. What is lost is told anew, what is wrong put right."""

import pytest

from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Project, Team


@pytest.mark.parametrize("lost_in", ["Requirements", "Certification", "Launch"])
def test_with_the_database_lost_in_mid_story_the_story_ends_the_same(
    team: Team, service: StoryService, lost_in: str
) -> None:
    project = team.project_in(lost_in)
    said = list(project.said)
    service.loses_its_database()
    service.sweeps()
    assert project.stage == lost_in
    assert project.said == said

    team.reaches(project, "Live")
    assert project.visits == ["discovery", "requirements", "development", "certification", "launch", "live"]


def test_with_the_database_lost_after_a_refusal_nothing_is_said_twice(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()
    service.loses_its_database()
    service.sweeps()

    assert len(project.said) == 1


@on_both
@pytest.mark.parametrize("lost_in", ["Requirements", "Development", "Launch"])
def test_a_record_deleted_from_the_issue_is_repaired_and_the_story_ends_the_same(
    team: Team, admin: Person, service: StoryService, lost_in: str
) -> None:
    project = team.project_in(lost_in)
    visits = project.visits
    admin.removes_property(project, "stagegate")
    service.looks_at(project)
    assert project.visits == visits

    team.reaches(project, "Live")
    assert project.field("Certification Round") == 1


def test_a_record_deleted_after_a_failed_round_keeps_the_count(
    team: Team, admin: Person, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.fails_round(project)
    admin.removes_property(project, "stagegate")
    service.looks_at(project)

    assert project.field("Certification Round") == 1
    assert project.field("Rounds Failed") == 1
    assert [entry["result"] for entry in project.rounds] == ["failed"]
    assert project.open_steps() == ["build", "integrator_qa", "client_qa"]
    team.reaches(project, "Live")
    assert project.field("Certification Round") == 2


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 1},
        {"version": 99, "issue": "1", "accepted": [["live", "2026-03-02T15:00:00Z", "created"]]},
        {"version": 1, "issue": "1", "accepted": [["live", "2026-03-02T15:00:00Z", "created"]]},
        "nonsense",
        [],
        {"version": 1, "issue": "10000", "accepted": [["no such stage", "2026-03-02T15:00:00Z", "created"]]},
    ],
    ids=["half", "another version", "another issue's", "text", "list", "unknown stage"],
)
def test_a_damaged_record_is_repaired(team: Team, tc: Person, service: StoryService, damage: object) -> None:
    project = team.project_in("Development")
    tc.writes_property(project, "stagegate", damage)
    service.looks_at(project)

    assert project.visits == ["discovery", "requirements", "development"]
    assert project.stage == "Development"


def test_a_record_that_claims_more_than_the_field_says_is_not_believed(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    forged = dict(project.record)
    forged["accepted"] = [*forged["accepted"], ["launch", "2026-03-02T15:00:30Z", "1"]]
    tc.writes_property(project, "stagegate", forged)
    service.looks_at(project)

    assert project.stage == "Discovery"
    assert project.visits == ["discovery"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("Integration Stage", "Live"), ("Gate", "Open"), ("Certification Round", 7), ("Rounds Failed", 3)],
)
def test_kept_fields_that_others_wrote_are_put_right(
    team: Team, admin: Person, integrations: Person, service: StoryService, field: str, wrong: str | int
) -> None:
    project = _after_a_failed_round(team, integrations)
    right = project.field(field)
    assert right != wrong
    admin.fills(project, field, wrong)
    service.catches_up()

    assert project.field(field) == right
    assert project.stage == "Development"


def _after_a_failed_round(team: Team, integrations: Person) -> Project:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.fails_round(project)
    return project


def test_a_stage_written_by_someone_else_is_never_taken_for_ours(
    team: Team, admin: Person, service: StoryService
) -> None:
    project = team.starts_project()
    admin.fills(project, "Integration Stage", "Launch")
    admin.removes_property(project, "stagegate")
    service.catches_up()

    assert project.stage == "Discovery"
    assert project.visits == ["discovery"]


def test_the_record_stays_small_however_often_a_project_is_refused(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    for _ in range(12):
        team.scene.clock.advance(hours=2)
        tc.moves(project, "Requirements")
        service.catches_up()

    assert len(str(project.record)) < 6_000


def test_the_record_holds_no_text_that_people_wrote(
    team: Team, admin: Person, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.fails_round(project, feedback="FEEDBACK-TEXT")

    assert "FEEDBACK-TEXT" not in str(project.record)
