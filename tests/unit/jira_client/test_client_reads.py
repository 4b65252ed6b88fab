"""Reading: fields, pages, both flavours, Jira's own clock."""

from datetime import UTC, datetime

import pytest

from sync_service.jira.errors import NotFound, NotJira

REST = "/rest/api/2/"
GONE = (404, {"errorMessages": ["Issue does not exist"], "errors": {}})


def test_an_issue_comes_with_jiras_own_time(wire, jira):
    wire.on("GET", REST + "issue/INT-1", (200, {"id": "1"}, {"Date": "Mon, 23 Nov 2026 11:55:01 GMT"}))
    reply = jira.issue("INT-1", fields=["summary", "status"], properties=["stagegate"], expand=["changelog"])
    assert reply.at == datetime(2026, 11, 23, 11, 55, 1, tzinfo=UTC)
    asked = {"fields": "summary,status", "properties": "stagegate", "expand": "changelog", "failFast": "true"}
    assert wire.received[0].query == asked


@pytest.mark.parametrize("headers", [{}, {"Date": "not a date"}])
def test_our_clock_stands_in_where_jira_gives_no_time(wire, jira, time, headers):
    wire.on("GET", REST + "issue/1", (200, {"id": "1"}, headers))
    assert jira.issue("1").at == time.now


def test_what_is_asked_for_cannot_leave_its_place_in_the_path(wire, jira):
    wire.on("GET", REST + "issue/..%2Fmyself%3Fx", GONE)
    with pytest.raises(NotFound):
        jira.issue("../myself?x")


def test_many_issues_come_in_bulk_and_say_which_could_not_be_read(wire, jira):
    def page(ids):
        return {"issues": [{"id": one} for one in ids], "issueErrors": [{"id": "7", "errorMessage": "too large"}]}

    wire.on("POST", REST + "issue/bulkfetch", page(["1"]), page(["2"]), {"issues": []})
    ids = [str(number) for number in range(250)]
    batch = jira.issues([*ids, "1"], properties=["stagegate.step"], expand=["changelog"])
    assert [issue["id"] for issue in batch.issues] == ["1", "2"]
    assert batch.unread == {"7": "too large"}
    assert [len(sent.body["issueIdsOrKeys"]) for sent in wire.received] == [100, 100, 50]
    assert wire.received[0].body | {"issueIdsOrKeys": []} == {
        "issueIdsOrKeys": [],
        "fields": ["*all"],
        "properties": ["stagegate.step"],
        "expand": ["changelog"],
    }


def test_no_issues_asked_for_needs_no_request(wire, jira, time):
    batch = jira.issues([])
    assert (batch.issues, batch.at, wire.received) == ((), time.now, [])


def test_data_center_has_no_bulk_reading_so_each_is_read(wire, datacenter):
    wire.on("GET", REST + "issue/1", {"id": "1"})
    wire.on("GET", REST + "issue/2", GONE)
    wire.on("GET", REST + "issue/3", {"id": "3"})
    assert [issue["id"] for issue in datacenter.issues(["1", "2", "3"], fields=["status"]).issues] == ["1", "3"]


def test_cloud_searches_by_token_and_stops_at_the_last_page(wire, jira):
    wire.on(
        "POST",
        REST + "search/jql",
        {"issues": [{"id": "1"}], "nextPageToken": "t1"},
        {"issues": [], "nextPageToken": "t2", "isLast": False},
        {"issues": [{"id": "2"}], "nextPageToken": None, "isLast": True},
    )
    pages = jira.search("project = INT", fields=["status"], properties=["stagegate"], expand=["names", "changelog"])
    assert [issue["id"] for page in pages for issue in page.issues] == ["1", "2"]
    assert [sent.body.get("nextPageToken") for sent in wire.received] == [None, "t1", "t2"]
    assert wire.received[0].body == {
        "jql": "project = INT",
        "maxResults": 100,
        "fields": ["status"],
        "properties": ["stagegate"],
        "expand": "names,changelog",
    }


def test_a_search_that_turns_in_a_circle_is_stopped(wire, jira):
    wire.on("POST", REST + "search/jql", {"issues": [{"id": "1"}], "nextPageToken": "t1"})
    with pytest.raises(NotJira, match="again and again"):
        list(jira.search("project = INT"))


def test_data_center_searches_by_place_whatever_page_it_grants(wire, datacenter):
    wire.on(
        "POST",
        REST + "search",
        {"issues": [{"id": "1"}, {"id": "2"}], "total": 3, "maxResults": 2},
        {"issues": [{"id": "3"}], "total": 3},
    )
    assert [len(page.issues) for page in datacenter.search("parent = 9", expand=["changelog"])] == [2, 1]
    assert [sent.body["startAt"] for sent in wire.received] == [0, 2]
    assert wire.received[0].body["expand"] == ["changelog"]


