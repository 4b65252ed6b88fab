"""The terminal, and the small words that every page is made of."""

import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import click
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

WIDEST = 110
WITHOUT_TERMINAL = 100
"""Columns: beyond the one, lines get hard to read; the other is for pipes and files."""


ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\^_])")
"""The sequences by which a text would command a terminal: colours, the cursor, the window's title."""


def terminal(*, stderr: bool = False) -> Console:
    """Return the console to print on; colours only on a terminal, and not where NO_COLOR is set."""
    console = Console(stderr=stderr, highlight=False, emoji=False, markup=False)
    if console.is_terminal:
        console.width = min(console.width, WIDEST)
    elif not os.environ.get("COLUMNS"):
        console.width = WITHOUT_TERMINAL
    return console


def show(page: RenderableType) -> None:
    """Print a page; without a terminal, with no blanks at the ends of lines."""
    console = terminal()
    if console.is_terminal:
        console.print(page)
        return
    with console.capture() as captured:
        console.print(page)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    text = "\n".join(line.rstrip() for line in captured.get().strip("\n").split("\n"))
    click.echo(text.encode(encoding, "replace").decode(encoding))


def plain(text: object) -> str:
    """Return a text of Jira's people on one line and without control characters, which could command a terminal."""
    whole = " ".join(ESCAPES.sub("", str(text)).split())
    return "".join(char for char in whole if unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs"))


def said(text: object, style: str = "") -> Text:
    """Return a text of Jira's people, to be shown as it is."""
    return Text(plain(text), style=style)


def line(*parts: str | Text) -> Text:
    """Join parts to one line."""
    return Text.assemble(*(part if isinstance(part, Text) else Text(part) for part in parts))


def section(title: str, *inside: RenderableType) -> Group:
    """Return a titled section, indented."""
    return Group(Text(), Text(title, style="bold"), Padding(Group(*inside), (0, 0, 0, 2)))


def grid(
    rows: Iterable[Iterable[str | Text]], *, ratios: Iterable[int | None] = (), header: Iterable[str] = ()
) -> Table:
    """Return a table without lines; columns with a ratio share what is left of the width and wrap, others don't."""
    titles, kept = list(header), [list(row) for row in rows]
    table = Table(box=None, show_header=bool(titles), padding=(0, 2, 0, 0), pad_edge=False)
    shares = list(ratios) or [None] * max((len(row) for row in kept), default=0)
    table.expand = any(shares)
    for number, share in enumerate(shares):
        title = titles[number] if titles else ""
        table.add_column(title, ratio=share, no_wrap=share is None, overflow="fold", header_style="dim")
    for row in kept:
        table.add_row(*row)
    return table


def bullets(texts: Iterable[str], style: str = "") -> Table:
    """Return a list with hanging indents."""
    return grid(((Text("•", style="dim"), said(text, style)) for text in texts), ratios=(None, 1))


def day(value: str | date | None) -> str:
    """Tell a day: 2 Mar 2026."""
    found = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{found.day} {found:%b %Y}" if found else "–"


def moment(value: str | datetime | None, zone: str = "UTC") -> str:
    """Tell a time of the zone: 2 Mar 2026 15:00."""
    if value is None:
        return "–"
    at = (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(ZoneInfo(zone))
    return f"{day(at.date())} {at:%H:%M}"


def span(seconds: float) -> str:
    """Tell a stretch of time in its two largest units."""
    left = timedelta(seconds=abs(round(seconds)))
    hours, minutes = left.seconds // 3600, left.seconds // 60 % 60
    if left.days:
        return f"{left.days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{left.seconds} s"


def count(number: int, thing: str) -> str:
    """Tell how many: 1 step, 2 steps."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far a long reading is, beside the output and only on a terminal; the value given advances it."""
    console = terminal(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)
