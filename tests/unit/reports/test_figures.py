"""Every figure, against small portfolios that are worked out by hand.

The calendar is that of Massachusetts; in spring 2026 only Patriots' Day (Monday, 20 April) and Memorial Day (Monday,
25 May) are no business days. Now is noon on Monday, 1 June 2026.
"""

from datetime import date
from typing import Any

import pytest
from portfolios import (
    MAPPINGS,
    MINIMAL,
    NOW,
    PAYTRONIX,
    at,
    certified_round,
    portfolio,
    projection,
    rows,
    stays,
    step,
)

from sync_service.reports import certification, crossings, flow, stages, told, waiting
from sync_service.reports.portfolio import Answered
from sync_service.reports.spread import percentile, reached, share_of
from sync_service.store import Projection

LAUNCHED = stays(
    ("discovery", "2026-03-02"),
    ("requirements", "2026-03-09"),
    ("development", "2026-03-16"),
    ("certification", "2026-03-30"),
    ("launch", "2026-04-06"),
    ("live", "2026-04-13"),
)
"""Discovery 7 days (5 business days), requirements 7 (5), development 14 (10), certification 7 (5), launch 7 (5)."""

AGAIN = stays(
    ("discovery", "2026-03-03"),
    ("requirements", "2026-03-05"),
    ("development", "2026-03-12"),
    ("certification", "2026-03-16"),
    ("development", "2026-03-23"),
    ("certification", "2026-03-30"),
)
"""Discovery 2 (2), requirements 7 (5), development 4 (2) and 7 (5), certification 7 (5) and since 30 March."""

DROPPED = stays(("discovery", "2026-05-18"), ("cancelled", "2026-05-28"))
"""Discovery 10 days, 7 business days: 25 May is a holiday."""


def three() -> list[Projection]:
    return [projection("INT-1", LAUNCHED), projection("INT-2", AGAIN), projection("INT-3", DROPPED)]


# --- Shares and percentiles


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [((), 0.5, None), ((4,), 0.85, 4), ((1, 2, 3), 0.5, 2), ((2, 1), 0.5, 1.5), ((0, 10, 20), 0.85, 17)],
)
def test_a_percentile_lies_between_its_two_neighbours(values: Any, share: float, expected: float | None) -> None:
    """Of 0, 10, 20 the place of 85 % is 0.85 × 2 = 1.7: seven tenths of the way from 10 to 20."""
    assert percentile(values, share) == expected


def test_a_trial_is_reached_by_at_least_its_share() -> None:
    """Of ten trials 85 % are at least nine, so the ninth; half are the fifth; the least share is the first."""
    assert [reached(list(range(1, 11)), share) for share in (0.85, 0.5, 0.0)] == [9, 5, 1]


def test_a_share_of_nothing_is_none() -> None:
    assert (share_of(1, 4), share_of(0, 0)) == (0.25, None)


# --- Stages


def test_projects_are_counted_where_they_stand_with_their_age() -> None:
    """INT-1 is live since 13 April: 35 weekdays less two holidays is 33. INT-2 is in certification since 30 March: 45
    weekdays less two is 43, beyond the target of 20. INT-3 is cancelled since Thursday 28 May: Friday and Monday."""
    table = stages.standing(portfolio(*three()))
    found = {row[0]: row[1:] for row in table.rows}
    assert found["Live"] == (1, 0, 33, 33, None)
    assert found["Certification"] == (1, 0, 43, 43, 1)
    assert found["Cancelled"] == (1, 0, 2, 2, None)
    assert found["Discovery"][:4] == (0, 0, None, None)
    assert sum(table.column("projects")) == 3


def test_an_open_gate_is_counted_and_shown() -> None:
    gate = {"target": "requirements", "open": True, "reasons": []}
    shut = {"target": "requirements", "open": False, "reasons": [{"text": "a"}, {"text": "b"}]}
    spring = stays(("discovery", "2026-05-28"))
    told = portfolio(projection("INT-1", spring, gate=gate), projection("INT-2", spring, gate=shut))
    assert stages.standing(told).rows[0][:3] == ("Discovery", 2, 1)
    assert rows(stages.projects(told), "key", "gate", "missing") == [("INT-1", "open", 0), ("INT-2", "closed", 2)]


