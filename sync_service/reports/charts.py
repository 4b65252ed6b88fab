"""Charts of the tables: inline SVG without script, style or identifiers, coloured by classes that `charts.css` names.

So a page may forbid inline styles, one style sheet serves light, dark and print, and nothing is loaded from elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

import pygal
from pygal.style import Style

from sync_service.reports.table import Table

WIDTH, HEIGHT = 720, 320
COLOURS = 8
"""Colours that the style sheet names; a further series begins with the first again."""
MOST_BARS = 12
"""Bars of one chart; a table shows the rest."""
LETTERS = 7.2
"""What one letter of a label takes of the width."""

STYLE = Style(font_family="inherit", label_font_size=12, major_label_font_size=12, title_font_size=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart: `svg` is safe to put into a page as it is; `legend` names its colours 0, 1, 2 … in order."""

    title: str
    svg: str
    legend: tuple[str, ...] = ()


def figures(table: Table) -> tuple[Figure, ...]:
    """Draw what a table's figures are drawn as; nothing where it has no chart or no figures."""
    draw = CHARTS.get(table.name)
    return (draw(table),) if draw is not None and table.rows else ()


def style_sheet() -> str:
    """Return the style sheet that the charts need."""
    return files(__package__).joinpath("charts.css").read_text(encoding="utf-8")


def _standing(table: Table) -> Figure:
    return _bars(table, "Stage", [("Projects", "projects")])


def _durations(table: Table) -> Figure:
    return _bars(
        table,
        "Stage",
        [("Median business days", "median_business_days"), ("85 % business days", "85_business_days")],
    )


def _flow(table: Table) -> Figure:
    chart = pygal.StackedLine(**_settings(), fill=True, show_dots=False)
    days = [str(day) for day in table.column("day")]
    # The last stage lies at the bottom, as such charts are read: each band's height is a stage, its slope a pace.
    named = list(reversed(table.columns[1:]))
    for column in named:
        chart.add(column.title, table.column(column.key))
    return _figure(_labelled(chart, days), table.title, tuple(column.title for column in named))


def _throughput(table: Table) -> Figure:
    chart = pygal.Bar(**_settings())
    for title, key in (("Created", "created"), ("Launched", "launched"), ("Ended", "ended")):
        chart.add(title, table.column(key))
    months = [f"{month:%Y-%m}" for month in table.column("month")]
    return _figure(_labelled(chart, months), table.title, ("Created", "Launched", "Ended"))


def _rounds(table: Table) -> Figure:
    chart = pygal.StackedBar(**_settings())
    series = (("Certified", "certified"), ("Failed", "failed"), ("Under way", "under_way"))
    for title, key in series:
        chart.add(title, table.column(key))
    labels = [f"Round {number}" for number in table.column("round")]
    return _figure(_labelled(chart, labels), table.title, tuple(title for title, _ in series))


def _reasons(table: Table) -> Figure:
    return _bars(table, "Reason", [("Rounds", "rounds")])


def _slots(table: Table) -> Figure:
    chart = pygal.StackedBar(**_settings())
    series = (("Used", "used"), ("Given up", "given_up"), ("Not begun", "not_begun"), ("Ahead", "ahead"))
    for title, key in series:
        chart.add(title, table.column(key))
    weeks = [str(week) for week in table.column("week")]
    return _figure(_labelled(chart, weeks), table.title, tuple(title for title, _ in series))


def _parties(table: Table) -> Figure:
    return _bars(table, "Party", [("Their turn", "their_turn"), ("Overdue", "overdue")])


def _edges(table: Table) -> Figure:
    labels = [f"{source} → {target}" for source, target in zip(table.column("from"), table.column("to"), strict=True)]
    return _rows(
        table.title, labels, [("Refused", table.column("refused")), ("Overridden", table.column("overridden"))]
    )


CHARTS: "MappingProxyType[str, Callable[[Table], Figure]]" = MappingProxyType(
    {
        "portfolio.stages": _standing,
        "stages.durations": _durations,
        "flow.counts": _flow,
        "throughput.months": _throughput,
        "certification.rounds": _rounds,
        "certification.reasons": _reasons,
        "certification.slots": _slots,
        "waiting.parties": _parties,
        "gates.edges": _edges,
    }
)
"""What draws a table, by the table's name."""


def _bars(table: Table, label: str, series: Sequence[tuple[str, str]]) -> Figure:
    """Draw a bar for each row, lying, so that long names can be read."""
    labels = [str(value) for value in table.column(label.lower())]
    return _rows(table.title, labels, [(title, table.column(key)) for title, key in series])


def _rows(title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[Any]]]) -> Figure:
    shown = labels[:MOST_BARS]
    height = 70 + len(shown) * (16 + 18 * len(series))
    chart = pygal.HorizontalBar(**_settings(height=height, margin_left=round(LETTERS * max(map(len, shown)))))
    # A lying chart is drawn from the bottom: reversed, its first row is on top, as in the table.
    chart.x_labels = list(reversed(shown))
    for name, values in reversed(series):
        chart.add(name, list(reversed(values[:MOST_BARS])))
    figure = _figure(chart, title, tuple(name for name, _ in reversed(series)))
    return figure if len(series) > 1 else Figure(title=title, svg=figure.svg)


def _settings(**more: Any) -> dict[str, Any]:
    return {
        "css": [],
        "js": [],
        "style": STYLE,
        "no_prefix": True,
        "disable_xml_declaration": True,
        "show_legend": False,
        "width": WIDTH,
        "height": HEIGHT,
        "margin": 12,
        "include_x_axis": True,
        "no_data_text": "",
        "max_scale": 8,
        "formatter": _number,
        **more,
    }


def _number(value: Any) -> str:
    return "" if value is None else f"{value:g}"


def _labelled(chart: Any, labels: list[str]) -> Any:
    """Label the x axis, so many labels left out that those shown don't touch."""
    widest = max(map(len, labels), default=1) * LETTERS + 14
    apart = max(round(widest * len(labels) / (WIDTH - 70) + 0.5), 1)
    chart.x_labels = labels
    chart.x_labels_major = labels[::apart]
    chart.show_minor_x_labels = False
    return chart


def _figure(chart: Any, title: str, legend: tuple[str, ...]) -> Figure:
    return Figure(title=title, svg=_bare(chart.render_tree(), title), legend=legend)


def _bare(svg: Any, title: str) -> str:
    """Take script, style and identifiers out, and let browsers tell values without a script."""
    parents = {child: parent for parent in svg.iter() for child in parent}
    for element in [*svg.iter()]:
        element.attrib.pop("id", None)
        element.attrib.pop("style", None)
        if element.get("class", "").startswith("series"):
            element.set("class", f"series color-{int(element.get('class').rpartition('-')[2]) % COLOURS}")
        if not isinstance(element.tag, str) or element.tag in ("defs", "title"):
            parents[element].remove(element)
        elif element.tag == "desc":
            if "value" in element.get("class", "").split():
                element.tag = "title"
                element.attrib.pop("class")
            else:
                parents[element].remove(element)
        elif "tooltip-overlay" in element.get("class", ""):
            parents[element].remove(element)
    named = ET.Element("title")
    named.text = title
    svg.insert(0, named)
    svg.set("role", "img")
    svg.set("class", "chart")
    return ET.tostring(svg, encoding="unicode", short_empty_elements=True)
