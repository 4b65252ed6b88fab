"""One request to Jira: sent with time-outs and within the limits, repeated where that is safe, judged."""

import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from traceback import walk_tb
from typing import Protocol

import requests
import urllib3.exceptions

from sync_service.jira.answers import Effect, Reply, read_reply, request_id
from sync_service.jira.errors import JiraError, RateLimited, ServerFault, Unanswered, Unreachable
from sync_service.jira.limits import (
    ASK_AGAIN,
    DEFAULT_WAIT,
    Pauses,
    Turns,
    WriteTimes,
    http_date,
    is_for_one_issue,
)
from sync_service.jira.limits import retry_after as read_retry_after
from sync_service.jira.sessions import Sessions
from sync_service.jira.site import JiraSite, plain_remedy
from sync_service.marks import SITE_PAUSE

ATTEMPTS = 3
BACK_OFF = 0.5
PATIENCE = 5.0
"""Seconds that a call waits by itself; what must wait longer is put off by the caller."""

NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
    ssl.SSLCertVerificationError,
)


class Observe(Protocol):
    """Told of every request, for metrics, logs and the ledger; never sees a secret or a body."""

    def __call__(
        self,
        *,
        operation: str,
        status: int | None,
        seconds: float,
        waited: float,
        waited_for_turn: float,
        request_id: str | None,
    ) -> None:
        """Take note: `status` is None where no answer came; `waited` is what limits and back-off cost before.

        `waited_for_turn` is what our own budget of requests cost besides.
        """


def unobserved(
    *,
    operation: str,
    status: int | None,
    seconds: float,
    waited: float,
    waited_for_turn: float,
    request_id: str | None,
) -> None:
    """Take no note."""


def _unasked() -> None:
    """Let every write go out."""


_ask_before_writing = ContextVar("ask_before_writing", default=_unasked)


@contextmanager
def asked_before_each_write(ask: Callable[[], None]) -> Iterator[None]:
    """Call `ask` before each request of this thread that may write, after all its waiting; what it raises ends it."""
    before = _ask_before_writing.set(ask)
    try:
        yield
    finally:
        _ask_before_writing.reset(before)


@dataclass(slots=True)
class Waited:
    """The seconds that a request waited before it was sent: for Jira's limits, and for a turn of our own budget."""

    limits: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: `path` is below the site's address, `issue` the one that it writes to."""

    operation: str
    method: str
    path: str
    effect: Effect
    params: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    issue: str | None = None


