"""Search: what JQL finds, what it refuses, pages, and an index that lags."""

from datetime import UTC, datetime

import pytest

from jira_sandbox import Clock, jql, moments
from jira_sandbox.errors import JiraError

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def portfolio(world):
    """Three project issues, a sub-task and a task, made on consecutive days before noon of 4 March."""
    world.jira.clock.freeze(NOON)
    world.jira.clock.advance(days=-4)
    tc, day = world.tc, lambda: world.jira.clock.advance(days=1)
    tc.create("Loyalty for Ann", Feasibility={"value": "Feasible"}, labels=["blue"], duedate="2026-03-04")
    day()
    tc.create("Gift cards for Bob", Feasibility={"value": "Not feasible"}, labels=["blue", "red"])
    day()
    tc.create("Ordering", Technical_Consultant=_reference(world, "tc"), Failure_Reasons=[{"value": "other"}])
    day()
    step = tc.create_step("INT-1", "Goals of Ann", assignee=_reference(world, "tc"))
    day()
    world.client.create("A task", "Task", priority={"name": "High"}, duedate="2026-04-01")
    tc.move("INT-2", "Declined")
    tc.move(step, "Done")
    tc.post("issue/INT-3/comment", {"body": "wording matters"})
    world.service.edit("INT-1", Rounds_Failed=2)
    world.service.edit("INT-3", Rounds_Failed=0)
    return world


def _reference(world, name):
    return {"accountId": world.jira.credentials[name].account, "name": name}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("project = INT", "12345"),
        ("project in (INT, Integrations)", "12345"),
        ("project != INT", ""),
        ("issuetype = Integration", "123"),
        ("type in (Sub-task, Task)", "45"),
        ('status = "Discovery"', "13"),
        ("status in (Declined, Done)", "24"),
        ("status != Discovery", "245"),
        ("status not in (Discovery, Declined)", "45"),
        ("statusCategory = Done", "24"),
        ("statusCategory = new and statusCategory != 4", "135"),
        ("parent = INT-1", "4"),
        ("parent in (INT-1, INT-2)", "4"),
        ("parent is EMPTY", "1235"),
        ("key = INT-3", "3"),
        ("key in (INT-1, int-5)", "15"),
        ("id = 10001", "2"),
        ("labels = blue", "12"),
        ("labels in (red, green)", "2"),
        ("labels != red", "1"),
        ("labels is EMPTY", "345"),
        ("labels is not EMPTY", "12"),
        ("labels in (red, EMPTY)", "2345"),
        ("labels = EMPTY", "345"),
        ('"Feasibility" = Feasible', "1"),
        ('Feasibility != "Feasible"', "2"),
        ('Feasibility in (Feasible, "Not feasible")', "12"),
        ("Feasibility not in (Feasible)", "2"),
        ("Feasibility is not null", "12"),
        ('"Failure Reasons" = other', "3"),
        ('"Rounds Failed" = 2', "1"),
        ('"Rounds Failed" >= 0', "13"),
        ('"Rounds Failed" < 2', "3"),
        ('"Rounds Failed" in (0, 1)', "3"),
        ('"Rounds Failed" not in (0, 1)', "1"),
        ('"Rounds Failed" != 2', "3"),
        ('"Technical Consultant" = currentUser()', "3"),
        ('"Technical Consultant" = "tc@sandbox.example"', "3"),
        ("assignee = currentUser()", "4"),
        ("assignee is EMPTY", "1235"),
        ("reporter = client", "5"),
        ("creator != client", "1234"),
        ("watcher = currentUser()", "1234"),
        ("priority = High", "5"),
        ("resolution = Unresolved", "135"),
        ("resolution != unresolved", "24"),
        ("resolution in (Unresolved, Done)", "1345"),
        ("resolution is EMPTY", "135"),
        ('resolution = "Won\'t Do"', "2"),
        ("due <= startOfDay()", "1"),
        ("due <= endOfDay(28d)", "15"),
        ('due > "2026-03-04"', "5"),
        ("duedate = 2026-03-04", "1"),
        ("due in (2026-03-04, 2026-04-01)", "15"),
        ("due not in (2026-03-04)", "5"),
        ('created >= "2026-03-01 12:00" and created < "2026/03/03"', "23"),
        ("created > -30h", "45"),
        ("created >= startOfDay(-1)", "45"),
        ('created <= startOfMonth("-1d")', ""),
        ("created < startOfWeek()", "1"),
        ("created < now() AND created > startOfYear()", "1234"),
        ("updated >= -1d", "12345"),
        ("resolved >= startOfDay()", "24"),
        ("summary ~ ann", "14"),
        ("summary !~ ann", "235"),
        ('text ~ "wording"', "3"),
        ("comment ~ matters", "3"),
        ("NOT labels = blue", "345"),
        ("project = INT AND NOT (labels = blue OR status = Done)", "35"),
        ("! labels = blue && type = Task || key = INT-1", "15"),
        ("labels = blue or labels = red and key = INT-1", "12"),
        ("'summary' ~ 'it\\'s'", ""),
    ],
)
def test_a_query_finds_what_it_says(portfolio, query, numbers):
    assert portfolio.tc.search(f"({query}) ORDER BY key") == [f"INT-{n}" for n in numbers]


