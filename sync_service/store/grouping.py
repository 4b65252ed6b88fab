"""Group commit: what several threads hand in at once is written, and paid for, together."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sync_service.store.errors import StoreError, StoreUnavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_GROUP = 200
"""How many items one transaction takes at most."""

_PATIENCE = 0.003
"""Seconds that a writer waits at most for as many items as lately came together."""


class _Handed(Generic[Item, Answer]):
    """An item on its way to the disk; its thread waits at the gate until it is settled or its turn to write."""

    __slots__ = ("answer", "error", "gate", "item", "settled")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.gate = threading.Lock()
        self.gate.acquire()
        self.settled = False
        self.answer: Answer | None = None
        self.error: StoreError | None = None

    def result(self) -> Answer:
        if self.error is not None:
            raise type(self.error)(str(self.error)) from self.error  # each thread its own: raising changes an error
        if self.answer is None:
            raise StoreUnavailable("the thread that was writing was stopped; nothing was kept")
        return self.answer


class GroupCommit(Generic[Item, Answer]):
    """Writes items by `write`, which takes many and returns an answer for each, all kept or none.

    There is no thread of its own: the first caller writes for everyone who has queued up, then hands the turn to the
    next who waits, so there is nothing to flush on closing. A lone caller never waits for company. Under load, where
    groups were larger a moment ago, the writer gives the others a moment to catch up: under 16 threads that doubles
    the groups and makes everyone faster.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Answer]]) -> None:
        self._write = write
        self._guard = threading.Lock()
        self._complete = threading.Condition(self._guard)
        self._waiting: list[_Handed[Item, Answer]] = []
        self._writing = False
        self._expected = 1

    def submit(self, item: Item) -> Answer:
        """Return the answer for `item` once it is written; raises what `write` raised for it."""
        handed: _Handed[Item, Answer] = _Handed(item)
        with self._guard:
            self._waiting.append(handed)
            mine, self._writing = not self._writing, True
            if len(self._waiting) == self._expected:
                self._complete.notify()
        if not mine:
            handed.gate.acquire()
        if not handed.settled:
            self._write_group()
        return handed.result()

    def _write_group(self) -> None:
        group: list[_Handed[Item, Answer]] = []
        try:
            self._wait_for_company()
            group = self._take()
            self._settle(group)
        finally:  # even when this thread is being stopped: the others must not wait for ever
            self._pass_on(group or self._take())

    def _wait_for_company(self) -> None:
        with self._guard:
            self._complete.wait_for(lambda: len(self._waiting) >= self._expected, timeout=_PATIENCE)

    def _take(self) -> list[_Handed[Item, Answer]]:
        with self._guard:
            group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
            self._expected = min(max(len(group), self._expected - 1), _GROUP)
            return group

    def _settle(self, group: Sequence[_Handed[Item, Answer]]) -> None:
        try:
            answers = self._write([handed.item for handed in group])
            for handed, answer in zip(group, answers, strict=True):
                handed.answer = answer
        except StoreError as error:
            if len(group) > 1 and not isinstance(error, StoreUnavailable):
                for handed in group:  # one that can't be kept must not take the others with it
                    self._settle([handed])
                return
            for handed in group:
                handed.error = error

    def _pass_on(self, group: Sequence[_Handed[Item, Answer]]) -> None:
        """Let the group's threads go, and give the turn to the first who has queued up meanwhile."""
        for handed in group:
            handed.settled = True
            handed.gate.release()
        with self._guard:
            self._writing = bool(self._waiting)
            if self._writing:
                self._waiting[0].gate.release()
