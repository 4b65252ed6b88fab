"""The pages as their tests read them: sections, tables, anchors, code."""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
ALL = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def told(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def code(page: Path, *languages: str) -> list[str]:
    """Return a page's blocks of code in these languages."""
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    return [textwrap.dedent(text) for _, language, text in blocks if language in languages]


def sections(page: str) -> dict[str, str]:
    """Return the text under each heading of a page."""
    _, *parts = HEADING.split(told(DOCS / page))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page, as Python-Markdown makes them of its headings."""
    headings = HEADING.findall(told(page))
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def rows(text: str, *, table: int = 0) -> dict[str, list[str]]:
    """Return the rows of one of a section's tables, by each name in their first cell."""
    lines = [line for line in TABLE.findall(text)[table].splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")] for line in lines]
    return {key: rest for first, *rest in cells for key in re.findall(r"`([^`]+)`", first)}


def name_of(page: Path) -> str:
    """Name a page in the id of a test."""
    return page.relative_to(ROOT).as_posix()
