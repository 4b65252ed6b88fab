"""Claim 3: what the service asks of Jira, by kind of event, beside what no service could do with less.

The lower bound: without a webhook's word being believed, a look reads the project and its sub-tasks (2); what differs
has to be written, in as few requests as Jira has for it.
"""

from benchmarks import jira as people
from benchmarks import places
from benchmarks.figures import Row, main
from benchmarks.jira import Jira
from benchmarks.service import Projects, Reconciling, reconciling

MANY = 200


def measure(quick: bool = False) -> list[Row]:
    """Count requests, Cloud."""
    with places.folder() as place, people.jira() as jira, reconciling(jira, f"sqlite:///{place / 'c.db'}") as service:
        service.settle(jira.run(people.begin, 1))  # the bookings of an empty database are read once
        return [*events(jira, service), audit(jira, service, 5 if quick else MANY)]


def events(jira: Jira, service: Reconciling) -> list[Row]:
    """Count what each kind of event takes, in the course of one project."""

    def asked(projects: Projects) -> int:
        jira.run(people.calls)
        service.settle(projects)
        return sum(jira.run(people.calls).values())

    one = jira.run(people.begin, 1)
    counts = {"project created": asked(one)}
    jira.run(people.move_on, one, "Requirements")
    counts["move refused"] = asked(one)
    counts["nothing to do"] = asked(one)
    jira.run(people.toggle, one[0][0])
    counts["step done"] = asked(one)
    jira.run(people.work_off, one)
    counts["gate opened"] = asked(one)
    jira.run(people.move_on, one, "Requirements")
    counts["stage entered"] = asked(one)
    return [
        _row(kind, counts[kind], target, bound, why)
        for kind, target, bound, why in (
            ("nothing to do", 2, 2, "two reads"),
            ("project created", 4, 3, "one read, create steps, edit the project"),
            ("stage entered", 4, 4, "two reads, create steps, edit the project"),
            ("move refused", 5, 4, "two reads, edit that says why, the way back"),
            ("step done", 3, 3, "two reads, the record"),
            ("gate opened", 3, 3, "two reads, edit the project"),
        )
    ]


def _row(kind: str, count: float, target: int, bound: int, why: str) -> Row:
    return Row(claim=f"calls: {kind}", figure=count, unit="requests", target=target, at_most=True,
               limit=bound, limit_is=why)  # fmt: skip


def audit(jira: Jira, service: Reconciling, count: int) -> Row:
    """Count what an audit of projects asks that are as they were."""
    jira.run(people.begin, count)
    service.schedule.audit()
    for _ in range(2):  # the second time after its own writes: then each is known as it is
        service.worker.drain()
        service.schedule.audit()
    service.worker.drain()
    jira.run(people.calls)
    looks = service.schedule.audit()
    asked, count = sum(jira.run(people.calls).values()), service.store.projections.count()
    return Row(claim="calls: audit, unchanged", figure=asked / (count), unit="a project", target=0.05,
               at_most=True, limit=0.01, limit_is="a hundred issues a request",
               note=f"{asked} requests for {count} projects, {looks} looks asked for")  # fmt: skip


if __name__ == "__main__":
    main(measure)
