"""What Jira answered, or that it did not.

    JiraError                 every failure of a call; carries Jira's own messages, field names kept
    ├── Unreachable           no connection, or a reading that got no answer: nothing was changed
    ├── Unanswered            a write was sent and its answer was lost: look before repeating
    ├── ServerFault           5xx, 408, 425: Jira or a proxy before it is in trouble
    ├── RateLimited           429, or a pause that another worker was told to keep: `retry_after` says how long
    ├── Unauthorized          the credentials are wrong, expired, anonymous, denied, or lack a scope
    ├── Forbidden             403, and a 401 of a Data Center that let us in: the account may not do this
    ├── NotFound              404: missing, or not visible to the account (Jira does not tell which)
    ├── Conflict              409: somebody changed the same issue at the same moment
    ├── Invalid               400 and the other refusals: `fields` and `messages` say what Jira did not like
    ├── Incomplete            an issue came without a field that always comes: it could not be loaded now
    └── NotJira               the answer is not Jira's: a login page, a redirect, a proxy, a cut-off body

Two questions decide what a worker does next, and each error answers them:

* `repeatable`: may a new look succeed although nobody acts? Then try again later; otherwise somebody must act.
* `site_wide`: would every other issue meet the same failure? Then it must not count against this one.

The client itself repeats at once what has `resend`: the very request may be sent again with no harm.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import ClassVar

from sync_service.errors import StagegateError

NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class JiraError(StagegateError):
    """A call to Jira failed; the text says which call, what Jira said, and what to do."""

    reason: ClassVar[str] = "jira"
    repeatable: bool = False
    site_wide: bool = False
    resend: bool = False
    answer: object = None
    """Jira's error document as it came, where there was one."""

    def __init__(
        self,
        what: str,
        *,
        operation: str,
        status: int | None = None,
        messages: Sequence[str] = (),
        fields: Mapping[str, str] = NO_FIELDS,
        remedy: str = "",
        retry_after: timedelta | None = None,
        request_id: str | None = None,
    ) -> None:
        self.operation = operation
        self.status = status
        self.messages = tuple(messages)
        self.fields = MappingProxyType(dict(fields))
        self.remedy = remedy
        self.retry_after: timedelta | None = retry_after
        self.request_id = request_id
        super().__init__(" ".join(filter(None, (f"{operation}: {what}.", self._said(), remedy))))

    def _said(self) -> str:
        said = [*self.messages, *(f"{field}: {text}" for field, text in self.fields.items())]
        return f"Jira says: {'; '.join(said)}." if said else ""


class Unreachable(JiraError):
    """Jira could not be reached, or a reading got no answer; nothing was changed."""

    reason = "jira_unreachable"
    repeatable = True
    site_wide = True


class Unanswered(JiraError):
    """A write was sent and its answer was lost: it may have happened, so look at the issue before repeating it."""

    reason = "jira_unanswered"
    repeatable = True


class ServerFault(JiraError):
    """Jira, or a proxy before it, answered that it is in trouble (5xx, 408, 425).

    A plain 500 may be one issue's own (a broken workflow function, say) and has `site_wide` false.
    """

    reason = "jira_fault"
    repeatable = True
    site_wide = True


class RateLimited(JiraError):
    """Jira asks us to wait; `retry_after` says how long, and `issue` whether only for the writes of one issue."""

    reason = "jira_rate_limited"
    repeatable = True
    retry_after: timedelta

    def __init__(self, what: str, *, operation: str, retry_after: timedelta, issue: str | None = None) -> None:
        super().__init__(what, operation=operation, status=429, retry_after=retry_after)
        self.issue = issue
        self.site_wide = issue is None


class Unauthorized(JiraError):
    """Jira does not accept the credentials, or treats us as anonymous."""

    reason = "jira_unauthorized"
    site_wide = True


class Forbidden(JiraError):
    """The account may not do this."""

    reason = "jira_forbidden"


class NotFound(JiraError):
    """What was asked for is missing, or not visible to the account; Jira does not tell which."""

    reason = "jira_not_found"


class Conflict(JiraError):
    """Somebody changed the same issue at the same moment."""

    reason = "jira_conflict"
    repeatable = True


class Invalid(JiraError):
    """Jira refused the request: `fields` has its words by field, `messages` the others."""

    reason = "jira_invalid"


class Incomplete(JiraError):
    """An issue came without a field that always comes: Jira could not load it now; it need not be empty."""

    reason = "jira_incomplete"
    repeatable = True


class NotJira(JiraError):
    """The answer is not Jira's: a login page, a redirect, a proxy's page, or a body that was cut off.

    Repeatable, because what stands between us and Jira (a single sign-on, a maintenance page) comes and goes.
    """

    reason = "jira_not_jira"
    repeatable = True
    site_wide = True
