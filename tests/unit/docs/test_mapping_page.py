"""docs/mapping.md has every key of a mapping with its default, and none that there isn't."""

import tomllib
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from docpages import rows, sections
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from mappings.check import CERTIFICATION_FIELDS, NEEDED_FIELDS
from mappings.model import Declared, Mapping, Outcome


def models(model: type[BaseModel], place: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    """Walk over a model and all below it, each with its place in a file: `[stages.STAGE.steps.STEP]`."""
    yield model, place
    for name, field in model.model_fields.items():
        key = field.alias or name
        for inner, of in inner_models(field.annotation):
            plural = f".{ENTRIES[key]}" if of is dict else ""
            yield from models(inner, f"{place}.{key}{plural}".lstrip("."))


ENTRIES = {
    "fields": "FIELD",
    "roles": "ROLE",
    "stages": "STAGE",
    "steps": "STEP",
    "gates": "FROM.TO",
    "requests": "LABEL",
}


def inner_models(annotation: Any, within: Any = None) -> Iterator[tuple[type[BaseModel], Any]]:
    if isinstance(annotation, type) and issubclass(annotation, Declared):
        yield annotation, within
    for part in get_args(annotation):
        of = dict if getattr(annotation, "__origin__", None) is dict else within
        yield from inner_models(part, of)


def heading_of(model: type[BaseModel], place: str) -> str:
    if model is Mapping:
        return "The top of the file"
    if model is Outcome:
        return "Outcomes"
    return f"`[[{place}]]`" if place.endswith("seasons") else f"`[{place}]`"


TABLES = list(models(Mapping))


@pytest.mark.parametrize(("model", "place"), TABLES, ids=[place or "top" for _, place in TABLES])
def test_every_key_of_a_mapping_has_its_row_and_no_other(model: type[BaseModel], place: str) -> None:
    section = sections("mapping.md")[heading_of(model, place)]
    assert list(rows(section)) == [field.alias or name for name, field in model.model_fields.items()]


@pytest.mark.parametrize(("model", "place"), TABLES, ids=[place or "top" for _, place in TABLES])
def test_the_defaults_are_those_of_the_code(model: type[BaseModel], place: str) -> None:
    documented = rows(sections("mapping.md")[heading_of(model, place)])
    for name, field in model.model_fields.items():
        told = documented[field.alias or name][0]
        default = field.get_default()
        if told == "required":
            assert default is PydanticUndefined, name
        elif told == "–":
            assert default in (None, (), {}) or isinstance(default, BaseModel), name
        else:
            assert tomllib.loads(f"value = {told.strip('`')}")["value"] == default, name


def test_fields_that_the_service_knows_by_key_are_listed() -> None:
    listed = rows(sections("mapping.md")["`[fields.FIELD]`"], table=1)
    assert {*NEEDED_FIELDS, *CERTIFICATION_FIELDS} <= set(listed)
