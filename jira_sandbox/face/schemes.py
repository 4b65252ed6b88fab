"""The schemes that clients look up before they make a project: one of each kind."""

from jira_sandbox.face.routing import Call, Routes
from jira_sandbox.show import Json

routes = Routes()


@routes.on("GET", "permissionscheme")
def get_permission_schemes(call: Call) -> Json:
    """Answer with the one permission scheme, which grants users everything but to administer."""
    shown: Json = {"id": 0, "self": call.view.link("permissionscheme/0"), "name": "Default Permission Scheme"}
    return {"permissionSchemes": [shown | {"description": "Users may do everything but administer."}]}


@routes.on("GET", "issuesecurityschemes")
def get_security_schemes(call: Call) -> Json:
    """Answer with the one security scheme, which hides nothing."""
    shown = {"self": call.view.link("issuesecurityschemes/10000"), "id": 10000, "name": "Default"}
    return {"issueSecuritySchemes": [shown | {"description": "Hides nothing."}]}


@routes.on("GET", "projectCategory")
def get_categories(_call: Call) -> list[Json]:
    """Answer that there are no project categories."""
    return []
