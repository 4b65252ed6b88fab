"""Webhook, filters and dashboard: what is missing of them. Pure."""

from sync_service.jira.answers import Json
from sync_service.provision.dashboards import URIS, WantedFilter, WantedGadget
from sync_service.provision.desired import WEBHOOK
from sync_service.provision.draft import Draft
from sync_service.provision.plan import Learned, Request, ref, resolved
from sync_service.provision.site import SiteDashboard, SiteFilter, SiteGadget
from sync_service.provision.webhooks import SINCE, USER, bare, webhook_request

MARK = "Made by stagegate provision."
"""Stands in the description of our filters: only those are changed."""


# --- The webhook


def webhook(draft: Draft) -> None:
    """Create the webhook unless one calls that address; one of our name that calls another is refused."""
    wanted, site = draft.wanted.webhook, draft.site
    if wanted is None:
        draft.notes.append("no webhook is asked for; give --webhook-url https://YOUR-HOST/webhooks/jira for one")
        return
    if site.webhooks_refused:
        draft.by_hand.append(
            f"webhook {wanted.name!r}: see whether Jira has one to {wanted.url}, else create it (System, WebHooks; "
            f"how: docs/http.md, Setting up Jira) with the JQL {wanted.jql}, the events {', '.join(wanted.events)} "
            f"and a secret of [webhooks]; Jira refuses us the list of webhooks: {site.webhooks_refused}"
        )
        return
    # One that was made for another project tells nothing of ours.
    known = [hook for hook in site.webhooks if hook.name == wanted.name or not hook.name.endswith(WEBHOOK)]
    found = next((hook for hook in known if hook.url == bare(wanted.url)), None)
    if found is None:
        namesake = next((hook for hook in site.webhooks if hook.name == wanted.name), None)
        if namesake is not None:
            draft.refuse(
                f"the webhook {wanted.name!r} ({namesake.id}) calls {namesake.url}; change its address in Jira, or "
                "delete it so that it is made anew"
            )
            return
        request = webhook_request(wanted, is_cloud=site.is_cloud, version=site.version)
        draft.change("create", "webhook", bare(wanted.url), request, details=wanted.events)
        if not site.is_cloud and site.version[:1] < (SINCE,):
            draft.notes.append(f"this Jira cannot sign: set the password in [webhooks] basic, user {USER!r}")
        return
    missing = [event for event in wanted.events if event not in found.events]
    wrong = [*(["is switched off"] if not found.enabled else []), *(["has no secret"] if not found.signed else [])]
    wrong += [f"lacks the events {', '.join(missing)}"] if missing and found.events else []
    draft.problems += [f"the webhook {found.name!r} ({found.id}) {what}; correct it in Jira" for what in wrong]


# --- Filters


def filters(draft: Draft) -> None:
    """Create the filters, shared with the project; one of the same name that asks for something else is refused."""
    for wanted in draft.wanted.filters:
        found = draft.site.filters.get(wanted.name, ())
        same = next((one for one in found if one.jql.split() == wanted.jql.split()), None)
        if same is not None:
            draft.ids[f"filter:{wanted.key}"] = same.id
        elif not found:
            learned = Learned(reference=f"filter:{wanted.key}", at=("id",))
            request = Request(method="POST", path="filter", body=_filter_body(draft, wanted), learns=(learned,))
            draft.change("create", "filter", wanted.name, request, details=(wanted.jql,))
        else:
            _other_filter(draft, wanted, found)


def _other_filter(draft: Draft, wanted: WantedFilter, found: tuple[SiteFilter, ...]) -> None:
    ours = [one for one in found if one.description.endswith(MARK)]
    if len(ours) == 1:
        draft.ids[f"filter:{wanted.key}"] = ours[0].id
        request = Request(method="PUT", path=f"filter/{ours[0].id}", body=_filter_body(draft, wanted))
        draft.change("change", "filter", wanted.name, request, details=(f"was: {ours[0].jql}", f"is: {wanted.jql}"))
        return
    ids = " and ".join(one.id for one in found)
    draft.refuse(
        f"the filter {wanted.name!r} ({ids}) asks for something else ({found[0].jql}); rename it in Jira, so that "
        "ours can be created"
    )


def _filter_body(draft: Draft, wanted: WantedFilter) -> Json:
    body: Json = {"name": wanted.name, "jql": wanted.jql, "description": f"{wanted.description} {MARK}"}
    if draft.site.may_share:
        body["sharePermissions"] = [{"type": "project", "project": {"id": ref("project")}}]
    # On Data Center favourites are the only filters that can be found again.
    return body if draft.site.is_cloud else body | {"favourite": True}


# --- The dashboard


