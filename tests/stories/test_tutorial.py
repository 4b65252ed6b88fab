"""docs/tutorial.md, done as it is written: its commands in their order, and what it shows is what one sees."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCKS = re.findall(r"^```(sh|text)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
STAYS = re.compile(r"stagegate (sandbox|run)\b")
LASTS = re.compile(r"mkdir|export|\w+\(\)")
"""Begins what a shell remembers: a folder, a variable, a function. It is typed again before each later block."""
PATIENCE = 240.0
"""Seconds within which what the page shows "a moment later" must be there."""


class Reader:
    """Somebody who follows the page: one shell that remembers, and a terminal for each command that stays."""

    def __init__(self, home: Path) -> None:
        self.ports = {"8311": str(free_port()), "8080": str(free_port())}
        self.home = home
        self.typed: list[str] = []
        self.terminals: list[subprocess.Popen[str]] = []
        self.environment = {
            "HOME": str(home),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "STAGEGATE_WEBHOOKS__PORT": self.ports["8080"],
        }

    def types(self, block: str) -> str:
        """Type a block, and return what it prints."""
        for written, free in self.ports.items():
            block = block.replace(written, free)
        if STAYS.match(block):
            self.terminals.append(self._terminal(block))
            return ""
        if LASTS.match(block):
            self.typed.append(block)
            return ""
        done = subprocess.run(
            self._shell(block), env=self.environment, text=True, capture_output=True, timeout=PATIENCE
        )
        return done.stdout + done.stderr

    def sees(self, block: str, shown: str) -> None:
        """Look until everything is there that the page shows; only blocks that look are followed by a picture."""
        end = time.monotonic() + PATIENCE
        while missing := missing_from(printed := self.types(block), shown):
            assert time.monotonic() < end, f"{block}does not show {missing}, but\n{printed}"
            time.sleep(0.2)

    def _terminal(self, command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self._shell(f"exec {command}"), env=self.environment, text=True, stdout=subprocess.DEVNULL
        )

    def _shell(self, block: str) -> list[str]:
        return ["bash", "-eu", "-o", "pipefail", "-c", "\n".join([*self.typed, block])]

    def leaves(self) -> None:
        for terminal in reversed(self.terminals):
            terminal.send_signal(signal.SIGINT)
        assert [terminal.wait(timeout=PATIENCE) for terminal in self.terminals] == [0 for _ in self.terminals]


def missing_from(printed: str, shown: str) -> list[str]:
    return [line for line in shown.splitlines() if flat(line) not in flat(printed)]


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    for terminal in reader.terminals:
        terminal.kill()
        terminal.wait()


def test_the_tutorial_works_as_it_is_written(reader: Reader) -> None:
    (_, install), *blocks = BLOCKS
    assert install.startswith("make install\n")  # this very environment is what it makes
    for (language, block), (after, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language != "sh":
            continue
        if after == "text":
            reader.sees(block, shown)
        else:
            reader.types(block)
    reader.leaves()
