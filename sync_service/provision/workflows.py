"""The workflows with their guard, and the scheme that gives them to the project. Pure."""

import uuid
from collections.abc import Iterator
from typing import Any

from sync_service.jira.answers import Json
from sync_service.provision import guards
from sync_service.provision.desired import WantedTransition, WantedWorkflow
from sync_service.provision.draft import Draft
from sync_service.provision.plan import Learned, Request, ref, resolved
from sync_service.provision.screens import screen
from sync_service.provision.site import SiteWorkflow

REFERENCES = uuid.UUID("c3f1a0de-6c1b-5b0e-9a43-0d3f2b7a9e51")


def gate_condition(field_id: str, option_id: str) -> Json:
    """Return the native condition that a select field shows one option.

    The document gives `STRING` with a text in its example of `system:check-field-value`, and names `OPTIONID` beside
    it without an example (GET workflows/capabilities of the Jira Cloud platform, seen 2026-11). We write the option's
    id, which survives a renaming; not tried on a live site. It is read back: where Jira shows something else,
    `provision` says so.
    """
    parameters = {
        "fieldId": field_id,
        "fieldValue": f'["{option_id}"]',
        "comparator": "=",
        "comparisonType": "OPTIONID",
    }
    return {"ruleKey": "system:check-field-value", "parameters": parameters}


def workflows(draft: Draft) -> None:
    """See that both issue types follow workflows that suffice: theirs, or ours by a scheme of ours."""
    guards.find(draft)
    ours = []
    for wanted in draft.wanted.workflows:
        follows = draft.site.followed(wanted.type) or ""
        there = draft.site.workflows.get(follows)
        present = wanted.type in draft.site.project.types
        if present and follows != wanted.name and there is not None and set(wanted.statuses) <= there.statuses:
            _foreign(draft, wanted, follows, there)
        else:
            ours.append(wanted)
    for wanted in ours:
        _own_workflow(draft, wanted)
    if ours:
        _scheme(draft, ours)


def _foreign(draft: Draft, wanted: WantedWorkflow, name: str, there: SiteWorkflow) -> None:
    draft.notes.append(f"the workflow {name!r} has every status of {wanted.type!r}; it is used as it is")
    guarded = [t for t in wanted.transitions if t.guarded]
    if guarded and _has_stage_gate(draft, name, there):
        return
    if guarded and not any(_conditions(step) for step in there.transitions):
        draft.by_hand.append(
            f"recommended: in the workflow {name!r} put the condition {draft.wanted.gate!r} = "
            f"{draft.wanted.gate_open!r} on each way forward ({', '.join(t.to for t in guarded)})"
        )


# --- Our workflows


def _own_workflow(draft: Draft, wanted: WantedWorkflow) -> None:
    there = draft.site.workflows.get(wanted.name)
    if there is None:
        _create(draft, wanted)
        return
    lacking = [status for status in wanted.statuses if status not in there.statuses]
    if lacking:
        draft.refuse(
            f"the workflow {wanted.name!r} ({there.id}) lacks the statuses {', '.join(lacking)}; add them there in "
            "Jira with their transitions, or rename it so that it is made anew"
        )
        return
    guarded = any(step.guarded for step in wanted.transitions)
    if guarded and not _has_stage_gate(draft, wanted.name, there):
        draft.problems += _unguarded(draft, wanted, there)


def _has_stage_gate(draft: Draft, name: str, there: SiteWorkflow) -> bool:
    """See to the Stage gate, where an app is configured; tell whether it is what guards the workflow."""
    if not draft.wanted.stage_gate:
        return guards.without_setting(draft, name, there)
    guards.put(draft, name, there)
    return True


def _unguarded(draft: Draft, wanted: WantedWorkflow, there: SiteWorkflow) -> Iterator[str]:
    """Read back the guard: compare what Jira shows with what we write."""
    expected = resolved(_condition(draft), draft.ids) if _is_known(draft) else None
    shown = {step["name"]: _conditions(step) for step in there.transitions}
    for step in wanted.transitions:
        if (
            step.guarded
            and expected is not None
            and not any(_same(expected, rule) for rule in shown.get(step.name, ()))
        ):
            has = ", ".join(str(rule.get("parameters")) for rule in shown.get(step.name, ())) or "no condition"
            yield (
                f"the transition {step.name!r} of the workflow {wanted.name!r} ({there.id}) shows {has}, not "
                f"{draft.wanted.gate} = {draft.wanted.gate_open}; set the condition in Jira's workflow editor"
            )


def _is_known(draft: Draft) -> bool:
    gate, value = draft.wanted.gate, draft.wanted.gate_open
    return f"field:{gate}" in draft.ids and f"option:{gate}={value}" in draft.ids


def _same(expected: Json, shown: Json) -> bool:
    parameters = shown.get("parameters") or {}
    same = all(parameters.get(name) == value for name, value in expected["parameters"].items())
    return shown.get("ruleKey") == expected["ruleKey"] and same


def _conditions(step: Json) -> list[Json]:
    group = step.get("conditions") or {}
    return list(group.get("conditions") or ())


def _condition(draft: Draft) -> Json:
    gate = draft.wanted.gate
    return gate_condition(ref("field", gate), ref("option", f"{gate}={draft.wanted.gate_open}"))


