"""The session of the PyPI package `jira`, one for each thread, with its traps disarmed.

The package knows how to sign in. The rest of its session is worked around here and in `transport`, in one place
(read in jira 3.10.5, `resilientsession.py` and `client.py`):

* It repeats every verb, POST included, after a lost connection, so that an issue or a comment is made twice; it
  sleeps in the thread, at most 60 s where Jira asks for an hour; it fails on a `Retry-After` that is a date. Hence
  `max_retries=0`, and requests go out by `requests.Session.request`, past its own `request`.
* Its errors lose `errorMessages` or the names of fields, fail on `null`, and print headers and bodies.
  `answers` reads them.
* It waits for ever unless a time-out is given: one is, here and with each request.
* It asks for `serverInfo` when constructed, before there is anybody to tell of a failure: `get_server_info=False`.
  Its methods then take every site for a Data Center, and some return None with a line in the log. None is called.
* `create_issues` sends only `fields`, and keeps only half of the errors; `transition_issue` takes a name that is a
  number for an id and sends the id as a number; `search_issues` calls what Cloud has removed. `client` has its own.
* It is a `requests.Session`, which nobody promises to be safe for threads. So each thread has its own, and with it
  a pool that holds the one connection that a thread can use at a time.
"""

import threading
import weakref

import requests
from jira import JIRA

from sync_service.jira.site import JiraSite


class Sessions:
    """Signed-in sessions for one site: each thread gets its own, all are closed together."""

    def __init__(self, site: JiraSite, *, timeout: tuple[float, float]) -> None:
        self._site = site
        self._timeout = timeout
        self._local = threading.local()
        # Weak: the session of a thread that ended closes with it (`JIRA.__del__`), and must not pile up here.
        self._open: weakref.WeakSet[JIRA] = weakref.WeakSet()
        self._lock = threading.Lock()

    def mine(self) -> requests.Session:
        """Return this thread's session, signed in."""
        jira: JIRA | None = getattr(self._local, "jira", None)
        if jira is None or jira._session is None:  # closed by another thread
            jira = self._local.jira = self._sign_in()
            with self._lock:
                self._open.add(jira)
        return jira._session

    def close(self) -> None:
        """Close the connections of all threads; a later call opens anew."""
        with self._lock:
            for jira in list(self._open):
                jira.close()  # type: ignore[no-untyped-call]
            self._open.clear()

    def _sign_in(self) -> JIRA:
        site = self._site
        jira = JIRA(
            options={"server": site.base, "headers": {"User-Agent": "jira-stagegate"}},
            basic_auth=(site.email, site.token) if site.email else None,
            token_auth=None if site.email else site.token,
            get_server_info=False,
            max_retries=0,
            timeout=self._timeout,
            logging=False,
        )
        _settle_environment(jira._session, site.base)
        return jira


def _settle_environment(session: requests.Session, address: str) -> None:
    """Take proxies and certificates from the environment once, not at each request, where they cost as much as JSON.

    All requests go below one address, so what holds for it (`NO_PROXY`) holds for all. There is no netrc to be read,
    since the session is signed in.
    """
    found = session.merge_environment_settings(address, {}, None, None, None)
    session.proxies, session.verify, session.cert = dict(found["proxies"]), found["verify"], found["cert"]
    session.trust_env = False
