"""The ids behind the names of a mapping, resolved once for its project, used from then on, and read anew now and then.

Ids are the identity: what an admin renames later keeps its meaning, until the service is started anew.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

from mappings import Mapping
from sync_service.errors import StagegateError
from sync_service.jira.answers import Json
from sync_service.jira.client import Client
from sync_service.jira.errors import NotFound


class SiteMismatch(StagegateError):
    """The Jira project lacks names that the mapping uses; `problems` lists each with its remedy."""

    reason = "site_mismatch"

    def __init__(self, project: str, found: Iterable[str]) -> None:
        self.problems = tuple(found)
        super().__init__("\n".join(f"{project}: {problem}" for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Names and ids of one mapping on one site.

    `statuses` gives each status id the mapping's name (or Jira's, where the mapping has none), `categories` each of
    those names its category; `field_names` gives each field's name, Jira's present one too, the mapping's key;
    `people` are the keys of the fields that name a person.
    """

    project_id: str
    issue_type_id: str
    subtask_type_id: str
    is_cloud: bool
    field_ids: MappingOf[str, str]
    field_keys: MappingOf[str, str]
    field_names: MappingOf[str, str]
    statuses: MappingOf[str, str]
    categories: MappingOf[str, str]
    people: frozenset[str] = frozenset()

    def status(self, status_id: str | None, name: str | None) -> str:
        """Return the mapping's name of a status; the given one where the id is unknown."""
        return self.statuses.get(status_id or "", name or "")


def resolve(client: Client, mapping: Mapping, known: Directory | None = None) -> Directory:
    """Read the site and return the ids; raises SiteMismatch with everything that is missing or ambiguous.

    Issue types, statuses and fields in `known` keep the mapping's name although an admin renamed them since.
    """
    key = mapping.jira.project
    project, types = _project(client, key)
    problems: list[str] = []
    fields = client.fields()
    field_ids = dict(_fields(fields, mapping, known, problems))
    kept = (known.issue_type_id, known.subtask_type_id) if known else ()
    issue_type = _issue_type(types, mapping.jira.issue_type, kept, problems, subtask=False)
    subtask_type = _issue_type(types, mapping.jira.subtask_type, kept, problems, subtask=True)
    listed = [*client.statuses(), *issue_type.get("statuses", []), *subtask_type.get("statuses", [])]
    statuses = {str(status["id"]): status["name"] for status in listed}
    statuses |= _names_kept(mapping, known, statuses) if known else {}
    _check_statuses(mapping, issue_type, subtask_type, statuses, problems)
    if problems:
        raise SiteMismatch(key, problems)
    return Directory(
        project_id=str(project["id"]),
        issue_type_id=str(issue_type["id"]),
        subtask_type_id=str(subtask_type["id"]),
        is_cloud=client.is_cloud,
        field_ids=field_ids,
        field_keys={field_id: field for field, field_id in field_ids.items()},
        field_names=_field_names(fields, mapping, field_ids),
        statuses=statuses,
        categories={statuses[str(status["id"])]: status["statusCategory"]["key"] for status in listed},
        people=people_fields(mapping),
    )


def people_fields(mapping: Mapping) -> frozenset[str]:
    """Return the keys of the fields that name a person."""
    return frozenset(key for key, declared in mapping.fields.items() if declared.type == "user")


def _project(client: Client, key: str) -> tuple[Json, list[Json]]:
    try:
        return client.project(key), client.project_statuses(key)
    except NotFound:
        what = "there is no such project, or the service's account may not browse it; check jira.project of the mapping"
        raise SiteMismatch(key, [f"{what}, and give the account the permission Browse Projects"]) from None


def _names_kept(mapping: Mapping, known: Directory, there: Container[str]) -> dict[str, str]:
    """Return the names by which the mapping knows the statuses, as they were when they were resolved."""
    steps = mapping.jira.step_statuses
    declared = {*mapping.stage_by_status, steps.open, steps.done, *steps.wont_do.statuses}
    if rounds := mapping.certification:
        declared |= {*rounds.certified.statuses, *rounds.failed.statuses}
    return {status: name for status, name in known.statuses.items() if status in there and name in declared}


def _field_names(listed: list[Json], mapping: Mapping, field_ids: MappingOf[str, str]) -> dict[str, str]:
    """Return the names that a change log without ids may use: of before and after a renaming."""
    keys = {field_id: key for key, field_id in field_ids.items()}
    declared = {declared.name: key for key, declared in mapping.fields.items()}
    return declared | {field["name"]: keys[field["id"]] for field in listed if field["id"] in keys}


def _fields(
    listed: list[Json], mapping: Mapping, known: Directory | None, problems: list[str]
) -> Iterator[tuple[str, str]]:
    ids = {field["id"] for field in listed}
    for key, declared in mapping.fields.items():
        before = known.field_ids.get(key) if known else None
        found = [field["id"] for field in listed if field["name"] == declared.name]
        if before in ids and before is not None:
            yield key, before
        elif len(found) == 1:
            yield key, found[0]
        elif found:
            problems.append(
                f"{len(found)} fields are named {declared.name!r} ({', '.join(found)}); rename all but one, "
                f"or give fields.{key}.name another name"
            )
        else:
            problems.append(
                f"there is no field {declared.name!r} (fields.{key}, type {declared.type}); create it, or run "
                "`stagegate provision`"
            )


def _issue_type(types: list[Json], name: str, kept: Container[str], problems: list[str], *, subtask: bool) -> Json:
    fitting = [one for one in types if bool(one.get("subtask")) == subtask]
    same = [one for one in fitting if str(one["id"]) in kept] or [one for one in fitting if one["name"] == name]
    found = next(iter(same), None)
    if found is None:
        kind = "sub-task type" if subtask else "issue type"
        there = ", ".join(one["name"] for one in fitting) or "none"
        problems.append(f"the project has no {kind} {name!r} (it has: {there}); add it to the project's scheme")
    return found or {}


def _check_statuses(
    mapping: Mapping, issue_type: Json, subtask_type: Json, statuses: MappingOf[str, str], problems: list[str]
) -> None:
    steps = mapping.jira.step_statuses
    wanted = {
        mapping.jira.issue_type: (issue_type, [*mapping.stage_by_status]),
        mapping.jira.subtask_type: (subtask_type, [steps.open, steps.done, *steps.wont_do.statuses[:1]]),
    }
    for type_name, (found, names) in wanted.items():
        there = Counter(statuses[str(status["id"])] for status in found.get("statuses", ()))
        problems.extend(
            f"the workflow of {type_name!r} has no status {name!r}; add it, or name another in the mapping"
            for name in names
            if found and not there[name]
        )
        problems.extend(
            f"the workflow of {type_name!r} has {count} statuses named {name!r}; rename all but one"
            for name, count in there.items()
            if name in names and count > 1
        )
