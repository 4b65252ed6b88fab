"""A running portfolio is adopted with its past: what happened before `enforce_since` is taken as the log has it."""

import pytest

from jira_sandbox import Clock
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Project, Team

JUNE = pytest.mark.where(since="2026-06-01")


@on_both
@JUNE
def test_a_project_under_way_is_adopted_where_it_stands(
    team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    project = _moved_by_hand(tc, "Requirements", "Development")
    clock.advance(days=120)
    service.sweeps()

    assert project.stage == "Development"
    assert project.visits == ["discovery", "requirements", "development"]
    assert project.open_steps() == ["test_access", "build", "integrator_qa", "client_qa"]
    assert project.said == []


@JUNE
def test_rounds_of_the_past_are_adopted_with_their_results(
    team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    project = _moved_by_hand(tc, "Requirements", "Development", "Certification", "Development", "Certification")
    clock.advance(days=120)
    service.sweeps()

    assert project.stage == "Certification"
    assert project.field("Rounds Failed") == 1
    assert [entry.get("result") for entry in project.rounds] == ["failed", None]
    assert project.field("Certification Round") == 2


@JUNE
def test_what_happens_after_adoption_is_judged(team: Team, tc: Person, service: StoryService, clock: Clock) -> None:
    project = _moved_by_hand(tc, "Requirements")
    clock.advance(days=120)
    tc.moves(project, "Development")
    service.sweeps()

    assert (project.stage, project.status) == ("Requirements", "Requirements")
    assert len(project.said) == 1


@JUNE
def test_a_project_that_ended_before_adoption_is_left_alone(
    team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    project = _moved_by_hand(tc, "Cancelled")
    clock.advance(days=120)
    service.sweeps()

    assert project.stage == "Cancelled"
    assert project.subtasks() == []


@JUNE
def test_a_whole_portfolio_is_adopted_by_the_first_sweep(
    team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    projects = [_moved_by_hand(tc, *path) for path in ((), ("Requirements",), ("Requirements", "Development"))]
    clock.advance(days=120)
    service.loses_its_database()
    service.sweeps()

    assert [project.stage for project in projects] == ["Discovery", "Requirements", "Development"]


def _moved_by_hand(tc: Person, *stages: str) -> Project:
    """A project from before there was a service."""
    project = tc.creates(Technical_Consultant="tc", Integrations_Engineer="integrations")
    for stage in stages:
        tc.moves(project, stage)
    return project
