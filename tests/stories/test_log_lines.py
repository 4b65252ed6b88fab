"""What an operator finds in the logs: each line of a look names the issue and the deliveries that asked for it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from sync_service.logs import configure_logs
from tests.stories.running import StoryService
from tests.stories.team import Person, Team


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    configure_logs(stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def test_a_line_of_a_look_names_the_deliveries_that_asked_for_it(
    team: Team, tc: Person, service: StoryService, lines: io.StringIO
) -> None:
    project = tc.creates()
    assert service.jira.webhooks.wait_idle()
    sent = {delivery.id for delivery in service.jira.webhooks.deliveries}
    service.works_at_once()
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    (written,) = [line for line in told if line["event"] == "wrote"]
    assert written["issue"] == project.key
    assert set(written["deliveries"]) == sent, "not those by which our own writes come back"
    (entry,) = service.running.store.ledger.entries(project.id, "written")
    assert set(entry.deliveries) == sent


def test_a_line_is_written_also_while_the_store_is_away(
    team: Team, tc: Person, service: StoryService, lines: io.StringIO
) -> None:
    service.may_fail = True
    project = tc.creates()
    assert service.jira.webhooks.wait_idle()
    (claim,) = service.running.store.queue.claim(1, owner="test", lease=service.running.worker.lease)
    with service.running.store._database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE inbox")
        connection.exec_driver_sql("DROP TABLE projection")
    service.running.reconciler.look(claim, lambda: True)
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    (failed,) = [line for line in told if line["event"] == "look failed"]
    assert (failed["issue"], failed["deliveries"]) == (project.key, [])
