"""Reports as one HTML file: no script, nothing loaded from elsewhere, written piece by piece."""

from collections.abc import Iterable
from typing import TextIO

from jinja2 import Environment, PackageLoader, StrictUndefined

from sync_service.reports.charts import figures, style_sheet
from sync_service.reports.render.words import Context, asked, written
from sync_service.reports.table import NUMERIC, Kind, Report

OPEN_UP_TO = 25
"""Rows up to which a table is shown at once; longer ones are folded, and left out of a print while they are."""

PIECES = 200
"""How many pieces of the page are put together before they are written."""


def write_page(
    reports: Iterable[Report], context: Context, to: TextIO, *, heading: str = "Integration projects"
) -> None:
    """Write the page."""
    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        written=written, figures=figures, numeric=NUMERIC, Kind=Kind, open_up_to=OPEN_UP_TO, asked=asked
    )
    stream = environment.get_template("page.html").stream(
        reports=tuple(reports), context=context, heading=heading, charts_css=style_sheet()
    )
    stream.enable_buffering(PIECES)
    to.writelines(stream)
