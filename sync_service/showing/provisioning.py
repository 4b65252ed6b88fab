"""What provisioning would do to a site, and what it did."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sync_service.showing.terminal import bullets, count, grid, line, said, section

Json = dict[str, Any]
SIGNS = {"create": ("+", "green"), "change": ("~", "yellow"), "assign": ("→", "cyan")}


def provisioning(told: Json) -> Group:
    """Show the plans of all projects, or what is left after they were applied."""
    return Group(*(each for plan in told["plans"] for each in _plan(plan, applied=told["applied"])))


def _plan(plan: Json, *, applied: bool) -> Iterator[RenderableType]:
    changes = plan["changes"]
    headline = _headline(changes, left=bool(plan["by_hand"]), applied=applied)
    yield line(said(plan["project"], "bold cyan"), ": ", headline)
    if changes:
        yield grid((_row(change) for change in changes), ratios=(None, None, 1))
    for name, title, style in (
        ("refusals", "To be mended first; until then nothing is applied", "red"),
        ("problems", "There, but not as it should be", "yellow"),
        ("notes", "Notes", "dim"),
    ):
        if plan[name]:
            yield section(title, bullets(plan[name], style))
    if plan["by_hand"]:
        rows = ((Text(f"{number}."), said(text)) for number, text in enumerate(plan["by_hand"], 1))
        yield section("For a person to do", grid(rows, ratios=(None, 1)))


def _headline(changes: list[Json], *, left: bool, applied: bool) -> Text:
    if not changes:
        rest = "the list below is for a person to go through" if left else "nothing is left to do"
        return Text(f"{'applied' if applied else 'no changes'}; {rest}", "yellow" if left else "green")
    counts = Counter(change["verb"] for change in changes)
    words = ", ".join(f"{number} to {verb}" for verb, number in sorted(counts.items()))
    requests = count(sum(len(change["requests"]) for change in changes), "request")
    if applied:
        return Text(f"applied, but Jira shows {count(len(changes), 'thing')} otherwise than written ({words})", "red")
    return Text(f"{count(len(changes), 'change')} ({words}), {requests}", "bold")


def _row(change: Json) -> tuple[Text, Text, Text]:
    sign, style = SIGNS[change["verb"]]
    details = "; ".join(change["details"])
    return Text(sign, style), said(change["kind"], style), line(said(change["name"]), "  ", said(details, "dim"))
