"""Which accounts are ours: told by the workers through the store, remembered while the store is away."""

from sync_service.bootstrap import ACCOUNTS_AWAITED_FOR, ACCOUNTS_FRESH_FOR, own_accounts
from sync_service.marks import ACCOUNTS
from sync_service.store import Store


def test_the_accounts_are_read_again_once_they_are_old(store: Store) -> None:
    time = 0.0
    ours = own_accounts(store, lambda: time)
    store.marks.put(ACCOUNTS, "first\nsecond")
    assert ours() == {"first", "second"}
    store.marks.put(ACCOUNTS, "third")
    assert ours() == {"first", "second"}
    time = ACCOUNTS_FRESH_FOR + 1
    assert ours() == {"third"}


def test_the_first_worker_to_sign_in_is_heard_of_within_a_second(store: Store) -> None:
    time = 0.0
    ours = own_accounts(store, lambda: time)
    assert ours() == frozenset()
    store.marks.put(ACCOUNTS, "ours")
    assert ours() == frozenset(), "the store is not asked at each delivery"
    time = ACCOUNTS_AWAITED_FOR
    assert ours() == {"ours"}


def test_a_store_that_is_away_raises_nothing_here(store: Store) -> None:
    time = 0.0
    ours, never_told = own_accounts(store, lambda: time), own_accounts(store, lambda: time)
    store.marks.put(ACCOUNTS, "ours")
    assert ours() == {"ours"}
    with store._database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE mark RENAME TO gone")
    time = ACCOUNTS_FRESH_FOR + 1
    assert ours() == {"ours"}
    assert never_told() == frozenset()
    with store._database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO mark")
    time += ACCOUNTS_AWAITED_FOR
    assert never_told() == {"ours"}
