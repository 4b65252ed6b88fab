"""Who may come in, who is who, what the site knows, and projects."""

from dataclasses import replace

import pytest
import requests


def _get(world, path, **more):
    return requests.get(f"{world.jira.url}/rest/api/2/{path}", timeout=60, **more)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Digest x"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic dGNAc2FuZGJveC5leGFtcGxlOndyb25n"},
    ],
)
def test_nobody_gets_in_without_sound_credentials(world, headers):
    reply = _get(world, "myself", headers=headers)
    assert reply.status_code == 401
    assert reply.json()["errorMessages"] == ["Client must be authenticated to access this resource."]
    assert "X-AAccountId" not in reply.headers


def test_basic_and_bearer_credentials_tell_who_one_is(world):
    credential = world.jira.credentials["tc"]
    bearer = _get(world, "myself", headers={"Authorization": f"Bearer {credential.token}"})
    basic = _get(world, "myself", auth=credential.basic)
    assert basic.json() == bearer.json()
    assert basic.json()["displayName"] == "Tess Consultant"
    name = "X-AAccountId" if world.jira.site.cloud else "X-AUSERNAME"
    assert basic.headers[name] == credential.account


def test_anothers_token_does_not_fit(world):
    pair = (world.jira.credentials["tc"].email, world.jira.credentials["client"].token)
    assert _get(world, "myself", auth=pair).status_code == 401


def test_data_center_takes_the_user_name_for_the_address(datacenter):
    assert _get(datacenter, "myself", auth=("tc", datacenter.jira.credentials["tc"].token)).json()["name"] == "tc"


def test_an_inactive_user_is_kept_out(world):
    world.jira.site.user_by_login("tc").active = False
    assert _get(world, "myself", auth=world.jira.credentials["tc"].basic).status_code == 401


def test_a_scoped_token_works_through_the_gateway_only(cloud):
    user = cloud.jira.site.user_by_login("service")
    user.scoped_tokens.add("scoped")
    pair, gateway = (user.email, "scoped"), f"{cloud.jira.url}/ex/jira/{cloud.jira.site.cloud_id}"
    assert _get(cloud, "myself", auth=pair).status_code == 401
    reply = requests.get(f"{gateway}/rest/api/2/myself", auth=pair, timeout=60)
    assert reply.json()["self"].startswith(f"{gateway}/rest/api/2/user?")


def test_anybody_may_ask_for_the_server(world):
    told = _get(world, "serverInfo").json()
    expected = ("Cloud", 1001) if world.jira.site.cloud else ("Server", 10)
    assert (told["deploymentType"], told["versionNumbers"][0]) == expected
    assert told["baseUrl"] == world.jira.url
    world.tc.get("serverInfo")


def test_users_are_found_by_reference_and_by_search(world):
    account = world.jira.credentials["client"].account
    name = "accountId" if world.jira.site.cloud else "username"
    assert world.tc.get("user", **{name: account}, expand="groups")["groups"]["items"][0]["name"] == "jira-users"
    assert world.tc.ask("GET", "user", **{name: "nobody"}).status_code == 404
    found = world.tc.get("user/search", **{"query" if world.jira.site.cloud else "username": "clea"})
    assert [u["displayName"] for u in found] == ["Clea Client"]
    assert len(world.tc.get("user/search", query="", maxResults=3)) == 3
    assert world.tc.ask("GET", "user/search").status_code == 400


def test_assignable_users_are_those_of_the_project(world):
    key = world.tc.create()
    world.control("POST", "permissions/revoke", {"permission": "ASSIGNABLE_USER", "user": "client", "project": "INT"})
    for place in ({"project": "INT"}, {"issueKey": key}):
        names = {u["displayName"] for u in world.tc.get("user/assignable/search", **place)}
        assert "Clea Client" not in names
        assert "Tess Consultant" in names
    assert world.tc.ask("GET", "user/assignable/search").status_code == 400


def test_groups_are_listed_from_both_ends(cloud):
    account = cloud.jira.credentials["admin"].account
    names = {g["name"] for g in cloud.tc.get("user/groups", accountId=account)}
    assert names == {"jira-users", "jira-administrators"}
    members = cloud.tc.get("group/member", groupname="jira-users", maxResults=2)
    assert (members["total"], len(members["values"]), members["isLast"]) == (7, 2, False)
    assert cloud.tc.ask("GET", "group/member", groupname="none").status_code == 404
    cloud.control("POST", "permissions/revoke", {"permission": "USER_PICKER"})
    assert cloud.tc.ask("GET", "group/member", groupname="jira-users").status_code == 403


