"""docs/architecture.md shows every room, and every decision."""

import re

from docpages import DOCS, ROOT, sections

ROOMS = {
    path.parent.relative_to(ROOT).as_posix()
    for top in ("mappings", "sync_service", "webhooks", "jira_sandbox")
    for path in [*(ROOT / top).glob("__init__.py"), *(ROOT / "sync_service").glob("*/__init__.py")]
}
STAGE = {"sync_service/demo"}
"""What plays the demo is no room of the service."""


def test_every_room_has_its_row_and_no_other() -> None:
    cells = [line.split("|")[1] for line in sections("architecture.md")["Rooms"].splitlines() if line.startswith("| `")]
    named = {name.rstrip("/") for cell in cells for name in re.findall(r"`([\w/]+/)`", cell)}
    told = {name if name in ROOMS or "/" in name else f"sync_service/{name}" for name in named}
    assert told == ROOMS - STAGE


def test_every_decision_is_linked() -> None:
    linked = re.findall(r"\((adr/[\w.-]+)\)", sections("architecture.md")["Decisions"])
    assert linked == sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "adr").iterdir())
