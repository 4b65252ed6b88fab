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
    """The Jira project lacks names that the mapping uses; `problems` lists each with its remedy.

    `project_id` is known where there is such a project.
    """

    reason = "site_mismatch"

    def __init__(self, project: str, found: Iterable[str], project_id: str | None = None) -> None:
        self.problems = tuple(found)
        self.project_id = project_id
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a site has of a mapping's names; `problems` tells which lead nowhere or to more than one thing.

    `fields` are the fields that were found, as Jira describes them, by the mapping's keys; a type that was not found
    is empty; `statuses` gives each status id the mapping's name (or Jira's, where the mapping has none); `renamed`
    tells what is known by its id alone, for an admin renamed it.
    """

    project: Json
    fields: MappingOf[str, Json]
    issue_type: Json
    subtask_type: Json
    statuses: MappingOf[str, str]
    categories: MappingOf[str, str]
    problems: tuple[str, ...]
    renamed: tuple[str, ...]


def resolve(client: Client, mapping: Mapping, known: Directory | None = None) -> Directory:
    """Read the site and return the ids; raises SiteMismatch with everything that is missing or ambiguous.

    Issue types, statuses and fields in `known` keep the mapping's name although an admin renamed them since.
    """
    found = look_up(client, mapping, known)
    if found is None:
        what = "there is no such project, or the service's account may not browse it; check jira.project of the mapping"
        raise SiteMismatch(mapping.jira.project, [f"{what}, and give the account the permission Browse Projects"])
    project_id = str(found.project["id"])
    if found.problems:
        raise SiteMismatch(mapping.jira.project, found.problems, project_id)
    field_ids = {key: field["id"] for key, field in found.fields.items()}
    names = {declared.name: key for key, declared in mapping.fields.items()}
    return Directory(
        project_id=project_id,
        issue_type_id=str(found.issue_type["id"]),
        subtask_type_id=str(found.subtask_type["id"]),
        is_cloud=client.is_cloud,
        field_ids=field_ids,
        field_keys={field_id: key for key, field_id in field_ids.items()},
        field_names=names | {field["name"]: key for key, field in found.fields.items()},
        statuses=found.statuses,
        categories=found.categories,
        people=people_fields(mapping),
    )


def people_fields(mapping: Mapping) -> frozenset[str]:
    """Return the keys of the fields that name a person."""
    return frozenset(key for key, declared in mapping.fields.items() if declared.type == "user")


def look_up(client: Client, mapping: Mapping, known: Directory | None = None) -> Names | None:
    """Read the site, and tell everything that was found and that was not; None where we see no such project."""
    jira = mapping.jira
    try:
        project, types = client.project(jira.project), client.project_statuses(jira.project)
    except NotFound:
        return None
    problems = list(_new_key(project, mapping))
    fields = dict(_fields(client.fields(), mapping, known, problems))
    kept = (known.issue_type_id, known.subtask_type_id) if known else ()
    issue_type = _issue_type(types, jira.issue_type, kept, problems, subtask=False)
    subtask_type = _issue_type(types, jira.subtask_type, kept, problems, subtask=True)
    listed = [*client.statuses(), *issue_type.get("statuses", []), *subtask_type.get("statuses", [])]
    present = {str(status["id"]): str(status["name"]) for status in listed}
    statuses = present | (_names_kept(mapping, known, present) if known else {})
    _check_statuses(mapping, issue_type, subtask_type, statuses, problems)
    return Names(
        project=project,
        fields=fields,
        issue_type=issue_type,
        subtask_type=subtask_type,
        statuses=statuses,
        categories={statuses[str(status["id"])]: status["statusCategory"]["key"] for status in listed},
        problems=tuple(problems),
        renamed=(
            *_renamed_fields(mapping, fields),
            *_renamed_types(mapping, issue_type, subtask_type),
            *_renamed_statuses(statuses, present),
        ),
    )


def _new_key(project: Json, mapping: Mapping) -> Iterator[str]:
    """Jira finds a project by its former keys, but its issues bear the present one."""
    if project["key"] != mapping.jira.project:
        yield f"the project's key is {project['key']!r} now; write that into jira.project of the mapping, and restart"


def _names_kept(mapping: Mapping, known: Directory, there: Container[str]) -> dict[str, str]:
    """Return the names by which the mapping knows the statuses, as they were when they were resolved."""
    steps = mapping.jira.step_statuses
    declared = {*mapping.stage_by_status, steps.open, steps.done, *steps.wont_do.statuses}
    if rounds := mapping.certification:
        declared |= {*rounds.certified.statuses, *rounds.failed.statuses}
    return {status: name for status, name in known.statuses.items() if status in there and name in declared}


def _renamed_fields(mapping: Mapping, found: MappingOf[str, Json]) -> Iterator[str]:
    for key, field in found.items():
        if field["name"] != mapping.fields[key].name:
            yield _renamed(
                f"the field {mapping.fields[key].name!r}", field["name"], f"fields.{key}.name of the mapping"
            )


def _renamed_types(mapping: Mapping, issue_type: Json, subtask_type: Json) -> Iterator[str]:
    jira = mapping.jira
    for setting, name, found in (
        ("issue_type", jira.issue_type, issue_type),
        ("subtask_type", jira.subtask_type, subtask_type),
    ):
        if found and found["name"] != name:
            yield _renamed(f"the issue type {name!r}", found["name"], f"jira.{setting} of the mapping")


def _renamed_statuses(statuses: MappingOf[str, str], present: MappingOf[str, str]) -> Iterator[str]:
    for status_id, name in statuses.items():
        if name != present[status_id]:
            yield _renamed(f"the status {name!r}", present[status_id], "the mapping")


def _renamed(what: str, now: str, where: str) -> str:
    return f"{what} is called {now!r} now; the next start asks for that name: write it into {where}"


def _fields(
    listed: list[Json], mapping: Mapping, known: Directory | None, problems: list[str]
) -> Iterator[tuple[str, Json]]:
    there = {field["id"]: field for field in listed}
    for key, declared in mapping.fields.items():
        before = known.field_ids.get(key) if known else None
        found = [field for field in listed if field["name"] == declared.name]
        if before is not None and before in there:
            yield key, there[before]
        elif len(found) == 1:
            yield key, found[0]
        elif found:
            ids = ", ".join(field["id"] for field in found)
            problems.append(
                f"{len(found)} fields are named {declared.name!r} ({ids}); rename all but one, "
                f"or give fields.{key}.name another name"
            )
        else:
            problems.append(
                f"there is no field {declared.name!r} (fields.{key}, type {declared.type}); if it was renamed, write "
                f"its new name into fields.{key}.name of the mapping, else create it, or run `stagegate provision`"
            )


def _issue_type(types: list[Json], name: str, kept: Container[str], problems: list[str], *, subtask: bool) -> Json:
    fitting = [one for one in types if bool(one.get("subtask")) == subtask]
    same = [one for one in fitting if str(one["id"]) in kept] or [one for one in fitting if one["name"] == name]
    found = next(iter(same), None)
    if found is None:
        kind = "sub-task type" if subtask else "issue type"
        there = ", ".join(one["name"] for one in fitting) or "none"
        problems.append(
            f"the project has no {kind} {name!r} (it has: {there}); add it to the project's scheme, or name another in "
            "the mapping"
        )
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
