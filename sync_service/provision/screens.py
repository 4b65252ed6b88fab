"""Issue type scheme and screens of the project: used as they are where they do, else made and assigned. Pure."""

from sync_service.checking.compare import CREATED_WITH, STEP_EDITS
from sync_service.provision.desired import WantedScreen
from sync_service.provision.draft import Draft
from sync_service.provision.plan import Learned, Request, ref
from sync_service.provision.site import SiteScreen

USES = ("create", "edit", "view")


def type_scheme(draft: Draft) -> None:
    """Give the project our issue types besides its own, in an issue type scheme that is only for it."""
    site, name = draft.site, draft.wanted.named("issue types")
    wanted = [draft.wanted.issue_type.name, draft.wanted.step_type.name]
    missing = [kind for kind in wanted if kind not in site.project.types]
    # Jira itself adds every new type to its default scheme.
    if not missing or site.type_scheme is None or site.type_scheme.is_default:
        return
    if site.own_type_scheme is None:
        ids = [*site.project.types.values(), *(ref("type", kind) for kind in missing)]
        learned = Learned(reference=f"scheme:{name}", at=("issueTypeSchemeId",))
        body = {"name": name, "description": "", "issueTypeIds": ids, "defaultIssueTypeId": ref("type", wanted[0])}
        request = Request(method="POST", path="issuetypescheme", body=body, learns=(learned,))
        draft.change("create", "issue type scheme", name, request, details=(*site.project.types, *missing))
    elif any(draft.ids.get(f"type:{kind}") not in site.own_type_scheme.given for kind in wanted):
        draft.refuse(
            f"the issue type scheme {name!r} ({site.own_type_scheme.id}) lacks {' or '.join(wanted)}; add them"
        )
        return
    else:
        draft.ids[f"scheme:{name}"] = site.own_type_scheme.id
    body = {"issueTypeSchemeId": ref("scheme", name), "projectId": ref("project")}
    assign = Request(method="PUT", path="issuetypescheme/project", body=body)
    draft.change("assign", "issue type scheme", name, assign, details=(f"instead of {site.type_scheme.name!r}",))


def screens(draft: Draft) -> None:
    """See that the project issue and its steps have screens with all that they need."""
    site, name = draft.site, draft.wanted.named("screens")
    ours = site.type_screens is not None and site.type_screens.name == name
    if not ours and _satisfied(draft):
        draft.notes.append("the screens of the project have every field; they are used as they are")
        return
    for use, wanted in draft.wanted.screens.items():
        if use != "failed":
            screen(draft, wanted)
    if ours:
        return
    kinds = {draft.wanted.issue_type.name: ("create", "edit", "view"), draft.wanted.step_type.name: ("step",) * 3}
    for kind, uses in kinds.items():
        _screen_scheme(draft, kind, dict(zip(USES, uses, strict=True)))
    _type_screens(draft, tuple(kinds))


def _satisfied(draft: Draft) -> bool:
    types, used = draft.wanted, draft.site.used_screens
    step = {"create": CREATED_WITH, "edit": STEP_EDITS, "view": ()}
    for use in USES:
        theirs, steps = used.get((types.issue_type.name, use)), used.get((types.step_type.name, use))
        custom = {draft.ids.get(f"field:{name}") for name in types.screens[use].fields}
        if theirs is None or steps is None or not custom <= theirs or not set(step[use]) <= steps:
            return False
    return True


def screen(draft: Draft, wanted: WantedScreen) -> None:
    """Create one of our screens, or add what it lacks."""
    found = draft.site.screens.get(wanted.name)
    fields = [*wanted.system, *(draft.ids.get(f"field:{name}") or ref("field", name) for name in wanted.fields)]
    if found is None:
        draft.change(
            "create", "screen", wanted.name, *_screen_requests(wanted, fields), details=(*wanted.system, *wanted.fields)
        )
        return
    draft.ids[f"screen:{wanted.name}"] = found.id
    missing = [field for field in fields if field not in found.fields]
    if missing:
        draft.change("change", "screen", wanted.name, *_add_fields(found, missing), details=_named(draft, missing))


def _screen_requests(wanted: WantedScreen, fields: list[str]) -> list[Request]:
    number, tab = ref("screen", wanted.name), ref("tab", wanted.name)
    made = Learned(reference=f"screen:{wanted.name}", at=("id",))
    first = Learned(reference=f"tab:{wanted.name}", at=("0", "id"))
    return [
        Request(method="POST", path="screens", body={"name": wanted.name, "description": ""}, learns=(made,)),
        Request(method="GET", path=f"screens/{number}/tabs", learns=(first,)),
        *(Request(method="POST", path=f"screens/{number}/tabs/{tab}/fields", body={"fieldId": i}) for i in fields),
    ]


def _add_fields(found: SiteScreen, fields: list[str]) -> list[Request]:
    path = f"screens/{found.id}/tabs/{found.tab}/fields"
    return [Request(method="POST", path=path, body={"fieldId": field}) for field in fields]


def _named(draft: Draft, fields: list[str]) -> tuple[str, ...]:
    names = {number: reference.removeprefix("field:") for reference, number in draft.ids.items()}
    return tuple(names.get(field, field.strip("⟦⟧").removeprefix("field:")) for field in fields)


def _screen_scheme(draft: Draft, kind: str, uses: dict[str, str]) -> None:
    name = draft.wanted.named(f"screens of {kind}")
    if name in draft.site.screen_schemes:
        draft.ids[f"scheme:{name}"] = draft.site.screen_schemes[name]
        return
    used = {use: ref("screen", draft.wanted.screens[which].name, number=True) for use, which in uses.items()}
    learned = Learned(reference=f"scheme:{name}", at=("id",))
    body = {"name": name, "description": "", "screens": used | {"default": used["view"]}}
    request = Request(method="POST", path="screenscheme", body=body, learns=(learned,))
    draft.change("create", "screen scheme", name, request)


def _type_screens(draft: Draft, kinds: tuple[str, ...]) -> None:
    """Keep what the project's other types have; a scheme of our name that lacks our types is refused."""
    site, name = draft.site, draft.wanted.named("screens")
    ours = {ref("type", kind): ref("scheme", draft.wanted.named(f"screens of {kind}")) for kind in kinds}
    before = site.type_screens
    if site.own_type_screens is None:
        known = {draft.ids.get(f"type:{kind}") for kind in kinds}
        others = {i: scheme for i, scheme in (before.given if before else {}).items() if i not in known}
        mapped = [{"issueTypeId": i, "screenSchemeId": scheme} for i, scheme in (others | ours).items()]
        learned = Learned(reference=f"scheme:{name}", at=("id",))
        body = {"name": name, "description": "", "issueTypeMappings": mapped}
        request = Request(method="POST", path="issuetypescreenscheme", body=body, learns=(learned,))
        draft.change("create", "issue type screen scheme", name, request)
    elif any(draft.ids.get(f"type:{kind}") not in site.own_type_screens.given for kind in kinds):
        draft.refuse(
            f"the issue type screen scheme {name!r} ({site.own_type_screens.id}) says nothing of {' or '.join(kinds)}; "
            "add them there, or delete it so that it is made anew"
        )
        return
    else:
        draft.ids[f"scheme:{name}"] = site.own_type_screens.id
    body = {"issueTypeScreenSchemeId": ref("scheme", name), "projectId": ref("project")}
    assign = Request(method="PUT", path="issuetypescreenscheme/project", body=body)
    told = (f"instead of {before.name!r}",) if before else ()
    draft.change("assign", "issue type screen scheme", name, assign, details=told)
