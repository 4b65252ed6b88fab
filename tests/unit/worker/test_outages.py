"""Whose a failure is that looks like an outage of Jira: told by how other issues fare."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from sync_service.errors import StagegateError
from sync_service.jira.errors import Invalid, RateLimited, ServerFault
from sync_service.worker.outages import Cause, Outages
from sync_service.worker.retry import MOST_ATTEMPTS, Shelve, decide

FAULT = ServerFault("504", operation="GET issue", status=504)
OWN, PERHAPS = Cause(outages=0), Cause(outages=0, proven=False)


def test_the_first_failure_is_taken_for_jiras() -> None:
    outages = Outages()
    assert outages.met("1", FAULT) == Cause(outages=1)


def test_an_issue_that_fails_again_while_others_end_well_is_the_cause() -> None:
    outages = Outages()
    outages.met("bad", FAULT)
    outages.answered("good")
    assert outages.met("bad", FAULT) == OWN


def test_where_nobody_else_was_looked_at_since_it_stays_the_likely_cause() -> None:
    outages = Outages()
    outages.met("bad", FAULT)
    outages.answered("good")
    outages.met("bad", FAULT)
    assert [outages.met("bad", FAULT) for _ in range(3)] == [PERHAPS] * 3
    outages.answered("good")
    assert outages.met("bad", FAULT) == OWN


def test_while_others_fail_like_it_nobody_is_the_cause() -> None:
    outages = Outages()
    outages.met("1", FAULT)
    outages.answered("2")
    for issue in ("2", "3", "1", "2", "3", "1"):
        assert outages.met(issue, FAULT).outages > 0


def test_what_is_no_outage_is_the_issues_own() -> None:
    for error in (Invalid("x", operation="PUT issue"), StagegateError("x"), KeyError("x")):
        assert Outages().met("1", error) == OWN


def test_a_wait_that_jira_asks_everybody_for_is_nobodys_fault() -> None:
    outages, asked = Outages(), RateLimited("429", operation="o", retry_after=timedelta(minutes=1))
    for _ in range(3):
        assert outages.met("1", asked).outages > 0
        outages.answered("2")


def parked(issues: int, minutes: int, fails: Callable[[int], bool]) -> set[int]:
    """Look at each issue each minute; return those that are parked, as the worker would."""
    outages, attempts, dead = Outages(), dict.fromkeys(range(issues), 0), set()
    for _ in range(minutes):
        for issue in sorted(attempts.keys() - dead):
            if not fails(issue):
                outages.answered(str(issue))
                attempts[issue] = 0
                continue
            cause = outages.met(str(issue), FAULT)
            step = decide(FAULT, attempts[issue] + 1, outages=cause.outages, proven=cause.proven)
            if isinstance(step, Shelve):
                dead.add(issue)
            else:
                attempts[issue] = 0 if cause.outages else attempts[issue] + step.counts
    return dead


@pytest.mark.parametrize("answered", range(5), ids="{} of ten answered".format)
@pytest.mark.parametrize("seed", range(3))
def test_however_long_an_outage_lasts_no_issue_is_parked(answered: int, seed: int) -> None:
    """Jira is down, or answers the smaller part of the looks, whosesoever they are."""
    chance = random.Random(seed)
    assert parked(20, 500, lambda _issue: chance.random() * 10 >= answered) == set()


@pytest.mark.parametrize("bad", [1, 2, 5, 9])
def test_those_that_fail_alone_are_parked_and_no_other(bad: int) -> None:
    assert parked(20, 2 * MOST_ATTEMPTS, lambda issue: issue % 2 == 0 and issue < 2 * bad) == set(range(0, 2 * bad, 2))
