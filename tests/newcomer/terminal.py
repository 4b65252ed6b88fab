"""A newcomer's terminal: commands as they are typed, in an empty folder, and a transcript of all that was seen."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Seen = TypeVar("Seen")
PATIENCE = 240.0
STOP_SECONDS = 30.0


class Terminal:
    """One shell's folder and variables; nothing of the test's own environment is in it but where programs are."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.variables = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "COLUMNS": "100",
        }
        self.lines: list[str] = []
        self.background: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def transcript(self) -> str:
        """Return all that was typed and seen, the tools' own colours and folders left out."""
        return "\n".join(self.lines).replace(str(self.folder), "~")

    def notes(self, text: str) -> None:
        """Note what is done outside of the terminal."""
        self.lines += ["", f"# {text}"]

    def exports(self, **variables: str) -> None:
        """Set variables; the transcript has their names only."""
        self.variables |= variables
        self.lines += [f"$ export {name}=…" for name in variables]

    def types(self, command: str, *, code: int = 0, seconds: float = 120) -> str:
        """Type a command and return what it printed; it must end with this code."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        self.lines += [f"$ {command}", done.stdout.rstrip()] + ([f"(exit code {done.returncode})"] if code else [])
        assert done.returncode == code, f"{command} ended with {done.returncode}\n{self.transcript}"
        assert "Traceback" not in done.stdout
        return done.stdout

    def starts(self, command: str) -> None:
        """Type a command that goes on; what it prints is in `said`."""
        self.lines.append(f"$ {command} &")
        with self._log(command).open("wb") as log:
            self.background[command] = subprocess.Popen(
                ["sh", "-c", f"exec {command}"], cwd=self.folder, env=self.variables, stdout=log, stderr=log
            )

    def said(self, command: str) -> str:
        """Return what a command in the background has printed so far."""
        return self._log(command).read_text(encoding="utf-8")

    def until(self, ask: Callable[[], Seen | None], what: str) -> Seen:
        """Ask until there is an answer, while all that was started runs."""
        deadline = time.monotonic() + PATIENCE
        while not (seen := ask()):
            for command, process in self.background.items():
                assert process.poll() is None, f"{command} has ended:\n{self.said(command)}"
            assert time.monotonic() < deadline, f"waited for {what} in vain\n{self.transcript}"
            time.sleep(0.1)
        return seen

    def stops(self, command: str) -> None:
        """Ask what runs in the background to end (SIGTERM), which it must in time and in order."""
        process = self.background.pop(command)
        process.send_signal(signal.SIGTERM)
        code = process.wait(STOP_SECONDS)
        self.lines += [f"$ kill %1     # {command}", self.said(command).rstrip(), f"(exit code {code})"]
        assert code == 0, self.transcript
        assert "Traceback" not in self.said(command)

    def ends(self) -> None:
        """End what still runs."""
        for process in self.background.values():
            process.kill()
            process.wait()

    def _log(self, command: str) -> Path:
        return self.folder / f".{re.sub(r'[^a-z]+', '-', command)}.log"
