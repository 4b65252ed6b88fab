"""The code on the pages: TOML loads as what it is, JSON is JSON, and commands are commands that there are."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from docpages import ALL, PAGES, ROOT, code, name_of

from mappings import load
from sync_service.cli import stagegate
from sync_service.config import Settings

LEAST: dict[str, Any] = {
    "jira": {"url": "https://example.atlassian.net", "token": "planted-token"},
    "lifecycle": {"enforce_since": "2026-01-01"},
}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def blocks(*languages: str) -> list[Any]:
    return [
        pytest.param(text, id=f"{name_of(page)}-{number}")
        for page in ALL
        for number, text in enumerate(code(page, *languages), start=1)
    ]


@pytest.mark.parametrize("text", [one for one in blocks("toml") if re.match(r"# [\w-]+\.toml\n", one.values[0])])
def test_examples_of_mappings_load(text: str, tmp_path: Path) -> None:
    """An example of a mapping begins with a comment that names its file."""
    path = tmp_path / text.splitlines()[0].removeprefix("# ")
    path.write_text(text, encoding="utf-8")
    assert load(path).name == tomllib.loads(text)["name"]


@pytest.mark.parametrize("text", [one for one in blocks("toml") if not re.match(r"# [\w-]+\.toml\n", one.values[0])])
def test_other_toml_is_settings(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r'"env:(\w+)"', text):
        value = "scrypt$planted$hash" if name.endswith("_HASH") else f"planted-{name}-of-more-than-32-characters"
        monkeypatch.setenv(name, value)
    given = tomllib.loads(text)
    merged = {**LEAST, **given} | {name: {**LEAST[name], **given.get(name, {})} for name in LEAST}
    if "console" in merged:
        merged["console"] = {"session_key": "planted-" + "k" * 32, **merged["console"]}
    Settings.model_validate(merged)


@pytest.mark.parametrize("text", blocks("json"))
def test_json_is_json(text: str) -> None:
    json.loads(re.sub(r"\{\{[\w.]+\}\}", "x", text))


def typed(text: str, program: str) -> Iterator[list[str]]:
    """Give the words behind each call of a program: in blocks of code, and in `code` within the text."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        for call in re.findall(rf"(?:^|[\s(;&|/]){program} ([^`;|&#)]*)", line):
            yield shlex.split(call, comments=True) if call.count('"') % 2 == call.count("'") % 2 == 0 else call.split()


def shell(page: Path) -> str:
    """Return what a page tells people to type: lines of the shell, without what they print, and `commands`."""
    scripts = code(page, "sh")
    sessions = [re.sub(r"^(?!\$ ).*$", "", text, flags=re.MULTILINE) for text in code(page, "console")]
    spans = re.findall(r"`((?:stagegate|make) [^`\n]+)`", page.read_text(encoding="utf-8"))
    return "\n".join([*scripts, *(text.replace("$ ", "") for text in sessions), *spans])


def resolve(words: list[str]) -> str:
    """Return what is wrong with the words of a call of `stagegate`, or nothing."""
    command: click.Command = stagegate
    while isinstance(command, click.Group) and words and re.fullmatch(r"[a-z-]+", words[0]) and words[0][0] != "-":
        if words[0] not in command.commands:
            return f"no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    known |= {"--help", "-h"}
    return ", ".join(word for word in words if re.match(r"--?[a-z]", word) and word.split("=")[0] not in known)


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_commands_and_options_that_a_page_names_exist(page: Path) -> None:
    wrong = [(words, found) for words in typed(shell(page), "stagegate") if (found := resolve(words))]
    assert wrong == []


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_chores_that_a_page_names_exist(page: Path) -> None:
    assert {words[0] for words in typed(shell(page), "make") if words} <= TARGETS


def test_the_pages_have_commands_to_check() -> None:
    """What the tests above look for is found at all."""
    calls = [words for page in PAGES for words in typed(shell(page), "stagegate")]
    assert len(calls) > 80
    assert resolve(["chek", "--live"]) == "no command 'chek'"
    assert resolve(["check", "--lively"]) == "--lively"
