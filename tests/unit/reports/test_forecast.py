"""Likely launch dates: drawn from past stays, repeatable, and refused where the past is too short."""

from datetime import date

from portfolios import NOW, PAYTRONIX, portfolio, projection, rows, stays

from sync_service.lifecycle.workdays import add_workdays
from sync_service.reports.forecast import FEWEST, Forecaster, Likely, TooFew, forecast, past_stays
from sync_service.reports.projects import Project
from sync_service.store import Projection

STEADY = stays(
    ("discovery", "2026-03-02"),
    ("requirements", "2026-03-09"),
    ("development", "2026-03-16"),
    ("certification", "2026-03-30"),
    ("launch", "2026-04-06"),
    ("live", "2026-04-13"),
)
"""5, 5, 10, 5 and 5 business days."""


def steady(count: int = FEWEST) -> list[Projection]:
    return [projection(f"INT-{number}", STEADY) for number in range(100, 100 + count)]


def past(*projections: Projection) -> tuple[Project, ...]:
    return portfolio(*projections).past


def test_where_all_went_alike_there_is_no_doubt() -> None:
    """In development for 4 of always 10 business days: 6 to go, then 5 of certification and 5 of launch are 16."""
    guess = Forecaster(PAYTRONIX, past(*steady())).guess("development", 4)
    assert guess == Likely(median=16, high=16, sample=5, beyond=False)


def test_a_project_longer_in_its_stage_than_any_before_is_counted_anew() -> None:
    """11 business days in development, where none was longer than 10: 10 + 5 + 5, and it is said."""
    guess = Forecaster(PAYTRONIX, past(*steady())).guess("development", 11)
    assert guess == Likely(median=20, high=20, sample=5, beyond=True)


def test_failed_rounds_lead_back() -> None:
    """Six past projects failed their only round, then all passed: from certification half of the twelve stays lead on
    (5 + 5 of launch), half lead back to another 10 of development. So the median is 10 and more come later."""
    failed = stays(
        ("development", "2026-03-02"),
        ("certification", "2026-03-16"),
        ("development", "2026-03-23"),
        ("certification", "2026-04-06"),
        ("launch", "2026-04-13"),
        ("live", "2026-04-21"),
    )
    guess = Forecaster(PAYTRONIX, past(*(projection(f"INT-{n}", failed) for n in range(6)))).guess("certification", 0)
    assert isinstance(guess, Likely)
    assert guess.median == 10
    assert guess.high >= 25


def test_a_past_without_an_end_is_cut_off() -> None:
    """Every certification failed, but launches are known from elsewhere: the trial gives up instead of turning."""
    loop = stays(
        *((stage, f"2026-0{m}-{d:02}") for m in (1, 2) for stage, d in (("development", 5), ("certification", 12)))
    )
    on = stays(("launch", "2026-03-02"), ("live", "2026-03-09"))
    guess = Forecaster(PAYTRONIX, past(*(projection(f"I-{n}", v) for n in range(9) for v in (loop, on)))).guess(
        "certification", 0
    )
    assert isinstance(guess, Likely)
    assert guess.high > 500


def test_too_few_past_projects_are_said_plainly() -> None:
    four = past(*steady(FEWEST - 1))
    assert Forecaster(PAYTRONIX, four).guess("development", 0) == TooFew(stage="development", sample=4)
    assert Forecaster(PAYTRONIX, ()).guess("launch", 0) == TooFew(stage="launch", sample=0)


def test_the_same_past_gives_the_same_dates_whoever_else_is_asked_for() -> None:
    varied = [projection(f"I-{n}", stays(("development", "2026-03-02"), ("certification", f"2026-03-{10 + n}"),
                                         ("launch", f"2026-04-{6 + n:02}"), ("live", f"2026-04-{20 + n}")))
              for n in range(9)]  # fmt: skip
    one, two = (Forecaster(PAYTRONIX, past(*varied)) for _ in range(2))
    two.guess("certification", 1)
    assert one.guess("development", 3) == two.guess("development", 3)
    assert one.guess("development", 3) is one.guess("development", 3)
    guess = one.guess("development", 3)
    assert isinstance(guess, Likely)
    assert guess.median < guess.high


def test_a_stay_that_an_end_interrupted_counts_once_without_the_end() -> None:
    """Discovery from 2 to 9 March (5), cancelled until 16 March, resumed until 18 March (2): one stay of 7. A stay that
    led to an end for good counts nowhere."""
    told = stays(
        ("discovery", "2026-03-02"), ("cancelled", "2026-03-09"), ("discovery", "2026-03-16"),
        ("requirements", "2026-03-18"), ("declined", "2026-03-25"),
    )  # fmt: skip
    told[2]["visit"] = told[0]["visit"]
    assert dict(past_stays(PAYTRONIX, past(projection("INT-1", told)))) == {"discovery": [(7, "requirements")]}


def test_the_table_names_dates_samples_and_doubts() -> None:
    """INT-1 is in launch since Friday 29 May, one business day: 4 to go after Monday 1 June is Friday 5 June. Its
    go-live is planned for a day before. INT-2 resumed launch after a pause: 3 business days before and 1 since leave 1,
    so Tuesday. What is live, launched before, or ended is not forecast."""
    first = projection("INT-1", stays(("launch", "2026-05-29")), fields={"go_live_date": "2026-06-04"})
    paused = stays(("launch", "2026-05-11"), ("cancelled", "2026-05-14"), ("launch", "2026-05-29"))
    paused[2]["visit"] = paused[0]["visit"]
    second = projection("INT-2", paused, fields={"go_live_date": "2026-06-10"})
    back = projection("INT-3", stays(("launch", "2026-05-01"), ("live", "2026-05-05"), ("launch", "2026-05-06")))
    over = projection("INT-4", stays(("discovery", "2026-05-01"), ("cancelled", "2026-05-05")))
    told = portfolio(first, second, back, over, *steady())
    table = forecast(told)
    assert rows(table, "key", "age", "50", "85", "remark") == [
        ("INT-1", 1, date(2026, 6, 5), date(2026, 6, 5), "planned go-live is unlikely"),
        ("INT-2", 4, date(2026, 6, 2), date(2026, 6, 2), ""),
    ]
    assert add_workdays(PAYTRONIX.calendar, NOW.date(), 4) == date(2026, 6, 5)
    alone = forecast(portfolio(first))
    assert rows(alone, "50", "sample", "remark") == [(None, 0, "too few past projects: 0 of 5 stays in Launch")]


def test_a_plan_between_the_two_dates_is_not_safe_and_one_beyond_any_past_is_said() -> None:
    """Launches took 5, and of six two took 10 business days: half within 5, 85 % within 10."""
    longer = stays(("launch", "2026-03-30"), ("live", "2026-04-13"))
    shorter = stays(("launch", "2026-04-06"), ("live", "2026-04-13"))
    held = [projection(f"P-{n}", longer if n < 2 else shorter) for n in range(6)]
    going = projection("INT-1", stays(("launch", "2026-06-01")), fields={"go_live_date": "2026-06-10"})
    late = projection("INT-2", stays(("launch", "2026-05-01")))
    found = dict(rows(forecast(portfolio(going, late, *held)), "key", "remark"))
    assert found["INT-1"] == "planned go-live is not safe"
    assert "longer than any before" in found["INT-2"]
