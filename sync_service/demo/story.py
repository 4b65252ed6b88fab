"""One integration project, from its first day until it is live, as its people would play it in Jira."""

from collections.abc import Callable, Mapping
from datetime import date

from sync_service.demo.people import ROLE_FIELDS, Person, Value
from sync_service.demo.sandbox import Sandbox
from sync_service.demo.seen import Project, Step
from sync_service.demo.telling import Teller, day
from sync_service.demo.watch import Watch

SUMMARY = "Harbor Coffee: loyalty points at the counter"
GOALS = "Guests of Harbor Coffee earn and redeem loyalty points at the counter, without a second device."
SCOPE = "Check-in by phone number, earning and redeeming points, voids. Not included: gift cards and online orders."
FEEDBACK = "Checks are sent twice when the counter retries. A token that has expired is not renewed."
REASONS = ("duplicate calls", "token expiry")
REFUSALS = 1
"""How many moves of the story the service has to refuse."""


class Story:
    """Plays the project; every scene ends when Jira shows that the service has answered."""

    def __init__(self, sandbox: Sandbox, people: Mapping[str, Person], teller: Teller, watch: Callable[[str], Watch]):
        self.sandbox, self.people, self.teller = sandbox, people, teller
        self._watch_over = watch
        self.watch: Watch
        self.tess, self.ira, self.ivo, self.clea = (
            people[role] for role in ("tc", "integrations", "integrator", "client")
        )

    def play(self) -> None:
        """Play every scene."""
        self._discovery()
        self._requirements()
        self._development()
        self._first_round()
        self._second_visit()
        self._second_round()
        self._launch()

    # --- Scenes

    def _discovery(self) -> None:
        self.teller.scene("Discovery")
        roles = {field: _user(self.people[role]) for field, role in ROLE_FIELDS.items()}
        key = self.tess.create(self.sandbox.project, SUMMARY, {**roles, "Integration Kind": "New"})
        self.teller.does(self.tess, self.sandbox.now(), f"creates {key} “{SUMMARY}”, with everybody's role filled in")
        self.watch = self._watch_over(key)
        self._until(lambda p: p.stage == "Discovery" and bool(p.steps), "the steps of Discovery")
        self._move(self.tess, "Requirements", "far too early")
        self._until(lambda p: len(p.comments) == 1 and p.status == "Discovery", "the refusal")
        self._later(2)
        self._finish("goals")
        self._later(2)
        self._fill(self.tess, {"Project Goals": GOALS, "Project Scope": SCOPE})
        self._finish("scope")
        self._later(3)
        self._fill(self.ira, {"Feasibility": "Feasible"})
        self._finish("evaluation")
        self._through_the_gate("Requirements")

    def _requirements(self) -> None:
        self.teller.scene("Requirements")
        self._enter(self.tess, "Requirements")
        self._later(4)
        self._finish("technical_requirements")
        self._later(2)
        self._fill(self.tess, {"IDI Date": self.sandbox.today()})
        self._finish("idi")
        for step, days in (
            ("work_order", 3),
            ("work_order_approval", 3),
            ("work_order_executed", 1),
            ("schedule", 2),
            ("schedule_approval", 2),
            ("welcome_email", 1),
        ):
            self._later(days)
            self._finish(step)
        self._through_the_gate("Development")

    def _development(self) -> None:
        self.teller.scene("Development")
        self._enter(self.tess, "Development")
        for step, days in (("test_access", 1), ("build", 20), ("integrator_qa", 4), ("client_qa", 4)):
            self._later(days)
            self._finish(step)
        self._through_the_gate("Certification")

    def _first_round(self) -> None:
        self.teller.scene("Certification: the first round fails")
        self._enter(self.ivo, "Certification")
        self._prepare_round(1)
        self._fill(self.ira, {"Certification Feedback": FEEDBACK, "Failure Reasons": REASONS})
        self._move(self.ira, "Development", "the round failed")
        self._until(
            lambda p: p.stage == "Development" and p.fields["Rounds Failed"] == 1 and bool(p.open_steps("build")),
            "the way back to Development",
        )

    def _second_visit(self) -> None:
        self.teller.scene("Development, again")
        for step, days in (("build", 5), ("integrator_qa", 2), ("client_qa", 2)):
            self._later(days)
            self._finish(step)
        self._through_the_gate("Certification")

    def _second_round(self) -> None:
        self.teller.scene("Certification: the second round is passed")
        self._enter(self.ivo, "Certification")
        self._prepare_round(2)
        self._finish("round", "Certified")
        self._until(lambda p: p.stage == "Launch" and p.gate == "Closed", "the way on to Launch")

    def _prepare_round(self, number: int) -> None:
        """Notify, agree the slot that the service proposes, hand the materials over, test for five business days."""
        self._finish("notify")
        proposed = self._until(lambda p: bool(p.fields["Certification Start"]), "a slot")
        self._finish("slot")
        self._later(2)
        self._finish("materials")
        self.sandbox.go_to(date.fromisoformat(str(proposed.fields["Certification Start"])))
        self._finish("round", "In Progress")
        self._until(lambda p: p.fields["Certification Round"] == number, "the round to count")
        self._later(5)

    def _launch(self) -> None:
        self.teller.scene("Launch")
        for step, days in (("config_diff", 1), ("config_notice", 1), ("production_credentials", 1)):
            self._later(days)
            self._finish(step)
        self._fill(self.tess, {"Go-live Date": self.sandbox.after(2)})
        self._later(2)
        self._finish("go_live")
        self._later(10)
        self._finish("monitoring")
        self._through_the_gate("Live")
        self._enter(self.tess, "Live")

    # --- What people do

    def _fill(self, person: Person, values: Mapping[str, Value]) -> None:
        person.fill(self.watch.key, values)
        self.teller.does(person, self.sandbox.now(), f"fills {_and([_told(*each) for each in values.items()])}")

    def _move(self, person: Person, status: str, remark: str = "") -> None:
        person.move(self.watch.key, status)
        what = f"moves {self.watch.key} to {status}"
        self.teller.does(person, self.sandbox.now(), f"{what}: {remark}" if remark else what)

    def _finish(self, name: str, status: str = "Done") -> None:
        """Let each owner of a step set it to a status."""
        steps = self.watch.wait(lambda p: bool(p.open_steps(name)), f"the step {name!r}").open_steps(name)
        owners = [self._owner(step) for step in steps]
        for step, owner in zip(steps, owners, strict=True):
            owner.move(step.key, status)
        if len(steps) == 1:
            named = f"{steps[0].key} “{steps[0].summary}”"
            what = {"Done": f"finishes {named}", "In Progress": f"begins {named}"}
            self.teller.does(owners[0], self.sandbox.now(), what.get(status, f"sets {named} to {status}"))
        else:
            title = steps[0].summary.rpartition(" (")[0]
            names = _and([f"{owner.first_name} ({step.key})" for step, owner in zip(steps, owners, strict=True)])
            self.teller.together(len(steps), self.sandbox.now(), f"each finish their “{title}”: {names}")

    def _owner(self, step: Step) -> Person:
        return next(person for person in self.people.values() if person.account == step.account)

    # --- Time, and what the service answers

    def _later(self, business_days: int) -> None:
        self.sandbox.go_to(self.sandbox.after(business_days))

    def _until(self, seen: Callable[[Project], bool], what: str) -> Project:
        project = self.watch.wait(seen, what)
        self.teller.answers(self.sandbox.now(), project.key, self.watch.news(project))
        return project

    def _through_the_gate(self, stage: str) -> None:
        self._until(lambda p: p.gate == "Open", f"the gate to {stage} to open")

    def _enter(self, person: Person, stage: str) -> None:
        self._move(person, stage)
        self._until(lambda p: p.stage == stage, f"{stage} to be accepted")


def _user(person: Person) -> dict[str, str]:
    """Return a person as a user picker takes them: by account id on Cloud, by name on Data Center."""
    return {"accountId": person.account} if ":" in person.account else {"name": person.account}


def _told(field: str, value: Value) -> str:
    words = ", ".join(value) if isinstance(value, tuple) else day(value) if isinstance(value, date) else str(value)
    return f"{field} (“{words}”)" if len(words) > 20 else f"{field}: {words}"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
