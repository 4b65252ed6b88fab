"""The queue, and the story of one of its keys."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sync_service.showing.terminal import count, grid, line, moment, plain, said, section, span

Json = dict[str, Any]

STYLES = {"waiting": "", "running": "cyan", "dead": "bold red", "absent": "dim"}


def queue_listing(told: Json) -> Group:
    """Show how deep the queue is, and its keys."""
    return Group(*_listing(told))


def _listing(told: Json) -> Iterator[RenderableType]:
    depth = told["depth"]
    oldest = depth["oldest_due_seconds"]
    late = f", the oldest for {span(oldest)}" if oldest is not None else ""
    dead = Text(f"{depth['dead']} dead", "bold red" if depth["dead"] else "")
    yield line(f"{depth['waiting']} waiting ({depth['due']} due{late}), {depth['running']} running, ", dead)
    if told["keys"]:
        header = ("Issue", "Id", "Condition", "When", "Tries", "Error")
        yield grid([_row(key) for key in told["keys"]], ratios=(None,) * 5 + (1,), header=header)
    if told["left_out"]:
        yield Text(f"{told['left_out']} more; --limit shows more of them", "dim")


def _row(key: Json) -> tuple[str | Text, ...]:
    condition = Text(key["condition"], STYLES[key["condition"]])
    error = f"{key['error']['type']}: {key['error']['text']}" if key["error"] else ""
    return said(key["key"] or "–", "cyan"), said(key["id"]), condition, _when(key), str(key["attempts"]), said(error)


def _when(key: Json) -> str:
    if key["condition"] != "waiting" or key["due_in_seconds"] is None:
        return "now" if key["condition"] == "running" else "–"
    seconds = key["due_in_seconds"]
    return "now" if seconds <= 0 else f"in {span(seconds)}"


def queue_story(told: Json) -> Group:
    """Show all that is known of one key."""
    return Group(*_story(told))


def _story(told: Json) -> Iterator[RenderableType]:
    condition = told["condition"]
    words = "not in the queue: nothing is wanted of it" if condition == "absent" else condition
    named = said(told["key"] or told["id"], "bold cyan")
    yield line(named, f" (id {plain(told['id'])}): ", Text(words, STYLES[condition]))
    if facts := list(_facts(told)):
        yield grid(facts, ratios=(None, 1))
    if told["trace"]:
        yield section("Trace", *(Text(_kept(text), "dim") for text in told["trace"].splitlines()))
    if told["deliveries"]:
        rows = [(moment(one["at"]), said(one["event"]), said(one["id"])) for one in told["deliveries"]]
        yield section(f"Last {count(len(rows), 'webhook')} (UTC)", grid(rows, ratios=(None, None, 1)))
    if condition == "dead":
        name = told["key"] or told["id"]
        yield Text()
        yield said(f"stagegate queue replay {name} tries it again; stagegate queue drop {name} forgets it", "dim")


def _facts(told: Json) -> Iterator[tuple[Text, Text]]:
    error = told.get("error")
    if told["stage"]:
        yield Text("Stage", "dim"), said(told["stage"])
    if told["condition"] == "absent":
        return
    yield Text("Since", "dim"), said(f"{moment(told['since'])} UTC")
    yield Text("When", "dim"), said(_when(told))
    yield Text("Tries", "dim"), said(told["attempts"])
    if told["worker"]:
        yield Text("Worker", "dim"), said(f"{told['worker']}, until {moment(told['lease_until'])} UTC")
    if error:
        yield Text("Error", "dim"), said(f"{error['type']}: {error['text']}", "red")
        yield Text("Version", "dim"), said(error["version"])


def _kept(text: str) -> str:
    indent = len(text) - len(text.lstrip(" "))
    return " " * indent + plain(text)
