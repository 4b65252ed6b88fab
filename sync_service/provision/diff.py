"""What is wanted less what is there: the plan. Pure."""

from sync_service.provision import checklist, fields, guards, screens, shared, workflows
from sync_service.provision.desired import Desired
from sync_service.provision.draft import Draft
from sync_service.provision.plan import Plan
from sync_service.provision.site import Site


def diff(wanted: Desired, site: Site) -> Plan:
    """Compare, in the order in which things depend on each other.

    Where REST does not reach (a team-managed project, no administrator, Data Center) the rest is left to a person.
    """
    draft = Draft(wanted, site)
    if site.project.team_managed:
        _team_managed(draft)
    elif not site.administered:
        _unprivileged(draft)
    elif not site.is_cloud:
        _data_center(draft)
    else:
        _cloud(draft)
    if not site.may_share:
        draft.notes.append("our account lacks 'Create shared objects': filters and dashboard stay private; grant it")
    return draft.plan()


def _cloud(draft: Draft) -> None:
    fields.issue_types(draft)
    fields.statuses(draft)
    fields.fields(draft)
    screens.type_scheme(draft)
    screens.screens(draft)
    workflows.workflows(draft)
    shared.webhook(draft)
    shared.filters(draft)
    shared.dashboard(draft)


def _data_center(draft: Draft) -> None:
    fields.fields(draft)
    shared.webhook(draft)
    _filters_of_known_fields(draft)
    draft.notes.append(
        "Jira Data Center lets fields, filters and webhooks be made over REST; the rest is for a person, see the list"
    )
    draft.by_hand += checklist.checklist(draft.wanted, fields=False, dashboards=True, is_cloud=False)


def _team_managed(draft: Draft) -> None:
    draft.notes.append(
        f"{draft.wanted.project} is team-managed: its issue types, fields and workflow belong to it alone and can't be "
        "made over REST; create a company-managed project, or set the fields up by hand. Filters and dashboard can be "
        "made once the fields are there"
    )
    _what_is_left(draft)


def _unprivileged(draft: Draft) -> None:
    draft.notes.append(
        "our account lacks the global permission 'Administer Jira', which all but filters and dashboards needs; "
        "run this command with an administrator's credentials (in STAGEGATE_JIRA__EMAIL and STAGEGATE_JIRA__TOKEN), or "
        "let an administrator do what the list says. Filters and dashboard can be made once the fields are there"
    )
    _what_is_left(draft)


def _what_is_left(draft: Draft) -> None:
    if draft.wanted.webhook and draft.site.administered:
        shared.webhook(draft)
    _filters_of_known_fields(draft)
    ready = not _missing(draft)
    if ready and draft.site.is_cloud:
        shared.dashboard(draft)
    by_hand = checklist.checklist(
        draft.wanted, fields=not ready, dashboards=not draft.site.is_cloud, is_cloud=draft.site.is_cloud
    )
    draft.by_hand += by_hand
    guards.leave_to_administrator(draft)


def _filters_of_known_fields(draft: Draft) -> None:
    """Make the filters if their fields are there, or will be: Jira refuses a query on a field that it lacks."""
    if draft.site.administered and not draft.site.project.team_managed:
        if draft.wanted.issue_type.name in draft.site.project.types:
            shared.filters(draft)
        else:
            draft.notes.append("the filters are made once the issue types and options of the list are there: run again")
        return
    missing = _missing(draft)
    if missing:
        draft.notes.append(f"the filters are made once the site has {', '.join(missing)}: run again then")
        return
    for name, found in draft.site.fields.items():
        draft.ids[f"field:{name}"] = found[0].id
    shared.filters(draft)


def _missing(draft: Draft) -> list[str]:
    missing = [field.name for field in draft.wanted.fields if field.name not in draft.site.fields]
    types = (draft.wanted.issue_type.name, draft.wanted.step_type.name)
    return [*missing, *(name for name in types if name not in draft.site.project.types)]
