"""Is the mapping right, and does the Jira site have what it needs? Every problem at once, each with its remedy."""

from collections.abc import Iterable

from mappings import Mapping, MappingError, load
from sync_service.checking.compare import Findings, judge_site
from sync_service.checking.survey import survey
from sync_service.jira.gateway import Gateway

__all__ = ["Findings", "check_live", "check_mappings", "sound_mappings"]


def check_mappings(references: Iterable[str]) -> list[str]:
    """Return all that is wrong with these mappings (shipped names or paths), a line each."""
    return sound_mappings(references)[1]


def sound_mappings(references: Iterable[str]) -> tuple[dict[str, Mapping], list[str]]:
    """Return by reference the mappings that can be used, and all that is wrong, a line each."""
    sound: dict[str, Mapping] = {}
    problems: list[str] = []
    for reference in references:
        try:
            mapping = load(reference)
        except MappingError as error:
            problems.extend(error.problems)
            continue
        rival = next((name for name, other in sound.items() if other.jira.project == mapping.jira.project), None)
        if rival is None:
            sound[reference] = mapping
        elif rival != reference:
            problems.append(
                f"{reference}: jira.project: {mapping.jira.project!r} is the project of {rival} too; "
                "give each mapping a project of its own"
            )
    return sound, problems


def check_live(gateway: Gateway) -> tuple[Findings, ...]:
    """Compare each mapping with the site; writes nothing.

    Whoever writes must leave the projects alone whose findings have `faults`; `weaknesses` hinder nobody. What a
    gateway at work knows by its id, and an admin renamed since, is a weakness. Raises JiraError where Jira can't be
    asked at all (it is down, or doesn't accept the credentials).
    """
    return tuple(
        judge_site(mapping, survey(gateway.client, mapping, gateway.known(mapping)))
        for mapping in gateway.mappings.values()
    )
