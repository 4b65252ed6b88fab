"""The words that the stories are told in: people who act in Jira, projects and steps as Jira shows them.

People act over real HTTP with their own credentials. What is read is the plain state of the sandbox, never the
service's own idea of it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

import requests

from jira_sandbox import Clock, Credential, Running, Site
from jira_sandbox.model import Issue

ROLES = {
    "Technical Consultant": "tc",
    "Integrations Engineer": "integrations",
    "Integrator Contact": "integrator",
    "Client Contact": "client",
    "Sales Contact": "sales",
}
STAGES = ("Discovery", "Requirements", "Development", "Certification", "Launch", "Live")
WRITTEN_DOWN: dict[str, dict[str, Any]] = {
    "Discovery": {
        "Project Goals": "Guests earn points at every till.",
        "Project Scope": "Earning and redeeming; no gift cards.",
        "Feasibility": "Feasible",
    },
    "Requirements": {"IDI Date": date(2026, 3, 9)},
    "Launch": {"Go-live Date": date(2026, 6, 1)},
}
"""What people fill in while they work a stage off."""

PROCESS = (
    *("goals", "scope", "evaluation"),
    *("technical_requirements", "idi", "work_order", "work_order_approval", "work_order_executed"),
    *("schedule", "schedule_approval", "welcome_email"),
    *("test_access", "build", "integrator_qa", "client_qa"),
    *("notify", "slot", "materials", "round", "fee_review"),
    *("config_diff", "config_notice", "production_credentials", "go_live", "monitoring"),
)
"""The steps in the order in which people do them."""

Named = str | date | datetime | int | float | list[str] | None


class Refused(AssertionError):
    """Jira itself refused what a person tried."""


class Service(Protocol):
    """What the people need of the service: that it does its work."""

    def catches_up(self) -> None: ...

    def looks_at(self, project: "Project") -> None: ...


class Shelf(Protocol):
    """Where projects are kept by what was played with them, each with its whole site."""

    def take(self, *what: str) -> str | None: ...

    def put(self, project_id: str, *what: str) -> None: ...

    def whatever_is_declared(self) -> "Shelf": ...


@dataclass(slots=True, kw_only=True)
class Scene:
    """One Jira with its people and one service; each thing that a person does takes `pace`."""

    jira: Running
    pace: timedelta = timedelta(minutes=1)

    @property
    def site(self) -> Site:
        return self.jira.site

    @property
    def clock(self) -> Clock:
        return self.jira.clock

    def name_of(self, user_id: str | None) -> str | None:
        return self.site.users[user_id].name if user_id else None

    def status_of(self, issue: Issue) -> str:
        return self.site.statuses[issue.status_id].name


class Thing:
    """An issue as Jira shows it."""

    def __init__(self, scene: Scene, issue_id: str) -> None:
        self.scene, self.id = scene, issue_id

    def __repr__(self) -> str:
        return f"<{self.key} {self.summary!r}>"

    @property
    def issue(self) -> Issue:
        return self.scene.site.issues[self.id]

    @property
    def key(self) -> str:
        return self.issue.key

    @property
    def status(self) -> str:
        return self.scene.status_of(self.issue)

    @property
    def summary(self) -> str:
        return str(self.issue.values["summary"])

    @property
    def description(self) -> str:
        return str(self.issue.values.get("description") or "")

    @property
    def labels(self) -> set[str]:
        return set(self.issue.values.get("labels") or ())

    @property
    def said(self) -> list[str]:
        """What the service said here, oldest first."""
        return [c.body for c in self.issue.comments if self.scene.name_of(c.author_id) == "service"]

    def field(self, name: str) -> Any:
        """What a field shows: text, number, date as text, account name, or list of options; None when empty."""
        field = self.scene.site.field_named(name)
        value = self.issue.values.get(field.id)
        options = {option.id: option.value for option in field.options()}
        match field.kind:
            case "select":
                return options.get(value or "")
            case "multiselect":
                return [options[each] for each in value or ()]
            case "user" | "assignee":
                return self.scene.name_of(value)
        return value if value not in ("", [], ()) else None

    def changes_by(self, name: str) -> list[str]:
        """The fields that somebody changed here, one line a change-log entry."""
        return [
            ", ".join(f"{item.field}={item.after_text}" for item in change.items)
            for change in self.issue.changes
            if self.scene.name_of(change.author_id) == name
        ]


class Step(Thing):
    """A sub-task: a step of the process or a request."""

    @property
    def marker(self) -> dict[str, str]:
        return dict(self.issue.properties.get("stagegate.step") or {})

    @property
    def name(self) -> str:
        """How the process calls it: `work_order_approval/client`."""
        return "/".join(part for part in (self.marker.get("step"), self.marker.get("party")) if part)

    @property
    def is_open(self) -> bool:
        return self.scene.site.statuses[self.issue.status_id].category != "done"

    @property
    def assignee(self) -> str | None:
        return self.scene.name_of(self.issue.values.get("assignee"))

    @property
    def due(self) -> date | None:
        value = self.issue.values.get("duedate")
        return date.fromisoformat(str(value)) if value else None

    def done_by(self, person: "Person") -> "Step":
        return self._moved(person, "Done")

    def begun_by(self, person: "Person") -> "Step":
        return self._moved(person, "In Progress")

    def reopened_by(self, person: "Person") -> "Step":
        return self._moved(person, "To Do")

    def waived_by(self, person: "Person") -> "Step":
        return self._moved(person, "Won't Do")

    def _moved(self, person: "Person", status: str) -> "Step":
        person.moves(self, status)
        return self


class Project(Thing):
    """A project issue."""

    @property
    def stage(self) -> str | None:
        """The verdict: the field *Integration Stage*."""
        value = self.field("Integration Stage")
        return str(value) if value else None

    @property
    def gate(self) -> str | None:
        return self.field("Gate")  # type: ignore[no-any-return]

    @property
    def record(self) -> dict[str, Any]:
        return dict(self.issue.properties["stagegate"])

    @property
    def rounds(self) -> list[dict[str, Any]]:
        return list(self.record.get("rounds", ()))

    @property
    def visits(self) -> list[str]:
        """The stages accepted so far, in order."""
        return [stage for stage, _, _ in self.record["accepted"]]

    def subtasks(self) -> list[Step]:
        return [Step(self.scene, issue.id) for issue in self.scene.site.subtasks(self.issue)]

    def all_steps(self, name: str = "") -> list[Step]:
        """Every sub-task that is a step (of that name), the oldest first."""
        return [step for step in self.subtasks() if step.marker and name in ("", step.name)]

    def steps(self) -> dict[str, Step]:
        """The steps by name; of one that was made for several visits, the newest."""
        return {step.name: step for step in self.all_steps()}

    def step(self, name: str) -> Step:
        return self.steps()[name]

    def open_steps(self) -> list[str]:
        return [step.name for step in self.all_steps() if step.is_open]

    def edits_by_service(self) -> int:
        """How often the service edited the project issue in a way that mails its watchers."""
        silent = [body for body in self.said if body]
        return max(len(self.changes_by("service")), len(silent))


class Person:
    """Somebody who acts in Jira, signed in as themself."""

    def __init__(self, scene: Scene, service: Service, credential: Credential, session: requests.Session) -> None:
        self.scene, self.service = scene, service
        self.name, self.account = credential.name, credential.account
        self._session, self._auth = session, credential.basic

    def __repr__(self) -> str:
        return self.name

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        self.scene.clock.advance(seconds=self.scene.pace.total_seconds())
        reply = self._session.request(
            method, f"{self.scene.jira.url}/rest/api/2/{path}", json=body, auth=self._auth, timeout=60
        )
        if not reply.ok:
            raise Refused(f"{self.name}: {method} {path}: {reply.status_code} {reply.text}")
        return reply.json() if reply.content else None

    # --- the project issue

    def creates(self, summary: str = "Acme loyalty", **fields: Named) -> Project:
        """Create a project issue; fields of Jira's name with spaces as underscores, people by their account name."""
        named = {name.replace("_", " "): value for name, value in fields.items()}
        body = {"project": {"key": "INT"}, "issuetype": {"name": "Integration"}, "summary": summary}
        made = self._send("POST", "issue", {"fields": body | self._raw(named)})
        return Project(self.scene, made["id"])

    def creates_in(self, project: str, issue_type: str, summary: str) -> Project:
        """Create an issue of another type, or in another project."""
        fields = {"project": {"key": project}, "issuetype": {"name": issue_type}, "summary": summary}
        return Project(self.scene, self._send("POST", "issue", {"fields": fields})["id"])

    def moves(self, thing: Thing, status: str) -> None:
        """Move an issue by the workflow's transition to that status."""
        self._send("POST", f"issue/{thing.id}/transitions", {"transition": {"id": self._way(thing, status)}})

    def moves_with(self, thing: Thing, status: str, fields: dict[str, Named]) -> None:
        """Move an issue and fill in the screen that Jira shows for it."""
        self._send(
            "POST",
            f"issue/{thing.id}/transitions",
            {"transition": {"id": self._way(thing, status)}, "fields": self._raw(fields)},
        )

    def ways(self, thing: Thing) -> dict[str, str]:
        """The statuses that Jira offers from here, with the transition that leads there."""
        url = f"{self.scene.jira.url}/rest/api/2/issue/{thing.id}/transitions"
        offered = self._session.get(url, auth=self._auth, timeout=60).json()["transitions"]
        return {transition["to"]["name"]: str(transition["id"]) for transition in offered}

    def offered(self, thing: Thing) -> list[str]:
        """The statuses that Jira offers from here."""
        return sorted(self.ways(thing))

    def _way(self, thing: Thing, status: str) -> str:
        ways = self.ways(thing)
        if status not in ways:
            raise Refused(f"Jira offers {self.name} no way from {thing.status} to {status}")
        return ways[status]

    def fills(self, thing: Thing, field: str, value: Named) -> None:
        """Write into a field (`None` empties it)."""
        self.fills_in(thing, {field: value})

    def fills_in(self, thing: Thing, fields: dict[str, Named]) -> None:
        """Write into several fields in one edit."""
        self._send("PUT", f"issue/{thing.id}", {"fields": self._raw(fields)})

    def comments(self, thing: Thing, text: str) -> None:
        self._send("POST", f"issue/{thing.id}/comment", {"body": text})

    def deletes(self, thing: Thing) -> None:
        self._send("DELETE", f"issue/{thing.id}?deleteSubtasks=true")

    def labels(self, thing: Thing, *labels: str) -> None:
        self._send("PUT", f"issue/{thing.id}", {"update": {"labels": [{"add": label} for label in labels]}})

    def blocks(self, project: Project, by: Project) -> None:
        """Say that `by` blocks `project`."""
        body = {"type": {"name": "Blocks"}, "inwardIssue": {"key": by.key}, "outwardIssue": {"key": project.key}}
        self._send("POST", "issueLink", body)

    def writes_property(self, thing: Thing, key: str, value: Any) -> None:
        self._send("PUT", f"issue/{thing.id}/properties/{key}", value)

    def removes_property(self, thing: Thing, key: str) -> None:
        self._send("DELETE", f"issue/{thing.id}/properties/{key}")

    # --- sub-tasks

    def assigns(self, step: Step, to: "Person | None") -> None:
        self._send("PUT", f"issue/{step.id}", {"fields": {"assignee": self._user(to.name) if to else None}})

    def dates(self, step: Step, due: date) -> None:
        self._send("PUT", f"issue/{step.id}", {"fields": {"duedate": due.isoformat()}})

    def asks(self, project: Project, label: str, summary: str = "Please look at this") -> Step:
        """Add a request to the project: a sub-task with a label."""
        fields = {
            "project": {"key": "INT"},
            "parent": {"id": project.id},
            "issuetype": {"name": "Sub-task"},
            "summary": summary,
            "labels": [label],
        }
        return Step(self.scene, self._send("POST", "issue", {"fields": fields})["id"])

    # --- certification

    def begins_round(self, project: Project) -> None:
        """Begin testing, on the day of the slot."""
        start = project.field("Certification Start")
        if start:
            self.scene.clock.set(max(self.scene.clock.now(), morning(date.fromisoformat(start))))
        project.step("round").begun_by(self)
        self.service.catches_up()

    def fails_round(self, project: Project, feedback: str = "", reasons: Sequence[str] = ("duplicate calls",)) -> None:
        """End a round with feedback, by moving the project back to Development."""
        self._waits_for_end(project)
        feedback = feedback or f"Calls are made twice; seen in {project.step('round').key}."
        self.fills_in(project, {"Certification Feedback": feedback, "Failure Reasons": list(reasons)})
        self.moves(project, "Development")
        self.service.catches_up()

    def certifies(self, project: Project) -> None:
        """End a round well, by moving the project on to Launch."""
        self._waits_for_end(project)
        self.moves(project, "Launch")
        self.service.catches_up()

    def _waits_for_end(self, project: Project) -> None:
        due = project.step("round").due
        if due:
            self.scene.clock.set(max(self.scene.clock.now(), morning(due)))

    # --- values

    def _raw(self, fields: dict[str, Named]) -> dict[str, Any]:
        return {self.scene.site.field_named(name).id: self._value(name, value) for name, value in fields.items()}

    def _value(self, name: str, value: Named) -> Any:
        kind = self.scene.site.field_named(name).kind
        match kind, value:
            case _, None:
                return None
            case "select", _:
                return {"value": value}
            case "multiselect", list():
                return [{"value": each} for each in value]
            case "user", str():
                return self._user(value)
            case _, date():
                return value.isoformat()
        return value

    def _user(self, name: str) -> dict[str, str]:
        account = self.scene.jira.credentials[name].account
        return {"accountId": account} if self.scene.site.cloud else {"name": account}