def test_projects_are_listed_by_stage_the_longest_there_first() -> None:
    early, late = stays(("discovery", "2026-05-04")), stays(("discovery", "2026-05-11"))
    table = stages.projects(portfolio(*three(), projection("INT-5", late), projection("INT-4", early)))
    assert table.column("key") == ("INT-4", "INT-5", "INT-2", "INT-1", "INT-3")


def test_durations_are_those_of_the_stays_that_are_over() -> None:
    """Discovery: 7, 2, 10 days: median 7, 85 % 7 + 0.7 × 3 = 9.1; business days 5, 2, 7: median 5, 85 % 6.4.
    Development: 14, 4, 7 days (10, 2, 5): median 7, 85 % 11.9; business 5 and 8.5. Certification: 7 and 7 (5 and 5);
    the stay of INT-2 that still lasts counts nowhere."""
    table = stages.durations(portfolio(*three()))
    found = {row[0]: row[1:6] for row in table.rows}
    assert found["Discovery"] == (3, 7, 9.1, 5, 6.4)
    assert found["Development"] == (3, 7, 11.9, 5, 8.5)
    assert found["Certification"] == (2, 7, 7, 5, 5)
    assert list(found) == ["Discovery", "Requirements", "Development", "Certification", "Launch"]


def test_durations_of_a_period_are_those_of_stays_that_ended_in_it() -> None:
    """Only INT-3's discovery ended in May: 10 days, within the target of 15 business days."""
    table = stages.durations(portfolio(*three(), since=date(2026, 5, 1), until=date(2026, 5, 31)))
    assert table.rows[0][1:] == (1, 10, 10, 7, 7, 15, 1)
    assert table.column("stays")[1:] == (0, 0, 0, 0)


# --- Flow


def test_cumulative_flow_counts_each_project_in_one_stage_a_day() -> None:
    """On 30 March INT-1 and INT-2 both reach certification; on 6 April INT-1 goes on to launch."""
    table = flow.cumulative(portfolio(*three(), since=date(2026, 3, 29), until=date(2026, 4, 6)))
    found = {row[0]: row[1:] for row in table.rows}
    assert found[date(2026, 3, 29)] == (0, 0, 2, 0, 0, 0, 0)
    assert found[date(2026, 3, 30)] == (0, 0, 0, 2, 0, 0, 0)
    assert found[date(2026, 4, 6)] == (0, 0, 0, 1, 1, 0, 0)
    assert [column.title for column in table.columns][-2:] == ["Live", "Ended"]


def test_a_longer_flow_is_told_by_the_week_and_ends_now() -> None:
    """2 March to 1 June are 91 days: told by the week, the last row is today's."""
    table = flow.cumulative(portfolio(*three()))
    assert (table.rows[0][0], table.rows[-1][0], len(table.rows)) == (date(2026, 3, 2), date(2026, 6, 1), 14)
    assert table.rows[-1][1:] == (0, 0, 0, 1, 0, 1, 1)
    assert flow.cumulative(portfolio()).rows == ()


def test_a_flow_of_years_is_told_by_four_weeks() -> None:
    table = flow.cumulative(portfolio(projection("INT-1", stays(("discovery", "2024-01-01")))))
    assert (table.rows[-1][0] - table.rows[-2][0]).days == 28


def test_throughput_and_time_to_launch_by_month() -> None:
    """INT-1 and INT-2 were created in March, INT-3 in May and cancelled then; INT-1 launched on 13 April, 42 days or
    30 business days after 2 March."""
    table = flow.throughput(portfolio(*three()))
    assert [row[:8] for row in table.rows] == [
        (date(2026, 3, 1), 2, 0, 0, None, None, None, None),
        (date(2026, 4, 1), 0, 1, 0, 42, 42, 30, 30),
        (date(2026, 5, 1), 1, 0, 1, None, None, None, None),
    ]
    assert flow.launches(portfolio(*three())).rows == ((1, 42, 42, 30, 30),)
    assert flow.throughput(portfolio()).rows == ()


def test_throughput_of_a_period_leaves_out_what_happened_elsewhere() -> None:
    table = flow.throughput(portfolio(*three(), until=date(2026, 4, 30)))
    assert rows(table, "created", "launched", "ended") == [(2, 0, 0), (0, 1, 0)]
    assert flow.launches(portfolio(*three(), since=date(2026, 5, 1))).rows[0][0] == 0


