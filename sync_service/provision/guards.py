"""The Stage gate on the transitions that lead forward, in the place of the condition *Gate* = Open. Pure.

Why in its place: `docs/adr/0006-stage-gate-in-the-conditions-place.md`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mappings import Mapping
from sync_service.jira import forge
from sync_service.jira.answers import Json
from sync_service.provision.desired import WantedStageGate, WantedTransition
from sync_service.provision.draft import Draft
from sync_service.provision.plan import Request, ref
from sync_service.provision.site import SiteWorkflow

REFERENCE = "stage-gate"
CHECK_FIELD = "system:check-field-value"
WORKFLOW_PARTS = ("description", "startPointLayout", "loopedTransitionContainerLayout")
STATUS_PARTS = ("id", "name", "description", "statusCategory", "statusReference")
LAYOUT_PARTS = ("statusReference", "layout", "properties", "approvalConfiguration")
TRANSITION_PARTS = (
    "id", "name", "description", "type", "toStatusReference", "links", "conditions", "validators", "actions",
    "triggers", "transitionScreen", "properties", "customIssueEventId",
)  # fmt: skip
"""What an update takes of what a search shows (POST workflows/update of the Jira Cloud platform, seen 2026-11)."""


def find(draft: Draft) -> None:
    """Learn the key of the Stage gate; refuse where the site has none of that app: its rules would refuse every move.

    The document shows such a key in the capabilities' `forgeRules` (GET workflows/capabilities of the Jira Cloud
    platform, seen 2026-11) and doesn't say how else it is put together, so the one that Jira itself offers is written.
    """
    wanted = draft.wanted.stage_gate
    if wanted is None:
        return
    keys = wanted.app.keys(draft.site.forge_rules)
    if len(keys) == 1:
        draft.ids[REFERENCE] = keys[0]
    elif keys:
        environments = ", ".join(key.split("/")[2] for key in keys)
        draft.refuse(
            f"the Forge app {wanted.app.app} is installed in several environments ({environments}); say "
            "which one is meant: [jira] forge = APP/ENVIRONMENT"
        )
    else:
        draft.refuse(
            f"[jira] forge: Jira offers no Stage gate of the Forge app {_named(wanted)}, and a rule of an app that is "
            "not installed refuses every move; install the app (docs/plugin.md), correct the id, or leave it out"
        )


def _named(wanted: WantedStageGate) -> str:
    return "/".join(filter(None, (wanted.app.app, wanted.app.environment)))


def rule_of(draft: Draft, step: WantedTransition) -> Json | None:
    """Return the validator of a transition that is yet to be made; None where there is no Stage gate to be put on."""
    wanted = draft.wanted.stage_gate if REFERENCE in draft.ids else None
    return _rule(wanted, ref(REFERENCE), wanted.mapping.stage_by_status[step.to]) if wanted and step.guarded else None


def leave_to_administrator(draft: Draft) -> None:
    """Say who can put the Stage gate on, where the workflow is out of our reach."""
    if draft.wanted.stage_gate is None:
        return
    if draft.site.project.team_managed:
        draft.notes.append("[jira] forge: the Stage gate is for company-managed projects only; it is left out")
    else:
        draft.by_hand.append(
            "the Stage gate of [jira] forge: once the workflow is there, `stagegate provision --apply` with an "
            "administrator's credentials puts it on; Jira's workflow editor has no form for its configuration"
        )


def _rule(wanted: WantedStageGate, key: str, stage: str) -> Json:
    return forge.validator(key, stage=stage, without_record=wanted.app.without_record)


def without_setting(draft: Draft, name: str, there: SiteWorkflow) -> bool:
    """Say so where a workflow has Stage gates though no app is configured; tell whether it has."""
    keys = {forge.key_of(rule) for step in there.transitions for rule in _stage_gates(step)}
    if keys:
        draft.problems.append(
            f"the workflow {name!r} ({there.id}) has the Stage gate of {', '.join(sorted(keys))}, but [jira] forge is "
            "not set; set it, or delete the rules in Jira's workflow editor"
        )
    return bool(keys)


# --- A workflow that there is


@dataclass(slots=True)
class _Found:
    """What is to be done with the transitions of a workflow, and what the plan says of it."""

    transitions: list[Json] = field(default_factory=list)
    guarded: list[str] = field(default_factory=list)
    freed: list[str] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)
    left_off: list[str] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)


def put(draft: Draft, name: str, there: SiteWorkflow) -> None:
    """See that each way forward has the Stage gate, by one update that Jira judges first; all else stays as it is."""
    wanted = draft.wanted.stage_gate
    if wanted is None or REFERENCE not in draft.ids:
        return
    found = _Found()
    for step in there.transitions:
        found.transitions.append(_guarded(draft, wanted, there, step, found))
    if found.left_off:
        draft.notes.append(
            f"no Stage gate on {', '.join(found.left_off)} of the workflow {name!r}: it has a screen of its own, and "
            "the Stage gate knows nothing of what is being typed there; the service judges such a move"
        )
    refusals = [*_foreign(name, there, found), *_disputed(draft, wanted, name, there)]
    draft.refusals += refusals
    if refusals or found.transitions == list(there.transitions):
        return
    if not there.editable:
        draft.problems.append(
            f"the workflow {name!r} ({there.id}) can't be edited, says Jira, so {', '.join(found.guarded)} go without "
            "the Stage gate; the service judges such moves afterwards"
        )
        return
    _consider_others(draft, wanted, name)
    payload = _payload(there, found.transitions)
    options = {"levels": ["ERROR"]}
    validation = {"payload": payload, "validationOptions": options}
    judged = Request(method="POST", path="workflows/update/validation", body=validation, checks=True)
    update = Request(method="POST", path="workflows/update", body=payload)
    draft.change("change", "workflow", name, judged, update, details=_told(draft, found))


def _foreign(name: str, there: SiteWorkflow, found: _Found) -> Iterator[str]:
    """Refuse to delete the rules of an app that is installed: they are somebody's."""
    for key in sorted(found.foreign):
        yield (
            f"the workflow {name!r} ({there.id}) has the rule {key} of another app, which is installed, where the "
            "Stage gate belongs; if that app was ours, uninstall it, else delete its rules in Jira's workflow editor"
        )


