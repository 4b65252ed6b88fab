"""Webhooks: what is sent for which write, how it is signed and repeated, and what faults do to it."""

import hashlib
import hmac
import json

import pytest
import requests
from werkzeug.serving import make_server

import jira_sandbox
from jira_sandbox import WebhookFault
from jira_sandbox.webhooks import Outbox, sign

SECRET = "It's a Secret to Everybody"


@pytest.fixture
def told(world, receiver):
    """The world with a receiver for its webhooks; returns the bodies once all are sent."""
    world.jira.sandbox.target("http://receiver.example/hook", SECRET)

    def bodies():
        assert world.jira.webhooks.wait_idle()
        return receiver.bodies

    return bodies


def test_the_published_known_answer_is_met():
    expected = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    assert sign(SECRET, b"Hello World!") == expected


def test_a_creation_is_told_with_the_issue_and_its_first_values(world, told):
    key = world.tc.create(labels=["a"], Project_Goals="more")
    (body,) = told()
    assert (body["webhookEvent"], body["issue_event_type_name"]) == ("jira:issue_created", "issue_created")
    assert body["issue"]["key"] == key
    assert body["issue"]["fields"][world.tc.field("Project Goals")] == "more"
    assert body["user"]["displayName"] == "Tess Consultant"
    items = {i["field"]: i["toString"] for i in body["changelog"]["items"]}
    assert items["Status"] == "Discovery"
    assert items["Project Goals"] == "more"
    assert isinstance(body["timestamp"], int)


def test_the_issues_own_address_is_malformed_on_cloud_as_really_sent(world, told):
    world.tc.create()
    (body,) = told()
    ending = "/rest/api/2/10000" if world.jira.site.cloud else "/rest/api/2/issue/10000"
    assert body["issue"]["self"].endswith(ending)


def test_a_sub_tasks_event_names_its_parent(world, told):
    parent = world.tc.create()
    world.tc.create_step(parent)
    assert told()[-1]["issue"]["fields"]["parent"]["key"] == parent


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (lambda tc, key: tc.edit(key, summary="new"), "issue_updated"),
        (lambda tc, key: tc.edit(key, assignee=None, summary="new"), "issue_updated"),
        (lambda tc, key: tc.move(key, "Requirements"), "issue_generic"),
    ],
)
def test_an_update_is_told_with_its_change_log(world, told, action, name):
    key = world.tc.create()
    action(world.tc, key)
    body = told()[-1]
    assert (body["webhookEvent"], body["issue_event_type_name"]) == ("jira:issue_updated", name)
    newest = max(world.tc.see(key, "changelog")["changelog"]["histories"], key=lambda h: int(h["id"]))
    assert body["changelog"] == {"id": newest["id"], "items": newest["items"]}


def test_an_assignment_has_an_event_type_of_its_own(world, told):
    key = world.tc.create()
    account = world.jira.credentials["tc"].account
    world.tc.edit(key, assignee={"accountId": account, "name": account})
    assert told()[-1]["issue_event_type_name"] == "issue_assigned"


def test_a_comment_with_an_edit_comes_apart_on_cloud_and_inside_on_data_center(world, told):
    key = world.tc.create()
    comments = [{"add": {"body": "first"}}, {"add": {"body": "second"}}]
    world.tc.put(f"issue/{key}", {"fields": {"summary": "new"}, "update": {"comment": comments}})
    _created, *events = told()
    if world.jira.site.cloud:
        assert [e["webhookEvent"] for e in events] == ["jira:issue_updated", "comment_created", "comment_created"]
        assert "comment" not in events[0]
        assert "user" not in events[1]
        assert events[1]["comment"]["body"] == "first"
        assert set(events[1]["issue"]["fields"]) == {
            "summary", "issuetype", "project", "assignee", "priority", "status",
        }  # fmt: skip
    else:
        assert [e["comment"]["body"] for e in events] == ["first", "second"]
        assert [e["issue_event_type_name"] for e in events] == ["issue_updated", "issue_commented"]
        assert ["changelog" in e for e in events] == [True, False]


