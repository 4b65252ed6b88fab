"""What each failure is called, what it says, and what is sent again: seen from what reached Jira."""

import pytest
import requests
import urllib3.exceptions as lower

from sync_service.jira.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotJira,
    ServerFault,
    Unanswered,
    Unauthorized,
    Unreachable,
)

RESET = requests.ConnectionError(lower.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))
REFUSED = requests.ConnectionError(
    lower.MaxRetryError(None, "/", lower.NewConnectionError(None, "Connection refused"))  # type: ignore[arg-type]
)
CUT = requests.exceptions.ChunkedEncodingError(lower.ProtocolError("broken", lower.IncompleteRead(10, 90)))
SLOW = requests.ReadTimeout(lower.ReadTimeoutError(None, "/", "Read timed out."))  # type: ignore[arg-type]
NO_HOST = requests.ConnectTimeout(
    lower.MaxRetryError(None, "/", lower.ConnectTimeoutError("timed out"))  # type: ignore[arg-type]
)
GONE = (404, {"errorMessages": ["Issue does not exist"], "errors": {}})
HALF = (200, '{"issues": [{')
SSO = (302, "", {"Location": "https://sso.acme.example/"})
HTML = (200, "<!DOCTYPE html><html><head><title>Sign in</title></head></html>")

CALLS = {
    "read": lambda jira: jira.issue("10001"),
    "search": lambda jira: list(jira.search("project = INT")),
    "set": lambda jira: jira.edit_issue("10001", fields={"summary": "x"}),
    "property": lambda jira: jira.put_property("10001", "stagegate", {"version": 1}),
    "comment": lambda jira: jira.edit_issue("10001", update={"comment": [{"add": {"body": "once"}}]}),
    "create": lambda jira: jira.create_issues([{"fields": {"summary": "x"}}]),
    "transition": lambda jira: jira.transition("10001", "31"),
}
PATHS = {
    "read": ("GET", "/issue/10001"),
    "search": ("POST", "/search/jql"),
    "set": ("PUT", "/issue/10001"),
    "property": ("PUT", "/issue/10001/properties/stagegate"),
    "comment": ("PUT", "/issue/10001"),
    "create": ("POST", "/issue/bulk"),
    "transition": ("POST", "/issue/10001/transitions"),
}
READS, SETS, ACTS = ("read", "search"), ("set", "property"), ("comment", "create", "transition")


def failing(wire, jira, call, *answers):
    method, path = PATHS[call]
    wire.on(method, "/rest/api/2" + path, *answers)
    with pytest.raises(Exception) as failed:
        CALLS[call](jira)
    return failed.value


def cases():
    for call in READS + SETS + ACTS:
        acts, reads = call in ACTS, call in READS
        lost = Unreachable if reads else Unanswered
        often = 1 if acts else 3
        yield pytest.param(call, RESET, lost, often, id=f"{call}-reset")
        yield pytest.param(call, CUT, lost, often, id=f"{call}-body cut off")
        yield pytest.param(call, SLOW, lost, 1, id=f"{call}-no answer in time")
        yield pytest.param(call, REFUSED, Unreachable, 3, id=f"{call}-connection refused")
        yield pytest.param(call, NO_HOST, Unreachable, 1, id=f"{call}-no connection in time")
        yield pytest.param(call, (503, ""), ServerFault, often, id=f"{call}-503 without header")
        yield pytest.param(call, (502, "<html>"), Unanswered if acts else ServerFault, often, id=f"{call}-502")
        yield pytest.param(call, (504, ""), Unanswered if acts else ServerFault, often, id=f"{call}-504")
        yield pytest.param(call, (500, ""), ServerFault, 3 if reads else 1, id=f"{call}-500")
        yield pytest.param(call, HALF, NotJira if reads else Unanswered, often, id=f"{call}-half JSON")
        yield pytest.param(call, HTML, NotJira if reads else Unanswered, 1, id=f"{call}-a web page")
        yield pytest.param(call, (409, {"errorMessages": ["busy"]}), Conflict, 1, id=f"{call}-409")
        yield pytest.param(call, (403, {"errorMessages": ["no"]}), Forbidden, 1, id=f"{call}-403")
        yield pytest.param(call, (401, ""), Unauthorized, 1, id=f"{call}-401")
        yield pytest.param(call, GONE, NotFound, 1, id=f"{call}-404")
        yield pytest.param(call, (404, "<html>"), NotJira, 1, id=f"{call}-404 of a proxy")
        yield pytest.param(call, SSO, NotJira, 1, id=f"{call}-redirect")


@pytest.mark.parametrize(("call", "answer", "error", "reached"), list(cases()))
def test_each_failure_has_a_name_and_only_the_safe_is_sent_again(wire, jira, time, call, answer, error, reached):
    """A reading or an idempotent write is sent three times at most, a create, transition or comment once."""
    failed = failing(wire, jira, call, answer)
    assert type(failed) is error
    assert len(wire.received) == reached
    assert time.waited == {1: 0, 3: 1.125}[reached]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, Unauthorized),
        ({"X-Seraph-LoginReason": "OK", "X-AUSERNAME": "stagegate"}, Forbidden),
        ({"X-Seraph-LoginReason": "OK, OK"}, Forbidden),
        ({"X-Seraph-LoginReason": "OUT"}, Unauthorized),
        ({"X-Seraph-LoginReason": "OK, AUTHENTICATED_FAILED"}, Unauthorized),
    ],
)
def test_a_401_of_a_data_center_that_let_us_in_is_about_a_permission(wire, jira, headers, error):
    said = {"errorMessages": ["You cannot edit the configuration of this project."], "errors": {}}
    failed = failing(wire, jira, "read", (401, said, headers))
    assert type(failed) is error
    assert failed.messages == ("You cannot edit the configuration of this project",)
    assert ("token" in str(failed)) == (error is Unauthorized)


