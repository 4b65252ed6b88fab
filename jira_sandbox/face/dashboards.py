"""Dashboards with gadgets, on Cloud; Data Center only shows them."""

from dataclasses import replace
from typing import Any

from jira_sandbox.errors import JiraError, forbidden
from jira_sandbox.face import shares
from jira_sandbox.face.paging import page
from jira_sandbox.face.routing import CLOUD, Call, Reply, Routes
from jira_sandbox.model import Dashboard, Gadget
from jira_sandbox.show import Json

routes = Routes()
COLOURS = ("blue", "red", "yellow", "green", "cyan", "purple", "gray", "white")
PREFIX = "rest/gadgets/1.0/g/com.atlassian.jira.gadgets:"
GADGETS = {
    "Filter Results": "filter-results-gadget/gadgets/filter-results-gadget.xml",
    "Pie Chart": "pie-chart-gadget/gadgets/piechart-gadget.xml",
    "Two Dimensional Filter Statistics": "two-dimensional-stats-gadget/gadgets/two-dimensional-stats-gadget.xml",
    "Issue Statistics": "stats-gadget/gadgets/stats-gadget.xml",
    "Created vs. Resolved Chart": "created-vs-resolved-issues-chart-gadget/gadgets/createdvsresolved-gadget.xml",
    "Heat Map": "heat-map-gadget/gadgets/heatmap-gadget.xml",
    "Recently Created Chart": "recently-created-chart-gadget/gadgets/recently-created-gadget.xml",
    "Assigned to Me": "assigned-to-me-gadget/gadgets/assigned-to-me-gadget.xml",
}
EXPANSIONS = {
    "description": "description", "owner": "owner", "viewUrl": "view", "favourite": "isFavourite",
    "favouritedCount": "popularity", "sharePermissions": "sharePermissions", "editPermissions": "editPermissions",
    "isWritable": "isWritable",
}  # fmt: skip
"""What a search shows of a dashboard only when it is asked for, by the name that asks for it."""

URIS = {PREFIX + path: title for title, path in GADGETS.items()}


def _shown(call: Call, what: Dashboard) -> Json:
    view = call.view
    shown: Json = {
        "id": what.id,
        "name": what.name,
        "self": view.link(f"dashboard/{what.id}"),
        "view": f"{view.base}/secure/Dashboard.jspa?selectPageId={what.id}",
    }
    if not call.site.cloud:
        return shown
    return shown | {
        "description": what.description,
        "isFavourite": False,
        "owner": shares.owner(view, call.site.users.get(what.owner_id)),
        "popularity": 0,
        "sharePermissions": shares.shown(view, what.share_permissions),
        "editPermissions": shares.shown(view, what.edit_permissions),
        "isWritable": shares.editable(call, what),
        "systemDashboard": False,
    }


def _dashboard(call: Call, dashboard_id: str) -> Dashboard:
    found = call.site.dashboards.get(dashboard_id)
    if found is None or not shares.visible(call, found):
        raise JiraError(404, f"The dashboard with id '{dashboard_id}' does not exist.")
    return found


def _writable(call: Call, dashboard_id: str) -> Dashboard:
    found = _dashboard(call, dashboard_id)
    if not shares.editable(call, found):
        raise JiraError(404, "You do not have permission to edit this dashboard.")
    return found


def _read(call: Call, what: Dashboard) -> Dashboard:
    body = call.body()
    if missing := [name for name in ("name", "sharePermissions", "editPermissions") if name not in body]:
        raise JiraError(400, errors=dict.fromkeys(missing, "This is a required field."))
    if not str(body["name"]).strip():
        raise JiraError(400, errors={"name": "The dashboard must have a name."})
    what.name, what.description = str(body["name"]), str(body.get("description") or "")
    what.share_permissions = shares.read(call, body["sharePermissions"])
    what.edit_permissions = shares.read(call, body["editPermissions"])
    return what


@routes.on("GET", "dashboard")
def get_dashboards(call: Call) -> Json:
    """Answer with a page of the dashboards that the caller can see."""
    mine = call.args.get("filter") == "my"
    found = [
        d for d in call.site.dashboards.values() if shares.visible(call, d) and (not mine or d.owner_id == call.user.id)
    ]
    start, size = call.number("startAt", 0), call.number("maxResults", 20, 1000)
    shown = [_shown(call, each) for each in found[start : start + size]]
    return {"startAt": start, "maxResults": size, "total": len(found), "dashboards": shown}


