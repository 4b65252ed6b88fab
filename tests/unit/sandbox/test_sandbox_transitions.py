"""Transitions: what is offered, what is refused, what comes with them, and links, moves between projects."""

import threading

import pytest


def _names(person, key, **parameters):
    return {t["name"] for t in person.get(f"issue/{key}/transitions", **parameters)["transitions"]}


def test_the_strict_workflow_offers_the_edges_of_the_process(world):
    key = world.tc.create()
    assert _names(world.tc, key) == {"Start requirements", "Decline", "Cancel"}
    world.tc.move(key, "Requirements")
    world.tc.move(key, "Development")
    assert _names(world.tc, key) == {
        "Start certification",
        "Cancel",
        "Back to discovery",
        "Back to requirements",
    }


def test_the_open_workflow_leads_from_everywhere_to_everywhere(world):
    world.control("PUT", "workflow", {"style": "open"})
    key = world.tc.create()
    world.tc.move(key, "Live")
    assert len(_names(world.tc, key)) == 8


def test_a_move_is_told_with_ids_and_its_resolution_in_one_entry(world):
    step = world.tc.create_step(world.tc.create())
    assert world.tc.move(step, "Done").status_code == 204
    seen = world.tc.see(step, "changelog")
    (entry,) = seen["changelog"]["histories"]
    items = {i["field"]: i for i in entry["items"]}
    done, to_do = world.jira.site.status_named("Done").id, world.jira.site.status_named("To Do").id
    assert (items["status"]["from"], items["status"]["to"]) == (to_do, done)
    assert (items["status"]["fromString"], items["status"]["toString"]) == ("To Do", "Done")
    assert items["resolution"]["toString"] == seen["fields"]["resolution"]["name"] == "Done"
    assert seen["fields"]["resolutiondate"]
    world.tc.move(step, "To Do")
    reopened = world.tc.see(step)["fields"]
    assert (reopened["resolution"], reopened["resolutiondate"]) == (None, None)


def test_the_date_of_the_status_category_changes_with_the_category_only(cloud):
    step = cloud.tc.create_step(cloud.tc.create())
    cloud.tc.move(step, "Done")
    first = cloud.tc.see(step)["fields"]["statuscategorychangedate"]
    cloud.jira.clock.advance(days=1)
    cloud.tc.move(step, "Won't Do")
    assert cloud.tc.see(step)["fields"]["statuscategorychangedate"] == first


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing 'transition' identifier"),
        ({"transition": {"name": "Cancel"}}, "Missing 'transition' identifier"),
        ({"transition": {"id": "9999"}}, "Transition id '9999' is not valid for this issue."),
    ],
)
def test_a_transition_that_cannot_be_made_is_refused(world, body, message):
    reply = world.tc.post(f"issue/{world.tc.create()}/transitions", body)
    assert (reply.status_code, reply.json()["errorMessages"]) == (400, [message])


def test_a_transition_without_a_screen_drops_its_comment_silently(world):
    key = world.tc.create()
    reply = world.tc.move(key, "Requirements", update={"comment": [{"add": {"body": "on we go"}}]})
    assert reply.status_code == 204
    assert world.tc.see(key)["fields"]["comment"]["total"] == 0


def test_a_transition_without_a_screen_refuses_fields(world):
    key = world.tc.create()
    reply = world.tc.move(key, "Requirements", fields={"labels": ["x"]})
    assert reply.status_code == 400
    assert set(reply.json()["errors"]) == {"labels"}
    assert world.tc.see(key)["fields"]["status"]["name"] == "Discovery"


def test_a_transition_with_a_screen_takes_its_fields_and_the_comment(world):
    world.control("PUT", "workflow", {"style": "open", "failure_screen": True})
    key = world.tc.create()
    world.tc.move(key, "Certification")
    feedback = world.tc.field("Certification Feedback")
    offered = world.tc.get(f"issue/{key}/transitions", expand="transitions.fields")["transitions"]
    back = next(t for t in offered if t["to"]["name"] == "Development")
    assert set(back["fields"]) == {feedback, world.tc.field("Failure Reasons")}
    assert back["hasScreen"]
    reply = world.integrations.move(
        key,
        "Development",
        fields={feedback: "Duplicate calls"},
        update={"comment": [{"add": {"body": "see the feedback"}}]},
        properties=[{"key": "p", "value": 1}],
    )
    assert reply.status_code == 204
    seen = world.tc.see(key, "changelog", properties="p")
    last = max(seen["changelog"]["histories"], key=lambda h: int(h["id"]))
    assert [i["field"] for i in last["items"]] == ["Certification Feedback", "status"]
    assert [c["body"] for c in seen["fields"]["comment"]["comments"]] == ["see the feedback"]
    assert seen["properties"] == {"p": 1}


def test_a_native_condition_hides_the_way_forward_until_the_field_allows_it(world):
    world.control("PUT", "workflow", {"style": "strict", "gate_condition": True})
    key = world.tc.create()
    assert _names(world.tc, key) == {"Decline", "Cancel"}
    assert "Start requirements" in _names(world.tc, key, includeUnavailableTransitions="true")
    world.service.edit(key, Gate={"value": "Open"})
    assert "Start requirements" in _names(world.tc, key)