def _create(draft: Draft, wanted: WantedWorkflow) -> None:
    failed = draft.wanted.screens.get("failed")
    if failed is not None and any(step.screen for step in wanted.transitions):
        screen(draft, failed)
    categories = {status.name: status.category for status in draft.wanted.statuses}
    there = {name: category for name, (_, category) in draft.site.statuses.items()}
    statuses = [
        {
            "id": ref("status", name),
            "name": name,
            "statusCategory": there.get(name, categories[name]),
            "statusReference": _reference(name),
        }
        for name in wanted.statuses
    ]
    workflow = {
        "name": wanted.name,
        "description": "Made by stagegate provision.",
        "statuses": [
            {"statusReference": _reference(name), "layout": {"x": 200 * number, "y": 0}, "properties": {}}
            for number, name in enumerate(wanted.statuses)
        ],
        "transitions": list(_transitions(draft, wanted)),
    }
    body = {"scope": {"type": "GLOBAL"}, "statuses": statuses, "workflows": [workflow]}
    guarded = sum(step.guarded for step in wanted.transitions)
    has_gate = any(guards.rule_of(draft, step) for step in wanted.transitions)
    condition = f"only while {draft.wanted.gate} = {draft.wanted.gate_open}"
    guard = f"{guarded} {'with the Stage gate' if has_gate else condition}"
    told = (
        f"{len(wanted.statuses)} statuses",
        f"{len(wanted.transitions)} transitions",
        *((guard,) if guarded else ()),
    )
    draft.change(
        "create", "workflow", wanted.name, Request(method="POST", path="workflows/create", body=body), details=told
    )


def _reference(status: str) -> str:
    return str(uuid.uuid5(REFERENCES, status))


def _transitions(draft: Draft, wanted: WantedWorkflow) -> Iterator[Json]:
    blank: Json = {"description": "", "properties": {}, "validators": [], "triggers": []}
    first = {"toStatusReference": _reference(wanted.statuses[0]), "links": [], "actions": []}
    yield blank | first | {"id": "1", "name": "Create", "type": "INITIAL"}
    resolutions = dict(wanted.resolutions)
    for number, step in enumerate(wanted.transitions, 1):
        yield (
            blank
            | {
                "id": str(1 + 10 * number),
                "name": step.name,
                "type": "DIRECTED" if step.sources else "GLOBAL",
                "toStatusReference": _reference(step.to),
                "links": [{"fromStatusReference": _reference(s), "fromPort": 0, "toPort": 1} for s in step.sources],
                "actions": _actions(draft, resolutions.get(step.to)),
            }
            | _extras(draft, step)
        )


def _extras(draft: Draft, step: WantedTransition) -> Json:
    extras: Json = {}
    if rule := guards.rule_of(draft, step):
        extras["validators"] = [rule]
    elif step.guarded:
        extras["conditions"] = {"operation": "ALL", "conditions": [_condition(draft)], "conditionGroups": []}
    if step.screen:
        parameters = {"screenId": ref("screen", step.screen)}
        extras["transitionScreen"] = {"ruleKey": "system:transition-screen", "parameters": parameters}
    return extras


def _actions(draft: Draft, resolution: str | None) -> list[Any]:
    """Set the resolution where the work ends, and clear it where it goes on; one that the site lacks is left out."""
    number = draft.site.resolutions.get(resolution, "") if resolution else ""
    if resolution and not number:
        return []
    parameters = {"field": "resolution", "value": number, "mode": "replace"}
    return [{"ruleKey": "system:update-field", "parameters": parameters}]


# --- The scheme


def _scheme(draft: Draft, ours: list[WantedWorkflow]) -> None:
    """Keep the workflows of the project's other types; where there are issues the scheme is a person's to change."""
    site, name = draft.site, draft.wanted.named("workflows")
    present = site.workflow_scheme
    if present is not None and present.name == name:
        _check_scheme(draft, ours)
        return
    if site.own_workflow_scheme is None:
        known = {draft.ids.get(f"type:{wanted.type}") for wanted in ours}
        others = {i: workflow for i, workflow in (present.given if present else {}).items() if i not in known}
        default = others.pop("default", None)
        mapped = others | {ref("type", wanted.type): wanted.name for wanted in ours}
        body = {"name": name, "description": "", "issueTypeMappings": mapped}
        body |= {"defaultWorkflow": default} if default else {}
        learned = Learned(reference=f"scheme:{name}", at=("id",))
        request = Request(method="POST", path="workflowscheme", body=body, learns=(learned,))
        draft.change("create", "workflow scheme", name, request)
    elif not _check_scheme(draft, ours):
        return
    else:
        draft.ids[f"scheme:{name}"] = site.own_workflow_scheme.id
    if site.project.has_issues:
        draft.by_hand.append(
            f"the project has issues, so Jira lets only a person choose what becomes of their statuses: give it the "
            f"workflow scheme {name!r} (Project settings, Workflows, Switch scheme)"
        )
        return
    body = {"projectId": ref("project"), "workflowSchemeId": ref("scheme", name)}
    assign = Request(method="PUT", path="workflowscheme/project", body=body)
    told = (f"instead of {present.name!r}",) if present else ()
    draft.change("assign", "workflow scheme", name, assign, details=told)


def _check_scheme(draft: Draft, ours: list[WantedWorkflow]) -> bool:
    own = draft.site.own_workflow_scheme
    lacking = [w for w in ours if own and own.given.get(draft.ids.get(f"type:{w.type}", "")) != w.name]
    for wanted in lacking:
        draft.refuse(
            f"the workflow scheme {draft.wanted.named('workflows')!r} ({own.id if own else ''}) does not give "
            f"{wanted.type!r} the workflow {wanted.name!r}; correct it there in Jira"
        )
    return not lacking
