"""Reports on the terminal."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from sync_service.reports.render.words import Context, asked, written
from sync_service.reports.table import NUMERIC, Column, Kind, Report, Table
from sync_service.showing.terminal import count, moment, plain

MOST_ROWS = 20
NARROW = frozenset({Kind.ISSUE, Kind.DAY, Kind.MOMENT})


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
            yield from _table(table, context)


def _table(table: Table, context: Context) -> Iterator[RenderableType]:
    yield Text()
    yield Text(f"  {table.title}", "bold")
    if not table.rows:
        yield Text("  none", "dim")
    elif len(table.rows) == 1 and len(table.columns) > 2:
        yield _one(table, context)
    else:
        yield _grid(table, context)
    if len(table.rows) > MOST_ROWS:
        yield Text(f"  {len(table.rows) - MOST_ROWS} more; --format csv, json or html has all", "dim")
    for note in table.notes:
        yield Text(f"  {plain(note)}", "dim")


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
    kept = [place for place, _ in enumerate(table.columns) if any(row[place] is not None for row in table.rows)]
    grid.add_column("", width=0)
    for place in kept:
        column = table.columns[place]
        right = column.kind in NUMERIC
        grid.add_column(column.title, justify="right" if right else "left", overflow="fold", no_wrap=_narrow(column))
    for row in table.rows[:MOST_ROWS]:
        cells = [written(row[place], table.columns[place].kind, context.zone) for place in kept]
        grid.add_row("", *(Text(plain(cell)) for cell in cells))
    return grid


def _narrow(column: Column) -> bool:
    return column.kind in NARROW
