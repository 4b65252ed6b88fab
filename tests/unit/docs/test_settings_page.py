"""docs/settings.md has every setting with its default, and no page names one that there isn't."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from docpages import ALL, name_of, rows, sections
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from mappings.model import Mapping
from sync_service.config import Settings
from sync_service.config.settings import Section

PLAIN = (int, float, str, bool)


def tables(model: type[BaseModel], place: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Walk over the tables of the settings file: `[webhooks]`, `[[webhooks.basic]]`."""
    for name, field in model.model_fields.items():
        path = f"{place}.{name}".lstrip(".")
        for inner, repeated in sections_in(field.annotation):
            yield (f"`[[{path}]]`" if repeated else f"`[{path}]`"), inner
            yield from tables(inner, path)


def sections_in(annotation: Any, repeated: bool = False) -> Iterator[tuple[type[Section], bool]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation, repeated
    for part in get_args(annotation):
        yield from sections_in(part, repeated or get_origin(annotation) is tuple)


def is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(is_secret(part) for part in get_args(annotation))


TABLES = dict(tables(Settings))


def test_every_table_has_its_section_and_no_other() -> None:
    told = [heading for heading in sections("settings.md") if heading.startswith("`")]
    assert sorted(told) == sorted(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_every_setting_has_its_row_and_no_other(table: str) -> None:
    assert list(rows(sections("settings.md")[table])) == list(TABLES[table].model_fields)


@pytest.mark.parametrize("table", TABLES)
def test_the_defaults_are_those_of_the_code(table: str) -> None:
    told = rows(sections("settings.md")[table])
    for name, field in TABLES[table].model_fields.items():
        default, shown = field.get_default(call_default_factory=True), told[name][0]
        if shown == "required":
            assert default is PydanticUndefined, name
        elif shown == "–":
            assert default is None, name
        else:
            value = tomllib.loads(f"value = {shown.strip('`')}")["value"]
            assert value == (list(default) if isinstance(default, tuple) else default), name


@pytest.mark.parametrize("table", TABLES)
def test_exactly_the_secrets_are_marked_as_such(table: str) -> None:
    told = rows(sections("settings.md")[table])
    marked = {name for name, cells in told.items() if "**secret**" in cells[1]}
    assert marked == {name for name, field in TABLES[table].model_fields.items() if is_secret(field_type(field))}


@pytest.mark.parametrize("table", TABLES)
def test_every_choice_is_told(table: str) -> None:
    told = rows(sections("settings.md")[table])
    choices = {
        name: get_args(f.annotation) for name, f in TABLES[table].model_fields.items() if is_choice(f.annotation)
    }
    assert [name for name, values in choices.items() for value in values if f'`"{value}"`' not in told[name][2]] == []


def is_choice(annotation: Any) -> bool:
    return get_origin(annotation) is Literal


def field_type(field: Any) -> Any:
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def known() -> set[tuple[str, str]]:
    """Return every pair of section and key, of the settings and of the mappings' tables of the same names."""
    pairs = {(table.strip("`[]"), name) for table, model in TABLES.items() for name in model.model_fields}
    for name, field in Mapping.model_fields.items():
        for model in (field.annotation, *get_args(field.annotation)):
            if isinstance(model, type) and issubclass(model, BaseModel):
                pairs |= {(name, key) for key in model.model_fields}
    return pairs | {tuple(table.strip("`[]").rsplit(".", 1)) for table in TABLES if "." in table}  # type: ignore[misc]


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_settings_that_a_page_names_exist(page: Path) -> None:
    """As `worker.threads`, `[worker] threads` or `STAGEGATE_WORKER__THREADS`."""
    text, names = page.read_text(encoding="utf-8"), "|".join(Settings.model_fields)
    named = set(re.findall(rf"`({names})\.(\w+)(?![\w.])", text)) | set(re.findall(rf"`\[({names})\] (\w+)\b", text))
    named |= {(section.lower(), key.lower()) for section, key in re.findall(r"STAGEGATE_([A-Z]+)__([A-Z_]+)", text)}
    assert named - known() - {("section", "key")} == set()
