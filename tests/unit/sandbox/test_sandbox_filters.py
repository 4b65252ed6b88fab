"""Filters and dashboards."""

import pytest

EVERYONE = [{"type": "authenticated"}]
PIE = "rest/gadgets/1.0/g/com.atlassian.jira.gadgets:pie-chart-gadget/gadgets/piechart-gadget.xml"


def _filter(person, name="Open projects", **more):
    reply = person.post("filter", {"name": name, "jql": "project = INT", **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_filter_is_private_until_shared(world):
    made = _filter(world.tc, favourite=True)
    assert (made["jql"], made["owner"]["displayName"]) == ("project = INT", "Tess Consultant")
    assert world.tc.get(f"filter/{made['id']}")["favourite"]
    assert world.client.ask("GET", f"filter/{made['id']}").status_code in (400, 404)
    assert world.admin.get(f"filter/{made['id']}")
    world.tc.put(f"filter/{made['id']}", {"name": "Open projects", "sharePermissions": EVERYONE})
    assert world.client.get(f"filter/{made['id']}")["sharePermissions"][0]["type"] == "authenticated"


@pytest.mark.parametrize(
    ("share", "sees"),
    [
        ({"type": "group", "group": {"name": "jira-users"}}, True),
        ({"type": "group", "group": {"name": "jira-administrators"}}, False),
        ({"type": "project", "project": {"id": "10000"}}, True),
        ({"type": "user", "user": {"accountId": "somebody"}}, False),
    ],
)
def test_a_share_reaches_those_whom_it_names(cloud, share, sees):
    made = _filter(cloud.tc, sharePermissions=[share])
    assert (cloud.client.ask("GET", f"filter/{made['id']}").status_code == 200) is sees


def test_a_share_with_a_project_ends_with_the_right_to_see_it(cloud):
    made = _filter(cloud.tc, sharePermissions=[{"type": "project", "project": {"id": "10000"}}])
    cloud.control("POST", "permissions/revoke", {"permission": "BROWSE_PROJECTS", "user": "client"})
    assert cloud.client.ask("GET", f"filter/{made['id']}").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"jql": "project = INT"},
        {"name": "Taken", "jql": "project = INT"},
        {"name": "x", "jql": "bogus = 1"},
        {"name": "x", "jql": "", "sharePermissions": "all"},
        {"name": "x", "jql": "", "sharePermissions": [{"type": "friends"}]},
    ],
)
def test_a_filter_needs_a_free_name_and_sound_contents(world, body):
    _filter(world.tc, "Taken")
    assert world.tc.post("filter", body).status_code == 400


def test_filters_are_changed_and_removed_by_their_owner(world):
    made = _filter(world.tc, sharePermissions=EVERYONE)
    path = f"filter/{made['id']}"
    assert world.tc.put(path, {"name": "Renamed", "description": "d"}).json()["description"] == "d"
    assert world.client.put(path, {"name": "Mine"}).status_code == 400
    assert world.client.delete(path).status_code == 400
    assert world.tc.delete(path).status_code == 204
    assert world.tc.ask("GET", path).status_code in (400, 404)


def test_editors_may_change_a_filter_too(cloud):
    made = _filter(
        cloud.tc, editPermissions=[{"type": "user", "user": {"accountId": cloud.jira.credentials["client"].account}}]
    )
    assert cloud.client.put(f"filter/{made['id']}", {"name": "Ours"}).json()["name"] == "Ours"


def test_filters_are_listed_and_searched(cloud):
    _filter(cloud.tc, "Alpha", favourite=True)
    _filter(cloud.tc, "Beta")
    _filter(cloud.client, "Gamma")
    assert [f["name"] for f in cloud.tc.get("filter/my")] == ["Alpha", "Beta"]
    assert [f["name"] for f in cloud.tc.get("filter/favourite")] == ["Alpha"]
    part = {"filterName": "a", "isSubstringMatch": "true"}
    found = cloud.tc.get("filter/search", **part, expand="jql,owner", maxResults=1)
    assert (found["total"], found["isLast"], found["values"][0]["jql"]) == (2, False, "project = INT")
    assert "jql" not in cloud.tc.get("filter/search")["values"][0]


@pytest.mark.parametrize(
    ("text", "whole", "part"),
    [("projects", 1, 1), ("by PROJECTS", 1, 0), ("proj", 0, 1), ("INT", 1, 1), ("INT: ", 0, 1), ("", 1, 1)],
)
def test_filters_are_found_by_whole_words_unless_a_part_is_asked_for(cloud, text, whole, part):
    _filter(cloud.tc, "INT: projects by stage")
    assert cloud.tc.get("filter/search", filterName=text)["total"] == whole
    assert cloud.tc.get("filter/search", filterName=text, isSubstringMatch="true")["total"] == part


# dashboards


