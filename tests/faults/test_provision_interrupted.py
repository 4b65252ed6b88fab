"""Every single request of provisioning, in turn, loses its answer; the next apply always ends in the same state."""

from collections.abc import Iterator

import pytest

import jira_sandbox
from jira_sandbox import Clock, Running
from tests.stories.conftest import FIRST_DAY
from tests.stories.preparing import Preparation
from tests.stories.worlds import world

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def jira() -> Iterator[Running]:
    with jira_sandbox.running(empty=True, clock=Clock(frozen_at=FIRST_DAY)) as running:
        yield running


def test_cut_off_after_any_request_it_is_continued(jira: Running) -> None:
    preparation = Preparation(jira)
    preparation.empties()
    plan = preparation.plans()
    writes = sum(request.method != "GET" for change in plan.changes for request in change.requests)
    assert not preparation.performs().changes
    whole = world(jira.site)
    ended = 0
    for write in range(1, writes + 1):
        preparation.empties()
        ended += preparation.is_cut_off_after(write)
        preparation.ends_like(whole)
    # What sets, and adds nothing, is sent again by the client itself.
    sets = sum(request.method == "PUT" for change in plan.changes for request in change.requests)
    assert ended == writes - sets
