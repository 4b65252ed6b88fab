"""Reading what a site has: fields, statuses, projects, roles, screens, permissions."""

from collections.abc import Sequence

from sync_service.jira.answers import Json, as_list
from sync_service.jira.calls import Calls, segment


class SiteReads(Calls):
    """The calls that read a site's configuration."""

    def fields(self) -> list[Json]:
        """Return the fields that projects share; two may have one name.

        A field with a scope belongs to one team-managed project, where any of its members can make one of any name.
        """
        return [field for field in self._list("GET field", "field") if not field.get("scope")]

    def statuses(self) -> list[Json]:
        """Return all statuses that the account can see."""
        return self._list("GET status", "status")

    def resolutions(self) -> list[Json]:
        """Return all resolutions."""
        return self._list("GET resolution", "resolution")

    def project(self, key: str) -> Json:
        """Return a project with its issue types."""
        return self._object("GET project", f"project/{segment(key)}")

    def project_statuses(self, key: str) -> list[Json]:
        """Return the project's issue types, each with its statuses."""
        return self._list("GET project/statuses", f"project/{segment(key)}/statuses")

    def project_roles(self, key: str) -> dict[str, str]:
        """Return the ids of the project's roles by name; needs to administer the project."""
        body = self._object("GET project/role", f"project/{segment(key)}/role")
        return {name: str(link).rstrip("/").rsplit("/", 1)[-1] for name, link in body.items()}

    def role(self, project: str, role_id: str) -> Json:
        """Return a role in a project with its `actors`."""
        return self._object("GET project/role/id", f"project/{segment(project)}/role/{segment(role_id)}")

    def user_groups(self, account: str) -> list[str]:
        """Return the names of the groups that a user is in; `account` is the accountId, on Data Center the name."""
        if self.is_cloud:
            params = {"accountId": account}
            groups = as_list(self.call("GET user/groups", "GET", "user/groups", params=params), "GET user/groups")
        else:
            user = self._object("GET user", "user", {"username": account, "expand": "groups"})
            groups = (user.get("groups") or {}).get("items") or []
        return [group["name"] for group in groups]

    def my_permissions(self, names: Sequence[str], project: str) -> dict[str, bool]:
        """Tell which of the permissions we have in a project; Cloud refuses a name that it does not know (Invalid)."""
        params = {"permissions": ",".join(names), "projectKey": project}
        had = self._object("GET mypermissions", "mypermissions", params).get("permissions") or {}
        return {name: had.get(name, {}).get("havePermission") is True for name in names}

    def edit_meta(self, id_or_key: str) -> Json:
        """Return by id the fields that we can edit on an issue."""
        body = self._object("GET issue/editmeta", f"issue/{segment(id_or_key)}/editmeta")
        return dict(body.get("fields") or {})

    def create_meta(self, project: str, issue_type_id: str) -> dict[str, Json]:
        """Return by id the fields on the create screen of an issue type."""
        path = f"issue/createmeta/{segment(project)}/issuetypes/{segment(issue_type_id)}"
        return {field["fieldId"]: field for field in self._pages("GET createmeta/fields", path, "fields")}
