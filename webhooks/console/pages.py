"""The pages that show: board, stage, project, queue, key, lifecycle, health."""

from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.exceptions import NotFound

from mappings import Mapping as LifecycleMapping
from sync_service.commands.mending import is_issue, known_id, listing, story
from webhooks.console import board as portfolio
from webhooks.console.dependencies import health_of
from webhooks.console.desk import Desk
from webhooks.console.diagram import asked, draw, plain
from webhooks.console.telling import project_told, said

MOST_KEYS = 200
MOST_WEBHOOKS = 15


def pages(desk: Desk, blueprint: Blueprint) -> None:
    """Add every page that only shows."""
    store = desk.services.store

    @blueprint.get("/")
    def board() -> str:
        return render_template("console/board.html", **_board(desk))

    @blueprint.get("/stages/<lifecycle>/<stage>")
    def stage(lifecycle: str, stage: str) -> str:
        return render_template("console/stage.html", **_stage(desk, _known(desk, lifecycle), stage))

    @blueprint.get("/projects/<key>")
    def project(key: str) -> str:
        told = project_told(desk, key) if is_issue(key) else None
        if told is None:
            raise NotFound(f"No look at {key} is remembered. If it is a project of ours, ask for a look at it: Queue.")
        return render_template("console/project.html", **told)

    @blueprint.get("/queue")
    def queue() -> str:
        told = listing(store, dead=False, limit=MOST_KEYS)
        return render_template("console/queue.html", **told, recent=store.inbox.recent(MOST_WEBHOOKS))

    @blueprint.get("/queue/<issue>")
    def key(issue: str) -> str:
        told = story(store, issue) if is_issue(issue) else None
        if told is None:
            raise NotFound(f"{issue} is not in the queue, and no webhook of it is known.")
        entries = store.ledger.entries(issue_id=known_id(store, told["id"]), limit=10)
        return render_template("console/key.html", told=told, entries=entries, said=said)

    @blueprint.get("/lifecycle")
    def lifecycle() -> str:
        shown = _chosen(desk, request.args.get("mapping"))
        return render_template(
            "console/lifecycle.html",
            lifecycle=shown,
            names=list(desk.console.lifecycles),
            drawing=draw(shown),
            asked=asked,
            plain=plain,
        )

    @blueprint.get("/health")
    def health() -> str:
        return render_template("console/health.html", dependencies=health_of(desk.services))


def _known(desk: Desk, name: str) -> LifecycleMapping:
    lifecycle = desk.lifecycle(name)
    if lifecycle is None:
        abort(404, f"No mapping named {name} is configured.")
    return lifecycle


def _chosen(desk: Desk, name: str | None) -> LifecycleMapping:
    return _known(desk, name or next(iter(desk.console.lifecycles)))


def _board(desk: Desk) -> dict[str, Any]:
    lifecycle = _chosen(desk, request.args.get("mapping"))
    every = [card for card in desk.cards.all() if card.mapping == lifecycle.name]
    wanted = _filter()
    cards = [card for card in every if wanted.takes(card)]
    shown = portfolio.columns(cards, lifecycle)
    now = desk.services.store.now()
    return {
        "lifecycle": lifecycle,
        "names": list(desk.console.lifecycles),
        "way": [column for column in shown if not column.is_end],
        "ends": [column for column in shown if column.is_end],
        "wanted": wanted,
        "count": len(cards),
        "total": len(every),
        "days_in": lambda card: portfolio.days_in(card, lifecycle, now),
        "dead": desk.services.store.queue.depth().dead,
    }


def _stage(desk: Desk, lifecycle: LifecycleMapping, stage: str) -> dict[str, Any]:
    wanted = _filter()
    cards = [card for card in desk.cards.all() if (card.mapping, card.stage) == (lifecycle.name, stage)]
    if stage not in lifecycle.stages and not cards:
        abort(404, f"The mapping {lifecycle.name} has no stage {stage}.")
    cards = [card for card in cards if wanted.takes(card)]
    last = max((len(cards) - 1) // portfolio.PAGE + 1, 1)
    number = min(max(request.args.get("page", 1, type=int), 1), last)
    now = desk.services.store.now()
    return {
        "lifecycle": lifecycle,
        "stage": stage,
        "title": lifecycle.title(stage) if stage in lifecycle.stages else stage,
        "cards": cards[(number - 1) * portfolio.PAGE : number * portfolio.PAGE],
        "count": len(cards),
        "number": number,
        "last": last,
        "wanted": wanted,
        "days_in": lambda card: portfolio.days_in(card, lifecycle, now),
    }


def _filter() -> portfolio.Filter:
    only = request.args.get("only", "")
    return portfolio.Filter(
        words=request.args.get("words", "").strip()[:100], only=only if only in ("closed", "overdue") else ""
    )
