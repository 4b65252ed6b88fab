"""What the commands print of an error: a gateway before Jira may repeat our credentials, and no output shows them."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sync_service import cli
from sync_service.logs import REDACTED

TOKEN = "planted-token-of-the-account"


class Gateway(BaseHTTPRequestHandler):
    """A Jira behind a gateway that lets the sign-in through, and repeats the header that it refuses."""

    def do_GET(self) -> None:
        header = self.headers["Authorization"]
        known = {
            "myself": {"name": "me", "accountId": "me", "displayName": "Me", "timeZone": "UTC", "active": True},
            "serverInfo": {"deploymentType": "Server" if header.startswith("Bearer") else "Cloud", "version": "10.3.0"},
        }
        refused = {"errorMessages": [f"Invalid header: Authorization={header}", f"what is {header.split()[1]}?"]}
        answer = known.get(self.path.rpartition("/")[2])
        body = json.dumps(answer or refused).encode()
        self.send_response(200 if answer else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing beside the command."""


@pytest.fixture
def gateway() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("email", ["", 'email = "stagegate@example.com"'], ids=["Data Center", "Cloud"])
@pytest.mark.parametrize("command", ["explain INT-12", "plan INT-12 --json", "check --live", "check --live --json"])
def test_what_jira_repeats_of_our_credentials_is_not_printed(
    command: str,
    email: str,
    gateway: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN_OF_TESTS", TOKEN)
    Path("config.toml").write_text(
        f'[jira]\nurl = "{gateway}"\ntoken = "env:TOKEN_OF_TESTS"\n{email}\n[lifecycle]\nenforce_since = 2026-01-01\n'
    )
    monkeypatch.setattr(sys, "argv", ["stagegate", *command.split()])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = "".join("".join(capsys.readouterr()).split())
    assert ended.value.code == 1
    assert f"whatis{REDACTED}?" in told
    assert TOKEN not in told