def test_custom_fields_are_known_by_number_too(portfolio):
    number = portfolio.tc.field("Feasibility").removeprefix("customfield_")
    assert portfolio.tc.search(f"cf[{number}] = Feasible") == ["INT-1"]


def test_results_come_in_the_order_asked_for_and_newest_first_otherwise(portfolio):
    tc = portfolio.tc
    assert tc.search("project = INT")[0] == "INT-5"
    assert tc.search("project = INT order by created asc")[0] == "INT-1"
    assert tc.search("project = INT order by duedate DESC, key") == ["INT-5", "INT-1", "INT-2", "INT-3", "INT-4"]
    assert tc.search("type = Integration ORDER BY status ASC, key DESC") == ["INT-3", "INT-1", "INT-2"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("bogus = 1", "Field 'bogus' does not exist or you do not have permission to view it."),
        ("status = Bogus", "The value 'Bogus' does not exist for the field 'status'."),
        ("project = BOGUS", "The value 'BOGUS' does not exist for the field 'project'."),
        ("resolution = Bogus", "The value 'Bogus' does not exist for the field 'resolution'."),
        ("assignee = nobody", "The value 'nobody' does not exist for the field 'assignee'."),
        ("Feasibility = Perhaps", "The value 'Perhaps' does not exist for the field 'Feasibility'."),
        ("key = INT-99", "An issue with key 'INT-99' does not exist for field 'key'."),
        ("status > Done", "The operator '>' is not supported by the 'status' field."),
        ("summary = x", "The operator '=' is not supported by the 'summary' field."),
        ("updated ~ x", "The operator '~' is not supported by the 'updated' field."),
        ("updated in (EMPTY, now())", "The operator 'in' is not supported by the 'updated' field."),
        ("labels > EMPTY", "The operator '>' is not supported by the 'labels' field."),
        ("status = myStatuses()", "Unable to find JQL function 'myStatuses()'."),
        ("updated > soon()", "Unable to find JQL function 'soon()'."),
        ('"Rounds Failed" = many', "The value 'many' is not a valid number for the field 'Rounds Failed'."),
        ("labels is blue", "The operator 'is' only works with EMPTY or NULL."),
        ("project", "Error in the JQL Query: Expecting operator before the end of the query."),
        ("project was INT", "Error in the JQL Query: Expecting operator but got 'was'. (line 1, character 9)"),
        (
            "project = INT order by key sideways",
            "Error in the JQL Query: Expecting either 'OR' or 'AND' but got 'sideways'. (line 1, character 28)",
        ),
        ("(project = INT", "Error in the JQL Query: Expecting ')' before the end of the query."),
        ("project not INT", "Error in the JQL Query: Expecting 'in' but got 'INT'. (line 1, character 13)"),
        (
            "project = ",
            "Error in the JQL Query: Expecting either a value, list or function before the end of the query.",
        ),
        ("= INT", "Error in the JQL Query: Expecting a field name but got '='. (line 1, character 1)"),
        (
            'project = "INT',
            "Error in the JQL Query: The quoted string 'INT' has not been completed. (line 1, character 11)",
        ),
    ],
)  # fmt: skip
def test_a_query_that_is_none_is_refused_as_jira_does(world, query, message):
    path = "search/jql" if world.jira.site.cloud else "search"
    reply = world.tc.post(path, {"jql": query})
    assert (reply.status_code, reply.json()["errorMessages"]) == (400, [message])