@routes.on("GET", "dashboard/search", flavours=[CLOUD])
def search(call: Call) -> Json:
    """Answer with a page of dashboards by a part of the name; details only where `expand` asks for them."""
    part, site, wanted = call.args.get("dashboardName", "").lower(), call.site, call.words("expand")
    found = [d for d in site.dashboards.values() if part in d.name.lower() and shares.visible(call, d)]
    unasked = {shown for name, shown in EXPANSIONS.items() if name not in wanted}
    shown = [{name: v for name, v in _shown(call, each).items() if name not in unasked} for each in found]
    return page(call, "dashboard/search", shown)


@routes.on("POST", "dashboard", flavours=[CLOUD])
def create(call: Call) -> Json:
    """Make a dashboard."""
    made = _read(call, Dashboard(id="", name="", owner_id=call.user.id))
    made.id = str(call.site.next_id("dashboard"))
    call.site.dashboards[made.id] = made
    return _shown(call, made)


@routes.on("GET", "dashboard/gadgets", flavours=[CLOUD])
def get_available_gadgets(_call: Call) -> Json:
    """Answer with the gadgets that the site offers."""
    return {"gadgets": [{"title": title, "uri": uri} for uri, title in URIS.items()]}


@routes.on("GET", "dashboard/{id}")
def get(call: Call, id: str) -> Json:  # noqa: A002  the document's name
    """Answer with a dashboard."""
    return _shown(call, _dashboard(call, id))


@routes.on("PUT", "dashboard/{id}", flavours=[CLOUD])
def update(call: Call, id: str) -> Json:  # noqa: A002
    """Change a dashboard."""
    return _shown(call, _read(call, _writable(call, id)))


@routes.on("DELETE", "dashboard/{id}", flavours=[CLOUD])
def delete(call: Call, id: str) -> None:  # noqa: A002
    """Remove a dashboard."""
    del call.site.dashboards[_writable(call, id).id]


@routes.on("POST", "dashboard/{id}/copy", flavours=[CLOUD])
def copy(call: Call, id: str) -> Json:  # noqa: A002
    """Copy a dashboard with its gadgets."""
    source = _dashboard(call, id)
    gadgets = [replace(g, id=call.site.next_id("gadget"), properties=dict(g.properties)) for g in source.gadgets]
    made = _read(call, Dashboard(id="", name="", owner_id=call.user.id, gadgets=gadgets))
    made.id = str(call.site.next_id("dashboard"))
    call.site.dashboards[made.id] = made
    return _shown(call, made)


# gadgets


def _gadget_shown(gadget: Gadget) -> Json:
    shown: Json = {"id": gadget.id, "title": gadget.title, "color": gadget.color}
    shown["position"] = {"row": gadget.row, "column": gadget.column}
    return shown | ({"uri": gadget.uri} if gadget.uri else {"moduleKey": gadget.module_key})


def _gadget(dashboard: Dashboard, gadget_id: str) -> Gadget:
    found = next((g for g in dashboard.gadgets if str(g.id) == gadget_id), None)
    if found is None:
        raise JiraError(404, f"The dashboard item with id '{gadget_id}' does not exist.")
    return found


@routes.on("GET", "dashboard/{dashboardId}/gadget", flavours=[CLOUD])
def get_gadgets(call: Call, dashboard_id: str) -> Json:
    """Answer with a dashboard's gadgets."""
    return {"gadgets": [_gadget_shown(g) for g in _dashboard(call, dashboard_id).gadgets]}


@routes.on("POST", "dashboard/{dashboardId}/gadget", flavours=[CLOUD])
def add_gadget(call: Call, dashboard_id: str) -> Json:
    """Put a gadget on a dashboard, addressed by `uri` or by `moduleKey`."""
    dashboard, body = _writable(call, dashboard_id), call.body()
    uri, module = body.get("uri"), body.get("moduleKey")
    if bool(uri) == bool(module):
        raise JiraError(400, "Either the uri or the moduleKey must be given, and not both.")
    if not body.get("ignoreUriAndModuleKeyValidation") and uri not in URIS:
        raise JiraError(400, f"The gadget '{uri or module}' is not available on this site.")
    row, column = _position(body.get("position"), default=(len(dashboard.gadgets), 0))
    made = Gadget(
        id=call.site.next_id("gadget"),
        title=str(body.get("title") or URIS.get(uri or "", "Gadget")),
        color=_colour(body.get("color", "blue")),
        row=row,
        column=column,
        uri=uri,
        module_key=module,
    )
    dashboard.gadgets.append(made)
    return _gadget_shown(made)