class Team:
    """All parties of a project together."""

    def __init__(self, scene: Scene, service: Service, people: dict[str, Person], shelf: Shelf | None = None) -> None:
        self.scene, self.service, self.people, self.shelf = scene, service, people, shelf
        self._played: tuple[str, ...] = ()
        self._at = scene.clock.now()

    def starts_project(self, summary: str = "Acme loyalty", by: str = "tc", **fields: Named) -> Project:
        """Create a project with everybody named on it, and let the service see it."""
        named = {role.replace(" ", "_"): name for role, name in ROLES.items()} | {"Integration_Kind": "New"}
        project = self.people[by].creates(summary, **(named | fields))
        self.service.catches_up()
        return project

    def finishes(self, project: Project, *, but: str = "") -> None:
        """Do every open step of the present stage in its order (up to one), each by whom it is assigned to."""
        self.writes_down(project)
        for step in sorted((step for step in project.all_steps() if step.is_open), key=_turn):
            if but and step.name == but:
                break
            step.done_by(self.people[step.assignee or "tc"])
        self.service.catches_up()

    def writes_down(self, project: Project) -> None:
        """Fill in what the present stage's steps ask for."""
        if fields := WRITTEN_DOWN.get(project.stage or ""):
            self.people["tc"].fills_in(project, fields)

    def moves_on(self, project: Project) -> None:
        """Move the project to the next stage."""
        following = STAGES[STAGES.index(project.stage or "") + 1]
        self.people["tc"].moves(project, following)
        self.service.catches_up()

    def prepares_round(self, project: Project) -> None:
        """Notify, agree the slot that is proposed, and hand in the materials."""

        def prepare() -> None:
            for name in ("notify", "slot", "materials"):
                step = project.step(name)
                step.done_by(self.people[step.assignee or "tc"])
                self.service.catches_up()

        self._once(project, "a round prepared", prepare)

    def begins_round(self, project: Project) -> None:
        """Bring a project in Certification to where testing begins."""
        self.prepares_round(project)
        self._once(project, "begun", lambda: self.people["integrations"].begins_round(project))

    def fails_round(self, project: Project, feedback: str = "") -> None:
        """Go through a whole round that fails, and do the work of development again."""

        def fail() -> None:
            self.people["integrations"].fails_round(project, feedback)
            self.finishes(project)
            self.moves_on(project)

        self.begins_round(project)
        self._once(project, f"failed: {feedback}", fail)

    def certifies(self, project: Project) -> None:
        """Go through a whole round that ends well, with the fees reviewed where they may apply."""
        self.begins_round(project)
        for step in project.all_steps("fee_review"):
            if step.is_open:
                step.done_by(self.people["tc"])
        self.people["integrations"].certifies(project)

    def reaches(self, project: Project, stage: str) -> Project:
        """Go on, working every stage off in order, until the project is in `stage`."""
        for _ in range(len(STAGES)):
            if project.stage == stage:
                return project
            if project.stage == "Certification":
                self.certifies(project)
                continue
            self.finishes(project)
            self.moves_on(project)
        raise AssertionError(f"{project} is in {project.stage}, not in {stage}: {project.said[-1:]}")

    def project_in(self, stage: str, **fields: Named) -> Project:
        """Start a project and bring it to a stage.

        What one story has played from the very beginning is put on the shelf for others that begin in the same way.
        """
        if self.shelf is None or fields or self.scene.site.issues:
            return self.reaches(self.starts_project("Acme loyalty", "tc", **fields), stage)
        if (project_id := self.shelf.take(stage)) is None:
            before = STAGES[: STAGES.index(stage)]
            project = self.reaches(self.project_in(before[-1]) if before else self.starts_project(), stage)
            self.shelf.put(project.id, stage)
        else:
            project = Project(self.scene, project_id)
            self.service.looks_at(project)
        self._played, self._at = (stage,), self.scene.clock.now()
        return project

    def _once(self, project: Project, what: str, play: Callable[[], None]) -> None:
        """Play what stories play alike, or, where one has from the same beginning, take what came of it.

        Whatever anybody else does takes time: if some has passed, this story has become its own.
        """
        played = (*self._played, what)
        if self.shelf is None or not self._played or self._at != self.scene.clock.now():
            play()
            return
        if self.shelf.take(*played) is None:
            play()
            self.shelf.put(project.id, *played)
        else:
            self.service.looks_at(project)
        self._played, self._at = played, self.scene.clock.now()


def _turn(step: Step) -> int:
    name = step.marker["step"]
    return PROCESS.index(name) if name in PROCESS else len(PROCESS)


def morning(day: date) -> datetime:
    """Ten o'clock in New York, more or less: a time at which people are at work there."""
    return datetime.combine(day, time(15), UTC)


def twins(project: Project) -> Iterator[tuple[str, ...]]:
    """The markers that more than one live sub-task bears."""
    seen = [tuple(sorted(step.marker.items())) for step in project.all_steps() if step.status != "Won't Do"]
    for marker in {marker for marker in seen if seen.count(marker) > 1}:
        yield tuple(value for _, value in marker)
