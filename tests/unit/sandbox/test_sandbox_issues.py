"""Issues: what can be created, edited, seen, and what Jira says when it cannot."""

from typing import Any

import pytest

OFF_SCREEN = "Field '{0}' cannot be set. It is not on the appropriate screen, or unknown."


def test_a_new_issue_has_what_it_was_given_and_jiras_defaults(world):
    key = world.tc.create("Loyalty", Project_Goals="Sell *pizza*", labels=["b", "a"], duedate="2026-02-03")
    fields = world.tc.see(key)["fields"]
    assert fields["summary"] == "Loyalty"
    assert fields["status"]["name"] == "Discovery"
    assert fields["status"]["statusCategory"]["key"] == "new"
    assert fields["labels"] == ["a", "b"]
    assert fields["duedate"] == "2026-02-03"
    assert fields["priority"]["name"] == "Medium"
    assert fields["reporter"]["displayName"] == "Tess Consultant"
    assert fields["subtasks"] == []
    assert fields["resolution"] is None
    assert fields[world.tc.field("Project Goals")] == "Sell *pizza*"
    assert fields[world.tc.field("Gate")] is None


def test_users_are_shown_as_the_flavour_does(cloud, datacenter):
    person = datacenter.tc.see(datacenter.tc.create())["fields"]["reporter"]
    assert (person["name"], person["key"], "accountId" in person) == ("tc", "JIRAUSER10100", False)


def test_users_on_cloud_have_an_account_id_and_hide_their_address(cloud):
    person = cloud.tc.see(cloud.tc.create())["fields"]["reporter"]
    assert person["accountId"].startswith("712020:")
    assert {"name", "emailAddress"}.isdisjoint(person)


def _refusal(person: Any, **fields: Any) -> dict[str, Any]:
    base = {"project": {"key": "INT"}, "issuetype": {"name": "Integration"}, "summary": "x"}
    wanted = {k: v for k, v in (base | {person.field(n): v for n, v in fields.items()}).items() if v != "absent"}
    reply = person.post("issue", {"fields": wanted})
    assert reply.status_code == 400
    return reply.json()["errors"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("project", {"key": "NO"}, "Specify a valid project ID or key"),
        ("project", "absent", "Specify a valid project ID or key"),
        ("issuetype", {"name": "Epic"}, "Specify a valid issue type"),
        ("summary", "absent", "You must specify a summary of the issue."),
        ("summary", "two\nlines", "The summary is invalid because it contains newline characters."),
        ("summary", "x" * 256, "Summary can't exceed 255 characters."),
        ("summary", 7, "Operation value must be a string"),
        ("Feasibility", {"value": "Perhaps"}, "Option value 'Perhaps' is not valid"),
        ("Feasibility", {"id": "1"}, "Option id '1' is not valid"),
        ("Feasibility", "Feasible", "Specify a valid 'id' or 'name' for Feasibility"),
        ("Failure Reasons", {"value": "other"}, "data was not an array"),
        ("IDI Date", "3.2.2026", "Operation value must be a string in the format 'yyyy-MM-dd'"),
        ("IDI Date", "2026-02-30", "Error parsing date string: 2026-02-30"),
        ("labels", ["two words"], "The label 'two words' contains spaces which is invalid."),
        ("labels", "word", "data was not an array"),
        ("priority", {"name": "Urgent"}, "The priority selected is invalid."),
        ("Technical Consultant", "tc", "expected Object"),
        ("customfield_99999", 1, OFF_SCREEN.format("customfield_99999")),
        ("resolution", {"name": "Done"}, OFF_SCREEN.format("resolution")),
        ("status", {"name": "Live"}, OFF_SCREEN.format("status")),
    ],
)
def test_a_value_that_will_not_do_is_refused_with_jiras_words_under_the_fields_name(world, field, value, message):
    assert _refusal(world.tc, **{field: value}) == {world.tc.field(field): message}


def test_everything_wrong_is_told_at_once(world):
    told = _refusal(world.tc, labels=["a b"], Feasibility={"value": "x"}, summary="absent")
    assert set(told) == {"labels", "summary", world.tc.field("Feasibility")}


def test_service_kept_fields_are_on_no_create_screen(world):
    gate = world.tc.field("Gate")
    assert _refusal(world.tc, Gate={"value": "Open"}) == {gate: OFF_SCREEN.format(gate)}


