"""What is between Jira and us: takes Jira's webhooks, and delivers them late, in any order, and more than once."""

import http.client
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

DELIVERY = "X-Atlassian-Webhook-Identifier"
OVERTAKING = 40
"""So many letters may overtake one another."""

TWICE, AS_NEW = 0.3, 0.5
TIMEOUT = 5
"""Less than the 20 s that Jira waits for an answer, so that more of them are repeated."""


@dataclass(slots=True, kw_only=True)
class Letter:
    """A webhook delivery as Jira sent it."""

    id: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class Counts:
    """What became of the letters; `unusual` are answers that nobody expected."""

    posted: int = 0
    tries: int = 0
    acknowledged: set[str] = field(default_factory=set)
    unusual: list[str] = field(default_factory=list)


class Mail:
    """A web server that Jira sends to, and postmen that deliver what it took to any of our receivers."""

    def __init__(self, *, seed: int = 1) -> None:
        self.counts = Counts()
        self.receivers: list[str] = []
        self.deaf = False
        self._dice = random.Random(seed)
        self._changed = threading.Condition()
        self._pool: list[Letter] = []
        self._sent: list[Letter] = []
        self._under_way = 0
        self._stopped = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._threads = [threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)]
        self._threads[0].start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mail = self

        class Box(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mail.put(Letter(id=self.headers[DELIVERY], headers=dict(self.headers.items()), body=body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Box

    def put(self, letter: Letter) -> None:
        """Take a letter to be delivered; it is lost while `deaf`."""
        with self._changed:
            if self.deaf:
                return
            self._pool.append(letter)
            self._changed.notify()

    def start(self, receivers: list[str], postmen: int = 12) -> None:
        """Begin to deliver to the receivers' URLs."""
        self.receivers = receivers
        new = [threading.Thread(target=self._deliver, daemon=True) for _ in range(postmen)]
        self._threads += new
        for thread in new:
            thread.start()

    def repeat(self) -> bool:
        """Deliver an old letter again, under its name or as a new one; False if there is none yet."""
        with self._changed:
            if not self._sent:
                return False
            old = self._dice.choice(self._sent)
            new = old if self._dice.random() > AS_NEW else named(old, str(uuid.uuid4()))
            self._pool.append(new)
            self._changed.notify()
            return True

    @property
    def waiting(self) -> int:
        """How many letters wait or are on their way."""
        with self._changed:
            return len(self._pool) + self._under_way

    def close(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(TIMEOUT + 5)

    # --- A postman

    def _deliver(self) -> None:
        with Round() as round_:
            while (letter := self._take()) is not None:
                self._bring(round_, letter)

    def _take(self) -> Letter | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._pool)
            if self._stopped:
                return None
            self._under_way += 1
            return self._pool.pop(self._dice.randrange(min(len(self._pool), OVERTAKING)))

    def _bring(self, round_: "Round", letter: Letter) -> None:
        """Bring a letter, as often as it takes."""
        try:
            while not self._stopped:
                status = round_.post(self._dice.choice(self.receivers), letter)
                with self._changed:
                    self.counts.tries += 1
                    if status == 202:
                        self._brought(letter)
                        return
                    if status not in (None, 503):
                        self.counts.unusual.append(f"{status} for {letter.id}")
                        return
                time.sleep(0.1 + 0.2 * self._dice.random())
        finally:
            with self._changed:
                self._under_way -= 1

    def _brought(self, letter: Letter) -> None:
        self.counts.posted += 1
        if letter.id not in self.counts.acknowledged:
            self._sent.append(letter)
            self.counts.acknowledged.add(letter.id)
        if self._dice.random() < TWICE:
            self._pool.append(letter)
            self._changed.notify()


def named(letter: Letter, name: str) -> Letter:
    """Return the letter under another name: what Jira says is the same, but the receiver can't know."""
    return Letter(id=name, headers=letter.headers | {DELIVERY: name}, body=letter.body)


class Round:
    """A postman's round: keeps a connection to each receiver."""

    def __init__(self) -> None:
        self._open: dict[str, http.client.HTTPConnection] = {}

    def __enter__(self) -> "Round":
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._open.values():
            connection.close()

    def post(self, url: str, letter: Letter) -> int | None:
        """Post a letter; None where no answer came."""
        where = urlsplit(url)
        connection = self._open.setdefault(
            url, http.client.HTTPConnection(where.hostname or "", where.port, timeout=TIMEOUT)
        )
        try:
            connection.request("POST", "/webhooks/jira", letter.body, letter.headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            return None


@contextmanager
def at_work(*jobs: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run jobs in threads until the block ends; what one of them raises is raised here."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(job, stop) for job in jobs]
        try:
            yield
        finally:
            stop.set()
    for job in running:
        job.result()
