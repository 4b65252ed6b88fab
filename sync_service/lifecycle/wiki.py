"""Jira's wiki markup: text of people set into ours so that it can neither break the layout nor mention anyone.

Nothing that is written grows beyond what Jira takes, however long people's own texts are.
"""

import re
from collections.abc import Mapping as MappingOf
from string import Formatter
from typing import Any

SPECIAL = re.compile(r"[\\{}\[\]|*_+^~!#?]|(?<!\w)-|-(?!\w)|(?<=^h\d)\.|(?<=^bq)\.")
"""A hyphen within a word stays: Jira makes a link of `INT-14` only as it stands."""
LONGEST_TEXT = 30_000
"""How long a description or a comment gets: Jira takes 32,767 characters, and keys take the place of placeholders."""
BACKSLASH = "&#92;"
"""Two backslashes are a line break in wiki markup, and one before an escape would undo it."""


def escape(text: str) -> str:
    """Return one line of text with every character that wiki markup gives a meaning escaped."""
    return SPECIAL.sub(_escaped, " ".join(text.split()))


def _escaped(found: re.Match[str]) -> str:
    return BACKSLASH if found[0] == "\\" else f"\\{found[0]}"


def escape_lines(text: str) -> str:
    """Return text of several lines escaped line by line."""
    return "\n".join(escape(line) for line in text.splitlines())


def escape_within(text: str, most: int, rest: str) -> str:
    """Return text escaped line by line; what gets longer than `most` is cut and ends with `rest`, which is markup."""
    escaped, kept = escape_lines(text), text
    while kept and len(escaped) > most:
        kept = kept[: len(kept) * max(most - len(rest), 0) // len(escaped)]
        escaped = escape_lines(kept) + rest
    return escaped


def shorten(markup: str, rest: str) -> str:
    """Return markup of at most LONGEST_TEXT; what is longer is cut at the end of a line, and ends with `rest`."""
    if len(markup) <= LONGEST_TEXT:
        return markup
    kept = markup[: LONGEST_TEXT - len(rest)]
    return (kept.rpartition("\n")[0] or kept) + rest


class _Filler(Formatter):
    """Fills `{name}` and nothing else: no attributes, no indexes, no formats; an unknown name stays as it is."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:  # noqa: ARG002
        return kwargs.get(field_name, "{" + field_name + "}"), field_name

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ARG002
        return str(value)


def names_in(template: str) -> list[str]:
    """Return the names that a template asks for, each as often as it does."""
    return [name for _, name, _, _ in Formatter().parse(template) if name]


def fill(template: str, words: MappingOf[str, str]) -> str:
    """Return the template with each `{name}` replaced; `{{` and `}}` stand for the braces themselves."""
    return _Filler().vformat(template, (), words).strip()
