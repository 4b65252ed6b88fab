"""What the demo shows: who did what on which day, and what the service did in answer."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
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
        self._row(at, Text(person.first_name, style="cyan"), Text(what))

    def together(self, number: int, at: datetime, what: str) -> None:
        """Tell what several people do."""
        self._row(at, Text(f"{number} people", style="cyan"), Text(what))

    def answers(self, at: datetime, key: str, news: News) -> None:
        """Tell what the service did."""
        for line in _service_lines(key, news):
            self._row(at, Text(SERVICE, style="bold green"), line)

    def says(self, words: str, style: str = "") -> None:
        """Print a line of the demo's own."""
        self.console.print(Text(words, style=style))

    def _row(self, at: datetime, who: Text, what: RenderableType) -> None:
        date_shown = f"{at:%a} {at.day:2} {at:%b}"
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=10, no_wrap=True)
        grid.add_column(width=len(SERVICE), no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_row(Text(date_shown if date_shown != self._day else "", style="dim"), who, what)
        self.console.print(grid)
        self._day = date_shown


def _service_lines(key: str, news: News) -> Iterator[RenderableType]:
    """Yield what the service did, in the order in which it did it."""
    shown = [change for change in news.changes if change.field not in (*UNSHOWN, "status")]
    done: list[tuple[datetime, int, RenderableType]] = [
        (comment.at, 1, _quoted(comment.body)) for comment in news.comments
    ]
    done += [(at, 2, _green(" · ".join(map(_kept, edit)))) for at, edit in groupby(shown, key=lambda c: c.at)]
    done += [
        (change.at, 3, _green(f"moves {key} from {change.before} to {change.after}"))
        for change in news.changes
        if change.field == "status"
    ]
    if news.steps:
        done.append((news.steps[-1].created, 0, _made(news.steps)))
    return (line for *_, line in sorted(done, key=lambda each: each[:2]))


def _green(words: str) -> RenderableType:
    return Text(words, style="green")


def day(when: date) -> str:
    """Write a day as people do: 9 Mar."""
    return f"{when.day} {when:%b}"


def _kept(change: Change) -> str:
    shown = change.after.removesuffix(".0")
    if re.fullmatch(r"\d{4}-\d\d-\d\d", shown):
        shown = day(date.fromisoformat(shown))
    return f"{change.field}: {shown}" if shown else f"{change.field} cleared"


def _made(steps: Sequence[Step]) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for justify in ("left", "left", "left", "right"):
        grid.add_column(no_wrap=justify == "right", justify=justify)
    grid.columns[1].ratio = 1
    for _, group in groupby(steps, key=lambda step: (step.step, step.visit)):
        grid.add_row(*_row_of(list(group)))
    whole = Table.grid()
    whole.add_column(ratio=1)
    whole.add_row(Text(f"makes {len(steps)} steps:" if len(steps) > 1 else "makes one step:", style="green"))
    whole.add_row(Padding(grid, (0, 0, 0, 2)))
    return whole


def _row_of(group: Sequence[Step]) -> Iterator[Text]:
    """Show a step: keys, summary, owner, due date; one that several parties do, in one row."""
    first, last = group[0], group[-1]
    several = len(group) > 1
    yield Text(f"{first.key}…{last.key.rpartition('-')[2]}" if several else first.key, style="dim")
    yield Text(re.sub(r" \([^)]*\)$", f" ({len(group)} parties)", first.summary) if several else first.summary)
    yield Text("each" if several else first.owner.split()[0], style="cyan")
    yield Text(f"by {day(date.fromisoformat(first.due))}" if first.due else "", style="dim")


def _quoted(body: str) -> RenderableType:
    """Show a comment as Jira would: bold and lists, without the markup."""
    return Quoted(Group(*(_item(line[2:]) if line.startswith("* ") else _inline(line) for line in body.splitlines())))


def _item(line: str) -> RenderableType:
    grid = Table.grid()
    grid.add_column(width=2)
    grid.add_column(ratio=1)
    grid.add_row("• ", _inline(line))
    return grid


class Quoted:
    """Something that was said: with a bar on the left."""

    def __init__(self, said: RenderableType) -> None:
        self._said = said

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render each line behind the bar."""
        narrower = options.update(width=options.max_width - 2)
        for line in console.render_lines(self._said, narrower, pad=False):
            yield Segment("│ ", Style(color="yellow"))
            yield from line
            yield Segment.line()


def _inline(line: str) -> Text:
    text = Text()
    for part in re.split(r"(\*[^*]+\*)", _ITALIC.sub(r"\1", line)):
        bold = _BOLD.fullmatch(part)
        text.append(_ESCAPED.sub(r"\1", bold[1] if bold else part), "bold" if bold else "")
    return text
