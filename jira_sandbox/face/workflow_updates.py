"""Workflows changed over REST, on Cloud: what rules there are, and an update that is judged before it is made."""

from jira_sandbox import apps
from jira_sandbox.errors import JiraError
from jira_sandbox.face.paging import administer, only, text
from jira_sandbox.face.routing import CLOUD, Call, Routes
from jira_sandbox.face.workflows import (
    CHECK_FIELD,
    SCREEN,
    UPDATE_FIELD,
    entity_id,
    ids_of,
    read,
    read_references,
    shown,
    statuses_of,
    version,
    with_ids,
)
from jira_sandbox.model import Workflow
from jira_sandbox.show import Json

routes = Routes()
SYSTEM_RULES = {CHECK_FIELD: "Condition", UPDATE_FIELD: "Function", SCREEN: "Screen"}
PARTS = (
    "id", "description", "version", "statuses", "transitions", "startPointLayout", "loopedTransitionContainerLayout",
    "statusMappings", "defaultStatusMappings",
)  # fmt: skip


@routes.on("GET", "workflows/capabilities", flavours=[CLOUD])
def get_capabilities(call: Call) -> Json:
    """Tell the rules that a workflow may have, for a workflow or for a project and an issue type."""
    administer(call)
    if not call.args.get("workflowId") and not (call.args.get("projectId") and call.args.get("issueTypeId")):
        raise JiraError(400, "A workflow ID, or a project ID and an issue type ID, must be given.")
    return {
        "editorScope": "GLOBAL",
        "projectTypes": ["software", "business"],
        "systemRules": [_system_rule(key, kind) for key, kind in SYSTEM_RULES.items()],
        "forgeRules": [
            {"id": one.key, "name": one.name, "description": "", "ruleKey": apps.RULE, "ruleType": "Validator"}
            for one in call.site.apps.values()
        ],
        "connectRules": [],
        "triggerRules": [],
    }


def _system_rule(key: str, kind: str) -> Json:
    return {
        "ruleKey": key,
        "ruleType": kind,
        "name": key.removeprefix("system:").replace("-", " ").capitalize(),
        "description": "",
        "incompatibleRuleKeys": [],
        "isAvailableForInitialTransition": False,
        "isVisible": True,
    }


@routes.on("GET", "workflow/{workflowId}/projectUsages", flavours=[CLOUD])
def get_project_usages(call: Call, workflow_id: str) -> Json:
    """Tell the projects of which some issue type follows a workflow."""
    administer(call)
    there = next((w for w in call.site.workflows.values() if entity_id(w) == workflow_id), None)
    if there is None:
        raise JiraError(404, "The workflow does not exist.")
    users = [project.id for project in call.site.projects.values() if there.id in project.workflows.values()]
    start, size = call.number("nextPageToken", 0), call.number("maxResults", 50, 200)
    shown: Json = {"values": [{"id": number} for number in users[start : start + size]]}
    if start + size < len(users):
        shown["nextPageToken"] = str(start + size)
    return {"workflowId": workflow_id, "projects": shown}


@routes.on("POST", "workflows/update/validation", flavours=[CLOUD])
def validate_update(call: Call) -> Json:
    """Tell what an update would be refused for; changes nothing."""
    administer(call)
    body = only(call.body(), "payload", "validationOptions")
    try:
        _asked(call, body.get("payload") or {})
    except JiraError as error:
        messages = [*error.messages, *error.errors.values()]
        return {"errors": [{"code": "INVALID", "level": "ERROR", "type": "WORKFLOW", "message": m} for m in messages]}
    return {"errors": []}


@routes.on("POST", "workflows/update", flavours=[CLOUD])
def update_workflows(call: Call) -> Json:
    """Change workflows, all or none; what the body leaves out of a workflow is gone."""
    administer(call)
    body = call.body()
    asked = _asked(call, body)
    ids = ids_of(call, read_references(call, body))
    for there, wanted in asked:
        _replace(there, with_ids(wanted, ids))
    changed = [there for there, _ in asked]
    return {
        "workflows": [shown(call.site, w, transitions=True) for w in changed],
        "statuses": statuses_of(call, changed),
        "taskId": None,
    }


def _asked(call: Call, body: Json) -> list[tuple[Workflow, Workflow]]:
    """Return each workflow that there is, with what it is to be, its statuses still references."""
    references = read_references(call, only(body, "statuses", "workflows"))
    return [_changed(call, only(raw, *PARTS), references) for raw in body.get("workflows") or ()]


def _changed(call: Call, raw: Json, references: dict[str, Json]) -> tuple[Workflow, Workflow]:
    number = text(raw, "id")
    there = next((w for w in call.site.workflows.values() if entity_id(w) == number), None)
    if there is None:
        raise JiraError(400, f"The workflow '{number}' does not exist.")
    if raw.get("version") != version(there):
        raise JiraError(400, f"The version of the workflow '{there.name}' is not the newest.")
    # A rule whose app is gone may stay, so that the workflow can be mended; a new one can't be put in.
    keys = {*call.site.apps, *(rule.key for step in there.transitions for rule in step.validators)}
    wanted = read(call, raw, references, there.name, keys)
    kept = {str(references[reference].get("id")) for reference in wanted.status_ids}
    if set(there.status_ids) - kept:
        raise JiraError(400, "This sandbox takes no status out of a workflow: issues would have to be moved.")
    return there, wanted


def _replace(there: Workflow, wanted: Workflow) -> None:
    there.description = wanted.description or there.description
    there.initial, there.status_ids = wanted.initial, wanted.status_ids
    there.transitions, there.resolutions = wanted.transitions, wanted.resolutions
    there.version += 1
