"""The sandbox in a process of its own, with projects at work in it: what the service is measured against.

People act inside that process, on the sandbox's plain state: what is measured is the service, not how fast they type.
"""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Concatenate, ParamSpec, TypeVar

import jira_sandbox
from benchmarks.places import SECRET
from jira_sandbox import Fault, Running, preset, writing
from jira_sandbox.model import Issue
from jira_sandbox.requests_log import Entry, RequestLog
from jira_sandbox.webhooks import post

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
ROLES = {
    "Technical Consultant": "tc",
    "Integrations Engineer": "integrations",
    "Integrator Contact": "integrator",
    "Client Contact": "client",
    "Sales Contact": "sales",
}
WRITTEN = {"Project Goals": "Guests earn points at every till.", "Project Scope": "Earning; no gift cards."}

written: dict[str, list[float]] = {}
"""In the sandbox's process: when the service had changed an issue (by what stands in the request's path)."""


class Jira:
    """The sandbox's process: its address, and a way to run functions inside."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        told = pipe.recv()
        self.url = str(told["url"])
        self.settings = {"url": self.url, "email": told["email"], "token": told["token"]}

    def run(
        self, function: Callable[Concatenate[Running, Given], Answer], *given: Given.args, **named: Given.kwargs
    ) -> Answer:
        """Run a function of a module inside, and return its answer; raises what it raised."""
        self._pipe.send((function, given, named))
        well, answer = self._pipe.recv()
        if not well:
            raise RuntimeError(f"inside the sandbox: {answer}")
        return answer  # type: ignore[no-any-return]


@contextmanager
def jira(*, webhook_url: str | None = None) -> Iterator[Jira]:
    """Run a sandbox in a process of its own."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=_serve, args=(far, webhook_url), daemon=True)
    process.start()
    far.close()
    try:
        yield Jira(near)
    finally:
        near.close()
        process.join(10)
        if process.exitcode is None:
            process.kill()
            process.join()


def _serve(pipe: Connection, webhook_url: str | None) -> None:
    with jira_sandbox.running(webhook_url=webhook_url, webhook_secret=SECRET, send=_send) as running:
        running.sandbox.requests = Watched()
        me = running.credentials["service"]
        pipe.send({"url": running.url, "email": me.email, "token": me.token})
        while True:
            try:
                function, given, named = pipe.recv()
            except EOFError:
                return
            try:
                pipe.send((True, function(running, *given, **named)))
            except Exception as error:  # noqa: BLE001 (told to whoever asked)
                pipe.send((False, f"{type(error).__name__}: {error}"))


class Watched(RequestLog):
    """A log of requests that also notes when the service had changed what."""

    __slots__ = ()

    def add(self, entry: Entry) -> None:
        """Log a request."""
        RequestLog.add(self, entry)
        if entry.caller == "service" and entry.operation.startswith(("PUT", "POST")) and "/issue/" in entry.path:
            issue = entry.path.partition("/issue/")[2].partition("/")[0].partition("?")[0]
            written.setdefault(issue, []).append(time.monotonic())


def _send(url: str, headers: dict[str, str], body: bytes) -> int:
    return post(url, headers, body)


# --- Switches


def delay(jira: Running, milliseconds: int) -> None:
    """Let every request of the service take so long before it is carried out."""
    jira.faults.clear()
    if milliseconds:
        jira.faults.add(Fault(action="slow", ms=milliseconds, caller="service"))


def calls(jira: Running) -> dict[str, int]:
    """Return what the service has asked since the last time this was called."""
    made = jira.requests.by_operation(caller="service")
    jira.requests.reset()
    return made


# --- People


def begin(jira: Running, count: int) -> list[tuple[str, str]]:
    """Let the TC create projects with everybody named on them; return ids and keys."""
    site = jira.site
    fields: dict[str, Any] = {
        site.field_named(role).id: {"accountId": preset.person(site, name).id} for role, name in ROLES.items()
    }
    fields |= {site.field_named(name).id: text for name, text in WRITTEN.items()}
    fields |= {site.field_named(name).id: {"value": value}
               for name, value in (("Feasibility", "Feasible"), ("Integration Kind", "New"))}  # fmt: skip
    fields |= {"project": {"key": "INT"}, "issuetype": {"name": "Integration"}}
    made = []
    for number in range(count):
        with site.lock:
            issue = writing.create(site, preset.person(site, "tc"), {"fields": fields | {"summary": f"Acme {number}"}})
        made.append((issue.id, issue.key))
    return made


def work_off(jira: Running, projects: list[tuple[str, str]]) -> None:
    """Let people do every open step of the projects' present stage, in order."""
    for identity, _ in projects:
        for step in jira.site.subtasks(jira.site.issues[identity]):
            _move(jira, step, "Done")


def move_on(jira: Running, projects: list[tuple[str, str]], status: str) -> None:
    """Let the TC move the projects to a status."""
    for identity, _ in projects:
        _move(jira, jira.site.issues[identity], status)


def toggle(jira: Running, identity: str) -> float:
    """Let the TC finish the project's first step, or take it up again; return when, by the monotonic clock."""
    step = jira.site.subtasks(jira.site.issues[identity])[0]
    _move(jira, step, "To Do" if jira.site.statuses[step.status_id].category == "done" else "Done")
    return time.monotonic()


def _move(jira: Running, issue: Issue, status: str) -> None:
    site = jira.site
    target = site.status_named(status).id
    if issue.status_id == target:
        return
    with site.lock:
        actor = preset.person(site, "tc")
        way = next(way for way in site.available(issue, actor) if way.to == target)
        writing.transition(site, actor, issue, {"transition": {"id": way.id}})


def play(jira: Running, projects: list[str], *, a_second: float, lasting: float) -> list[tuple[str, float]]:
    """Let people finish steps and take them up again at an even pace; return each project and when it was touched."""
    began, done = time.monotonic(), list[tuple[str, float]]()
    pause = threading.Event()
    for number in range(int(a_second * lasting)):
        pause.wait(max(began + number / a_second - time.monotonic(), 0))
        identity = projects[number % len(projects)]
        done.append((identity, toggle(jira, identity)))
    return done


def writes(jira: Running) -> dict[str, list[float]]:
    """Return when the service changed which project, by id."""
    by_key = {issue.key: issue.id for issue in jira.site.issues.values()}
    return {by_key.get(name, name): times for name, times in written.items()}


def later(jira: Running, minutes: int) -> None:
    """Let time pass on the sandbox's clock."""
    jira.clock.advance(minutes=minutes)


def touch(jira: Running, projects: list[str]) -> None:
    """Let the TC reword the summaries of projects."""
    for identity in projects:
        with jira.site.lock:
            issue = jira.site.issues[identity]
            summary = f"{issue.values['summary']}, reworded"
            writing.edit(jira.site, preset.person(jira.site, "tc"), issue, {"fields": {"summary": summary}})
