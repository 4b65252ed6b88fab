"""What becomes of a key whose run failed: no outage is held against it; what no look can mend is parked."""

from datetime import timedelta

import pytest

from sync_service.errors import StagegateError
from sync_service.jira.errors import (
    Conflict,
    Forbidden,
    Invalid,
    JiraError,
    NotJira,
    RateLimited,
    ServerFault,
    Unanswered,
    Unauthorized,
    Unreachable,
)
from sync_service.store import NotStorable, StoreError, StoreUnavailable
from sync_service.worker.retry import (
    FIRST_OUTAGE_WAIT,
    FIRST_WAIT,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    OUTAGE_WAIT,
    Again,
    Shelve,
    decide,
    outage_wait,
    pause,
)

MINUTE = timedelta(minutes=1)
A_REST = Again(after=FIRST_OUTAGE_WAIT, counts=False)


def limited(issue: str | None) -> RateLimited:
    return RateLimited("slow down", operation="PUT issue", retry_after=MINUTE, issue=issue)


@pytest.mark.parametrize(
    ("error", "attempts", "expected"),
    [
        pytest.param(limited(None), 1, Again(after=MINUTE, counts=False, hold=True), id="the site asks all to wait"),
        pytest.param(limited("1"), 1, Again(after=MINUTE, counts=True, hold=True), id="one issue has to wait"),
        pytest.param(Unreachable("x", operation="o"), 99, A_REST, id="Jira is down"),
        pytest.param(Unauthorized("x", operation="o"), 99, A_REST, id="token expired"),
        pytest.param(ServerFault("x", operation="o"), 99, A_REST, id="Jira in trouble"),
        pytest.param(Unanswered("x", operation="o"), 1, Again(after=FIRST_WAIT, counts=True), id="answer lost: look"),
        pytest.param(Conflict("x", operation="o"), 2, Again(after=2 * FIRST_WAIT, counts=True), id="edit conflict"),
        pytest.param(Conflict("x", operation="o"), MOST_ATTEMPTS, Shelve(), id="conflict for ever"),
        pytest.param(Invalid("x", operation="o"), 1, Shelve(), id="Jira refuses the request"),
        pytest.param(Forbidden("x", operation="o"), 1, Shelve(), id="not permitted"),
        pytest.param(StoreUnavailable("x"), 99, Again(after=FIRST_WAIT, counts=False), id="the store is away"),
        pytest.param(StoreError("x"), 1, Again(after=FIRST_WAIT, counts=True), id="the store refuses: try again"),
        pytest.param(NotStorable("x"), 1, Shelve(), id="the store can never keep it"),
        pytest.param(StagegateError("x"), 1, Shelve(), id="foreseen, and no look mends it"),
        pytest.param(KeyError("x"), 1, Again(after=FIRST_WAIT, counts=True), id="unforeseen: try again"),
        pytest.param(KeyError("x"), MOST_ATTEMPTS, Shelve(), id="unforeseen for ever: park"),
    ],
)
def test_a_failure_is_tried_again_or_parked(error: Exception, attempts: int, expected: object) -> None:
    assert decide(error, attempts, jitter=0.5) == expected


def test_what_is_not_jira_is_held_against_no_issue() -> None:
    error: JiraError = NotJira("a login page", operation="GET issue")
    assert decide(error, 50, jitter=0.5) == Again(after=FIRST_OUTAGE_WAIT, counts=False)


@pytest.mark.parametrize("attempts", range(1, 40))
def test_pauses_grow_and_have_an_end(attempts: int) -> None:
    assert pause(attempts, 0.5) <= LONGEST_WAIT
    assert pause(attempts, 0.0) < pause(attempts, 0.5) < pause(attempts, 1.0)
    assert pause(attempts + 1, 0.5) >= pause(attempts, 0.5)


def test_pauses_spread_so_that_not_all_come_at_once() -> None:
    assert len({pause(3) for _ in range(20)}) > 1


def test_one_failure_of_jira_rests_a_moment_and_many_in_a_row_rest_longer() -> None:
    waits = [outage_wait(outages) for outages in range(1, 50)]
    assert waits[0] == FIRST_OUTAGE_WAIT
    assert waits == sorted(waits)
    assert waits[-1] == OUTAGE_WAIT
    fault = ServerFault("x", operation="o")
    assert decide(fault, 1, outages=3) == Again(after=4 * FIRST_OUTAGE_WAIT, counts=False)


@pytest.mark.parametrize(
    ("attempts", "proven", "expected"),
    [
        pytest.param(1, True, Again(after=FIRST_WAIT, counts=True), id="its own"),
        pytest.param(MOST_ATTEMPTS, True, Shelve(), id="its own for ever"),
        pytest.param(2, False, Again(after=2 * FIRST_WAIT, counts=False), id="perhaps"),
        pytest.param(MOST_ATTEMPTS, False, Again(after=pause(MOST_ATTEMPTS, 0.5), counts=False), id="perhaps for ever"),
    ],
)
@pytest.mark.parametrize("error", [ServerFault("x", operation="o"), Unauthorized("x", operation="o")], ids=repr)
def test_what_looks_like_an_outage_may_be_the_issues_own(
    error: JiraError, attempts: int, expected: object, *, proven: bool
) -> None:
    assert decide(error, attempts, 0.5, outages=0, proven=proven) == expected


def test_a_wait_that_jira_asks_for_is_kept_by_an_issue_that_fails_alone() -> None:
    error = ServerFault("x", operation="o", status=503, retry_after=MINUTE)
    assert decide(error, 1, outages=0) == Again(after=MINUTE, counts=True, hold=True)
    assert decide(error, 1, outages=1) == Again(after=MINUTE, counts=False, hold=True)
    assert decide(error, MOST_ATTEMPTS, outages=0) == Shelve()
