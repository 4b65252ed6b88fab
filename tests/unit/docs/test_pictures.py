"""The lifecycle on docs/lifecycle.md is drawn from the mapping, and every picture is used and small."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from docpages import ALL, DOCS, FENCE, name_of

from mappings import Mapping, load
from mappings.model import ANY
from webhooks.console.diagram import Arrow, draw

PICTURES = sorted((DOCS / "images").iterdir())
LARGEST = 150_000


def drawn(lifecycle: Mapping) -> Iterator[str]:
    """Draw a lifecycle as a Mermaid flowchart: the same boxes, arrows and words as the console's drawing."""
    drawing = draw(lifecycle)
    keys = {box.title: box.key for box in drawing.boxes}
    yield "flowchart TD"
    for box in drawing.boxes:
        yield f'    {box.key}(["{box.title}"])' if box.is_end else f'    {box.key}["{box.title}"]'
    for arrow in drawing.arrows:
        yield f"    {keys[arrow.source]} {line(arrow)} {keys[arrow.target]}"
    for target in lifecycle.gates.get(ANY, {}):
        yield f'    {ANY}("any stage") --> {target}'


def line(arrow: Arrow) -> str:
    words = f'|"{"<br>".join(arrow.asks)}"|' if arrow.asks else ""
    return f"{'-.->' if arrow.kind in ('back', 'failed') else '-->'}{words}"


def test_the_lifecycle_is_drawn_as_the_mapping_has_it() -> None:
    blocks = FENCE.findall((DOCS / "lifecycle.md").read_text(encoding="utf-8"))
    (shown,) = (text for _, language, text in blocks if language == "mermaid")
    assert shown.splitlines() == list(drawn(load("paytronix")))


@pytest.mark.parametrize("picture", PICTURES, ids=name_of)
def test_every_picture_is_used_small_and_a_picture(picture: Path) -> None:
    content = picture.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert content.startswith(b"\x89PNG")
    assert len(content) < LARGEST
    assert 400 <= width <= 2400
    assert 200 <= height <= 4000
    assert any(f"images/{picture.name})" in page.read_text(encoding="utf-8") for page in ALL)