def test_data_center_search_ends_at_an_empty_page_though_its_total_promises_more(wire, datacenter):
    wire.on("POST", REST + "search", {"issues": [], "total": 5})
    assert [page.issues for page in datacenter.search("project = INT")] == [()]


def test_data_center_search_has_no_properties_so_they_are_read_with_each_issue(wire, datacenter):
    wire.on("POST", REST + "search", {"issues": [{"id": "1", "key": "INT-1"}, {"id": "2", "key": "INT-2"}], "total": 2})
    wire.on("GET", REST + "issue/1", {"id": "1", "properties": {"stagegate.step": {"step": "goals"}}})
    wire.on("GET", REST + "issue/2", GONE)
    (page,) = datacenter.search("parent = 9", properties=["stagegate.step"])
    assert page.issues == ({"id": "1", "key": "INT-1", "properties": {"stagegate.step": {"step": "goals"}}},)


def test_a_page_of_changes(wire, jira):
    wire.on("GET", REST + "issue/1/changelog", {"values": [{"id": "9"}], "isLast": True})
    assert jira.changelog_page("1", 40)["values"] == [{"id": "9"}]
    assert wire.received[0].query == {"startAt": "40", "maxResults": "100"}


@pytest.mark.parametrize(
    ("path", "body", "read", "expected"),
    [
        ("field", [{"id": "f"}], lambda jira: jira.fields(), [{"id": "f"}]),
        ("status", [{"id": "1"}], lambda jira: jira.statuses(), [{"id": "1"}]),
        ("resolution", [{"id": "1"}], lambda jira: jira.resolutions(), [{"id": "1"}]),
        ("project/INT", {"id": "1"}, lambda jira: jira.project("INT"), {"id": "1"}),
        ("project/INT/statuses", [{"id": "1"}], lambda jira: jira.project_statuses("INT"), [{"id": "1"}]),
        (
            "project/INT/role",
            {"Program": "https://acme.atlassian.net/rest/api/2/project/1/role/10002"},
            lambda jira: jira.project_roles("INT"),
            {"Program": "10002"},
        ),
        ("project/INT/role/10002", {"actors": []}, lambda jira: jira.role("INT", "10002"), {"actors": []}),
        ("user/groups", [{"name": "tcs", "groupId": "g"}], lambda jira: jira.user_groups("5b10"), ["tcs"]),
        (
            "mypermissions",
            {"permissions": {"EDIT_ISSUES": {"havePermission": True}, "X": {"havePermission": False}}},
            lambda jira: jira.my_permissions(["EDIT_ISSUES", "X", "NEW"], "INT"),
            {"EDIT_ISSUES": True, "X": False, "NEW": False},
        ),
        ("issue/1/editmeta", {"fields": {"summary": {}}}, lambda jira: jira.edit_meta("1"), {"summary": {}}),
        ("issue/1/transitions", {"transitions": [{"id": "31"}]}, lambda jira: jira.transitions("1"), [{"id": "31"}]),
    ],
)
def test_what_a_site_has(wire, jira, path, body, read, expected):
    wire.on("GET", REST + path, body)
    assert read(jira) == expected


def test_groups_on_data_center_come_with_the_user(wire, datacenter):
    wire.on("GET", REST + "user", {"name": "tc", "groups": {"items": [{"name": "tcs"}]}})
    assert datacenter.user_groups("tc") == ["tcs"]
    assert wire.received[0].query == {"username": "tc", "expand": "groups"}


@pytest.mark.parametrize("name", ["fields", "values"])
def test_the_create_screen_is_read_to_its_last_page(wire, jira, name):
    """Cloud calls the list by what it holds, Data Center `values`."""
    wire.on(
        "GET",
        REST + "issue/createmeta/INT/issuetypes/5",
        {name: [{"fieldId": "summary", "required": True}], "total": 2},
        {name: [{"fieldId": "duedate", "required": False}], "total": 2},
    )
    assert list(jira.create_meta("INT", "5")) == ["summary", "duedate"]


@pytest.mark.parametrize("end", [{"isLast": True, "total": 9}, {"total": 1}])
def test_pages_end_where_jira_says_so(wire, jira, end):
    wire.on("GET", REST + "issue/createmeta/INT/issuetypes/5", {"values": [{"fieldId": "summary"}]} | end)
    assert list(jira.create_meta("INT", "5")) == ["summary"]


def test_anything_else_can_be_called_by_its_path(wire, jira):
    wire.on("GET", "/rest/agile/1.0/board", {"values": []})
    assert jira.call("GET board", "GET", "/rest/agile/1.0/board").body == {"values": []}
    assert jira.site.kind == "cloud"


def test_a_list_is_a_list(wire, jira):
    wire.on("GET", REST + "field", {"values": []})
    with pytest.raises(NotJira, match="not the list"):
        jira.fields()
