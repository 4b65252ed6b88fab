"""The session resource that older clients ask first."""

from jira_sandbox.clock import stamp
from jira_sandbox.face.routing import Call, Routes
from jira_sandbox.show import Json

routes = Routes("/rest/auth/{version}/")


@routes.on("GET", "session")
def get_session(call: Call, version: str) -> Json:  # noqa: ARG001  "1" and "latest" are the same
    """Answer with who is signed in."""
    login = {"loginCount": 1, "previousLoginTime": stamp(call.site.clock.now(), call.site.time_zone)}
    name = call.user.email if call.site.cloud else call.user.name
    return {"self": f"{call.view.base}/rest/auth/1/session", "name": name, "loginInfo": login}


@routes.on("POST", "session")
def sign_in(call: Call, version: str) -> Json:  # noqa: ARG001
    """Answer as if a session had begun; the credentials of each request go on counting."""
    return {"session": {"name": "JSESSIONID", "value": "sandbox"}, "loginInfo": get_session(call, "1")["loginInfo"]}


@routes.on("DELETE", "session")
def sign_out(call: Call, version: str) -> None:
    """Answer as if the session had ended."""
