"""Projects in several stages, the service and its console over real HTTP, and a real browser before them."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

import jira_sandbox
from jira_sandbox import Clock
from tests.browser.visiting import LastingService, Stage, console_over, play, signs_in
from tests.stories.conftest import FIRST_DAY
from tests.stories.running import Postman
from tests.stories.team import Person, Scene, Team
from webhooks import create_app

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Play five projects, one of which Jira then refuses, and serve the console over what came of it."""
    postman = Postman()
    with (
        jira_sandbox.running(send=postman, clock=Clock(frozen_at=FIRST_DAY)) as jira,
        requests.Session() as session,
    ):
        jira.sandbox.target("http://the-service.test/webhooks/jira")
        service = LastingService(jira, postman, tmp_path_factory.mktemp("console"))
        scene = Scene(jira=jira)
        people = {name: Person(scene, service, person, session) for name, person in jira.credentials.items()}
        team = Team(scene, service, people)
        service.starts()
        played = play(team, jira)
        app = create_app(console_over(service, jira))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Stage(
            url=f"http://127.0.0.1:{server.server_port}/console", jira=jira, service=service, team=team, **played
        )
        server.shutdown()
        thread.join()
        server.server_close()
        service.stops()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need the package playwright")
    if not CHROMIUM.exists():
        pytest.skip(f"the browser tests need {CHROMIUM}: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, stage: Stage) -> Iterator[Any]:
    """Open a fresh browser window, signed in with a token, or not."""
    opened = []

    def open_window(token: str = "", **options: Any) -> Any:
        context = chromium.new_context(base_url=stage.url, locale="en-US", timezone_id="America/New_York", **options)
        context.set_default_timeout(60_000)
        opened.append(context)
        page = context.new_page()
        if token:
            signs_in(page, stage, token)
        return page

    yield open_window
    for context in opened:
        context.close()
