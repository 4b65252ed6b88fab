"""The two things that the command does: make a plan, and perform it exactly."""

from collections.abc import Callable, Sequence

from sync_service.errors import StagegateError
from sync_service.jira.client import Client
from sync_service.provision.apply import apply
from sync_service.provision.desired import Desired
from sync_service.provision.diff import diff
from sync_service.provision.existing import read
from sync_service.provision.plan import Plan

Advance = Callable[[int], None]


class Refused(StagegateError):
    """A plan is not applied, and nothing was written; the text says why, and what to do."""

    reason = "provision_refused"


def make_plan(client: Client, wanted: Desired, advance: Advance = lambda _count: None) -> Plan:
    """Read the site and return the plan; writes nothing."""
    return diff(wanted, read(client, wanted, advance))


def perform(
    client: Client, wanted: Desired, plan: Plan, *, secret: str = "", advance: Advance = lambda _count: None
) -> Plan:
    """Apply a plan, read the site back, and return what is left to do; raises Refused or Interrupted.

    Changes that are left after all were made are such as Jira keeps differently from how they were written.
    """
    check([plan])
    apply(client, plan, secret=secret, advance=advance)
    return make_plan(client, wanted)


def check(plans: Sequence[Plan]) -> None:
    """Raise Refused, with all the reasons, unless each of these plans may be applied."""
    refused = [plan for plan in plans if plan.refusals]
    if refused:
        told = ("\n".join((f"{plan.project}: nothing was written, because", *plan.refusals)) for plan in refused)
        raise Refused("\n".join(told))


def compare(saved: Plan, now: Plan, applied: Sequence[str] = ()) -> None:
    """Raise Refused unless a plan that was saved is still the plan; `applied` names the projects that went before."""
    if (saved.changes, saved.ids, saved.refusals) == (now.changes, now.ids, now.refusals):
        return
    before, after = {(c.kind, c.name) for c in saved.changes}, {(c.kind, c.name) for c in now.changes}
    differ = [f"no longer to be done: {kind} {name!r}" for kind, name in sorted(before - after)]
    differ += [f"newly to be done: {kind} {name!r}" for kind, name in sorted(after - before)]
    told = "\n".join(differ[:10]) or "the same things are to be done in another way"
    why = "the site or the mapping has changed since the plan was saved"
    if applied:
        why = f"the plan of {' and '.join(applied)} was applied, and changed what this one was made for"
    raise Refused(f"{saved.project}: {why}, so nothing was written\n{told}\nMake a new plan with --out.")
