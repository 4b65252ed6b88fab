"""The Flask application: signs callers in, lets faults strike, logs, and writes what the handlers answer."""

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask, Response, g, request

from jira_sandbox.clock import http_date
from jira_sandbox.errors import JiraError, unauthenticated
from jira_sandbox.face import (
    admin_webhooks,
    comments,
    control,
    control_site,
    dashboards,
    fields,
    filters,
    issues,
    links,
    meta,
    pages,
    people,
    projects,
    schemes,
    screens,
    search,
    search_datacenter,
    session,
    transitions,
    types,
    workflow_schemes,
    workflow_updates,
    workflows,
)
from jira_sandbox.face.auth import authenticate
from jira_sandbox.face.routing import Call, Endpoint, Page, Reply, flask_rule
from jira_sandbox.faults import Fault
from jira_sandbox.requests_log import Entry
from jira_sandbox.sandbox import Sandbox
from jira_sandbox.show import View

RESOURCES = (
    issues,
    transitions,
    comments,
    links,
    search,
    search_datacenter,
    people,
    projects,
    meta,
    schemes,
    filters,
    dashboards,
    fields,
    screens,
    types,
    workflows,
    workflow_updates,
    workflow_schemes,
    admin_webhooks,
    session,
)
CONTROL = "/_sandbox/"
CUT = "jira_sandbox.cut"
GATEWAY = "jira_sandbox.gateway"
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Log in with Atlassian account</title></head><body></body></html>"


