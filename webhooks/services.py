"""What the Flask face is handed; `sync_service.bootstrap` fills it in, tests fill in their own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from mappings import Mapping as LifecycleMapping
from sync_service.logs import Redact, redactor
from sync_service.metrics import Metrics
from sync_service.store import Store
from webhooks.credentials import Credentials

BODY_LIMIT = 25 * 1024 * 1024
"""Bytes. Jira does not send a larger body: it drops the event."""

NOTHING_KNOWN = redactor(())
"""Takes out only what looks like a credential."""

Check = Callable[[], None]
"""Answers for one dependency: raises, with a text for the operator, when it is not usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """An OpenID provider: where it is, who we are there, and which values of a claim make a reader or an operator."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = "openid profile email"
    name_claim: str = "email"
    role_claim: str = "groups"
    readers: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleServices:
    """What the console needs beside the store.

    `readers` and `operators` hold the hash of each one's token by name; `url` is the console's own address as browsers
    know it, needed for `openid` alone; `lifecycles` are the configured mappings by name.
    """

    jira_url: str
    lifecycles: Mapping[str, LifecycleMapping]
    session_key: str = field(repr=False)
    readers: Mapping[str, str] = field(default_factory=dict, repr=False)
    operators: Mapping[str, str] = field(default_factory=dict, repr=False)
    openid: OpenId | None = None
    url: str = ""
    session_life: timedelta = timedelta(hours=10)
    secure_cookies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarServices:
    """What the certification calendar needs: the token that opens it, and the configured mappings by name."""

    token: str = field(repr=False)
    jira_url: str
    lifecycles: Mapping[str, LifecycleMapping]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a request may touch.

    `projects` are the keys of the mapped projects; `own_accounts` gives the account ids (Data Center: names) that we
    write with, which are known only once Jira has been asked. `checks` decide readiness, and so hold only what the
    intake needs; `advisory_checks` (Jira) are shown and decide nothing, for the intake goes on without them.
    `redact` takes secrets out of a text: what `configure_logs` returned. `trusted_hosts` are the Host headers to
    answer to; empty: any. Without `console` there is none, and without `calendar` no calendar.
    """

    store: Store
    metrics: Metrics
    credentials: Credentials
    projects: frozenset[str]
    own_accounts: Callable[[], frozenset[str]]
    checks: Mapping[str, Check] = field(default_factory=dict)
    advisory_checks: Mapping[str, Check] = field(default_factory=dict)
    redact: Redact = NOTHING_KNOWN
    body_limit: int = BODY_LIMIT
    retry_after: int = 30
    trusted_hosts: Sequence[str] = ()
    console: ConsoleServices | None = None
    calendar: CalendarServices | None = None