def test_comments_alone_are_told_when_made_changed_and_removed(world, told):
    key = world.tc.create()
    said = world.tc.post(f"issue/{key}/comment", {"body": "x"}).json()["id"]
    world.tc.put(f"issue/{key}/comment/{said}", {"body": "y"})
    world.tc.delete(f"issue/{key}/comment/{said}")
    events = told()[1:]
    if world.jira.site.cloud:
        assert [e["webhookEvent"] for e in events] == ["comment_created", "comment_updated", "comment_deleted"]
    else:
        names = ["issue_commented", "issue_comment_edited", "issue_comment_deleted"]
        assert [e["issue_event_type_name"] for e in events] == names


def test_deletions_and_links_are_told(world, told):
    one, two = world.tc.create(), world.tc.create()
    world.tc.post("issueLink", {"type": {"name": "Blocks"}, "inwardIssue": {"key": one}, "outwardIssue": {"key": two}})
    world.tc.delete(f"issue/{one}")
    link, deleted = told()[2:]
    assert link["webhookEvent"] == "issuelink_created"
    assert (link["issueLink"]["sourceIssueId"], link["issueLink"]["destinationIssueId"]) == (10000, 10001)
    assert (deleted["webhookEvent"], deleted["issue"]["key"], "changelog" in deleted) == (
        "jira:issue_deleted",
        one,
        False,
    )


def test_a_move_is_told_as_such(world, told):
    world.admin.post("project", {"key": "OPS", "name": "Operations"})
    key = world.tc.create("x", "Task")
    world.control("POST", f"issues/{key}/move", {"project": "OPS"})
    assert told()[-1]["issue_event_type_name"] == "issue_moved"


def test_properties_and_edits_of_nothing_are_not_told(world, told):
    key = world.tc.create(labels=["a"])
    world.tc.put(f"issue/{key}/properties/p", 1)
    world.tc.edit(key, labels=["a"])
    assert len(told()) == 1


def test_each_body_is_signed_over_its_bytes(world, told, receiver):
    world.tc.create("Café ☕")
    told()
    headers, body = receiver.received[0]
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature"] == f"sha256={expected}"
    assert headers["User-Agent"] == "Atlassian Webhook HTTP Client"
    assert ("X-Atlassian-Webhook-Identifier" in headers) is world.jira.site.cloud


def test_without_a_secret_nothing_is_signed(cloud, receiver):
    cloud.jira.sandbox.target("http://receiver.example", None)
    cloud.tc.create()
    cloud.jira.webhooks.wait_idle()
    assert "X-Hub-Signature" not in receiver.received[0][0]


@pytest.mark.parametrize("answer", [0, 500, 503, 429, 408])
def test_cloud_repeats_what_failed_under_the_same_identifier(cloud, receiver, answer):
    cloud.jira.sandbox.target("http://receiver.example", SECRET)
    receiver.answers[:] = [answer, answer]
    cloud.tc.create()
    assert cloud.jira.webhooks.wait_idle()
    headers = [h for h, _ in receiver.received]
    assert len({h["X-Atlassian-Webhook-Identifier"] for h in headers}) == 1
    assert [h.get("X-Atlassian-Webhook-Retry") for h in headers] == [None, "1", "2"]
    assert cloud.jira.webhooks.deliveries[0].state == "delivered"


def test_cloud_gives_up_after_five_retries(cloud, receiver):
    cloud.jira.sandbox.target("http://receiver.example", SECRET)
    receiver.answers[:] = [500] * 6
    cloud.tc.create()
    assert cloud.jira.webhooks.wait_idle()
    assert (len(receiver.received), cloud.jira.webhooks.deliveries[0].state) == (6, "failed")


@pytest.mark.parametrize("answer", [400, 401, 404])
def test_a_plain_refusal_is_never_repeated(world, told, receiver, answer):
    receiver.answers[:] = [answer]
    world.tc.create()
    assert len(told()) == 1
    assert world.jira.webhooks.deliveries[0].state == "failed"


def test_data_center_does_not_repeat(datacenter, receiver):
    datacenter.jira.sandbox.target("http://receiver.example", SECRET)
    receiver.answers[:] = [503]
    datacenter.tc.create()
    assert datacenter.jira.webhooks.wait_idle()
    assert len(receiver.received) == 1


def test_only_wanted_events_of_wanted_issues_are_sent(world, receiver):
    world.jira.sandbox.target("http://r.example", events=("jira:issue_updated",), jql="type = Integration")
    key, task = world.tc.create(), world.tc.create("x", "Task")
    world.tc.edit(key, summary="new")
    world.tc.edit(task, summary="new")
    world.jira.webhooks.wait_idle()
    assert [(b["webhookEvent"], b["issue"]["key"]) for b in receiver.bodies] == [("jira:issue_updated", key)]


