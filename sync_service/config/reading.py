"""Reads the settings: a TOML file, overridden by the environment (`STAGEGATE_JIRA__URL`)."""

import tomllib
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sync_service.config.mistakes import told
from sync_service.config.settings import JustTheStore, Settings, StoreSettings, is_section
from sync_service.errors import ConfigurationError

PREFIX = "STAGEGATE_"
SHORTEST_PROOF = 16
"""Characters that a webhook's secret has at least, lest it is warned of: found by trying, it would sign deliveries."""

Read = TypeVar("Read", bound=BaseModel)


def example() -> str:
    """Return the text of config.example.toml."""
    packaged = Path(__file__).with_name("config.example.toml")  # put there when the wheel is built
    in_checkout = Path(__file__).parents[2] / packaged.name
    return (packaged if packaged.exists() else in_checkout).read_text(encoding="utf-8")


def load_settings(path: Path | None, environment: MappingOf[str, str]) -> tuple[Settings, tuple[str, ...]]:
    """Read the settings; return them with warnings. Raises ConfigurationError that names each place and remedy."""
    tables = _read(path) if path is not None else {}
    settings = _validated(Settings, tables, environment, path)
    return settings, (
        *_literal_secrets(tables, str(path)),
        *_guessable(settings),
        *_overlooked(Settings, tables, environment),
    )


def load_store(path: Path | None, environment: MappingOf[str, str]) -> tuple[StoreSettings, tuple[str, ...]]:
    """Read where the store is, and nothing else: who mends the queue at night may lack the service's secrets.

    Returns it with warnings. Raises ConfigurationError that names each place and remedy.
    """
    tables = _read(path) if path is not None else {}
    store = _validated(JustTheStore, tables, environment, path).store
    return store, tuple(_overlooked(JustTheStore, tables, environment))


def _validated(kind: type[Read], tables: dict[str, Any], environment: MappingOf[str, str], path: Path | None) -> Read:
    variables = _variables(environment)
    try:
        return kind.model_validate(_overridden(tables, variables, environment))
    except ValidationError as error:
        found = [told(detail, _source(detail["loc"], variables, path)) for detail in error.errors()]
        raise ConfigurationError("\n".join(found)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: no such file; `stagegate example-config > {path}` writes one to fill in, --config names another"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{path}: can't be read: {error.strerror}; --config names a file of settings"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: can't be read as UTF-8 text: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f'{path}: not valid TOML: {error}; a setting is written like `email = "stagegate@example.com"`'
        ) from None


def _variables(environment: MappingOf[str, str]) -> dict[tuple[str, str], str]:
    """Return the environment variables that are settings, each by its section and key."""
    found = {}
    for name in environment:
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        if name.startswith(PREFIX) and section and key:
            found[section, key] = name
    return found


def _overridden(
    tables: dict[str, Any], variables: dict[tuple[str, str], str], environment: MappingOf[str, str]
) -> dict[str, Any]:
    merged = {name: dict(section) if isinstance(section, dict) else section for name, section in tables.items()}
    for (section, key), name in variables.items():
        held = merged.setdefault(section, {})
        if isinstance(held, dict):  # else the section itself is what will be complained of
            held[key] = _value(environment[name])
    return merged


def _value(text: str) -> Any:
    """Read a variable as a TOML value (`8080`, `["a", "b"]`), else as the text that it is."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _literal_secrets(tables: dict[str, Any], path: str) -> list[str]:
    """Warn of secrets that stand in the file itself."""
    places = {
        "jira": ("token",),
        "webhooks": ("secrets", "bearer_tokens", "basic.password"),
        "console": ("session_key", "calendar_token", "openid.client_secret"),
    }
    return [
        f"{path}: {section}.{key} is a secret written into the file; use 'env:NAME' or 'file:PATH' instead"
        for section, keys in places.items()
        for key in keys
        if any(not text.startswith(("env:", "file:")) for text in _texts_at(tables, section, *key.split(".")))
    ]


def _guessable(settings: Settings) -> list[str]:
    """Warn of what proves a delivery to be Jira's, but could be found by trying."""
    hooks = settings.webhooks
    proofs = {
        "secrets": hooks.secrets,
        "bearer_tokens": hooks.bearer_tokens,
        "basic.password": [pair.password for pair in hooks.basic],
    }
    return [
        f"webhooks.{key}: one has fewer than {SHORTEST_PROOF} characters and could be guessed; "
        "put a random one, such as `openssl rand -hex 32` prints, here and into Jira"
        for key, held in proofs.items()
        if any(len(secret) < SHORTEST_PROOF for secret in held)
    ]


def _texts_at(tables: object, *place: str) -> list[str]:
    """Return the texts at a place in the file, in each entry of a list; none where the file has something else."""
    found = [tables]
    for part in (*place, None):
        found = [one for held in found for one in (held if isinstance(held, list) else [held])]
        if part is not None:
            found = [held.get(part) for held in found if isinstance(held, dict)]
    return [text for text in found if isinstance(text, str)]


def _overlooked(kind: type[BaseModel], tables: dict[str, Any], environment: MappingOf[str, str]) -> list[str]:
    """Warn of variables that look like settings and are none: one underscore where two belong."""
    meant = {
        f"{PREFIX}{section}_{key}".upper(): f"{PREFIX}{section}__{key}".upper()
        for section, field in kind.model_fields.items()
        if is_section(field.annotation)
        for key in field.annotation.model_fields
    }
    named = f"{tables} {list(environment.values())}"  # a secret may well be kept in a variable of such a name
    return [
        f"the environment variable {name} is not read; the setting is overridden by {right}, with two underscores"
        for name, right in meant.items()
        if name in environment and f"env:{name}" not in named
    ]


def _source(place: tuple[int | str, ...], variables: dict[tuple[str, str], str], path: Path | None) -> str:
    """Return where a setting was read: its environment variable, or the file."""
    names = [name for setting, name in variables.items() if setting[: len(place)] == place[:2]]
    unknown = str(place[0]) not in Settings.model_fields
    if names and (len(place) > 1 or unknown):
        return f"the environment variable {names[0]}"
    return str(path) if path else "the environment"
