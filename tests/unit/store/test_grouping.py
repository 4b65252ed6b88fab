"""Group commit: one write for many, errors to whom they belong, and nobody left waiting."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync_service.store import NotStorable, StoreUnavailable
from sync_service.store.grouping import GroupCommit


class Disk:
    """Keeps what is written; the first write waits until told, so that others queue up behind it."""

    def __init__(self) -> None:
        self.kept: list[list[str]] = []
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.error: BaseException | None = None

    def write(self, items: Sequence[str]) -> list[str]:
        self.began.set()
        assert self.go_on.wait(60)
        if self.error is not None:
            raise self.error
        if "unkeepable" in items:
            raise NotStorable("no")
        self.kept.append(list(items))
        return [item.upper() for item in items]


def queued_up(commits: GroupCommit[str, str], size: int) -> None:
    while len(commits._waiting) < size:
        threading.Event().wait(0.001)


def test_a_lone_caller_is_written_at_once() -> None:
    disk = Disk()
    disk.go_on.set()
    assert GroupCommit(disk.write).submit("a") == "A"
    assert disk.kept == [["a"]]


def test_who_comes_meanwhile_is_written_together() -> None:
    disk = Disk()
    commits: GroupCommit[str, str] = GroupCommit(disk.write)
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(commits.submit, "first")
        disk.began.wait(60)
        others = [threads.submit(commits.submit, f"item {n}") for n in range(8)]
        queued_up(commits, 8)
        disk.go_on.set()
        assert first.result(10) == "FIRST"
        assert [other.result(10) for other in others] == [f"ITEM {n}" for n in range(8)]
    assert [len(group) for group in disk.kept] == [1, 8]


def test_a_failure_reaches_everyone_of_the_group_and_then_all_goes_on() -> None:
    disk = Disk()
    disk.error = StoreUnavailable("the disk is full")
    commits: GroupCommit[str, str] = GroupCommit(disk.write)
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(commits.submit, str(n)) for n in range(4)]
        disk.go_on.set()
        raised = [call.exception(10) for call in calls]
        assert [str(error) for error in raised] == ["the disk is full"] * 4
        assert len({id(error) for error in raised}) == 4, "each its own: a shared one grows with every raise"
    disk.error = None
    assert commits.submit("a") == "A"


def test_one_that_cannot_be_kept_takes_no_other_with_it() -> None:
    disk = Disk()
    commits: GroupCommit[str, str] = GroupCommit(disk.write)
    with ThreadPoolExecutor(4) as threads:
        threads.submit(commits.submit, "first")
        disk.began.wait(60)
        calls = [threads.submit(commits.submit, item) for item in ("a", "unkeepable", "b")]
        queued_up(commits, 3)
        disk.go_on.set()
        assert [calls[0].result(10), calls[2].result(10)] == ["A", "B"]
        assert isinstance(calls[1].exception(10), NotStorable)


def test_a_writer_that_is_stopped_leaves_nobody_waiting() -> None:
    disk = Disk()
    disk.error = KeyboardInterrupt()
    commits: GroupCommit[str, str] = GroupCommit(disk.write)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(commits.submit, "first")
        disk.began.wait(60)
        second = threads.submit(commits.submit, "second")
        queued_up(commits, 1)
        disk.go_on.set()
        assert isinstance(first.exception(10), KeyboardInterrupt)
        assert isinstance(second.exception(10), KeyboardInterrupt)
    disk.error = None
    assert commits.submit("a") == "A"


def test_who_waited_for_a_stopped_writer_is_told_that_nothing_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk()
    disk.go_on.set()
    commits: GroupCommit[str, str] = GroupCommit(disk.write)

    def stopped(*_: object, **__: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(commits._complete, "wait_for", stopped)
        with pytest.raises(SystemExit):
            commits.submit("a")
    commits._waiting.clear()
    assert commits.submit("b") == "B"
    assert disk.kept == [["b"]]


def test_a_group_whose_writer_died_hears_of_it() -> None:
    started, dies = threading.Event(), threading.Event()

    def write(items: Sequence[str]) -> list[str]:
        started.set()
        assert dies.wait(60)
        if len(items) > 1:
            raise SystemExit
        return list(items)

    commits: GroupCommit[str, str] = GroupCommit(write)
    with ThreadPoolExecutor(3) as threads:
        threads.submit(commits.submit, "first")
        started.wait(60)
        pair = [threads.submit(commits.submit, item) for item in ("a", "b")]
        queued_up(commits, 2)
        dies.set()
        errors = {type(call.exception(10)) for call in pair}
    assert errors == {SystemExit, StoreUnavailable}


def test_a_thousand_items_from_many_threads_are_each_answered_once() -> None:
    disk = Disk()
    disk.go_on.set()
    commits: GroupCommit[str, str] = GroupCommit(disk.write)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda n: commits.submit(f"i{n}"), range(1000)))
    assert answers == [f"I{n}" for n in range(1000)]
    assert sorted(item for group in disk.kept for item in group) == sorted(f"i{n}" for n in range(1000))
