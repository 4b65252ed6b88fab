"""Jira's answers for project issues as the plugin reads them, with records that the lifecycle itself wrote.

`python -m tests.unit.plugin.records` writes them to plugin/test/answers.json, which the plugin's own tests read.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

from sync_service.lifecycle.record import PROPERTY, parse
from tests.unit.lifecycle.projectworld import PAYTRONIX, World, at

ANSWERS = Path(__file__).parents[3] / "plugin" / "test" / "answers.json"
SHOWN = ("certification_start", "additional_fees")


def answers() -> dict[str, Any]:
    """Return an answer for each situation that the panel tells apart."""
    closed = at("development")
    closed.done("test_access")
    closed.settle()
    stale = closed.copy()
    stale.move("Certification")
    fourth = at("development")
    for _ in range(3):
        fourth.finish()
        fourth.settle()
        fourth.go("certification")
        fourth.fail_round()
    fourth.finish()
    fourth.settle()
    fourth.go("certification")
    ahead = fourth.copy()
    fourth.prepare_round()
    fourth.start("round")
    fourth.fill("additional_fees", "Agreed")
    fourth.settle()
    unlooked = World()
    return {
        "open": answer(_open()),
        "closed for three reasons": answer(closed),
        "moved, not answered yet": answer(stale),
        "round 4 ahead": answer(ahead),
        "round 4 with fees": answer(fourth),
        "live": answer(at("live")),
        "never looked at": answer(unlooked),
        "a clone": answer(closed) | {"id": "10001"},
    }


def _open() -> World:
    world = World()
    world.settle()
    world.finish()
    world.settle()
    return world


def answer(world: World) -> dict[str, Any]:
    """Return what Jira says of the issue: fields by id, their names, and the property."""
    fields = {f"customfield_{10100 + i}": key for i, key in enumerate(SHOWN)}
    if world.record is not None:
        assert parse(world.record, world.id) is not None
    return {
        "id": world.id,
        "key": world.key,
        "names": {"status": "Status"} | {ident: PAYTRONIX.fields[key].name for ident, key in fields.items()},
        "fields": {
            "status": {"name": world.status},
            "subtasks": [{"key": subtask.key} for subtask in world.subtasks.values()],
            "issuelinks": [],
            **{ident: _shown(world, key) for ident, key in fields.items()},
        },
        "properties": {} if world.record is None else {PROPERTY: world.record},
    }


def _shown(world: World, key: str) -> Any:
    value = world.fields.get(key)
    if isinstance(value, date):
        return value.isoformat()
    return {"value": value} if value else None


if __name__ == "__main__":
    ANSWERS.write_text(json.dumps(answers(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
