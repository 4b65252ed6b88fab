"""Custom fields made over REST, with their contexts and options (Cloud; Data Center makes fields only)."""

from jira_sandbox import preset
from jira_sandbox.errors import JiraError
from jira_sandbox.face.meta import field_shown
from jira_sandbox.face.paging import administer, only, page, text
from jira_sandbox.face.routing import CLOUD, Call, Reply, Routes
from jira_sandbox.fields import KINDS
from jira_sandbox.kinds import CUSTOM
from jira_sandbox.model import Field, FieldContext, Option
from jira_sandbox.show import Json

routes = Routes()
SEARCHERS = {
    "select": "multiselectsearcher", "radio": "multiselectsearcher", "multiselect": "multiselectsearcher",
    "checkboxes": "multiselectsearcher", "text": "textsearcher", "textarea": "textsearcher", "date": "daterange",
    "datetime": "datetimerange", "number": "exactnumber", "user": "userpickergroupsearcher",
    "multiuser": "userpickergroupsearcher", "labels": "labelsearcher",
}  # fmt: skip
CHOICES = ("select", "radio", "multiselect", "checkboxes")


@routes.on("GET", "field/search", flavours=[CLOUD])
def search(call: Call) -> Json:
    """Answer with a page of the fields that projects share, in use or not; `query` is a part of name or description."""
    kinds, ids, query = call.args.getlist("type"), call.args.getlist("id"), call.args.get("query", "").lower()
    found = [
        f
        for f in call.site.fields.values()
        if not f.project_id
        and (not kinds or ("custom" if f.custom else "system") in kinds)
        and (not ids or f.id in ids)
        and (query in f.name.lower() or query in f.description.lower())
    ]
    return page(call, "field/search", [_searched(call, f) for f in found])


def _searched(call: Call, field: Field) -> Json:
    searcher = {"searcherKey": CUSTOM + SEARCHERS[field.kind]} if field.custom else {}
    more = searcher | {
        "key": field.id,
        "screensCount": sum(field.id in screen.field_ids() for screen in call.site.screens.values()),
        "contextsCount": len(field.contexts),
    }
    wanted = call.words("expand")
    shown = {"id": field.id, "name": field.name, "schema": KINDS[field.kind].schema(field)}
    return shown | {"description": field.description} | {name: v for name, v in more.items() if name in wanted}


@routes.on("POST", "field")
def create(call: Call) -> Reply:
    """Make a custom field; it exists everywhere until it has another context. Names may repeat."""
    administer(call)
    body, site = only(call.body(), "name", "type", "searcherKey", "description"), call.site
    name, kind = text(body, "name"), _kind(text(body, "type"))
    searcher = body.get("searcherKey")
    if searcher is not None and searcher.removeprefix(CUSTOM) not in (SEARCHERS[kind], "numberrange"):
        raise JiraError(400, errors={"searcherKey": f"'{searcher}' does not fit the type of the field."})
    everywhere = FieldContext(id=str(site.next_id("context")), name=f"Default Configuration Scheme for {name}")
    made = preset.custom_field(site.next_id("field") + 10, name, kind, [everywhere])
    made.description = str(body.get("description") or "")
    site.fields[made.id] = made
    return Reply(field_shown(made), 201)


def _kind(raw: str) -> str:
    found = next((name for name, kind in KINDS.items() if kind.custom and CUSTOM + kind.custom == raw), None)
    if found not in SEARCHERS:
        raise JiraError(400, errors={"type": f"Custom field type '{raw}' is not known."})
    return str(found)


# contexts


def _field(call: Call, field_id: str) -> Field:
    administer(call)
    found = call.site.fields.get(field_id)
    if found is None or not found.custom:
        raise JiraError(404, "The custom field was not found.")
    return found


def _context(call: Call, field_id: str, context_id: str) -> FieldContext:
    found = next((c for c in _field(call, field_id).contexts if c.id == context_id), None)
    if found is None:
        raise JiraError(404, "The context does not match the custom field.")
    return found


