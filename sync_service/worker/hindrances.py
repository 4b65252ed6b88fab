"""What hinders the workers, told through the store to whoever looks at the service's health."""

from collections.abc import Mapping, Sequence

import structlog

from sync_service.logs import Redact
from sync_service.marks import BARRED, NOT_AT_WORK
from sync_service.store import Store, StoreError

log = structlog.get_logger("stagegate.worker")


class Hindrances:
    """Tells what hinders us, from any number of threads; a store that does not take it is known there anyway.

    `redact` takes the secrets out of whatever an error says before the store keeps it.
    """

    def __init__(self, store: Store, redact: Redact) -> None:
        self._store = store
        self.redact = redact
        self._told = False

    def stopped_by(self, error: Exception) -> None:
        """Tell why nothing can be done."""
        self._put(NOT_AT_WORK, str(error))
        self._told = True  # even if it could not be put: an answer that was lost may have left it there

    def at_work(self) -> None:
        """Take back what any worker told of why nothing can be done, for Jira was found answering."""
        self._told = False  # before it is put: what another thread tells meanwhile is taken back by whoever comes next
        if not self._put(NOT_AT_WORK, ""):
            self._told = True

    def recovered(self) -> None:
        """Take back what this process told, if it did; asks the store for nothing otherwise."""
        if self._told:
            self.at_work()

    def barred(self, projects: Mapping[str, Sequence[str]]) -> None:
        """Tell which projects are left alone, each with its faults."""
        self._put(BARRED, "\n".join(f"{project}: {'; '.join(faults)}" for project, faults in projects.items()))

    def _put(self, mark: str, text: str) -> bool:
        try:
            self._store.marks.put(mark, _storable(self.redact(text)))
        except StoreError as error:
            log.warning("what hinders the worker can't be told", error=str(error))
            return False
        return True


def _storable(text: str) -> str:
    """Write out what no database keeps in a text; Jira's words are repeated, whatever is in them."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