# --- Certification


def rounds() -> list[Projection]:
    """INT-1 was certified at its first round. INT-2 failed the first for two reasons and early, withdrew a visit, gave
    a slot up, and is in round 2. INT-3 failed without a reason and was cancelled in round 2. INT-4 is in round 4."""
    first = certified_round(1, slot="2026-03-30", begun="2026-03-30T16:00:00+00:00", ended="2026-04-06T16:00:00+00:00",
                            result="certified", business_days=5)  # fmt: skip
    failed = certified_round(1, slot="2026-03-17", begun="2026-03-17T16:00:00+00:00", early=True, business_days=3,
                             ended="2026-03-20T16:00:00+00:00", result="failed",
                             reasons=["duplicate calls", "wrong flow"])  # fmt: skip
    withdrawn = certified_round(None, ended="2026-03-25T16:00:00+00:00", result="withdrawn", given_up=["2026-03-24"])
    second = certified_round(2, slot="2026-06-04", begun="2026-06-01T15:00:00+00:00")
    bare = certified_round(1, begun="2026-05-19T16:00:00+00:00", ended="2026-05-26T16:00:00+00:00", result="failed",
                           business_days=4)  # fmt: skip
    left = certified_round(2, begun="2026-05-27T16:00:00+00:00")
    ahead = certified_round(None, slot="2026-06-03")
    return [
        projection("INT-1", LAUNCHED, rounds=[first], fields={"additional_fees": "No"}),
        projection("INT-2", AGAIN, rounds=[failed, withdrawn, second], round={"number": 2}),
        projection("INT-3", DROPPED, rounds=[bare, left], fields={"additional_fees": "Agreed"}),
        projection("INT-4", AGAIN, rounds=[ahead], round={"number": 4}, fields={"additional_fees": "May apply"}),
        projection("INT-5", AGAIN, round={"number": 3}, fields={"additional_fees": "Agreed"}),
    ]  # fmt: skip


def test_certification_in_short() -> None:
    """Five rounds began; of the three with a result one was certified: a third, and so of the first rounds."""
    table = certification.summary(portfolio(*rounds()))
    assert table.rows == ((5, 1, 2, 0.3333, 0.3333, 1, 1, 1),)


def test_rounds_by_number() -> None:
    """First rounds took 5, 3 and 4 business days: median 4, 85 % 4.7. Of the second ones INT-2's is under way, and
    INT-3's is left unfinished."""
    assert certification.rounds(portfolio(*rounds())).rows == (
        (1, 3, 1, 2, 0, 0, 0.3333, 1, 4, 4.7),
        (2, 2, 0, 0, 1, 1, None, 0, None, None),
    )


def test_rounds_of_a_period_are_those_that_ended_in_it() -> None:
    """In March only INT-2's first round ended; what still lasts ends after March."""
    table = certification.rounds(portfolio(*rounds(), since=date(2026, 3, 1), until=date(2026, 3, 31)))
    assert table.rows == ((1, 1, 0, 1, 0, 0, 0, 1, 3, 3),)


def test_failures_by_reason() -> None:
    """Two rounds failed: one for two reasons, one for none that was given."""
    assert certification.reasons(portfolio(*rounds())).rows == (
        ("(no reason given)", 1, 0.5),
        ("duplicate calls", 1, 0.5),
        ("wrong flow", 1, 0.5),
    )


def test_slots_by_week() -> None:
    """A round of five business days from Tuesday 17 March reaches into the next week; that of 30 March fills its own.
    INT-2's round began before its slot of 4 June; INT-4's slot of 3 June lies ahead: two at once from 4 June."""
    table = certification.slots(portfolio(*rounds(), since=date(2026, 3, 16)))
    found = {row[0]: row[1:] for row in table.rows}
    assert found[date(2026, 3, 16)] == (1, 0, 0, 0, 1, 3)
    assert found[date(2026, 3, 23)] == (0, 1, 0, 0, 1, 3)
    assert found[date(2026, 3, 30)] == (1, 0, 0, 0, 1, 3)
    assert found[date(2026, 6, 1)] == (1, 0, 0, 1, 2, 3)
    assert len(found) == 12


