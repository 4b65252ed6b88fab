"""The demo as a newcomer runs it: real processes, real HTTP; its end is read back with the plain `jira` client."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jira import JIRA

SECONDS = 300
"""How long anything may take; a busy machine is slow."""

ADMIN = ("admin@sandbox.example", "admin-sandbox-token")
REFUSED = "is refused:*"


@contextmanager
def demo(folder: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Run `stagegate demo` with its temporary files in a folder; whatever happens, it is over at the end."""
    environment = {**os.environ, "TMPDIR": str(folder), "COLUMNS": "100"}
    environment.pop("KEEP", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "sync_service.cli", "demo", *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    alarm = threading.Timer(SECONDS, process.terminate)
    alarm.start()
    try:
        with process:
            yield process
    finally:
        alarm.cancel()
        if process.poll() is None:
            process.terminate()
            process.wait(SECONDS)


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """Return what the demo prints up to a line with these words."""
    assert process.stdout
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return "".join(said)
    raise AssertionError(f"{words!r} was never printed:\n{''.join(said)}")


def descendants(pid: int) -> set[int]:
    """Return the processes that came from one."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    found: set[int] = {pid}
    while new := {child for child, parent in parents.items() if parent in found} - found:
        found |= new
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    """Return those that run; an orphan that has ended is listed until the machine's first process sees to it."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    states = {int(pid): state for pid, state in (line.split() for line in listed.splitlines())}
    return {pid for pid in pids if not states.get(pid, "Z").startswith(("Z", "X"))}


@pytest.fixture
def kept_demo(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A demo that has played to its end and runs on, and what it printed."""
    with demo(tmp_path, "--keep") as process:
        said = read_until(process, "Everything runs on")
        yield process, said + read_until(process, "metrics")


def test_the_demo_leaves_jira_in_the_right_state_and_nothing_behind(
    kept_demo: tuple["subprocess.Popen[str]", str], tmp_path: Path
) -> None:
    """Live after two rounds, one of them failed; one sub-task a marker, one comment a refusal; SIGTERM ends it all."""
    process, said = kept_demo
    found = re.search(r"Jira +(http://[\d.:]+)", said)
    assert found, said
    jira = JIRA(found[1], basic_auth=ADMIN, get_server_info=False)
    try:
        names = {field["name"]: field["id"] for field in jira.fields()}
        issue = jira.issue("INT-1", expand="changelog")
        values = {name: getattr(issue.fields, names[name]) for name in names if hasattr(issue.fields, names[name])}
        assert str(values["Integration Stage"]) == "Live"
        assert values["Certification Round"] == 2
        assert values["Rounds Failed"] == 1
        markers = Counter(
            str(sorted(jira.issue_property(subtask.key, "stagegate.step").raw["value"].items()))
            for subtask in issue.fields.subtasks
        )
        assert len(markers) == len(issue.fields.subtasks) == 40
        refusals = [
            entry for entry in issue.changelog.histories if any(item.field == "Last Refusal" for item in entry.items)
        ]
        comments = [comment for comment in jira.comments(issue) if REFUSED in comment.body]
        assert len(refusals) == len(comments) == 1
    finally:
        jira.close()
    children = descendants(process.pid)
    assert len(children) >= 4
    process.terminate()
    assert process.wait(SECONDS) == 0
    assert not alive(children)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow  # the stories are told on Data Center as well; this plays what the one above does
def test_the_demo_plays_on_data_center_too(tmp_path: Path) -> None:
    with demo(tmp_path, "--flavour", "datacenter") as process:
        said = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 0, said
    assert "Everything is as it should be" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_demo_that_is_interrupted_clears_everything_away(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        read_until(process, "Discovery")
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 128 + signal.SIGINT
    assert "Traceback" not in said
    assert not alive(children)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_process_that_dies_ends_the_demo_with_the_end_of_its_log(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        read_until(process, "Requirements")
        for child in descendants(process.pid):
            command = Path(f"/proc/{child}/cmdline").read_text().split("\0") if alive({child}) else []
            if "run" in command and descendants(child):
                os.kill(child, signal.SIGKILL)
        said = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 1
    assert "the service ended with code -9; the end of its log:" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
