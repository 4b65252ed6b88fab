"""Ports for processes of the tests that have to be told where to listen."""

import random
import socket
from contextlib import suppress
from pathlib import Path


def free_port() -> int:
    """Return a port that nobody listens on, below those that the system gives to outgoing connections.

    One of those could be taken by any request of another test before the process that it is for listens on it.
    """
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(min(15_000, first_given - 10_000), first_given)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
