"""What was found wrong with a mapping or a site, and what a changed mapping would do."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sync_service.showing.terminal import bullets, count, grid, line, said, section

Json = dict[str, Any]

# --- check


def findings(told: Json) -> Group:
    """Show all that is wrong, and what could not be looked at."""
    return Group(*_findings(told))


def _findings(told: Json) -> Iterator[RenderableType]:
    names = ", ".join(told["mappings"])
    if told["offline"]:
        yield Text(f"{count(len(told['offline']), 'problem')} in the mapping:", "bold red")
        yield bullets(told["offline"])
    for project in told["projects"]:
        yield from _project(project)
    if not told["problems"]:
        compared = " with the site" if told["live"] else ""
        yield line(said(names), ": ", Text(f"nothing wrong{compared}", "green"))


def _project(project: Json) -> Iterator[RenderableType]:
    name = f"{project['project']} ({project['mapping']})"
    if project["faults"]:
        yield section(f"{name}: to be mended before the service writes there", bullets(project["faults"], "red"))
    if project["weaknesses"]:
        yield section(f"{name}: works, but less well than it could", bullets(project["weaknesses"], "yellow"))
    if project["unread"]:
        yield section(f"{name}: could not be looked at", bullets(project["unread"], "dim"))
        yield Text()


# --- simulate


KINDS = (
    ("problems", "red"),
    ("reasons_added", "yellow"),
    ("reasons_gone", "green"),
    ("steps_added", "yellow"),
    ("steps_gone", "green"),
    ("steps_changed", ""),
)
SIGNS = {"reasons_added": "asks: ", "reasons_gone": "no longer asks: ", "steps_added": "new step: ",
         "steps_gone": "step gone: ", "steps_changed": "step: ", "problems": ""}  # fmt: skip


def simulation(told: Json) -> Group:
    """Show what would differ under a changed mapping."""
    return Group(*_simulation(told))


def _simulation(told: Json) -> Iterator[RenderableType]:
    if told["lacking"]:
        yield section(
            "The site lacks what the changed mapping names (counted as empty)", bullets(told["lacking"], "yellow")
        )
        yield Text()
    for one in told["differences"]:
        yield _head(one)
        rows = [(Text(" "), said(SIGNS[kind] + text, style)) for kind, style in KINDS for text in one[kind]]
        if rows:
            yield grid(rows, ratios=(None, 1))
    same = told["issues"] - len(told["differences"])
    totals = "; ".join(_totals(told["differences"])) or "nothing would differ"
    yield line(Text(f"{count(told['issues'], 'project')} looked at, {same} would stay as they are. ", "bold"), totals)
    yield Text("Nothing was written.", "dim")


def _head(one: Json) -> Text:
    before, after = one["stages"]
    stage = before if before == after else f"{before} → {after}"
    gate = f"  gate {one['gate']}" if one["gate"] else ""
    style = "red" if one["gate"] == "would close" else "green"
    return line(said(one["key"], "bold cyan"), "  ", said(one["summary"]), "  ", said(stage, "dim"), Text(gate, style))


def _totals(differences: Iterable[Json]) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for one in differences:
        counts["gates that close"] += one["gate"] == "would close"
        counts["gates that open"] += one["gate"] == "would open"
        counts["stages that differ"] += one["stages"][0] != one["stages"][1]
        counts["steps that appear"] += len(one["steps_added"])
        counts["steps that go"] += len(one["steps_gone"])
        counts["steps that change"] += len(one["steps_changed"])
        counts["problems"] += len(one["problems"])
    return (f"{what}: {number}" for what, number in counts.items() if number)
