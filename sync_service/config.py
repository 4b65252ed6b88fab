"""The settings: a TOML file, overridden by the environment (`STAGEGATE_JIRA__URL`); see config.example.toml."""

import os
import tomllib
from collections.abc import Mapping as MappingOf
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from sync_service.errors import ConfigurationError

PREFIX = "STAGEGATE_"


def _resolved(value: object) -> object:
    """Read what a reference names: `env:NAME` or `file:PATH`; anything else is the secret itself."""
    if not isinstance(value, str):
        return value
    kind, _, name = value.partition(":")
    if kind == "env":
        if not os.environ.get(name):
            raise ValueError(f"the environment variable {name} is not set")
        return os.environ[name]
    if kind == "file":
        try:
            return Path(name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(f"the file {name} can't be read: {error.strerror}") from None
    return value


Secret = Annotated[SecretStr, BeforeValidator(_resolved)]


class Section(BaseModel):
    """A section of the settings: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class JiraSettings(Section):
    """Which Jira, and as whom."""

    url: str
    email: str | None = None
    token: Secret
    cloud_id: str | None = None
    gateway: str = "https://api.atlassian.com"
    connect_timeout: float = Field(default=5.0, gt=0)
    read_timeout: float = Field(default=30.0, gt=0)


class BasicCredentials(Section):
    """A user and a password that a webhook may come with."""

    user: str
    password: Secret


class WebhookSettings(Section):
    """Where webhooks come in, and what proves that they are Jira's."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    secrets: tuple[Secret, ...] = ()
    bearer_tokens: tuple[Secret, ...] = ()
    basic: tuple[BasicCredentials, ...] = ()
    body_limit: int = Field(default=25 * 1024 * 1024, gt=0)
    trusted_hosts: tuple[str, ...] = ()
    threads: int = Field(default=16, ge=1)
    processes: int = Field(default=1, ge=1)


class StoreSettings(Section):
    """Where the service remembers."""

    url: str = "sqlite:///stagegate.db"


class LifecycleSettings(Section):
    """Which mappings hold, and from when on."""

    mappings: tuple[str, ...] = ("paytronix",)
    enforce_since: datetime

    @field_validator("enforce_since", mode="before")
    @classmethod
    def aware(cls, value: object) -> object:
        """Take a day or a time without zone as UTC."""
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


class WorkerSettings(Section):
    """How the work is done."""

    threads: int = Field(default=4, ge=1)
    lease_seconds: float = Field(default=120.0, ge=5)
    sweep_minutes: int = Field(default=15, ge=1)
    audit_hour: int = Field(default=3, ge=0, le=23)
    log: Literal["json", "console"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class ConsoleSettings(Section):
    """The operators' console; off unless enabled."""

    enabled: bool = False


class Settings(Section):
    """Every setting."""

    jira: JiraSettings
    webhooks: WebhookSettings = WebhookSettings()
    store: StoreSettings = StoreSettings()
    lifecycle: LifecycleSettings
    worker: WorkerSettings = WorkerSettings()
    console: ConsoleSettings = ConsoleSettings()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for whoever must keep it out of an output."""
        hooks = self.webhooks
        held = [self.jira.token, *hooks.secrets, *hooks.bearer_tokens, *(pair.password for pair in hooks.basic)]
        return tuple(secret.get_secret_value() for secret in held)


def load_settings(path: Path | None, environment: MappingOf[str, str]) -> tuple[Settings, tuple[str, ...]]:
    """Read the settings; return them with warnings. Raises ConfigurationError that names each place and remedy."""
    tables = _read(path) if path is not None else {}
    warnings = tuple(_literal_secrets(tables, str(path)))
    try:
        return Settings.model_validate(_overridden(tables, environment)), warnings
    except ValidationError as error:
        place = str(path) if path else "the environment"
        raise ConfigurationError("\n".join(f"{place}: {_sentence(detail)}" for detail in error.errors())) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: no such file; copy config.example.toml to it, or name another with --config"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: can't be read as UTF-8 text: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from None


def _overridden(tables: dict[str, Any], environment: MappingOf[str, str]) -> dict[str, Any]:
    merged = {name: dict(section) if isinstance(section, dict) else section for name, section in tables.items()}
    for name, text in environment.items():
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        if name.startswith(PREFIX) and key and section in Settings.model_fields:
            merged.setdefault(section, {})[key] = _value(text)
    return merged


def _value(text: str) -> Any:
    """Read a variable as a TOML value (`8080`, `["a", "b"]`), else as the text that it is."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _literal_secrets(tables: dict[str, Any], path: str) -> list[str]:
    """Warn of secrets that stand in the file itself."""
    hooks = tables.get("webhooks", {})
    held = {"jira.token": [tables.get("jira", {}).get("token")]}
    held |= {f"webhooks.{key}": hooks.get(key, []) for key in ("secrets", "bearer_tokens")}
    return [
        f"{path}: {key} is a secret written into the file; use 'env:NAME' or 'file:PATH' instead"
        for key, values in held.items()
        if any(isinstance(value, str) and not value.startswith(("env:", "file:")) for value in values)
    ]


def _sentence(detail: Any) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return f"{place}: unknown setting; config.example.toml shows every one"
        case "missing":
            return f"{place}: missing; config.example.toml shows how it is written"
    return f"{place}: {detail['msg'].removeprefix('Value error, ')}"
