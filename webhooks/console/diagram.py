"""The lifecycle as a drawing: where each stage and each gate of a mapping lies, in units of the drawing."""

from dataclasses import dataclass

from mappings import Mapping as LifecycleMapping
from mappings.model import ANY, Gate, Stage

WIDTH, GAP, MARGIN = 360, 84, 24
LINE, HEAD = 22, 54
AROUND = 100
"""How far from the way the lines to the ends run; what their gates ask for is written beyond."""
END_LEFT = MARGIN + WIDTH + 340
LONGEST = 46
"""How many letters of a step's summary fit into a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A stage: its place, and its steps."""

    key: str
    title: str
    x: int
    y: int
    height: int
    lines: tuple[str, ...]
    is_end: bool
    is_certification: bool
    target: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A gate: the line from stage to stage, and what it asks for."""

    source: str
    target: str
    path: str
    kind: str
    label_x: int
    label_y: int
    asks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A whole lifecycle, drawn."""

    width: int
    height: int
    box_width: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw(lifecycle: LifecycleMapping) -> Drawing:
    """Lay a lifecycle out: the way from top to bottom, the ends beside it, forward gates between, others around."""
    boxes = _boxes(lifecycle)
    by_key = {box.key: box for box in boxes}
    arrows = tuple(_arrow(lifecycle, by_key, source, target) for source, target in _edges(lifecycle))
    return Drawing(
        width=END_LEFT + WIDTH + MARGIN,
        box_width=WIDTH,
        height=max(box.y + box.height for box in boxes) + MARGIN,
        boxes=boxes,
        arrows=arrows,
    )


def _boxes(lifecycle: LifecycleMapping) -> tuple[Box, ...]:
    placed: list[Box] = []
    y = MARGIN
    for key in lifecycle.way:
        placed.append(_box(lifecycle, key, MARGIN, y))
        y += placed[-1].height + GAP
    y = MARGIN + HEAD
    for key, stage in lifecycle.stages.items():
        if stage.end:
            placed.append(_box(lifecycle, key, END_LEFT, y))
            y += placed[-1].height + GAP
    return tuple(placed)


def _box(lifecycle: LifecycleMapping, key: str, x: int, y: int) -> Box:
    stage = lifecycle.stages[key]
    lines = (*_lines(stage), *(["from any stage"] if key in lifecycle.gates.get(ANY, {}) else []))
    rounds = lifecycle.certification
    return Box(
        key=key,
        title=stage.title,
        x=x,
        y=y,
        height=HEAD + LINE * len(lines) + (12 if lines else 0),
        lines=lines,
        is_end=stage.end,
        is_certification=rounds is not None and rounds.stage == key,
        target=stage.target_business_days,
    )


def plain(summary: str) -> str:
    """Return a step's summary without what is filled in for each project."""
    return summary.replace(" ({party})", "").replace(" {round}", "")


def _lines(stage: Stage) -> list[str]:
    told = []
    for step in stage.steps.values():
        many = f" ×{len(step.parties)}" if step.parties else ""
        summary = plain(step.summary)
        told.append((summary if len(summary) <= LONGEST else summary[: LONGEST - 1] + "…") + many)
    return told


def _edges(lifecycle: LifecycleMapping) -> list[tuple[str, str]]:
    """Return the declared edges, the way's own first, and the one that a failed round takes."""
    way = list(zip(lifecycle.way, lifecycle.way[1:], strict=False))
    declared = [(source, target) for source, targets in lifecycle.gates.items() if source != ANY for target in targets]
    rounds = lifecycle.certification
    failed = [(rounds.stage, rounds.failed_to)] if rounds else []
    return list(dict.fromkeys([*way, *declared, *failed]))


def _arrow(lifecycle: LifecycleMapping, boxes: dict[str, Box], source: str, target: str) -> Arrow:
    left, right = boxes[source], boxes[target]
    gate, failed = lifecycle.gate(source, target), lifecycle.certification
    kind = "failed" if failed and (source, target) == (failed.stage, failed.failed_to) else "gate"
    if right.is_end:
        y = left.y + HEAD // 2 + 8
        path = f"M{left.x + WIDTH} {y} H{left.x + WIDTH + AROUND} V{right.y + HEAD // 2} H{right.x - 8}"
        kind, label = "end", (left.x + WIDTH + AROUND + 10, right.y + HEAD // 2 - 8)
    elif right.y > left.y and lifecycle.next_stage(source) == target:
        x, y = left.x + WIDTH // 2, left.y + left.height
        path, label = f"M{x} {y} V{right.y - 8}", (x + 12, y + 26)
    else:
        edge = left.x + WIDTH
        path = f"M{edge} {left.y + 40} h48 V{right.y + right.height - 16} H{edge + 8}"
        kind, label = ("failed" if kind == "failed" else "back"), (edge + 56, left.y + 24)
    return Arrow(
        source=lifecycle.title(source),
        target=lifecycle.title(target),
        path=path,
        kind=kind,
        label_x=label[0],
        label_y=label[1],
        asks=("round failed",) if kind == "failed" else asked(lifecycle, gate),
    )


def asked(lifecycle: LifecycleMapping, gate: Gate | None) -> tuple[str, ...]:
    """Return in a few words what a gate asks for; nothing for one that is always open."""
    if gate is None:
        return ()
    told = ["all steps done"] if gate.steps else []
    told += [f"{lifecycle.fields[field].name} filled" for field in gate.filled]
    told += [f"{lifecycle.fields[field].name} = {' or '.join(values)}" for field, values in gate.equals.items()]
    told += [f"no open {lifecycle.requests[label].title}" for label in gate.no_open_requests]
    told += ["nothing blocks it"] if gate.no_blocking_links else []
    return tuple(told)