def test_an_unknown_user_is_refused(world):
    reference = {"accountId": "nobody", "name": "nobody"}
    assert _refusal(world.tc, assignee=reference) == {"assignee": "User 'nobody' does not exist."}


def test_an_unassignable_user_is_refused(world):
    client = world.jira.site.user_by_login("client")
    project = world.jira.site.project("INT")
    project.grants["ASSIGNABLE_USER"] = {f"user:{world.jira.site.user_by_login('tc').id}"}
    name = client.id if world.jira.site.cloud else "client"
    told = _refusal(world.tc, assignee={"accountId": client.id, "name": "client"})
    assert told == {"assignee": f"User '{name}' cannot be assigned issues."}


def test_a_caller_without_the_right_cannot_create(world):
    world.jira.site.project("INT").grants["CREATE_ISSUES"] = set()
    assert _refusal(world.tc) == {"project": "You cannot create issues in this project."}


@pytest.mark.parametrize(
    ("kind", "parent", "errors"),
    [
        ("Sub-task", None, {"issuetype": "Issue type is a sub-task but parent issue key or id not specified."}),
        ("Sub-task", {"key": "INT-99"}, {"parent": "Could not find issue by id or key."}),
        ("Sub-task", {"key": "INT-2"}, {"parentId": "Given parent issue does not belong to appropriate hierarchy."}),
        ("Sub-task", {"key": "OPS-1"}, {"project": "Sub-tasks must be created in the same project as the parent."}),
        ("Task", {"key": "INT-1"}, {"parentId": "Given parent issue does not belong to appropriate hierarchy."}),
    ],
)
def test_a_sub_task_needs_a_parent_of_its_project_that_is_none_itself(world, kind, parent, errors):
    world.tc.create_step(world.tc.create())
    assert world.admin.post("project", {"key": "OPS", "name": "Operations"}).status_code == 201
    fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"}
    assert world.tc.post("issue", {"fields": fields}).status_code == 201
    extra = {"parent": parent} if parent else {}
    assert _refusal(world.tc, issuetype={"name": kind}, **extra) == errors


def test_sub_tasks_and_parent_show_each_other(world):
    parent = world.tc.create("Loyalty")
    step = world.tc.create_step(parent, "Goals")
    shown = world.tc.see(parent)["fields"]["subtasks"]
    assert [(s["key"], s["fields"]["summary"], s["fields"]["status"]["name"]) for s in shown] == [
        (step, "Goals", "To Do")
    ]
    assert world.tc.see(step)["fields"]["parent"]["key"] == parent


def test_an_issue_is_found_by_id_and_by_key_in_any_case_and_is_404_otherwise(world):
    key = world.tc.create()
    issue_id = world.tc.see(key)["id"]
    assert world.tc.see(issue_id)["key"] == world.tc.see(key.lower())["key"] == key
    reply = world.tc.ask("GET", "issue/INT-99")
    assert reply.status_code == 404
    assert reply.json() == {
        "errorMessages": ["Issue does not exist or you do not have permission to see it."],
        "errors": {},
    }


def test_an_invisible_issue_is_404_too(world):
    key = world.tc.create()
    world.jira.site.project("INT").grants["BROWSE_PROJECTS"] = set()
    assert world.tc.ask("GET", f"issue/{key}").status_code == 404


def test_fields_and_properties_can_be_chosen(world):
    key = world.tc.create()
    world.tc.put(f"issue/{key}/properties/one", {"a": 1})
    world.tc.put(f"issue/{key}/properties/two", [2])
    seen = world.tc.see(key, fields="summary,status", properties="one")
    assert set(seen["fields"]) == {"summary", "status"}
    assert seen["properties"] == {"one": {"a": 1}}
    assert world.tc.see(key, properties="*all,-one")["properties"] == {"two": [2]}
    assert "comment" not in world.tc.see(key, fields="*navigable,-summary")["fields"]
    assert "description" in world.tc.see(key, fields="-summary")["fields"]


def test_custom_fields_exist_only_where_their_context_says(world):
    parent = world.tc.create()
    step = world.tc.see(world.tc.create_step(parent))
    assert not [name for name in step["fields"] if name.startswith("customfield_")]


