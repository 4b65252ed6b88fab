"""Preparing an empty site in this process, cut off after a chosen request, and continued."""

from collections.abc import Iterator
from contextlib import contextmanager

from jira_sandbox import Clock, Fault, Running
from mappings import Mapping, load
from sync_service.jira.client import Client, JiraSite, MemoryPauses, connect
from sync_service.jira.forge import StageGate
from sync_service.provision.apply import Interrupted
from sync_service.provision.desired import desired
from sync_service.provision.plan import Plan
from sync_service.provision.run import make_plan, perform
from tests.stories.worlds import world

PAYTRONIX = load("paytronix")
URL = "https://stagegate.example.org/webhooks/jira"
WRITES = r"^(?!.*/search).*"
"""What a fault is to strike: searches, though some are POSTs, change nothing."""


class Preparation:
    """One empty site, and the command's two steps without its printing."""

    def __init__(self, jira: Running, stage_gate: StageGate | None = None, *mappings: Mapping) -> None:
        """Take the mapping that the site is prepared for, and the others of the site."""
        self.jira = jira
        self.stage_gate = stage_gate
        self.mappings = mappings or (PAYTRONIX,)
        self.wanted = desired(self.mappings[0], URL, stage_gate, self.mappings)

    def empties(self) -> None:
        """Begin anew with a project as Jira makes it."""
        self.jira.reset(flavour="cloud", clock=Clock(frozen_at=self.jira.clock.now()), empty=True)
        self.jira.site.webhooks.clear()

    @contextmanager
    def client(self) -> Iterator[Client]:
        me = self.jira.credentials["admin"]
        site = JiraSite(url=self.jira.url, email=me.email, token=me.token)
        now = self.jira.clock.now
        with connect(site, clock=now, wait=lambda _: None, pauses=MemoryPauses(now)) as client:
            yield client

    def plans(self) -> Plan:
        with self.client() as client:
            return make_plan(client, self.wanted)

    def performs(self) -> Plan:
        """Plan and apply; return what is left."""
        with self.client() as client:
            return perform(client, self.wanted, make_plan(client, self.wanted), secret="planted-webhook-secret")

    def is_cut_off_after(self, write: int) -> bool:
        """Apply with the answer to the so-many-th write lost; tell whether that ended it."""
        self.jira.faults.add(Fault(action="reset_after", method="POST|PUT", path=WRITES, every=write, first=1))
        try:
            self.performs()
        except Interrupted:
            return True
        finally:
            self.jira.faults.clear()
        return False

    def ends_like(self, whole: dict[str, list[str]]) -> None:
        """Apply again, and compare with a site that was prepared in one go."""
        left = self.performs()
        assert (left.changes, left.refusals, left.problems) == ((), (), ())
        assert world(self.jira.site) == whole


def writes_of(plan: Plan) -> dict[str, list[int]]:
    """Return the places, from 1, of the writes that belong to the first change of each kind."""
    places: dict[str, list[int]] = {}
    place = 0
    for change in plan.changes:
        taken = []
        for request in change.requests:
            if request.method != "GET":
                place += 1
                taken.append(place)
        key = f"{change.verb} {change.kind}, {min(len(taken), 4)} requests"
        places.setdefault(key, taken)
    return places