def _disputed(draft: Draft, wanted: WantedStageGate, name: str, there: SiteWorkflow) -> Iterator[str]:
    """Refuse where a rule, which names one stage, would have to name another one for another mapping's projects."""
    ours = wanted.mapping
    if draft.site.followed(ours.jira.issue_type) != name:
        return
    for other in wanted.others:
        if other.jira.project not in draft.site.sharing:
            continue
        disputed = [
            f"{step['name']!r} ({one} or {two})"
            for step in there.transitions
            if (one := _leads_into(ours, there, step))
            and (two := _leads_into(other, there, step))
            and one != two
            and not step.get("transitionScreen")
        ]
        if disputed:
            both = " and ".join(f"{each.name!r} ({each.jira.project})" for each in (ours, other))
            yield (
                f"the workflow {name!r} ({there.id}) is followed by the project issues of two mappings, {both}, which "
                f"give different stages to {', '.join(disputed)}, and a Stage gate names one; give one of the projects "
                "a workflow of its own, or its mapping the same keys of stages"
            )


def _consider_others(draft: Draft, wanted: WantedStageGate, name: str) -> None:
    """Say whom else it concerns: what is no project issue has no record."""
    site, ours = draft.site, draft.wanted.issue_type.name
    if site.followed(ours) != name:
        return
    types = [kind for kind in site.project.types if kind != ours and site.followed(kind) == name]
    others = [f"the issue types {', '.join(types)}"] if types else []
    others += [f"other projects ({len(site.used_elsewhere)})"] if site.used_elsewhere else []
    if not others:
        return
    told = f"the workflow {name!r} is followed by {' and '.join(others)} as well, whose issues have no record"
    if wanted.app.without_record == "closed":
        draft.refuse(
            f"{told}: with [jira] forge_without_record = closed the Stage gate would refuse their moves; set it to "
            "open, or give our project issues a workflow of their own"
        )
    else:
        draft.notes.append(f"{told}: the Stage gate lets them pass")