def test_names_schema_and_rendered_fields_can_be_expanded(cloud):
    key = cloud.tc.create(description="<b>")
    seen = cloud.tc.see(key, "names", "schema", "renderedFields", "editmeta", fields="summary,description")
    assert seen["names"] == {"summary": "Summary", "description": "Description"}
    assert seen["schema"]["summary"] == {"type": "string", "system": "summary"}
    assert seen["renderedFields"] == {"description": "<p>&lt;b&gt;</p>"}
    assert seen["editmeta"]["fields"]["comment"]["operations"] == ["add", "edit", "remove"]


# editing


def test_one_edit_makes_one_change_log_entry_with_every_item(world):
    key = world.tc.create(labels=["a"])
    world.tc.edit(key, summary="New", labels=["a", "b"], Feasibility={"value": "Feasible"}, IDI_Date=None)
    histories = world.tc.see(key, "changelog")["changelog"]["histories"]
    assert len(histories) == 1
    items = {item["field"]: (item["fromString"], item["toString"]) for item in histories[0]["items"]}
    assert items == {
        "summary": ("Loyalty for Ann's", "New"),
        "labels": ("a", "a b"),
        "Feasibility": (None, "Feasible"),
    }


def test_change_items_tell_ids_texts_and_field_ids_as_the_flavour_does(world):
    key = world.tc.create()
    user = world.jira.site.user_by_login("client")
    world.tc.edit(
        key,
        assignee={"accountId": user.id, "name": "client"},
        duedate="2026-03-04",
        IDI_Date="2026-03-04",
        Failure_Reasons=[{"value": "other"}, {"value": "wrong flow"}],
        priority={"name": "High"},
    )
    items = {i["field"]: i for i in world.tc.see(key, "changelog")["changelog"]["histories"][0]["items"]}
    options = {o.value: o.id for o in world.jira.site.field_named("Failure Reasons").options()}
    told = {name: (i["to"], i["toString"]) for name, i in items.items()}
    assert told == {
        "assignee": (user.id if world.jira.site.cloud else user.key, "Clea Client"),
        "duedate": ("2026-03-04", "2026-03-04 00:00:00.0"),
        "IDI Date": ("2026-03-04", "4/Mar/26"),
        "Failure Reasons": (f"[{options['wrong flow']}, {options['other']}]", "wrong flow,other"),
        "priority": ("2", "High"),
    }
    assert items["IDI Date"]["fieldtype"] == "custom"
    expected = world.tc.field("IDI Date") if world.jira.site.cloud else None
    assert items["IDI Date"].get("fieldId") == expected


def test_an_edit_that_changes_nothing_leaves_no_trace(world):
    key = world.tc.create(labels=["a"])
    before = world.tc.see(key)["fields"]["updated"]
    world.jira.clock.advance(hours=1)
    world.tc.edit(key, summary="Loyalty for Ann's", labels=["a"])
    after = world.tc.see(key, "changelog")
    assert after["fields"]["updated"] == before
    assert after["changelog"]["total"] == 0


def test_cloud_edits_a_field_that_is_on_no_screen(cloud):
    key = cloud.tc.create()
    cloud.service.edit(key, Gate={"value": "Closed"}, Rounds_Failed=2, Last_Refusal="2026-01-02T03:04:05.000+0100")
    fields = cloud.tc.see(key)["fields"]
    assert fields[cloud.tc.field("Gate")]["value"] == "Closed"
    assert fields[cloud.tc.field("Rounds Failed")] == 2.0
    assert fields[cloud.tc.field("Last Refusal")] == "2026-01-02T02:04:05.000+0000"


def test_data_center_refuses_to_edit_a_field_that_is_not_on_the_edit_screen(datacenter):
    key = datacenter.tc.create()
    datacenter.service.edit(key, Gate={"value": "Closed"})
    datacenter.control("POST", "screens/remove", {"field": "Gate"})
    gate = datacenter.tc.field("Gate")
    reply = datacenter.service.put(f"issue/{key}", {"fields": {gate: {"value": "Open"}}})
    assert reply.status_code == 400
    assert reply.json()["errors"] == {gate: OFF_SCREEN.format(gate)}


