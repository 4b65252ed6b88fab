"""The search for planted secrets finds them: each of these tests of another session shows one, or is in order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SHOWN = """
import base64, logging, subprocess, sys
import click, pytest
from click.testing import CliRunner
from flask import Flask

SECRET = "plan" "ted-of-this-test"

def test_stdout(): print(SECRET)
def test_stderr(): print(SECRET, file=sys.stderr)
def test_log(): logging.getLogger("x").warning("token=%s", SECRET)
def test_basic(): print(base64.b64encode(f"user:{SECRET}".encode()).decode())
def test_longer_user(): print(base64.b64encode(f"users:{SECRET}".encode()).decode())
def test_taken(capsys): print(SECRET); capsys.readouterr()
def test_taken_below(capfdbinary): print(SECRET, flush=True); capfdbinary.readouterr()
def test_command(): CliRunner().invoke(click.Command("x", callback=lambda: click.echo(SECRET)))
def test_answer():
    app = Flask("x")
    app.add_url_rule("/", view_func=lambda: SECRET)
    app.test_client().get("/")
def test_header():
    app = Flask("x")
    app.add_url_rule("/", view_func=lambda: ("", {"Location": f"/?token={SECRET}"}))
    app.test_client().get("/")
def test_process(): subprocess.run([sys.executable, "-c", f"print('{SECRET}')"], capture_output=True)
def test_file(tmp_path):
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "1.log").write_text(SECRET)
def test_database(tmp_path): (tmp_path / "stagegate.db").write_bytes(b"\\0" + SECRET.encode() + b"\\xff")
def test_fails_anyway(): print(SECRET); assert False, "for another reason"

@pytest.fixture
def given(): print(SECRET)
def test_before(given): pass
@pytest.fixture
def taken(): yield; print(SECRET)
def test_after(taken): pass

def test_good_quiet(): pass
def test_good_output(tmp_path, capsys):
    print("plants, planted, [redacted]")
    (tmp_path / "config.toml").write_text(SECRET)
@pytest.mark.shows_secrets("its matter")
def test_good_purpose(): print(SECRET)
"""


@pytest.mark.shows_secrets("the other session tells what it found")
def test_each_way_in_which_a_secret_may_show_fails_its_test(tmp_path: Path) -> None:
    (tmp_path / "test_shown.py").write_text(SHOWN)
    command = [sys.executable, "-m", "pytest", "-p", "planted", "-p", "no:cacheprovider", "-q", "-rA", "--tb=short"]
    told = subprocess.run(
        [*command, "--strict-markers", "test_shown.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    ends: dict[str, set[str]] = {}
    for end, name in re.findall(r"^(PASSED|FAILED|ERROR) test_shown\.py::test_(\w+)", told.stdout, re.MULTILINE):
        ends.setdefault(name, set()).add(end)
    good = {name for name, seen in ends.items() if seen == {"PASSED"}}
    assert len(ends) == SHOWN.count("def test_"), told.stdout
    assert good == {"good_quiet", "good_output", "good_purpose"}, told.stdout
    assert "for another reason" in told.stdout
    assert told.stdout.count("shows a secret: ") >= len(ends) - len(good)
