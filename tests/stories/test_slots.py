"""Slots: the start of a round, proposed from the calendar, given up when materials are late, people's choice first."""

from datetime import date, timedelta

import pytest

from jira_sandbox import Clock, Running
from jira_sandbox.model import Status, Transition
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Project, Team, morning


def capacity(text: str) -> str:
    return f'extends = "paytronix"\n[certification.capacity]\n{text}\n'


ONE_PLACE = capacity("parallel_rounds = 1\nseasons = []")


def start_of(project: Project) -> date | None:
    value = project.field("Certification Start")
    return date.fromisoformat(value) if value else None


def in_certification(team: Team, count: int) -> list[Project]:
    """Projects that people brought to Certification with overrides, so that the story gets to its point.

    Until then no slot is asked for, so it is the same whatever a story declares of them.
    """
    assert team.shelf is not None
    shelf = team.shelf.whatever_is_declared()
    what = f"{count} in Certification", str(team.scene.clock.now())
    if (ids := shelf.take(*what)) is None:
        ids = " ".join(project.id for project in overridden(team, count))
        shelf.put(ids, *what)
        return [Project(team.scene, each) for each in ids.split()]
    projects = [Project(team.scene, each) for each in ids.split()]
    for project in projects:
        team.service.looks_at(project)
    return projects


def overridden(team: Team, count: int) -> list[Project]:
    projects = [team.starts_project(f"Project {number}") for number in range(count)]
    for stage in ("Requirements", "Development", "Certification"):
        for project in projects:
            team.people["admin"].fills(project, "Gate Override", "Go on.")
            team.people["admin"].moves(project, stage)
        team.service.catches_up()
    assert {project.stage for project in projects} == {"Certification"}
    return projects


def notified(team: Team, project: Project) -> None:
    project.step("notify").done_by(team.people["integrator"])
    team.service.catches_up()


# --- Proposed


@on_both
def test_once_notified_the_next_free_slot_is_proposed(team: Team) -> None:
    (project,) = in_certification(team, 1)
    assert start_of(project) is None
    notified(team, project)

    assert start_of(project) == date(2026, 3, 9)  # five business days after Monday, 2 March
    assert project.step("materials").due == date(2026, 3, 9)


