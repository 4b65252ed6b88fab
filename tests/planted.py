"""A plugin of pytest: whatever a test's doings put out is searched for secrets, and a test that shows one fails.

Secrets that tests make up begin with `planted-`; the sandbox's own are known by their endings. Searched are what pytest
captured of output and logs, what a test took out of that itself, the outputs of commands and of processes, the answers
of our own face, and the logs and databases that are left in the test's folder. A test whose matter is to show one says
so: `@pytest.mark.shows_secrets("why")`.
"""

import re
import subprocess
from base64 import b64encode
from collections.abc import Callable, Generator, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

MARKS = ("planted-", "-sandbox-token", "sandbox-webhook-secret")
OUTPUTS = (".log", ".db", ".db-wal")
AROUND = 60


def notations(mark: str) -> Iterable[bytes]:
    """Return how a text that holds the mark may be written: as it is, or in base64, wherever in a text it stands."""
    text = mark.encode()
    yield text
    for shift in range(3):
        encoded = b64encode(b"\0" * shift + text)
        yield encoded[-(-shift * 8 // 6) : (shift + len(text)) * 8 // 6]


SECRET = re.compile(b"|".join(re.escape(form) for mark in MARKS for form in notations(mark)))


class Search:
    """Looks into what is put out, and keeps what it found for the report of the test that is running."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def look_into(self, place: str, *outputs: str | bytes | None) -> None:
        """Search some outputs; `place` says where they come from."""
        for output in outputs:
            text = output.encode(errors="replace") if isinstance(output, str) else output or b""
            if (secret := SECRET.search(text)) is not None:
                around = text[max(secret.start() - AROUND, 0) : secret.end() + AROUND]
                self.found.append(f"{place} shows a secret: {around.decode(errors='replace')!r}")

    def look_into_folder(self, folder: Path) -> None:
        """Search the logs and databases in a test's folder."""
        for path in folder.rglob("*"):
            if path.suffix in OUTPUTS and path.is_file():
                self.look_into(path.name, path.read_bytes())

    def tell(self) -> str:
        """Return what was found since this was last asked."""
        told, self.found = "\n".join(self.found), []
        return told


SEARCH = Search()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "shows_secrets(why): a secret in its output is in order")
    _tap(pytest.CaptureFixture, "readouterr", lambda read: SEARCH.look_into("the captured output", *read))
    _tap(CliRunner, "invoke", lambda result: SEARCH.look_into("the command's output", result.output))
    _tap(FlaskClient, "open", lambda answer: SEARCH.look_into("the answer", answer.get_data(), str(answer.headers)))
    _tap(subprocess.Popen, "communicate", lambda told: SEARCH.look_into("the process's output", *told))


def _tap(holder: type, name: str, look: Callable[[Any], None]) -> None:
    """Look at whatever a method returns."""
    original = getattr(holder, name)

    @wraps(original)
    def tapped(*args: Any, **options: Any) -> Any:
        result = original(*args, **options)
        look(result)
        return result

    setattr(holder, name, tapped)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail each test, or its setup or teardown, that showed a secret."""
    report = yield
    for name, text in report.sections:
        if name.endswith(f" {call.when}"):
            SEARCH.look_into(name, text)
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if call.when == "teardown" and folder is not None:
        SEARCH.look_into_folder(folder)
    told = SEARCH.tell()
    if told and item.get_closest_marker("shows_secrets") is None:
        report.outcome = "failed"
        report.longrepr = f"{report.longrepr}\n\n{told}" if report.longrepr else told
    return report
