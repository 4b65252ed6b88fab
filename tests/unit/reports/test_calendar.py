"""The certification calendar: as a calendar program reads it, and behind its token."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from portfolios import MAPPINGS, NOW, certified_round, projection, stays

from sync_service.metrics import create_metrics
from sync_service.reports.calendar import certification_calendar
from sync_service.store import Projection, Store, StoreUnavailable, open_store
from webhooks import CalendarServices, Credentials, Services, create_app

TOKEN = "planted-calendar-token-" + "t" * 20
SITE = "https://jira.example"
SPRING = stays(("certification", "2026-05-18"))


def project(**told: Any) -> Projection:
    fields = {"idi_date": "2026-03-09", "go_live_date": "2026-07-01"}
    first = certified_round(1, slot="2026-04-13")
    return projection(
        "INT-1", SPRING, fields=fields, rounds=[first, certified_round(None, slot="2026-06-05")],
        round={"number": 2}, **told,
    )  # fmt: skip


def entries(*seen: Projection) -> dict[str, Any]:
    calendar = Calendar.from_ical(certification_calendar(seen, MAPPINGS, NOW, SITE))
    return {str(event["uid"]): event for event in calendar.walk("VEVENT")}


def test_slots_interviews_and_go_live_days_are_whole_days() -> None:
    """A round from Friday 5 June takes five business days, to Thursday 11 June; the end is the day after. That of
    13 April takes its week. The interview of 9 March is within three months of 1 June."""
    found = entries(project())
    days = {uid: (event.decoded("dtstart"), event.decoded("dtend")) for uid, event in found.items()}
    assert days == {
        "INT-1-slot-v1@stagegate": (date(2026, 4, 13), date(2026, 4, 18)),
        "INT-1-slot-vNone@stagegate": (date(2026, 6, 5), date(2026, 6, 12)),
        "INT-1-interview@stagegate": (date(2026, 3, 9), date(2026, 3, 10)),
        "INT-1-go-live@stagegate": (date(2026, 7, 1), date(2026, 7, 2)),
    }
    ahead = found["INT-1-slot-vNone@stagegate"]
    assert str(ahead["summary"]) == "Certification round 2: INT-1 Project INT-1"
    assert str(ahead["url"]) == f"{SITE}/browse/INT-1"
    assert ahead.decoded("dtstamp") == NOW


def test_what_is_long_past_ended_or_of_another_lifecycle_is_left_out() -> None:
    old = projection("INT-2", SPRING, fields={"idi_date": "2026-02-02"})
    over = projection(
        "INT-3", stays(("discovery", "2026-05-18"), ("cancelled", "2026-05-20")), fields={"go_live_date": "2026-07-01"}
    )
    assert entries(old, over) == {}
    assert b"BEGIN:VEVENT" not in certification_calendar([project()], {}, NOW)


def test_a_round_without_a_number_is_called_certification() -> None:
    left = projection("INT-1", stays(("development", "2026-05-18")), rounds=[certified_round(None, slot="2026-06-05")])
    (event,) = entries(left).values()
    assert str(event["summary"]).startswith("Certification: ")
    assert b"URL" not in certification_calendar([left], MAPPINGS, NOW)


def test_a_summary_cannot_forge_an_entry() -> None:
    found = entries(project(summary="x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:forged"))
    assert "forged" not in found
    assert len(found) == 4


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/s.db", clock=lambda: NOW) as store:
        store.migrate()
        store.projections.put(project())
        yield store


def face(store: Store, token: str | None = TOKEN) -> FlaskClient:
    services = Services(
        store=store,
        metrics=create_metrics(),
        credentials=Credentials.of(secrets=["planted-webhook-secret"]),
        projects=frozenset({"INT"}),
        own_accounts=frozenset,
        calendar=CalendarServices(token=token, jira_url=SITE, lifecycles=MAPPINGS) if token else None,
    )
    return create_app(services).test_client()


def test_the_calendar_is_served_to_who_knows_the_token(store: Store) -> None:
    answer = face(store).get(f"/calendar/certification.ics?token={TOKEN}")
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert len(Calendar.from_ical(answer.data).walk("VEVENT")) == 4


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", f"?token={TOKEN}x", "?token=%C3%A9"])
def test_without_the_token_there_is_no_such_page(store: Store, query: str) -> None:
    assert face(store).get(f"/calendar/certification.ics{query}").status_code == 404


def test_without_the_setting_there_is_no_calendar(store: Store) -> None:
    assert face(store, None).get("/calendar/certification.ics?token=").status_code == 404


def test_a_store_that_does_not_answer_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailable("down")

    monkeypatch.setattr(type(store.projections), "all", down)
    answer = face(store).get(f"/calendar/certification.ics?token={TOKEN}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
