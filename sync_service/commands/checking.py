"""The command `check --live`: the site against every mapping, and the Stage gate where one is configured."""

from dataclasses import replace

from sync_service.bootstrap import WorkerService
from sync_service.checking import Findings, check_live
from sync_service.provision.standing import standing


def check_site(service: WorkerService) -> tuple[Findings, ...]:
    """Compare each mapping with the site; writes nothing. Raises JiraError where Jira can't be asked at all."""
    found = check_live(service.gateway)
    gate = service.stage_gate
    if gate is None:
        return found
    mappings = service.gateway.mappings
    shown = [standing(service.client, mappings[each.project], gate, mappings.values()) for each in found]
    return tuple(
        replace(each, weaknesses=each.weaknesses + one.weaknesses, unread=each.unread + one.unread)
        for each, one in zip(found, shown, strict=True)
    )
