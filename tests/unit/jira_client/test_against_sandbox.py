"""The client's calls against a Jira that nobody of us scripted, in both flavours."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import jira_sandbox
from jira_sandbox import Fault
from sync_service.jira.client import Client, CreatedIssue, ElementError
from sync_service.jira.errors import (
    Forbidden,
    Invalid,
    JiraError,
    NotFound,
    NotJira,
    RateLimited,
    ServerFault,
    Unanswered,
    Unauthorized,
    Unreachable,
)


@pytest.fixture(params=["cloud", "datacenter"])
def site(request: pytest.FixtureRequest) -> Iterator[Any]:
    with jira_sandbox.running(flavour=request.param, workflow="open") as running:
        yield running


@pytest.fixture
def client(site: Any, connected: Callable[..., Client]) -> Client:
    return connected(**signed_in(site))


def signed_in(site: Any, name: str = "service") -> dict[str, Any]:
    who = site.credentials[name]
    cloud = site.site.flavour == "cloud"
    return {"url": site.url, "email": who.email if cloud else None, "token": who.token, "kind": None}


def new(client: Client, type_name: str, summary: str, **fields: Any) -> dict[str, Any]:
    types = {one["name"]: one["id"] for one in client.project("INT")["issueTypes"]}
    return {"project": {"key": "INT"}, "issuetype": {"id": types[type_name]}, "summary": summary} | fields


def project_issue(client: Client) -> str:
    (made,) = client.create_issues([{"fields": new(client, "Integration", "Acme")}])
    assert isinstance(made, CreatedIssue)
    return made.id


def test_the_account_and_the_flavour_are_found(site, client):
    assert client.verify().id == site.credentials["service"].account
    assert client.is_cloud == (site.site.flavour == "cloud")


def test_wrong_credentials_are_found(site, connected):
    with pytest.raises(Unauthorized, match="token"):
        connected(**signed_in(site) | {"token": "wrong"}).verify()


def test_the_gateway_takes_a_scoped_token(connected):
    with jira_sandbox.running(flavour="cloud", gateway=True) as site:
        gateway, _, cloud_id = site.url.partition("/ex/jira/")
        who = site.credentials["service"]
        client = connected(email=who.email, token=who.token, cloud_id=cloud_id, gateway=gateway)
        assert client.verify().id == who.account
        project_issue(client)


def test_a_project_issue_and_its_steps_are_made_found_edited_and_moved(site, client):
    parent = project_issue(client)
    steps = [new(client, "Sub-task", f"Step {n}", parent={"id": parent}) for n in range(3)]
    bodies = [{"fields": step, "properties": {"stagegate.step": {"step": n}}} for n, step in enumerate(steps)]
    bad = {"fields": new(client, "Sub-task", "", parent={"id": parent})}
    made = client.create_issues([bodies[0], bad, *bodies[1:]])
    assert [type(one) for one in made] == [CreatedIssue, ElementError, CreatedIssue, CreatedIssue]
    assert "summary" in made[1].fields
    ids = [one.id for one in made if isinstance(one, CreatedIssue)]

    read = client.issue(parent, expand=["changelog", "transitions"], properties=["stagegate"])
    assert [one["id"] for one in read.body["fields"]["subtasks"]] == ids
    many = client.issues([*ids, "999999"], properties=["stagegate.step"], expand=["changelog"])
    assert sorted(one["id"] for one in many.issues) == sorted(ids)
    assert {one["properties"]["stagegate.step"]["step"] for one in many.issues} == {0, 1, 2}

    client.edit_issue(
        parent,
        fields={"summary": "Acme Co"},
        update={"comment": [{"add": {"body": "said once"}}], "labels": [{"add": "overdue"}]},
        properties={"stagegate": {"version": 1}},
    )
    client.put_property(parent, "stagegate", {"version": 2})
    after = client.issue(parent, properties=["stagegate"], fields=["summary", "labels", "comment"]).body
    assert after["fields"]["summary"] == "Acme Co"
    assert after["fields"]["labels"] == ["overdue"]
    assert len(after["fields"]["comment"]["comments"]) == 1
    assert after["properties"]["stagegate"] == {"version": 2}

    to = client.transitions(parent)[0]
    client.transition(parent, to["id"])
    assert client.issue(parent, fields=["status"]).body["fields"]["status"]["id"] == to["to"]["id"]
    if client.is_cloud:
        changes = client.changelog_page(parent)["values"]
    else:
        changes = client.issue(parent, expand=["changelog"]).body["changelog"]["histories"]
    assert [item["field"] for change in changes for item in change["items"]].count("status") == 1


def test_a_search_yields_every_page_with_its_properties(client):
    issue = {"fields": new(client, "Integration", "One of many"), "properties": {"stagegate": {"version": 1}}}
    client.create_issues([issue] * 105)
    pages = list(client.search("project = INT ORDER BY id", fields=["summary"], properties=["stagegate"]))
    assert sum(len(page.issues) for page in pages) == 105
    assert len(pages) == 2
    assert all(one["properties"]["stagegate"] == {"version": 1} for page in pages for one in page.issues)


def test_what_the_site_has(site, client):
    fields = {field["name"]: field["id"] for field in client.fields()}
    assert "Gate" in fields
    assert {"Discovery", "Done"} <= {status["name"] for status in client.statuses()}
    assert client.resolutions()
    assert {kind["name"] for kind in client.project_statuses("INT")} >= {"Integration", "Sub-task"}
    for role in client.project_roles("INT").values():
        assert "actors" in client.role("INT", role)
    assert isinstance(client.user_groups(site.credentials["tc"].account), list)
    assert client.my_permissions(["EDIT_ISSUES", "ADD_COMMENTS"], "INT") == {"EDIT_ISSUES": True, "ADD_COMMENTS": True}
    types = {kind["name"]: kind["id"] for kind in client.project("INT")["issueTypes"]}
    assert "summary" in client.create_meta("INT", types["Integration"])
    assert "summary" in client.edit_meta(project_issue(client))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda client, issue: client.issue("INT-404"), NotFound),
        (lambda client, issue: client.edit_issue(issue, fields={"no_such_field": 1}), Invalid),
        (lambda client, issue: client.transition(issue, "31415"), Invalid),
        (lambda client, issue: list(client.search("nonsense ~~ INT")), Invalid),
    ],
)
def test_refusals_keep_jiras_words(client, call, error):
    with pytest.raises(error) as refused:
        call(client, project_issue(client))
    assert refused.value.messages or refused.value.fields


@pytest.mark.parametrize(
    ("fault", "reading", "creating", "made"),
    [
        ({"action": "reset_before"}, Unreachable, Unanswered, 0),
        ({"action": "reset_after"}, Unreachable, Unanswered, 1),
        ({"action": "truncate"}, Unreachable, Unanswered, 1),
        ({"action": "html"}, NotJira, Unanswered, None),
        ({"action": "redirect"}, NotJira, NotJira, None),
        ({"action": "status", "status": 429, "retry_after": 60}, RateLimited, RateLimited, 0),
        ({"action": "status", "status": 502}, ServerFault, Unanswered, 0),
        ({"action": "status", "status": 403}, Forbidden, Forbidden, 0),
    ],
    ids=lambda case: "-".join(map(str, case.values())) if isinstance(case, dict) else None,
)
def test_faults_are_named_and_a_create_happens_once_at_most(site, client, time, fault, reading, creating, made):
    body = {"fields": new(client, "Integration", "Acme")}
    before = len(site.site.issues)
    site.faults.add(Fault(path="/issue", **fault))
    with pytest.raises(creating):
        client.create_issues([body])
    time.now = time.now.replace(year=2027)  # whatever pause was asked for is over
    with pytest.raises(reading) as failed:
        client.issue("INT-1")
    assert isinstance(failed.value, JiraError)
    created = len(site.site.issues) - before
    assert created == made if made is not None else created <= 1


def test_every_third_request_failing_is_not_noticed_by_readings_and_idempotent_writes(site, client):
    parent = project_issue(client)
    site.faults.add(Fault(action="reset_after", every=3, path="/issue/"))
    for number in range(6):
        client.edit_issue(parent, fields={"summary": f"Name {number}"})
        assert client.issue(parent).body["fields"]["summary"] == f"Name {number}"
