"""Pages for people: dashboards, drawn with what their filters find."""

from jira_sandbox import drawing
from jira_sandbox.errors import JiraError
from jira_sandbox.face.routing import Call, Page, Routes

routes = Routes("/_sandbox/")


@routes.on("GET", "dashboards/{dashboardId}")
def draw_dashboard(call: Call, dashboard_id: str) -> Page:
    """Draw a dashboard as its owner sees it, as an HTML page."""
    with call.site.lock:
        found = call.site.dashboards.get(dashboard_id)
        if found is None:
            raise JiraError(404, f"The dashboard with id '{dashboard_id}' does not exist.")
        return Page(drawing.page(call.site, found))
