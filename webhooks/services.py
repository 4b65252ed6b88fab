"""What the Flask face is handed; `sync_service.bootstrap` fills it in, tests fill in their own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
class Services:
    """Everything that a request may touch.

    `projects` are the keys of the mapped projects; `own_accounts` gives the account ids (Data Center: names) that we
    write with, which are known only once Jira has been asked. `checks` decide readiness, and so hold only what the
    intake needs; `advisory_checks` (Jira) are shown and decide nothing, for the intake goes on without them.
    `redact` takes secrets out of a text: what `configure_logs` returned. `trusted_hosts` are the Host headers to
    answer to; empty: any.
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
