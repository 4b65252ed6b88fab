"""The switches: faults, clock, log, permissions, names, state."""

import socket
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ReadTimeout

import jira_sandbox
from jira_sandbox import Fault
from jira_sandbox.errors import JiraError

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 409])
def test_a_status_is_answered_before_anything_is_done(world, status):
    world.jira.faults.add(Fault(action="status", status=status, method="POST", first=1))
    body = {"fields": {"project": {"key": "INT"}, "issuetype": {"name": "Task"}, "summary": "x"}}
    reply = world.tc.post("issue", body)
    assert reply.status_code == status
    assert "Retry-After" not in reply.headers
    assert world.jira.site.issues == {}
    assert world.tc.post("issue", body).status_code == 201


def test_retry_after_comes_in_seconds_or_as_a_date(world):
    world.jira.clock.freeze(NOON)
    world.jira.faults.add(Fault(action="status", status=429, retry_after=7, reason="jira-burst-based", first=1))
    reply = world.tc.ask("GET", "field")
    assert (reply.headers["Retry-After"], reply.headers["RateLimit-Reason"]) == ("7", "jira-burst-based")
    world.jira.faults.add(Fault(action="status", retry_after=30, retry_after_date=True, message="Wartung", first=1))
    dated = world.tc.ask("GET", "field")
    assert dated.headers["Retry-After"] == "Wed, 04 Mar 2026 12:00:30 GMT"
    assert dated.json()["errorMessages"] == ["Wartung"]


def test_a_reset_before_the_write_leaves_nothing_and_one_after_it_leaves_the_issue(world):
    body = {"fields": {"project": {"key": "INT"}, "issuetype": {"name": "Task"}, "summary": "x"}}
    for action, issues in (("reset_before", 0), ("reset_after", 1)):
        world.jira.faults.add(Fault(action=action, path="/issue$", first=1))
        with pytest.raises(requests.ConnectionError):
            world.tc.post("issue", body)
        assert len(world.jira.site.issues) == issues


