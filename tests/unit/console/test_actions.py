"""What operators do, and what the ledger keeps of it."""

from typing import Any

import pytest
from visitors import NOW, Visitor, parks, remembers

from sync_service.store import Condition, Priority


@pytest.fixture
def parked(operator: Visitor) -> Visitor:
    parks(operator.store)
    return operator


def did(visitor: Visitor) -> list[tuple[str, str | None, Any]]:
    return [(entry.key, entry.who, entry.detail["action"]) for entry in visitor.store.ledger.entries(kind="operator")]


def test_a_replayed_issue_runs_again(parked: Visitor) -> None:
    answer = parked.post("/queue/10000/replay", "/queue")
    assert answer.headers["Location"] == "/console/queue"
    row = parked.store.queue.show("10000")
    assert row is not None
    assert (row.condition, row.attempts, row.due) == (Condition.WAITING, 0, NOW)
    assert did(parked) == [("INT-1", "olaf", "replay")]
    assert "INT-1 will run again at once." in parked.get("/queue").text


def test_after_an_action_on_a_keys_page_that_page_comes_back(parked: Visitor) -> None:
    answer = parked.post("/queue/10000/replay", "/queue/10000", back="key")
    assert answer.headers["Location"] == "/console/queue/10000"


def test_a_dropped_issue_is_forgotten(parked: Visitor) -> None:
    parked.post("/queue/INT-1/drop", "/queue")
    assert parked.store.queue.rows() == ()
    assert did(parked) == [("INT-1", "olaf", "drop")]


def test_all_parked_issues_at_once(parked: Visitor) -> None:
    parks(parked.store, "10001", "INT-2")
    parked.post("/queue/replay-all", "/queue")
    assert parked.store.queue.depth().dead == 0
    assert sorted(did(parked)) == [("INT-1", "olaf", "replay"), ("INT-2", "olaf", "replay")]
    parked.post("/queue/replay-all", "/queue")
    assert len(did(parked)) == 2


def test_what_is_parked_no_more_is_left_alone(operator: Visitor) -> None:
    operator.store.queue.put([("10000", "INT-1")], priority=Priority.AUDIT)
    for action in ("replay", "drop"):
        operator.post(f"/queue/INT-1/{action}", "/queue")
        assert "not parked any more" in operator.get("/queue").text
    row = operator.store.queue.show("10000")
    assert row is not None
    assert row.priority is Priority.AUDIT
    assert did(operator) == []


def test_a_look_is_asked_for_ahead_of_all_others(operator: Visitor, states: dict[str, Any]) -> None:
    remembers(operator.store, states["begun"])
    answer = operator.post("/look", "/projects/INT-1", issue="int-1", back="project")
    assert answer.headers["Location"] == "/console/projects/INT-1"
    row = operator.store.queue.show("10000")
    assert row is not None
    assert (row.priority, row.due) == (Priority.LIVE, NOW)
    assert did(operator) == [("INT-1", "olaf", "look")]
    assert "olaf asked: look" in operator.get("/projects/INT-1").text


def test_a_look_at_an_issue_that_was_never_seen(operator: Visitor) -> None:
    operator.post("/look", "/queue", issue="INT-77")
    assert [row.label for row in operator.store.queue.rows()] == ["INT-77"]


@pytest.mark.parametrize("issue", ["", "nonsense", "OTHER-1", "INT-1; DROP", "x" * 200])
def test_a_look_at_nothing_of_ours_is_refused(operator: Visitor, issue: str) -> None:
    assert operator.post("/look", "/queue", issue=issue).status_code == 400
    assert operator.store.queue.rows() == ()
    assert did(operator) == []
