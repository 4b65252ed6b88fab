"""Charts of the tables: inline SVG without script, style or identifiers, coloured by classes that `charts.css` names.

So a page may forbid inline styles, one style sheet serves light, dark and print, and nothing is loaded from elsewhere.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

import pygal
from pygal.style import Style

from sync_service.reports.flow import ENDED
from sync_service.reports.table import Table

# pygal 3.1 puts an import hook of Python 2 in place for its map plug-ins, at which Python 3.11 warns at every import.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

WIDTH, HEIGHT = 720, 320
BLUE, ORANGE, GREEN, RED, GREY = 0, 1, 2, 4, 7
"""Colours by the number of their class in the style sheet, which has eight."""
LONGEST_LABEL = 30
UNWANTED = ("defs", "desc", "title")
"""Parts of a drawing that only a script would use."""
MOST_BARS = 12
"""Bars of one chart; a table shows the rest."""
LETTERS = 7.2
"""What one letter of a label takes of the width."""

STYLE = Style(font_family="inherit", label_font_size=12, major_label_font_size=12, title_font_size=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart: `svg` may go into a page as it is; `legend` tells what each colour (class `color-N`) stands for."""

    title: str
    svg: str
    legend: tuple[tuple[str, int], ...] = ()


def figures(table: Table) -> tuple[Figure, ...]:
    """Draw what a table's figures are drawn as; nothing where it has no chart or no figures."""
    draw = CHARTS.get(table.name)
    return (draw(table),) if draw is not None and table.rows else ()


def style_sheet() -> str:
    """Return the style sheet that the charts need."""
    return files(__package__).joinpath("charts.css").read_text(encoding="utf-8")


def _standing(table: Table) -> Figure:
    return _bars(table, "stage", {"Projects": ("projects", BLUE)})


def _durations(table: Table) -> Figure:
    series = {"Median business days": ("median_business_days", BLUE), "85 %": ("85_business_days", ORANGE)}
    return _bars(table, "stage", series)


def _flow(table: Table) -> Figure:
    chart = pygal.StackedLine(**_settings(), fill=True, show_dots=False)
    stages = table.columns[1:]
    colours = {column.title: GREY if column.key.endswith(f".{ENDED}") else n % GREY for n, column in enumerate(stages)}
    # The last stage lies at the bottom, as such charts are read: each band's height is a stage, its slope a pace.
    for column in reversed(stages):
        chart.add(column.title, table.column(column.key))
    days = [str(day) for day in table.column("day")]
    return _figure(_labelled(chart, days), table.title, colours)


def _throughput(table: Table) -> Figure:
    months = [f"{month:%Y-%m}" for month in table.column("month")]
    chart = _columns(pygal.Bar, table, {"Created": "created", "Launched": "launched", "Ended": "ended"}, months)
    return _figure(chart, table.title, {"Created": BLUE, "Launched": GREEN, "Ended": GREY})


def _rounds(table: Table) -> Figure:
    labels = [f"Round {number}" for number in table.column("round")]
    series = {"Certified": "certified", "Failed": "failed", "Under way": "under_way", "Unfinished": "unfinished"}
    chart = _columns(pygal.StackedBar, table, series, labels)
    return _figure(chart, table.title, {"Certified": GREEN, "Failed": RED, "Under way": BLUE, "Unfinished": GREY})


def _reasons(table: Table) -> Figure:
    return _bars(table, "reason", {"Rounds": ("rounds", RED)})


def _slots(table: Table) -> Figure:
    weeks = [str(week) for week in table.column("week")]
    series = {"Used": "used", "Given up": "given_up", "Not begun": "not_begun", "Ahead": "ahead"}
    chart = _columns(pygal.StackedBar, table, series, weeks)
    return _figure(chart, table.title, {"Used": BLUE, "Given up": RED, "Not begun": ORANGE, "Ahead": GREEN})


def _parties(table: Table) -> Figure:
    return _bars(table, "party", {"Their turn": ("their_turn", BLUE), "Overdue": ("overdue", RED)})


def _edges(table: Table) -> Figure:
    labels = [f"{source} → {target}" for source, target in zip(table.column("from"), table.column("to"), strict=True)]
    return _rows(table, labels, {"Refused": ("refused", RED), "Overridden": ("overridden", ORANGE)})


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


def _columns(kind: Any, table: Table, series: Mapping[str, str], labels: list[str]) -> Any:
    """Draw standing bars."""
    chart = kind(**_settings())
    for title, key in series.items():
        chart.add(title, table.column(key))
    return _labelled(chart, labels)


def _bars(table: Table, label: str, series: Mapping[str, tuple[str, int]]) -> Figure:
    """Draw a lying bar for each row, so that long names can be read."""
    return _rows(table, [str(value) for value in table.column(label)], series)


def _rows(table: Table, labels: Sequence[str], series: Mapping[str, tuple[str, int]]) -> Figure:
    height = 60 + len(labels[:MOST_BARS]) * (14 + 16 * len(series))
    chart = pygal.HorizontalBar(**_settings(height=height))
    # A lying chart is drawn from the bottom: reversed, its first row is on top, as in the table.
    chart.x_labels = [_shortened(label) for label in reversed(labels[:MOST_BARS])]
    for title, (key, _) in series.items():
        chart.add(title, list(reversed(table.column(key)[:MOST_BARS])))
    return _figure(chart, table.title, {title: colour for title, (_, colour) in series.items()})


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


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
        "truncate_label": -1,
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


def _figure(chart: Any, title: str, colours: Mapping[str, int]) -> Figure:
    """Finish a chart whose series bear these titles; the legend has their order, if there are several."""
    ordered = [colours[told["title"]] for _, told in chart.raw_series]
    svg = _bare(chart.render_tree(), title, ordered)
    return Figure(title=title, svg=svg, legend=tuple(colours.items()) if len(colours) > 1 else ())


def _bare(svg: Any, title: str, colours: Sequence[int]) -> str:
    """Take script, style and identifiers out, colour the series, and let browsers tell values without a script."""
    parents = {child: parent for parent in svg.iter() for child in parent}
    for element in [*svg.iter()]:
        classes = element.get("class", "").split()
        for name in ("id", "style"):
            element.attrib.pop(name, None)
        if element.tag == "desc" and "value" in classes:
            element.tag = "title"
            element.attrib.clear()
        elif not isinstance(element.tag, str) or element.tag in UNWANTED or "tooltip-overlay" in classes:
            parents[element].remove(element)
        elif "series" in classes:
            element.set("class", f"series color-{colours[int(classes[-1].rpartition('-')[2])]}")
    named = ET.Element("title")
    named.text = title
    svg.insert(0, named)
    svg.set("role", "img")
    svg.set("class", "chart")
    return ET.tostring(svg, encoding="unicode")
