"""Large bodies: none is read of a sender that proves nothing, and few are held at a time."""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import pytest
from deliveries import encoded, payload, signature, signed
from faces import PASSWORD, TOKEN, Face
from werkzeug.test import TestResponse

from webhooks.bodies import AT_ONCE, SMALL, WAITING

PATIENCE = 30.0
CHUNKED = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}


def large(number: int = 0) -> bytes:
    return encoded(payload(timestamp=1761600000000 + number)).ljust(SMALL + 1)


class Unread(io.BytesIO):
    """A body of which nothing must be read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("the body was read")

    readinto = readline = read  # type: ignore[assignment]


class Slow(io.BytesIO):
    """A body that comes when the test says so; `begun` is set when somebody waits for it."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.begun, self.comes = threading.Event(), threading.Event()

    def readinto(self, buffer: Any) -> int:
        self.begun.set()
        assert self.comes.wait(PATIENCE)
        return super().readinto(buffer)


@pytest.mark.parametrize(
    "environ",
    [{"CONTENT_LENGTH": str(SMALL + 1)}, {"CONTENT_LENGTH": "9" * 5000}, CHUNKED],
    ids=["long", "absurd", "chunked"],
)
@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing-credential"),
        ({"authorization": "Bearer planted-other"}, "bad-credential"),
        ({"authorization": f"Basic {PASSWORD}"}, "bad-credential"),
        ({"x-hub-signature": "md5=" + "0" * 32}, "unknown-signature-method"),
        ({"x-hub-signature": "sha256=00", "authorization": f"Bearer {TOKEN}"}, "bad-signature"),
    ],
    ids=str,
)
def test_who_proves_nothing_is_refused_before_the_body_is_read(
    face: Face, headers: dict[str, str], reason: str, environ: dict[str, Any]
) -> None:
    answer = face.client.post(
        "/webhooks/jira",
        input_stream=Unread(),
        environ_overrides=environ | {"wsgi.input_terminated": True},
        headers=headers,
    )
    assert (answer.status_code, answer.json["error"]) == (401, reason)
    assert face.counted(f'intake_refused_total{{reason="{reason}"}}') == 1


def test_a_large_body_of_ours_is_taken_and_a_forged_one_is_not(face: Face) -> None:
    body = large()
    assert face.post(body).json == {"queued": "INT-12"}
    assert [face.store.inbox.body(one.delivery_id) for one in face.store.inbox.recent()] == [body]
    assert face.post_unsigned(large(1), {"authorization": f"Bearer {TOKEN}"}).json == {"queued": "INT-12"}
    chunked = {"input_stream": io.BytesIO(large(2)), "environ_overrides": CHUNKED, "headers": signed(large(2))}
    assert face.client.post("/webhooks/jira", **chunked).json == {"queued": "INT-12"}
    forged = face.post(large(3), {"x-hub-signature": signature(body)})
    assert (forged.status_code, forged.json["error"]) == (401, "bad-signature")


@pytest.fixture
def posting(face: Face) -> Iterator[Callable[[Slow], Any]]:
    """Post slow bodies, each in a thread of its own."""
    with ThreadPoolExecutor(AT_ONCE + WAITING + 1) as senders:

        def post(body: Slow) -> Any:
            whole = body.getvalue()
            options = {"input_stream": body, "content_length": len(whole), "headers": signed(whole)}
            return senders.submit(face.client.application.test_client().post, "/webhooks/jira", **options)

        yield post


def busy(answer: TestResponse) -> bool:
    return (answer.status_code, answer.json["error"], answer.headers["Retry-After"]) == (503, "busy", "30")


def test_while_one_large_body_comes_small_ones_are_taken_and_another_is_to_come_again(
    face: Face, posting: Callable[[Slow], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webhooks.bodies.PATIENCE", 0)
    first = Slow(large(0))
    answer = posting(first)
    assert first.begun.wait(PATIENCE)
    assert busy(face.post(large(1)))
    assert face.counted('intake_total{outcome="busy"}') == 1
    assert face.send(payload()) == {"queued": "INT-12"}
    first.comes.set()
    assert answer.result(PATIENCE).json == {"duplicate": True}
    assert face.post(large(1)).json == {"queued": "INT-12"}


def test_few_wait_for_their_turn_and_each_has_it(face: Face, posting: Callable[[Slow], Any]) -> None:
    """So that threads are left for small deliveries."""
    bodies = [Slow(large(number)) for number in range(AT_ONCE + WAITING + 1)]
    answers = [posting(body) for body in bodies]
    refused = next(as_completed(answers, PATIENCE))
    assert busy(refused.result())
    for body in bodies:
        body.comes.set()
    told = [answer.result(PATIENCE).status_code for answer in answers]
    assert sorted(told) == [202] * (AT_ONCE + WAITING) + [503]
    assert sum(body.begun.is_set() for body in bodies) == AT_ONCE + WAITING