class Transport:
    """Sends requests to one site, from any number of threads."""

    def __init__(
        self,
        site: JiraSite,
        *,
        clock: Callable[[], datetime],
        wait: Callable[[float], None],
        pauses: Pauses,
        connect_timeout: float,
        read_timeout: float,
        turns: Turns | None = None,
        observe: Observe = unobserved,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.site = site
        self.now = clock
        self._wait = wait
        self._pauses = pauses
        self._turns = turns
        self._timeout = (connect_timeout, read_timeout)
        self._observe = observe
        self._chance = chance
        self._writes = WriteTimes()
        self._sessions = Sessions(site, timeout=self._timeout)

    @property
    def longest_call(self) -> timedelta:
        """Return how long one call may take at the most, its wait for a turn apart."""
        return timedelta(seconds=ATTEMPTS * (sum(self._timeout) + 4 * PATIENCE))

    def close(self) -> None:
        """Close the connections of all threads."""
        self._sessions.close()

    def send(self, request: Request) -> Reply:
        """Send the request and return Jira's reply; raises JiraError.

        Repeats at once only what is safe: any request that Jira did not take (429, no connection), and readings and
        idempotent writes after a lost answer, 502, 503 or 504; readings after a 500, too.
        """
        waited, attempt = Waited(), 1
        while True:
            self._await_turn(request, waited)
            if request.effect is not Effect.READS:
                _ask_before_writing.get()()
            try:
                return self._exchange(request, waited)
            except JiraError as error:
                again_in = self._again_in(error, attempt)
                if again_in is None:
                    raise
            self._wait(again_in)
            waited, attempt = Waited(limits=again_in), attempt + 1

    def _again_in(self, error: JiraError, attempt: int) -> float | None:
        if attempt == ATTEMPTS or not error.resend:
            return None
        if error.retry_after is None:
            return BACK_OFF * attempt * (0.5 + self._chance() / 2)
        asked = error.retry_after.total_seconds()
        return asked * (1 + self._chance() / 4) if asked <= PATIENCE else None

    def _await_turn(self, request: Request, waited: Waited) -> None:
        if request.issue is not None and request.effect is not Effect.READS:
            waited.limits += self._await_issue(request.operation, request.issue)
        while True:
            waited.limits += self._await_site(request.operation)
            turn = self._await_budget()
            waited.turn += turn
            if not turn or self._pauses.paused(SITE_PAUSE) is None:  # nothing began while we waited
                return

    def _await_budget(self) -> float:
        if self._turns is None:
            return 0.0
        waited = 0.0
        while (until := self._turns.take()) is None:
            self._wait(ASK_AGAIN)
            waited += ASK_AGAIN
        if until:
            self._wait(until)
        return waited + until

    def _await_site(self, operation: str) -> float:
        left = self._pauses.paused(SITE_PAUSE)
        if left is None:
            return 0.0
        if left.total_seconds() > PATIENCE:
            raise RateLimited("Jira asked all of us to pause", operation=operation, retry_after=left)
        seconds = left.total_seconds() + self._chance()  # so that not all workers start at the same moment
        self._wait(seconds)
        return seconds

    def _await_issue(self, operation: str, issue: str) -> float:
        seconds = self._writes.reserve(issue, self.now().timestamp(), PATIENCE)
        if seconds > PATIENCE:
            what = f"issue {issue} has been written to as often as Jira allows"
            raise RateLimited(what, operation=operation, retry_after=timedelta(seconds=seconds), issue=issue)
        if seconds > 0:
            self._wait(seconds)
        return seconds

    def _exchange(self, request: Request, waited: Waited) -> Reply:
        response: requests.Response | None = None
        started = time.perf_counter()
        try:
            response = self._request(request)
        except requests.RequestException as error:
            raise _lost(error, request, self.site) from error
        finally:
            self._observe(
                operation=request.operation,
                status=response.status_code if response is not None else None,
                seconds=time.perf_counter() - started,
                waited=waited.limits,
                waited_for_turn=waited.turn,
                request_id=request_id(response) if response is not None else None,
            )
        return self._judge(request, response)

    def _request(self, request: Request) -> requests.Response:
        # Prepared here, since the session's own way merges what is known of session and environment at each request.
        session, prepared = self._sessions.mine(), requests.PreparedRequest()
        prepared.prepare(
            method=request.method,
            url=f"{self.site.base}{request.path}",
            headers=session.headers,
            params=request.params,
            data=None if request.body is None else json.dumps(request.body, allow_nan=False),
            cookies=session.cookies,
            auth=session.auth,
        )
        return requests.Session.send(session, prepared, timeout=self._timeout, allow_redirects=False)

    def _judge(self, request: Request, response: requests.Response) -> Reply:
        now = self.now()
        if response.status_code == 429:
            raise self._limited(request, response, now)
        try:
            return read_reply(response, operation=request.operation, effect=request.effect, site=self.site, now=now)
        except ServerFault as fault:
            if fault.retry_after is not None:
                self._pauses.pause(SITE_PAUSE, fault.retry_after)
            raise

    def _limited(self, request: Request, response: requests.Response, now: datetime) -> RateLimited:
        headers = response.headers
        asked = read_retry_after(headers, http_date(headers.get("Date")) or now) or DEFAULT_WAIT
        one_issue = is_for_one_issue(headers)
        if not one_issue:
            self._pauses.pause(SITE_PAUSE, asked)
        why = headers.get("RateLimit-Reason", "no reason given")
        error = RateLimited(
            f"Jira asks us to wait {asked.total_seconds():.0f} s (429, {why})",
            operation=request.operation,
            retry_after=asked,
            issue=request.issue if one_issue else None,
        )
        error.site_wide = not one_issue
        error.resend = True
        return error


def _lost(error: requests.RequestException, request: Request, site: JiraSite) -> JiraError:
    causes = list(_causes(error))
    never_sent = any(isinstance(cause, NEVER_SENT) or _without_tls(cause) for cause in causes)
    why = type(causes[-1]).__name__
    lost: JiraError
    if never_sent:
        what, remedy = _no_connection(causes, site)
        lost = Unreachable(f"{what} ({why})", operation=request.operation, remedy=remedy)
    elif request.effect is Effect.READS:
        lost = Unreachable(f"no complete answer from {site.base} ({why})", operation=request.operation)
    else:
        what = f"the answer was lost ({why}); the write may have happened"
        lost = Unanswered(what, operation=request.operation)
    lost.resend = not isinstance(error, requests.Timeout) and (never_sent or request.effect is not Effect.ACTS)
    return lost


def _no_connection(causes: Sequence[BaseException], site: JiraSite) -> tuple[str, str]:
    """Say what kept us from sending anything, and what to do."""
    if not any(_without_tls(cause) for cause in causes):
        remedy = "Check jira.url, the name service, the proxy settings and the certificates of this machine."
        return f"no connection to {site.base}", remedy
    if any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in causes):
        remedy = (
            "The proxy's address (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) must begin with http://; leave Jira's as it is."
        )
        return f"no connection to {site.base}: the proxy answers without TLS", remedy
    return f"{site.base} answers without TLS", plain_remedy(site)


def _without_tls(cause: BaseException) -> bool:
    """Tell whether the other side speaks plain HTTP where we began TLS; OpenSSL has no other word for it than these.

    It has the same words for a connection that breaks later, when the request is sent already: only the frame tells.
    """
    if not isinstance(cause, ssl.SSLError) or cause.reason not in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        return False
    return any(frame.f_code.co_name == "do_handshake" for frame, _ in walk_tb(cause.__traceback__))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk from the error of requests down to the one of the socket; each layer hides the next in its own way."""
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        wrapped = [one for one in (getattr(inner, "reason", None), *inner.args) if isinstance(one, BaseException)]
        inner = wrapped[0] if wrapped else None
