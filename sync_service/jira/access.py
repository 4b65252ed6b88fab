"""What reading and writing share: who we are, what the site's names mean, and what it refused lately."""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mappings import Mapping
from sync_service.jira.answers import Json
from sync_service.jira.client import Client
from sync_service.jira.directory import Directory, SiteMismatch, resolve
from sync_service.lifecycle.facts import ProjectIssue

FRESH_FOR = timedelta(minutes=10)
"""How long resolved names and unassignable users are believed."""

MISMATCH_FOR = timedelta(minutes=1)
"""How long a project that lacks names is not asked again: every look at an issue of another one would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A project issue as it is now, with its mapping; `at` is Jira's clock when it was read."""

    issue: ProjectIssue
    mapping: Mapping
    at: datetime
    transitions: MappingOf[str, str]
    fingerprint: str


class Access:
    """The ground of the gateway: one Jira site, for any number of threads."""

    def __init__(self, client: Client, mappings: Sequence[Mapping]) -> None:
        self.client = client
        self.mappings = {mapping.jira.project: mapping for mapping in mappings}
        self.barred: dict[str, tuple[str, ...]] = {}
        self.account = ""
        self.time_zone = "UTC"
        self._directories: dict[str, tuple[Directory, datetime]] = {}
        self._mismatches: dict[str, tuple[tuple[str, ...], datetime]] = {}
        self._projects: dict[str, Mapping] = {}
        self._unassignable: dict[str, datetime] = {}

    def open(self) -> None:
        """Find out who we are; raises Unauthorized with the remedy."""
        me = self.client.verify()
        self.account, self.time_zone = me.id, me.time_zone or "UTC"

    def now(self) -> datetime:
        """Ask for the time on Jira's clock."""
        return self.client.call("GET serverInfo", "GET", "serverInfo").at

    def directory(self, mapping: Mapping) -> Directory:
        """Return the ids behind the mapping's names, read anew every ten minutes; raises SiteMismatch."""
        project, now = mapping.jira.project, self.client.now()
        known = self._directories.get(project)
        if known is not None and now - known[1] <= FRESH_FOR:
            return known[0]
        wrong = self._mismatches.get(project)
        if wrong is not None and now - wrong[1] <= MISMATCH_FOR:
            raise SiteMismatch(project, wrong[0])
        try:
            resolved = resolve(self.client, mapping, known[0] if known else None)
        except SiteMismatch as mismatch:
            self._mismatches[project] = (mismatch.problems, now)
            if mismatch.project_id is not None:
                self._projects[mismatch.project_id] = mapping
            raise
        self._projects[resolved.project_id] = mapping
        self._directories[project] = (resolved, now)
        return resolved

    def known(self, mapping: Mapping) -> Directory | None:
        """Return the ids behind the mapping's names as they were last read, without asking Jira."""
        held = self._directories.get(mapping.jira.project)
        return held[0] if held else None

    def mapping_of(self, project: Json) -> Mapping | None:
        """Return the mapping of an issue's project: by its key, or by its id, where an admin gave it another key."""
        return self.mappings.get(project["key"]) or self._projects.get(str(project["id"]))

    def accounts(self, mapping: Mapping) -> tuple[str, ...]:
        """Return the accounts that the service writes or wrote with, the present one first."""
        return (self.account, *mapping.jira.accounts)

    def _refused_assignees(self, now: datetime) -> frozenset[str]:
        return frozenset(name for name, since in list(self._unassignable.items()) if now - since < FRESH_FOR)
