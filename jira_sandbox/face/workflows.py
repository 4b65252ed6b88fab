"""Statuses and workflows made over REST, on Cloud."""

import json
import uuid
from typing import Any

from jira_sandbox import apps
from jira_sandbox.errors import JiraError
from jira_sandbox.face.paging import administer, only, page, text
from jira_sandbox.face.routing import CLOUD, Call, Routes
from jira_sandbox.model import FieldEquals, Status, Transition, Workflow
from jira_sandbox.show import Json
from jira_sandbox.site import Site

routes = Routes()
CATEGORIES = {"TODO": "new", "IN_PROGRESS": "indeterminate", "DONE": "done"}
NAMES = {key: name for name, key in CATEGORIES.items()} | {"undefined": "TODO"}
CHECK_FIELD, UPDATE_FIELD, SCREEN = "system:check-field-value", "system:update-field", "system:transition-screen"
WORKFLOW_IDS = uuid.UUID("7b0c6a86-5a5e-4c0a-9d59-2f3d8f0f9b11")


# statuses


def _status(status: Status) -> Json:
    return {
        "id": status.id,
        "name": status.name,
        "statusCategory": NAMES[status.category],
        "description": status.description,
        "scope": {"type": "GLOBAL"},
    }


@routes.on("GET", "statuses/search", flavours=[CLOUD])
def search_statuses(call: Call) -> Json:
    """Answer with a page of statuses; `searchString` is a part of the name."""
    part = call.args.get("searchString", "").lower()
    found = [_status(s) for s in call.site.statuses.values() if part in s.name.lower()]
    return page(call, "statuses/search", found, 200)


@routes.on("POST", "statuses", flavours=[CLOUD])
def create_statuses(call: Call) -> list[Json]:
    """Make statuses for the whole site; all or none, no two of one name."""
    administer(call)
    body = only(call.body(), "scope", "statuses")
    if (body.get("scope") or {}).get("type") != "GLOBAL":
        raise JiraError(400, "Only statuses of the whole site can be made here.")
    asked = [only(raw, "name", "statusCategory", "description") for raw in body.get("statuses") or ()]
    names = [text(raw, "name") for raw in asked]
    taken = {s.name.lower() for s in call.site.statuses.values()}
    if clash := sorted(name for name in names if name.lower() in taken or names.count(name) > 1):
        raise JiraError(400, f"The status name '{clash[0]}' is already in use.")
    return [_status(_add_status(call.site, raw)) for raw in asked]


def _add_status(site: Site, raw: Json) -> Status:
    if raw.get("statusCategory") not in CATEGORIES:
        raise JiraError(400, f"'{raw.get('statusCategory')}' is no status category.")
    made = Status(id=str(site.next_id("status")), name=raw["name"], category=CATEGORIES[raw["statusCategory"]])
    made.description = str(raw.get("description") or "")
    site.statuses[made.id] = made
    return made


# showing workflows


def entity_id(workflow: Workflow) -> str:
    """Return the id by which Jira knows a workflow."""
    return str(uuid.uuid5(WORKFLOW_IDS, workflow.id))


def shown(site: Site, workflow: Workflow, *, transitions: bool) -> Json:
    """Return a workflow as Jira shows it."""
    layout = {"x": 0.0, "y": 0.0}
    brief: Json = {
        "id": entity_id(workflow),
        "name": workflow.name,
        "description": workflow.description,
        "isEditable": True,
        "scope": _scope(site, workflow),
        "startPointLayout": layout,
        "statuses": [
            {"statusReference": i, "layout": layout, "properties": {}, "deprecated": False} for i in workflow.status_ids
        ],
        "version": version(workflow),
    }
    if not transitions:
        return brief
    initial = Transition(id="1", name="Create", to=workflow.initial)
    return brief | {
        "transitions": [
            _transition(site, initial, "INITIAL"),
            *(_transition(site, t, "GLOBAL" if t.is_global else "DIRECTED") for t in workflow.transitions),
        ]
    }


def _scope(site: Site, workflow: Workflow) -> Json:
    """Return whose a workflow is: a team-managed project's, if no other follows it."""
    users = [project for project in site.projects.values() if workflow.id in project.workflows.values()]
    if users and all(project.team_managed for project in users):
        return {"type": "PROJECT", "project": {"id": users[0].id}}
    return {"type": "GLOBAL"}


def version(workflow: Workflow) -> Json:
    """Return the version of a workflow, which an update must name."""
    number = workflow.version
    return {"versionNumber": number, "id": str(uuid.uuid5(WORKFLOW_IDS, f"{workflow.id} version {number}"))}


