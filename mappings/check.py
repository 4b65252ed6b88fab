"""Contradictions in a mapping that no single model sees: names that lead nowhere, statuses with two stages, loops."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterator
from string import Formatter

from holidays import list_supported_countries

from mappings.model import ANY, EVERY_STEP_ABOVE, Due, FieldType, Mapping, Stage, Step

NEEDED_FIELDS: dict[str, FieldType] = {"stage": "select", "gate": "select"}
CERTIFICATION_FIELDS: dict[str, FieldType] = {
    "certification_round": "number",
    "certification_result": "select",
    "rounds_failed": "number",
    "certification_start": "date",
    "certification_feedback": "text",
    "additional_fees": "select",
}
OPTIONAL_FIELDS: dict[str, FieldType] = {
    "last_refusal": "date-time",
    "last_override": "date-time",
    "gate_override": "text",
    "failure_reasons": "multi-select",
}
WORDS = ("key", "project", "party", "round", "last_round")
"""What a template may name besides the fields."""


def problems(mapping: Mapping) -> list[str]:
    """Return every contradiction as a line that names the key and a remedy; none means that the mapping can be used."""
    return [
        *_fields(mapping),
        *_options(mapping),
        *_names(mapping),
        *_calendar(mapping),
        *_roles(mapping),
        *_stages(mapping),
        *_steps(mapping),
        *_gates(mapping),
        *_requests(mapping),
        *_certification(mapping),
    ]


def unknown(place: str, kind: str, name: str, known: Collection[str]) -> str:
    """Say that a name leads nowhere, with the nearest one that exists."""
    close = difflib.get_close_matches(name, list(known), n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}"
    return f"{place}: unknown {kind} {name!r}; {remedy}"


def _strangers(place: str, kind: str, names: Collection[str], known: Collection[str]) -> Iterator[str]:
    return (unknown(place, kind, name, known) for name in names if name not in known)


def _fields(mapping: Mapping) -> Iterator[str]:
    needed = NEEDED_FIELDS | (CERTIFICATION_FIELDS if mapping.certification else {})
    for key, kind in needed.items():
        if key not in mapping.fields:
            yield f"fields.{key}: missing; the service needs it, so declare its name, and type = {kind!r}"
    for key, kind in (needed | OPTIONAL_FIELDS).items():
        yield from _of_type(f"fields.{key}.type", key, kind, mapping)
    names = Counter(field.name for field in mapping.fields.values())
    for key, field in mapping.fields.items():
        if names[field.name] > 1:
            yield f"fields.{key}.name: {field.name!r} stands for more than one key; give each field its own name"


def _of_type(place: str, key: str, kind: FieldType, mapping: Mapping) -> Iterator[str]:
    field = mapping.fields.get(key)
    if field is not None and field.type != kind:
        yield f"{place}: {key!r} is a {field.type} field; it must be of type {kind!r} here"


def _options(mapping: Mapping) -> Iterator[str]:
    """Check what the service writes, and what gates and conditions wait for, against the options of the fields."""
    values = mapping.jira.values
    written = {
        "gate": {"gate_open": values.gate_open, "gate_closed": values.gate_closed},
        "certification_result": {key: getattr(values, key) for key in ("certified", "failed", "withdrawn")},
        "additional_fees": {key: getattr(values, key) for key in ("no_fees", "fees_may_apply")},
    }
    for field, named in written.items():
        for key, value in named.items():
            yield from _no_option(f"jira.values.{key}", field, [value], mapping)
    yield from _no_option("stages", "stage", [stage.title for stage in mapping.stages.values()], mapping)
    for source, targets in mapping.gates.items():
        for target, gate in targets.items():
            for field, wanted in gate.equals.items():
                yield from _no_option(f"gates.{source}.{target}.equals.{field}", field, wanted, mapping)


def _no_option(place: str, field: str, values: Collection[str], mapping: Mapping) -> Iterator[str]:
    options = mapping.fields[field].options if field in mapping.fields else ()
    if options:
        yield from _strangers(place, f"option of {field!r}", values, options)


def _names(mapping: Mapping) -> Iterator[str]:
    """Check that no label and no status of a step stands for two things."""
    labels = Counter([*mapping.jira.labels.model_dump().values(), *mapping.requests])
    yield from (f"jira.labels: {label!r} stands for more than one thing" for label in labels if labels[label] > 1)
    statuses, rounds = mapping.jira.step_statuses, mapping.certification
    outcomes = [statuses.open, statuses.done, *statuses.wont_do.statuses]
    outcomes += [*rounds.certified.statuses, *rounds.failed.statuses] if rounds else []
    for status, count in Counter(outcomes).items():
        if count > 1:
            yield f"jira.step_statuses: {status!r} stands for more than one outcome; give each its own status"
    if not statuses.wont_do.statuses:
        yield "jira.step_statuses.wont_do.statuses: none; the service closes what is over with the first of them"


def _calendar(mapping: Mapping) -> Iterator[str]:
    country, subdivision = mapping.calendar.country, mapping.calendar.subdivision
    countries = list_supported_countries()
    if country is None:
        if subdivision is not None:
            yield "calendar.subdivision: given without a country; add calendar.country"
        return
    yield from _strangers("calendar.country", "country", [country], countries)
    if country in countries and subdivision is not None:
        yield from _strangers("calendar.subdivision", "subdivision", [subdivision], countries[country])


def _roles(mapping: Mapping) -> Iterator[str]:
    for key, role in mapping.roles.items():
        yield from _strangers(f"roles.{key}.field", "field", [role.field], mapping.fields)
        yield from _of_type(f"roles.{key}.field", role.field, "user", mapping)
        yield from _strangers(f"roles.{key}.proxy", "role", [role.proxy] if role.proxy else [], mapping.roles)


def _stages(mapping: Mapping) -> Iterator[str]:
    if len(mapping.way) < 2:
        yield "stages: fewer than two stages that are no end; a lifecycle needs a way to go"
    statuses = Counter(status for stage in mapping.stages.values() for status in stage.statuses)
    titles = Counter(stage.title for stage in mapping.stages.values())
    for key, stage in mapping.stages.items():
        for status in stage.statuses:
            if statuses[status] > 1:
                yield f"stages.{key}.statuses: {status!r} belongs to more than one stage; keep it in one"
        if titles[stage.title] > 1:
            yield f"stages.{key}.title: {stage.title!r} is the title of more than one stage; make it differ"
        if stage.end and stage.steps:
            yield f"stages.{key}.steps: an end has no steps; remove them, or 'end = true'"
    if next(iter(mapping.stages.values())).end:
        yield "stages: the first stage is an end; begin the list with the stage that projects begin in"


def _steps(mapping: Mapping) -> Iterator[str]:
    for stage_key, stage in mapping.stages.items():
        for key, step in stage.steps.items():
            place = f"stages.{stage_key}.steps.{key}"
            yield from _order(place, key, stage, step)
            yield from _people(place, step, mapping)
            yield from _step_names(place, key, stage, step, mapping)
            yield from _templates(place, step, mapping)


def _order(place: str, key: str, stage: Stage, step: Step) -> Iterator[str]:
    for before in step.after:
        if before != EVERY_STEP_ABOVE:
            yield from _above(f"{place}.after", key, stage, before)


def _above(place: str, key: str, stage: Stage, before: str) -> Iterator[str]:
    keys = list(stage.steps)
    if before not in keys:
        yield unknown(place, "step", before, keys)
    elif before not in keys[: keys.index(key)]:
        yield f"{place}: {before!r} stands at or below {key!r}; list a step after those that it comes after"


def _people(place: str, step: Step, mapping: Mapping) -> Iterator[str]:
    if bool(step.owner) == bool(step.parties):
        yield f"{place}: give either 'owner' (the first role with a user) or 'parties' (a sub-task for each)"
    yield from _strangers(f"{place}.owner", "role", step.owner, mapping.roles)
    yield from _strangers(f"{place}.parties", "role", step.parties, mapping.roles)


def _step_names(place: str, key: str, stage: Stage, step: Step, mapping: Mapping) -> Iterator[str]:
    yield from _strangers(f"{place}.needs", "field", step.needs, mapping.fields)
    yield from _strangers(f"{place}.gates", "stage", step.gates or (), mapping.stages)
    if step.when:
        yield from _strangers(f"{place}.when.field", "field", [step.when.field], mapping.fields)
        yield from _no_option(f"{place}.when.in", step.when.field, step.when.is_in, mapping)
    if step.due:
        yield from _due(f"{place}.due", key, stage, step.due, mapping)
    if step.again and not step.each_visit:
        yield f"{place}.again: the step is made once; set 'each_visit = true', or remove it"
    if step.beyond_free_rounds and mapping.certification is None:
        yield f"{place}.beyond_free_rounds: there are no rounds without [certification]; remove it"


def _due(place: str, key: str, stage: Stage, due: Due, mapping: Mapping) -> Iterator[str]:
    if due.after_field and due.after_step:
        yield f"{place}: counted after a field and after a step; keep one of 'after_field' and 'after_step'"
    if due.after_field:
        yield from _strangers(f"{place}.after_field", "field", [due.after_field], mapping.fields)
        yield from _of_type(f"{place}.after_field", due.after_field, "date", mapping)
    if due.after_step:
        yield from _above(f"{place}.after_step", key, stage, due.after_step)


def _templates(place: str, step: Step, mapping: Mapping) -> Iterator[str]:
    texts = {"summary": step.summary, "description": step.description}
    if step.again:
        texts |= {"again.summary": step.again.summary, "again.description": step.again.description}
    for name, text in texts.items():
        fields = () if name.endswith("summary") else mapping.fields
        try:
            found = [part for part in Formatter().parse(text) if part[1] is not None]
        except ValueError as error:
            yield f"{place}.{name}: {error}; write {{{{ and }}}} for the braces themselves"
            continue
        for _, word, form, conversion in found:
            if form or conversion:
                yield f"{place}.{name}: {word!r} has a format; write {{{word}}} alone"
            yield from _strangers(f"{place}.{name}", "name", [str(word)], (*WORDS, *fields))


def _gates(mapping: Mapping) -> Iterator[str]:
    for source, targets in mapping.gates.items():
        if source != ANY:
            yield from _strangers(f"gates.{source}", "stage", [source], mapping.stages)
        for target, gate in targets.items():
            place = f"gates.{source}.{target}"
            yield from _strangers(place, "stage", [target], mapping.stages)
            yield from _strangers(f"{place}.filled", "field", gate.filled, mapping.fields)
            yield from _strangers(f"{place}.equals", "field", gate.equals, mapping.fields)
            yield from _strangers(f"{place}.no_open_requests", "request", gate.no_open_requests, mapping.requests)


def _requests(mapping: Mapping) -> Iterator[str]:
    for key, request in mapping.requests.items():
        yield from _strangers(f"requests.{key}.owner", "role", request.owner, mapping.roles)


def _certification(mapping: Mapping) -> Iterator[str]:
    rounds = mapping.certification
    if rounds is None:
        return
    for key in ("stage", "passed_to", "failed_to"):
        yield from _strangers(f"certification.{key}", "stage", [getattr(rounds, key)], mapping.way)
    if rounds.stage not in mapping.way:
        return
    steps = mapping.stages[rounds.stage].steps
    for key in ("notify_step", "slot_step", "materials_step", "round_step"):
        name = getattr(rounds, key)
        yield from _strangers(f"certification.{key}", "step", [name], steps)
        if name in steps and not steps[name].each_visit:
            yield f"certification.{key}: {name!r} is made once, but rounds repeat; set 'each_visit = true' on it"
    for key in ("round_step", "slot_step"):
        if (step := steps.get(getattr(rounds, key))) and step.parties:
            yield f"certification.{key}: {getattr(rounds, key)!r} has parties, but a round has one; give it an 'owner'"
    if rounds.failed_to in mapping.way and mapping.way.index(rounds.failed_to) >= mapping.way.index(rounds.stage):
        yield f"certification.failed_to: {rounds.failed_to!r} isn't before {rounds.stage!r}; name an earlier stage"
    if rounds.passed_to != mapping.next_stage(rounds.stage):
        yield f"certification.passed_to: {rounds.passed_to!r} doesn't follow {rounds.stage!r}; name the next stage"