def test_a_date_that_is_none_is_refused(world):
    path = "search/jql" if world.jira.site.cloud else "search"
    (message,) = world.tc.post(path, {"jql": "updated > yesterday"}).json()["errorMessages"]
    assert message.startswith("Date value 'yesterday' for field 'updated' is invalid.")
    (message,) = world.tc.post(path, {"jql": "updated > startOfDay(tomorrow)"}).json()["errorMessages"]
    assert "(+/-)n(yMwdhm)" in message


@pytest.mark.parametrize(
    ("operand", "moment"),
    [
        ("-1d", "2026-03-30 12:00"),
        ("1w 2d", "2026-04-09 12:00"),
        ("-1M", "2026-02-28 12:00"),
        ("11M", "2027-02-28 12:00"),
        ("-1y", "2025-03-31 12:00"),
        ("-90m", "2026-03-31 10:30"),
        (jql.Call("now", ()), "2026-03-31 12:00"),
        (jql.Call("startOfWeek", ()), "2026-03-29 00:00"),
        (jql.Call("startOfMonth", ("+1",)), "2026-04-01 00:00"),
        (jql.Call("endOfYear", ()), "2026-12-31 23:59"),
        (jql.Call("endOfDay", ("+14d",)), "2026-04-14 23:59"),
    ],
)
def test_relative_dates_are_counted_from_now(operand, moment):
    now = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
    read = moments.read(operand, "due", now, moments.ZoneInfo("UTC"))
    assert f"{read:%Y-%m-%d %H:%M}" == moment


def test_hours_and_minutes_are_counted_as_they_pass_where_the_clocks_are_put_back():
    now = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # in New York 01:30, for the second time
    zone = moments.ZoneInfo("America/New_York")
    for period in ("-60m", "-1h"):
        read = moments.read(period, "updated", now, zone)
        assert read.astimezone(UTC) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_dates_are_meant_in_the_searchers_time_zone(world):
    world.jira.clock.freeze(NOON)
    world.tc.create()
    world.jira.site.user_by_login("tc").time_zone = "America/New_York"
    assert world.tc.search('created <= "2026-03-04 07:00"') == ["INT-1"]
    assert world.client.search('created <= "2026-03-04 07:00"') == []


def test_only_visible_issues_are_found(world):
    world.tc.create()
    world.control("POST", "permissions/revoke", {"permission": "BROWSE_PROJECTS", "user": "client"})
    assert world.client.search("key = INT-1") == []


# pages


def test_cloud_pages_by_token(cloud):
    for number in range(5):
        cloud.tc.create(f"no. {number}")
    seen, token = [], None
    while True:
        body = {"jql": "project = INT order by key", "fields": ["summary"], "maxResults": 2}
        page = cloud.tc.post("search/jql", body | ({"nextPageToken": token} if token else {})).json()
        seen += [issue["fields"]["summary"] for issue in page["issues"]]
        if page["isLast"]:
            break
        token = page["nextPageToken"]
    assert seen == [f"no. {n}" for n in range(5)]
    assert "nextPageToken" not in page


def test_cloud_answers_with_ids_alone_unless_asked_for_more(cloud):
    cloud.tc.create()
    assert cloud.tc.get("search/jql", jql="project = INT")["issues"] == [{"id": "10000"}]
    full = cloud.tc.get("search/jql", jql="project = INT", fields="*all", expand="changelog", properties="p")
    assert full["issues"][0]["changelog"]["total"] == 0


