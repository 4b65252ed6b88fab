"""The contract layer itself: every operation of the client is in Atlassian's document, and violations are found."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from contract.document import EXCEPTIONS, NULLABLE, Exchange, document, is_moment, missing
from contract.recorder import Recorder, shape_of, structure

import jira_sandbox
from jira_sandbox import Clock, Fault, Running
from sync_service.jira.client import Client, JiraSite, MemoryPauses, connect
from sync_service.jira.errors import JiraError

pytestmark = pytest.mark.skipif(bool(missing()) and not os.environ.get("CI"), reason=missing() or "it is there")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FORWARD = {"fields": {"project": {"key": "INT"}, "issuetype": {"name": "Integration"}, "summary": "Acme"}}


@pytest.fixture(scope="module")
def jira() -> Iterator[Running]:
    with jira_sandbox.running(clock=Clock(frozen_at=NOON), workflow="open") as running:
        yield running


@pytest.fixture
def client(jira: Running) -> Iterator[Client]:
    jira.reset(clock=Clock(frozen_at=NOON), workflow="open")
    me = jira.credentials["service"]
    site = JiraSite(url=jira.url, token=me.token, email=me.email)
    with connect(site, clock=jira.clock.now, wait=lambda _: None, pauses=MemoryPauses(jira.clock.now)) as client:
        yield client


@pytest.fixture
def recorder(contract: Recorder, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A recorder for one test, which hears what the session's hears."""
    alone, add = Recorder(), contract.add

    def add_to_both(exchange: Exchange) -> None:
        add(exchange)
        alone.add(exchange)

    monkeypatch.setattr(contract, "add", add_to_both)
    return alone


def use_everything(client: Client, jira: Running) -> None:
    """Call all that the client offers, once; each answer is Jira's."""
    client.verify()
    client.server_info()
    (made,) = client.create_issues([{**FORWARD, "properties": {"stagegate": {"version": 1}}}])
    issue = made.id  # type: ignore[union-attr]
    kind = next(t.id for t in jira.site.types.values() if t.subtask)
    step = {"project": {"key": "INT"}, "issuetype": {"id": kind}, "parent": {"id": issue}, "summary": "Goals"}
    client.create_issues([{"fields": step}, {"fields": {**step, "summary": ""}}])
    client.edit_issue(
        issue,
        fields={jira.site.field_named("Gate").id: {"value": "Closed"}, "duedate": "2026-03-09"},
        update={"labels": [{"add": "stagegate"}], "comment": [{"add": {"body": "*Hello*"}}]},
        properties={"stagegate": {"version": 1}},
    )
    client.put_property(issue, "stagegate", {"version": 2})
    client.transition(issue, client.transitions(issue)[0]["id"])
    client.issue(issue, fields=["status", "subtasks"], properties=["stagegate"], expand=["changelog", "transitions"])
    client.issues([issue, "99999"], fields=["status"], properties=["stagegate.step"], expand=["changelog"])
    client.changelog_page(issue)
    list(client.search("project = INT", fields=["parent", "issuetype"], properties=["stagegate"], expand=["changelog"]))
    client.edit_meta(issue)
    client.create_meta("INT", kind)
    client.project("INT")
    client.project_statuses("INT")
    client.role("INT", client.project_roles("INT")["Administrators"])
    client.user_groups(jira.credentials["admin"].account)
    client.my_permissions(["BROWSE_PROJECTS", "EDIT_ISSUES"], "INT")
    for ask in (client.fields, client.statuses, client.resolutions):
        ask()


def test_all_that_the_client_says_and_hears_is_jiras(client: Client, jira: Running, recorder: Recorder) -> None:
    use_everything(client, jira)

    assert recorder.complaints() == []
    assert len(recorder.operations) >= 22


@pytest.mark.parametrize("with_email", [True, False])
def test_the_api_gateway_is_held_to_it_too(contract: Recorder, with_email: bool) -> None:
    before = contract.seen
    with jira_sandbox.running(clock=Clock(frozen_at=NOON), gateway=True) as jira:
        root, _, cloud_id = jira.url.partition("/ex/jira/")
        me = jira.credentials["service"]
        site = JiraSite(
            url="https://acme.example",
            gateway=root,
            cloud_id=cloud_id,
            token=me.token,
            email=me.email if with_email else None,
        )
        with connect(site, clock=jira.clock.now, wait=lambda _: None, pauses=MemoryPauses(jira.clock.now)) as client:
            assert client.project("INT")["key"] == "INT"
    assert contract.seen > before
    assert "GET project/INT" in contract.operations


REFUSED: dict[str, Callable[[Client], Any]] = {
    "an issue that is missing": lambda client: client.issue("INT-99"),
    "a transition that there is none of": lambda client: client.transition("INT-1", "99999"),
    "a field that there is none of": lambda client: client.edit_issue("INT-1", fields={"customfield_1": "x"}),
    "a query that makes no sense": lambda client: list(client.search("nonsense = 1")),
    "a bulk creation of which nothing comes": lambda client: client.create_issues([{"fields": {"summary": ""}}]),
    "a project that is missing": lambda client: client.project("NONE"),
    "a role that is missing": lambda client: client.role("INT", "99"),
}