def test_a_project_that_comes_back_after_its_certification_gets_a_slot_of_its_own(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.project_in("Launch")
    certified = start_of(project)
    assert certified is not None
    said = len(project.said)
    tc.moves(project, "Certification")
    service.catches_up()
    assert start_of(project) is None
    assert project.step("materials").due is None
    assert len(project.said) == said
    notified(team, project)

    proposed = start_of(project)
    assert proposed is not None
    assert proposed > certified


@pytest.mark.where(lifecycle=capacity("lead_business_days = 10"))
def test_the_lead_is_declared(team: Team) -> None:
    (project,) = in_certification(team, 1)
    notified(team, project)
    assert start_of(project) == date(2026, 3, 16)


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_a_day_that_is_full_is_not_proposed_again(team: Team) -> None:
    projects = in_certification(team, 3)
    for project in projects:
        notified(team, project)

    assert [start_of(project) for project in projects] == [date(2026, 3, 9), date(2026, 3, 16), date(2026, 3, 23)]


def test_as_many_rounds_run_side_by_side_as_there_are_places(team: Team) -> None:
    projects = in_certification(team, 4)
    for project in projects:
        notified(team, project)

    assert [start_of(project) for project in projects] == [date(2026, 3, 9)] * 3 + [date(2026, 3, 16)]


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_a_cancelled_project_gives_its_slot_back(team: Team, tc: Person, service: StoryService) -> None:
    first, second = in_certification(team, 2)
    notified(team, first)
    tc.moves(first, "Cancelled")
    service.catches_up()
    notified(team, second)

    assert start_of(second) == date(2026, 3, 9)


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_a_deleted_project_gives_its_slot_back(team: Team, admin: Person, service: StoryService) -> None:
    first, second = in_certification(team, 2)
    notified(team, first)
    admin.deletes(first)
    service.catches_up()
    notified(team, second)

    assert start_of(second) == date(2026, 3, 9)


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_a_withdrawn_visit_gives_its_slot_back(team: Team, tc: Person, service: StoryService) -> None:
    first, second = in_certification(team, 2)
    notified(team, first)
    tc.moves(first, "Development")
    service.catches_up()
    assert start_of(first) is None
    notified(team, second)

    assert start_of(second) == date(2026, 3, 9)


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_a_project_on_hold_keeps_its_slot(jira: Running, team: Team, tc: Person, service: StoryService) -> None:
    first, second = in_certification(team, 2)
    notified(team, first)
    flow = next(flow for flow in jira.site.workflows.values() if flow.name == "INT: strict")
    hold, back = Status(id="77", name="On Hold", category="indeterminate"), jira.site.status_named("Certification").id
    jira.site.statuses[hold.id] = hold
    flow.status_ids.append(hold.id)
    flow.transitions += [
        Transition(id="901", name="Hold", to=hold.id),
        Transition(id="902", name="Resume", to=back, sources=frozenset({hold.id})),
    ]
    tc.moves(first, "On Hold")
    service.catches_up()
    service.audits()
    notified(team, second)
    tc.moves(first, "Certification")
    service.catches_up()

    assert (start_of(first), start_of(second)) == (date(2026, 3, 9), date(2026, 3, 16))


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_a_project_whose_workflow_has_no_way_back_keeps_its_slot(
    jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    first, second = in_certification(team, 2)
    notified(team, first)
    launch, certification = (jira.site.status_named(name).id for name in ("Launch", "Certification"))
    flow = next(flow for flow in jira.site.workflows.values() if flow.name == "INT: strict")
    flow.transitions = [t for t in flow.transitions if not (t.to == certification and launch in (t.sources or ()))]
    tc.moves(first, "Launch")
    service.catches_up()
    service.loses_its_database()
    notified(team, second)

    assert (first.status, first.stage) == ("Launch", "Certification")
    assert (start_of(first), start_of(second)) == (date(2026, 3, 9), date(2026, 3, 16))


# --- While the search lags


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_an_audit_forgets_no_slot_that_the_search_does_not_tell_of_yet(team: Team, service: StoryService) -> None:
    first, second = in_certification(team, 2)
    admin, site = team.people["admin"], team.scene.site
    admin.moves(second, "Development")
    service.catches_up()
    team.scene.clock.advance(hours=1)
    site.search_delay = timedelta(minutes=5)
    admin.fills(second, "Gate Override", "Go on.")
    admin.moves(second, "Certification")
    service.catches_up()
    notified(team, second)
    service.audits()
    notified(team, first)

    assert [start_of(second), start_of(first)] == [date(2026, 3, 9), date(2026, 3, 16)]


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_an_audit_books_no_slot_again_that_was_given_back(team: Team, tc: Person, service: StoryService) -> None:
    first, second = in_certification(team, 2)
    notified(team, first)
    team.scene.clock.advance(hours=1)
    team.scene.site.search_delay = timedelta(minutes=5)
    tc.moves(first, "Cancelled")
    service.catches_up()
    service.audits()
    notified(team, second)

    assert start_of(second) == date(2026, 3, 9)


# --- Seasons, closures, holidays


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 4, 13), date(2026, 4, 21)),  # Patriots' Day, Monday 20 April, is no business day
        (date(2026, 5, 18), date(2026, 5, 26)),  # nor is Memorial Day, Monday 25 May
    ],
)
def test_holidays_neither_count_nor_begin_a_slot(team: Team, clock: Clock, today: date, expected: date) -> None:
    clock.set(morning(today))
    (project,) = in_certification(team, 1)
    notified(team, project)
    assert start_of(project) == expected


@pytest.mark.where(lifecycle=capacity('seasons = [{ from = "03-01", to = "03-31", parallel_rounds = 1 }]'))
def test_a_season_may_have_fewer_places(team: Team) -> None:
    projects = in_certification(team, 3)
    for project in projects:
        notified(team, project)

    assert [start_of(project) for project in projects] == [date(2026, 3, 9), date(2026, 3, 16), date(2026, 3, 23)]


@pytest.mark.where(lifecycle=capacity('seasons = [{ from = "03-06", to = "03-20", parallel_rounds = 0 }]'))
def test_in_a_closed_season_nothing_is_proposed(team: Team) -> None:
    (project,) = in_certification(team, 1)
    notified(team, project)
    assert start_of(project) == date(2026, 3, 23)


def test_over_new_year_there_is_one_place(team: Team, clock: Clock) -> None:
    clock.set(morning(date(2026, 12, 14)))
    projects = in_certification(team, 2)
    for project in projects:
        notified(team, project)

    first, second = (start_of(project) for project in projects)
    assert first == date(2026, 12, 21)
    assert second == date(2026, 12, 29)


# --- Given up and moved


