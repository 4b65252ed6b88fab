"""Workflow schemes made over REST, on Cloud."""

from jira_sandbox import schemes
from jira_sandbox.errors import JiraError
from jira_sandbox.face.paging import administer, only, page, text
from jira_sandbox.face.routing import CLOUD, Call, Reply, Routes
from jira_sandbox.face.screens import asked_projects, company_managed
from jira_sandbox.model import WorkflowScheme
from jira_sandbox.show import Json

routes = Routes()


def _scheme(call: Call, scheme: WorkflowScheme) -> Json:
    workflows = call.site.workflows
    shown = {
        "name": scheme.name,
        "description": scheme.description,
        "defaultWorkflow": workflows[scheme.default].name,
        "issueTypeMappings": {i: workflows[w].name for i, w in scheme.workflows.items()},
        "draft": False,
    }
    # The Default Workflow Scheme has none.
    identity = {"id": int(scheme.id), "self": call.view.link(f"workflowscheme/{scheme.id}")} if scheme.id else {}
    return shown | identity


@routes.on("GET", "workflowscheme", flavours=[CLOUD])
def get_schemes(call: Call) -> Json:
    """Answer with a page of workflow schemes."""
    administer(call)
    for project in call.site.projects.values():
        schemes.workflow_scheme(call.site, project)
    return page(call, "workflowscheme", [_scheme(call, s) for s in call.site.workflow_schemes.values()])


@routes.on("POST", "workflowscheme", flavours=[CLOUD])
def create_scheme(call: Call) -> Reply:
    """Make a workflow scheme; workflows are named by their names."""
    administer(call)
    body, site = only(call.body(), "name", "description", "defaultWorkflow", "issueTypeMappings"), call.site
    name, by_name = text(body, "name"), {w.name: w.id for w in site.workflows.values()}
    mappings = body.get("issueTypeMappings") or {}
    named = [body.get("defaultWorkflow") or "Simple workflow", *mappings.values()]
    if unknown := [each for each in named if each not in by_name]:
        raise JiraError(400, f"The workflow '{unknown[0]}' does not exist.")
    if not set(mappings) <= set(site.types) or any(s.name == name for s in site.workflow_schemes.values()):
        raise JiraError(400, "An issue type is unknown, or the name of the scheme is taken.")
    made = WorkflowScheme(
        id=schemes.new_id(site),
        name=name,
        default=by_name[named[0]],
        workflows={i: by_name[each] for i, each in mappings.items()},
        description=str(body.get("description") or ""),
    )
    site.workflow_schemes[made.id] = made
    return Reply(_scheme(call, made), 201)


@routes.on("GET", "workflowscheme/project", flavours=[CLOUD])
def get_projects(call: Call) -> Json:
    """Answer with the workflow schemes of projects."""
    administer(call)
    found = [(p, schemes.workflow_scheme(call.site, p)) for p in asked_projects(call)]
    return {"values": [{"projectIds": [p.id], "workflowScheme": _scheme(call, s)} for p, s in found]}


@routes.on("PUT", "workflowscheme/project", flavours=[CLOUD])
def assign(call: Call) -> None:
    """Give a project a workflow scheme; only while it has no issues."""
    administer(call)
    body, site = only(call.body(), "projectId", "workflowSchemeId"), call.site
    project = company_managed(call, str(body.get("projectId")))
    if str(body.get("workflowSchemeId")) not in site.workflow_schemes:
        raise JiraError(404, "The workflow scheme is not found.")
    if any(i.project_id == project.id for i in site.issues.values()):
        raise JiraError(400, "The workflow scheme can't be changed because the project has issues.")
    project.workflow_scheme = str(body["workflowSchemeId"])
    schemes.settle(site, project)