def test_refusals_are_jiras_too(client: Client, jira: Running, recorder: Recorder) -> None:
    client.create_issues([FORWARD])  # type: ignore[list-item]
    for ask in REFUSED.values():
        with suppress(JiraError):
            ask(client)
    assert recorder.complaints() == []
    assert {exchange.status for exchange in recorder.shapes.values()} == {200, 201, 400, 404}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(action="status", status=429, retry_after=1, first=1),
        Fault(action="status", status=503, first=1),
        Fault(action="html", first=1),
        Fault(action="redirect", first=1),
        Fault(action="reset_before", first=1),
        Fault(action="reset_after", first=1),
        Fault(action="truncate", first=1),
    ],
    ids=lambda fault: f"{fault.action} {fault.status}",
)
def test_what_is_not_jiras_answer_is_no_violation(
    fault: Fault, client: Client, jira: Running, recorder: Recorder
) -> None:
    jira.faults.add(Fault(**{name: getattr(fault, name) for name in ("action", "status", "retry_after", "first")}))
    with suppress(JiraError):
        client.myself()
    assert recorder.seen >= 1
    assert recorder.complaints() == []


GOOD = Exchange(
    method="POST",
    path="/rest/api/2/issue/INT-1/transitions",
    body=b'{"transition": {"id": "11"}}',
    headers=(("Authorization", "Basic eA=="),),
    status=204,
    reply_type="",
)


def changed(**parts: Any) -> Exchange:
    return Exchange(**{name: getattr(GOOD, name) for name in Exchange.__dataclass_fields__} | parts)


@pytest.mark.parametrize(
    ("exchange", "complaint"),
    [
        pytest.param(GOOD, "", id="in order"),
        pytest.param(changed(body=b'{"transition": {"id": 11}}'), "request: .*transition/id", id="a number for an id"),
        pytest.param(changed(body=b"{]"), "request: ", id="no JSON"),
        pytest.param(changed(path="/rest/api/2/issue/INT-1/moves"), "request: .*not found", id="no such operation"),
        pytest.param(changed(status=299), "reply: .*299", id="a status that Jira never answers"),
        pytest.param(
            changed(method="GET", body=b"", status=200, reply=b'{"transitions": {}}', reply_type="application/json"),
            "reply: transitions: ",
            id="a reply of another shape",
        ),
    ],
)
def test_violations_are_found(exchange: Exchange, complaint: str) -> None:
    complaints = document().complaints(exchange)
    if not complaint:
        assert complaints == []
    else:
        with pytest.raises(AssertionError, match=complaint):
            assert not complaints, complaints[0]


def test_each_exception_has_its_reason() -> None:
    assert all(len(allowed.why) > 20 for allowed in EXCEPTIONS)
    assert all(NULLABLE.values())


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("2026-03-02T12:00:00.000+0000", True),
        ("2026-03-02T12:00:00Z", True),
        ("2026-03-02", False),
        ("noon", False),
        (1772452800000, True),
    ],
)
def test_times_are_as_jira_writes_them(value: Any, known: bool) -> None:
    assert is_moment(value) is known  # a number is the schema's affair, not the format's


def test_one_shape_is_kept_once() -> None:
    recorder = Recorder()
    for number in range(3):
        recorder.add(changed(path=f"/rest/api/2/issue/INT-{number}/transitions"))
    recorder.add(changed(body=b'{"transition": {"id": 11}}'))

    assert (recorder.seen, len(recorder.shapes)) == (4, 2)
    assert recorder.operations == {"POST issue/{id}/transitions"}
    assert recorder.summary() == "4 exchanges of 2 shapes in 1 operations"


def test_what_another_process_recorded_is_counted() -> None:
    one, other = Recorder(), Recorder()
    one.add(GOOD)
    other.add(GOOD)
    other.add(GOOD)
    one.take(other.export())
    assert (one.seen, len(one.shapes)) == (3, 1)
    assert list(one.shapes.values()) == [GOOD]


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"a": 1, "b": "x"}, {"b": "y", "a": 2}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": None}, {}, False),
        ([{"a": 1}, {"a": 2}], [{"a": 3}], True),
        ({"fields": {"customfield_1": "x"}}, {"fields": {"customfield_2": "y"}}, True),
        ({"fields": {"customfield_1": "x"}}, {"fields": {"customfield_1": None}}, False),
        ({"properties": {"a": 1}}, {"properties": []}, True),
    ],
)
def test_shapes(left: Any, right: Any, same: bool) -> None:
    assert (structure(left) == structure(right)) is same


def test_a_cut_body_has_a_shape() -> None:
    assert shape_of(changed(reply=b'{"tra')) != shape_of(GOOD)


@pytest.mark.parametrize(("agent", "is_cloud"), [("python-requests/2", True), ("jira-stagegate", False)])
def test_other_people_and_data_center_pass_by(agent: str, is_cloud: bool) -> None:
    recorder = Recorder()
    app = recorder.watch(lambda environ, _start: [environ["wsgi.input"].read()], lambda: is_cloud)
    assert list(app({"HTTP_USER_AGENT": agent, "wsgi.input": io.BytesIO(b"as it was")}, None)) == [b"as it was"]
    assert recorder.seen == 0
