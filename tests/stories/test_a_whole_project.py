"""A project from its creation to live, as the published Integrations Process has it."""

from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Team


@on_both
def test_a_project_goes_all_the_way_to_live(team: Team, service: StoryService) -> None:
    project = team.starts_project()
    assert (project.stage, project.status, project.gate) == ("Discovery", "Discovery", "Closed")
    assert project.open_steps() == ["goals", "scope", "evaluation"]

    team.reaches(project, "Live")

    assert (project.stage, project.status, project.gate) == ("Live", "Live", "Open")
    assert project.visits == ["discovery", "requirements", "development", "certification", "launch", "live"]
    assert project.field("Certification Round") == 1
    assert project.field("Certification Result") == "Certified"
    assert project.field("Rounds Failed") == 0
    assert project.open_steps() == []
    assert project.said == []
    assert project.labels == set()
    assert service.surprises() == 0


@on_both
def test_a_project_that_fails_its_first_round_is_certified_in_the_second(
    team: Team, integrations: Person, service: StoryService
) -> None:
    project = team.project_in("Certification")
    team.begins_round(project)
    integrations.fails_round(project, feedback="The token is renewed too late.")

    assert (project.stage, project.status) == ("Development", "Development")
    assert "The token is renewed too late." in project.step("build").description
    assert project.step("build").summary == "Address the feedback of certification round 1"

    team.reaches(project, "Live")

    assert project.field("Certification Round") == 2
    assert project.field("Rounds Failed") == 1
    assert [entry["result"] for entry in project.rounds] == ["failed", "certified"]
    assert service.surprises() == 0


def test_the_stages_ask_for_the_steps_of_the_process(team: Team) -> None:
    project = team.starts_project()
    asked: dict[str, list[str]] = {}
    for stage in ("Discovery", "Requirements", "Development", "Certification", "Launch"):
        team.reaches(project, stage)
        asked[stage] = project.open_steps()

    assert asked == {
        "Discovery": ["goals", "scope", "evaluation"],
        "Requirements": [
            "technical_requirements",
            "idi",
            "work_order",
            "work_order_approval/client",
            "work_order_approval/integrator",
            "work_order_executed",
            "schedule",
            "schedule_approval/technical_consultant",
            "schedule_approval/integrations",
            "schedule_approval/integrator",
            "schedule_approval/client",
            "schedule_approval/sales",
            "welcome_email",
        ],
        "Development": ["test_access", "build", "integrator_qa", "client_qa"],
        "Certification": ["notify", "slot", "materials", "round"],
        "Launch": [
            "config_diff",
            "config_notice",
            "production_credentials",
            "go_live",
            "monitoring/technical_consultant",
            "monitoring/integrations",
            "monitoring/integrator",
            "monitoring/client",
            "monitoring/sales",
        ],
    }
