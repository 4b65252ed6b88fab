"""The Stage gate: Jira itself refuses a move too early, with the reasons; the service keeps the last word."""

import pytest

from jira_sandbox import Running
from tests.stories.forge import ForgeApp
from tests.stories.running import StoryService
from tests.stories.team import Person, Project, Refused, Team

pytestmark = pytest.mark.where(gate_condition=True)


@pytest.fixture
def app(jira: Running) -> ForgeApp:
    """The app, installed and put on the workflow by `provision`."""
    app = ForgeApp(jira)
    app.is_installed()
    app.is_put_on_the_workflow()
    return app


def seen(project: Project) -> tuple[object, ...]:
    """All that a move could leave behind."""
    issue = project.issue
    return project.status, dict(issue.values), dict(issue.properties), list(issue.comments), list(issue.changes)


def reasons(project: Project) -> list[str]:
    return list(project.record["blocked"]["requirements"])


def test_a_move_too_early_is_refused_at_once_with_the_reasons_and_nothing_changes(
    app: ForgeApp, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    before = seen(project)
    with pytest.raises(Refused) as refused:
        tc.moves(project, "Requirements")
    assert len(reasons(project)) > 1
    assert all(reason in str(refused.value).replace('\\"', '"') for reason in reasons(project))
    assert seen(project) == before
    service.catches_up()
    assert seen(project) == before
    assert project.said == []


def test_the_button_is_offered_though_the_gate_is_closed(app: ForgeApp, team: Team, tc: Person) -> None:
    project = team.starts_project()
    assert project.gate == "Closed"
    assert "Requirements" in tc.offered(project)


def test_once_the_gate_is_open_the_same_move_passes(
    app: ForgeApp, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    with pytest.raises(Refused):
        tc.moves(project, "Requirements")
    team.finishes(project)
    tc.moves(project, "Requirements")
    service.catches_up()
    assert (project.stage, project.status) == ("Requirements", "Requirements")
    assert project.said == []


def test_a_project_goes_all_the_way_and_the_stage_gate_never_stands_in_its_way(app: ForgeApp, team: Team) -> None:
    project = team.reaches(team.starts_project(), "Live")
    assert (project.status, project.said) == ("Live", [])


def test_the_service_itself_passes_when_a_round_ends(
    app: ForgeApp, team: Team, integrations: Person, service: StoryService
) -> None:
    project = team.reaches(team.starts_project(), "Certification")
    team.begins_round(project)
    integrations.fills(project, "Certification Feedback", "Tokens expire.")
    integrations.moves(project.step("round"), "Failed")
    service.catches_up()
    assert (project.stage, project.status) == ("Development", "Development")
    team.finishes(project)
    team.moves_on(project)
    team.begins_round(project)
    integrations.moves(project.step("round"), "Certified")
    service.catches_up()
    assert (project.stage, project.status, len(project.rounds)) == ("Launch", "Launch", 2)


@pytest.mark.where(workflow="open")
def test_where_every_way_is_guarded_the_service_still_takes_a_move_back(
    app: ForgeApp, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.reaches(team.starts_project(), "Requirements")
    with pytest.raises(Refused, match="skips"):
        tc.moves(project, "Launch")
    tc.removes_property(project, "stagegate")  # nobody knows the issue now, so it passes
    tc.moves(project, "Launch")
    service.catches_up()
    assert (project.stage, project.status) == ("Requirements", "Requirements")
    tc.moves(project, "Discovery")
    service.catches_up()
    assert (project.stage, project.status) == ("Discovery", "Discovery")


def test_what_the_record_did_not_know_yet_the_service_answers_afterwards(
    app: ForgeApp, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    team.finishes(project)
    project.step("goals").reopened_by(tc)
    tc.moves(project, "Requirements")  # the record is some seconds old, and blocks nothing
    assert project.status == "Requirements"
    service.catches_up()
    assert (project.stage, project.status) == ("Discovery", "Discovery")
    (message,) = project.said
    assert project.step("goals").key in message
    with pytest.raises(Refused, match=project.step("goals").key):
        tc.moves(project, "Requirements")


def test_what_the_record_does_not_know_to_be_done_yet_passes_after_the_next_look(
    app: ForgeApp, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    team.finishes(project, but="evaluation")
    project.step("evaluation").done_by(tc)
    with pytest.raises(Refused, match=project.step("evaluation").key):
        tc.moves(project, "Requirements")
    service.catches_up()
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.stage == "Requirements"


def test_an_override_opens_the_stage_gate(
    app: ForgeApp, team: Team, tc: Person, admin: Person, service: StoryService
) -> None:
    project = team.starts_project()
    admin.fills(project, "Gate Override", "The client is waiting.")
    service.catches_up()
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.stage == "Requirements"


def test_an_issue_that_the_service_does_not_manage_passes(
    app: ForgeApp, tc: Person, service: StoryService, jira: Running
) -> None:
    project = tc.creates("Made while the service stands still")
    assert "stagegate" not in project.issue.properties
    tc.moves(project, "Requirements")
    assert project.status == "Requirements"


def test_a_damaged_record_refuses_until_the_service_has_mended_it(
    app: ForgeApp, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    team.finishes(project)
    tc.writes_property(project, "stagegate", "spoilt")
    with pytest.raises(Refused, match="could not read what is missing"):
        tc.moves(project, "Requirements")
    service.looks_at(project)
    service.catches_up()
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.stage == "Requirements"


# --- The app is removed


def test_a_removed_app_refuses_every_move_forward_and_no_other(
    app: ForgeApp, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    team.finishes(project)
    app.is_removed()
    with pytest.raises(Refused, match="not installed"):
        tc.moves(project, "Requirements")
    tc.moves(project, "Cancelled")
    service.catches_up()
    assert project.stage == "Cancelled"


def test_the_same_app_installed_again_lets_them_pass(
    app: ForgeApp, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    team.finishes(project)
    app.is_removed()
    app.is_installed()
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.stage == "Requirements"


def test_with_the_rules_deleted_they_pass_and_the_service_judges_as_before(
    app: ForgeApp, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    app.is_removed()
    app.rules_are_deleted("INT: strict")
    tc.moves(project, "Requirements")
    service.catches_up()
    assert (project.stage, project.status) == ("Discovery", "Discovery")
    (message,) = project.said
    assert project.step("goals").key in message
    team.finishes(project)
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.stage == "Requirements"


def test_an_app_that_was_registered_anew_takes_its_rules_over(
    app: ForgeApp, team: Team, tc: Person, service: StoryService, jira: Running
) -> None:
    project = team.starts_project()
    team.finishes(project)
    app.is_removed()
    successor = ForgeApp(jira, app="11111111-2222-4333-8444-555555555555")
    successor.is_installed()
    with pytest.raises(Refused, match="not installed"):
        tc.moves(project, "Requirements")
    successor.is_put_on_the_workflow()
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.stage == "Requirements"
