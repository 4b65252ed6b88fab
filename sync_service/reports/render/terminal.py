"""Reports on the terminal."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from sync_service.reports.render.words import Context, asked, written
from sync_service.reports.table import NUMERIC, Kind, Report, Table
from sync_service.showing.terminal import count, moment, plain

MOST_ROWS = 20
LONGEST_WORD = 16
"""Letters up to which a word is not broken."""
NARROW = frozenset({Kind.ISSUE, Kind.DAY, Kind.MONTH, Kind.MOMENT})


def terminal_page(reports: Iterable[Report], context: Context) -> Group:
    """Show reports; of long tables the first rows."""
    return Group(*_page(reports, context))


def _page(reports: Iterable[Report], context: Context) -> Iterator[RenderableType]:
    told = f"{moment(context.at, context.zone)} {context.zone}: {count(context.projects, 'project')}"
    yield Text(f"{told}; {plain(asked(context.selection))}", "dim")
    for report in reports:
        yield Text()
        yield Text(plain(report.title), "bold cyan")
        for table in report.tables:
            yield from _table(table, report, context)


def _table(table: Table, report: Report, context: Context) -> Iterator[RenderableType]:
    yield Text()
    if table.title != report.title:
        yield Text(f"  {table.title}", "bold")
    if not table.rows:
        yield Text("  none", "dim")
    elif len(table.rows) == 1 and len(table.columns) > 2:
        yield _one(table, context)
    else:
        yield _grid(table, context)
        yield from _left_out(table)
    for note in table.notes:
        yield Text(f"  {plain(note)}", "dim")


def _left_out(table: Table) -> Iterator[Text]:
    rows, details = len(table.rows) - MOST_ROWS, sum(column.detail for column in table.columns)
    left = [count(rows, "earlier row" if table.series else "more row")] if rows > 0 else []
    left += [count(details, "more column")] if details else []
    if left:
        yield Text(f"  {' and '.join(left)}: --format csv, json or html has all", "dim")


def _one(table: Table, context: Context) -> Grid:
    """Show a table of one row upright."""
    grid = Grid(box=None, show_header=False, padding=(0, 2, 0, 2), pad_edge=False)
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for column, value in zip(table.columns, table.rows[0], strict=True):
        grid.add_row(f"  {column.title}", plain(written(value, column.kind, context.zone)))
    return grid


def _grid(table: Table, context: Context) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    grid.add_column("", width=0)
    rows = table.rows[-MOST_ROWS:] if table.series else table.rows[:MOST_ROWS]
    places = [place for place, column in enumerate(table.columns) if not column.detail]
    cells = [[plain(written(row[place], table.columns[place].kind, context.zone)) for place in places] for row in rows]
    for shown, place in enumerate(places):
        column = table.columns[place]
        grid.add_column(
            column.title,
            justify="right" if column.kind in NUMERIC else "left",
            no_wrap=column.kind in NARROW,
            min_width=_longest_word([column.title, *(row[shown] for row in cells)]),
        )
    for row in cells:
        grid.add_row("", *map(Text, row))
    return grid


def _longest_word(texts: Iterable[str]) -> int:
    return min(max((len(word) for text in texts for word in text.split()), default=0), LONGEST_WORD)
