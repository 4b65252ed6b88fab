"""Tells a mistake in the settings: what is wrong there and what to write, in the words of a settings file."""

import difflib
from typing import Any, get_args

from pydantic import BaseModel

from sync_service.config.settings import Settings, is_section

WORDS = {
    "tuple_type": 'must be a list in brackets, such as ["one", "two"]',
    "dict_type": 'must be a table, such as { name = "value" }',
    "too_short": "must name at least one",
    "string_type": "must be a text in quotes",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}
"""What pydantic says in Python's words, in those of a settings file."""


def told(detail: Any, source: str) -> str:
    """Return the sentence for one of pydantic's errors; `source` is where the setting was read."""
    place = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            said = f"unknown setting{_meant(detail['loc'])}"
        case "missing":
            said = "missing; `stagegate example-config` shows how it is written"
        case "model_type":
            said = f"must be a section, which begins with the line [{place}]"
        case kind:
            said = WORDS.get(kind, detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be"))
    return f"{source}: {place}: {said}"


def _meant(place: tuple[int | str, ...]) -> str:
    """Return the setting that was probably meant by an unknown one."""
    model: type[BaseModel] = Settings
    for part in place[:-1]:
        field = model.model_fields.get(str(part))
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if is_section(one)] if field else []
        if not inner:
            return "; `stagegate example-config` shows every one"
        model = inner[0]
    close = difflib.get_close_matches(str(place[-1]), model.model_fields, n=1)
    return f"; did you mean {close[0]!r}?" if close else "; `stagegate example-config` shows every one"
