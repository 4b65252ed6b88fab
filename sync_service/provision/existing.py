"""Read what a site has of what a mapping needs; raises JiraError, and SiteMismatch where there is no project."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sync_service.jira.answers import Json, as_list, as_object
from sync_service.jira.client import Client
from sync_service.jira.directory import SiteMismatch
from sync_service.jira.errors import Forbidden, NotFound, Unauthorized
from sync_service.provision.desired import Desired
from sync_service.provision.shown import (
    is_a_projects,
    is_custom,
    mapped,
    types_of,
    webhook_of,
    workflow_of,
    workflow_scheme_of,
)
from sync_service.provision.site import (
    Context,
    Project,
    Scheme,
    Site,
    SiteDashboard,
    SiteField,
    SiteFilter,
    SiteGadget,
    SiteScreen,
    SiteWorkflow,
    followed,
)
from sync_service.provision.webhooks import webhook_address

Advance = Callable[[int], None]
USES = ("create", "edit", "view")


def read(client: Client, wanted: Desired, advance: Advance = lambda _count: None) -> Site:
    """Read the site as far as our permissions reach."""
    return Reader(client, wanted, advance).site()


class Reader:
    """Reads one project's site, once."""

    def __init__(self, client: Client, wanted: Desired, advance: Advance = lambda _count: None) -> None:
        self.client = client
        self.wanted = wanted
        self.advance = advance

    def site(self) -> Site:
        """Read everything."""
        client, key = self.client, self.wanted.project
        project = self._project()
        may = client.my_permissions(("ADMINISTER", "CREATE_SHARED_OBJECTS"), key)
        self.advance(1)
        info = client.server_info()
        version = tuple(int(number) for number in info.get("versionNumbers") or ())
        whole = client.is_cloud and may["ADMINISTER"] and not project.team_managed
        fields = self._fields(contexts=whole)
        self.advance(1)
        read: dict[str, Any] = {"filters": self._filters()}
        self.advance(1)
        if client.is_cloud:
            read |= {"dashboards": tuple(self._dashboards()), "gadget_uris": self._gadget_uris()}
        self.advance(1)
        if may["ADMINISTER"] and self.wanted.webhook:
            read |= self._webhooks(version)
        if whole:
            read |= self._configuration(project)
        return Site(
            is_cloud=client.is_cloud,
            version=version,
            project=project,
            administered=may["ADMINISTER"],
            may_share=may["CREATE_SHARED_OBJECTS"],
            fields=fields,
            **read,
        )

    def workflow_site(self) -> Site:
        """Read of the site what tells whether the Stage gate is where it belongs; for administrators, on Cloud."""
        project = self._project()
        read = self._workflows(project)
        read |= self._apps(project, read)
        return Site(is_cloud=True, version=(), project=project, administered=True, may_share=False, **read)

    def _project(self) -> Project:
        key = self.wanted.project
        try:
            found = self.client.project(key)
        except NotFound:
            what = "there is no such project that the account can see; create a company-managed one first"
            raise SiteMismatch(key, [what]) from None
        team_managed = found.get("simplified") is True or found.get("style") == "next-gen"
        jql = f"project = {found['id']}"
        has_issues = any(page.issues for page in self.client.search(jql, fields=["id"]))
        return Project(id=str(found["id"]), types=types_of(found), team_managed=team_managed, has_issues=has_issues)

    def _configuration(self, project: Project) -> dict[str, Any]:
        types = self._list("issuetype")
        statuses = [s for s in self._values("statuses/search") if not is_a_projects(s)]
        read: dict[str, Any] = {
            "types": {t["name"]: (str(t["id"]), bool(t["subtask"])) for t in types if not t.get("scope")},
            "statuses": {s["name"]: (str(s["id"]), str(s["statusCategory"])) for s in statuses},
            "resolutions": {r["name"]: str(r["id"]) for r in self.client.resolutions()},
        }
        self.advance(1)
        read |= self._type_schemes(project) | self._screens(project)
        self.advance(1)
        read |= self._workflows(project)
        read |= self._apps(project, read) if self.wanted.stage_gate else {}
        self.advance(1)
        return read

    # --- Fields

    def _fields(self, *, contexts: bool) -> dict[str, tuple[SiteField, ...]]:
        names = {field.name for field in self.wanted.fields}
        found: dict[str, tuple[SiteField, ...]] = {}
        for raw in self._known_fields(unused=contexts):
            if raw["name"] in names:
                found[raw["name"]] = (*found.get(raw["name"], ()), self._field(raw, contexts=contexts))
        return found

    def _known_fields(self, *, unused: bool) -> Iterator[Json]:
        """Yield the fields; `unused`: those on no screen as well, as ours are while they are being made; Cloud only.

        Where fields are not made by us, what counts is which ones the account sees in use.
        """
        for raw in self.client.fields():
            if not (unused and is_custom(raw)):
                yield raw
        if unused:
            yield from self._values("field/search", {"type": "custom"})

    def _field(self, raw: Json, *, contexts: bool) -> SiteField:
        schema = raw.get("schema") or {}
        kind = str(schema.get("type"))
        items = schema.get("items") if kind == "array" else None
        wanted = contexts and is_custom(raw)
        read = tuple(self._contexts(raw["id"], options="option" in (kind, items))) if wanted else ()
        return SiteField(id=raw["id"], schema=(kind, items), contexts=read)

    def _contexts(self, field_id: str, *, options: bool) -> Iterator[Context]:
        path = f"field/{field_id}/context"
        projects = list(self._values(f"{path}/projectmapping"))
        types = list(self._values(f"{path}/issuetypemapping"))
        for raw in self._values(path):
            number = str(raw["id"])
            held = self._values(f"{path}/{number}/option") if options else ()
            yield Context(
                id=number,
                projects=mapped(projects, number, "projectId"),
                types=mapped(types, number, "issueTypeId"),
                options={o["value"]: str(o["id"]) for o in held if not o.get("disabled") and not o.get("optionId")},
            )

    # --- Schemes, screens, workflows

    def _type_schemes(self, project: Project) -> dict[str, Any]:
        (used,) = self._values("issuetypescheme/project", {"projectId": project.id})
        raw = used["issueTypeScheme"]
        name = self.wanted.named("issue types")
        own = self._named("issuetypescheme", name)
        return {
            "type_scheme": self._type_scheme(raw),
            "own_type_scheme": self._type_scheme(own) if own else None,
        }

    def _type_scheme(self, raw: Json) -> Scheme:
        number = str(raw["id"])
        held = self._values("issuetypescheme/mapping", {"issueTypeSchemeId": number})
        given = {str(each["issueTypeId"]): "" for each in held}
        return Scheme(id=number, name=raw["name"], given=given, is_default=bool(raw.get("isDefault")))

    def _screens(self, project: Project) -> dict[str, Any]:
        (used,) = self._values("issuetypescreenscheme/project", {"projectId": project.id})
        scheme = self._type_screens(used["issueTypeScreenScheme"])
        own = self._named("issuetypescreenscheme", self.wanted.named("screens"))
        prefix = self.wanted.named("")
        ours = {raw["name"]: str(raw["id"]) for raw in self._values("screens", {"queryString": prefix})}
        schemes = list(self._values("screenscheme"))
        names = {screen.name for screen in self.wanted.screens.values()}
        return {
            "type_screens": scheme,
            "own_type_screens": self._type_screens(own) if own else None,
            "screens": {name: self._screen(number) for name, number in ours.items() if name in names},
            "screen_schemes": {raw["name"]: str(raw["id"]) for raw in schemes if raw["name"].startswith(prefix)},
            "used_screens": dict(self._used_screens(project, scheme, schemes)),
        }

    def _type_screens(self, raw: Json) -> Scheme:
        number = str(raw["id"])
        held = self._values("issuetypescreenscheme/mapping", {"issueTypeScreenSchemeId": number})
        return Scheme(
            id=number, name=raw["name"], given={str(m["issueTypeId"]): str(m["screenSchemeId"]) for m in held}
        )

    def _used_screens(
        self, project: Project, scheme: Scheme, schemes: list[Json]
    ) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
        screens = {str(raw["id"]): raw.get("screens") or {} for raw in schemes}
        read: dict[str, frozenset[str]] = {}
        for kind in (self.wanted.issue_type.name, self.wanted.step_type.name):
            if kind not in project.types:
                continue
            used = screens.get(scheme.given.get(project.types[kind]) or scheme.given.get("default", ""), {})
            for use in USES:
                number = str(used.get(use) or used.get("default"))
                if number not in read:
                    read[number] = self._screen(number).fields
                yield (kind, use), read[number]

    def _screen(self, number: str) -> SiteScreen:
        tabs = self._list(f"screens/{number}/tabs")
        fields = frozenset(
            str(field["id"]) for tab in tabs for field in self._list(f"screens/{number}/tabs/{tab['id']}/fields")
        )
        return SiteScreen(id=number, tab=str(tabs[0]["id"]) if tabs else "", fields=fields)

    def _workflows(self, project: Project) -> dict[str, Any]:
        scheme = self._scheme_of(project.id)
        own = self._named("workflowscheme", self.wanted.named("workflows"))
        of_types = (
            [scheme.given.get(number, scheme.given["default"]) for number in project.types.values()] if scheme else []
        )
        names = dict.fromkeys([*of_types, *(workflow.name for workflow in self.wanted.workflows)])
        found = {name: self._workflow(name) for name in names}
        return {
            "workflow_scheme": scheme,
            "own_workflow_scheme": workflow_scheme_of(own) if own else None,
            "workflows": {name: workflow for name, workflow in found.items() if workflow},
        }

    def _scheme_of(self, project_id: str) -> Scheme | None:
        used = self._object("workflowscheme/project", {"projectId": project_id})["values"]
        return workflow_scheme_of(used[0]["workflowScheme"]) if used else None

    def _apps(self, project: Project, read: dict[str, Any]) -> dict[str, Any]:
        """Read which rules of apps there are, and whom else one on our project's workflow would concern."""
        # Jira asks for an issue type; which rules of apps there are doesn't depend on it.
        params = {"projectId": project.id, "issueTypeId": next(iter(project.types.values()))}
        rules = self._object("workflows/capabilities", params).get("forgeRules") or ()
        follows = followed(read["workflow_scheme"], project.types, self.wanted.issue_type.name)
        there = read["workflows"].get(follows)
        elsewhere = frozenset(self._users(there) if there else ()) - {project.id}
        sharing = dict(self._sharing(elsewhere, follows))
        return {
            "forge_rules": tuple(rules),
            "used_elsewhere": elsewhere - set(sharing.values()),
            "sharing": frozenset(sharing),
        }

    def _users(self, workflow: SiteWorkflow) -> Iterator[str]:
        """Yield the ids of the projects that use a workflow."""
        params = {"maxResults": "200"}
        while True:
            page = self._object(f"workflow/{workflow.id}/projectUsages", params).get("projects") or {}
            yield from (str(each["id"]) for each in page.get("values") or ())
            if not page.get("nextPageToken"):
                return
            params |= {"nextPageToken": page["nextPageToken"]}

    def _sharing(self, projects: frozenset[str], workflow: str | None) -> Iterator[tuple[str, str]]:
        """Yield key and id of those of these projects whose project issues, by another mapping, follow a workflow."""
        gate = self.wanted.stage_gate
        for other in gate.others if gate and projects else ():
            try:
                found = self.client.project(other.jira.project)
            except NotFound:
                continue  # which is told where that mapping is looked at
            number, kind, types = str(found["id"]), other.jira.issue_type, types_of(found)
            if number in projects and kind in types and followed(self._scheme_of(number), types, kind) == workflow:
                yield other.jira.project, number

    def _workflow(self, name: str) -> SiteWorkflow | None:
        params = {"queryString": name, "expand": "values.transitions"}
        start = 0
        while True:
            page = self._object("workflows/search", params | {"startAt": str(start)})
            for raw in page["values"]:
                if raw["name"] == name and not is_a_projects(raw):
                    return workflow_of(raw, page.get("statuses") or ())
            start += len(page["values"])
            if page.get("isLast", True) or not page["values"]:
                return None

    # --- What is shared

    def _filters(self) -> dict[str, tuple[SiteFilter, ...]]:
        found: dict[str, tuple[SiteFilter, ...]] = {}
        for raw in self._known_filters():
            one = SiteFilter(id=str(raw["id"]), jql=raw.get("jql") or "", description=raw.get("description") or "")
            found[raw["name"]] = (*found.get(raw["name"], ()), one)
        return {each.name: found[each.name] for each in self.wanted.filters if each.name in found}

    def _known_filters(self) -> Iterator[Json]:
        if self.client.is_cloud:
            # Without `isSubstringMatch` it would be a search of the full text, with a syntax of its own.
            params = {"filterName": f"{self.wanted.project}: ", "isSubstringMatch": "true", "expand": "jql,description"}
            yield from self._values("filter/search", params)
        else:
            # Data Center lists a person's favourites only; so the filters are made favourites.
            yield from self._list("filter/favourite")

    def _gadget_uris(self) -> frozenset[str]:
        return frozenset(str(raw["uri"]) for raw in self._object("dashboard/gadgets")["gadgets"] if raw.get("uri"))

    def _dashboards(self) -> Iterator[SiteDashboard]:
        name = self.wanted.dashboard.name
        for raw in self._values("dashboard/search", {"dashboardName": name, "expand": "isWritable"}):
            if raw["name"] == name:
                path = f"dashboard/{raw['id']}"
                shown = self._object(f"{path}/gadget")["gadgets"]
                gadgets = {each["title"]: self._gadget(path, str(each["id"])) for each in shown}
                writable = raw.get("isWritable", True) is not False
                yield SiteDashboard(id=str(raw["id"]), writable=writable, gadgets=gadgets)

    def _gadget(self, dashboard: str, number: str) -> SiteGadget:
        path = f"{dashboard}/items/{number}/properties"
        keys = [str(each["key"]) for each in self._object(path)["keys"]]
        config = self._object(f"{path}/config")["value"] if "config" in keys else None
        return SiteGadget(id=number, config=config)

    def _webhooks(self, version: tuple[int, ...]) -> dict[str, Any]:
        """Read the webhooks; not all credentials that administer Jira reach them: those of the gateway may not."""
        try:
            found = self._list(webhook_address(is_cloud=self.client.is_cloud, version=version))
        except (Unauthorized, Forbidden, NotFound) as error:
            return {"webhooks_refused": str(error)}
        return {"webhooks": tuple(webhook_of(raw) for raw in found)}

    # --- Calls

    def _named(self, path: str, name: str) -> Json | None:
        params = {} if path == "workflowscheme" else {"queryString": name}
        return next((raw for raw in self._values(path, params) if raw.get("name") == name), None)

    def _object(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        return as_object(self.client.call(_operation(path), "GET", path, params=params), _operation(path))

    def _list(self, path: str) -> list[Json]:
        return as_list(self.client.call(_operation(path), "GET", path), _operation(path))

    def _values(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[Json]:
        start = 0
        while True:
            page = self._object(path, {**(params or {}), "startAt": str(start)})
            found = page.get("values") or []
            yield from found
            start += len(found)
            if page.get("isLast", True) or not found:
                return


def _operation(path: str) -> str:
    """Name a call for metrics and errors, without ids."""
    kept = ("id" if part.isdigit() or part.startswith("customfield_") else part for part in path.strip("/").split("/"))
    return f"GET {'/'.join(kept)}"
