"""What a newcomer does wrong in the first half hour: each time one message says where, and what to do instead.

The settings are config.example.toml, filled in for a running sandbox, with one mistake each. Exit code 2 says that the
command or the settings are wrong, 1 that Jira, the database or a mapping is not as it should be (docs/commands.md).
"""

import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mistake import URL, Mistake
from wrong_commands import COMMAND, MAPPING, STORE_AND_PORT
from wrong_settings import SETTINGS, SITE

import jira_sandbox
from sync_service import cli

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
SECRETS = {
    "STAGEGATE_JIRA_TOKEN": "service-sandbox-token",
    "STAGEGATE_WEBHOOK_SECRET": "planted-webhook-secret",
    "STAGEGATE_SESSION_KEY": "planted-session-key-of-enough-characters",
    "PLANTED": "planted-wrong-token",
}
EVERY = [*SETTINGS, *SITE, *MAPPING, *STORE_AND_PORT, *COMMAND]


@pytest.fixture(scope="module")
def jira() -> Iterator[jira_sandbox.Running]:
    with jira_sandbox.running() as running:
        yield running


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    """A site that is no Jira."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def process_as_before() -> Iterator[None]:
    """Take back what commands do to their process: its logging and its signal handlers."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook
    handlers = {sign: signal.getsignal(sign) for sign in (signal.SIGTERM, signal.SIGINT)}
    yield
    root.handlers[:], sys.excepthook = before[0], before[2]
    root.setLevel(before[1])
    for sign, handler in handlers.items():
        signal.signal(sign, handler)


@pytest.mark.parametrize("mistake", EVERY, ids=lambda mistake: mistake.what)
def test_a_wrong_step_is_told_with_place_and_remedy(
    mistake: Mistake,
    jira: jira_sandbox.Running,
    taken: int,
    web: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    words = {"{jira}": jira.url, "{jira_host}": jira.url.removeprefix("http://"), "{taken}": str(taken), "{web}": web}
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("STAGEGATE_")]:
        monkeypatch.delenv(name)
    for name, value in (SECRETS | dict(mistake.variables)).items():
        monkeypatch.setenv(name, value)
    Path("config.toml").write_text(settings_with(mistake.settings, words), encoding="utf-8")
    for name, text in mistake.files.items():
        Path(name).write_text(text, encoding="utf-8")
    mistake.before()

    command = [filled(word, words) for word in mistake.command.split(" ")]
    monkeypatch.setattr(sys, "argv", ["stagegate", *command])
    code: object = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code or 0
    out, err = capfd.readouterr()

    said = re.sub(r"\s+", " ", out + err)  # told on several lines, as wide as the terminal is
    assert code == mistake.code, said
    assert [pattern for pattern in mistake.says if not re.search(pattern, said)] == [], said
    assert "Traceback" not in said
    assert "planted-" not in said
    assert len(re.findall(r"^error: ", err, re.MULTILINE | re.IGNORECASE)) == (code == 2 or "error:" in err)


def settings_with(changes: Mapping[str, str], words: Mapping[str, str]) -> str:
    """Return the example of the settings, filled in for the sandbox, with these changes."""
    text = EXAMPLE.read_text(encoding="utf-8")
    right = {'url = "https://example.atlassian.net"': URL, '"stagegate@example.com"': '"service@sandbox.example"'}
    for old, new in [*right.items(), *changes.items()]:
        assert text.count(old) == 1, f"{old} stands {text.count(old)} times in the example"
        text = text.replace(old, new)
    return filled(text, words)


def filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text
