"""No pinned version has a vulnerability that the OSV database knows; skipped where that service is not reached."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 240
NO_SERVICE = re.compile(r"\brequests\.exceptions\.\w+|\bConnectionError\b|\bServiceError\b")


class NotReached(Exception):
    """The service does not answer, or stopped answering: nothing is known."""


def vulnerabilities(pins: Path, *options: str) -> dict[str, list[str]]:
    """Ask OSV about each pin; return the names of its vulnerabilities by package. Raises NotReached."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(pins), "--no-deps", "--disable-pip"]
    command += ["--vulnerability-service", "osv", "--timeout", "5", "--progress-spinner", "off", "--format", "json"]
    try:
        told = subprocess.run([*command, *options], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise NotReached(f"no end after {PATIENCE} s") from None
    if told.stdout:
        audited = json.loads(told.stdout)["dependencies"]
        return {one["name"]: [v["id"] for v in one["vulns"]] for one in audited if one["vulns"]}
    last = told.stderr.strip().splitlines()[-1]
    if NO_SERVICE.search(told.stderr):
        raise NotReached(last)
    raise AssertionError(f"pip-audit failed: {told.stderr}")


@pytest.mark.slow
def test_no_pinned_version_has_a_known_vulnerability() -> None:
    try:
        found = vulnerabilities(ROOT / "constraints.txt")
    except NotReached as reason:
        pytest.skip(f"the service of vulnerabilities is not reached: {reason}")
    assert not found


# --- The check itself, against a service of our own


@contextmanager
def osv(status: int = 200, vulnerable: str = "") -> Iterator[str]:
    """Serve OSV's one resource: `vulnerable` has a vulnerability, nothing else has."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known: dict[str, Any] = {"id": "PYSEC-2026-1", "summary": "All of it", "affected": []}
            body = json.dumps({"vulns": [known]} if asked["package"]["name"] == vulnerable else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing of requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    path = tmp_path / "constraints.txt"
    path.write_text("good==1.0\nbad==2.0\n")
    return path


@pytest.mark.slow
def test_a_vulnerable_pin_is_found_and_named(pins: Path) -> None:
    with osv(vulnerable="bad") as url:
        assert vulnerabilities(pins, "--osv-url", url) == {"bad": ["PYSEC-2026-1"]}
    with osv() as url:
        assert vulnerabilities(pins, "--osv-url", url) == {}


@pytest.mark.slow
def test_a_service_that_is_away_or_in_trouble_is_told_as_that(pins: Path) -> None:
    with osv(status=503) as url, pytest.raises(NotReached):
        vulnerabilities(pins, "--osv-url", url)
    with pytest.raises(NotReached):
        vulnerabilities(pins, "--osv-url", "http://127.0.0.1:9/")


@pytest.mark.slow
def test_pins_that_cannot_be_read_are_no_reason_to_skip(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="pip-audit failed"):
        vulnerabilities(tmp_path / "none.txt")
