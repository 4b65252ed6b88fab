"""Who does a step and until when: the people of the project issue, business days, and what people chose themselves."""

from datetime import UTC, date, datetime

import pytest

from jira_sandbox import Clock, Revocation, Running
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Team, morning


def extended(text: str) -> str:
    return f'extends = "paytronix"\n{text}\n'


# --- Owners


@on_both
def test_steps_belong_to_the_people_named_on_the_project(team: Team) -> None:
    project = team.starts_project()
    assert {name: step.assignee for name, step in project.steps().items()} == {
        "goals": "tc",
        "scope": "tc",
        "evaluation": "integrations",
    }


def test_without_a_client_account_the_technical_consultant_acts(team: Team) -> None:
    project = team.project_in("Requirements", Client_Contact=None, Integrator_Contact=None)
    assert project.step("work_order_approval/client").assignee == "tc"
    assert project.step("work_order_approval/integrator").assignee == "tc"


@on_both
def test_when_a_roles_person_changes_open_steps_follow(
    team: Team, tc: Person, sales: Person, service: StoryService
) -> None:
    project = team.starts_project()
    project.step("goals").done_by(tc)
    tc.fills(project, "Technical Consultant", "sales")
    service.catches_up()

    assert project.step("scope").assignee == "sales"
    assert project.step("goals").assignee == "tc"


def test_a_persons_own_choice_stays_until_the_role_changes_later(
    team: Team, tc: Person, sales: Person, service: StoryService
) -> None:
    project = team.starts_project()
    tc.assigns(project.step("scope"), sales)
    service.catches_up()
    assert project.step("scope").assignee == "sales"

    tc.fills(project, "Technical Consultant", "admin")
    service.catches_up()
    assert project.step("scope").assignee == "admin"