def test_a_query_without_conditions_wants_every_issue(world, receiver):
    world.jira.sandbox.target("http://r.example", jql="order by key")
    world.tc.create()
    world.jira.webhooks.wait_idle()
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("fault", "summaries"),
    [
        ({"action": "drop", "first": 1}, ["two", "three"]),
        ({"action": "drop", "every": 2}, ["one", "three"]),
        ({"action": "drop", "event": "deleted"}, ["one", "two", "three"]),
        ({"action": "duplicate", "first": 1}, ["one", "one", "two", "three"]),
        ({"action": "reorder", "first": 1}, ["two", "one", "three"]),
    ],
)
def test_faults_drop_double_and_reorder_deliveries(world, told, receiver, fault, summaries):
    world.jira.webhooks.faults.append(WebhookFault(**fault))
    world.jira.webhooks.pause()
    for summary in ("one", "two", "three"):
        world.tc.create(summary)
    world.jira.webhooks.resume()
    assert [b["issue"]["fields"]["summary"] for b in told()] == summaries


def test_a_reordered_delivery_that_nothing_overtakes_is_sent_after_a_while(world, told):
    world.jira.webhooks.faults.append(WebhookFault(action="reorder"))
    world.tc.create()
    assert len(told()) == 1


def test_deliveries_can_be_held_back(world, told, receiver):
    world.control("PUT", "webhooks", {"paused": True})
    world.tc.create()
    assert world.control("POST", "webhooks/wait?timeout=0.05").json() == {"idle": False}
    assert receiver.received == []
    world.control("PUT", "webhooks", {"paused": False})
    assert world.control("POST", "webhooks/wait").json() == {"idle": True}
    assert len(told()) == 1


def test_a_delivery_can_be_sent_again(world, told, receiver):
    world.tc.create()
    told()
    delivery = world.control("GET", "webhooks").json()["deliveries"][0]
    assert (delivery["event"], delivery["state"], delivery["outcomes"]) == ("jira:issue_created", "delivered", [202])
    assert world.control("POST", f"webhooks/{delivery['id']}/resend").status_code == 204
    assert len(told()) == 2
    assert world.control("POST", "webhooks/none/resend").status_code == 404


def test_the_target_is_set_over_http(world, receiver):
    body = {"url": "http://r.example/x", "secret": "s", "events": ["jira:issue_created"], "backoff": 0.5}
    told = world.control("PUT", "webhooks", body).json()
    assert (told["targets"][0]["url"], told["targets"][0]["events"]) == ("http://r.example/x", ["jira:issue_created"])
    assert world.jira.webhooks.backoff == 0.5
    fault = world.control("POST", "webhooks/faults", {"action": "drop", "first": 1})
    assert fault.status_code == 201
    world.tc.create()
    assert world.control("GET", "webhooks").json()["deliveries"][0]["state"] == "dropped"
    assert world.control("DELETE", "webhooks/faults").status_code == 204
    assert world.jira.webhooks.faults == []


def test_deliveries_really_travel_over_http():
    """With the sandbox's own sender, to a receiver on loopback, with a query string in its address."""
    received = []

    def receiver(environ, start_response):
        size = int(environ["CONTENT_LENGTH"])
        received.append((environ["QUERY_STRING"], environ["HTTP_X_HUB_SIGNATURE"], environ["wsgi.input"].read(size)))
        start_response("202 Accepted", [("Content-Length", "0")])
        return [b""]

    import threading

    server = make_server("127.0.0.1", 0, receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/hook?from=jira"
    try:
        with jira_sandbox.running(webhook_url=url, webhook_secret=SECRET) as jira:
            issue = {"project": {"key": "INT"}, "issuetype": {"name": "Task"}, "summary": "x"}
            requests.post(
                f"{jira.url}/rest/api/2/issue",
                json={"fields": issue},
                auth=jira.credentials["tc"].basic,
                timeout=60,
            ).raise_for_status()
            assert jira.webhooks.wait_idle()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    ((query, signature, body),) = received
    assert (query, signature) == ("from=jira", sign(SECRET, body))
    assert json.loads(body)["issue"]["key"] == "INT-1"


def test_an_outbox_that_never_sent_anything_stops_at_once():
    Outbox().stop()
