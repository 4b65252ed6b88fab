"""Links lead somewhere, what the code cites of the pages exists, and no page tells what belongs to one machine."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from docpages import ALL, DOCS, LINK, PAGES, ROOT, anchors, name_of, sections, told

SOURCES = sorted(
    path
    for room in ("mappings", "sync_service", "webhooks", "jira_sandbox", "deploy")
    for path in (ROOT / room).rglob("*")
    if path.suffix in {".py", ".toml", ".html", ".yaml", ".service"}
)
CITATION = re.compile(r"\bdocs/([\w./-]+\.md)(?:, \*([\w ]+)\*(?: and \*([\w ]+)\*)?)?")


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_links_between_pages_resolve(page: Path) -> None:
    links = [link for link in LINK.findall(told(page)) if ":" not in link]
    assert [link for link in links if not resolves(page, link)] == []


def resolves(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_pages_and_sections_that_the_code_cites_exist(source: Path) -> None:
    cited = CITATION.findall(source.read_text(encoding="utf-8"))
    missing = [
        f"{page}, {section}" if section else page
        for page, *named in cited
        for section in ("", *filter(None, named))
        if not (DOCS / page).is_file() or (section and section not in sections(page))
    ]
    assert missing == []


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_no_page_tells_a_path_of_a_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(?:work|home|root|tmp)/", page.read_text(encoding="utf-8"))


def test_every_page_has_its_place_in_the_site_once() -> None:
    """`make docs` would find a page that is missing; a page that stands twice it takes."""
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    placed = list(leaves(yaml.safe_load(site[site.index("\nnav:") :])["nav"]))
    assert sorted(placed) == [page.relative_to(DOCS).as_posix() for page in PAGES]


def leaves(nav: Any) -> Iterator[str]:
    """Give the pages of a part of the navigation, however deep they stand."""
    if isinstance(nav, str):
        yield nav
    else:
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from leaves(part)
