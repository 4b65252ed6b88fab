"""The sandbox as Jira, in a process of its own, with its people and its switches."""

import json
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import requests

TIMEOUT = 240
"""Far more than any answer takes; the whole state of a busy site is large, and the machine may be busy too."""

WATCHED = Path(__file__).parents[1] / "contract" / "watched_sandbox.py"


class JiraSite:
    """A running sandbox. People ask it as themselves, each thread over a connection of its own."""

    def __init__(self, folder: Path, *, webhook_url: str | None = None, flavour: str = "cloud") -> None:
        self._record = folder / "contract.pickle"
        command = [sys.executable, str(WATCHED), str(self._record), "--port", "0", "--json", "--flavour", flavour]
        self._log = (folder / "jira.log").open("wb")
        self._process = subprocess.Popen(
            command + (["--webhook-url", webhook_url] if webhook_url else []),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the sandbox did not start: {Path(self._log.name).read_text()[-3000:]}"
        self.told: dict[str, Any] = json.loads(line)
        self.url = str(self.told["url"])
        self.service: dict[str, str] = self.told["service_account"]
        self._mine = threading.local()
        self._sessions: list[requests.Session] = []
        self.fields = {field["name"]: field["id"] for field in self.ask("admin", "GET", "field")}

    def close(self) -> None:
        for session in self._sessions:
            session.close()
        self._process.terminate()
        self._process.wait(TIMEOUT)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def recorded(self) -> Any:
        """Return what the product asked and was told, for the contract with Jira; only once this is closed."""
        return pickle.loads(self._record.read_bytes())

    def ask(self, who: str, method: str, path: str, body: object = None) -> Any:
        """Ask Jira as one of the people; raises requests.HTTPError where it refuses."""
        person = self.told["people"][who]
        answer = self._session().request(
            method,
            f"{self.url}/rest/api/2/{path}",
            json=body,
            auth=(person["email"], person["token"]),
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def switch(self, method: str, path: str, body: object = None) -> Any:
        """Turn one of the sandbox's own switches."""
        answer = self._session().request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _session(self) -> requests.Session:
        if not hasattr(self._mine, "session"):
            self._mine.session = requests.Session()
            self._sessions.append(self._mine.session)
        session: requests.Session = self._mine.session
        return session

    # --- What the tests want to know

    def issues(self) -> list[dict[str, Any]]:
        """Return the whole world: every issue with values, properties, comments and changes."""
        found: list[dict[str, Any]] = self.switch("GET", "state")["issues"]
        return found

    def projects(self) -> list[dict[str, Any]]:
        return [issue for issue in self.issues() if issue["type"] == "Integration"]

    def writes(self) -> int:
        """Return how many requests of the service could have changed something since the last `forget`."""
        reads = ("bulkfetch", "/search", "/search/jql")
        asked = self.switch("GET", "requests")["requests"]
        return sum(
            each["caller"] == "service" and not each["operation"].startswith("GET ")
            and not each["operation"].endswith(reads)
            for each in asked
        )  # fmt: skip

    def forget(self) -> None:
        """Forget the requests until now."""
        self.switch("DELETE", "requests")

    def idle(self) -> bool:
        """Tell whether every webhook is sent."""
        return bool(self.switch("POST", "webhooks/wait?timeout=1")["idle"])

    def fails(self, share: float) -> None:
        """Let so great a share of the service's requests fail, in every way that networks and Jira know."""
        ways: list[dict[str, Any]] = [
            {"action": "status", "status": 503},
            {"action": "status", "status": 429, "retry_after": 1},
            {"action": "reset_before"},
            {"action": "reset_after"},
            {"action": "slow", "ms": 500},
            {"action": "truncate"},
        ]
        for way in ways:
            fault = way | {"caller": "service", "every": round(len(ways) / share)}
            self.switch("POST", "faults", fault)

    def works_again(self) -> None:
        self.switch("DELETE", "faults")