@pytest.mark.parametrize(
    ("operations", "labels"),
    [
        ([{"add": "new"}], ["a", "new"]),
        ([{"remove": "a"}], []),
        ([{"add": "b"}, {"remove": "a"}], ["b"]),
        ([{"set": ["x", "y"]}], ["x", "y"]),
        ([{"set": None}], []),
    ],
)
def test_update_verbs_change_lists(world, operations, labels):
    key = world.tc.create(labels=["a"])
    assert world.tc.put(f"issue/{key}", {"update": {"labels": operations}}).status_code == 204
    assert world.tc.see(key)["fields"]["labels"] == labels


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"fields": {"labels": []}, "update": {"labels": [{"add": "x"}]}},
            {"labels": "Field 'labels' cannot appear in both 'fields' and 'update'"},
        ),
        ({"update": {"summary": [{"add": "x"}]}}, {"summary": "Field 'summary' does not support operation 'add'"}),
        ({"update": {"labels": [{"add": "x", "remove": "y"}]}}, {"labels": "Exactly one operation is expected."}),
        ({"update": {"comment": [{"add": {"body": " "}}]}}, {"comment": "Comment body can not be empty!"}),
        (
            {"update": {"comment": [{"remove": {"id": "1"}}]}},
            {"comment": "Only the operation 'add' is expected for comments here."},
        ),
        ({"fields": {"summary": ""}}, {"summary": "You must specify a summary of the issue."}),
        ({"fields": {"resolution": None}}, {"resolution": OFF_SCREEN.format("resolution")}),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(world, body, errors):
    key = world.tc.create()
    reply = world.tc.put(f"issue/{key}", body)
    assert reply.status_code == 400
    assert reply.json()["errors"] == errors


@pytest.mark.parametrize("body", [{}, {"fields": []}, {"update": "x"}])
def test_an_edit_of_nothing_is_refused(world, body):
    reply = world.tc.put(f"issue/{world.tc.create()}", body)
    assert reply.status_code == 400
    assert reply.json()["errorMessages"]


def test_one_edit_carries_fields_comment_and_property_together(cloud):
    key = cloud.tc.create()
    body = {
        "fields": {"summary": "New"},
        "update": {"comment": [{"add": {"body": "said"}}]},
        "properties": [{"key": "stagegate", "value": {"version": 1}}],
    }
    reply = cloud.service.put(f"issue/{key}", body, returnIssue="true", expand="changelog", properties="stagegate")
    assert reply.status_code == 200
    seen = reply.json()
    assert seen["properties"] == {"stagegate": {"version": 1}}
    assert [c["body"] for c in seen["fields"]["comment"]["comments"]] == ["said"]
    assert [i["field"] for h in seen["changelog"]["histories"] for i in h["items"]] == ["summary"]


def test_a_refused_edit_leaves_nothing_behind(world):
    key = world.tc.create()
    body = {
        "fields": {"summary": "New", "labels": ["a b"]},
        "update": {"comment": [{"add": {"body": "said"}}]},
        "properties": [{"key": "p", "value": 1}],
    }
    assert world.tc.put(f"issue/{key}", body).status_code == 400
    seen = world.tc.see(key, properties="*all")
    assert (seen["fields"]["summary"], seen["fields"]["comment"]["total"], seen["properties"]) == (
        "Loyalty for Ann's",
        0,
        {},
    )


@pytest.mark.parametrize(
    ("permission", "body"),
    [
        ("ASSIGN_ISSUES", {"fields": {"assignee": None}}),
        ("SCHEDULE_ISSUES", {"fields": {"duedate": "2026-01-01"}}),
        ("MODIFY_REPORTER", {"fields": {"reporter": None}}),
        ("ADD_COMMENTS", {"update": {"comment": [{"add": {"body": "x"}}]}}),
    ],
)
def test_some_fields_need_a_permission_of_their_own(world, permission, body):
    key = world.tc.create()
    world.control("POST", "permissions/revoke", {"permission": permission, "user": "tc", "project": "INT"})
    assert world.tc.put(f"issue/{key}", body).status_code == 400
    assert world.service.put(f"issue/{key}", body).status_code == 204


def test_an_edit_needs_permission(world):
    key = world.tc.create()
    world.control("POST", "permissions/revoke", {"permission": "EDIT_ISSUES"})
    assert world.tc.put(f"issue/{key}", {"fields": {"summary": "x"}}).status_code == 403
    world.control("POST", "permissions/restore")
    assert world.tc.put(f"issue/{key}", {"fields": {"summary": "x"}}).status_code == 204


def test_only_admins_may_keep_an_edit_quiet(world):
    key = world.tc.create()
    body = {"fields": {"summary": "x"}}
    assert world.tc.put(f"issue/{key}", body, notifyUsers="false").status_code == 400
    assert world.admin.put(f"issue/{key}", body, notifyUsers="false").status_code == 204