def test_groups_can_be_picked_and_on_data_center_opened(datacenter):
    assert datacenter.tc.get("groups/picker", query="admin")["total"] == 1
    assert datacenter.tc.get("group", groupname="service-accounts")["users"]["size"] == 1
    assert datacenter.tc.ask("GET", "group", groupname="none").status_code == 404


def test_of_many_groups_twenty_are_picked(world):
    world.jira.site.user_by_login("tc").groups |= {"qa", *(f"{number}-qa" for number in range(100, 122))}
    picked = world.tc.get("groups/picker", query="qa", maxResults=50)
    assert (picked["header"], picked["total"]) == ("Showing 20 of 23 matching groups", 23)
    assert [g["name"] for g in picked["groups"]] == [f"{number}-qa" for number in range(100, 120)]


def test_groups_are_listed_by_their_whole_names(cloud):
    groups = {g["name"]: g["groupId"] for g in cloud.tc.get("group/bulk")["values"]}
    assert {"jira-users", "jira-administrators", "service-accounts"} == set(groups)
    found = cloud.tc.get("group/bulk", groupName=["jira-users", "users"], groupId=groups["service-accounts"])
    assert [g["name"] for g in found["values"]] == ["jira-users", "service-accounts"]
    cloud.control("POST", "permissions/revoke", {"permission": "USER_PICKER"})
    assert cloud.tc.ask("GET", "group/bulk").status_code == 403


def test_groups_can_be_picked_on_cloud(cloud):
    assert cloud.tc.get("groups/picker")["groups"][0]["name"] == "jira-administrators"


# what the site knows


def test_a_field_of_a_team_managed_project_bears_its_scope(cloud):
    gate = cloud.jira.site.field_named("Gate")
    cloud.jira.site.fields["customfield_19999"] = replace(gate, id="customfield_19999", project_id="10055")
    scopes = {f["id"]: f.get("scope") for f in cloud.tc.get("field") if f["name"] == "Gate"}
    assert scopes == {gate.id: None, "customfield_19999": {"type": "PROJECT", "project": {"id": "10055"}}}


def test_fields_tell_their_schema(world):
    fields = {f["name"]: f for f in world.tc.get("field")}
    kinds = {name: fields[name]["schema"]["type"] for name in ("Gate", "IDI Date", "Rounds Failed", "Last Refusal")}
    assert kinds == {"Gate": "option", "IDI Date": "date", "Rounds Failed": "number", "Last Refusal": "datetime"}
    assert fields["Failure Reasons"]["schema"]["items"] == "option"
    assert fields["Client Contact"]["schema"]["custom"].endswith(":userpicker")
    assert ("Status Category Changed" in fields) is world.jira.site.cloud


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("status", {"Discovery", "To Do", "Certified"}),
        ("statuscategory", {"To Do", "In Progress", "Done"}),
        ("issuetype", {"Integration", "Sub-task", "Bug", "Task"}),
        ("priority", {"Highest", "Medium"}),
        ("resolution", {"Done", "Won't Do"}),
        ("role", {"Administrators", "Members"}),
        ("project", {"Integrations"}),
    ],
)
def test_the_site_lists_what_it_knows(world, path, names):
    assert names <= {each["name"] for each in world.tc.get(path)}


def test_single_things_are_found_or_404(world):
    assert world.tc.get("status/Discovery")["id"] == world.jira.site.status_named("Discovery").id
    assert world.tc.get("issuetype/10000")["name"] == "Integration"
    assert world.tc.ask("GET", "status/Nowhere").status_code == 404
    assert world.tc.ask("GET", "issuetype/1").status_code == 404
    assert world.tc.get("issueLinkType")["issueLinkTypes"][0]["name"] == "Blocks"
    assert world.tc.get("configuration")["subTasksEnabled"]


def test_cloud_has_a_banner(cloud):
    assert cloud.tc.get("announcementBanner")["isEnabled"] is False


def test_schemes_are_there_for_clients_that_look_them_up(world):
    assert world.admin.get("permissionscheme")["permissionSchemes"]
    assert world.admin.get("issuesecurityschemes")["issueSecuritySchemes"]
    assert world.admin.get("projectCategory") == []


