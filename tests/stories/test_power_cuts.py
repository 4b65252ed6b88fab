"""Whatever was written when the power failed, the next look does the rest, and nothing is said twice."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest

from tests.stories.running import StoryService, on_both
from tests.stories.snapshots import kept, look_cut_short, put_back, view
from tests.stories.team import Project, Team, morning

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Moment:
    """What people did just before the look in which the power fails."""

    before: Callable[[Team], Project]
    act: Callable[[Team, Project], object]


def in_(stage: str) -> Callable[[Team], Project]:
    return lambda team: team.project_in(stage)


def finished(stage: str) -> Callable[[Team], Project]:
    def before(team: Team) -> Project:
        project = team.project_in(stage)
        team.finishes(project)
        return project

    return before


def round_begun(team: Team) -> Project:
    project = team.project_in("Certification")
    team.begins_round(project)
    return project


def moves(status: str, by: str = "tc") -> Callable[[Team, Project], object]:
    return lambda team, project: team.people[by].moves(project, status)


def fails_by_sub_task(team: Team, project: Project) -> None:
    people = team.people["integrations"]
    people.fills(project, "Certification Feedback", "Tokens expire.")
    people.moves(project.step("round"), "Failed")


def fails_without_feedback(team: Team, project: Project) -> None:
    team.people["integrations"].moves(project.step("round"), "Failed")


def certifies_by_sub_task(team: Team, project: Project) -> None:
    team.people["integrations"].moves(project.step("round"), "Certified")


def fails_by_move(team: Team, project: Project) -> None:
    team.people["integrations"].fills(project, "Certification Feedback", "Tokens expire.")
    team.people["integrations"].moves(project, "Development")


def done_too_early(team: Team, project: Project) -> None:
    project.step("evaluation").done_by(team.people["integrations"])
    team.scene.clock.advance(minutes=1)


def waived(team: Team, project: Project) -> None:
    project.step("goals").waived_by(team.people["tc"])


def override_by_nobody(team: Team, project: Project) -> None:
    team.people["tc"].fills(project, "Gate Override", "Because.")


def override_and_move(team: Team, project: Project) -> None:
    team.people["admin"].fills(project, "Gate Override", "Because.")
    team.people["admin"].moves(project, "Requirements")


def notified(team: Team, project: Project) -> None:
    project.step("notify").done_by(team.people["integrator"])


def with_a_slot(team: Team) -> Project:
    project = team.project_in("Certification")
    notified(team, project)
    team.service.catches_up()
    project.step("slot").done_by(team.people["integrations"])
    team.service.catches_up()
    return project


def slot_passes(team: Team, project: Project) -> None:
    team.scene.clock.set(morning(date(2026, 3, 9)))


def weeks_pass(team: Team, project: Project) -> None:
    team.scene.clock.set(morning(date(2026, 3, 27)))


def everything_at_once(team: Team, project: Project) -> None:
    """A step too early, a new owner, a request, a foreign edit, a deleted step, and a move that is refused."""
    done_too_early(team, project)
    team.people["tc"].fills(project, "Technical Consultant", "sales")
    team.people["client"].asks(project, "training")
    team.people["admin"].fills(project, "Gate", "Open")
    team.people["admin"].deletes(project.step("goals"))
    team.people["tc"].moves(project, "Requirements")


def creates(team: Team) -> Project:
    return team.people["tc"].creates(Technical_Consultant="tc", Integrations_Engineer="integrations")


def nothing(team: Team, project: Project) -> None:
    """Nothing but what was there before."""


MOMENTS = {
    "created": Moment(creates, nothing),
    "refused": Moment(in_("Discovery"), moves("Requirements")),
    "accepted": Moment(finished("Discovery"), moves("Requirements")),
    "back": Moment(in_("Development"), moves("Requirements")),
    "cancelled": Moment(in_("Requirements"), moves("Cancelled")),
    "too early": Moment(in_("Discovery"), done_too_early),
    "waived": Moment(in_("Discovery"), waived),
    "override refused": Moment(in_("Discovery"), override_by_nobody),
    "override used": Moment(in_("Discovery"), override_and_move),
    "overdue": Moment(in_("Discovery"), weeks_pass),
    "everything at once": Moment(in_("Discovery"), everything_at_once),
    "slot proposed": Moment(in_("Certification"), notified),
    "slot given up": Moment(with_a_slot, slot_passes),
    "round failed by move": Moment(round_begun, fails_by_move),
    "round failed by sub-task": Moment(round_begun, fails_by_sub_task),
    "round failed without feedback": Moment(round_begun, fails_without_feedback),
    "round certified by sub-task": Moment(round_begun, certifies_by_sub_task),
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_after_a_power_cut_the_next_look_does_the_rest(team: Team, service: StoryService, moment: Moment) -> None:
    project = moment.before(team)
    moment.act(team, project)
    assert service.jira.webhooks.wait_idle()
    start = kept(service.jira.site)
    wanted = _undisturbed(service, project)
    cut = 0
    for writes in range(1, 20):
        put_back(service.jira, start)
        service.loses_its_database()
        if not look_cut_short(service, project, writes):
            break
        cut += 1
        service.looks_at(project)
        service.catches_up()
        assert view(project) == wanted, f"after a power cut behind write {writes}"
    assert cut > 0, "nothing was written, so there was nothing to cut short"


@on_both
def test_a_look_cut_short_twice_is_finished_by_the_third(team: Team, service: StoryService) -> None:
    project = in_("Discovery")(team)
    everything_at_once(team, project)
    assert service.jira.webhooks.wait_idle()
    start = kept(service.jira.site)
    wanted = _undisturbed(service, project)
    put_back(service.jira, start)
    service.loses_its_database()
    for _ in range(10):
        look_cut_short(service, project, 1)
    service.looks_at(project)
    service.catches_up()

    assert view(project) == wanted


def _undisturbed(service: StoryService, project: Project) -> dict[str, object]:
    service.loses_its_database()
    service.looks_at(project)
    service.catches_up()
    return view(project)