def _dashboard(person, **more):
    body = {"name": "Portfolio", "sharePermissions": EVERYONE, "editPermissions": []}
    reply = person.post("dashboard", body | more)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_dashboard_is_made_seen_changed_copied_and_removed(cloud):
    made = _dashboard(cloud.tc, description="d")
    path = f"dashboard/{made['id']}"
    assert (made["isWritable"], made["owner"]["displayName"]) == (True, "Tess Consultant")
    assert cloud.client.get(path)["isWritable"] is False
    cloud.tc.post(f"{path}/gadget", {"uri": PIE})
    body = {"name": "Renamed", "sharePermissions": [], "editPermissions": []}
    copied = cloud.client.post(f"{path}/copy", body).json()
    assert len(cloud.client.get(f"dashboard/{copied['id']}/gadget")["gadgets"]) == 1
    assert cloud.tc.put(path, body).json()["name"] == "Renamed"
    assert [d["name"] for d in cloud.tc.get("dashboard", filter="my")["dashboards"]] == ["Renamed"]
    assert cloud.client.ask("GET", path).status_code == 404
    assert cloud.client.delete(f"dashboard/{copied['id']}").status_code == 204
    assert cloud.tc.get("dashboard")["total"] == 1


def test_a_search_shows_of_a_dashboard_only_what_it_is_asked_for(cloud):
    _dashboard(cloud.tc, description="d")
    (found,) = cloud.client.get("dashboard/search", dashboardName="port")["values"]
    assert not {"isWritable", "owner", "description"} & set(found)
    (found,) = cloud.client.get("dashboard/search", dashboardName="port", expand="isWritable,owner")["values"]
    assert (found["isWritable"], found["owner"]["displayName"]) == (False, "Tess Consultant")
    assert "description" not in found


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"name": " ", "sharePermissions": [], "editPermissions": []},
    ],
)
def test_a_dashboard_needs_a_name_and_permissions(cloud, body):
    assert cloud.tc.post("dashboard", body).status_code == 400


def test_gadgets_are_placed_changed_configured_and_taken_off(cloud):
    path = f"dashboard/{_dashboard(cloud.tc)['id']}"
    assert PIE in [g["uri"] for g in cloud.tc.get("dashboard/gadgets")["gadgets"]]
    made = cloud.tc.post(f"{path}/gadget", {"uri": PIE, "color": "red", "position": {"row": 1, "column": 0}}).json()
    gadget = f"{path}/gadget/{made['id']}"
    change = {"title": "Stages", "color": "green", "position": {"row": 0, "column": 1}}
    assert cloud.tc.put(gadget, change).status_code == 204
    assert cloud.tc.get(f"{path}/gadget")["gadgets"] == [made | change]
    config = f"{path}/items/{made['id']}/properties/config"
    assert cloud.tc.put(config, {"statType": "statuses"}).status_code == 201
    assert cloud.tc.put(config, {"statType": "labels"}).status_code == 200
    assert cloud.tc.put(config, {"number": 1}).status_code == 400
    assert cloud.client.put(config, {}).status_code == 403
    assert cloud.client.get(config)["value"] == {"statType": "labels"}
    assert [p["key"] for p in cloud.tc.get(config.removesuffix("/config"))["keys"]] == ["config"]
    assert cloud.tc.delete(config).status_code == 204
    assert cloud.tc.delete(config).status_code == 404
    assert cloud.tc.ask("GET", config).status_code == 404
    assert cloud.client.delete(gadget).status_code == 404
    assert cloud.tc.delete(gadget).status_code == 204
    assert cloud.tc.delete(gadget).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"uri": PIE, "moduleKey": "x"},
        {"uri": "no/such"},
        {"moduleKey": "com.atlassian.jira.gadgets:filter-results-gadget"},
        {"uri": PIE, "color": "pink"},
        {"uri": PIE, "position": {"row": "top"}},
    ],
)
def test_a_gadget_that_the_site_does_not_offer_is_refused(cloud, body):
    path = f"dashboard/{_dashboard(cloud.tc)['id']}/gadget"
    assert cloud.tc.post(path, body).status_code == 400


def test_a_module_gadget_is_taken_unseen_if_asked(cloud):
    path = f"dashboard/{_dashboard(cloud.tc)['id']}/gadget"
    made = cloud.tc.post(path, {"moduleKey": "app:gadget", "ignoreUriAndModuleKeyValidation": True}).json()
    assert made["moduleKey"] == "app:gadget"


def test_data_center_only_shows_dashboards(datacenter):
    assert datacenter.tc.get("dashboard")["dashboards"] == []
    from jira_sandbox.model import Dashboard

    owner = datacenter.jira.site.user_by_login("tc").id
    datacenter.jira.site.dashboards["10000"] = Dashboard(id="10000", name="Ours", owner_id=owner)
    assert datacenter.tc.get("dashboard/10000")["name"] == "Ours"