@routes.on("GET", "field/{fieldId}/context", flavours=[CLOUD])
def get_contexts(call: Call, field_id: str) -> Json:
    """Answer with a field's contexts."""
    shown = [
        {
            "id": c.id,
            "name": c.name,
            "description": "",
            "isGlobalContext": not c.project_ids,
            "isAnyIssueType": not c.type_ids,
        }
        for c in _field(call, field_id).contexts
    ]
    return page(call, f"field/{field_id}/context", shown)


@routes.on("GET", "field/{fieldId}/context/projectmapping", flavours=[CLOUD])
def get_projects(call: Call, field_id: str) -> Json:
    """Answer with the projects of each context."""
    shown: list[Json] = []
    for context in _field(call, field_id).contexts:
        shown += [{"contextId": context.id, "projectId": i} for i in sorted(context.project_ids)]
        shown += [] if context.project_ids else [{"contextId": context.id, "isGlobalContext": True}]
    return page(call, f"field/{field_id}/context/projectmapping", shown)


@routes.on("GET", "field/{fieldId}/context/issuetypemapping", flavours=[CLOUD])
def get_types(call: Call, field_id: str) -> Json:
    """Answer with the issue types of each context."""
    shown: list[Json] = []
    for context in _field(call, field_id).contexts:
        shown += [{"contextId": context.id, "issueTypeId": i} for i in sorted(context.type_ids)]
        shown += [] if context.type_ids else [{"contextId": context.id, "isAnyIssueType": True}]
    return page(call, f"field/{field_id}/context/issuetypemapping", shown)


@routes.on("POST", "field/{fieldId}/context", flavours=[CLOUD])
def add_context(call: Call, field_id: str) -> Reply:
    """Give a field another context; a project is in one context of a field at most."""
    field, site = _field(call, field_id), call.site
    body = only(call.body(), "name", "description", "projectIds", "issueTypeIds", "id")
    projects, types = set(body.get("projectIds") or ()), set(body.get("issueTypeIds") or ())
    if not projects <= set(site.projects) or not types <= set(site.types):
        raise JiraError(404, "The field, project, or issue type is not found.")
    if any(projects & c.project_ids or (not projects and not c.project_ids) for c in field.contexts):
        raise JiraError(400, "These projects were already associated with a context of the field.")
    made = FieldContext(id=str(site.next_id("context")), name=text(body, "name"), project_ids=projects, type_ids=types)
    field.contexts.append(made)
    shown = {"id": made.id, "name": made.name, "description": str(body.get("description") or "")}
    return Reply(shown | {"projectIds": sorted(projects), "issueTypeIds": sorted(types)}, 201)


# options


def _option(option: Option) -> Json:
    return {"id": option.id, "value": option.value, "disabled": option.disabled}


@routes.on("GET", "field/{fieldId}/context/{contextId}/option", flavours=[CLOUD])
def get_options(call: Call, field_id: str, context_id: str) -> Json:
    """Answer with the options of a context."""
    shown = [_option(o) for o in _context(call, field_id, context_id).options]
    return page(call, f"field/{field_id}/context/{context_id}/option", shown, 100)


@routes.on("POST", "field/{fieldId}/context/{contextId}/option", flavours=[CLOUD])
def add_options(call: Call, field_id: str, context_id: str) -> Json:
    """Add options to a context; none twice."""
    context, body = _context(call, field_id, context_id), only(call.body(), "options")
    if call.site.fields[field_id].kind not in CHOICES:
        raise JiraError(400, "The field has no options.")
    values = [text(raw, "value") for raw in body.get("options") or ()]
    held = {o.value for o in context.options}
    if len(set(values)) < len(values) or held & set(values):
        raise JiraError(400, "These options are already in the context.")
    made = [Option(id=str(call.site.next_id("option")), value=value) for value in values]
    context.options += made
    return {"options": [_option(o) for o in made]}