def test_without_anybody_a_label_asks_for_an_owner(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project(Technical_Consultant=None, Integrations_Engineer=None)
    assert project.step("goals").assignee is None
    assert "needs-owner" in project.labels

    tc.fills_in(project, {"Technical Consultant": "tc", "Integrations Engineer": "integrations"})
    service.catches_up()
    assert "needs-owner" not in project.labels
    assert project.step("goals").assignee == "tc"


@on_both
def test_a_user_who_cannot_be_assigned_never_hinders_the_step(
    jira,
    team: Team,
    service: StoryService,  # type: ignore[no-untyped-def]
) -> None:
    gone = jira.site.user_by_login("integrations")
    jira.site.revocations.append(Revocation(permission="ASSIGNABLE_USER", user_id=gone.id))
    project = team.starts_project()

    assert project.open_steps() == ["goals", "scope", "evaluation"]
    assert project.step("evaluation").assignee is None
    assert project.step("goals").assignee == "tc"


def test_a_role_given_to_one_who_cannot_be_assigned_leaves_the_step_as_it_is(
    jira,
    team: Team,
    tc: Person,
    service: StoryService,  # type: ignore[no-untyped-def]
) -> None:
    project = team.starts_project()
    gone = jira.site.user_by_login("sales")
    jira.site.revocations.append(Revocation(permission="ASSIGNABLE_USER", user_id=gone.id))
    tc.fills(project, "Technical Consultant", "sales")
    service.catches_up()

    assert project.step("goals").assignee in ("tc", None)
    assert project.stage == "Discovery"


# --- Due dates


def test_steps_are_due_in_business_days_after_their_stage_began(team: Team) -> None:
    project = team.starts_project()  # on Monday, 2 March 2026
    assert {name: step.due for name, step in project.steps().items()} == {
        "goals": date(2026, 3, 9),
        "scope": date(2026, 3, 12),
        "evaluation": date(2026, 3, 19),
    }


@pytest.mark.parametrize(
    ("begun", "due"),
    [
        (date(2026, 4, 15), date(2026, 4, 23)),  # Patriots' Day in Massachusetts: Monday, 20 April
        (date(2026, 11, 23), date(2026, 12, 1)),  # Thanksgiving
        (date(2026, 12, 23), date(2026, 12, 31)),  # Christmas
    ],
    ids=["Patriots' Day", "Thanksgiving", "Christmas"],
)
def test_public_holidays_are_no_business_days(team: Team, clock: Clock, begun: date, due: date) -> None:
    clock.set(morning(begun))
    project = team.starts_project()
    assert project.step("goals").due == due


@pytest.mark.where(lifecycle=extended("[calendar]\nextra_holidays = [2026-03-04]"))
def test_a_mapping_may_name_holidays_of_its_own(team: Team) -> None:
    assert team.starts_project().step("goals").due == date(2026, 3, 10)


@on_both
def test_the_due_date_goes_with_its_field(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Launch")
    tc.fills(project, "Go-live Date", date(2026, 6, 5))
    service.catches_up()
    assert project.step("go_live").due == date(2026, 6, 5)

    tc.fills(project, "Go-live Date", None)
    service.catches_up()
    assert project.step("go_live").due is None


def test_a_reminder_comes_in_time_though_the_workflow_lacks_a_transition(
    jira: Running, team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    project = team.starts_project()
    flow = next(flow for flow in jira.site.workflows.values() if flow.name == "INT: steps")
    flow.transitions = [way for way in flow.transitions if way.to != jira.site.status_named("To Do").id]
    clock.set(datetime(2026, 3, 10, 3, 45, tzinfo=UTC))  # a quarter of an hour before midnight in Boston
    project.step("scope").waived_by(tc)
    service.catches_up()
    assert "overdue" not in project.step("goals").labels

    clock.set(datetime(2026, 3, 10, 4, 1, tzinfo=UTC))
    service.catches_up()
    assert "overdue" in project.step("goals").labels


def test_a_date_that_people_chose_stays(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    tc.dates(project.step("goals"), date(2026, 3, 20))
    service.catches_up()
    assert project.step("goals").due == date(2026, 3, 20)


@on_both
def test_a_date_that_follows_a_field_moves_with_it(team: Team, tc: Person, service: StoryService) -> None:
    project = team.project_in("Launch")
    tc.fills(project, "Go-live Date", date(2026, 6, 1))
    service.catches_up()
    assert project.step("go_live").due == date(2026, 6, 1)
    assert project.step("monitoring/client").due == date(2026, 6, 15)

    tc.fills(project, "Go-live Date", date(2026, 6, 8))
    service.catches_up()
    assert project.step("monitoring/client").due == date(2026, 6, 23)  # Juneteenth lies between


def test_a_persons_own_date_gives_way_when_its_source_changes_later(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.project_in("Launch")
    tc.fills(project, "Go-live Date", date(2026, 6, 1))
    service.catches_up()
    tc.dates(project.step("go_live"), date(2026, 6, 2))
    service.catches_up()
    assert project.step("go_live").due == date(2026, 6, 2)

    tc.fills(project, "Go-live Date", date(2026, 6, 8))
    service.catches_up()
    assert project.step("go_live").due == date(2026, 6, 8)


# --- Reminders


@on_both
def test_an_overdue_step_is_reminded_of_once_by_label_and_comment(
    team: Team, service: StoryService, clock: Clock
) -> None:
    project = team.starts_project()
    goals = project.step("goals")
    clock.set(morning(date(2026, 3, 9)))
    service.catches_up()
    assert "overdue" not in goals.labels

    clock.set(morning(date(2026, 3, 10)))
    service.catches_up()
    assert "overdue" in goals.labels
    assert len(goals.said) == 1
    assert "2026-03-09" in goals.said[0]

    clock.advance(days=1)
    service.catches_up()
    service.looks_at(project)
    assert len(goals.said) == 1


def test_a_reminder_goes_when_the_step_is_done_or_dated_anew(
    team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    project = team.starts_project()
    clock.set(morning(date(2026, 3, 16)))
    service.catches_up()
    assert "overdue" in project.step("goals").labels
    assert "overdue" in project.step("scope").labels

    project.step("goals").done_by(tc)
    tc.dates(project.step("scope"), date(2026, 4, 1))
    service.catches_up()

    assert "overdue" not in project.step("goals").labels
    assert "overdue" not in project.step("scope").labels


# --- Requests


@on_both
@pytest.mark.parametrize(
    ("label", "owner", "due"),
    [
        ("question-integrations", "integrations", date(2026, 3, 5)),
        ("question-program", "tc", date(2026, 3, 5)),
        ("card-adjustment", "tc", date(2026, 3, 4)),
        ("training", "tc", date(2026, 3, 16)),
        ("config-issue", "tc", date(2026, 3, 5)),
    ],
)
def test_a_request_gets_an_owner_and_a_date_by_its_label(
    team: Team, client: Person, service: StoryService, label: str, owner: str, due: date
) -> None:
    project = team.starts_project()
    request = client.asks(project, label, "How do we test refunds?")
    service.catches_up()

    assert request.assignee == owner
    assert request.due == due


def test_a_request_never_blocks(team: Team, client: Person, service: StoryService) -> None:
    project = team.starts_project()
    for label in ("question-integrations", "question-program", "card-adjustment", "training", "config-issue"):
        client.asks(project, label)
    service.catches_up()
    team.writes_down(project)
    for name in ("goals", "scope", "evaluation"):
        project.step(name).done_by(team.people["tc"])
    service.catches_up()

    assert project.gate == "Open"


def test_who_asked_for_may_be_chosen_by_people(
    team: Team, tc: Person, client: Person, sales: Person, service: StoryService
) -> None:
    project = team.starts_project()
    request = client.asks(project, "training")
    tc.assigns(request, sales)
    tc.dates(request, date(2026, 5, 4))
    service.catches_up()

    assert request.assignee == "sales"
    assert request.due == date(2026, 5, 4)
