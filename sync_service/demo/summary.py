"""The demo's summary: stages, rounds, what the project cost Jira and its people's mailboxes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from mappings.model import Calendar
from sync_service.demo.sandbox import Call
from sync_service.demo.seen import Change, Comment, Project
from sync_service.demo.verdict import Ending
from sync_service.lifecycle.workdays import local_day, workdays_between


def stages(project: Project, calendar: Calendar) -> RenderableType:
    """Show each visit of a stage with its days, as the history of *Integration Stage* has them."""
    table = _table("Stage", "from", "until", "business days", right=4)
    entered = [(c.after, local_day(calendar, c.at)) for c in project.changes if c.field == "Integration Stage"]
    for (stage, begin), (_, end) in pairwise(entered):
        table.add_row(stage, _day(begin), _day(end), str(workdays_between(calendar, begin, end)))
    last, begin = entered[-1]
    whole = workdays_between(calendar, entered[0][1], begin)
    table.add_row(Text(last, style="bold green"), _day(begin), "", Text(f"{whole} in all", style="bold"))
    return table


def rounds(record: dict[str, Any]) -> RenderableType:
    """Show the certification rounds, as the record on the issue has them."""
    table = _table("Round", "slot", "ended", "business days", "result", right=4)
    for entry in record.get("rounds", ()):
        result = ", ".join([entry["result"], *entry.get("reasons", ())])
        ended = _day(datetime.fromisoformat(entry["ended"]))
        slot = _day(datetime.fromisoformat(entry["slot"])) if entry.get("slot") else ""
        table.add_row(str(entry["number"]), slot, ended, str(entry["business_days"]), result)
    return table


def calls(made: Sequence[Call], senders: Sequence[str], service: str) -> RenderableType:
    """Show what the service asked of Jira, by operation; `senders` are whose doing each webhook told."""
    table = _table("Jira calls of the service", "number", right=2)
    for operation, number in sorted(Counter(call.operation for call in made).items(), key=lambda item: -item[1]):
        method, _, path = operation.partition(" ")
        table.add_row(f"{method:4} {path.removeprefix('/rest/api/2')}", str(number))
    table.add_section()
    table.add_row(Text("in all", style="bold"), Text(str(len(made)), style="bold"))
    people = sum(sender != service for sender in senders)
    table.add_row(f"for each of the {people} things that people did", f"{len(made) / people:.1f}")
    table.add_row(f"for each of the {len(senders)} webhooks that came in", f"{len(made) / len(senders):.1f}")
    return table


def looks(made: Sequence[Call], project: Project) -> RenderableType:
    """Show what single looks cost: how many found nothing to write, how many wrote."""
    table = _table("Looks at the project", "number", "reads", "writes", right=4)
    sizes = Counter(_size(look) for look in _looks(made, project))
    for (reads, writes), number in sorted(sizes.items(), key=lambda item: (item[0][1], item[0][0])):
        what = "wrote" if writes else "nothing to write"
        table.add_row(what, str(number), str(reads), str(writes))
    return table


def _looks(made: Sequence[Call], project: Project) -> Iterator[list[Call]]:
    """Cut the calls into looks: one issue has one look at a time, and each begins by reading it."""
    look: list[Call] = []
    for call in made:
        begins = call.operation.startswith("GET ") and call.path.endswith((f"/issue/{project.id}", f"/{project.key}"))
        if begins and look:
            yield look
            look = []
        if look or begins:
            look.append(call)
    if look:
        yield look


def _size(look: Sequence[Call]) -> tuple[int, int]:
    reads = sum(call.is_read for call in look)
    return reads, len(look) - reads


def mails(project: Project, service: str, of_steps: Sequence[Change], said: Sequence[Comment]) -> RenderableType:
    """Show what the watchers were mailed because of the service."""
    table = _table("What watchers were mailed because of the service", "number", right=2)
    own = {change.entry for change in project.changes if change.by == service and change.field != "status"}
    moves = {change.entry for change in project.changes if change.by == service and change.field == "status"}
    table.add_row("edits of the project issue", str(len(own)))
    table.add_row("  of these with a comment", str(sum(c.by == service for c in project.comments)))
    table.add_row("moves of the project issue", str(len(moves)))
    table.add_row("steps made", str(len(project.steps)))
    table.add_row("edits and moves of steps", str(len({c.entry for c in of_steps if c.by == service})))
    table.add_row("  of these with a comment", str(sum(c.by == service for c in said)))
    return table


def checks(ending: Ending, answer_times: Sequence[float]) -> RenderableType:
    """Show what was promised, and what was found."""
    table = _table("Checked in Jira", "found", right=2)
    reads = sum(call.is_read for call in ending.last_look)
    table.add_row("stage / round / rounds failed", " / ".join(_found(ending.project)))
    table.add_row("refused moves, and comments on them", f"{ending.refusals}, {ending.refusal_comments}")
    table.add_row("steps with another's marker", str(len(ending.duplicates)))
    table.add_row("a look with nothing to do", f"{reads} reads, {len(ending.last_look) - reads} writes")
    table.add_row("the service's answers", f"median {median(answer_times):.2f} s, slowest {max(answer_times):.2f} s")
    return table


def _found(project: Project) -> Iterator[str]:
    for name in ("Integration Stage", "Certification Round", "Rounds Failed"):
        value = project.fields.get(name)
        yield f"{value:g}" if isinstance(value, float) else str(value)


def show(console: Console, tables: Iterable[RenderableType]) -> None:
    """Print the tables, one below the other."""
    for table in tables:
        console.print()
        console.print(Group(table))


def _table(*titles: str, right: int) -> Table:
    """Make a table; the columns from the second up to `right` are aligned to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for number, title in enumerate(titles):
        table.add_column(title, justify="right" if 0 < number < right else "left")
    return table


def _day(day: Any) -> str:
    return f"{day.day} {day:%b}"