def dashboard(draft: Draft) -> None:
    """Create the dashboard with its gadgets, or what it lacks of them; two of one name are refused."""
    wanted, found = draft.wanted.dashboard, draft.site.dashboards
    if len(found) > 1:
        ids = " and ".join(one.id for one in found)
        draft.refuse(f"{len(found)} dashboards are called {wanted.name!r} ({ids}); rename all but one in Jira")
        return
    if found and not found[0].writable:
        draft.refuse(
            f"the dashboard {wanted.name!r} ({found[0].id}) is somebody else's; rename it in Jira, or let our account "
            "edit it"
        )
        return
    there = found[0] if found else None
    if there is None:
        shared = [{"type": "project", "project": {"id": ref("project")}}] if draft.site.may_share else []
        body = {
            "name": wanted.name,
            "description": wanted.description,
            "sharePermissions": shared,
            "editPermissions": [],
        }
        learned = Learned(reference="dashboard", at=("id",))
        request = Request(method="POST", path="dashboard", body=body, learns=(learned,))
        draft.change("create", "dashboard", wanted.name, request)
    else:
        draft.ids["dashboard"] = there.id
    for gadget in wanted.gadgets:
        _gadget(draft, gadget, there)


def _gadget(draft: Draft, wanted: WantedGadget, dashboard: SiteDashboard | None) -> None:
    uri, reference = URIS[wanted.kind], f"gadget:{wanted.title}"
    found = dashboard.gadgets.get(wanted.title) if dashboard else None
    if found is None and uri not in draft.site.gadget_uris:
        draft.notes.append(f"this site does not offer the gadget of {wanted.title!r} ({uri}); it is left out")
        return
    config = gadget_config(wanted)
    path = f"dashboard/{ref('dashboard')}"
    configure = Request(method="PUT", path=f"{path}/items/⟦{reference}⟧/properties/config", body=config)
    told = (f"{wanted.kind} by {', '.join(wanted.by)}",)
    if found is None:
        body: Json = {"uri": uri, "title": wanted.title, "color": wanted.color}
        body |= {"position": {"row": wanted.row, "column": wanted.column}}
        learned = Learned(reference=reference, at=("id",))
        add = Request(method="POST", path=f"{path}/gadget", body=body, learns=(learned,))
        draft.change("create", "gadget", wanted.title, add, configure, details=told)
        return
    draft.ids[reference] = found.id
    if found.config is None:
        draft.change("change", "gadget", wanted.title, configure, details=told)
    else:
        _compare(draft, wanted, found, config)


def _compare(draft: Draft, wanted: WantedGadget, found: SiteGadget, config: Json) -> None:
    """Read back the configuration: what people chose since is theirs, but it must be on our filter."""
    try:
        expected = resolved(config, draft.ids)
    except KeyError:
        return  # its filter is created by this very plan
    shown = found.config or {}
    names = [name for name in ("filterId", "projectOrFilterId") if name in expected]
    differ = [name for name in names if shown.get(name) != expected[name]]
    for name in differ:
        draft.problems.append(
            f"the gadget {wanted.title!r} ({found.id}) shows {name} = {shown.get(name)!r} where {expected[name]!r} was "
            "written; open its settings on the dashboard and choose the filter there"
        )


def gadget_config(wanted: WantedGadget) -> dict[str, str]:
    """Return the configuration of a gadget: an object whose values are all texts, as the document asks for."""
    number = ref("filter", wanted.filter)
    by = [_statistic(each) for each in wanted.by]
    match wanted.kind:
        case "pie":
            return _pie(number, by[0])
        case "two-dimensional":
            return _two_dimensional(number, by[0], by[1])
        case "list":
            columns = "|".join(by)
            return {"filterId": number, "num": "20", "columnNames": columns, "refresh": "15", "isConfigured": "true"}


def _statistic(name: str) -> str:
    """Return what Jira calls a column or a statistic: its own ones as they are, custom fields by id."""
    own = ("statuses", "labels", "assignees", "issuekey", "summary", "assignee", "duedate")
    return name if name in own else ref("field", name)


def _pie(number: str, statistic: str) -> dict[str, str]:
    """Return a pie chart's configuration; the keys are those of gadgets that were made by hand and read over REST."""
    return {
        "projectOrFilterId": f"filter-{number}",
        "type": "filter",
        "id": number,
        "statType": statistic,
        "refresh": "15",
        "isConfigured": "true",
    }


def _two_dimensional(number: str, across: str, down: str) -> dict[str, str]:
    """Return the configuration of the two-dimensional statistics.

    Published examples disagree on `filterId`: `filter-10001`, as Jira's own dialog writes it, or `filterId-10001`, as
    scripts that move dashboards between sites have it (both seen 2026-11). We write the dialog's form and read it back.
    """
    return {
        "filterId": f"filter-{number}",
        "xstattype": across,
        "ystattype": down,
        "sortBy": "natural",
        "sortDirection": "asc",
        "numberToShow": "20",
        "more": "false",
        "refresh": "15",
        "isConfigured": "true",
    }
