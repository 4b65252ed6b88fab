"""The settings: a TOML file, overridden by the environment (`STAGEGATE_JIRA__URL`); see config.example.toml."""

import os
import re
import tomllib
from collections.abc import Mapping as MappingOf
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from sync_service.errors import ConfigurationError

PREFIX = "STAGEGATE_"

FORGE_APP = re.compile(r"(?:ari:cloud:ecosystem::app/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(/[\w-]+)?")

SHORTEST_KEY = 32
"""Characters of the key that the console's sessions are signed with."""


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
    forge: str | None = None
    forge_without_record: Literal["open", "closed"] = "open"
    connect_timeout: float = Field(default=5.0, gt=0)
    read_timeout: float = Field(default=30.0, gt=0)
    requests_per_second: float = Field(default=10.0, ge=0.1, le=1_000_000)

    @field_validator("forge")
    @classmethod
    def names_an_app(cls, value: str | None) -> str | None:
        """Take the app's id, with or without what stands before it in plugin/manifest.yml and an environment's id."""
        found = FORGE_APP.fullmatch(value) if value is not None else None
        if value is not None and found is None:
            raise ValueError(
                "must be the id of the Forge app, as `forge register` writes it into plugin/manifest.yml: "
                "ari:cloud:ecosystem::app/…, or what follows the slash; with /ENVIRONMENT-ID behind it where several "
                "environments are installed"
            )
        if found and set(found[1]) <= {"0", "-"}:
            raise ValueError("is the id that stands in plugin/manifest.yml until `forge register` writes your app's")
        return found[1] + (found[2] or "") if found else None


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
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    log: Literal["json", "console"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class OpenIdSettings(Section):
    """The OpenID provider that people sign in to the console with, and which of its roles or groups may what."""

    issuer: str
    client_id: str
    client_secret: Secret
    scope: str = "openid profile email"
    name_claim: str = "email"
    role_claim: str = "groups"
    readers: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()


class ConsoleSettings(Section):
    """The operators' console; off unless enabled."""

    enabled: bool = False
    url: str | None = None
    session_key: Secret | None = None
    session_hours: int = Field(default=10, ge=1, le=24 * 7)
    secure_cookies: bool = True
    readers: dict[str, Secret] = Field(default_factory=dict)
    operators: dict[str, Secret] = Field(default_factory=dict)
    openid: OpenIdSettings | None = None
    calendar_token: Secret | None = None

    @field_validator("calendar_token")
    @classmethod
    def not_guessed(cls, token: SecretStr | None) -> SecretStr | None:
        """Refuse a token that could be guessed: whoever knows it reads the calendar."""
        if token is not None and len(token.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(
                f"must be a random text of at least {SHORTEST_KEY} characters, such as `openssl rand -hex 32` prints"
            )
        return token

    @model_validator(mode="after")
    def usable(self) -> Self:
        """Refuse a console that nobody could use, or that anybody could."""
        if not self.enabled:
            return self
        if self.session_key is None or len(self.session_key.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(
                f"session_key must be a random text of at least {SHORTEST_KEY} characters, such as "
                "`openssl rand -hex 32` prints"
            )
        if not (self.readers or self.operators or self.openid):
            raise ValueError("nobody could sign in; make a token with `stagegate console-token`, or set openid")
        if both := sorted(set(self.readers) & set(self.operators)):
            raise ValueError(f"{', '.join(both)}: reader and operator at once; an operator may read too")
        if self.openid and not self.url:
            raise ValueError("openid needs url, the console's address as people's browsers know it")
        return self

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """Every secret of the console."""
        openid = self.openid.client_secret if self.openid else None
        held = [secret for secret in (self.session_key, self.calendar_token, openid) if secret]
        return (*held, *self.readers.values(), *self.operators.values())


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
        held += self.console.secrets
        return tuple(secret.get_secret_value() for secret in held)


class JustTheStore(BaseModel):
    """The settings read for the store alone."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    store: StoreSettings = StoreSettings()


Read = TypeVar("Read", bound=BaseModel)


def load_settings(path: Path | None, environment: MappingOf[str, str]) -> tuple[Settings, tuple[str, ...]]:
    """Read the settings; return them with warnings. Raises ConfigurationError that names each place and remedy."""
    tables = _read(path) if path is not None else {}
    warnings = tuple(_literal_secrets(tables, str(path)))
    return _validated(Settings, _overridden(tables, environment), path), warnings


def load_store(path: Path | None, environment: MappingOf[str, str]) -> StoreSettings:
    """Read where the store is, and nothing else: who mends the queue at night may lack the service's secrets.

    Raises ConfigurationError that names each place and remedy.
    """
    tables = _read(path) if path is not None else {}
    return _validated(JustTheStore, _overridden(tables, environment), path).store


def _validated(kind: type[Read], tables: dict[str, Any], path: Path | None) -> Read:
    try:
        return kind.model_validate(tables)
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
    held["console.session_key"] = [tables.get("console", {}).get("session_key")]
    held["console.openid.client_secret"] = [tables.get("console", {}).get("openid", {}).get("client_secret")]
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
