"""A newcomer's first half hour: from the wheel in an empty environment to a move that is refused with its reasons.

Everything is a process of its own, as README.md and the pages that it names tell it, against a sandbox whose project
has nothing of ours. The transcript is printed (`make faults` shows it) and kept in `artefacts/newcomer.txt`.
"""

import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from terminal import Terminal

from tests.ports import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "artefacts" / "newcomer.txt"
NOT_REACHED = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ProxyError|Network is unreachable"
)
SANDBOX = "stagegate sandbox --empty --port 0 --json"
SERVICE = "stagegate run"
OURS = """\
extends = "paytronix"
name = "ours"

[fields.feasibility]
name = "Can It Be Done"
"""


class Jira:
    """The site as the people of the project use it, over its REST interface."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.url = told["url"]
        self.people = told["people"] | {"service": told["service_account"]}

    def asks(self, who: str, method: str, path: str, **body: Any) -> Any:
        person = self.people[who]
        answer = requests.request(
            method,
            f"{self.url}/rest/api/3/{path}",
            auth=(person["email"], person["token"]),
            json=body or None,
            timeout=60,
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def moves(self, who: str, key: str) -> dict[str, str]:
        """Return the transitions that are offered on an issue, by name."""
        offered = self.asks(who, "GET", f"issue/{key}/transitions")["transitions"]
        return {each["name"]: each["id"] for each in offered}

    def status(self, key: str) -> str:
        return str(self.asks("tc", "GET", f"issue/{key}?fields=status")["fields"]["status"]["name"])

    def comments(self, key: str) -> str:
        """Return the text of all comments on an issue."""
        told = json.dumps(self.asks("tc", "GET", f"issue/{key}/comment"), ensure_ascii=False)
        return " ".join(re.findall(r'"text": "((?:[^"\\]|\\.)*)"', told))


def installed(folder: Path) -> Path:
    """Build the wheel and install it into an empty environment; return where its programs are."""
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "env", with_pip=True)
    programs = folder / "env" / "bin"
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--no-input", *constraints, str(wheel)]
    done = subprocess.run(pip, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and NOT_REACHED.search(done.stderr) and not os.environ.get("CI"):
        pytest.skip("the registry of packages is not reached, so the wheel's dependencies can't be installed")
    assert done.returncode == 0, done.stderr
    return programs


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    programs = installed(tmp_path)
    (tmp_path / "stagegate").mkdir()
    newcomers = Terminal(tmp_path / "stagegate", programs)
    yield newcomers
    newcomers.ends()
    print(newcomers.transcript)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(newcomers.transcript, encoding="utf-8")


@pytest.mark.shows_secrets("the sandbox tells its own, and the newcomer types an administrator's")
def test_from_an_empty_folder_to_the_first_refused_move(terminal: Terminal) -> None:
    config, port = terminal.folder / "config.toml", free_port()
    receiver = f"http://127.0.0.1:{port}"

    def edits(**changes: str) -> None:
        """Change lines of config.toml that begin like this, commented out or not."""
        text = config.read_text(encoding="utf-8")
        for start, line in changes.items():
            text, count = re.subn(rf"(?m)^(# )?{start} = .*$", lambda _, line=line: line, text, count=1)
            assert count == 1, start
        config.write_text(text, encoding="utf-8")
        terminal.notes("edit config.toml: " + "; ".join(changes.values()))

    # 1 and 2: install, and describe the process
    assert re.search(r"version \d+\.\d+", terminal.types("stagegate --version"))
    terminal.notes("write my-mapping.toml:\n" + OURS)
    (terminal.folder / "my-mapping.toml").write_text(OURS, encoding="utf-8")
    assert "nothing wrong" in terminal.types("stagegate check --mapping my-mapping.toml")

    # 3: the settings
    assert "stagegate example-config > config.toml" in terminal.types("stagegate check", code=2)
    terminal.types("stagegate example-config > config.toml")
    assert "STAGEGATE_JIRA_TOKEN is not set" in terminal.types("stagegate check", code=2)
    terminal.starts(SANDBOX)
    jira = Jira(terminal.until(lambda: first_line(terminal.said(SANDBOX)), "the sandbox"))
    edits(
        url=f'url = "{jira.url}"',
        email=f'email = "{jira.people["service"]["email"]}"',
        port=f"port = {port}",
        mappings='mappings = ["my-mapping.toml"]',
    )
    terminal.exports(
        STAGEGATE_JIRA_TOKEN=jira.people["service"]["token"], STAGEGATE_WEBHOOK_SECRET="planted-secret-of-the-webhook"
    )
    assert "my-mapping.toml: nothing wrong" in terminal.types("stagegate check")

    # 4: prepare the Jira project
    assert "run `stagegate provision`" in flat(terminal.types("stagegate check --live", code=1))
    hook = f"--webhook-url {receiver}/webhooks/jira"
    assert "lacks the global permission 'Administer Jira'" in flat(terminal.types("stagegate provision"))
    terminal.notes("so this command is run with an administrator's credentials")
    admin = jira.people["admin"]
    as_admin = f"STAGEGATE_JIRA__EMAIL={admin['email']} STAGEGATE_JIRA__TOKEN={admin['token']}"
    assert re.search(r"INT: \d+ changes", terminal.types(f"{as_admin} stagegate provision {hook} --out plan.json"))
    assert "INT: applied; nothing is left to do" in terminal.types(f"{as_admin} stagegate provision --apply plan.json")
    assert "INT: no changes" in terminal.types(f"{as_admin} stagegate provision {hook}")
    assert "nothing wrong with the site" in terminal.types("stagegate check --live")

    # 5: run it
    terminal.starts(SERVICE)
    terminal.until(lambda: answers(f"{receiver}/readyz"), "the receiver")
    issue = jira.asks(
        "tc",
        "POST",
        "issue",
        fields={"project": {"key": "INT"}, "issuetype": {"name": "Integration"}, "summary": "Acme loyalty"},
    )
    key = issue["key"]
    terminal.notes(f"in Jira, the technical consultant creates {key}")
    terminal.until(lambda: "To Requirements" not in jira.moves("tc", key) and subtasks(jira, key), "the steps")
    terminal.notes("sub-tasks: " + "; ".join(subtasks(jira, key)))
    terminal.notes(f"the gate is closed, so Jira offers the consultant only: {', '.join(jira.moves('tc', key))}")
    jira.asks("tc", "POST", f"issue/{key}/transitions", transition={"id": jira.moves("tc", key)["To Declined"]})
    terminal.notes(f"the consultant moves {key} to Declined")
    said = terminal.until(lambda: jira.comments(key), "an answer on the issue")
    assert "The move from Discovery to Declined is refused" in said
    assert "Can It Be Done is empty; it must be Not feasible" in said
    terminal.until(lambda: jira.status(key) == "Discovery", "the way back")
    terminal.notes(f"it is back in {jira.status(key)}, with this comment:\n{said}")

    # Where it stands, for people at a terminal, managers, and in Jira's dashboard
    assert "Can It Be Done is empty" in flat(terminal.types(f"stagegate explain {key}"))
    assert "nothing to do" in terminal.types(f"stagegate plan {key}")
    assert "Acme loyalty" in terminal.types("stagegate report portfolio")
    page = requests.get(f"{jira.url}/_sandbox/dashboards/10000", timeout=60)
    assert "Projects by stage" in page.text
    assert '<td>Discovery</td><td class="count">1</td>' in page.text
    terminal.notes("the dashboard that `provision` made counts one project in Discovery")
    terminal.stops(SERVICE)

    # The console
    line = re.search(r"^ +(\"ann\" = '.+')$", terminal.types("stagegate console-token ann"), re.MULTILINE)
    token = re.search(r"^ +(ann\.\S+)$", terminal.transcript, re.MULTILINE)
    assert line
    assert token
    edits(
        enabled="enabled = true",
        session_key='session_key = "env:STAGEGATE_SESSION_KEY"',
        secure_cookies="secure_cookies = false",
        readers=f"[console.readers]\n{line[1]}",
    )
    terminal.exports(STAGEGATE_SESSION_KEY="planted-key-of-the-console-0123456789")
    terminal.types("stagegate check")
    terminal.starts(SERVICE)
    terminal.until(lambda: answers(f"{receiver}/readyz"), "the receiver")
    with requests.Session() as browser:
        csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get(f"{receiver}/console/", timeout=60).text)
        assert csrf
        board = browser.post(
            f"{receiver}/console/sign-in", data={"csrf": csrf[1], "token": token[1], "to": "/console/"}, timeout=60
        )
    assert board.ok
    assert "Acme loyalty" in board.text
    terminal.notes(f"the console's board, {board.url}, shows {key} Acme loyalty")
    terminal.stops(SERVICE)
    terminal.stops(SANDBOX)
    assert "planted-" not in terminal.transcript
    assert [command for command in told_in_readme() if f"stagegate {command}" not in terminal.transcript] == []


def told_in_readme() -> set[str]:
    """Return the commands that README's way to a site of one's own takes, without their own arguments."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Use it with your Jira")[1].split("\n## ")[0]
    return {re.split(r" INT-| https:", command)[0] for command in re.findall(r"`stagegate ([^`]+)`", section)}


def flat(text: str) -> str:
    """Undo the lines that a terminal makes of a sentence."""
    return re.sub(r"\s+", " ", text)


def first_line(text: str) -> Any:
    line, end, _ = text.partition("\n")
    return json.loads(line) if end else None


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=60).ok
    except requests.ConnectionError:
        return False


def subtasks(jira: Jira, key: str) -> list[str]:
    found = jira.asks("tc", "GET", f"issue/{key}?fields=subtasks")["fields"]["subtasks"]
    return [f"{each['key']} {each['fields']['summary']}" for each in found]
