"""Steps: one sub-task for each piece of work, in the order of the process, done by those whose turn it is."""

from datetime import timedelta

import pytest

from jira_sandbox import Clock
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Team


def extended(text: str) -> str:
    return f'extends = "paytronix"\n{text}\n'


# --- Which there are


@on_both
def test_a_step_that_several_parties_must_do_has_a_sub_task_for_each(team: Team) -> None:
    project = team.project_in("Requirements")
    steps = project.steps()

    assert {name: steps[name].assignee for name in steps if name.startswith("schedule_approval")} == {
        "schedule_approval/technical_consultant": "tc",
        "schedule_approval/integrations": "integrations",
        "schedule_approval/integrator": "integrator",
        "schedule_approval/client": "client",
        "schedule_approval/sales": "sales",
    }
    assert steps["work_order_approval/client"].summary == "Approve the work order (client)"
    assert steps["work_order_approval/client"].labels == {"stagegate", "party-client"}


def test_a_steps_marker_names_project_step_visit_and_party(team: Team) -> None:
    project = team.project_in("Requirements")
    assert project.step("idi").marker == {"parent": project.id, "step": "idi", "visit": "once", "party": ""}
    assert project.step("work_order_approval/client").marker["party"] == "client"


def test_a_step_renamed_by_people_is_still_the_step(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    tc.fills(project.step("goals"), "Summary", "Talk with Acme")
    service.catches_up()

    assert project.open_steps() == ["goals", "scope", "evaluation"]
    team.finishes(project)
    assert project.gate == "Open"


@on_both
def test_a_deleted_step_comes_back(team: Team, admin: Person, service: StoryService) -> None:
    project = team.starts_project()
    admin.deletes(project.step("scope"))
    service.catches_up()

    assert sorted(project.open_steps()) == ["evaluation", "goals", "scope"]
    team.finishes(project)
    team.moves_on(project)
    assert project.stage == "Requirements"


def test_a_step_done_and_then_deleted_must_be_done_again(team: Team, admin: Person, service: StoryService) -> None:
    project = team.starts_project()
    team.finishes(project)
    admin.deletes(project.step("goals"))
    service.catches_up()

    assert project.gate == "Closed"
    assert "goals" in project.open_steps()


@pytest.mark.where(
    lifecycle=extended('[stages.discovery.steps.goals]\nwhen = { field = "integration_kind", in = ["New"] }')
)
@pytest.mark.parametrize(("kind", "expected"), [("New", True), ("Update", False)])
def test_a_step_may_apply_to_one_kind_of_project_only(team: Team, kind: str, expected: bool) -> None:
    project = team.starts_project(Integration_Kind=kind)
    assert ("goals" in project.steps()) is expected


@pytest.mark.where(
    lifecycle=extended('[stages.discovery.steps.goals]\nwhen = { field = "integration_kind", in = ["New"] }')
)
def test_a_step_that_applies_no_longer_is_closed_and_comes_back_when_it_does(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    tc.fills(project, "Integration Kind", "Update")
    service.catches_up()
    assert project.step("goals").status == "Won't Do"
    assert project.open_steps() == ["scope", "evaluation"]

    tc.fills(project, "Integration Kind", "New")
    service.catches_up()
    assert project.step("goals").status == "To Do"
    assert len(project.all_steps("goals")) == 1


def test_open_steps_of_a_visit_that_is_over_are_closed_as_not_to_be_done(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.project_in("Development")
    tc.moves(project, "Requirements")
    service.catches_up()

    assert {step.status for step in project.all_steps("build")} == {"Won't Do"}
    assert project.open_steps() == []


def test_a_superseded_step_that_is_made_once_is_resumed(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Development")
    access = project.step("test_access")
    tc.moves(project, "Requirements")
    service.catches_up()
    assert access.status == "Won't Do"

    tc.moves(project, "Development")
    service.catches_up()
    assert access.status == "To Do"
    assert project.open_steps() == ["test_access", "build", "integrator_qa", "client_qa"]


def test_a_sub_task_that_people_add_for_themselves_is_nobodys_business(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    own = tc.asks(project, "my-notes", "Call Acme")
    service.catches_up()
    team.finishes(project)

    assert project.gate == "Open"
    assert own.labels == {"my-notes"}
    assert own.changes_by("service") == []


# --- Words


def test_what_to_do_and_what_done_means_stand_in_the_step(team: Team) -> None:
    project = team.project_in("Development")
    description = project.step("client_qa").description

    assert "every use case was tested by the client" in description
    assert "every error message and every success message is approved" in description


def test_where_something_is_to_be_sent_a_text_is_ready(team: Team) -> None:
    project = team.project_in("Requirements")
    for name in ("idi", "schedule", "welcome_email"):
        assert "Subject:" in project.step(name).description
        assert "Acme loyalty" in project.step(name).description


@on_both
def test_what_people_wrote_can_neither_break_a_text_nor_mention_anyone(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project("Acme {code} [~admin] *bold* | h1. {{x}}")
    tc.fills_in(project, {"Project Goals": "[~admin] {quote}", "Project Scope": "a {noformat} b"})
    tc.fills(project.step("goals"), "Summary", "{code}[~admin]!http://x.test/a.png!")
    tc.moves(project, "Requirements")
    service.catches_up()
    team.reaches(project, "Requirements")

    texts = [*project.said, *(step.description for step in project.all_steps())]
    for text in texts:
        for bare in ("{code}", "[~admin]", "{noformat}", "!http"):
            assert bare not in text.replace("\\" + bare[0], ""), text
    assert any("\\{code\\}" in text for text in texts)


# --- Done, in order


def test_a_step_done_before_its_turn_is_reopened_with_the_reason(
    team: Team, integrations: Person, service: StoryService, clock: Clock
) -> None:
    project = team.starts_project()
    evaluation = project.step("evaluation").done_by(integrations)
    service.catches_up()

    assert evaluation.status == "To Do"
    assert evaluation.labels >= {"reopened"}
    (message,) = evaluation.said
    assert project.step("scope").key in message

    team.finishes(project)
    assert evaluation.status == "Done"
    assert "reopened" not in evaluation.labels
    assert len(evaluation.said) == 1


def test_within_half_a_minute_two_steps_may_be_closed_in_the_wrong_order(
    team: Team, tc: Person, service: StoryService
) -> None:
    team.scene.pace = timedelta(seconds=5)
    project = team.starts_project()
    project.step("scope").done_by(tc)
    project.step("goals").done_by(tc)
    service.catches_up()

    assert (project.step("scope").status, project.step("goals").status) == ("Done", "Done")
    assert project.step("scope").said == []


def test_a_step_is_not_reopened_before_its_grace_is_over(
    team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    project = team.starts_project()
    scope = project.step("scope").done_by(tc)
    service.works_at_once()
    assert scope.status == "Done"

    clock.advance(seconds=30)
    service.works_at_once()
    assert scope.status == "To Do"


def test_changes_after_the_tests_are_tested_again(team: Team, integrator: Person, service: StoryService) -> None:
    project = team.project_in("Development")
    team.finishes(project)
    project.step("build").reopened_by(integrator)
    service.catches_up()
    assert project.gate == "Closed"
    assert project.open_steps() == ["build", "integrator_qa", "client_qa"]

    team.finishes(project)
    assert project.gate == "Open"
    assert project.open_steps() == []


def test_a_changed_work_order_is_approved_again(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Requirements")
    team.finishes(project, but="schedule")
    project.step("work_order").reopened_by(tc).done_by(tc)
    service.catches_up()

    still_open = project.open_steps()
    assert "work_order_approval/client" in still_open
    assert "work_order_approval/integrator" in still_open
    assert "work_order_executed" in still_open


def test_what_was_sent_stays_sent_whatever_is_reopened_later(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Requirements")
    team.finishes(project)
    project.step("technical_requirements").reopened_by(tc)
    service.catches_up()

    assert project.step("welcome_email").status == "Done"
    assert project.gate == "Closed"


def test_what_was_sent_before_its_turn_is_reopened(team: Team, integrations: Person, service: StoryService) -> None:
    project = team.project_in("Requirements")
    project.step("welcome_email").done_by(integrations)
    service.catches_up()

    assert project.step("welcome_email").status == "To Do"
    assert len(project.step("welcome_email").said) == 1


def test_an_empty_field_that_a_step_needs_is_a_reason_of_the_gate_not_to_reopen(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.project_in("Requirements")
    team.finishes(project)
    tc.fills(project, "IDI Date", None)
    service.catches_up()
    assert project.step("idi").status == "Done"
    assert project.gate == "Closed"

    tc.moves(project, "Development")
    service.catches_up()
    assert "IDI Date is empty" in project.said[-1]


def test_a_step_that_was_reopened_twice_says_so_twice(team: Team, integrations: Person, service: StoryService) -> None:
    project = team.starts_project()
    evaluation = project.step("evaluation").done_by(integrations)
    service.catches_up()
    evaluation.done_by(integrations)
    service.catches_up()

    assert evaluation.status == "To Do"
    assert len(evaluation.said) == 2


# --- Waived


@on_both
def test_a_step_is_waived_by_those_who_may_override(team: Team, admin: Person, service: StoryService) -> None:
    project = team.starts_project()
    project.step("goals").waived_by(admin)
    service.catches_up()
    assert project.step("goals").status == "Won't Do"

    team.finishes(project)
    assert project.gate == "Open"
    (waiver,) = project.record["waivers"]
    assert waiver["by"] == admin.account


@on_both
def test_a_step_waived_by_someone_who_may_not_is_reopened_with_the_reason(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    goals = project.step("goals").waived_by(tc)
    service.catches_up()

    assert goals.status == "To Do"
    assert "only by those who may override" in goals.said[0]
    assert project.gate == "Closed"
    service.looks_at(project)
    assert len(goals.said) == 1


# --- Approvals


def test_who_approves_is_recorded_not_enforced(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Requirements")
    team.finishes(project, but="work_order_approval/client")
    approval = project.step("work_order_approval/client").done_by(tc)
    service.catches_up()

    assert approval.status == "Done"


@on_both
@pytest.mark.where(lifecycle=extended('approver = "enforced"'))
def test_an_approval_stays_when_the_partys_person_changes_later(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Requirements", Integrator_Contact=None)
    team.finishes(project)
    service.catches_up()
    tc.fills_in(project, {"Client Contact": "admin", "Integrator Contact": "integrator"})
    service.catches_up()

    assert {step.status for step in project.steps().values()} == {"Done"}
    assert project.gate == "Open"


@pytest.mark.where(lifecycle=extended('approver = "enforced"'))
def test_where_approvers_are_enforced_nobody_approves_for_another(
    team: Team, tc: Person, client: Person, service: StoryService
) -> None:
    project = team.project_in("Requirements")
    team.finishes(project, but="work_order_approval/client")
    approval = project.step("work_order_approval/client").done_by(tc)
    service.catches_up()
    assert approval.status == "To Do"
    assert "only from the client" in approval.said[0]

    approval.done_by(client)
    service.catches_up()
    assert approval.status == "Done"


# --- Twins


def test_of_two_sub_tasks_with_one_marker_the_older_stays(team: Team, tc: Person, service: StoryService) -> None:
    """A create that timed out and yet happened leaves two."""
    project = team.starts_project()
    twin = tc.asks(project, "stagegate", "Understand the client's goals")
    tc.writes_property(twin, "stagegate.step", project.step("goals").marker)
    service.looks_at(project)

    first, second = project.all_steps("goals")
    assert (first.status, second.status) == ("To Do", "Won't Do")
