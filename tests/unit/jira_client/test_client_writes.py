"""Writing: bulk creation with markers, edits in one request, properties, transitions."""

import pytest

from sync_service.jira.client import CreatedIssue, ElementError
from sync_service.jira.errors import Invalid, Unanswered

BULK = "/rest/api/2/issue/bulk"
ISSUE = "/rest/api/2/issue/10001"


def step(name):
    return {"fields": {"summary": name}, "properties": {"stagegate.step": {"step": name}}}


def refused(place, **errors):
    return {"status": 400, "failedElementNumber": place, "elementErrors": errors}


def test_issues_are_created_with_their_markers_and_each_outcome_has_its_place(wire, jira):
    """The package `jira` can send no properties and drops `errorMessages`."""
    wire.on("POST", BULK, (201, {
        "issues": [{"id": "1", "key": "INT-1", "self": "…"}, {"id": "2", "key": "INT-2"}],
        "errors": [refused(1, errors={"duedate": "Bad date."}, errorMessages=["The parent is gone."])],
    }))  # fmt: skip
    outcomes = jira.create_issues([step("a"), step("b"), {"fields": {"summary": "c"}}])
    assert outcomes == (
        CreatedIssue(id="1", key="INT-1"),
        ElementError(status=400, fields={"duedate": "Bad date"}, messages=("The parent is gone",)),
        CreatedIssue(id="2", key="INT-2"),
    )
    assert wire.received[0].body["issueUpdates"][1:] == [
        {"fields": {"summary": "b"}, "properties": [{"key": "stagegate.step", "value": {"step": "b"}}]},
        {"fields": {"summary": "c"}},
    ]


def test_more_than_fifty_go_in_several_requests_and_keep_their_order(wire, jira):
    def answer(first, count):
        return 201, {"issues": [{"id": str(first + n), "key": f"INT-{first + n}"} for n in range(count)], "errors": []}

    wire.on("POST", BULK, answer(0, 50), answer(50, 50), answer(100, 20))
    outcomes = jira.create_issues([step(str(number)) for number in range(120)])
    assert [outcome.id for outcome in outcomes] == [str(number) for number in range(120)]
    assert [len(sent.body["issueUpdates"]) for sent in wire.received] == [50, 50, 20]


def test_a_refusal_of_all_is_told_issue_by_issue(wire, jira):
    body = {"issues": [], "errors": [refused(1, errors={"b": "no"}), {"failedElementNumber": 0, "elementErrors": None}]}
    wire.on("POST", BULK, (400, body))
    first, second = jira.create_issues([step("a"), step("b")])
    assert first == ElementError(status=400, fields={}, messages=())
    assert second.fields == {"b": "no"}


@pytest.mark.parametrize(
    "body",
    [
        {"errorMessages": ["You can create at most 50."], "errors": {}},
        {"errorMessages": ["You can create at most 50."], "errors": {"issueUpdates": "too many"}},
    ],
)
def test_a_refusal_of_the_request_itself_is_raised(wire, jira, body):
    """Its `errors` is an object, at which the package `jira` fails with a KeyError."""
    wire.on("POST", BULK, (400, body))
    with pytest.raises(Invalid, match="at most 50"):
        jira.create_issues([step("a")])


@pytest.mark.parametrize(
    "body",
    [
        {"issues": [], "errors": []},
        {"issues": [{"id": "1", "key": "INT-1"}] * 2},
        {"issues": [{"key": "INT-1"}]},
        {"errors": [{"failedElementNumber": 5, "elementErrors": {}}]},
        ["?"],
        "null",
    ],
)
def test_an_answer_that_does_not_say_what_was_created_means_look(wire, jira, body):
    wire.on("POST", BULK, (201, body))
    with pytest.raises(Unanswered, match="which issues were created"):
        jira.create_issues([step("a")])


def test_nothing_to_create_needs_no_request(wire, jira):
    assert jira.create_issues([]) == ()


def test_one_edit_carries_fields_comment_and_record(wire, jira):
    wire.on("PUT", ISSUE, (204, ""))
    jira.edit_issue(
        "10001",
        fields={"customfield_1": {"value": "Open"}},
        update={"comment": [{"add": {"body": "why"}}]},
        properties={"stagegate": {"version": 1}},
    )
    assert wire.received[0].body == {
        "fields": {"customfield_1": {"value": "Open"}},
        "update": {"comment": [{"add": {"body": "why"}}]},
        "properties": [{"key": "stagegate", "value": {"version": 1}}],
    }


@pytest.mark.parametrize(
    ("update", "sent"),
    [
        ({"comment": [{"add": {"body": "why"}}]}, 1),
        ({"components": [{"add": {"name": "x"}}]}, 1),
        ({"labels": [{"add": "overdue"}, {"remove": "stagegate"}]}, 3),
        ({"priority": [{"set": {"name": "High"}}]}, 3),
        ({}, 3),
    ],
)
def test_only_an_edit_that_adds_nothing_is_sent_again(wire, jira, update, sent):
    """Labels are a set: adding one twice is adding it once."""
    wire.on("PUT", ISSUE, (503, ""))
    with pytest.raises(Exception, match="503"):
        jira.edit_issue("10001", fields={"summary": "x"}, update=update)
    assert len(wire.received) == sent


@pytest.mark.parametrize("value", [{"version": 1}, [], 0, "text", False])
def test_a_property_is_any_json(wire, jira, value):
    wire.on("PUT", ISSUE + "/properties/stagegate", (201, ""))
    assert jira.put_property("10001", "stagegate", value).body is None
    assert wire.received[0].body == value


def test_a_transition_goes_by_id_as_text_and_carries_nothing(wire, jira):
    """The package `jira` takes a name that is a number for an id, and sends ids as numbers."""
    wire.on("POST", ISSUE + "/transitions", (204, ""))
    jira.transition("10001", "31")
    assert wire.received[0].body == {"transition": {"id": "31"}}
