"""What a project costs: requests to Jira, and the edits and comments that mail its watchers."""

from datetime import timedelta

import pytest

from tests.stories.running import StoryService
from tests.stories.team import Person, Project, Team


def test_a_look_that_finds_nothing_to_do_makes_two_reads_and_no_write(team: Team, service: StoryService) -> None:
    project = team.project_in("Development")
    calls = service.calls(lambda: service.looks_at(project))
    assert (calls.reads, calls.writes) == (2, 0), calls.operations


@pytest.mark.parametrize("flavour", ["datacenter"], indirect=True)
def test_on_data_center_a_look_reads_each_sub_task_but_writes_nothing_either(team: Team, service: StoryService) -> None:
    """Data Center's search gives no issue properties, so the markers are read one by one."""
    project = team.project_in("Requirements")
    calls = service.calls(lambda: service.looks_at(project))
    assert calls.reads <= 1 + len(project.subtasks()), calls.operations
    assert calls.writes == 0


def test_entering_a_stage_takes_four_requests(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    team.finishes(project)
    tc.moves(project, "Requirements")

    calls = service.calls(service.works_at_once)

    assert (calls.reads, calls.writes) == (2, 2), calls.operations
    assert project.stage == "Requirements"
    assert len(project.open_steps()) == 13


def test_a_new_project_takes_at_most_four_requests(team: Team, tc: Person, service: StoryService) -> None:
    team.starts_project()
    project = tc.creates()
    calls = service.calls(service.works_at_once)
    assert calls.reads + calls.writes <= 4, calls.operations
    assert project.stage == "Discovery"


def test_a_refusal_takes_at_most_five_requests(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    calls = service.calls(service.works_at_once)

    assert calls.reads + calls.writes <= 5, calls.operations
    assert project.status == "Discovery"


def test_a_step_that_is_done_takes_three_requests_and_mails_nobody(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    before = mailed(project)
    project.step("goals").done_by(tc)
    calls = service.calls(service.works_at_once)

    assert (calls.reads, calls.writes) == (2, 1), calls.operations
    assert mailed(project) == before


def test_a_gate_that_opens_takes_three_requests(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    team.writes_down(project)
    project.step("goals").done_by(tc)
    project.step("scope").done_by(tc)
    service.catches_up()
    project.step("evaluation").done_by(tc)
    calls = service.calls(service.works_at_once)

    assert (calls.reads, calls.writes) == (2, 1), calls.operations
    assert project.gate == "Open"


def test_fifty_events_cost_a_handful_of_looks(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    team.writes_down(project)
    service.catches_up()
    team.scene.pace = timedelta(seconds=1)
    for number in range(50):
        tc.fills(project, "Project Goals", f"Draft {number}")
    calls = service.calls(service.catches_up)

    assert calls.reads <= 4
    assert calls.writes == 0


def test_a_whole_project_is_quiet(team: Team) -> None:
    """From creation to live: an edit of the project issue for each stage, each gate that opens and each fact kept."""
    project = team.project_in("Live")
    changes = [change for change in project.changes_by("service") if not change.startswith("status")]

    assert project.said == []
    assert len(changes) <= 17, changes
    assert sum(len(step.changes_by("service")) for step in project.all_steps()) <= 12
    assert sum(len(step.said) for step in project.all_steps()) == 0


def test_a_failed_round_adds_little(team: Team) -> None:
    project = team.project_in("Certification")
    before = len(project.changes_by("service"))
    team.fails_round(project)

    assert len(project.changes_by("service")) - before <= 8
    assert project.said == []


def mailed(project: Project) -> int:
    """How often the service did something on the project issue that mails its watchers."""
    return len(project.changes_by("service")) + len(project.said)