def test_the_assignee_has_an_operation_of_its_own(world):
    key = world.tc.create()
    account = world.jira.credentials["client"].account
    name = "accountId" if world.jira.site.cloud else "name"
    assert world.tc.put(f"issue/{key}/assignee", {name: account}).status_code == 204
    assert world.tc.see(key)["fields"]["assignee"]["displayName"] == "Clea Client"
    assert world.tc.put(f"issue/{key}/assignee", {name: None}).status_code == 204
    assert world.tc.put(f"issue/{key}/assignee", {name: "-1"}).status_code == 204
    assert world.tc.see(key)["fields"]["assignee"] is None
    assert world.tc.put(f"issue/{key}/assignee", {name: "nobody"}).status_code == 400


# several at once


def _task(summary: str, **more: Any) -> dict[str, Any]:
    return {"fields": {"project": {"key": "INT"}, "issuetype": {"name": "Task"}, "summary": summary}} | more


def test_a_bulk_create_makes_what_it_can_and_tells_what_it_cannot(world):
    marked = _task("one", properties=[{"key": "stagegate.step", "value": {"step": "goals"}}])
    reply = world.tc.post("issue/bulk", {"issueUpdates": [marked, _task(""), _task("three")]})
    assert reply.status_code == 201
    made = reply.json()
    assert [world.tc.see(issue["key"])["fields"]["summary"] for issue in made["issues"]] == ["one", "three"]
    assert made["errors"] == [
        {
            "status": 400,
            "elementErrors": {
                "errorMessages": [],
                "errors": {"summary": "You must specify a summary of the issue."},
            },
            "failedElementNumber": 1,
        }
    ]
    first = made["issues"][0]["key"]
    assert world.tc.see(first, properties="stagegate.step")["properties"] == {"stagegate.step": {"step": "goals"}}


@pytest.mark.parametrize("number", [0, 51])
def test_a_bulk_create_takes_one_to_fifty(world, number):
    reply = world.tc.post("issue/bulk", {"issueUpdates": [_task("x")] * number})
    assert reply.status_code == 400


def test_a_bulk_create_of_nothing_right_is_a_400_without_issues(world):
    reply = world.tc.post("issue/bulk", {"issueUpdates": [_task("")]})
    assert reply.status_code == 400
    assert reply.json()["issues"] == []


def test_a_create_can_make_a_transition_at_once(world):
    task = world.tc.post("issue", _task("x", transition={"id": "31"})).json()
    assert task["transition"]["status"] == 204
    assert world.tc.see(task["key"])["fields"]["status"]["name"] == "Done"
    failed = world.tc.post("issue", _task("x", transition={"id": "99"})).json()
    assert failed["transition"]["errorCollection"]["errorMessages"]


def test_bulk_fetch_answers_by_id_with_errors_for_what_cannot_be_seen(cloud):
    keys = [cloud.tc.create(f"no. {n}") for n in range(3)]
    cloud.tc.put(f"issue/{keys[0]}/properties/p", 1)
    cloud.tc.edit(keys[0], summary="renamed")
    wanted = {"issueIdsOrKeys": [keys[2], keys[0], "INT-99", keys[0]], "fields": ["summary"], "properties": ["p"]}
    seen = cloud.tc.post("issue/bulkfetch", wanted | {"expand": ["changelog", "transitions"]}).json()
    assert [issue["key"] for issue in seen["issues"]] == [keys[0], keys[2]]
    assert seen["issueErrors"] == [{"id": "INT-99", "errorMessage": "Issue not found"}]
    assert seen["issues"][0]["changelog"]["total"] == 1
    assert seen["issues"][0]["properties"] == {"p": 1}
    assert seen["issues"][0]["transitions"]


@pytest.mark.parametrize(
    "body",
    [
        {"issueIdsOrKeys": []},
        {"issueIdsOrKeys": ["INT-1"] * 101},
        {"issueIdsOrKeys": ["INT-1"], "properties": list("abcdef")},
    ],
)
def test_bulk_fetch_has_limits(cloud, body):
    assert cloud.tc.post("issue/bulkfetch", body).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "issue/bulkfetch"),
        ("GET", "issue/INT-1/changelog"),
        ("POST", "changelog/bulkfetch"),
        ("POST", "search/jql"),
        ("GET", "/rest/api/3/issue/INT-1"),
        ("POST", "dashboard"),
    ],
)
def test_data_center_lacks_what_only_cloud_has(datacenter, method, path):
    datacenter.tc.create()
    body = {"issueIdsOrKeys": ["INT-1"], "jql": "project = INT"} if method == "POST" else None
    assert datacenter.tc.ask(method, path, body).status_code == 404


