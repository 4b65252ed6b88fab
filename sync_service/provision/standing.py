"""Whether the Stage gate is where it belongs, for `check --live`; writes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from mappings import Mapping
from sync_service.jira.client import Client
from sync_service.jira.errors import NotFound
from sync_service.jira.forge import StageGate
from sync_service.provision import guards
from sync_service.provision.desired import desired
from sync_service.provision.draft import Draft
from sync_service.provision.existing import Reader
from sync_service.provision.site import Site

UNREAD = (
    "whether the Stage gate of [jira] forge is on the workflow can't be read without 'Administer Jira'; "
    "`stagegate provision` tells it with an administrator's credentials"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is wrong with a project's Stage gate, in sentences, and what could not be looked at."""

    weaknesses: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def standing(client: Client, mapping: Mapping, stage_gate: StageGate, mappings: Iterable[Mapping]) -> Standing:
    """Look at the workflow of the project's issues; raises JiraError where Jira can't be asked at all.

    `mappings` are all of the site.
    """
    try:
        may = client.my_permissions(("ADMINISTER",), mapping.jira.project)
    except NotFound:
        return Standing()  # there is no such project, which is told without us
    if not may["ADMINISTER"]:
        return Standing(unread=(UNREAD,))
    wanted = desired(mapping, stage_gate=stage_gate, mappings=mappings)
    site = Reader(client, wanted).workflow_site()
    return Standing(weaknesses=tuple(_weaknesses(Draft(wanted, site), site, mapping.jira.issue_type)))


def _weaknesses(draft: Draft, site: Site, issue_type: str) -> list[str]:
    guards.find(draft)
    name = site.followed(issue_type)
    there = site.workflows.get(name) if name else None
    if name and there:
        guards.put(draft, name, there)
    lacking = [f"the workflow {change.name!r} has no {change.details[0]}" for change in draft.changes]
    return [*draft.refusals, *draft.problems, *(f"{what}; run `stagegate provision`" for what in lacking)]