def test_a_slot_that_passed_without_a_round_is_not_begun_and_takes_no_place() -> None:
    missed = projection("INT-1", AGAIN, rounds=[certified_round(None, slot="2026-05-20")])
    assert certification.slots(portfolio(missed)).rows == ((date(2026, 5, 18), 0, 0, 1, 0, 0, 3),)
    assert certification.slots(portfolio(*three())).rows == ()


def test_a_mistyped_slot_does_not_make_a_table_of_centuries() -> None:
    odd = [certified_round(None, slot="0201-05-20"), certified_round(None, slot="9026-05-20")]
    assert len(certification.slots(portfolio(projection("INT-1", AGAIN, rounds=odd))).rows) < 130
    assert len(certification.slots(portfolio(projection("INT-1", AGAIN, rounds=odd), since=date(1, 1, 1))).rows) < 700


def test_fee_exposure() -> None:
    """INT-4 prepares round 4 of three free ones, and INT-5's fees are agreed; INT-3 is over, INT-1 owes nothing."""
    told = portfolio(*rounds())
    assert rows(certification.exposure(told), "key", "present_round", "additional_fees") == [
        ("INT-4", 4, "May apply"),
        ("INT-5", 3, "Agreed"),
    ]
    assert certification.fee_summary(told).rows == ((1, 1, 1, 1),)


# --- Waiting


def test_waiting_and_overdue_by_party() -> None:
    """Of INT-1's discovery the client's goals are done; the scope is its turn and two business days late on Monday
    (due Thursday 28 May); the evaluation comes after both. INT-2 misses a step that has no sub-task yet, of a role the
    mapping doesn't know, and has an open question. A cancelled project waits for nobody."""
    visit = stays(("discovery", "2026-05-18"))
    steps = [
        step("goals", "technical_consultant", standing="done", due="2026-05-19"),
        step("scope", "technical_consultant", due="2026-05-28", assignee="ana"),
        step("evaluation", "integrations", due="2026-06-01"),
    ]
    first = projection("INT-1", visit, steps=steps, people={"ana": "Ana Silva"})
    asked = [{"request": "question-integrations", "title": "q", "open": ["INT-7"]}, {"request": "gone", "open": ["I"]}]
    second = projection("INT-2", visit, steps=[step("other", "auditor", key=None), step("own")], requests=asked)
    over = projection("INT-3", DROPPED, steps=[step("goals", "client", due="2026-05-01")])
    told = portfolio(first, second, over)
    assert waiting.parties(told).rows == (
        ("technical consultant", 1, 1, 2, 0, 0, 1),
        ("auditor", 1, 0, None, 0, 0, 1),
        ("nobody", 1, 0, None, 0, 0, 1),
        ("Integrations team", 0, 0, None, 1, 1, 2),
    )
    table = waiting.overdue(told)
    assert rows(table, "late", "due", "step", "party", "assignee", "their_turn", "project") == [
        (2, date(2026, 5, 28), "INT-9scope", "technical consultant", "Ana Silva", "yes", "INT-1")
    ]


def test_a_step_after_everything_above_waits_for_all_of_it() -> None:
    steps = [step("schedule_approval", "client"), step("welcome_email", "integrations")]
    seen = projection("INT-1", stays(("requirements", "2026-05-18")), steps=steps)
    (project,) = portfolio(seen).projects
    assert [(one.step, one.turn) for one in project.steps] == [("schedule_approval", True), ("welcome_email", False)]


# --- Gates


def answers() -> list[Answered]:
    told = {"key": "INT-1", "mapping": "paytronix", "source": "discovery", "by": "Ana"}
    return [
        Answered(**told, target="requirements", verdict="refused", at=at("2026-04-01"), reasons=("step", "step")),
        Answered(**told, target="requirements", verdict="refused", at=at("2026-04-02"), reasons=("step", "field")),
        Answered(**told, target="requirements", verdict="accepted", at=at("2026-05-02"), reasons=()),
        Answered(**told, target="gone", verdict="overridden", at=at("2026-05-03"), reasons=("step",)),
    ]