def test_deleting_needs_consent_for_sub_tasks_and_rights(world):
    parent = world.tc.create()
    step = world.tc.create_step(parent)
    assert world.tc.delete(f"issue/{parent}").status_code == 400
    assert world.tc.delete(f"issue/{parent}", deleteSubtasks="true").status_code == 204
    assert {world.tc.ask("GET", f"issue/{key}").status_code for key in (parent, step)} == {404}
    other = world.tc.create()
    world.control("POST", "permissions/revoke", {"permission": "DELETE_ISSUES", "user": "tc"})
    assert world.tc.delete(f"issue/{other}").status_code == 403


# change logs


def test_a_long_change_log_is_cut_off_newest_first_on_cloud_and_whole_on_data_center(world):
    key = world.tc.create()
    for number in range(120):
        world.tc.edit(key, summary=f"no. {number}")
    log = world.tc.see(key, "changelog")["changelog"]
    told = [h["items"][0]["toString"] for h in log["histories"]]
    assert log["total"] == 120
    if world.jira.site.cloud:
        assert (len(told), told[0], told[-1]) == (100, "no. 119", "no. 20")
        bulk = world.tc.post("issue/bulkfetch", {"issueIdsOrKeys": [key], "expand": ["changelog"]}).json()
        assert len(bulk["issues"][0]["changelog"]["histories"]) == 40
    else:
        assert (len(told), told[0], told[-1]) == (120, "no. 0", "no. 119")


def test_cloud_pages_the_change_log_oldest_first(cloud):
    key = cloud.tc.create()
    for number in range(5):
        cloud.tc.edit(key, summary=f"no. {number}")
    first = cloud.tc.get(f"issue/{key}/changelog", maxResults=3)
    second = cloud.tc.get(f"issue/{key}/changelog", maxResults=3, startAt=3)
    told = [value["items"][0]["toString"] for page in (first, second) for value in page["values"]]
    assert told == [f"no. {n}" for n in range(5)]
    assert (first["isLast"], second["isLast"], first["total"]) == (False, True, 5)
    assert first["nextPage"].endswith("startAt=3")


def test_change_logs_of_several_issues_come_in_pages_and_by_field(cloud):
    keys = [cloud.tc.create() for _ in range(2)]
    for key in keys:
        cloud.tc.edit(key, summary="a")
        cloud.tc.edit(key, labels=["b"])
    page = cloud.tc.post("changelog/bulkfetch", {"issueIdsOrKeys": keys, "maxResults": 3}).json()
    assert [len(log["changeHistories"]) for log in page["issueChangeLogs"]] == [2, 1]
    rest = {"issueIdsOrKeys": keys, "maxResults": 3, "nextPageToken": page["nextPageToken"]}
    assert "nextPageToken" not in cloud.tc.post("changelog/bulkfetch", rest).json()
    labels = cloud.tc.post("changelog/bulkfetch", {"issueIdsOrKeys": keys, "fieldIds": ["labels"]}).json()
    assert [len(log["changeHistories"]) for log in labels["issueChangeLogs"]] == [1, 1]
    too_many = {"issueIdsOrKeys": keys, "fieldIds": list("abcdefghijk")}
    assert cloud.tc.post("changelog/bulkfetch", too_many).status_code == 400


def test_a_deleted_authors_entries_stay_without_an_author(cloud):
    key = cloud.client.create()
    cloud.client.edit(key, summary="x")
    del cloud.jira.site.users[cloud.jira.site.user_by_login("client").id]
    (entry,) = cloud.tc.see(key, "changelog")["changelog"]["histories"]
    assert "author" not in entry


# properties