@pytest.mark.parametrize("call", READS + SETS)
def test_a_passing_trouble_is_not_noticed(wire, jira, call):
    """After a reset and a 503 the third answer counts."""
    method, path = PATHS[call]
    wire.on(method, "/rest/api/2" + path, RESET, (503, ""), (200, {"id": "10001", "issues": []}))
    CALLS[call](jira)
    assert len(wire.received) == 3


def test_a_create_whose_answer_was_lost_is_made_once(wire, jira):
    """The package `jira` sends it again, and there are two."""
    failed = failing(wire, jira, "create", RESET, (201, {"issues": [{"id": "1", "key": "INT-1"}], "errors": []}))
    assert len(wire.received) == 1
    assert isinstance(failed, Unanswered)
    assert failed.repeatable
    assert "may have happened" in str(failed)


def test_what_a_worker_needs_to_know(wire, jira):
    """A 500 may be one issue's own; a 503 is the site's."""
    assert not failing(wire, jira, "read", (500, "")).site_wide
    assert failing(wire, jira, "create", (503, "")).site_wide
    assert not failing(wire, jira, "transition", (409, "")).site_wide


def test_jiras_words_are_kept_with_the_names_of_the_fields(wire, jira):
    """The package `jira` drops either `errorMessages` or the names (its `parse_errors`)."""
    body = {
        "errorMessages": ["Le champ est vérouillé."],
        "errors": {"customfield_10031": "La valeur « 3 » est invalide.", "summary": {"odd": True}},
    }
    failed = failing(wire, jira, "set", (400, body, {"Atl-Traceid": "abc123"}))
    assert isinstance(failed, Invalid)
    assert failed.messages == ("Le champ est vérouillé",)
    assert failed.fields == {"customfield_10031": "La valeur « 3 » est invalide", "summary": '{"odd": true}'}
    assert (failed.status, failed.operation, failed.request_id) == (400, "PUT issue", "abc123")
    assert "customfield_10031: La valeur « 3 » est invalide" in str(failed)
    assert failed.answer == body


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ({"errorMessages": None, "errors": None}, ()),
        ({"errorMessages": "one text"}, ("one text",)),
        ({"errorMessages": ["a", "a", None]}, ("a",)),
        ({"errorMessage": "Service temporarily unavailable"}, ("Service temporarily unavailable",)),
        ({"errors": ["in a list"]}, ("in a list",)),
        ({"message": {"nested": 1}}, ('{"nested": 1}',)),
        (["not", "an", "object"], ()),
        (7, ()),
        ("plain words", ()),
        (b"\xff\xfe\x00not text", ()),
        ("[" * 100_000, ()),
    ],
)
def test_error_bodies_of_any_shape_are_read(wire, jira, body, messages):
    failed = failing(wire, jira, "set", (400, body))
    assert isinstance(failed, Invalid)
    assert failed.messages == messages


@pytest.mark.parametrize("status", [405, 410, 413, 415, 422])
def test_other_refusals_are_invalid_and_say_their_status(wire, jira, status):
    failed = failing(wire, jira, "transition", (status, {"errorMessages": ["Too many comments"]}))
    assert isinstance(failed, Invalid)
    assert not failed.repeatable
    assert f"Jira answered {status}. Jira says: Too many comments." in str(failed)


@pytest.mark.parametrize("status", [408, 425])
def test_a_request_to_try_later_is_a_fault_of_the_server(wire, jira, status):
    assert isinstance(failing(wire, jira, "set", (status, "")), ServerFault)


def test_an_empty_answer_to_a_reading_is_not_jiras(wire, jira):
    failed = failing(wire, jira, "read", (200, ""))
    assert isinstance(failed, NotJira)
    assert "empty or cut off" in str(failed)


@pytest.mark.parametrize("body", ["[]", "null", "7"])
def test_json_of_the_wrong_shape_is_not_jiras(wire, jira, body):
    assert isinstance(failing(wire, jira, "read", (200, body)), NotJira)


def test_no_text_of_a_failure_holds_the_credentials(wire, jira):
    for call, answer in (("read", RESET), ("set", (401, "")), ("create", (400, {"errors": {"a": "b"}}))):
        text = repr(failing(wire, jira, call, answer)) + str(failing(wire, jira, call, answer))
        assert "planted-token" not in text
        assert "Basic" not in text


def test_every_request_is_observed_without_secrets_or_bodies(wire, jira, observed):
    wire.on("GET", "/rest/api/2/issue/10001", RESET, (200, {"id": "10001"}, {"X-AREQUESTID": "r1"}))
    jira.issue("10001")
    assert [(seen["operation"], seen["status"], seen["request_id"]) for seen in observed] == [
        ("GET issue", None, None),
        ("GET issue", 200, "r1"),
    ]
    assert [seen["waited"] for seen in observed] == [0, 0.375]
    assert all(seen["seconds"] >= 0 for seen in observed)
    assert "planted-token" not in repr(observed)