def _colour(name: Any) -> str:
    if name not in COLOURS:
        raise JiraError(400, f"'{name}' is not a colour of gadgets: one of {', '.join(COLOURS)}.")
    return str(name)


def _position(raw: Any, default: tuple[int, int]) -> tuple[int, int]:
    if raw is None:
        return default
    if not isinstance(raw, dict) or not all(isinstance(raw.get(side), int) for side in ("row", "column")):
        raise JiraError(400, "The position needs a row and a column.")
    return raw["row"], raw["column"]


@routes.on("PUT", "dashboard/{dashboardId}/gadget/{gadgetId}", flavours=[CLOUD])
def update_gadget(call: Call, dashboard_id: str, gadget_id: str) -> None:
    """Change a gadget's title, colour or place."""
    gadget, body = _gadget(_writable(call, dashboard_id), gadget_id), call.body()
    gadget.color = _colour(body.get("color", gadget.color))
    gadget.row, gadget.column = _position(body.get("position"), default=(gadget.row, gadget.column))
    gadget.title = str(body.get("title", gadget.title))


@routes.on("DELETE", "dashboard/{dashboardId}/gadget/{gadgetId}", flavours=[CLOUD])
def remove_gadget(call: Call, dashboard_id: str, gadget_id: str) -> None:
    """Take a gadget off a dashboard."""
    dashboard = _writable(call, dashboard_id)
    dashboard.gadgets.remove(_gadget(dashboard, gadget_id))


# item properties, which configure gadgets


@routes.on("GET", "dashboard/{dashboardId}/items/{itemId}/properties")
def get_item_keys(call: Call, dashboard_id: str, item_id: str) -> Json:
    """Answer with the keys of a gadget's properties."""
    gadget = _gadget(_dashboard(call, dashboard_id), item_id)
    address = call.view.link(f"dashboard/{dashboard_id}/items/{item_id}/properties/")
    return {"keys": [{"self": address + key, "key": key} for key in gadget.properties]}


@routes.on("GET", "dashboard/{dashboardId}/items/{itemId}/properties/{propertyKey}")
def get_item_property(call: Call, dashboard_id: str, item_id: str, property_key: str) -> Json:
    """Answer with a gadget's property."""
    gadget = _gadget(_dashboard(call, dashboard_id), item_id)
    if property_key not in gadget.properties:
        raise JiraError(404, f"The property with key '{property_key}' does not exist.")
    return {"key": property_key, "value": gadget.properties[property_key]}


@routes.on("PUT", "dashboard/{dashboardId}/items/{itemId}/properties/{propertyKey}")
def set_item_property(call: Call, dashboard_id: str, item_id: str, property_key: str) -> Reply:
    """Set a gadget's property; only the dashboard's owner may, and `config` of a uri gadget holds strings only."""
    dashboard = _dashboard(call, dashboard_id)
    gadget, value = _gadget(dashboard, item_id), call.json()
    if dashboard.owner_id != call.user.id:
        raise forbidden("Only the owner of the dashboard may set the properties of its items.")
    texts = isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    if property_key == "config" and gadget.uri and not texts:
        raise JiraError(400, "The config of this gadget must be an object whose values are all strings.")
    new = property_key not in gadget.properties
    gadget.properties[property_key] = value
    return Reply({}, 201 if new else 200)


@routes.on("DELETE", "dashboard/{dashboardId}/items/{itemId}/properties/{propertyKey}")
def delete_item_property(call: Call, dashboard_id: str, item_id: str, property_key: str) -> None:
    """Remove a gadget's property."""
    gadget = _gadget(_writable(call, dashboard_id), item_id)
    if gadget.properties.pop(property_key, None) is None:
        raise JiraError(404, f"The property with key '{property_key}' does not exist.")
