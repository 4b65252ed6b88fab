"""What a mapping needs against what a site has. Pure: a survey in, findings out, each with its remedy."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

from mappings import Mapping
from mappings.model import JiraField
from sync_service.checking.survey import PERMISSIONS, Survey

SCHEMAS: dict[str, tuple[str, str | None]] = {
    "select": ("option", None),
    "multi-select": ("array", "option"),
    "text": ("string", None),
    "date": ("date", None),
    "date-time": ("datetime", None),
    "number": ("number", None),
    "user": ("user", None),
}
"""How Jira names the values of each type of field (`schema.type` and `schema.items` of GET field)."""

CREATED_WITH = ("summary", "description", "assignee", "duedate", "labels")
"""What the service gives a new step."""

GIVEN = frozenset({*CREATED_WITH, "project", "parent", "issuetype", "reporter"})
"""What a create screen may require: the above, and what Jira or the request itself fills."""

STEP_EDITS = ("assignee", "duedate", "labels")
WRITTEN = ("certification_start", "additional_fees", "gate_override")
"""The fields that both people and the service write; the service writes the kept ones as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong with one project, in sentences.

    `faults` must be mended before the service writes there; `weaknesses` make it act less than it could; `unread` is
    what could not be looked at.
    """

    project: str
    mapping: str
    faults: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that somebody should mend."""
        return self.faults + self.weaknesses


def judge_site(mapping: Mapping, site: Survey) -> Findings:
    """Judge everything at once."""
    project = mapping.jira.project
    if site.project is None:
        fault = (
            f"there is no project {project!r} that the account can see; create it, name another in jira.project of the "
            "mapping, or let the account have 'Browse projects' there"
        )
        return Findings(project=project, mapping=mapping.name, faults=(fault,))
    faults = [
        *site.names,
        *_permissions(site),
        *_types(mapping, site),
        *_options(mapping, site),
        *_create_screen(mapping, site),
        *_step_screen(mapping, site),
        *_service_fields(mapping, site),
        *_links(mapping, site),
        *_people(mapping, site),
    ]
    weaknesses = [
        *site.renamed,
        *_peoples_fields(mapping, site),
        *_peoples_options(mapping, site),
        *_ways_back(mapping, site),
        *_step_ways(mapping, site),
        *_default_assignee(mapping, site.project),
    ]
    return Findings(
        project=project,
        mapping=mapping.name,
        faults=tuple(dict.fromkeys(faults)),
        weaknesses=tuple(dict.fromkeys(weaknesses)),
        unread=(*site.unread, *_unseen(mapping, site)),
    )


def _permissions(site: Survey) -> Iterator[str]:
    for key, granted in site.permissions.items():
        if not granted:
            where = "among the global permissions" if key == "USER_PICKER" else "in the project's permission scheme"
            yield f"our account lacks the permission {PERMISSIONS[key]!r} ({key}); grant it {where}"


# --- Fields


def _types(mapping: Mapping, site: Survey) -> Iterator[str]:
    for key, found in site.fields.items():
        declared = mapping.fields[key]
        schema = found.get("schema") or {}
        has = (str(schema.get("type")), schema.get("items") if schema.get("type") == "array" else None)
        if has != SCHEMAS[declared.type]:
            kind = next((name for name, known in SCHEMAS.items() if known == has), has[0])
            yield (
                f"the field {declared.name!r} is a {kind} field, but fields.{key} says {declared.type}; correct the "
                "mapping, or rename this field and create one of the right type"
            )


def wanted_options(mapping: Mapping) -> dict[str, tuple[str, ...]]:
    """Name the options that the service writes or a gate asks for, by the field's key."""
    values = mapping.jira.values
    wanted: dict[str, list[str]] = {key: [] for key in mapping.fields}
    wanted["stage"] += [stage.title for stage in mapping.stages.values()]
    wanted["gate"] += [values.gate_open, values.gate_closed]
    if mapping.certification:
        wanted["certification_result"] += [values.certified, values.failed, values.withdrawn]
        wanted["additional_fees"] += [values.no_fees, values.fees_may_apply]
    for targets in mapping.gates.values():
        for gate in targets.values():
            for key, asked in gate.equals.items():
                wanted[key] += asked
    return {key: tuple(dict.fromkeys(options)) for key, options in wanted.items() if options}


def _options(mapping: Mapping, site: Survey) -> Iterator[str]:
    wanted = wanted_options(mapping)
    return _lacking(mapping, site, {key: wanted.get(key, ()) for key in mapping.fields})


def _peoples_options(mapping: Mapping, site: Survey) -> Iterator[str]:
    """People choose what the mapping declares; that some of it is not offered hinders only them."""
    wanted = wanted_options(mapping)
    theirs = {key: [o for o in one.options if o not in wanted.get(key, ())] for key, one in mapping.fields.items()}
    return _lacking(mapping, site, theirs)


def _lacking(mapping: Mapping, site: Survey, wanted: MappingOf[str, Iterable[str]]) -> Iterator[str]:
    for key, there in site.options.items():
        lacking = [option for option in wanted[key] if option not in there]
        if lacking:
            name, has = mapping.fields[key].name, ", ".join(sorted(there)) or "none"
            yield f"the field {name!r} lacks the options {_listed(lacking)} (it has: {has}); add them"


