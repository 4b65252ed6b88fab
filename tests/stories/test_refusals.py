"""A move that comes too early: refused with every reason, said once, and moved back where the workflow lets it."""

from datetime import timedelta

import pytest

from jira_sandbox import Clock
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Team


@on_both
def test_a_move_too_early_is_refused_with_every_reason_once(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()

    assert (project.stage, project.status) == ("Discovery", "Discovery")
    (message,) = project.said
    for name in ("goals", "scope", "evaluation"):
        step = project.step(name)
        assert f"{step.key} “{step.summary}” is open" in message
    assert "owner: technical consultant" in message
    assert "owner: Integrations team" in message
    for field in ("Project Goals", "Project Scope", "Feasibility"):
        assert f"{field} is empty" in message
    assert "goes back to Discovery" in message
    assert "gate-violation" not in project.labels

    service.looks_at(project)
    service.audits()
    assert len(project.said) == 1


def test_each_further_try_is_refused_with_what_is_still_missing(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()
    team.writes_down(project)
    tc.moves(project, "Requirements")
    service.catches_up()

    first, second = project.said
    assert "Project Goals is empty" in first
    assert "Project Goals" not in second
    assert project.step("goals").key in second


def test_a_refusal_goes_back_to_the_status_that_was_left(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Requirements")
    tc.moves(project, "Development")
    service.catches_up()

    assert project.status == "Requirements"
    assert project.changes_by("service")[-1] == "status=Requirements"


def test_the_last_refusal_is_dated(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()

    assert project.field("Last Refusal") is not None


# --- A workflow without a way back


@pytest.fixture
def one_way(jira, service):  # type: ignore[no-untyped-def]
    """A workflow that leads from Discovery to Requirements, but not back."""
    back = jira.site.status_named("Discovery").id
    for workflow in jira.site.workflows.values():
        workflow.transitions = [step for step in workflow.transitions if step.to != back]
    return workflow


def test_without_a_way_back_the_status_stays_and_a_label_says_so(
    one_way: object, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()

    assert (project.stage, project.status, project.gate) == ("Discovery", "Requirements", "Closed")
    assert "gate-violation" in project.labels
    assert "offers no way back to Discovery" in project.said[0]

    service.looks_at(project)
    service.audits()
    assert len(project.said) == 1


def test_a_refused_crossing_that_still_stands_is_accepted_once_its_gate_opens(
    one_way: object, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()
    team.finishes(project)

    assert (project.stage, project.status) == ("Requirements", "Requirements")
    assert "gate-violation" not in project.labels
    assert len(project.said) == 1


def test_a_person_who_moves_the_issue_back_settles_a_violation(
    jira,
    one_way: object,
    team: Team,
    tc: Person,
    admin: Person,
    service: StoryService,  # type: ignore[no-untyped-def]
) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()
    from jira_sandbox.workflows import set_workflow

    set_workflow(jira.site, "strict")
    admin.moves(project, "Discovery")
    service.catches_up()

    assert (project.stage, project.status) == ("Discovery", "Discovery")
    assert "gate-violation" not in project.labels
    assert len(project.said) == 1


# --- A tug of war


def test_an_automation_that_keeps_moving_the_issue_forward_is_given_up_on(
    team: Team, admin: Person, service: StoryService
) -> None:
    project = team.starts_project()
    for _ in range(6):
        if project.status == "Discovery":
            admin.moves(project, "Requirements")
        service.catches_up()

    assert (project.stage, project.status) == ("Discovery", "Requirements")
    assert "gate-violation" in project.labels
    assert len(project.said) == 4
    assert "refused three times within an hour" in project.said[-1]


def test_a_tug_of_war_ends_with_a_change_of_facts(team: Team, admin: Person, service: StoryService) -> None:
    project = team.starts_project()
    for _ in range(4):
        admin.moves(project, "Requirements")
        service.catches_up()
    team.finishes(project)

    assert (project.stage, project.status) == ("Requirements", "Requirements")
    assert "gate-violation" not in project.labels


def test_refusals_hours_apart_are_no_tug_of_war(team: Team, tc: Person, service: StoryService, clock: Clock) -> None:
    project = team.starts_project()
    for _ in range(5):
        tc.moves(project, "Requirements")
        service.catches_up()
        clock.advance(hours=2)

    assert (project.stage, project.status) == ("Discovery", "Discovery")
    assert len(project.said) == 5


# --- Warn, observe

STRICTER_AT_ONE = """
extends = "paytronix"
enforcement = "observe"
[gates.requirements.development]
enforcement = "enforce"
"""


@pytest.mark.where(lifecycle='extends = "paytronix"\nenforcement = "warn"\n')
def test_warn_accepts_with_comment_and_label(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    assert project.gate == "Open"
    tc.moves(project, "Requirements")
    service.catches_up()

    assert (project.stage, project.status) == ("Requirements", "Requirements")
    assert "accepted, although something is missing" in project.said[0]
    assert "Project Goals is empty" in project.said[0]
    assert "gate-warning" in project.labels
    service.looks_at(project)
    assert len(project.said) == 1


@pytest.mark.where(lifecycle='extends = "paytronix"\nenforcement = "observe"\n')
def test_observe_accepts_and_only_records(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    assert project.gate == "Open"
    tc.moves(project, "Requirements")
    service.catches_up()

    assert (project.stage, project.status) == ("Requirements", "Requirements")
    assert project.said == []
    assert not project.labels & {"gate-warning", "gate-violation"}


@pytest.mark.where(lifecycle=STRICTER_AT_ONE)
def test_a_gate_may_be_stricter_than_its_lifecycle(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()
    assert (project.stage, project.gate) == ("Requirements", "Closed")

    tc.moves(project, "Development")
    service.catches_up()
    assert (project.stage, project.status) == ("Requirements", "Requirements")


# --- The gate as a native condition sees it


@pytest.mark.where(gate_condition=True)
def test_where_the_site_has_the_native_condition_a_closed_gate_offers_no_way_on(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    with pytest.raises(AssertionError, match="no way from Discovery to Requirements"):
        tc.moves(project, "Requirements")

    team.finishes(project)
    assert project.gate == "Open"
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.stage == "Requirements"


def test_why_a_gate_is_closed_stands_in_the_record_for_the_panel(team: Team) -> None:
    project = team.starts_project()
    blocked = project.record["blocked"]["requirements"]

    assert any(project.step("goals").key in reason for reason in blocked)
    assert any("Feasibility" in reason for reason in blocked)
    team.finishes(project)
    assert "requirements" not in project.record["blocked"]


def test_a_move_made_in_the_very_moment_of_the_refusal_is_judged_too(
    team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    team.scene.pace = timedelta(0)
    project = team.starts_project()
    tc.moves(project, "Requirements")
    tc.moves(project, "Discovery")
    tc.moves(project, "Requirements")
    service.catches_up()

    assert (project.stage, project.status) == ("Discovery", "Discovery")
    assert len(project.said) == 1