def test_cloud_caps_a_page_of_whole_issues(cloud):
    site = cloud.jira.site
    for number in range(130):
        cloud.tc.create(f"no. {number}", "Task")
    assert (
        len(
            cloud.tc.post("search/jql", {"jql": "project = INT", "fields": ["summary"], "maxResults": 500}).json()[
                "issues"
            ]
        )
        == 100
    )
    assert len(cloud.tc.post("search/jql", {"jql": "project = INT", "maxResults": 500}).json()["issues"]) == len(
        site.issues
    )


@pytest.mark.parametrize(
    "body",
    [
        {"jql": ""},
        {"jql": "order by key"},
        {"jql": "project = INT", "nextPageToken": "?"},
        {"jql": "project = INT", "maxResults": "many"},
        {"jql": "project = INT", "reconcileIssues": list(range(51))},
    ],
)
def test_cloud_wants_bounded_queries_and_sound_parameters(cloud, body):
    assert cloud.tc.post("search/jql", body).status_code == 400


def test_a_page_token_belongs_to_its_query(cloud):
    cloud.tc.create()
    cloud.tc.create()
    token = cloud.tc.post("search/jql", {"jql": "project = INT", "maxResults": 1}).json()["nextPageToken"]
    other = {"jql": "type = Integration", "nextPageToken": token}
    assert cloud.tc.post("search/jql", other).status_code == 400


def test_cloud_counts_and_has_lost_its_old_search(cloud):
    cloud.tc.create()
    assert cloud.tc.post("search/approximate-count", {"jql": "project = INT"}).json() == {"count": 1}
    for reply in (
        cloud.tc.ask("GET", "search", jql="project = INT"),
        cloud.tc.post("search", {"jql": "project = INT"}),
    ):
        assert reply.status_code == 410
        assert reply.json()["errorMessages"][0].startswith("The requested API has been removed.")


def test_data_center_pages_by_offset_and_tells_the_total(datacenter):
    for number in range(3):
        datacenter.tc.create(f"no. {number}")
    page = datacenter.tc.get("search", jql="project = INT order by key", startAt=1, maxResults=1, expand="changelog")
    assert (page["total"], page["startAt"], [i["key"] for i in page["issues"]]) == (3, 1, ["INT-2"])
    assert page["issues"][0]["changelog"]["total"] == 0
    assert datacenter.tc.get("search")["total"] == 3
    assert datacenter.tc.post("search", {"jql": "", "startAt": -1}).status_code == 400
    assert datacenter.tc.ask("GET", "search", startAt="x").status_code == 400


# the lagging index


def test_the_index_lags_behind_what_get_already_shows(world):
    world.jira.clock.freeze(NOON)
    old = world.tc.create("old")
    world.control("PUT", "search", {"delay": 30})
    new = world.tc.create("new")
    world.tc.edit(old, summary="changed")
    world.tc.edit(old, summary="changed again")
    assert world.tc.search("project = INT") == [old]
    assert world.tc.search("summary ~ old") == [old]
    assert world.tc.see(old)["fields"]["summary"] == "changed again"
    world.jira.clock.advance(seconds=31)
    assert set(world.tc.search("project = INT")) == {old, new}
    assert world.tc.search("summary ~ again") == [old]


def test_a_deleted_issue_is_still_found_for_a_while(world):
    world.jira.clock.freeze(NOON)
    key = world.tc.create()
    world.control("PUT", "search", {"delay": 30})
    world.tc.delete(f"issue/{key}")
    assert world.tc.search("project = INT") == [key]
    world.jira.clock.advance(minutes=1)
    assert world.tc.search("project = INT") == []


def test_reconciled_issues_are_found_at_once(cloud):
    cloud.jira.clock.freeze(NOON)
    cloud.control("PUT", "search", {"delay": 30})
    cloud.tc.create()
    assert cloud.tc.search("project = INT") == []
    assert cloud.tc.search("project = INT", reconcileIssues=[10000]) == ["INT-1"]


def test_a_clock_that_stands_still_can_be_given():
    assert Clock(frozen_at=NOON).now() == NOON


def test_a_query_is_refused_with_an_error_of_its_own():
    with pytest.raises(JiraError) as refused:
        jql.parse("a = 1 b")
    assert refused.value.status == 400
