"""Between two looks it makes no difference which webhooks arrive, how often, and in which order."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jira_sandbox import Clock, Running
from sync_service.store import Priority
from tests.stories.running import StoryService
from tests.stories.snapshots import kept, put_back, view
from tests.stories.team import Person, Project, Team

Act = Callable[[dict[str, Person], Project], object]

ACTS: dict[str, Act] = {
    "goals done": lambda people, project: people["tc"].moves(project.all_steps("goals")[0], "Done"),
    "goals reopened": lambda people, project: people["tc"].moves(project.all_steps("goals")[0], "To Do"),
    "scope done": lambda people, project: people["tc"].moves(project.all_steps("scope")[0], "Done"),
    "evaluated": lambda people, project: people["integrations"].moves(project.all_steps("evaluation")[0], "Done"),
    "waived": lambda people, project: people["admin"].moves(project.all_steps("evaluation")[0], "Won't Do"),
    "written down": lambda people, project: people["tc"].fills_in(
        project, {"Project Goals": "Points", "Project Scope": "Tills", "Feasibility": "Feasible"}
    ),
    "moved on": lambda people, project: _moved(people["tc"], project, "Requirements"),
    "moved back": lambda people, project: _moved(people["tc"], project, "Discovery"),
    "overridden": lambda people, project: people["admin"].fills(project, "Gate Override", "Go on."),
    "asked": lambda people, project: people["client"].asks(project, "training"),
    "given to sales": lambda people, project: people["tc"].fills(project, "Technical Consultant", "sales"),
}
BATCHES = st.lists(
    st.tuples(st.lists(st.sampled_from(sorted(ACTS)), min_size=1, max_size=5), st.randoms(use_true_random=False)),
    min_size=1,
    max_size=4,
)


def _moved(person: Person, project: Project, status: str) -> None:
    if status in person.offered(project):
        person.moves(project, status)


def test_between_two_looks_webhooks_make_no_difference(
    team: Team, service: StoryService, people: dict[str, Person], clock: Clock
) -> None:
    project = team.starts_project()
    start = kept(service.jira.site)

    @settings(max_examples=5, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(batches=BATCHES)
    def played(batches: Sequence[tuple[list[str], Any]]) -> None:
        in_order = _play(service, people, project, start, batches, shuffled=False)
        astray = _play(service, people, project, start, batches, shuffled=True)
        assert astray == in_order

    played()


def _play(
    service: StoryService,
    people: dict[str, Person],
    project: Project,
    start: Any,
    batches: Sequence[tuple[list[str], Any]],
    *,
    shuffled: bool,
) -> dict[str, Any]:
    put_back(service.jira, start)
    service.loses_its_database()
    for acts, chance in batches:
        service.jira.webhooks.pause()
        for act in acts:
            ACTS[act](people, project)
        if shuffled:
            _go_astray(service.jira, chance)
        service.jira.webhooks.resume()
        service.running.store.queue.put([(project.id, project.key)], priority=Priority.LIVE)
        service.works_at_once()
    service.catches_up()
    return view(project)


def _go_astray(jira: Running, chance: Any) -> None:
    """Lose some of what waits to be delivered, deliver some twice, and all of it in another order."""
    queue = jira.webhooks._queue
    waiting = list(queue)
    chosen = [delivery for delivery in waiting for _ in range(chance.choice([0, 1, 1, 2]))]
    chance.shuffle(chosen)
    queue[:] = chosen
