"""Cut off after any request, the next apply ends in the same state. tests/faults has every single request."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_sandbox import Clock, Fault, Running
from tests.stories.conftest import FIRST_DAY
from tests.stories.preparing import URL, Preparation, writes_of
from tests.stories.worlds import world

KINDS = (
    "create issue type", "create statuses", "create field", "create issue type scheme", "assign issue type scheme",
    "create screen", "create screen scheme", "create issue type screen scheme", "assign issue type screen scheme",
    "create workflow", "create workflow scheme", "assign workflow scheme", "create webhook", "create filter",
    "create dashboard", "create gadget",
)  # fmt: skip
MOST = 3
"""Of the many like requests of one change (fields of a screen) the first few stand for all."""


pytestmark = pytest.mark.slow


@pytest.fixture
def preparation(server: Running) -> Preparation:
    server.reset(flavour="cloud", clock=Clock(frozen_at=FIRST_DAY), empty=True)
    made = Preparation(server)
    made.empties()
    return made


@pytest.fixture
def whole(preparation: Preparation) -> dict[str, list[str]]:
    """What the site is like when nothing goes wrong."""
    preparation.performs()
    prepared = world(preparation.jira.site)
    preparation.empties()
    return prepared


def test_the_kinds_of_changes_are_all_here(preparation: Preparation) -> None:
    assert {f"{change.verb} {change.kind}" for change in preparation.plans().changes} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_lost_leaves_nothing_twice(
    kind: str, preparation: Preparation, whole: dict[str, list[str]]
) -> None:
    places = writes_of(preparation.plans())
    for place in (place for key, found in places.items() if key.startswith(f"{kind},") for place in found[:MOST]):
        preparation.empties()
        preparation.is_cut_off_after(place)
        preparation.ends_like(whole)


@pytest.mark.parametrize("path", ["/context/\\d+/option", "/workflows/create", "/filter$", "/properties/config"])
def test_a_process_that_is_killed_is_continued_by_the_next(
    path: str, preparation: Preparation, whole: dict[str, list[str]], config: Path
) -> None:
    jira = preparation.jira
    fault = jira.faults.add(Fault(action="hang", method="POST|PUT", path=path, every=2, first=1))
    words = ["-c", "from sync_service.cli import main; main()", "provision", "--apply", "--webhook-url", URL]
    command = [sys.executable, *words, "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _wait_until_struck(fault, process)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
    jira.faults.clear()
    preparation.ends_like(whole)


def _wait_until_struck(fault: Fault, process: "subprocess.Popen[bytes]") -> None:
    """Wait for the request that hangs; the process ends by itself if something is wrong."""
    for _ in range(6000):
        if fault.done:
            return
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"the command ended by itself with {process.returncode}")
    raise AssertionError("the command never came to the request")


@pytest.fixture
def config(preparation: Preparation, tmp_path: Path) -> Iterator[Path]:
    me = preparation.jira.credentials["admin"]
    path = tmp_path / "config.toml"
    path.write_text(
        f'[jira]\nurl = "{preparation.jira.url}"\nemail = "{me.email}"\ntoken = "{me.token}"\n'
        f'[webhooks]\nsecrets = ["planted-webhook-secret"]\n[store]\nurl = "sqlite:///{tmp_path}/killed.db"\n'
        "[lifecycle]\nenforce_since = 2026-01-01\n",
        encoding="utf-8",
    )
    yield path
    # What hangs is let go, so that the server can end its threads.
    preparation.jira.faults.clear()