def test_what_a_client_that_dies_has_not_said_to_its_end_was_never_asked(world):
    request = requests.Request(
        "POST",
        f"{world.jira.url}/rest/api/2/issue",
        json={"fields": {"project": {"key": "INT"}, "issuetype": {"name": "Task"}, "summary": "x"}},
    )
    whole = world.tc.session.prepare_request(request)
    length = len(whole.body)
    for said in (b"", whole.body[: length // 2], whole.body):
        head = f"POST /rest/api/2/issue HTTP/1.1\r\nHost: jira\r\nAuthorization: {whole.headers['Authorization']}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {length + 1}\r\n\r\n"
        at = urlsplit(world.jira.url)
        with socket.create_connection((at.hostname, at.port)) as client:
            client.sendall(head.encode() + said)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(100) == b""
    assert world.jira.site.issues == {}
    assert world.tc.session.send(whole, timeout=60).status_code == 201


def test_a_truncated_body_breaks_off(world):
    world.jira.faults.add(Fault(action="truncate", first=1))
    with pytest.raises(ChunkedEncodingError):
        world.tc.ask("GET", "field")


def test_a_login_page_comes_instead_of_json(world):
    world.jira.faults.add(Fault(action="html", first=1))
    page = world.tc.session.get(f"{world.jira.url}/rest/api/2/field", timeout=60)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    world.jira.faults.add(Fault(action="redirect", first=1))
    away = world.tc.session.get(f"{world.jira.url}/rest/api/2/field", timeout=60, allow_redirects=False)
    assert (away.status_code, away.headers["Location"]) == (302, "/login.jsp")


def test_a_slow_answer_takes_its_time(world):
    world.jira.faults.add(Fault(action="slow", ms=80, first=1))
    began = time.monotonic()
    world.tc.get("field")
    assert time.monotonic() - began >= 0.08


def test_a_hanging_request_ends_with_the_client_or_the_sandbox():
    with jira_sandbox.running() as jira:
        jira.faults.add(Fault(action="hang"))
        with pytest.raises(ReadTimeout):
            requests.get(f"{jira.url}/rest/api/2/serverInfo", timeout=0.1)


def test_rules_choose_by_method_path_caller_and_count(world):
    rule = world.jira.faults.add(Fault(action="status", method="get", path="field", caller="tc", every=2, first=2))
    answers = [world.tc.ask("GET", "field").status_code for _ in range(6)]
    assert answers == [200, 503, 200, 503, 200, 200]
    assert world.client.ask("GET", "field").status_code == 200
    assert world.tc.ask("GET", "priority").status_code == 200
    assert (rule.seen, rule.done) == (4, 2)


@pytest.mark.parametrize(
    "body",
    [
        {"action": "explode"},
        {"action": "hang", "every": 0},
        {"action": "hang", "path": "("},
        {"action": "hang", "colour": "red"},
        {},
    ],
)
def test_a_rule_that_could_never_work_is_refused(world, body):
    assert world.control("POST", "faults", body).status_code == 400


def test_rules_are_set_listed_and_lifted_over_http(world):
    assert world.control("POST", "faults", {"action": "status", "status": 502, "path": "/field"}).status_code == 201
    assert world.tc.ask("GET", "field").status_code == 502
    (rule,) = world.control("GET", "faults").json()
    assert (rule["action"], rule["done"]) == ("status", 1)
    assert world.control("DELETE", "faults").status_code == 204
    assert world.tc.ask("GET", "field").status_code == 200


def test_the_clock_can_be_set_advanced_frozen_and_let_go(world):
    assert world.control("POST", "clock", {"set": "2026-03-04T12:00:00+00:00", "frozen": True}).json()["frozen"]
    world.control("POST", "clock", {"set": "2026-03-04T12:00:00+00:00"})
    told = world.control("POST", "clock", {"advance": {"days": 3}}).json()
    assert told == {"now": "2026-03-07T12:00:00+00:00", "frozen": True}
    reply = world.tc.ask("GET", "field")
    assert reply.headers["Date"] == "Sat, 07 Mar 2026 12:00:00 GMT"
    key = world.tc.create()
    assert world.tc.see(key)["fields"]["created"] == "2026-03-07T12:00:00.000+0000"
    assert world.control("POST", "clock", {"frozen": False}).json()["frozen"] is False
    assert world.control("GET", "clock").json()["now"].startswith("2026-03-07T12:00:")


@pytest.mark.parametrize("body", [{"set": "soon"}, {"set": "2026-01-01T00:00:00"}, {"advance": {"moons": 1}}])
def test_a_clock_takes_only_moments_and_durations(world, body):
    assert world.control("POST", "clock", body).status_code == 400


def test_the_sites_time_zone_shows_in_timestamps(world):
    world.jira.clock.freeze(NOON)
    world.jira.site.time_zone = "America/New_York"
    assert world.tc.see(world.tc.create())["fields"]["created"] == "2026-03-04T07:00:00.000-0500"


def test_requests_are_counted_by_operation_and_caller(world):
    key = world.tc.create()
    world.tc.see(key)
    world.client.see(key)
    world.tc.ask("GET", "/rest/api/latest/field")
    world.tc.ask("GET", "/nothing")
    log = world.jira.requests
    operation = "GET /rest/api/2/issue/{issueIdOrKey}"
    assert log.by_operation()[operation] == 2
    assert log.by_operation("tc") == {
        "GET /nothing": 1,
        operation: 1,
        "GET /rest/api/2/field": 1,
        "POST /rest/api/2/issue": 1,
    }
    assert (log.total(), log.total("tc"), log.total("tc", ("POST",))) == (5, 4, 1)
    told = world.control("GET", "requests").json()
    assert told["callers"] == {"client": 1, "tc": 4}
    assert told["requests"][0]["status"] == 201
    assert world.control("DELETE", "requests").status_code == 204
    assert log.total() == 0


def test_faults_are_noted_in_the_log(world):
    world.jira.faults.add(Fault(action="status", status=500))
    world.tc.ask("GET", "field")
    requests.get(f"{world.jira.url}/rest/api/2/field", headers={"Authorization": "Bearer x"}, timeout=60)
    assert [(e.caller, e.status, e.fault) for e in world.jira.requests.entries] == [
        ("tc", 500, "status"),
        ("unauthenticated", 500, "status"),
    ]


def test_permissions_screens_and_names_are_checked_before_they_change(world):
    control = world.control
    assert control("POST", "permissions/revoke", {"permission": "FLY"}).status_code == 400
    assert control("POST", "permissions/revoke", {"permission": "EDIT_ISSUES", "user": "no"}).status_code == 404
    assert control("POST", "screens/remove", {"field": "No such"}).status_code == 404
    assert control("POST", "statuses/rename", {"from": "No such", "to": "x"}).status_code == 404
    assert control("PUT", "workflow", {"style": "sideways"}).status_code == 400
    assert control("PUT", "workflow", {"style": "open", "colour": 1}).status_code == 400
    assert control("POST", "reset", {"colour": 1}).status_code == 400


def test_fields_and_statuses_are_renamed_and_keep_their_ids(world):
    key = world.tc.create()
    field_id, status_id = world.tc.field("Gate"), world.jira.site.status_named("Discovery").id
    world.control("POST", "fields/rename", {"from": "Gate", "to": "Barrier"})
    world.control("POST", "statuses/rename", {"from": "Discovery", "to": "Exploration"})
    assert world.tc.field("Barrier") == field_id
    status = world.tc.see(key)["fields"]["status"]
    assert (status["name"], status["id"]) == ("Exploration", status_id)
    assert world.tc.search("Barrier is EMPTY and status = Exploration") == [key]


def test_a_field_leaves_one_screen_or_all(world):
    assert world.control("POST", "screens/remove", {"field": "labels", "screen": "INT: edit"}).json() == {
        "screens": ["INT: edit"]
    }
    left = world.control("POST", "screens/remove", {"field": "labels"}).json()["screens"]
    assert "INT: create" in left


def test_the_state_can_be_looked_at(world):
    account = world.jira.credentials["tc"].account
    key = world.tc.create(
        Technical_Consultant={"accountId": account, "name": account},
        Failure_Reasons=[{"value": "other"}],
        Feasibility={"value": "Feasible"},
    )
    world.service.edit(key, Last_Refusal="2026-01-02T03:04:05.000+0000")
    step = world.tc.create_step(key)
    world.tc.move(step, "Done")
    world.tc.post(f"issue/{key}/comment", {"body": "said"})
    del world.jira.site.users[world.jira.site.user_by_login("service").id]
    first, second = world.control("GET", "state").json()["issues"]
    assert first["fields"]["Failure Reasons"] == ["other"]
    assert (first["fields"]["Feasibility"], first["fields"]["Technical Consultant"]) == ("Feasible", "tc")
    assert first["fields"]["Last Refusal"] == "2026-01-02T03:04:05.000+0000"
    assert first["comments"] == [{"author": "tc", "body": "said"}]
    assert first["changes"][0]["author"] is None
    assert (second["parent"], second["status"], second["resolution"]) == (key, "Done", "Done")
    assert second["changes"][0]["items"][-1] == {"field": "status", "from": "To Do", "to": "Done"}


def test_a_reset_starts_over_at_the_same_address(world):
    world.jira.sandbox.target("http://r.example")
    world.tc.create()
    told = world.control("POST", "reset", {"workflow": "open"}).json()
    assert told["url"] == world.jira.url
    assert world.control("GET", "state").json()["issues"] == []
    assert world.control("GET", "").json()["webhook_url"] == "http://r.example"
    assert len(world.tc.get(f"issue/{world.tc.create()}/transitions")["transitions"]) == 8
    assert world.control("POST", "reset").status_code == 200


def test_a_given_site_can_take_the_place_of_the_preset(served):
    site = jira_sandbox.make_site()
    site.title = "Ours"
    assert served.reset(site) is served.site
    told = requests.get(f"{served.url}/rest/api/2/serverInfo", timeout=60).json()
    assert told["serverTitle"] == "Ours"


def test_unknown_names_are_told(world):
    for look in (world.jira.site.field_named, world.jira.site.status_named):
        with pytest.raises(KeyError):
            look("No such")
    with pytest.raises(KeyError):
        jira_sandbox.preset.person(world.jira.site, "nobody")


def test_an_error_carries_its_words():
    error = JiraError(400, "a", errors={"b": "c"})
    assert error.body() == {"errorMessages": ["a"], "errors": {"b": "c"}}