# permissions


def test_permissions_can_be_asked_for(world):
    wanted = "BROWSE_PROJECTS,ADMINISTER,ADMINISTER_PROJECTS"
    have = lambda person, **where: {  # noqa: E731
        key: each["havePermission"]
        for key, each in person.get("mypermissions", permissions=wanted, **where)["permissions"].items()
    }
    everything = dict.fromkeys(wanted.split(","), True)
    assert have(world.admin, projectKey="INT") == everything
    assert have(world.tc, issueKey=world.tc.create()) == everything | {
        "ADMINISTER": False,
        "ADMINISTER_PROJECTS": False,
    }
    assert have(world.service) == everything | {"ADMINISTER": False}
    assert world.tc.ask("GET", "mypermissions", permissions="FLY").status_code == 400
    assert "BROWSE_PROJECTS" in world.tc.get("permissions")["permissions"]


def test_permissions_must_be_named_on_cloud_only(cloud):
    assert cloud.tc.ask("GET", "mypermissions").status_code == 400


def test_data_center_tells_all_permissions(datacenter):
    assert len(datacenter.tc.get("mypermissions")["permissions"]) > 20


def test_permissions_can_be_checked_in_bulk(cloud):
    issue_id = int(cloud.tc.see(cloud.tc.create())["id"])
    asked = {
        "globalPermissions": ["ADMINISTER", "BULK_CHANGE"],
        "projectPermissions": [{"permissions": ["EDIT_ISSUES"], "projects": [10000, 1], "issues": [issue_id, 1]}],
    }
    assert cloud.tc.post("permissions/check", asked).json() == {
        "globalPermissions": ["BULK_CHANGE"],
        "projectPermissions": [{"permission": "EDIT_ISSUES", "projects": [10000], "issues": [issue_id]}],
    }


# projects


def test_a_project_tells_its_types_statuses_and_roles(world):
    project = world.tc.get("project/INT")
    assert [t["name"] for t in project["issueTypes"]] == ["Integration", "Sub-task", "Bug", "Task"]
    assert project["lead"]["displayName"] == "Ada Admin"
    statuses = {t["name"]: [s["name"] for s in t["statuses"]] for t in world.tc.get("project/INT/statuses")}
    assert statuses["Integration"][0] == "Discovery"
    assert statuses["Sub-task"] == ["To Do", "In Progress", "Done", "Won't Do", "Certified", "Failed"]
    assert world.tc.get("project/INT/components") == world.tc.get("project/INT/versions") == []
    assert world.tc.ask("GET", "project/NO").status_code == 404


def test_projects_are_made_used_and_removed(world):
    made = world.admin.post("project", {"key": "OPS", "name": "Operations", "description": "d"})
    assert made.status_code == 201
    issue = {"project": {"id": str(made.json()["id"])}, "issuetype": {"name": "Bug"}, "summary": "x"}
    assert world.tc.post("issue", {"fields": issue}).json()["key"] == "OPS-1"
    assert world.tc.get("project/OPS")["description"] == "d"
    assert world.tc.delete("project/OPS").status_code == 403
    assert world.admin.delete("project/OPS").status_code == 204
    assert world.tc.ask("GET", "issue/OPS-1").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"key": "x", "name": "X"}, "projectKey"),
        ({"key": "INT", "name": "X"}, "projectKey"),
        ({"key": "OPS"}, "projectName"),
        ({"key": "OPS", "name": "Integrations"}, "projectName"),
    ],
)
def test_a_project_needs_a_free_key_and_name(world, body, field):
    reply = world.admin.post("project", body)
    assert (reply.status_code, set(reply.json()["errors"])) == (400, {field})


def test_a_project_gets_another_key_and_is_found_by_the_former_one(world):
    key = world.tc.create()
    changed = world.admin.put("project/INT", {"key": "INTG", "name": "Integration work"})
    assert (changed.status_code, changed.json()["key"], changed.json()["name"]) == (200, "INTG", "Integration work")
    for former in (key, key.replace("INT", "INTG")):
        seen = world.tc.see(former, "changelog")
        assert (seen["key"], seen["fields"]["project"]["key"]) == ("INTG-1", "INTG")
        assert seen["changelog"]["total"] == 0
    assert world.tc.get("project/INT")["key"] == "INTG"
    back = world.admin.put("project/INTG", {"key": "INT"})
    assert (back.json()["key"], world.tc.see("INTG-1")["key"]) == ("INT", "INT-1")


