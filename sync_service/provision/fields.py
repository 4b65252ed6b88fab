"""Issue types, statuses and fields: what is missing of them. Pure."""

from sync_service.checking.compare import SCHEMAS
from sync_service.provision.desired import DONE, WantedField, WantedType
from sync_service.provision.draft import Draft
from sync_service.provision.plan import Learned, Request, ref
from sync_service.provision.site import Context, SiteField

CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
KINDS: dict[str, tuple[str, str]] = {
    "select": ("select", "multiselectsearcher"),
    "multi-select": ("multiselect", "multiselectsearcher"),
    "text": ("textarea", "textsearcher"),
    "date": ("datepicker", "daterange"),
    "date-time": ("datetime", "datetimerange"),
    "number": ("float", "exactnumber"),
    "user": ("userpicker", "userpickergroupsearcher"),
}
"""Jira's field type and searcher of each type; numbers get the exact searcher, so that a gadget can count by them."""


# --- Issue types and statuses


def issue_types(draft: Draft) -> None:
    """Create the issue types that the site lacks; one of the wrong kind is refused."""
    for wanted in (draft.wanted.issue_type, draft.wanted.step_type):
        found = draft.site.types.get(wanted.name)
        if found is None:
            _create_type(draft, wanted)
            continue
        number, subtask = found
        draft.ids[f"type:{wanted.name}"] = number
        if subtask != wanted.subtask:
            has, needed = ("a sub-task type", "a standard one") if subtask else ("a standard type", "a sub-task type")
            draft.refuse(
                f"the issue type {wanted.name!r} ({number}) is {has}, but {needed} is needed; rename it in Jira, or "
                "name another one in [jira] of the mapping"
            )


def _create_type(draft: Draft, wanted: WantedType) -> None:
    body = {"name": wanted.name, "description": "", "hierarchyLevel": -1 if wanted.subtask else 0}
    learned = Learned(reference=f"type:{wanted.name}", at=("id",))
    request = Request(method="POST", path="issuetype", body=body, learns=(learned,))
    draft.change("create", "issue type", wanted.name, request, details=("sub-task",) if wanted.subtask else ())


def statuses(draft: Draft) -> None:
    """Create the statuses that the site lacks, in one request; one that is done where it must not be is refused."""
    missing = []
    for wanted in draft.wanted.statuses:
        found = draft.site.statuses.get(wanted.name)
        if found is None:
            missing.append(wanted)
            continue
        number, category = found
        draft.ids[f"status:{wanted.name}"] = number
        if wanted.binding and (category == DONE) != (wanted.category == DONE):
            draft.refuse(
                f"the status {wanted.name!r} ({number}) is of category {category}, but {wanted.category} is needed; "
                "change its category in Jira, or name another status in the mapping"
            )
    if missing:
        asked = [{"name": one.name, "statusCategory": one.category, "description": ""} for one in missing]
        learns = tuple(Learned(reference=f"status:{one.name}", at=(f"name={one.name}", "id")) for one in missing)
        body = {"scope": {"type": "GLOBAL"}, "statuses": asked}
        request = Request(method="POST", path="statuses", body=body, learns=learns)
        told = tuple(f"{one.name}: {one.category}" for one in missing)
        draft.change("create", "statuses", ", ".join(one.name for one in missing), request, details=told)


# --- Fields


def fields(draft: Draft) -> None:
    """Create the fields, contexts and options that the site lacks; a field of another type, or two, are refused."""
    for wanted in draft.wanted.fields:
        found = draft.site.fields.get(wanted.name, ())
        if len(found) > 1:
            ids = " and ".join(one.id for one in found)
            draft.refuse(
                f"{len(found)} fields are called {wanted.name!r} ({ids}); rename all but one in Jira, or name another "
                f"in fields.{wanted.key} of the mapping"
            )
        elif not found:
            _create_field(draft, wanted)
        elif found[0].schema != SCHEMAS[wanted.type]:
            has = next((name for name, schema in SCHEMAS.items() if schema == found[0].schema), found[0].schema[0])
            draft.refuse(
                f"the field {wanted.name!r} ({found[0].id}) is of type {has}, but {wanted.type} is needed; rename it "
                f"in Jira, so that one of the right type can be created, or name another in fields.{wanted.key}"
            )
        else:
            draft.ids[f"field:{wanted.name}"] = found[0].id
            if draft.site.is_cloud:
                _extend_field(draft, wanted, found[0])


