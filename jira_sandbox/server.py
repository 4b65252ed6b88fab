"""HTTP for the sandbox: werkzeug's threaded server with connections kept alive, in a thread or in the foreground."""

import io
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from jira_sandbox.clock import Clock
from jira_sandbox.errors import CannotListen
from jira_sandbox.face.app import CUT, create_app
from jira_sandbox.faults import Faults
from jira_sandbox.requests_log import RequestLog
from jira_sandbox.sandbox import WEBHOOK_SECRET, Credential, Sandbox
from jira_sandbox.site import Site
from jira_sandbox.webhooks import Outbox, Send, post


class Handler(WSGIRequestHandler):
    """One connection, kept alive; each reply leaves in a single packet.

    werkzeug's own handler closes every connection, because an application may leave part of a body unread. This one
    reads the body first.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        body = self._body(environ)
        if len(body) < int(environ.get("CONTENT_LENGTH") or 0):
            self.close_connection = True  # the client died before it had said all: nothing was asked
            return
        environ["wsgi.input"] = io.BytesIO(body)
        begun: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> Any:
            begun.extend((status, headers))

        reply = self.server.app(environ, start_response)
        try:
            content = b"".join(reply)
        finally:
            getattr(reply, "close", lambda: None)()
        self._write(str(begun[0]), begun[1], content, environ.get(CUT))

    @staticmethod
    def _body(environ: dict[str, Any]) -> bytes:
        if environ.get("wsgi.input_terminated"):
            return bytes(environ["wsgi.input"].read())
        return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))

    def _write(self, status: str, headers: list[tuple[str, str]], content: bytes, cut: str | None) -> None:
        if cut == "reset":
            self._reset()
            return
        head = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        packet = "\r\n".join([*head, "", ""]).encode("latin-1")
        if self.command != "HEAD":
            packet += content[: len(content) // 2] if cut == "truncate" else content
        self.wfile.write(packet)
        self.close_connection = self.close_connection or cut == "truncate"

    def _reset(self) -> None:
        # Lingering for no time makes close() send RST: the client sees "connection reset by peer".
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  werkzeug's name
        """Stay silent: the sandbox has a log of its own."""


class Server(ThreadedWSGIServer):
    """A threaded server that can end its connections, so that stopping leaves nothing open."""

    daemon_threads = True

    def __init__(self, host: str, taken: socket.socket, sandbox: Sandbox) -> None:
        self._open: set[socket.socket] = set()
        self._all_closed = threading.Condition()
        super().__init__(host, taken.getsockname()[1], create_app(sandbox), handler=Handler, fd=taken.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection."""
        with self._all_closed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection, and forget it."""
        super().shutdown_request(request)
        with self._all_closed:
            self._open.discard(request)
            self._all_closed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that clients or faults cut; anything else is a defect to be shown."""
        if not isinstance(sys.exc_info()[1], OSError | ValueError):
            super().handle_error(request, client_address)

    def end_connections(self) -> None:
        """Cut what is still open and wait until every handler has let go."""
        with self._all_closed:
            for request in self._open:
                try:
                    request.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # a fault or the client closed it first
            self._all_closed.wait_for(lambda: not self._open, timeout=5)


class Running:
    """A sandbox that is being served; made by `running`."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self.sandbox = sandbox
        self.url = url

    @property
    def site(self) -> Site:
        """Return the plain state behind the address; take `site.lock` to change it while requests run."""
        return self.sandbox.site

    @property
    def clock(self) -> Clock:
        """Return the site's clock."""
        return self.site.clock

    @property
    def credentials(self) -> dict[str, Credential]:
        """Return how each signs in: `tc`, `integrations`, `integrator`, `client`, `sales`, `admin`, `service`."""
        return self.sandbox.credentials

    @property
    def faults(self) -> Faults:
        """Return the switches for faults."""
        return self.sandbox.faults

    @property
    def webhooks(self) -> Outbox:
        """Return the outbox of webhooks."""
        return self.sandbox.webhooks

    @property
    def requests(self) -> RequestLog:
        """Return the log of requests."""
        return self.sandbox.requests

    def reset(self, site: Site | None = None, **make: Any) -> Site:
        """Start over with a fresh preset site; keywords are `preset.make_site`'s and replace those of the start."""
        if make:
            self.sandbox.make = make
            self.webhooks.identified = make.get("flavour", "cloud") == "cloud"
        return self.sandbox.reset(site)


def _listening(host: str, port: int, sandbox: Sandbox) -> Server:
    """Return a server at the address; werkzeug, left to take it, would end the process where it can't."""
    if port not in range(2**16):
        raise CannotListen(f"can't listen on {host}:{port}: no such port")
    try:
        taken = socket.create_server((host, port), backlog=Server.request_queue_size)
    except socket.gaierror as error:
        raise CannotListen(f"can't listen on {host}:{port}: {error.strerror}") from None
    except OSError as error:
        raise CannotListen(f"can't listen on {host}:{port}: {os.strerror(error.errno or 0)}") from None
    with taken:
        return Server(host, taken, sandbox)


@contextmanager
def running(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    webhook_url: str | None = None,
    webhook_secret: str | None = WEBHOOK_SECRET,
    gateway: bool = False,
    send: Send = post,
    **make: Any,
) -> Iterator[Running]:
    """Serve a fresh sandbox from a thread while the context lasts.

    `port` 0 takes a free one; `gateway` makes `self` links and the address those of the API gateway; `send` replaces
    the HTTP POST of webhooks; the other keywords are `preset.make_site`'s (`flavour`, `workflow`, `clock`, …).
    Raises CannotListen.
    """
    sandbox = Sandbox.fresh(send=send, **make)
    server = _listening(host, port, sandbox)
    root = f"http://{host}:{server.port}"
    sandbox.base_url = sandbox.site.base_url = f"{root}/ex/jira/{sandbox.site.cloud_id}" if gateway else root
    if webhook_url:
        sandbox.target(webhook_url, webhook_secret)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="sandbox-http", daemon=True)
    thread.start()
    try:
        yield Running(sandbox, sandbox.base_url)
    finally:
        sandbox.stopping.set()
        server.shutdown()
        server.end_connections()
        server.server_close()
        thread.join()
        sandbox.webhooks.stop()
