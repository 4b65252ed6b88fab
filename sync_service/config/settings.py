"""What can be set, and what no setting may be; config.example.toml shows every one."""

import os
import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Literal, Self, TypeGuard

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

FORGE_APP = re.compile(r"(?:ari:cloud:ecosystem::app/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(/[\w-]+)?")

SHORTEST_KEY = 32
"""Characters of the key that the console's sessions are signed with."""

HASH_PARTS = 3
"""A token's hash is its method, salt and digest, with $ between them."""


def _resolved(value: object) -> object:
    """Read what a reference names: `env:NAME` or `file:PATH`; anything else is the secret itself."""
    if not isinstance(value, str):
        return value
    kind, _, name = value.partition(":")
    if kind == "env":
        if not os.environ.get(name):
            raise ValueError(
                f"the environment variable {name} is not set; set it, or write 'file:PATH' of a secret's file"
            )
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
    connect_timeout: float = Field(default=5.0, gt=0, le=600)
    read_timeout: float = Field(default=30.0, gt=0, le=600)
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


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


class LifecycleSettings(Section):
    """Which mappings hold, and from when on."""

    mappings: tuple[str, ...] = Field(default=("paytronix",), min_length=1)
    enforce_since: datetime

    @field_validator("enforce_since", mode="before")
    @classmethod
    def aware(cls, value: object) -> object:
        """Take a day or a time without zone as UTC."""
        if isinstance(value, str):
            value = _moment(value)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime.combine(value, time(), UTC)
        raise ValueError("must be a day or a time, such as 2026-01-31 or 2026-01-31T08:00:00Z")


class WorkerSettings(Section):
    """How the work is done."""

    threads: int = Field(default=4, ge=1)
    lease_seconds: float = Field(default=120.0, ge=5, le=86_400)
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
        for name, held in (self.readers | self.operators).items():
            if held.get_secret_value().count("$") != HASH_PARTS - 1:
                raise ValueError(
                    f"{name}: not a hash, so nobody could sign in; `stagegate console-token {name}` prints a token for "
                    "them, and below it the line with the hash for the settings (in a shell, between single quotes)"
                )
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
        """Every secret value, for whoever must keep it out of an output; Jira Cloud's with its email, too."""
        hooks = self.webhooks
        held = [self.jira.token, *hooks.secrets, *hooks.bearer_tokens, *(pair.password for pair in hooks.basic)]
        held += self.console.secrets
        values = [secret.get_secret_value() for secret in held]
        if self.jira.email:
            values.append(f"{self.jira.email}:{values[0]}")
        return tuple(values)


class JustTheStore(BaseModel):
    """The settings read for the store alone."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    store: StoreSettings = StoreSettings()


def is_section(kind: object) -> TypeGuard[type[Section]]:
    """Tell a section of the settings from a single setting."""
    return isinstance(kind, type) and issubclass(kind, Section)
