"""A project from its creation to live, as the published Integrations Process has it."""

import pytest

from jira_sandbox import Clock
from tests.stories.running import StoryService
from tests.stories.team import Person, Team

on_both = pytest.mark.parametrize("flavour", ["cloud", "datacenter"], indirect=True)


@on_both
def test_a_project_goes_all_the_way_to_live(team: Team, tc: Person, service: StoryService) -> None:
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
