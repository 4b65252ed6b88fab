"""What a worker told of why nothing can be done never outlives its reason, whoever else tells or takes it back."""

from collections.abc import Callable

import pytest

from sync_service.errors import StagegateError
from sync_service.marks import NOT_AT_WORK
from sync_service.store import Store
from sync_service.worker.hindrances import Hindrances

Put = Callable[[str, str], None]


def told_before(put: Put, tell: Callable[[], None], name: str, text: str) -> None:
    tell()
    put(name, text)


def told_after(put: Put, tell: Callable[[], None], name: str, text: str) -> None:
    put(name, text)
    tell()


@pytest.mark.parametrize("told", [told_before, told_after])
def test_what_is_told_while_another_thread_takes_back_is_taken_back_by_the_next(
    store: Store, hindrances: Hindrances, monkeypatch: pytest.MonkeyPatch, told: Callable[..., None]
) -> None:
    put = store.marks.put

    def tell() -> None:
        monkeypatch.setattr(store.marks, "put", put)
        hindrances.stopped_by(StagegateError("the token expired"))

    hindrances.stopped_by(StagegateError("no route"))
    monkeypatch.setattr(store.marks, "put", lambda name, text: told(put, tell, name, text))
    hindrances.recovered()
    hindrances.recovered()
    assert store.marks.get(NOT_AT_WORK) == ""


def test_what_could_not_be_taken_back_is_taken_back_later(store: Store, hindrances: Hindrances) -> None:
    hindrances.stopped_by(StagegateError("no route"))
    with store._database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE mark RENAME TO gone")
    hindrances.recovered()
    with store._database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO mark")
    assert store.marks.get(NOT_AT_WORK) == "no route"
    hindrances.recovered()
    assert store.marks.get(NOT_AT_WORK) == ""
