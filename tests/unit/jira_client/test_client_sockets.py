"""Against real sockets: resets, hangs, cut-off bodies, many threads; each within a second or two."""

import json
import socket
import struct
import threading
import time as real_time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import jira_sandbox
from sync_service.jira.errors import NotJira, Unanswered, Unreachable


class Server:
    """Accepts connections and hands each, with its request, to the behaviour given."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._behave = behave
        self.requests = 0
        self.connections: set[tuple[str, int]] = set()
        self.over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._socket.accept()
            except OSError:
                return
            self.connections.add(peer)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(60)
            while self._take_request(connection):
                self.requests += 1
                self._behave(connection)

    def _take_request(self, connection: socket.socket) -> bool:
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return False
                head += piece
            head, _, body = head.partition(b"\r\n\r\n")
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            while length and len(body) < int(length[0].split(b":")[1]):
                body += connection.recv(65536)
        except OSError:
            return False
        return True

    def close(self) -> None:
        self.over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(60)


@pytest.fixture
def serving() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def serve(behave: Callable[[socket.socket], None]) -> Server:
        servers.append(Server(behave))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


def answer(connection: socket.socket, body: bytes, *, length: int | None = None) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def cut_off(connection: socket.socket) -> None:
    answer(connection, b'{"id": "1', length=500)
    connection.close()


def endless(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"id": ')
    connection.close()


CREATE = [{"fields": {"summary": "x"}}]


@pytest.mark.parametrize(
    ("behave", "reading"),
    [(reset, Unreachable), (cut_off, Unreachable), (endless, NotJira)],
    ids=lambda case: case.__name__,
)
def test_a_broken_answer_is_asked_for_again_when_reading_and_never_when_creating(serving, connected, behave, reading):
    server = serving(behave)
    client = connected(url=server.url)
    with pytest.raises(reading):
        client.issue("1")
    assert server.requests == 3
    with pytest.raises(Unanswered):
        client.create_issues(CREATE)
    assert server.requests == 4


def test_a_server_that_never_answers_is_left_in_time(serving, connected):
    server = serving(lambda _: server.over.wait(60))
    client = connected(url=server.url, read_timeout=0.2)
    started = real_time.monotonic()
    with pytest.raises(Unreachable, match="Timeout"):
        client.issue("1")
    with pytest.raises(Unanswered, match="may have happened"):
        client.transition("1", "31")
    assert real_time.monotonic() - started < 30
    assert server.requests == 2


def test_https_for_a_server_that_speaks_plain_http_is_told_with_the_remedy(connected):
    with jira_sandbox.running() as plain:
        client = connected(url=plain.url.replace("http:", "https:"))
        with pytest.raises(Unreachable, match="answers without TLS") as lost:
            client.issue("1")
    assert "write jira.url with http://" in lost.value.remedy


def test_nobody_listens(connected, serving):
    server = serving(reset)
    url = server.url
    server.close()
    server.close = lambda: None  # type: ignore[method-assign]
    with pytest.raises(Unreachable, match=r"no connection to http://127.0.0.1.*Check jira.url"):
        connected(url=url).create_issues(CREATE)


def test_a_host_that_does_not_exist(connected):
    with pytest.raises(Unreachable, match=r"Check jira\.url"):
        connected(url="http://jira.invalid").issue("1")


def test_many_threads_share_a_client_and_each_keeps_its_connection(serving, connected):
    server = serving(lambda connection: answer(connection, json.dumps({"id": "1"}).encode()))
    client = connected(url=server.url)
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: client.issue("1"), range(40)))
        client.close()  # closes the connections of the threads that still live
        replies += list(pool.map(lambda _: client.issue("1"), range(4)))
    assert [reply.body for reply in replies] == [{"id": "1"}] * 44
    assert server.requests == 44
    assert len(server.connections) <= 8
