"""docs/commands.md names every command and every option, and none that there isn't."""

import re
from collections.abc import Iterator

import click
import pytest
from docpages import DOCS

from sync_service.cli import stagegate

PAGE = (DOCS / "commands.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(commands(stagegate))


def test_every_command_has_its_heading() -> None:
    assert set(SECTIONS) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_its_row(name: str) -> None:
    options = {option for each in COMMANDS[name].params for option in each.opts if option.startswith("--")}
    rows = set(re.findall(r"^\| `(--[a-z-]+)", SECTIONS[name], re.MULTILINE))
    assert rows == options


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_helped_with(name: str) -> None:
    assert COMMANDS[name].help
    for each in COMMANDS[name].params:
        if isinstance(each, click.Option) and each.name not in ("flavour", "workflow", "host"):
            assert each.help, each.name