def _told(draft: Draft, found: _Found) -> tuple[str, ...]:
    told = [f"Stage gate on {', '.join(found.guarded)}"]
    if found.freed:
        told.append(
            f"in place of the condition {draft.wanted.gate} = {draft.wanted.gate_open} on {', '.join(found.freed)}"
        )
    if found.replaced:
        told.append(f"in place of the rules of {', '.join(sorted(found.replaced))}")
    return tuple(told)


def _guarded(draft: Draft, wanted: WantedStageGate, there: SiteWorkflow, step: Json, found: _Found) -> Json:
    """Return the transition with its Stage gate; the very same where there is nothing to do."""
    stage = _leads_into(wanted.mapping, there, step)
    if stage is None:
        return step
    if step.get("transitionScreen"):
        found.left_off.append(repr(step["name"]))
        return step
    rule, present = _rule(wanted, draft.ids[REFERENCE], stage), _stage_gates(step)
    offered = {str(each.get("id")) for each in draft.site.forge_rules}
    found.foreign |= {key for key in map(forge.key_of, present) if key in offered and not wanted.app.owns(key)}
    opened = _opened(draft, step)
    if opened is step and len(present) == 1 and forge.same(present[0], rule):
        return step
    name = f"{step['name']!r}"
    found.guarded.append(name)
    found.freed += [name] if opened is not step else []
    found.replaced |= {key for key in map(forge.key_of, present) if key != draft.ids[REFERENCE]}
    kept = [each for each in step.get("validators") or () if not forge.is_stage_gate(each)]
    return opened | {"validators": [*kept, rule]}


def _stage_gates(step: Json) -> list[Json]:
    return [rule for rule in step.get("validators") or () if forge.is_stage_gate(rule)]


def _leads_into(mapping: Mapping, there: SiteWorkflow, step: Json) -> str | None:
    """Return the stage that a transition leads forward into; one from every status leads forward as well."""
    stages = mapping.stage_by_status
    stage = stages.get(there.names.get(str(step.get("toStatusReference")), ""))
    if stage not in mapping.way or step.get("type") == "INITIAL":
        return None
    earlier = mapping.way[: mapping.way.index(stage)]
    sources = [there.names.get(str(link.get("fromStatusReference")), "") for link in step.get("links") or ()]
    leads = any(stages.get(source) in earlier for source in sources) if sources else bool(earlier)
    return stage if leads else None


def _opened(draft: Draft, step: Json) -> Json:
    """Return the transition without the condition *Gate* = Open; the very same where it has none that stands alone."""
    group = step.get("conditions") or {}
    held = list(group.get("conditions") or ())
    kept = [rule for rule in held if not _is_gate_condition(draft, rule)]
    others = bool(kept or group.get("conditionGroups"))
    if len(kept) == len(held) or (others and group.get("operation") == "ANY"):
        return step
    if others:
        return step | {"conditions": group | {"conditions": kept}}
    return {name: part for name, part in step.items() if name != "conditions"}


def _is_gate_condition(draft: Draft, rule: Json) -> bool:
    """Tell our condition, in either of the ways in which Jira is known to write it."""
    gate, value = draft.wanted.gate, draft.wanted.gate_open
    parameters = rule.get("parameters") or {}
    values = [f'["{each}"]' for each in (draft.ids.get(f"option:{gate}={value}"), value) if each]
    return (
        rule.get("ruleKey") == CHECK_FIELD
        and parameters.get("fieldId") == draft.ids.get(f"field:{gate}", "")
        and parameters.get("comparator") == "="
        and parameters.get("fieldValue") in values
    )


def _payload(there: SiteWorkflow, transitions: list[Json]) -> Json:
    """Return the whole workflow as it was shown, with these transitions: what an update leaves out is gone."""
    workflow = _parts(there.document, WORKFLOW_PARTS) | {"id": there.id, "version": there.document.get("version")}
    workflow["statuses"] = [_parts(each, LAYOUT_PARTS) for each in there.document.get("statuses") or ()]
    workflow["transitions"] = [_parts(each, TRANSITION_PARTS) for each in transitions]
    return {"statuses": [_parts(each, STATUS_PARTS) for each in there.known], "workflows": [workflow]}


def _parts(shown: Json, names: tuple[str, ...]) -> Json:
    return {name: shown[name] for name in names if shown.get(name) is not None}
