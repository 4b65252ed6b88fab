"""Going as fast as Jira allows: 429 in all its forms, pauses kept by all, writes to one issue."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_service.jira.client import MemoryPauses
from sync_service.jira.errors import RateLimited, ServerFault
from sync_service.jira.limits import WriteTimes, http_date, retry_after
from sync_service.marks import SITE_PAUSE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ISSUE = "/rest/api/2/issue/10001"
FOUND = (200, {"id": "10001"})
JIRAS_NOON = {"Date": "Mon, 23 Nov 2026 12:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "5"}, 5),
        ({"Retry-After": "1847"}, 1847),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "-3"}, 1),
        ({"Retry-After": "2.5"}, 2.5),
        ({"Retry-After": "Mon, 23 Nov 2026 12:30:00 GMT"}, 1800),
        ({"Retry-After": "Mon, 23 Nov 2026 12:30:00 -0000"}, 1800),
        ({"Retry-After": "Mon, 23 Nov 2026 11:00:00 GMT"}, 1),
        ({"Retry-After": "99999999999999999999"}, 86400),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "2026-11-23T13:00:00Z"}, 3600),
        ({"X-RateLimit-Reset": "2026-11-23T12:10:00"}, 600),
        ({"X-RateLimit-Interval-Seconds": "60", "X-RateLimit-FillRate": "100"}, 60),
        ({}, None),
    ],
)
def test_how_long_jira_asks_us_to_wait(headers, seconds):
    """`Retry-After` in seconds or as a date, then Cloud's reset, then Data Center's interval; one second to one day."""
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(headers, NOW) == expected


@pytest.mark.parametrize("value", [None, "", "yesterday"])
def test_an_unreadable_date_is_none(value):
    assert http_date(value) is None


def test_a_short_limit_is_waited_for_and_the_call_succeeds(wire, jira, time):
    wire.on("GET", ISSUE, (429, "", {"Retry-After": "2"}), FOUND)
    assert jira.issue("10001").body == {"id": "10001"}
    assert 2 <= time.waited <= 3


def test_even_a_create_is_sent_again_after_429_because_jira_did_not_take_it(wire, jira):
    created = (201, {"issues": [{"id": "1", "key": "INT-1"}], "errors": []})
    wire.on("POST", "/rest/api/2/issue/bulk", (429, "", {"Retry-After": "1"}), created)
    assert len(jira.create_issues([{"fields": {}}])) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "1847", "RateLimit-Reason": "jira-quota-tenant-based"}, 1847),
        ({"Retry-After": "Mon, 23 Nov 2026 12:30:00 GMT"} | JIRAS_NOON, 1800),
        ({}, 10),
    ],
)
def test_a_long_limit_is_not_slept_but_told_and_all_workers_keep_it(
    wire, jira, connected, pauses, time, headers, seconds
):
    wire.on("GET", ISSUE, (429, "", headers), FOUND)
    with pytest.raises(RateLimited) as limited:
        jira.issue("10001")
    assert limited.value.retry_after == timedelta(seconds=seconds)
    assert limited.value.site_wide
    assert pauses.paused(SITE_PAUSE) == timedelta(seconds=seconds)

    with pytest.raises(RateLimited, match="all of us"):
        connected().issue("10001")
    assert len(wire.received) == 1
    assert time.waited == 0

    time.now += timedelta(seconds=seconds)
    assert connected().issue("10001").body == {"id": "10001"}


def test_jiras_own_clock_measures_a_date(wire, jira, time):
    """Ours is five minutes fast; Jira still gets the half hour that it asked for."""
    time.now += timedelta(minutes=5)
    wire.on("GET", ISSUE, (429, "", {"Retry-After": "Mon, 23 Nov 2026 12:30:00 GMT"} | JIRAS_NOON))
    with pytest.raises(RateLimited) as limited:
        jira.issue("10001")
    assert limited.value.retry_after == timedelta(minutes=30)


def test_the_rest_of_a_pause_is_waited_for_when_it_is_short(wire, jira, pauses, time, observed):
    pauses.pause(SITE_PAUSE, timedelta(seconds=3))
    wire.on("GET", ISSUE, FOUND)
    jira.issue("10001")
    assert time.waited == 3.5
    assert observed[0]["waited"] == 3.5


def test_three_limits_in_a_row_are_enough(wire, jira):
    wire.on("GET", ISSUE, (429, "", {"Retry-After": "1"}))
    with pytest.raises(RateLimited):
        jira.issue("10001")
    assert len(wire.received) == 3


def test_the_limit_of_one_issue_delays_only_that_issue(wire, jira, pauses):
    busy = {"Retry-After": "20", "RateLimit-Reason": "jira-per-issue-on-write"}
    wire.on("PUT", ISSUE, (429, "", busy))
    wire.on("POST", "/rest/api/2/issue/bulk", (429, "", busy))
    wire.on("PUT", "/rest/api/2/issue/10002", (204, ""))
    with pytest.raises(RateLimited) as limited:
        jira.edit_issue("10001", fields={"summary": "x"})
    assert limited.value.issue == "10001"
    assert not limited.value.site_wide
    with pytest.raises(RateLimited) as limited:
        jira.create_issues([{"fields": {}}])
    assert not limited.value.site_wide
    assert pauses.paused(SITE_PAUSE) is None
    jira.edit_issue("10002", fields={"summary": "x"})
    assert wire.received[-1].path.endswith("10002")


def test_503_with_retry_after_is_a_pause_for_all(wire, jira, pauses):
    wire.on("POST", "/rest/api/2/issue/bulk", (503, {"errorMessage": "maintenance"}, {"Retry-After": "600"}))
    with pytest.raises(ServerFault, match="maintenance") as fault:
        jira.create_issues([{"fields": {}}])
    assert fault.value.retry_after == timedelta(minutes=10)
    assert pauses.paused(SITE_PAUSE) == timedelta(minutes=10)


def test_a_reading_waits_out_a_short_503(wire, jira, time):
    wire.on("GET", ISSUE, (503, "", {"Retry-After": "2"}), FOUND)
    jira.issue("10001")
    assert 2 <= time.waited <= 3


def test_a_burst_of_writes_to_one_issue_is_spread(wire, jira, time):
    """20 in 2 s and 100 in 30 s; readings don't count."""
    wire.on("PUT", ISSUE, (204, ""))
    wire.on("GET", ISSUE, FOUND)
    for _ in range(20):
        jira.edit_issue("10001", fields={"summary": "x"})
        jira.issue("10001")
    assert time.waited == 0
    for _ in range(20):
        jira.edit_issue("10001", fields={"summary": "x"})
    assert time.waited == 2
    for _ in range(60):
        jira.edit_issue("10001", fields={"summary": "x"})
    assert time.waited == 8
    with pytest.raises(RateLimited, match="10001 has been written to as often as Jira allows") as limited:
        jira.edit_issue("10001", fields={"summary": "x"})
    assert limited.value.retry_after == timedelta(seconds=22)
    assert limited.value.issue == "10001"


