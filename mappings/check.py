"""Contradictions in a mapping that no single model sees: names that lead nowhere, statuses with two stages, loops."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterator

from mappings.model import ANY, EVERY_STEP_ABOVE, Mapping, Stage, Step

NEEDED_FIELDS = ("stage", "gate")
CERTIFICATION_FIELDS = (
    "certification_round",
    "certification_result",
    "rounds_failed",
    "certification_start",
    "certification_feedback",
    "additional_fees",
)


def problems(mapping: Mapping) -> list[str]:
    """Return every contradiction as a line that names the key and a remedy; none means that the mapping can be used."""
    return [
        *_fields(mapping),
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
    for key in NEEDED_FIELDS + (CERTIFICATION_FIELDS if mapping.certification else ()):
        if key not in mapping.fields:
            yield f"fields.{key}: missing; the service keeps it, so declare its name and type"
    names = Counter(field.name for field in mapping.fields.values())
    for key, field in mapping.fields.items():
        if names[field.name] > 1:
            yield f"fields.{key}.name: {field.name!r} stands for more than one key; give each field its own name"


def _roles(mapping: Mapping) -> Iterator[str]:
    for key, role in mapping.roles.items():
        yield from _strangers(f"roles.{key}.field", "field", [role.field], mapping.fields)
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


def _steps(mapping: Mapping) -> Iterator[str]:
    for stage_key, stage in mapping.stages.items():
        for key, step in stage.steps.items():
            place = f"stages.{stage_key}.steps.{key}"
            yield from _order(place, key, stage, step)
            yield from _people(place, step, mapping)
            yield from _step_names(place, stage, step, mapping)


def _order(place: str, key: str, stage: Stage, step: Step) -> Iterator[str]:
    keys = list(stage.steps)
    above = keys[: keys.index(key)]
    for before in step.after:
        if before in (EVERY_STEP_ABOVE, *above):
            continue
        if before in keys:
            yield f"{place}.after: {before!r} stands at or below {key!r}; list a step after those that it comes after"
        else:
            yield unknown(f"{place}.after", "step", before, keys)


def _people(place: str, step: Step, mapping: Mapping) -> Iterator[str]:
    if bool(step.owner) == bool(step.parties):
        yield f"{place}: give either 'owner' (the first role with a user) or 'parties' (a sub-task for each)"
    yield from _strangers(f"{place}.owner", "role", step.owner, mapping.roles)
    yield from _strangers(f"{place}.parties", "role", step.parties, mapping.roles)


def _step_names(place: str, stage: Stage, step: Step, mapping: Mapping) -> Iterator[str]:
    yield from _strangers(f"{place}.needs", "field", step.needs, mapping.fields)
    yield from _strangers(f"{place}.gates", "stage", step.gates or (), mapping.stages)
    if step.when:
        yield from _strangers(f"{place}.when.field", "field", [step.when.field], mapping.fields)
    if step.due and step.due.after_field:
        yield from _strangers(f"{place}.due.after_field", "field", [step.due.after_field], mapping.fields)
    if step.due and step.due.after_step:
        yield from _strangers(f"{place}.due.after_step", "step", [step.due.after_step], stage.steps)
    if step.beyond_free_rounds and mapping.certification is None:
        yield f"{place}.beyond_free_rounds: there are no rounds without [certification]; remove it"


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
    if rounds.stage not in mapping.stages:
        return
    steps = mapping.stages[rounds.stage].steps
    for key in ("notify_step", "slot_step", "materials_step", "round_step"):
        name = getattr(rounds, key)
        yield from _strangers(f"certification.{key}", "step", [name], steps)
        if name in steps and not steps[name].each_visit:
            yield f"certification.{key}: {name!r} is made once, but rounds repeat; set 'each_visit = true' on it"
    if rounds.passed_to != mapping.next_stage(rounds.stage):
        yield f"certification.passed_to: {rounds.passed_to!r} doesn't follow {rounds.stage!r}; name the next stage"
