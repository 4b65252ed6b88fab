"""Sets the demo's stage: starts the processes, lets the story be played, judges the end, clears everything away."""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import requests
from jira import JIRAError
from rich.console import Console

from mappings import load
from sync_service.demo import summary
from sync_service.demo.children import ChildDied, Interrupted, NoAnswer, Nursery, interruptible
from sync_service.demo.people import Person, signed_in
from sync_service.demo.sandbox import Sandbox
from sync_service.demo.story import Story
from sync_service.demo.telling import WIDEST, Teller
from sync_service.demo.verdict import Ending, problems
from sync_service.demo.watch import Watch

WRONG = 1
STAGEGATE = (sys.executable, "-m", "sync_service.cli")
START_SECONDS = 30.0
BEGIN = date(2026, 3, 2)
"""The day on which the story begins on the sandbox's clock: a Monday."""

CONFIG = """\
[jira]
url = "{jira}"
email = "{email}"
token = "env:DEMO_JIRA_TOKEN"
requests_per_second = 1000
[webhooks]
port = {port}
secrets = ["env:DEMO_WEBHOOK_SECRET"]
[store]
url = "sqlite:///{folder}/stagegate.db"
[lifecycle]
enforce_since = 2026-01-01
"""


def play(*, keep: bool, flavour: str, console: Console | None = None) -> int:
    """Play the demo and return the exit code: 0 where Jira ends in the right state, else 1.

    With `keep` everything runs on afterwards until SIGINT or SIGTERM. Processes and files are gone on any way out.
    """
    console = console or _console()
    nursery: Nursery | None = None
    try:
        with interruptible(), tempfile.TemporaryDirectory(prefix="stagegate-demo-") as folder:
            nursery = Nursery(Path(folder))
            try:
                return Demo(console, nursery, Path(folder), flavour).play(keep=keep)
            except (requests.RequestException, JIRAError):
                nursery.check()  # a process that has ended explains more than that it does not answer
                raise
            finally:
                nursery.end()
    except Interrupted as interrupted:
        console.print("\nstopped; everything is cleared away")
        return 128 + interrupted.sign
    except (ChildDied, NoAnswer, requests.RequestException, JIRAError) as error:
        console.print(f"\n[bold red]The demo broke off:[/] {type(error).__name__}", highlight=False)
        console.print(str(error), markup=False)
        return WRONG


def _console() -> Console:
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST)
    return console