def test_gates_by_edge_what_was_missed_and_refused() -> None:
    """Of three moves to requirements two were refused, both for steps and one for a field as well."""
    told = portfolio(*three(), answers=answers())
    assert crossings.edges(told).rows == (
        ("Discovery", "Requirements", 1, 0, 0, 0, 2, 0.6667),
        ("Discovery", "gone", 0, 1, 0, 0, 0, 0),
    )
    assert crossings.edges(told).notes == ("The ledger tells of moves since 2026-04-01.",)
    assert crossings.missing(told).rows == (("step", 2, 1), ("field", 1, 0.5))
    assert rows(crossings.refusals(told), "at", "missing") == [
        (at("2026-04-02"), "step, field"),
        (at("2026-04-01"), "step"),
    ]


def test_answers_of_a_period() -> None:
    told = portfolio(*three(), answers=answers(), since=date(2026, 5, 1))
    assert crossings.missing(told).rows == ()
    assert len(crossings.edges(told).rows) == 2
    assert "no answer yet" in crossings.edges(portfolio()).notes[0]


def test_overrides_the_newest_first() -> None:
    def override(day: str, **told: Any) -> dict[str, Any]:
        return {"at": at(day).isoformat(), "by": "ana", "visit": "101", "granted": True, "used": None, **told}

    seen = projection(
        "INT-1",
        LAUNCHED,
        people={"ana": "Ana Silva"},
        overrides=[
            override("2026-03-10", used="7"),
            override("2026-03-11"),
            override("2026-03-12", granted=False, visit="?"),
        ],
    )
    table = crossings.overrides(portfolio(seen))
    assert rows(table, "out_of", "by", "outcome") == [
        ("", "Ana Silva", "not granted"),
        ("Requirements", "Ana Silva", "granted"),
        ("Requirements", "Ana Silva", "used"),
    ]


# --- Several lifecycles, and selections


def test_several_lifecycles_are_told_apart() -> None:
    small = projection("KEY-1", stays(("planned", "2026-05-28"), mapping=MINIMAL), MINIMAL)
    both = portfolio(*three(), small, mappings=MAPPINGS)
    assert stages.standing(both).column("stage")[-1].startswith("minimal: ")
    assert rows(flow.throughput(both), "lifecycle", "created")[-1] == ("minimal", 1)
    assert certification.summary(both).rows == certification.summary(portfolio(*three())).rows
    assert [report.name for report in told(both, ("flow", "gates"))] == ["flow", "gates"]


PEOPLE = {"u1": "Ana Silva", "u2": "Carol"}


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        ({}, ["INT-1", "INT-2"]),
        ({"project": "int"}, ["INT-1", "INT-2"]),
        ({"project": "OTHER"}, []),
        ({"project": "int-2"}, ["INT-2"]),
        ({"kind": "new"}, ["INT-1"]),
        ({"consultant": "silva"}, ["INT-1"]),
        ({"consultant": "u9"}, ["INT-2"]),
        ({"client": "carol"}, ["INT-1"]),
        ({"client": "project int-2"}, ["INT-2"]),
    ],
    ids=str,
)
def test_selections(wanted: dict[str, str], keys: list[str]) -> None:
    fields = {"integration_kind": "New", "technical_consultant": "u1", "client_contact": "u2"}
    one = projection("INT-1", LAUNCHED, fields=fields, people=PEOPLE)
    two = projection("INT-2", AGAIN, fields={"technical_consultant": "u9"})
    assert [project.key for project in portfolio(one, two, **wanted).projects] == keys


def test_the_builder_tells_what_the_lifecycle_tells() -> None:
    """The keys of these projections are those of a real outline, so that the figures hold for real ones."""
    from datetime import timedelta

    from sync_service.lifecycle.facts import ProjectIssue
    from sync_service.lifecycle.outline import outline
    from sync_service.lifecycle.state import derive

    issue = ProjectIssue(id="1", key="INT-1", summary="x", status="Discovery", created=NOW, ours=("us",))
    real = outline(derive(issue, PAYTRONIX, NOW, NOW - timedelta(days=1)))
    (built,) = (projection("INT-1", stays(("discovery", "2026-06-01"))).state,)
    assert set(real) == set(built)
    assert set(real["visits"][0]) == set(built["visits"][0])
    assert set(real["steps"][0]) == set(step("goals"))