def create_app(sandbox: Sandbox) -> Flask:
    """Return the WSGI application of a sandbox."""
    app = Flask("jira_sandbox", static_folder=None)
    app.url_map.strict_slashes = False
    for endpoints in _by_path(e for module in RESOURCES for e in module.routes.endpoints):
        _register(app, endpoints[0], partial(_answer, sandbox, endpoints))
    for endpoint in (*control.routes.endpoints, *control_site.routes.endpoints, *pages.routes.endpoints):
        _register(app, endpoint, partial(_answer_control, sandbox, endpoint))
    app.before_request(partial(_begin, sandbox))
    app.after_request(partial(_finish, sandbox))
    app.register_error_handler(404, partial(_unknown, 404))
    app.register_error_handler(405, partial(_unknown, 405))
    app.wsgi_app = _behind_gateway(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _by_path(endpoints: Iterable[Endpoint]) -> list[list[Endpoint]]:
    """Group what shares method and path: the two flavours may answer it differently."""
    groups: dict[tuple[str, str], list[Endpoint]] = {}
    for endpoint in endpoints:
        groups.setdefault((endpoint.method, endpoint.path), []).append(endpoint)
    return list(groups.values())


def _register(app: Flask, endpoint: Endpoint, answer: Callable[..., Response]) -> None:
    name = f"{endpoint.method} {endpoint.path}".replace(".", "-")
    app.add_url_rule(flask_rule(endpoint.path), name, answer, methods=[endpoint.method])


def _behind_gateway(inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Serve the same below `/ex/jira/{cloudId}`, the path of Atlassian's API gateway."""

    def serve(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith("/ex/jira/"):
            cloud_id, _, rest = path.removeprefix("/ex/jira/").partition("/")
            environ["PATH_INFO"], environ[GATEWAY] = f"/{rest}", f"/ex/jira/{cloud_id}"
        return inner(environ, start)

    return serve


# around every request


def _begin(sandbox: Sandbox) -> Response | None:
    g.caller, g.user, g.refused, g.fault = "anonymous", None, None, None
    if request.path.startswith(CONTROL):
        return None
    try:
        g.user = authenticate(sandbox.site, request.headers.get("Authorization"), gateway=GATEWAY in request.environ)
    except JiraError as error:
        g.refused, g.caller = error, "unauthenticated"
    if g.user is not None:
        g.caller = g.user.name
    g.fault = sandbox.faults.strike(request.method, request.full_path.rstrip("?"), g.caller)
    return _strike_before(sandbox, g.fault) if g.fault else None


def _strike_before(sandbox: Sandbox, fault: Fault) -> Response | None:
    match fault.action:
        case "slow":
            sandbox.stopping.wait(fault.ms / 1000)
            return None
        case "hang":
            sandbox.stopping.wait()
            return _cut("reset")
        case "reset_before":
            return _cut("reset")
        case "status":
            return _failure(sandbox, fault)
        case "html":
            return Response(LOGIN_PAGE, 200, content_type="text/html;charset=UTF-8")
        case "redirect":
            return Response(LOGIN_PAGE, 302, {"Location": "/login.jsp"}, content_type="text/html;charset=UTF-8")
        case _:
            return None  # reset_after and truncate strike once the work is done


def _cut(how: str) -> Response:
    request.environ[CUT] = how
    return Response(status=500)


def _failure(sandbox: Sandbox, fault: Fault) -> Response:
    message = fault.message or {429: "Rate limit exceeded."}.get(fault.status, "The service is unavailable.")
    reply = _json({"errorMessages": [message], "errors": {}}, fault.status)
    if fault.retry_after is not None:
        at = sandbox.site.clock.now() + timedelta(seconds=fault.retry_after)
        reply.headers["Retry-After"] = http_date(at) if fault.retry_after_date else str(fault.retry_after)
    if fault.reason:
        reply.headers["RateLimit-Reason"] = fault.reason
    return reply


def _finish(sandbox: Sandbox, reply: Response) -> Response:
    reply.headers["Date"] = http_date(sandbox.site.clock.now())
    if request.path.startswith(CONTROL):
        return reply
    if g.user is not None:
        name, value = ("X-AAccountId", g.user.id) if sandbox.site.cloud else ("X-AUSERNAME", g.user.name)
        reply.headers[name] = value
    if g.fault and g.fault.action in ("reset_after", "truncate"):
        request.environ[CUT] = "reset" if g.fault.action == "reset_after" else "truncate"
    fault = g.fault.action if g.fault else None
    sandbox.requests.add(
        Entry(
            operation=_operation(),
            path=request.full_path.rstrip("?"),
            caller=g.caller,
            status=reply.status_code,
            fault=fault,
        )
    )
    return reply


def _operation() -> str:
    if request.endpoint is None:
        return f"{request.method} {request.path}"
    api = (request.view_args or {}).get("api", "2")
    return request.endpoint.replace("{api}", "2" if api == "latest" else api)


# answering


def _answer(sandbox: Sandbox, endpoints: list[Endpoint], **path: str) -> Response:
    site, api = sandbox.site, path.pop("api", "2")
    api = "2" if api == "latest" else api
    try:
        endpoint = _admit(site.flavour, endpoints, api)
        base = request.host_url.rstrip("/") + request.environ.get(GATEWAY, "")
        view = View(site=site, base=base, api=api, viewer=g.user)
        call = Call(sandbox=sandbox, view=view, args=request.args, content=request.get_data(), actor=g.user)
        with site.lock:
            return _write(endpoint.handler(call, **path))
    except JiraError as error:
        return _refusal(error)


def _admit(flavour: str, endpoints: list[Endpoint], api: str) -> Endpoint:
    endpoint = next((e for e in endpoints if flavour in e.flavours), None)
    if endpoint is None or (api == "3" and flavour == "datacenter"):
        raise _NoSuchResource
    if g.refused is not None:
        raise g.refused
    if g.user is None and not endpoint.anonymous:
        raise unauthenticated()
    if request.content_length and "json" not in (request.content_type or ""):
        raise JiraError(415, f"Unsupported Media Type: {request.content_type}")
    return endpoint


_NoSuchResource = JiraError(404, "null for uri")


def _answer_control(sandbox: Sandbox, endpoint: Endpoint, **path: str) -> Response:
    view = View(site=sandbox.site, base=request.host_url.rstrip("/"))
    call = Call(sandbox=sandbox, view=view, args=request.args, content=request.get_data(), actor=None)
    try:
        return _write(endpoint.handler(call, **path))
    except JiraError as error:
        return _refusal(error)


def _refusal(error: JiraError) -> Response:
    if error is _NoSuchResource:
        return _unknown(404, error)
    reply = _json(error.body(), error.status)
    reply.headers.update(error.headers)
    return reply


def _unknown(status: int, _error: Exception) -> Response:
    return _json({"message": f"null for uri: {request.url}", "status-code": status}, status)


def _write(outcome: Any) -> Response:
    if isinstance(outcome, Page):
        return Response(outcome.html, 200, content_type="text/html;charset=UTF-8")
    reply = outcome if isinstance(outcome, Reply) else Reply(outcome, 204 if outcome is None else 200)
    if reply.body is None:
        return Response(status=reply.status, headers=reply.headers)
    written = _json(reply.body, reply.status)
    written.headers.update(reply.headers)
    return written


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json;charset=UTF-8")