class Demo:
    """One performance."""

    def __init__(self, console: Console, nursery: Nursery, folder: Path, flavour: str) -> None:
        self.console, self.nursery, self.folder, self.flavour = console, nursery, folder, flavour
        self.teller = Teller(console)
        self.calendar = load("paytronix").calendar

    def play(self, *, keep: bool) -> int:
        """Start everything, play, and tell how it ended; with `keep`, wait to be stopped."""
        began = time.monotonic()
        with ExitStack() as stack:
            sandbox = stack.enter_context(self._sandbox())
            receiver = self._service(sandbox)
            people = stack.enter_context(signed_in(sandbox.url, sandbox.people, cloud=self.flavour == "cloud"))
            self._programme(sandbox, receiver, people)
            story = Story(sandbox, people, self.teller, lambda key: self._watch(people["admin"], key, sandbox))
            story.play()
            ending = self._ending(story, sandbox, receiver)
            found = list(problems(ending))
            self._summarise(story, sandbox, ending)
            self._verdict(found, time.monotonic() - began)
            if keep:
                self._keep(sandbox, receiver, story.watch.key)
        return WRONG if found else 0

    # --- Before

    @contextmanager
    def _sandbox(self) -> "Iterator[Sandbox]":
        child = self.nursery.start(
            "sandbox", [*STAGEGATE, "sandbox", "--port", "0", "--json", "--flavour", self.flavour], _environment()
        )
        sandbox = Sandbox(self.nursery.first_line(child), self.calendar)
        try:
            sandbox.go_to(BEGIN)
            yield sandbox
        finally:
            sandbox.close()

    def _service(self, sandbox: Sandbox) -> str:
        """Start `stagegate run` and wait until it takes deliveries in; return the receiver's address."""
        port = _free_port()
        config = self.folder / "config.toml"
        words = {"jira": sandbox.url, "email": sandbox.service["email"], "port": port, "folder": self.folder}
        config.write_text(CONFIG.format(**words), encoding="utf-8")
        secrets = {"DEMO_JIRA_TOKEN": sandbox.service["token"], "DEMO_WEBHOOK_SECRET": sandbox.secret}
        self.nursery.start("service", [*STAGEGATE, "run", "--config", str(config)], {**_environment(), **secrets})
        receiver = f"http://127.0.0.1:{port}"
        self.nursery.wait_for(lambda: _ready(receiver), "the receiver to be ready", START_SECONDS)
        sandbox.send_webhooks_to(f"{receiver}/webhooks/jira")
        return receiver

    def _watch(self, admin: Person, key: str, sandbox: Sandbox) -> Watch:
        return Watch(admin.jira, key, sandbox.service["account"], self.nursery)

    def _programme(self, sandbox: Sandbox, receiver: str, people: dict[str, Person]) -> None:
        kind = "Cloud" if self.flavour == "cloud" else "Data Center"
        self.teller.says("Stagegate demo: one integration project, from its first day until it is live", "bold")
        self.teller.says(f"Jira      {sandbox.url}, a sandbox ({kind}) with a clock of its own")
        self.teller.says(f"Service   {receiver}, stagegate run: receiver and worker")
        cast = ", ".join(f"{who.first_name} ({who.title})" for role, who in people.items() if role != "admin")
        self.teller.says(f"People    {cast}")

    # --- After

    def _ending(self, story: Story, sandbox: Sandbox, receiver: str) -> Ending:
        """Let somebody say thanks, which changes nothing, and see what the service makes of it."""
        self._settled(sandbox, receiver)
        before, runs = len(sandbox.calls_of_service()), _runs(receiver)
        story.clea.comment(story.watch.key, "Thank you, everyone!")
        self.teller.does(story.clea, sandbox.now(), "comments “Thank you, everyone!”; there is nothing to do")
        self.nursery.wait_for(lambda: _runs(receiver) > runs or None, "a look after the last comment", START_SECONDS)
        self._settled(sandbox, receiver)
        return Ending(
            project=story.watch.read(),
            service=sandbox.service["account"],
            cloud=self.flavour == "cloud",
            last_look=sandbox.calls_of_service()[before:],
        )

    def _settled(self, sandbox: Sandbox, receiver: str) -> None:
        """Wait until no webhook is under way and nothing in the queue is due."""

        def ask() -> bool | None:
            return (sandbox.webhooks_delivered() and _idle(receiver)) or None

        self.nursery.wait_for(ask, "the queue to be empty", START_SECONDS)

    def _summarise(self, story: Story, sandbox: Sandbox, ending: Ending) -> None:
        watch, project, made = story.watch, ending.project, sandbox.calls_of_service()
        of_steps = [change for step in project.steps for change in watch.changes_of_step(step.key)]
        said = [comment for step in project.steps for comment in watch.comments_of_step(step.key)]
        self.teller.scene("Summary")
        summary.show(
            self.console,
            (
                summary.stages(project, self.calendar),
                summary.rounds(watch.record()),
                summary.calls(made, sandbox.senders(), ending.service),
                summary.looks(made, project),
                summary.mails(project, ending.service, of_steps, said),
                summary.checks(ending, watch.answer_times),
            ),
        )

    def _verdict(self, found: list[str], seconds: float) -> None:
        self.console.print()
        if not found:
            self.teller.says(f"Everything is as it should be, after {seconds:.0f} s.", "bold green")
        for problem in found:
            self.teller.says(f"Wrong: {problem}", "bold red")

    def _keep(self, sandbox: Sandbox, receiver: str, key: str) -> None:
        """Print the addresses, and wait for a signal; raises ChildDied when a process ends meanwhile."""
        admin = sandbox.people["admin"]
        self.console.print()
        self.teller.says("Everything runs on, until Ctrl-C:", "bold")
        for name, where in (
            ("Jira", f"{sandbox.url}  (sign in as {admin['email']}, token {admin['token']})"),
            ("project", f"{sandbox.url}/rest/api/2/issue/{key}"),
            ("receiver", f"{receiver}/readyz"),
            ("metrics", f"{receiver}/metrics"),
            ("logs", str(self.folder / "service.log")),
        ):
            self.teller.says(f"  {name:9} {where}")
        try:
            self.nursery.wait_for(lambda: None, "the end", float("inf"))
        except Interrupted:
            self.teller.says("stopping")


def _environment() -> dict[str, str]:
    """Return our environment without settings of another Stagegate."""
    return {name: value for name, value in os.environ.items() if not name.startswith("STAGEGATE_")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ready(receiver: str) -> bool | None:
    try:
        return requests.get(f"{receiver}/readyz", timeout=5).ok or None
    except requests.ConnectionError:
        return None


def _metrics(receiver: str) -> dict[str, float]:
    lines = requests.get(f"{receiver}/metrics", timeout=5).text.splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def _runs(receiver: str) -> float:
    """Return how many looks the workers have finished."""
    return sum(value for name, value in _metrics(receiver).items() if name.startswith("stagegate_runs_total"))


def _idle(receiver: str) -> bool:
    told = _metrics(receiver)
    return not any(told.get(f'stagegate_queue_keys{{state="{state}"}}') for state in ("due", "running"))