def _transition(site: Site, step: Transition, kind: str) -> Json:
    told: Json = {
        "id": step.id,
        "name": step.name,
        "description": "",
        "type": kind,
        "toStatusReference": step.to,
        "links": [{"fromStatusReference": i, "fromPort": 0, "toPort": 1} for i in sorted(step.sources)],
        "actions": step.actions,
        "validators": [_app_rule(site, rule) for rule in step.validators],
        "triggers": [],
        "properties": {},
    }
    if step.conditions:
        rules = [_rule(condition) for condition in step.conditions]
        told["conditions"] = {"operation": "ALL", "conditions": rules, "conditionGroups": []}
    if step.screen_id:
        told["transitionScreen"] = {"ruleKey": SCREEN, "parameters": {"screenId": step.screen_id}}
    return told


def _rule(condition: FieldEquals) -> Json:
    return {
        "ruleKey": CHECK_FIELD,
        "parameters": {
            "fieldId": condition.field_id,
            "fieldValue": json.dumps([condition.value]),
            "comparator": "=",
            "comparisonType": condition.comparison,
        },
    }


def _app_rule(site: Site, rule: apps.AppRule) -> Json:
    disabled = "false" if rule.key in site.apps else "true"
    parameters = {"key": rule.key, "id": rule.id, "disabled": disabled, "tag": ""}
    parameters |= {} if rule.config is None else {"config": rule.config}
    return {"id": rule.id, "ruleKey": apps.RULE, "parameters": parameters}


def statuses_of(call: Call, workflows: list[Workflow]) -> list[Json]:
    """Return the statuses that workflows refer to."""
    ids = dict.fromkeys(i for workflow in workflows for i in workflow.status_ids)
    return [_status(call.site.statuses[i]) | {"statusReference": i} for i in ids]


@routes.on("GET", "workflows/search", flavours=[CLOUD])
def search_workflows(call: Call) -> Json:
    """Answer with a page of workflows; `queryString` is a part of the name, `values.transitions` can be expanded."""
    administer(call)
    part, expanded = call.args.get("queryString", "").lower(), "values.transitions" in call.words("expand")
    found = [w for w in call.site.workflows.values() if part in w.name.lower()]
    paged = page(call, "workflows/search", found)
    values: list[Workflow] = paged["values"]
    return paged | {
        "values": [shown(call.site, w, transitions=expanded) for w in values],
        "statuses": statuses_of(call, values),
    }


# making workflows


@routes.on("POST", "workflows/create", flavours=[CLOUD])
def create_workflows(call: Call) -> Json:
    """Make workflows of statuses that there are (by `id`) or that are made with them; all or none."""
    administer(call)
    body = only(call.body(), "scope", "statuses", "workflows")
    if (body.get("scope") or {}).get("type") != "GLOBAL":
        raise JiraError(400, "Only workflows of company-managed projects can be made here.")
    references = read_references(call, body)
    asked = [read(call, raw, references, text(raw, "name"), set(call.site.apps)) for raw in body.get("workflows") or ()]
    names = [workflow.name for workflow in asked]
    taken = {w.name.lower() for w in call.site.workflows.values()}
    if clash := [n for n in names if n.lower() in taken or names.count(n) > 1]:
        raise JiraError(400, f"A workflow with the name '{clash[0]}' already exists.")
    ids = ids_of(call, references)
    made = [with_ids(workflow, ids) for workflow in asked]
    for workflow in made:
        workflow.id = str(call.site.next_id("workflow"))
        call.site.workflows[workflow.id] = workflow
    return {
        "workflows": [shown(call.site, w, transitions=True) for w in made],
        "statuses": statuses_of(call, made),
    }


def read_references(call: Call, body: Json) -> dict[str, Json]:
    """Return the statuses that a body brings, by reference; raise Jira's 400 where the site has them otherwise."""
    references = {text(raw, "statusReference"): raw for raw in body.get("statuses") or ()}
    for raw in references.values():
        there = call.site.statuses.get(str(raw.get("id")))
        if raw.get("id") and (there is None or there.name != raw.get("name")):
            raise JiraError(400, f"The status '{raw.get('name')}' with id {raw['id']} does not exist.")
        if not raw.get("id") and any(s.name == raw.get("name") for s in call.site.statuses.values()):
            raise JiraError(400, f"The status name '{raw.get('name')}' is already in use.")
    return references


def ids_of(call: Call, references: dict[str, Json]) -> dict[str, str]:
    """Return the status id of each reference; makes the statuses that there are not."""
    return {ref: str(raw.get("id") or _add_status(call.site, raw).id) for ref, raw in references.items()}