def test_who_may_change_a_project_and_into_what(world):
    world.admin.post("project", {"key": "OPS", "name": "Operations"})
    assert world.tc.put("project/INT", {"name": "X"}).status_code == 403
    assert world.service.put("project/INT", {"description": "told"}).json()["description"] == "told"
    assert world.service.put("project/INT", {"key": "INTG"}).status_code == 403
    refused = world.admin.put("project/INT", {"key": "OPS", "name": "Operations"})
    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"projectKey", "projectName"})


def test_only_admins_make_projects(world):
    assert world.tc.post("project", {"key": "OPS", "name": "Operations"}).status_code == 403


def test_cloud_pages_projects(cloud):
    page = cloud.tc.get("project/search", query="integr", keys="INT")
    assert [p["key"] for p in page["values"]] == ["INT"]
    assert cloud.tc.get("project/search", query="x")["values"] == []


def test_roles_have_actors_that_admins_can_change(world):
    roles = world.service.get("project/INT/role")
    assert roles["Administrators"].endswith("/role/10002")
    role = "project/INT/role/10002"
    cloud = world.jira.site.cloud
    refused = world.tc.ask("GET", "project/INT/role")
    assert refused.status_code == 401
    assert refused.headers.get("X-Seraph-LoginReason") == (None if cloud else "OK")
    assert world.tc.ask("GET", role).status_code == (404 if cloud else 401)
    admin = world.service.get(role)["actors"][0]
    assert admin["displayName"] == "Ada Admin"
    account = world.jira.credentials["tc"].account
    added = world.admin.post(role, {"user": [account, account], "group": ["service-accounts"]}).json()
    assert len(added["actors"]) == 3
    assert world.tc.get("project/INT/role")
    assert world.admin.delete(role, user=account).status_code == 204
    assert world.admin.delete(role, group="service-accounts").status_code == 204
    assert world.admin.delete(role, group="service-accounts").status_code == 404
    assert world.admin.post(role, {"user": ["nobody"]}).status_code == 404
    assert world.service.get("project/INT/role/10004")["actors"] == []
    assert world.admin.ask("GET", "project/INT/role/1").status_code == 404


# the protocol


def test_what_is_not_there_is_404_and_a_wrong_method_405(world):
    assert world.tc.ask("GET", "/rest/api/2/nothing").json()["status-code"] == 404
    assert world.tc.ask("PATCH", "/rest/api/2/field").status_code == 405


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 400)])
def test_a_body_must_be_a_json_object(world, body, status):
    headers = {"Content-Type": "application/json"}
    reply = world.tc.session.post(f"{world.jira.url}/rest/api/2/issue", data=body, headers=headers, timeout=60)
    assert reply.status_code == status


def test_a_body_must_be_declared_as_json(world):
    reply = world.tc.session.post(f"{world.jira.url}/rest/api/2/issue", data=b"{}", timeout=60)
    assert reply.status_code == 415


def test_numbers_must_be_numbers(world):
    assert world.tc.ask("GET", "user/search", query="", maxResults="many").status_code == 400


def test_a_session_can_be_begun_and_ended(world):
    assert world.tc.get("/rest/auth/1/session")["name"] in ("tc", "tc@sandbox.example")
    assert world.tc.post("/rest/auth/1/session", {}).json()["session"]["name"] == "JSESSIONID"
    assert world.tc.delete("/rest/auth/1/session").status_code == 204


def test_chunked_bodies_are_read(world):
    reply = world.tc.session.post(
        f"{world.jira.url}/rest/api/2/search{'/jql' if world.jira.site.cloud else ''}",
        data=iter([b'{"jql": ', b'"project = INT"}']),
        headers={"Content-Type": "application/json"},
        timeout=60,
    )
    assert reply.json()["issues"] == []


def test_head_and_expectations_are_answered(world):
    reply = world.tc.session.head(f"{world.jira.url}/rest/api/2/serverInfo", timeout=60)
    assert (reply.status_code, reply.content) == (200, b"")
    expecting = world.tc.session.get(
        f"{world.jira.url}/rest/api/2/serverInfo", headers={"Expect": "100-continue"}, timeout=60
    )
    assert expecting.status_code == 200