def _create_field(draft: Draft, wanted: WantedField) -> None:
    kind, searcher = KINDS[wanted.type]
    body = {"name": wanted.name, "type": CUSTOM + kind, "searcherKey": CUSTOM + searcher}
    body |= {"description": wanted.description} if wanted.description else {}
    learned = Learned(reference=f"field:{wanted.name}", at=("id",))
    requests = [Request(method="POST", path="field", body=body, learns=(learned,))]
    if wanted.options and draft.site.is_cloud:
        requests += [_context_request(draft, wanted), _options_request(wanted, wanted.options)]
    details = (wanted.type, *(("kept by the service",) if wanted.kept else ()), *wanted.options)
    draft.change("create", "field", wanted.name, *requests, details=details)


def _extend_field(draft: Draft, wanted: WantedField, found: SiteField) -> None:
    """See that the field exists for our issue type, with the options: in a context of the project's own if need be."""
    project, kind = draft.site.project.id, draft.ids.get(f"type:{draft.wanted.issue_type.name}")
    own = next((context for context in found.contexts if project in context.projects), None)
    if own is not None and own.types and kind not in own.types:
        draft.refuse(
            f"the field {wanted.name!r} ({found.id}) has a context for the project ({own.id}) that does not cover the "
            f"issue type {draft.wanted.issue_type.name!r}; add the type to that context in Jira"
        )
        return
    everywhere = next((c for c in found.contexts if not c.projects and (not c.types or kind in c.types)), None)
    if own is not None:
        _extend_context(draft, wanted, own)
    elif everywhere is not None and set(wanted.options) <= set(everywhere.options):
        _learn_options(draft, wanted, everywhere)
    else:
        requests = [_context_request(draft, wanted)]
        requests += [_options_request(wanted, wanted.options)] if wanted.options else []
        draft.change("create", "context", f"{wanted.name} in {draft.wanted.project}", *requests, details=wanted.options)


def _extend_context(draft: Draft, wanted: WantedField, context: Context) -> None:
    _learn_options(draft, wanted, context)
    missing = tuple(option for option in wanted.options if option not in context.options)
    if missing:
        draft.ids[f"context:{wanted.name}"] = context.id
        draft.change("change", "field", wanted.name, _options_request(wanted, missing), details=missing)


def _learn_options(draft: Draft, wanted: WantedField, context: Context) -> None:
    draft.ids |= {f"option:{wanted.name}={value}": number for value, number in context.options.items()}


def _context_request(draft: Draft, wanted: WantedField) -> Request:
    body = {
        "name": f"{draft.wanted.project}: {wanted.name}",
        "description": "",
        "projectIds": [ref("project")],
        "issueTypeIds": [ref("type", draft.wanted.issue_type.name)],
    }
    learned = Learned(reference=f"context:{wanted.name}", at=("id",))
    return Request(method="POST", path=f"field/{ref('field', wanted.name)}/context", body=body, learns=(learned,))


def _options_request(wanted: WantedField, values: tuple[str, ...]) -> Request:
    path = f"field/{ref('field', wanted.name)}/context/{ref('context', wanted.name)}/option"
    learns = tuple(
        Learned(reference=f"option:{wanted.name}={value}", at=("options", f"value={value}", "id")) for value in values
    )
    return Request(method="POST", path=path, body={"options": [{"value": value} for value in values]}, learns=learns)