def read(call: Call, raw: Json, references: dict[str, Json], name: str, rule_keys: set[str]) -> Workflow:
    """Read a workflow whose statuses are still references; it may have the rules of apps with these keys."""
    statuses = [text(each, "statusReference") for each in raw.get("statuses") or ()]
    transitions = raw.get("transitions") or []
    initial = [t for t in transitions if t.get("type") == "INITIAL"]
    if len(initial) != 1:
        raise JiraError(400, "A workflow needs one initial transition.")
    ids = [str(t.get("id")) for t in transitions]
    if len(set(ids)) < len(ids) or not all(i.isdigit() for i in ids):
        raise JiraError(400, "Each transition needs a number of its own as id.")
    named = {t.get("toStatusReference") for t in transitions} | _sources(transitions)
    if unknown := (named | set(statuses)) - set(references):
        raise JiraError(400, f"The status reference '{min(map(str, unknown))}' is unknown.")
    if named - set(statuses):
        raise JiraError(400, "A transition leads to or from a status that is not in the workflow.")
    return Workflow(
        id="",
        name=name,
        description=str(raw.get("description") or ""),
        initial=initial[0]["toStatusReference"],
        status_ids=statuses,
        transitions=[_read_transition(call, t, rule_keys) for t in transitions if t.get("type") != "INITIAL"],
    )


def _sources(transitions: list[Json]) -> set[Any]:
    return {link.get("fromStatusReference") for step in transitions for link in step.get("links") or ()}


def _read_transition(call: Call, raw: Json, rule_keys: set[str]) -> Transition:
    sources = frozenset(link["fromStatusReference"] for link in raw.get("links") or ())
    if raw.get("type") not in ("GLOBAL", "DIRECTED") or (raw["type"] == "GLOBAL") == bool(sources):
        raise JiraError(400, f"The transition '{raw.get('name')}' needs links if it is directed, none if it is global.")
    screen = ((raw.get("transitionScreen") or {}).get("parameters") or {}).get("screenId")
    if screen is not None and screen not in call.site.screens:
        raise JiraError(400, f"The screen '{screen}' of the transition '{raw.get('name')}' does not exist.")
    group = raw.get("conditions") or {}
    if group.get("conditionGroups") or group.get("operation", "ALL") != "ALL":
        raise JiraError(400, "This sandbox enforces conditions that must all hold, and no groups in groups.")
    return Transition(
        id=str(raw["id"]),
        name=text(raw, "name"),
        to=raw["toStatusReference"],
        sources=sources,
        screen_id=screen,
        conditions=[_read_condition(call, rule) for rule in group.get("conditions") or ()],
        validators=[_read_validator(call, rule, rule_keys) for rule in raw.get("validators") or ()],
        actions=[_read_action(rule) for rule in raw.get("actions") or ()],
    )


def _read_condition(call: Call, rule: Json) -> FieldEquals:
    parameters = rule.get("parameters") or {}
    if rule.get("ruleKey") != CHECK_FIELD or parameters.get("comparator") != "=":
        raise JiraError(400, f"The rule '{rule.get('ruleKey')}' is not one that this sandbox enforces.")
    if parameters.get("fieldId") not in call.site.fields or parameters.get("comparisonType") not in (
        "STRING",
        "OPTIONID",
    ):
        raise JiraError(400, "The field or the comparison of the condition is unknown.")
    try:
        (value,) = json.loads(parameters.get("fieldValue", ""))
    except (TypeError, ValueError):
        raise JiraError(400, "The fieldValue of a condition is a JSON list, here of one value.") from None
    return FieldEquals(field_id=parameters["fieldId"], value=str(value), comparison=parameters["comparisonType"])


def _read_validator(call: Call, rule: Json, rule_keys: set[str]) -> apps.AppRule:
    parameters = rule.get("parameters") or {}
    key, config = parameters.get("key"), parameters.get("config")
    if rule.get("ruleKey") != apps.RULE:
        raise JiraError(400, f"The rule '{rule.get('ruleKey')}' is not one that this sandbox enforces.")
    if key not in rule_keys:
        raise JiraError(400, f"No app that is installed on this site has the rule '{key}'.")
    try:
        json.loads(config or "null")
    except (TypeError, ValueError):
        raise JiraError(400, "The config of an app's rule is JSON as a text.") from None
    made = uuid.uuid5(WORKFLOW_IDS, f"rule {call.site.next_id('rule')}")
    return apps.AppRule(id=str(rule.get("id") or parameters.get("id") or made), key=key, config=config)


def _read_action(rule: Json) -> Json:
    parameters = rule.get("parameters") or {}
    if rule.get("ruleKey") != UPDATE_FIELD or parameters.get("field") != "resolution":
        raise JiraError(400, f"The rule '{rule.get('ruleKey')}' is not one that this sandbox carries out.")
    return {"ruleKey": UPDATE_FIELD, "parameters": parameters}


def with_ids(workflow: Workflow, ids: dict[str, str]) -> Workflow:
    """Put the ids of statuses in the place of references."""
    workflow.initial = ids[workflow.initial]
    workflow.status_ids = [ids[reference] for reference in workflow.status_ids]
    for step in workflow.transitions:
        step.to, step.sources = ids[step.to], frozenset(ids[reference] for reference in step.sources)
        for action in step.actions:
            if action["parameters"].get("value"):
                workflow.resolutions[step.to] = action["parameters"]["value"]
    return workflow
