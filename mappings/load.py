"""Read a mapping file. Every error names the file, the key, and a remedy; all of a file's errors come at once."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mappings.check import problems
from mappings.model import Mapping

SHIPPED = Path(__file__).parent


class MappingError(Exception):
    """A mapping can't be used; `problems` lists everything that is wrong with it, a line each."""

    def __init__(self, found: Iterable[str]) -> None:
        self.problems = tuple(found)
        super().__init__("\n".join(self.problems))


def shipped() -> tuple[str, ...]:
    """Return the names of the mappings that come with the program."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load(reference: str | Path) -> Mapping:
    """Read the mapping with this shipped name, or at this path; raise `MappingError` with all that is wrong."""
    path = locate(str(reference), Path())
    tables = _read(path, seen=())
    try:
        mapping = Mapping.model_validate(tables)
    except ValidationError as error:
        raise MappingError(f"{path}: {_sentence(detail, tables)}" for detail in error.errors()) from None
    found = problems(mapping)
    if found:
        raise MappingError(f"{path}: {problem}" for problem in found)
    return mapping


def locate(reference: str, beside: Path) -> Path:
    """Find a mapping: a shipped name (`paytronix`), or a path, relative to the folder `beside`."""
    if reference in shipped():
        return SHIPPED / f"{reference}.toml"
    path = beside / reference
    try:
        if path.is_file():
            return path
    except OSError as error:
        raise MappingError([f"{path}: can't be read: {error.strerror}"]) from None
    raise MappingError([f"{path}: no such mapping file; give a path, or one of the shipped ones: {_listed(shipped())}"])


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        raise MappingError([f"{path}: extends itself, by way of {_listed(str(p) for p in seen)}; remove one 'extends'"])
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise MappingError([f"{path}: not valid TOML: {error}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError([f"{path}: can't be read as UTF-8 text: {error}"]) from None
    base = tables.pop("extends", None)
    if base is None:
        return tables
    if not isinstance(base, str):
        raise MappingError([f"{path}: extends: give the name or the path of one mapping, as text"])
    return merged(_read(locate(base, path.parent), (*seen, path)), tables)


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay `changes` over `base`: tables are merged key by key, everything else is replaced."""
    both = base | changes
    for key in base.keys() & changes.keys():
        if isinstance(base[key], dict) and isinstance(changes[key], dict):
            both[key] = merged(base[key], changes[key])
    return both


def _sentence(detail: ErrorDetails, tables: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return f"{place}: unknown key{_meant(detail)}"
        case "missing":
            return f"{place}: missing; add it{_misspelt(detail['loc'], tables)}"
        case "literal_error":
            return f"{place}: {detail['input']!r} is none of {detail['ctx']['expected']}"
    return f"{place}: {detail['msg'].removeprefix('Value error, ')} (found {detail['input']!r})"


def _misspelt(place: tuple[int | str, ...], tables: Any) -> str:
    """Ask whether a stage, step or field that lacks something was to be one that there is: `extends` merges by name."""
    for part in place[:-1]:
        others = [key for key in tables if key != part] if isinstance(tables, dict) else []
        if close := difflib.get_close_matches(str(part), others, n=1, cutoff=0.8):
            return f"; or is {part!r} to be {close[0]!r}?"
        tables = tables[part]
    return ""


def _meant(detail: ErrorDetails) -> str:
    known = _keys_at(detail["loc"][:-1])
    close = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {_listed(known)}"


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    """Walk the models along an error's place and return the keys that may stand there."""
    schema = Mapping.model_json_schema(by_alias=True)
    node = schema
    for part in place:
        node = _resolved(node, schema)
        if part in node.get("properties", {}):
            node = node["properties"][part]
        else:
            node = node.get("additionalProperties") or node.get("items") or {}
    return list(_resolved(node, schema).get("properties", {}))


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for choice in node.get("anyOf", ()):
        if "$ref" in choice:
            node = choice
    name = node.get("$ref", "").removeprefix("#/$defs/")
    return schema["$defs"][name] if name else node


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
