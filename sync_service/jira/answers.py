"""What an HTTP answer means: a body that is Jira's, or one of the errors. Pure."""

import html
import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

import requests

from sync_service.jira.errors import (
    Conflict,
    Forbidden,
    Invalid,
    JiraError,
    NotFound,
    NotJira,
    ServerFault,
    Unanswered,
    Unauthorized,
)
from sync_service.jira.limits import http_date, retry_after
from sync_service.jira.site import JiraSite, captcha_remedy, sign_in_remedy

Json: TypeAlias = dict[str, Any]

# Words of com.atlassian.seraph.auth.LoginReason, in the header X-Seraph-LoginReason.
NOT_SIGNED_IN = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "AUTHORISATION_FAILED")
REQUEST_IDS = ("Atl-Traceid", "Atl-Request-Id", "X-ARequestId")
LONGEST_MESSAGE = 500
MOST_MESSAGES = 20


class Effect(Enum):
    """What a request does, which decides whether it may be sent twice."""

    READS = "reads"
    SETS = "sets"
    """A write that, sent twice, leaves what it leaves once."""
    ACTS = "acts"
    """A write that must not be repeated blindly: a create, a transition, an edit that adds a comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Jira's answer, and the time on Jira's own clock when it was given."""

    body: Any
    at: datetime


def read_reply(response: requests.Response, *, operation: str, effect: Effect, site: JiraSite, now: datetime) -> Reply:
    """Return what Jira answered, or raise the JiraError that it amounts to (429 is not judged here).

    `now` stands in where the answer does not carry the time.
    """
    at = http_date(response.headers.get("Date")) or now
    _refuse_redirect(response, operation)
    _refuse_anonymous(response, operation, site)
    if response.status_code >= 400:
        raise _refusal(response, operation, effect, site, at)
    return Reply(body=_body(response, operation, effect), at=at)


def request_id(response: requests.Response) -> str | None:
    """Return the name under which Atlassian's support finds this request."""
    return next((response.headers[name] for name in REQUEST_IDS if name in response.headers), None)


def messages_of(body: object) -> tuple[tuple[str, ...], dict[str, str]]:
    """Read Jira's messages and its errors by field, out of every shape in which Jira and its gateway write them.

    The package `jira` keeps the texts of `errors` without the field names and then forgets `errorMessages`
    (`parse_errors`), and fails on `null`; hence this.
    """
    if not isinstance(body, dict):
        return (), {}
    said: list[object] = []
    for name in ("errorMessages", "errorMessage", "message", "error_description"):
        value = body.get(name)
        said += value if isinstance(value, list) else [value]
    errors = body.get("errors")
    fields = errors if isinstance(errors, dict) else {}
    said += errors if isinstance(errors, list) else []
    messages = dict.fromkeys(_text(one) for one in said if one)
    return tuple(messages)[:MOST_MESSAGES], {str(name): _text(text) for name, text in fields.items()}


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text.strip().rstrip(".")[:LONGEST_MESSAGE]


def _refuse_redirect(response: requests.Response, operation: str) -> None:
    # Never followed: a POST would turn into a GET, the credentials could travel on to another host, and the one
    # useful redirect (http to https) has by then shown them on the wire.
    if not 300 <= response.status_code < 400:
        return
    target = urlsplit(urljoin(response.url, response.headers.get("Location", "")))
    address = f"{target.scheme}://{target.netloc}{target.path}"
    login = any(word in address.lower() for word in ("login", "signin", "sso", "auth", "saml"))
    remedy = (
        "Let the REST paths (/rest/) pass the single sign-on in front of Jira, and check jira.token."
        if login
        else "Set jira.url to the address at which Jira itself answers."
    )
    what = f"the answer is a redirect to {'a login page, ' if login else ''}{address}, which is not followed"
    raise NotJira(what, operation=operation, status=response.status_code, remedy=remedy)


def _refuse_anonymous(response: requests.Response, operation: str, site: JiraSite) -> None:
    """Stop at an answer that was given to nobody in particular.

    With credentials that it does not accept Jira may go on anonymously, with 200 and empty lists, or with 404 for
    every issue, which would read as "deleted".
    """
    headers = response.headers
    why = headers.get("X-Seraph-LoginReason", "").upper()
    denied = headers.get("X-Authentication-Denied-Reason", "")
    failed = any(word in why for word in NOT_SIGNED_IN)
    if not (denied or failed or headers.get("X-AUSERNAME", "").lower() == "anonymous"):
        return
    captcha = "CAPTCHA" in denied.upper() or "AUTHENTICATION_DENIED" in why
    raise Unauthorized(
        f"Jira did not accept the credentials ({denied.split(';')[0] or why or 'answered an anonymous visitor'})",
        operation=operation,
        status=response.status_code,
        messages=messages_of(_json(response))[0],
        remedy=captcha_remedy(site) if captcha else sign_in_remedy(site),
        request_id=request_id(response),
    )