def test_properties_are_set_read_listed_and_removed(world):
    key = world.tc.create()
    path = f"issue/{key}/properties/stagegate"
    assert world.service.put(path, {"version": 1}).status_code == 201
    assert world.service.put(path, {"version": 2}).status_code == 200
    assert world.service.get(path) == {"key": "stagegate", "value": {"version": 2}}
    assert [p["key"] for p in world.service.get(f"issue/{key}/properties")["keys"]] == ["stagegate"]
    assert world.service.delete(path).status_code == 204
    assert world.service.ask("GET", path).status_code == 404
    assert world.service.delete(path).status_code == 404
    assert world.tc.see(key, "changelog")["changelog"]["total"] == 0


@pytest.mark.parametrize("default", ["UNASSIGNED", "PROJECT_LEAD"])
def test_an_issue_for_nobody_goes_to_the_default_assignee(world, default):
    project = world.jira.site.project("INT")
    project.assignee_type = default
    assert world.tc.get("project/INT")["assigneeType"] == default
    lead = {"UNASSIGNED": None, "PROJECT_LEAD": project.lead_id}[default]
    name = "accountId" if world.jira.site.cloud else "name"
    for said in ({}, {"assignee": {name: "-1"}}):
        assert world.jira.site.issue(world.tc.create(**said)).values.get("assignee") == lead
    assert world.jira.site.issue(world.tc.create(assignee=None)).values["assignee"] is None


def test_long_texts_have_a_limit(world):
    key = world.tc.create(description="x" * 32_767)
    world.tc.post(f"issue/{key}/comment", {"body": "x" * 32_767}).raise_for_status()
    too_long, says = "x" * 32_768, "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
    for body, field in (
        ({"fields": {"description": too_long}}, "description"),
        ({"update": {"comment": [{"add": {"body": too_long}}]}}, "comment"),
    ):
        refused = world.tc.ask("PUT", f"issue/{key}", body)
        assert (refused.status_code, refused.json()["errors"]) == (400, {field: says})
    assert world.tc.ask("POST", f"issue/{key}/comment", {"body": too_long}).json()["errors"] == {"comment": says}


def test_properties_have_limits_and_need_the_right_to_edit(world):
    key = world.tc.create()
    assert world.tc.put(f"issue/{key}/properties/p", "x" * 32_769).status_code == 400
    assert world.tc.put(f"issue/{key}/properties/{'k' * 256}", 1).status_code == 400
    unreadable = world.tc.session.put(
        f"{world.jira.url}/rest/api/2/issue/{key}/properties/p",
        data="{",
        headers={"Content-Type": "application/json"},
        timeout=60,
    )
    assert unreadable.status_code == 400
    world.control("POST", "permissions/revoke", {"permission": "EDIT_ISSUES"})
    assert world.tc.put(f"issue/{key}/properties/p", 1).status_code == 403


# metadata


def test_edit_metadata_tells_the_edit_screen(world):
    fields = world.tc.get(f"issue/{world.tc.create()}/editmeta")["fields"]
    gate, feasibility = world.tc.field("Gate"), world.tc.field("Feasibility")
    assert [o["value"] for o in fields[feasibility]["allowedValues"]] == ["Feasible", "Not feasible"]
    assert (gate in fields) is not world.jira.site.cloud
    assert fields["priority"]["allowedValues"][0]["name"] == "Highest"
    assert fields["labels"]["operations"] == ["add", "set", "remove"]
    assert "autoCompleteUrl" in fields["assignee"]


def test_create_metadata_tells_types_and_their_fields(world):
    types = world.tc.get("issue/createmeta/INT/issuetypes")
    rows = types["issueTypes" if world.jira.site.cloud else "values"]
    assert [t["name"] for t in rows] == ["Integration", "Sub-task", "Bug", "Task"]
    page = world.tc.get(f"issue/createmeta/INT/issuetypes/{rows[0]['id']}", maxResults=200)
    fields = {f["key"]: f for f in page["fields" if world.jira.site.cloud else "values"]}
    assert fields["summary"]["required"]
    assert world.tc.field("Feasibility") in fields
    assert world.tc.ask("GET", "issue/createmeta/INT/issuetypes/1").status_code == 404


def test_the_older_create_metadata_can_be_narrowed(cloud):
    seen = cloud.tc.get(
        "issue/createmeta", projectKeys="INT", issuetypeNames="Sub-task", expand="projects.issuetypes.fields"
    )
    (kind,) = seen["projects"][0]["issuetypes"]
    assert kind["name"] == "Sub-task"
    assert "parent" in kind["fields"]
    assert "fields" not in cloud.tc.get("issue/createmeta")["projects"][0]["issuetypes"][0]


