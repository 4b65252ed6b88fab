"""Certification slots: one booking an issue, and never two for the last place."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from sync_service.store import Booking, Store

from .conftest import Clock

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)


def taking(start: date):  # type: ignore[no-untyped-def]
    return lambda others: start


def bookings(store: Store, mapping: str = "paytronix") -> dict[str, date]:
    return {booking.issue_id: booking.start for booking in store.slots.all(mapping)}


def test_a_reservation_is_kept_and_given_again(store: Store) -> None:
    assert store.slots.reserve("paytronix", "1", taking(MONDAY)) == MONDAY
    assert store.slots.reserve("paytronix", "1", taking(FRIDAY)) == MONDAY
    assert bookings(store) == {"1": MONDAY}


def test_an_issue_is_told_its_own_booking_in_that_mapping(store: Store) -> None:
    store.slots.put("paytronix", "1", MONDAY)
    store.slots.put("paytronix", "2", FRIDAY)
    assert store.slots.get("paytronix", "1") == MONDAY
    assert store.slots.get("elsewhere", "1") is None
    assert store.slots.get("paytronix", "3") is None


def test_choosing_sees_what_the_others_of_the_mapping_have(store: Store) -> None:
    store.slots.reserve("paytronix", "1", taking(MONDAY))
    store.slots.reserve("elsewhere", "2", taking(MONDAY))
    seen: list[tuple[Booking, ...]] = []

    def choose(others: tuple[Booking, ...]) -> date | None:
        seen.append(others)
        return None

    assert store.slots.reserve("paytronix", "3", choose) is None
    assert seen == [(Booking(issue_id="1", start=MONDAY),)]
    assert bookings(store) == {"1": MONDAY}, "nothing chosen, nothing booked"


def test_what_the_issue_says_wins(store: Store) -> None:
    store.slots.reserve("paytronix", "1", taking(MONDAY))
    store.slots.put("paytronix", "1", FRIDAY)
    store.slots.put("paytronix", "2", FRIDAY)
    assert bookings(store) == {"1": FRIDAY, "2": FRIDAY}
    store.slots.put("paytronix", "1", None)
    store.slots.put("paytronix", "never booked", None)
    assert bookings(store) == {"2": FRIDAY}


def test_an_issue_that_changes_its_mapping_takes_its_booking_along(store: Store) -> None:
    store.slots.put("paytronix", "1", MONDAY)
    store.slots.put("elsewhere", "1", FRIDAY)
    assert bookings(store) == {}
    assert bookings(store, "elsewhere") == {"1": FRIDAY}


def test_bookings_come_in_the_order_of_their_start(store: Store) -> None:
    store.slots.put("paytronix", "1", FRIDAY)
    store.slots.put("paytronix", "2", MONDAY)
    assert [booking.issue_id for booking in store.slots.all("paytronix")] == ["2", "1"]


def test_rebuilding_replaces_what_was_booked_before_the_audit(store: Store, clock: Clock) -> None:
    store.slots.put("paytronix", "gone", MONDAY)
    store.slots.put("paytronix", "moved", MONDAY)
    store.slots.put("elsewhere", "other", MONDAY)
    clock.advance(minutes=1)
    began = store.now()
    clock.advance(minutes=1)
    store.slots.reserve("paytronix", "meanwhile", taking(FRIDAY))
    store.slots.rebuild(
        "paytronix",
        [
            Booking(issue_id="moved", start=FRIDAY),
            Booking(issue_id="new", start=MONDAY),
            Booking(issue_id="meanwhile", start=MONDAY),
        ],
        as_of=began,
    )
    assert bookings(store) == {"moved": FRIDAY, "new": MONDAY, "meanwhile": FRIDAY}
    assert bookings(store, "elsewhere") == {"other": MONDAY}


def test_no_place_is_given_twice_however_many_ask_at_once(store: Store) -> None:
    """Fifty projects in eight threads ask for ten places on five Mondays, two a Monday."""
    mondays = [MONDAY + timedelta(weeks=week) for week in range(5)]

    def first_free(others: tuple[Booking, ...]) -> date | None:
        taken = [booking.start for booking in others]
        return next((monday for monday in mondays if taken.count(monday) < 2), None)

    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(lambda n: store.slots.reserve("paytronix", str(n), first_free), range(50)))

    assert sorted(start for start in given if start) == sorted(mondays * 2)
    assert sorted(bookings(store).values()) == sorted(mondays * 2)
