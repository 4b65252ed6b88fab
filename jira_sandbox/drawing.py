"""Dashboards as pages: each gadget drawn from what its filter finds now, as the dashboard's owner sees it."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from html import escape
from typing import Any

from jira_sandbox import searching
from jira_sandbox.errors import JiraError
from jira_sandbox.fields import KINDS
from jira_sandbox.model import Dashboard, Gadget, Issue, User
from jira_sandbox.site import Site

SLICES = ("#1868db", "#82b536", "#f5a524", "#964ac0", "#2898bd", "#ca3521", "#626f86", "#42b2d7", "#b3df72", "#e774bb")
EDGES = {
    "blue": "#1868db", "red": "#c9372c", "yellow": "#cf9f02", "green": "#22a06b", "cyan": "#2898bd",
    "purple": "#8270db", "gray": "#8590a2", "white": "#dcdfe4",
}  # fmt: skip
STYLE = """
body { font: 14px/1.45 "Inter", "Segoe UI", "DejaVu Sans", sans-serif; color: #172b4d; background: #f7f8f9; margin: 0;
  padding: 24px 32px; }
h1 { font-size: 22px; margin: 0; } p.about { color: #44546f; margin: 4px 0 20px; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; align-items: start; }
section { background: #fff; border: 1px solid #dcdfe4; border-top: 4px solid var(--edge); border-radius: 6px;
  padding: 12px 16px 14px; }
h2 { font-size: 14px; margin: 0 0 10px; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; color: #626f86; font-size: 12px; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid #ebecf0; vertical-align: top; }
.count { text-align: right; font-variant-numeric: tabular-nums; } .total { font-weight: 600; }
.key { color: #1868db; white-space: nowrap; } .none, .about { color: #626f86; }
.pie { display: flex; gap: 24px; align-items: center; } .pie td { border: 0; padding: 2px 10px 2px 0; }
i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; }
"""
Tell = Callable[[Issue], list[str]]
NOTHING = "None"


def page(site: Site, dashboard: Dashboard) -> str:
    """Draw a dashboard as an HTML page."""
    rows = sorted(dashboard.gadgets, key=lambda gadget: (gadget.row, gadget.column))
    gadgets = "\n".join(_section(site, site.users[dashboard.owner_id], gadget) for gadget in rows)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(dashboard.name)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(dashboard.name)}</h1>"
        f'<p class="about">{escape(dashboard.description)}</p><main>{gadgets}</main></body></html>'
    )


def _section(site: Site, viewer: User, gadget: Gadget) -> str:
    try:
        inside = _inside(site, viewer, gadget.properties.get("config") or {}, gadget.uri or "")
    except JiraError as error:
        inside = f'<p class="none">{escape("; ".join(error.messages))}</p>'
    edge = EDGES[gadget.color]
    title = f"<h2>{escape(gadget.title)}</h2>"
    return f'<section id="gadget-{gadget.id}" style="--edge: {edge}">{title}{inside}</section>'


def _inside(site: Site, viewer: User, config: dict[str, str], uri: str) -> str:
    number = str(config.get("filterId") or config.get("projectOrFilterId") or "").removeprefix("filter-")
    if number not in site.filters:
        raise JiraError(400, "This gadget has no filter." if not number else f"There is no filter {number}.")
    found = searching.find(site, viewer, site.filters[number].jql)
    if "piechart" in uri:
        return _pie(found, _statistic(site, config.get("statType", "")))
    if "two-dimensional" in uri:
        across, down = (_statistic(site, config.get(name, "")) for name in ("xstattype", "ystattype"))
        return _crossed(found, across, down)
    return _listed(site, found[: int(config.get("num", "10"))], config.get("columnNames", "").split("|"))


# --- What issues are counted by


def _statistic(site: Site, name: str) -> Tell:
    """Return what tells an issue's values of a statistic, as people read them."""
    if name == "statuses":
        return lambda issue: [site.statuses[issue.status_id].name]
    if name == "labels":
        return lambda issue: list(issue.values.get("labels") or ())
    if name == "assignees":
        return lambda issue: _people(site, issue.values.get("assignee"))
    if name not in site.fields:
        raise JiraError(400, f"There is no statistic '{name}'.")
    return lambda issue: _told(site, issue, name)


def _people(site: Site, user_id: str | None) -> list[str]:
    return [site.users[user_id].display_name] if user_id in site.users else []


def _told(site: Site, issue: Issue, name: str) -> list[str]:
    field, value = site.fields[name], issue.values.get(name)
    if value in (None, []):
        return []
    if isinstance(value, datetime):
        return [f"{value:%d/%b/%y}"]
    text = KINDS[field.kind].tell(site, field, value)[1]
    return [text] if text else []


# --- The gadgets


def _pie(found: list[Issue], tell: Tell) -> str:
    counts = Counter(each for issue in found for each in (tell(issue) or [NOTHING]))
    total = sum(counts.values())
    if not total:
        return _none()
    ordered = counts.most_common()
    legend = "".join(
        f'<tr><td><i style="background: {SLICES[n % len(SLICES)]}"></i></td><td>{escape(name)}</td>'
        f'<td class="count">{count}</td><td class="count none">{count * 100 // total}%</td></tr>'
        for n, (name, count) in enumerate(ordered)
    )
    slices = "".join(_slices([count / total for _, count in ordered]))
    svg = f'<svg width="170" height="170" viewBox="-1 -1 2 2" role="img">{slices}</svg>'
    return f'<div class="pie">{svg}<table style="width: auto">{legend}</table></div>'


def _slices(shares: list[float]) -> Iterator[str]:
    if len(shares) == 1:
        yield f'<circle r="1" fill="{SLICES[0]}"></circle>'
        return
    at = 0.0
    for number, share in enumerate(shares):
        (x, y), (to_x, to_y) = _point(at), _point(at + share)
        arc = f"M 0 0 L {x:.4f} {y:.4f} A 1 1 0 {int(share > 0.5)} 1 {to_x:.4f} {to_y:.4f} Z"
        yield f'<path d="{arc}" fill="{SLICES[number % len(SLICES)]}" stroke="#fff" stroke-width="0.015"></path>'
        at += share


def _point(share: float) -> tuple[float, float]:
    angle = 2 * math.pi * share - math.pi / 2
    return math.cos(angle), math.sin(angle)


def _crossed(found: list[Issue], across: Tell, down: Tell) -> str:
    counts = Counter(
        (x, y) for issue in found for x in (across(issue) or [NOTHING]) for y in (down(issue) or [NOTHING])
    )
    if not counts:
        return _none()
    columns, rows = sorted({x for x, _ in counts}), sorted({y for _, y in counts})
    head = "".join(f'<th class="count">{escape(name)}</th>' for name in (*columns, "Total"))
    body = "".join(
        f"<tr><td>{escape(row)}</td>"
        + "".join(f'<td class="count">{counts[column, row] or ""}</td>' for column in columns)
        + f'<td class="count total">{sum(counts[column, row] for column in columns)}</td></tr>'
        for row in rows
    )
    return f"<table><tr><th></th>{head}</tr>{body}</table>"


def _listed(site: Site, found: list[Issue], columns: list[str]) -> str:
    if not found:
        return _none()
    head = "".join(f"<th>{escape(_title(site, column))}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(_cell(site, issue, column) for column in columns)}</tr>" for issue in found)
    return f"<table><tr>{head}</tr>{body}</table>"


def _title(site: Site, column: str) -> str:
    return site.fields[column].name if column in site.fields else column


def _cell(site: Site, issue: Issue, column: str) -> str:
    if column == "issuekey":
        return f'<td class="key">{escape(issue.key)}</td>'
    texts = _people(site, issue.values.get(column)) if column == "assignee" else _plain(site, issue, column)
    return f"<td>{escape(', '.join(texts))}</td>"


def _plain(site: Site, issue: Issue, column: str) -> list[Any]:
    if column in ("summary", "duedate"):
        return [issue.values[column]] if issue.values.get(column) else []
    return _told(site, issue, column) if column in site.fields else []


def _none() -> str:
    return '<p class="none">No issues were found.</p>'