@pytest.mark.parametrize("count", [30, 150])
def test_in_every_window_no_more_writes_than_allowed(count):
    """Whatever the rhythm of the calls: at most 20 within 2 s and 100 within 30 s."""
    times, now, sent = WriteTimes(), 0.0, []
    for number in range(count):
        now += 0.01 * (number % 7)
        sent.append(now + times.reserve("1", now, patience=1000))
    for many, span in ((20, 2.0), (100, 30.0)):
        assert all(later - earlier >= span - 1e-9 for earlier, later in zip(sent, sent[many:], strict=False))


def test_a_clock_that_is_set_back_makes_no_write_wait():
    times = WriteTimes()
    assert [times.reserve("1", 1000.0, 5.0) for _ in range(20)] == [0.0] * 20
    assert times.reserve("1", 700.0, 5.0) == 0.0


def test_issues_that_rest_are_forgotten():
    times = WriteTimes()
    for number in range(3000):
        times.reserve(str(number), now=number, patience=1)
    assert len(times._sent) <= 1001


def test_a_longer_pause_stays(time):
    pauses = MemoryPauses(time.clock)
    pauses.pause("jira", timedelta(seconds=60))
    pauses.pause("jira", timedelta(seconds=5))
    assert pauses.paused("jira") == timedelta(seconds=60)
    assert pauses.paused("other") is None
    time.now += timedelta(seconds=60)
    assert pauses.paused("jira") is None
