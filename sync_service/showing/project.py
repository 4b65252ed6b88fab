"""One project: where it stands, and what would be done about it now."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from sync_service.showing.terminal import bullets, count, day, grid, line, moment, plain, said, section

Json = dict[str, Any]

MARKS = {
    "done": ("✓", "green"),
    "waived": ("✓", "green"),
    "open": ("○", "yellow"),
    "missing": ("·", "dim"),
    "not counted": ("!", "red"),
    "failed": ("✗", "red"),
    "superseded": ("–", "dim"),
}

# --- explain


def explanation(told: Json) -> Group:
    """Show where a project stands, and what would open its gate."""
    return Group(*_head(told), *_warnings(told), *_gate(told), *_steps(told), *_requests(told), *_round(told),
                 *_rounds(told), *_visits(told), *_ways(told), *_past(told), *_pending(told))  # fmt: skip


def _head(told: Json) -> Iterator[RenderableType]:
    visit = told["visits"][-1]
    yield line(said(told["key"], "bold cyan"), "  ", said(told["summary"], "bold"))
    if told["url"]:
        yield said(told["url"], "dim")
    stay = f"{count(visit['days'], 'day')}, {visit['business_days']} business"
    yield line("Stage ", said(told["title"], "bold"), f"  since {_at(told, told['since'])} {told['zone']} ({stay})")
    yield line("Status ", said(told["status"]), "  mapping ", said(told["mapping"]), *_labels(told))


def _labels(told: Json) -> Iterator[Text]:
    if told["labels"]:
        yield line("  labels ", said(", ".join(told["labels"])))


def _warnings(told: Json) -> Iterator[RenderableType]:
    if told["status_stage"] is None:
        text = f"The status {told['status']!r} belongs to no stage of the mapping, so nothing is decided until it does."
        yield section("Attention", bullets([text], "red"))
    for crossing in told["unanswered"]:
        by = f" by {_name(told, crossing['by'])}" if crossing["by"] else ""
        yield section("Waits for its answer", said(f"the move to {crossing['to']} of {_at(told, crossing['at'])}{by}"))
    if told["unread"]:
        yield section("Attention", said(f"{count(len(told['unread']), 'sub-task')} can't be read just now", "red"))


def _at(told: Json, value: str | None) -> str:
    return moment(value, told["zone"])


def _name(told: Json, account: str | None) -> str:
    return plain(told["people"].get(account, account)) if account else "nobody"


def _gate(told: Json) -> Iterator[RenderableType]:
    gate = told["gate"]
    if gate is None:
        return
    title = f"Gate to {told['titles'][gate['target']]}: "
    if not gate["reasons"]:
        yield Group(Text(), line(Text(title, "bold"), Text("open", "bold green")))
        return
    closed = "open by an override" if gate["overridden"] else "closed"
    closed = (
        f"open, since the mapping says {gate['enforcement']!r}" if gate["open"] and not gate["overridden"] else closed
    )
    yield Group(Text(), line(Text(title, "bold"), Text(closed, "bold yellow" if gate["open"] else "bold red")))
    yield Padding(_reasons(gate["reasons"]), (0, 0, 0, 2))


def _reasons(reasons: list[Json]) -> RenderableType:
    rows = [
        (Text(f"{number}.", "dim"), line(said(reason["text"]), " ", said(reason["remedy"], "italic green")))
        for number, reason in enumerate(reasons, 1)
    ]
    return grid(rows, ratios=(None, 1))


def _steps(told: Json) -> Iterator[RenderableType]:
    if told["steps"]:
        rows = [_step(told, step) for step in told["steps"]]
        header = ("", "Step", "", "Owner", "Due")
        yield section(f"Steps of {told['title']}", grid(rows, ratios=(None, None, 5, 4, None), header=header))


def _step(told: Json, step: Json) -> tuple[Text, ...]:
    mark, style = MARKS[step["standing"]]
    summary = said(step["summary"])
    note = _note(told, step)
    owner = line(said(_name(told, step["assignee"])), said(f", {step['owner']}", "dim"))
    named = said(step["key"] or "not made", "" if step["key"] else "dim")
    return Text(mark, style), named, line(summary, " " if note else "", note), owner, _due(step)


def _note(told: Json, step: Json) -> Text:
    match step["standing"]:
        case "done":
            return said(f"done {_at(told, step['done_at'])}", "dim") if step["done_at"] else Text()
        case "not counted" if step["blamed"]:
            return Text(f"done before {step['blamed']}, so it doesn't count", "red")
        case "open" | "missing":
            return Text()
    return Text(step["standing"], MARKS[step["standing"]][1])


def _due(step: Json) -> Text:
    if step["due"] is None or step["standing"] in ("done", "waived", "superseded"):
        return Text("" if step["due"] is None else day(step["due"]), "dim")
    return Text(f"{day(step['due'])} overdue", "bold red") if step["overdue"] else Text(day(step["due"]))


def _requests(told: Json) -> Iterator[RenderableType]:
    if told["requests"]:
        texts = [f"{request['title']}: {', '.join(request['open'])}" for request in told["requests"]]
        yield section("Open requests", bullets(texts))


def _round(told: Json) -> Iterator[RenderableType]:
    view = told["round"]
    if view is None:
        return
    rows = [("Slot", day(view["slot"])), ("Notified", _at(told, view["notified_at"])),
            ("Materials in", _at(told, view["materials_in"])), ("Testing began", _at(told, view["begun"])),
            ("Earliest end", day(view["earliest_end"]))]  # fmt: skip
    fees = " (beyond the free ones)" if view["beyond_free"] else ""
    yield section(f"Certification round {view['number']}{fees}", grid(rows))


def _rounds(told: Json) -> Iterator[RenderableType]:
    past = [entry for entry in told["rounds"] if entry["result"]]
    if past:
        rows = [
            (
                str(entry["number"] or "–"),
                said(entry["result"], "green" if entry["result"] == "certified" else "red"),
                day(entry["slot"]),
                day(entry["begun"]),
                day(entry["ended"]),
                "–" if entry["business_days"] is None else str(entry["business_days"]),
                said(", ".join(entry["reasons"]) + (" early" if entry["early"] else "")),
            )
            for entry in past
        ]
        header = ("Round", "Result", "Slot", "Began", "Ended", "Days", "Reasons")
        yield section("Certification rounds so far", grid(rows, ratios=(None,) * 6 + (1,), header=header))


def _visits(told: Json) -> Iterator[RenderableType]:
    rows = [
        (
            said(told["titles"][visit["stage"]]),
            f"{day(visit['since'])} – {day(visit['until']) if visit['until'] else 'today'}",
            count(visit["days"], "day"),
            f"{visit['business_days']} business",
        )
        for visit in told["visits"]
    ]
    yield section("Visits", grid(rows))


def _ways(told: Json) -> Iterator[RenderableType]:
    ahead = told["gate"]["target"] if told["gate"] else None
    rows = [
        (
            said(told["titles"][way["target"]]),
            Text("open", "green") if way["open"] else Text("refused", "red"),
            said("; ".join(reason["text"] for reason in way["reasons"][:1]) + _more(way["reasons"]), "dim"),
        )
        for way in told["ways"]
        if way["target"] != ahead
    ]
    yield section("Other moves", grid(rows, ratios=(None, None, 1)))


def _more(reasons: list[Json]) -> str:
    return f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""


def _past(told: Json) -> Iterator[RenderableType]:
    if told["overrides"]:
        texts = [
            f"{_at(told, one['at'])} by {_name(told, one['by'])}: "
            + ("used" if one.get("used") else "granted" if one["granted"] else "not granted")
            for one in told["overrides"]
        ]
        yield section("Overrides", bullets(texts))
    last = told["fields"].get("last_refusal")
    if told["refused"]:
        yield section("Last refusal", said(_refusal(told, told["refused"])))
    elif last:
        yield section("Last refusal", said(_at(told, last)))


def _refusal(told: Json, refused: Json) -> str:
    source, _, target = refused["edge"].partition(">")
    titles = told["titles"]
    held = "; not moved back any more, since something keeps moving it" if refused.get("held") else ""
    return f"{titles.get(source, source)} → {titles.get(target, target)} on {_at(told, refused['at'])}{held}"


def _pending(told: Json) -> Iterator[RenderableType]:
    if told["pending"] is None:
        yield section(
            "Attention", said("The rules of the mapping don't come to rest on this project; see `plan`.", "red")
        )
    elif told["pending"]:
        waiting = count(len(told["pending"]), "action")
        yield Group(Text(), said(f"{waiting} to be done at the next look: stagegate plan {told['key']}", "dim"))


# --- plan


def plan(told: Json) -> Group:
    """Show what would be written now, with the reasons."""
    return Group(*_plan(told))


def _plan(told: Json) -> Iterator[RenderableType]:
    if told["unread"]:
        few = count(len(told["unread"]), "sub-task")
        yield said(f"{told['key']}: {few} can't be read just now; the service waits until they can", "red")
    if told["refused"]:
        yield said(f"{told['key']}: nothing is decided: {told['refused']}", "red")
    if not told["actions"] and not told["refused"]:
        yield line(said(told["key"], "bold cyan"), ": nothing to do")
    for number, action in enumerate(told["actions"], 1):
        yield line(Text(f"{number}. ", "bold"), said(action["does"]))
        yield Padding(Group(*_action(action)), (0, 0, 1, 3))
    yield from (said(f"Note for the operator: {note}", "yellow") for note in told["notes"])
    if told["again"]:
        yield said("Another move waits for its answer; it gets it at the look that follows.", "dim")
    if told["look_again"]:
        yield said(f"Looks again by itself on {moment(told['look_again'], told['zone'])}.", "dim")


def _action(action: Json) -> Iterator[RenderableType]:
    if action["why"]:
        yield bullets((f"because {why}" for why in action["why"]), "dim")
    match action["action"]:
        case "create":
            rows = [(said(one["summary"]), said(one["who"] or "nobody"), day(one["due"])) for one in action["subtasks"]]
            yield grid(rows, ratios=(3, 1, None))
        case "edit" if action["comment"]:
            quote = [said(text) for text in action["comment"].splitlines()]
            yield Padding(Group(Text("comment:", "dim"), Padding(Group(*quote), (0, 0, 0, 2))), 0)
