"""How times and durations are told."""

from datetime import date, timedelta

import pytest
from visitors import NOW

from webhooks.console.times import day, moment, span


def test_a_moment_is_told_in_the_zone_and_exactly_on_hover() -> None:
    told = moment(NOW, "America/New_York")
    assert told == (
        '<time datetime="2026-03-16T15:00:00+00:00" '
        'title="Monday, 16 March 2026, 11:00:00 America/New_York (15:00:00 UTC)">16 Mar 2026, 11:00</time>'
    )
    assert moment(NOW.isoformat(), "America/New_York") == told


def test_a_day_is_the_same_everywhere() -> None:
    assert "data-day" in day(date(2026, 3, 16))
    assert day("2026-03-16") == day(date(2026, 3, 16))


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_a_dash(nothing: str | None) -> None:
    assert ("–" in moment(nothing), "–" in day(nothing), span(None)) == (True, True, "–")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (7260, "2 h 1 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_span_has_two_units_at_most(seconds: float, told: str) -> None:
    assert span(seconds) == span(timedelta(seconds=seconds)) == told