# comments and watchers


def test_comments_are_said_read_changed_and_removed(world):
    key = world.tc.create()
    said = world.tc.post(f"issue/{key}/comment", {"body": "first"}).json()
    world.client.post(f"issue/{key}/comment", {"body": "second"})
    path = f"issue/{key}/comment"
    assert [c["body"] for c in world.tc.get(path)["comments"]] == ["first", "second"]
    assert [c["body"] for c in world.tc.get(path, orderBy="-created", maxResults=1)["comments"]] == ["second"]
    assert world.tc.get(f"{path}/{said['id']}")["body"] == "first"
    assert world.tc.put(f"{path}/{said['id']}", {"body": "better"}).json()["body"] == "better"
    assert world.tc.delete(f"{path}/{said['id']}").status_code == 204
    assert world.tc.ask("GET", f"{path}/{said['id']}").status_code == 404
    assert world.tc.post(path, {"body": ""}).status_code == 400


@pytest.mark.parametrize(
    ("permission", "author"),
    [("EDIT_OWN_COMMENTS", "tc"), ("EDIT_ALL_COMMENTS", "client"), ("DELETE_OWN_COMMENTS", "tc"),
     ("DELETE_ALL_COMMENTS", "client")],
)  # fmt: skip
def test_comments_of_ones_own_and_of_others_need_different_rights(world, permission, author):
    key = world.tc.create()
    said = getattr(world, author).post(f"issue/{key}/comment", {"body": "x"}).json()["id"]
    world.control("POST", "permissions/revoke", {"permission": permission, "user": "tc"})
    path = f"issue/{key}/comment/{said}"
    refused = world.tc.put(path, {"body": "y"}) if "EDIT" in permission else world.tc.delete(path)
    assert refused.status_code == 400


def test_commenting_needs_permission(world):
    key = world.tc.create()
    world.control("POST", "permissions/revoke", {"permission": "ADD_COMMENTS"})
    assert world.tc.post(f"issue/{key}/comment", {"body": "x"}).status_code == 400


def test_people_watch_issues(world):
    key = world.tc.create()
    account = world.jira.credentials["client"].account
    assert world.tc.post(f"issue/{key}/watchers", account).status_code == 204
    assert world.tc.post(f"issue/{key}/watchers", account).status_code == 204
    seen = world.tc.get(f"issue/{key}/watchers")
    assert (seen["watchCount"], seen["isWatching"]) == (2, True)
    assert world.tc.see(key)["fields"]["watches"]["watchCount"] == 2
    name = "accountId" if world.jira.site.cloud else "username"
    assert world.tc.delete(f"issue/{key}/watchers", **{name: account}).status_code == 204
    assert world.tc.delete(f"issue/{key}/watchers", **{name: account}).status_code == 404
    assert world.tc.post(f"issue/{key}/watchers", "nobody").status_code == 404


# version 3


def test_version_3_has_documents_where_version_2_has_wiki_text(cloud):
    key = cloud.tc.create(description="one\n\ntwo")
    document = cloud.tc.get(f"/rest/api/3/issue/{key}")["fields"]["description"]
    assert [p["content"] for p in document["content"]] == [
        [{"type": "text", "text": "one"}],
        [],
        [{"type": "text", "text": "two"}],
    ]
    broken = {"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "a"}, {"type": "hardBreak"}]}]}  # fmt: skip
    assert cloud.tc.put(f"/rest/api/3/issue/{key}", {"fields": {"description": broken}}).status_code == 204
    assert cloud.tc.see(key)["fields"]["description"] == "a\n"
    said = cloud.tc.post(f"/rest/api/3/issue/{key}/comment", {"body": document}).json()
    assert said["body"]["type"] == "doc"
    assert cloud.tc.put(f"/rest/api/3/issue/{key}", {"fields": {"description": None}}).status_code == 204
    assert cloud.tc.get(f"/rest/api/3/issue/{key}")["fields"]["description"] is None


def test_version_3_refuses_a_plain_string(cloud):
    key = cloud.tc.create()
    reply = cloud.tc.put(f"/rest/api/3/issue/{key}", {"fields": {"description": "text"}})
    message = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    assert reply.json()["errors"] == {"description": message}
    assert cloud.tc.post(f"/rest/api/3/issue/{key}/comment", {"body": "text"}).status_code == 400
