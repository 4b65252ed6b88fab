"""What the demo shows: who did what on which day, and what the service did in answer."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from sync_service.demo.people import Person
from sync_service.demo.seen import Change, Step
from sync_service.demo.watch import News

WIDEST = 100
SERVICE = "Stagegate"
UNSHOWN = ("Last Refusal", "labels", "resolution", "Sprint")
"""Fields that say nothing which isn't told anyway."""

_BOLD = re.compile(r"(?<!\w)\*(\S(?:.*?\S)?)\*(?!\w)")
_ITALIC = re.compile(r"(?<!\w)_(\S(?:.*?\S)?)_(?!\w)")
_ESCAPED = re.compile(r"\\([^\w\s])")


class Teller:
    """Prints the story, in three columns: the day in Jira, who, and what."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._day = ""

    def scene(self, title: str) -> None:
        """Begin a scene."""
        self.console.print()
        self.console.print(Rule(Text(f" {title} ", style="bold"), align="left", style="dim"))
        self._day = ""

    def does(self, person: Person, at: datetime, what: str) -> None:
        """Tell what a person does."""
        self._row(at, Text(person.name, style="cyan"), Text(what))

    def together(self, number: int, at: datetime, what: str) -> None:
        """Tell what several people do."""
        self._row(at, Text(f"{number} people", style="cyan"), Text(what))

    def answers(self, at: datetime, key: str, news: News) -> None:
        """Tell what the service did."""
        for line in self._service_lines(key, news):
            self._row(at, Text(SERVICE, style="bold green"), line)

    def says(self, words: str, style: str = "") -> None:
        """Print a line of the demo's own."""
        self.console.print(Text(words, style=style))

    def _row(self, at: datetime, who: Text, what: RenderableType) -> None:
        day = f"{at:%a} {at.day:2} {at:%b}"
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=10, no_wrap=True)
        grid.add_column(width=16, no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_row(Text(day if day != self._day else "", style="dim"), who, what)
        self.console.print(grid)
        self._day = day

    def _service_lines(self, key: str, news: News) -> Iterator[RenderableType]:
        moved = [change for change in news.changes if change.field == "status"]
        kept = {c.field: c for c in news.changes if c.field != "status" and c.field not in UNSHOWN}
        if news.steps:
            yield _made(news.steps)
        for comment in news.comments:
            yield _quoted(comment.body)
        if kept:
            yield Text(" · ".join(_kept(change) for change in kept.values()), style="green")
        for change in moved:
            yield Text(f"moves {key} from {change.before} to {change.after}", style="green")


def _kept(change: Change) -> str:
    number = change.after.removesuffix(".0")
    return f"{change.field}: {number}" if number else f"{change.field} cleared"


def _made(steps: Sequence[Step]) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    for _, group in groupby(steps, key=lambda step: (step.step, step.visit)):
        first, *others = group
        last = others[-1] if others else first
        keys = first.key if first is last else f"{first.key}…{last.key.rpartition('-')[2]}"
        title = first.summary if not others else re.sub(r" \([^)]*\)$", f" ({len(others) + 1} parties)", first.summary)
        owner = first.owner if not others else "each their own"
        due = f"due {datetime.fromisoformat(first.due):%d %b}".replace(" 0", " ") if first.due else ""
        grid.add_row(Text(keys, style="dim"), Text(f"{title}", overflow="fold").append(f"  {owner}", "dim"), due)
    head = Text(f"makes {len(steps)} steps:" if len(steps) > 1 else "makes one step:", style="green")
    whole = Table.grid()
    whole.add_column(ratio=1)
    whole.add_row(head)
    whole.add_row(Padding(grid, (0, 0, 0, 2)))
    return whole


def _quoted(body: str) -> RenderableType:
    """Show a comment as Jira would: bold and lists, without the markup."""
    whole = Table.grid()
    whole.add_column(width=2, no_wrap=True)
    whole.add_column(ratio=1)
    for line in body.splitlines():
        item = line.startswith("* ")
        whole.add_row(Text("│", style="yellow"), _inline(f"• {line[2:]}" if item else line))
    return whole


def _inline(line: str) -> Text:
    text = Text(style="yellow")
    for part in re.split(r"(\*[^*]+\*)", _ITALIC.sub(r"\1", line)):
        bold = _BOLD.fullmatch(part)
        text.append(_ESCAPED.sub(r"\1", bold[1] if bold else part), "bold" if bold else "")
    return text