def test_without_permission_no_transition_is_offered(world):
    key = world.tc.create()
    world.control("POST", "permissions/revoke", {"permission": "TRANSITION_ISSUES", "user": "tc"})
    assert _names(world.tc, key) == set()
    assert world.tc.post(f"issue/{key}/transitions", {"transition": {"id": "11"}}).status_code == 400


def test_one_transition_can_be_asked_for(world):
    key = world.tc.create()
    assert len(_names(world.tc, key, transitionId="11")) == 1


def test_a_second_transition_at_the_same_time_is_a_conflict(world):
    key = world.tc.create()
    assert world.control("PUT", "transitions", {"seconds": 0.3}).json() == {"seconds": 0.3}
    answers = []
    threads = [
        threading.Thread(target=lambda who=who: answers.append(who.move(key, "Requirements").status_code))
        for who in (world.tc, world.client)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [204, 409]
    assert world.tc.see(key)["fields"]["status"]["name"] == "Requirements"


# links


def test_a_link_reads_differently_from_either_end(world):
    blocker, blocked = world.tc.create("blocker"), world.tc.create("blocked")
    body = {"type": {"name": "Blocks"}, "inwardIssue": {"key": blocker}, "outwardIssue": {"key": blocked}}
    assert world.tc.post("issueLink", body | {"comment": {"body": "waits"}}).status_code == 201
    (seen,) = world.tc.see(blocked, "changelog")["fields"]["issuelinks"]
    assert (seen["type"]["inward"], seen["inwardIssue"]["key"]) == ("is blocked by", blocker)
    (other,) = world.tc.see(blocker)["fields"]["issuelinks"]
    assert other["outwardIssue"]["key"] == blocked
    (item,) = world.tc.see(blocked, "changelog")["changelog"]["histories"][0]["items"]
    assert (item["field"], item["to"], item["toString"]) == ("Link", blocker, f"This issue is blocked by {blocker}")
    assert "fieldId" not in item
    assert world.tc.see(blocker)["fields"]["comment"]["total"] == 1
    link = world.tc.get(f"issueLink/{seen['id']}")
    assert (link["inwardIssue"]["key"], link["outwardIssue"]["key"]) == (blocker, blocked)
    assert world.tc.delete(f"issueLink/{seen['id']}").status_code == 204
    assert world.tc.see(blocked)["fields"]["issuelinks"] == []
    assert world.tc.ask("GET", f"issueLink/{seen['id']}").status_code == 404


def test_links_need_a_known_kind_and_permission(world):
    ends = {"inwardIssue": {"key": world.tc.create()}, "outwardIssue": {"key": world.tc.create()}}
    assert world.tc.post("issueLink", ends | {"type": {"name": "Hugs"}}).status_code == 404
    world.control("POST", "permissions/revoke", {"permission": "LINK_ISSUES"})
    assert world.tc.post("issueLink", ends | {"type": {"id": "10000"}}).status_code == 403


def test_deleting_an_issue_removes_its_links(world):
    one, two = world.tc.create(), world.tc.create()
    world.tc.post("issueLink", {"type": {"name": "Relates"}, "inwardIssue": {"key": one}, "outwardIssue": {"key": two}})
    world.tc.delete(f"issue/{one}")
    assert world.tc.see(two)["fields"]["issuelinks"] == []


# moves


def test_a_moved_issue_keeps_its_id_and_is_found_by_its_old_key(world):
    world.admin.post("project", {"key": "OPS", "name": "Operations"})
    key = world.tc.create("x", "Task")
    issue_id = world.tc.see(key)["id"]
    assert world.control("POST", f"issues/{key}/move", {"project": "OPS"}).json() == {"key": "OPS-1"}
    seen = world.tc.see(key, "changelog")
    assert (seen["id"], seen["key"]) == (issue_id, "OPS-1")
    items = seen["changelog"]["histories"][0]["items"]
    assert [i["field"] for i in items] == ["project", "Key", "status"]
    assert items[2]["from"] == items[2]["to"]


def test_a_move_needs_another_project_that_knows_the_type(world):
    world.admin.post("project", {"key": "OPS", "name": "Operations"})
    key = world.tc.create()
    assert world.control("POST", f"issues/{key}/move", {"project": "OPS"}).status_code == 400
    assert world.control("POST", f"issues/{key}/move", {"project": "INT"}).status_code == 404
    assert world.control("POST", "issues/INT-99/move", {"project": "OPS"}).status_code == 404


@pytest.mark.parametrize(("status", "left"), [("Done", "Done"), ("Certified", "To Do")])
def test_a_sub_task_becomes_an_issue_of_its_own(world, status, left):
    parent = world.tc.create()
    step = world.tc.create_step(parent)
    world.tc.move(step, status)
    assert world.control("POST", f"issues/{step}/promote", {"type": "Task"}).json() == {"key": step}
    seen = world.tc.see(step, "changelog")
    assert seen["fields"]["parent"] is None
    assert (seen["fields"]["issuetype"]["name"], seen["fields"]["status"]["name"]) == ("Task", left)
    newest = max(seen["changelog"]["histories"], key=lambda h: int(h["id"]))
    assert [i["field"] for i in newest["items"]] == ["Parent", "issuetype"]
    assert world.tc.see(parent)["fields"]["subtasks"] == []
    assert world.control("POST", f"issues/{step}/promote", {"type": "Task"}).status_code == 404
