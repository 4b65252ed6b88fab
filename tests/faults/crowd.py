"""The people of the projects: they create them, edit, comment, close and reopen steps, and move on too early."""

import random
import threading
from collections.abc import Callable
from typing import Any

import requests
from jira_site import JiraSite

MOST_MOVES = 2
"""Moves forward of one project: more within an hour would be a tug of war, which the service leaves alone."""


class Crowd:
    """People at work on some projects, each deed by the dice of a seed."""

    def __init__(self, jira: JiraSite, *, seed: int = 1) -> None:
        self.jira = jira
        self.dice = random.Random(seed)
        self.keys: list[str] = []
        self.deeds = 0
        self.refused = 0
        self._moves: dict[str, int] = {}

    def begin(self, projects: int) -> list[str]:
        """Create so many more projects; return their keys."""
        account = {name: {"accountId": person["account"]} for name, person in self.jira.told["people"].items()}
        roles = {
            self.jira.fields["Technical Consultant"]: account["tc"],
            self.jira.fields["Integrations Engineer"]: account["integrations"],
            self.jira.fields["Integrator Contact"]: account["integrator"],
        }
        common = {"project": {"key": "INT"}, "issuetype": {"name": "Integration"}, **roles}
        new = [
            str(self.jira.ask("tc", "POST", "issue", {"fields": {**common, "summary": f"Project {number}"}})["key"])
            for number in range(projects)
        ]
        self.keys += new
        return new

    def act(self) -> None:
        """Let somebody do something; what Jira refuses (somebody else was quicker) is counted."""
        key = self.dice.choice(self.keys)
        deeds: list[tuple[int, Callable[[str], None]]] = [
            (6, self._edits),
            (3, self._comments),
            (3, self._fills_in),
            (8, self._works_on_a_step),
            (2, self._moves_on),
            (1, self._deletes_a_step),
        ]
        deed = self.dice.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])[0]
        try:
            deed(key)
            self.deeds += 1
        except requests.HTTPError:
            self.refused += 1

    def act_until(self, stop: threading.Event, pause: float = 0.02) -> None:
        while not stop.is_set():
            self.act()
            stop.wait(pause)

    def _edit(self, who: str, key: str, **values: Any) -> None:
        fields = {self.jira.fields[name.replace("_", " ")]: value for name, value in values.items()}
        self.jira.ask(who, "PUT", f"issue/{key}", {"fields": fields})

    def _edits(self, key: str) -> None:
        self._edit("tc", key, Summary=f"Project, edited {self.dice.random()}")

    def _comments(self, key: str) -> None:
        self.jira.ask("sales", "POST", f"issue/{key}/comment", {"body": f"How is it going? {self.dice.random()}"})

    def _fills_in(self, key: str) -> None:
        self._edit("tc", key, Project_Goals="Sell gift cards", Project_Scope="One till")
        self._edit("integrations", key, Feasibility={"value": "Feasible"})

    def _works_on_a_step(self, key: str) -> None:
        step = self._step(key)
        if step is not None:
            self.go_to("tc", step, self.dice.choice(["Done", "Done", "In Progress", "To Do"]))

    def _moves_on(self, key: str) -> None:
        if self._moves.get(key, 0) < MOST_MOVES:
            self._moves[key] = self._moves.get(key, 0) + 1
            self.go_to("tc", key, "Requirements")

    def _deletes_a_step(self, key: str) -> None:
        step = self._step(key)
        if step is not None:
            self.jira.ask("admin", "DELETE", f"issue/{step}")

    def _step(self, key: str) -> str | None:
        listed = self.jira.ask("tc", "GET", f"issue/{key}?fields=subtasks")["fields"]["subtasks"]
        return str(self.dice.choice(listed)["key"]) if listed else None

    def go_to(self, who: str, key: str, status: str) -> None:
        """Move an issue or a step to a status, where a transition leads there."""
        for way in self.jira.ask(who, "GET", f"issue/{key}/transitions")["transitions"]:
            if way["to"]["name"] == status:
                self.jira.ask(who, "POST", f"issue/{key}/transitions", {"transition": {"id": way["id"]}})