def _refusal(response: requests.Response, operation: str, effect: Effect, site: JiraSite, at: datetime) -> JiraError:
    status, body = response.status_code, _json(response)
    messages, fields = messages_of(body)
    kind = Forbidden if _is_known(response) else _kind(status, body, effect)
    error = kind(
        _headline(response, kind),
        operation=operation,
        status=status,
        messages=messages,
        fields=fields,
        remedy=sign_in_remedy(site, messages) if kind is Unauthorized else _remedy(response, kind),
        retry_after=retry_after(response.headers, at) if status == 503 else None,
        request_id=request_id(response),
    )
    error.answer = body
    error.site_wide = kind.site_wide and status != 500
    error.resend = (status in (502, 503, 504) and effect is not Effect.ACTS) or (
        status == 500 and effect is Effect.READS
    )
    return error


def _is_known(response: requests.Response) -> bool:
    """Tell whether a 401 is given to somebody whom Jira let in: so Data Center tells of a missing permission."""
    reasons = response.headers.get("X-Seraph-LoginReason", "").upper().split(",")
    return response.status_code == 401 and {reason.strip() for reason in reasons} == {"OK"}


def _kind(status: int, body: object, effect: Effect) -> type[JiraError]:
    if status in (502, 504) and effect is Effect.ACTS:
        return Unanswered  # the proxy lost Jira's answer; Jira may have done it
    if status >= 500 or status in (408, 425):
        return ServerFault
    if status == 404:
        # Jira's own 404 has the shape of its errors. Anything else comes from a proxy, a closed site, a wrong cloud
        # id or a path that this Jira does not have, and must not be read as "the issue is gone".
        return NotFound if isinstance(body, dict) and body.keys() & {"errorMessages", "errors"} else NotJira
    return {401: Unauthorized, 403: Forbidden, 409: Conflict}.get(status, Invalid)


def _headline(response: requests.Response, kind: type[JiraError]) -> str:
    answered = f"Jira answered {response.status_code}"
    page = _page_title(response)
    return {
        Unauthorized: f"Jira did not accept the credentials ({response.status_code})",
        Forbidden: f"the account may not do this ({response.status_code})",
        NotFound: "missing, or not visible to the account (404)",
        Conflict: "somebody changed the same issue at the same moment (409)",
        NotJira: f"not Jira's own answer ({response.status_code}{page})",
        Unanswered: f"a gateway lost Jira's answer ({response.status_code}); the write may have happened",
    }.get(kind, f"{answered}{page}")


def _remedy(response: requests.Response, kind: type[JiraError]) -> str:
    if kind is NotJira:
        return "Check jira.url (with its context path, if Jira has one) and jira.cloud_id, and that the site is open."
    if kind is Forbidden and _json(response) is None:
        return "The answer is not Jira's own: look for an IP allowlist or a firewall between us and Jira."
    return ""


def _body(response: requests.Response, operation: str, effect: Effect) -> Any:
    if not response.content and effect is not Effect.READS:
        return None
    body = _json(response)
    if body is not None or response.content.strip() == b"null":
        return body
    raise _unreadable(response, operation, effect)


def _unreadable(response: requests.Response, operation: str, effect: Effect) -> JiraError:
    status, page = response.status_code, _page_title(response)
    error: JiraError
    if effect is Effect.READS:
        remedy = "Check jira.url, and let the REST paths (/rest/) pass the single sign-on in front of Jira."
        what = f"the answer is not JSON ({status}{page or ', empty or cut off'})"
        error = NotJira(what, operation=operation, status=status, remedy=remedy if page else "")
    else:
        what = f"the answer cannot be read ({status}{page}); the write may have happened"
        error = Unanswered(what, operation=operation, status=status)
    error.resend = not page and effect is not Effect.ACTS
    return error


def _json(response: requests.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def _page_title(response: requests.Response) -> str:
    text = response.content[:20_000].decode("utf-8", "replace")
    if "<html" not in text.lower() and "text/html" not in response.headers.get("Content-Type", ""):
        return ""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    words = " ".join(html.unescape(title[1]).split())[:100] if title else ""
    return f', a web page called "{words}"' if words else ", a web page"


def as_object(reply: Reply, operation: str) -> Json:
    """Return the body where it is a JSON object; raise NotJira where it is something else."""
    if not isinstance(reply.body, dict):
        raise NotJira("the answer is JSON, but not the object that Jira gives", operation=operation)
    return reply.body


def as_list(reply: Reply, operation: str) -> list[Json]:
    """Return the body where it is a JSON list; raise NotJira where it is something else."""
    if not isinstance(reply.body, list):
        raise NotJira("the answer is JSON, but not the list that Jira gives", operation=operation)
    return reply.body
