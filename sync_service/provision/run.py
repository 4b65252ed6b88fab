"""The two things that the command does: make a plan, and perform it exactly."""

from collections.abc import Callable

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
    if plan.refusals:
        raise Refused(f"{plan.project}: nothing was written, because\n" + "\n".join(plan.refusals))
    apply(client, plan, secret=secret, advance=advance)
    return make_plan(client, wanted)


def compare(saved: Plan, now: Plan) -> None:
    """Raise Refused unless a plan that was saved is still the plan."""
    if (saved.changes, saved.ids, saved.refusals) == (now.changes, now.ids, now.refusals):
        return
    before, after = {(c.kind, c.name) for c in saved.changes}, {(c.kind, c.name) for c in now.changes}
    differ = [f"no longer to be done: {kind} {name!r}" for kind, name in sorted(before - after)]
    differ += [f"newly to be done: {kind} {name!r}" for kind, name in sorted(after - before)]
    told = "\n".join(differ[:10]) or "the same things are to be done in another way"
    raise Refused(
        f"{saved.project}: the site or the mapping has changed since the plan was saved, so nothing was written\n"
        f"{told}\nMake a new plan with --out."
    )
