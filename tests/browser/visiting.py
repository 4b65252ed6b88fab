"""The people, the projects and the console of the browser tests."""

from dataclasses import dataclass
from typing import Any

from werkzeug.security import generate_password_hash

from jira_sandbox import WEBHOOK_SECRET, Fault, Running
from mappings import load
from sync_service.metrics import create_metrics
from tests.stories.running import StoryService
from tests.stories.team import Project, Team
from webhooks import ConsoleServices, Credentials, Services

READER, OPERATOR = (f"{name}.planted-token-of-{name}" for name in ("rita", "olaf"))
READERS_HASH, OPERATORS_HASH = generate_password_hash(READER), generate_password_hash(OPERATOR)


class LastingService(StoryService):
    """A service that parks what fails, instead of failing the story."""

    may_fail = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.may_fail = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the browser tests play on."""

    url: str
    jira: Running
    service: StoryService
    team: Team
    closed: Project
    failed_once: Project
    parked: Project


def play(team: Team, jira: Running) -> dict[str, Project]:
    """Bring the projects to where the stories want them."""
    live = team.starts_project("Cedar Street loyalty")
    team.reaches(live, "Live")
    failed_once = team.starts_project("Harbour Bakery gift cards")
    team.reaches(failed_once, "Certification")
    team.fails_round(failed_once, "The token is renewed too late.")
    team.prepares_round(failed_once)
    team.reaches(team.starts_project("Blue Lantern ordering"), "Development")
    closed = team.starts_project("Acme loyalty")
    team.people["tc"].moves(closed, "Requirements")
    team.service.catches_up()
    parked = team.people["tc"].creates("Orchard Deli till integration")
    refuse = Fault(
        action="status",
        status=400,
        method="PUT",
        path="/issue/",
        caller="service",
        message="Field 'Gate' cannot be set",
    )
    jira.faults.add(refuse)
    team.service.catches_up()
    jira.faults.clear()
    return {"closed": closed, "failed_once": failed_once, "parked": parked}


def console_over(service: StoryService, jira: Running) -> Services:
    store = service.running.store
    return Services(
        store=store,
        metrics=create_metrics(),
        credentials=Credentials.of(secrets=[WEBHOOK_SECRET]),
        projects=frozenset({"INT"}),
        own_accounts=frozenset,
        checks={"store": store.check},
        console=ConsoleServices(
            jira_url=jira.url,
            lifecycles={"paytronix": load("paytronix")},
            session_key="a key of the browser tests' own, quite long",
            readers={"rita": READERS_HASH},
            operators={"olaf": OPERATORS_HASH},
        ),
    )


def signs_in(page: Any, stage: Stage, token: str) -> None:
    page.goto(f"{stage.url}/sign-in")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
