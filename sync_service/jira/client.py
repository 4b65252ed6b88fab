"""Jira over HTTP: every call that Stagegate makes, the same for Cloud and Data Center.

REST version 2 throughout: it has one text format (wiki markup) on both, and in webhooks. Every call raises JiraError
(see `errors`); none translates Jira's JSON into our words, which `translate` does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sync_service.jira.answers import Effect, Json, Reply
from sync_service.jira.calls import segment
from sync_service.jira.creation import CreatedIssue, ElementError, NewIssue, Outcome
from sync_service.jira.errors import Unauthorized
from sync_service.jira.issue_reads import Batch, IssueReads
from sync_service.jira.issue_writes import IssueWrites
from sync_service.jira.limits import MemoryPauses, Pauses, Turns
from sync_service.jira.site import JiraSite, sign_in_remedy
from sync_service.jira.site_reads import SiteReads
from sync_service.jira.transport import Observe, Transport, unobserved

__all__ = [
    "Account",
    "Batch",
    "Client",
    "CreatedIssue",
    "Effect",
    "ElementError",
    "JiraSite",
    "Json",
    "MemoryPauses",
    "NewIssue",
    "Observe",
    "Outcome",
    "Pauses",
    "Reply",
    "Turns",
    "connect",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom Jira takes us for: `id` is the accountId on Cloud and the name on Data Center."""

    id: str
    name: str


def connect(
    site: JiraSite,
    *,
    clock: Callable[[], datetime],
    wait: Callable[[float], None],
    pauses: Pauses,
    turns: Turns | None = None,
    connect_timeout: float = 5.0,
    read_timeout: float = 30.0,
    observe: Observe = unobserved,
) -> "Client":
    """Return a client for the site, safe for any number of threads; sends nothing yet.

    Time-outs are in seconds; `wait` sleeps that many, and `pauses` is where all workers see that Jira asked for one.
    `turns` is the budget of requests; without it none is kept.
    """
    return Client(
        Transport(
            site,
            clock=clock,
            wait=wait,
            pauses=pauses,
            turns=turns,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            observe=observe,
        )
    )


class Client(IssueReads, IssueWrites, SiteReads):
    """Calls to one Jira site, from any number of threads. Use as a context manager, or close it."""

    def verify(self) -> Account:
        """Find out whom Jira takes us for; raises Unauthorized, with what to do, where that is nobody.

        To be called at start: with wrong credentials Jira may answer everything with 200 and empty lists.
        """
        me = self.myself()
        name = me.get("accountId") or me.get("name")
        if not name or me.get("active") is False:
            what = "the account is deactivated" if name else "Jira takes us for an anonymous visitor"
            raise Unauthorized(what, operation="GET myself", status=200, remedy=sign_in_remedy(self.site))
        return Account(id=name, name=me.get("displayName") or name)

    def myself(self) -> Json:
        """Return the account of our credentials, as Jira has it."""
        return self._object("GET myself", "myself")

    def browse_url(self, key: str) -> str:
        """Return the page of an issue for people; the `self` links of a gateway are not for them."""
        return f"{self.site.url}/browse/{segment(key)}"
