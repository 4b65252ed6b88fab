"""A plan in the making: what is wanted, what is there, and what was noted so far."""

from sync_service.provision.desired import Desired
from sync_service.provision.plan import Change, Plan, Request, Verb
from sync_service.provision.site import Site


class Draft:
    """Collects changes in order, with everything that is to be said."""

    def __init__(self, wanted: Desired, site: Site) -> None:
        self.wanted = wanted
        self.site = site
        self.changes: list[Change] = []
        self.refusals: list[str] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.by_hand: list[str] = []
        self.ids = {"project": site.project.id}

    def change(self, verb: Verb, kind: str, name: str, *requests: Request, details: tuple[str, ...] = ()) -> None:
        """Add a change."""
        self.changes.append(Change(verb=verb, kind=kind, name=name, details=details, requests=requests))

    def refuse(self, words: str) -> None:
        """Say what must be mended before anything is applied."""
        self.refusals.append(words)

    def plan(self) -> Plan:
        """Return the plan."""
        return Plan(
            project=self.wanted.project,
            changes=tuple(self.changes),
            refusals=tuple(self.refusals),
            problems=tuple(self.problems),
            notes=tuple(self.notes),
            by_hand=tuple(self.by_hand),
            ids=self.ids,
            webhook_url=self.wanted.webhook.url if self.wanted.webhook else None,
        )