@on_both
def test_a_slot_that_begins_without_the_materials_is_given_up(
    team: Team, integrations: Person, service: StoryService, clock: Clock
) -> None:
    (project,) = in_certification(team, 1)
    notified(team, project)
    project.step("slot").done_by(integrations)
    service.catches_up()
    clock.set(morning(date(2026, 3, 9)))
    service.catches_up()

    assert start_of(project) is None
    assert project.step("slot").is_open
    (message,) = project.said
    assert "2026-03-09" in message
    assert "given up" in message
    service.looks_at(project)
    assert len(project.said) == 1
    (reopened,) = project.step("slot").said  # nothing can be agreed yet, so nobody is asked to finish it
    assert "was due" not in reopened
    assert {project.step(name).due for name in ("slot", "materials", "round")} == {None}


def test_after_a_slot_was_given_up_the_next_waits_for_the_materials(
    team: Team, integrator: Person, integrations: Person, service: StoryService, clock: Clock
) -> None:
    (project,) = in_certification(team, 1)
    notified(team, project)
    clock.set(morning(date(2026, 3, 10)))
    service.catches_up()
    assert start_of(project) is None

    clock.set(morning(date(2026, 3, 12)))
    project.step("materials").done_by(integrator)
    service.catches_up()
    assert start_of(project) == date(2026, 3, 13)
    assert project.step("slot").due == date(2026, 3, 18)
    assert project.step("round").due == date(2026, 3, 20)
    project.step("slot").done_by(integrations)
    service.catches_up()
    integrations.begins_round(project)
    integrations.certifies(project)
    assert project.stage == "Launch"


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_a_slot_given_up_is_free_for_others(team: Team, service: StoryService, clock: Clock) -> None:
    first, second = in_certification(team, 2)
    notified(team, first)
    clock.set(morning(date(2026, 3, 9)))
    service.catches_up()
    notified(team, second)

    assert start_of(second) == date(2026, 3, 16)


def test_a_slot_is_kept_when_testing_began_without_all_materials(
    team: Team, integrations: Person, service: StoryService, clock: Clock
) -> None:
    (project,) = in_certification(team, 1)
    notified(team, project)
    project.step("slot").done_by(integrations)
    service.catches_up()
    clock.set(morning(date(2026, 3, 9)) - timedelta(hours=3))
    project.step("round").begun_by(integrations)
    service.catches_up()
    clock.set(morning(date(2026, 3, 10)))
    service.catches_up()

    assert start_of(project) == date(2026, 3, 9)
    assert project.said == []


# --- People's own dates


@on_both
def test_people_may_choose_another_day(team: Team, tc: Person, service: StoryService) -> None:
    (project,) = in_certification(team, 1)
    notified(team, project)
    tc.fills(project, "Certification Start", date(2026, 4, 1))
    service.catches_up()

    assert start_of(project) == date(2026, 4, 1)
    assert project.step("materials").due == date(2026, 4, 1)


def test_a_day_that_people_set_again_after_a_withdrawal_stays(team: Team, tc: Person, service: StoryService) -> None:
    (project,) = in_certification(team, 1)
    notified(team, project)
    withdrawn = start_of(project)
    tc.moves(project, "Development")
    service.catches_up()
    assert start_of(project) is None
    tc.fills(project, "Certification Start", withdrawn)
    service.catches_up()
    service.looks_at(project)

    assert start_of(project) == withdrawn == date(2026, 3, 9)


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_a_day_that_people_chose_is_taken_for_everyone(team: Team, tc: Person, service: StoryService) -> None:
    first, second = in_certification(team, 2)
    tc.fills(first, "Certification Start", date(2026, 3, 9))
    service.catches_up()
    notified(team, second)

    assert start_of(second) == date(2026, 3, 16)


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_an_overbooked_day_is_reported_not_undone(
    team: Team, tc: Person, service: StoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = in_certification(team, 2)
    notified(team, first)
    tc.fills(second, "Certification Start", date(2026, 3, 9))
    service.catches_up()

    assert (start_of(first), start_of(second)) == (date(2026, 3, 9), date(2026, 3, 9))
    assert "overbooked" in capsys.readouterr().out


@pytest.mark.where(lifecycle=ONE_PLACE)
def test_with_the_database_lost_the_bookings_are_read_from_the_issues(team: Team, service: StoryService) -> None:
    first, second = in_certification(team, 2)
    notified(team, first)
    service.loses_its_database()
    notified(team, second)

    assert start_of(second) == date(2026, 3, 16)
