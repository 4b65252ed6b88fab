"""Reads the bodies of deliveries, so that their senders can't fill the memory, whoever they are.

A signature is of the whole body, so a forged one is told from a right one only when all of it is here. Small bodies
are read as they come. For a large one its sender must have shown what could prove it, and large ones take turns, from
the first byte to the answer. What is left unread ends the connection: gunicorn discards a little of it, then closes.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from sync_service.errors import StagegateError
from webhooks.credentials import Credentials, admit
from webhooks.refusals import TooLarge, UnreadableBody

SMALL = 1024 * 1024
"""Bytes that each thread may hold at any time; few deliveries of Jira's are longer."""

MOST_DIGITS = 20
"""Of a length: Python reads no number of any length."""

AT_ONCE = 1
"""Large bodies that one process holds: reading and understanding 25 MB takes some 100 MB for a moment."""

WAITING = 4
"""Threads that may wait for their turn with one; the others are there for small deliveries."""

PATIENCE = 10.0
"""Seconds for which they wait; Jira waits 20 s for an answer."""


class Busy(StagegateError):
    """Other large deliveries take too long; Jira may send this one again."""

    reason = "busy"


class Turns:
    """Lets the senders of large bodies in, one after the other, from any number of threads."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._places = threading.BoundedSemaphore(AT_ONCE + WAITING)
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def turn(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Hold a turn, from before the body is read until its answer is made; raises a `Refusal`, or `Busy`."""
        admit(headers=headers, credentials=self._credentials)
        with _held(self._places, 0), _held(self._turns, PATIENCE):
            yield


@contextmanager
def _held(semaphore: threading.BoundedSemaphore, patience: float) -> Iterator[None]:
    if not semaphore.acquire(timeout=patience):
        raise Busy
    try:
        yield
    finally:
        semaphore.release()


def is_small(environ: Mapping[str, Any]) -> bool:
    """Tell whether a body needs no turn; one that is chunked does, for it tells no length."""
    length = environ.get("CONTENT_LENGTH") or "0"
    is_number = length.isdecimal() and len(length) < MOST_DIGITS
    return is_number and int(length) <= SMALL and "HTTP_TRANSFER_ENCODING" not in environ


def whole(request: Request, limit: int) -> bytes:
    """Return the body, of `limit` bytes at most; raises a `Refusal`."""
    # One byte beyond the limit is let through, to see that there is one: of a chunked body, which says no length,
    # werkzeug 3.1 hands out the first `limit` bytes as if they were all.
    request.max_content_length = limit + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise TooLarge from None
    except HTTPException:
        raise UnreadableBody from None
    if len(body) > limit:
        raise TooLarge
    if len(body) < (request.content_length or 0):
        raise UnreadableBody
    return body