# --- Screens


def _create_screen(mapping: Mapping, site: Survey) -> Iterator[str]:
    screen, kind = site.create_screen, mapping.jira.subtask_type
    if screen is None:
        return
    lacking = [field for field in CREATED_WITH if field not in screen]
    if lacking:
        yield f"the create screen of {kind!r} lacks {_listed(lacking)}; add them, or no step can be made"
    for field_id, shown in screen.items():
        if shown.get("required") and not shown.get("hasDefaultValue") and field_id not in GIVEN:
            name = shown.get("name") or field_id
            yield f"the create screen of {kind!r} requires {name!r}, which a step doesn't have; make it optional"


def _step_screen(mapping: Mapping, site: Survey) -> Iterator[str]:
    if site.step_screen is not None:
        lacking = [field for field in STEP_EDITS if field not in site.step_screen]
        if lacking:
            yield f"the edit screen of {mapping.jira.subtask_type!r} lacks {_listed(lacking)}; add what is missing"


def _off_screen(mapping: Mapping, site: Survey) -> dict[str, JiraField]:
    if site.issue_screen is None:
        return {}
    return {key: mapping.fields[key] for key, found in site.fields.items() if found["id"] not in site.issue_screen}


def _service_fields(mapping: Mapping, site: Survey) -> Iterator[str]:
    """Data Center edits only what the edit screen shows; Cloud asks no screen."""
    if site.is_cloud or site.issue_screen is None:
        return
    ours = [one.name for key, one in _off_screen(mapping, site).items() if key in WRITTEN or one.kept]
    ours += [] if "labels" in site.issue_screen else ["labels"]
    if ours:
        yield f"the edit screen of {mapping.jira.issue_type!r} lacks {_listed(ours)}, which we write; add them"


def _peoples_fields(mapping: Mapping, site: Survey) -> Iterator[str]:
    """Kept fields are best on no edit screen where the service can write them all the same."""
    ours = () if site.is_cloud else WRITTEN
    theirs = [one.name for key, one in _off_screen(mapping, site).items() if not one.kept and key not in ours]
    if theirs:
        yield f"the edit screen of {mapping.jira.issue_type!r} lacks {_listed(theirs)}, so that nobody can fill them"


# --- Links and people


def _links(mapping: Mapping, site: Survey) -> Iterator[str]:
    asked = any(gate.no_blocking_links for targets in mapping.gates.values() for gate in targets.values())
    name, there = mapping.jira.blocking_link, site.link_types
    if asked and there is not None and name not in there:
        yield f"there is no link type {name!r} (there are: {', '.join(sorted(there))}); correct jira.blocking_link"


def _people(mapping: Mapping, site: Survey) -> Iterator[str]:
    if site.roles is not None:
        for role in mapping.override.roles:
            if role not in site.roles:
                there = ", ".join(sorted(site.roles))
                yield f"the project has no role {role!r} (it has: {there}); correct override.roles"
    for group, found in site.groups.items():
        if not found:
            yield f"there is no group {group!r} that the account can see; correct override.groups"


# --- Transitions


def _ways_back(mapping: Mapping, site: Survey) -> Iterator[str]:
    """A refused move is taken back to the stage it came from; every earlier one may be that stage."""
    for position, (key, stage) in enumerate(mapping.stages.items()):
        earlier = [name for name in list(mapping.stages)[:position] if not mapping.stages[name].end]
        for status in stage.statuses:
            offered = site.ways.get((mapping.jira.issue_type, status))
            if offered is None:
                continue
            lost = [mapping.title(name) for name in earlier if not offered & set(mapping.stages[name].statuses)]
            if lost:
                yield (
                    f"from {status!r} no transition leads our account back to {_listed(lost)}, so a refused move to "
                    f"{mapping.title(key)!r} would stand, with a comment and a label; add the transitions"
                )


def _step_ways(mapping: Mapping, site: Survey) -> Iterator[str]:
    """Steps are reopened, and closed as superseded, by transitions."""
    steps, kind = mapping.jira.step_statuses, mapping.jira.subtask_type
    never = steps.wont_do.statuses[:1]
    wanted = [(status, steps.open) for status in (steps.done, *never)] + [(steps.open, status) for status in never]
    for source, target in wanted:
        offered = site.ways.get((kind, source))
        if offered is not None and target not in offered:
            yield f"from {source!r} no transition of {kind!r} leads our account to {target!r}; add one"


def _default_assignee(mapping: Mapping, project: MappingOf[str, object]) -> Iterator[str]:
    """A step is created without an assignee where nobody owns it; Jira may have a person for that."""
    chosen = project.get("assigneeType")
    if chosen not in (None, "UNASSIGNED"):
        yield (
            f"the default assignee of the project is {chosen}, so a step that nobody owns goes to that person, without "
            f"the label {mapping.jira.labels.needs_owner!r} on the project issue; set it to 'Unassigned' in the "
            "project's details"
        )


def _unseen(mapping: Mapping, site: Survey) -> Iterator[str]:
    kind = mapping.jira.issue_type
    unseen = [status for status in mapping.stage_by_status if (kind, status) not in site.ways]
    if unseen:
        yield f"the transitions out of {_listed(unseen)} can't be read: no issue of type {kind!r} was found there"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
