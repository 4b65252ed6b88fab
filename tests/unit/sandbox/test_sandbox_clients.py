"""The sandbox as the users of the PyPI package `jira` meet it."""

from contextlib import contextmanager

import jira as package
import pytest

import jira_sandbox


@contextmanager
def _client(world, name="admin"):
    credential = world.jira.credentials[name]
    how = {"basic_auth": credential.basic} if world.jira.site.cloud else {"token_auth": credential.token}
    client = package.JIRA(world.jira.url, max_retries=0, timeout=60, **how)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def client(world):
    with _client(world) as client:
        yield client


def test_the_server_and_oneself_are_known(world, client):
    info = client.server_info()
    assert info["deploymentType"] == ("Cloud" if world.jira.site.cloud else "Server")
    assert client.myself()["displayName"] == "Ada Admin"
    assert client.current_user() == world.jira.credentials["admin"].account
    assert "Gate" in {field["name"] for field in client.fields()}
    assert client.session().name


def test_an_issue_lives_its_life(client):
    issue = client.create_issue(project="INT", issuetype="Integration", summary="Loyalty", description="*wiki*")
    step = client.create_issue(project="INT", issuetype="Sub-task", summary="Goals", parent={"key": issue.key})
    assert client.issue(issue.key).fields.subtasks[0].key == step.key
    issue.update(fields={"summary": "Loyalty 2", "labels": ["a"]})
    issue.add_field_value("labels", "b")
    issue = client.issue(issue.key, expand="changelog")
    assert (issue.fields.summary, issue.fields.labels) == ("Loyalty 2", ["a", "b"])
    assert len(issue.changelog.histories) == 2
    names = {t["name"]: t["id"] for t in client.transitions(issue)}
    client.transition_issue(issue, names["Start requirements"])
    assert client.issue(issue.key).fields.status.name == "Requirements"
    client.transition_issue(step, "Done")
    assert client.issue(step.key).fields.resolution.name == "Done"
    issue.delete(deleteSubtasks=True)
    with pytest.raises(package.JIRAError) as gone:
        client.issue(issue.key)
    assert gone.value.status_code == 404


def test_comments_properties_watchers_and_links(world, client):
    issue = client.create_issue(project="INT", issuetype="Task", summary="x")
    comment = client.add_comment(issue, "first")
    comment.update(body="better")
    assert [c.body for c in client.comments(issue)] == ["better"]
    assert client.comment(issue, comment.id).author.displayName == "Ada Admin"
    comment.delete()
    client.add_issue_property(issue, "stagegate", {"version": 1})
    assert [p.key for p in client.issue_properties(issue)] == ["stagegate"]
    assert client.issue_property(issue, "stagegate").value.version == 1
    client.add_watcher(issue, world.jira.credentials["tc"].account)
    assert client.watchers(issue).watchCount == 2
    other = client.create_issue(project="INT", issuetype="Bug", summary="y")
    client.create_issue_link("Blocks", issue, other)
    (link,) = client.issue(other.key).fields.issuelinks
    assert link.inwardIssue.key == issue.key
    client.delete_issue_link(link.id)
    assert "Blocks" in {kind.name for kind in client.issue_link_types()}


def test_issues_are_made_in_bulk(client):
    rows = [{"project": "INT", "issuetype": "Task", "summary": str(n)} for n in range(3)]
    rows = [{**row, "project": {"key": "INT"}, "issuetype": {"name": "Task"}} for row in rows]
    made = client.create_issues(rows)
    assert [m["issue"].fields.summary for m in made] == ["0", "1", "2"]


def test_assigning_looks_the_user_up(world, client):
    issue = client.create_issue(project="INT", issuetype="Task", summary="x")
    assert client.assign_issue(issue, "tc@sandbox.example" if world.jira.site.cloud else "tc")
    assert client.issue(issue.key).fields.assignee.displayName == "Tess Consultant"
    assert client.search_users(query="clea") or client.search_users(user="clea")


def test_searching(world, client):
    for number in range(120):
        client.create_issue(project="INT", issuetype="Task", summary=f"no. {number}", prefetch=False)
    if world.jira.site.cloud:
        found = client.enhanced_search_issues("project = INT ORDER BY key", maxResults=0)
        assert client.approximate_issue_count("project = INT") == 120
    else:
        found = client.search_issues("project = INT ORDER BY key", maxResults=False)
    assert [i.key for i in found] == [f"INT-{n}" for n in range(1, 121)]


def test_filters(client):
    made = client.create_filter("Open", jql="project = INT", favourite=True)
    assert client.filter(made.id).jql == "project = INT"
    assert client.update_filter(made.id, name="Still open").name == "Still open"
    assert [f.name for f in client.favourite_filters()] == ["Still open"]


def test_dashboards_with_gadgets():
    with jira_sandbox.running() as served:
        credential = served.credentials["tc"]
        client = package.JIRA(served.url, basic_auth=credential.basic, max_retries=0, timeout=60)
        board = client.create_dashboard("Portfolio", share_permissions=[{"type": "authenticated"}])
        uri = client.all_dashboard_gadgets()[0].uri
        gadget = client.add_gadget_to_dashboard(board.id, color="blue", title="Filter", uri=uri)
        client.set_dashboard_item_property(board.id, gadget.id, "config", {"num": "10"})
        seen = client.dashboard(board.id)
        assert seen.gadgets[0].title == "Filter"
        assert seen.gadgets[0].item_properties[0].value.num == "10"
        assert client.copy_dashboard(board.id, "Copy").name == "Copy"
        assert len(client.dashboards()) == 2
        client.close()


def test_projects_roles_and_what_the_site_knows(client):
    assert client.create_project("OPS", "Operations")
    assert {p.key for p in client.projects()} == {"INT", "OPS"}
    assert client.project("OPS").name == "Operations"
    assert client.delete_project("OPS")
    roles = client.project_roles("INT")
    role = client.project_role("INT", roles["Administrators"]["id"])
    assert role.actors[0].displayName == "Ada Admin"
    role.add_user(groups=["service-accounts"])
    assert client.my_permissions(permissions="BROWSE_PROJECTS")["permissions"]["BROWSE_PROJECTS"]["havePermission"]
    assert "Discovery" in {s.name for s in client.statuses()}
    assert client.issue_types()
    assert client.priorities()
    assert client.resolutions()
    assert client.issue_type_by_name("Integration").name == "Integration"
    assert {t.name for t in client.project("INT").issueTypes} >= {"Bug", "Task"}
    assert client.project_components("INT") == client.project_versions("INT") == []


def test_wrong_credentials_are_told(world):
    with pytest.raises(package.JIRAError) as refused:
        package.JIRA(world.jira.url, basic_auth=("tc@sandbox.example", "wrong"), max_retries=0, timeout=60).myself()
    assert refused.value.status_code == 401


def test_behind_the_gateway_self_links_lead_back_to_it():
    with jira_sandbox.running(gateway=True) as served:
        credential = served.credentials["tc"]
        client = package.JIRA(served.url, basic_auth=credential.basic, max_retries=0, timeout=60)
        issue = client.create_issue(project="INT", issuetype="Task", summary="x")
        assert issue.self.startswith(f"{served.url}/rest/api/2/issue/")
        assert "/ex/jira/" in issue.self
        issue.update(summary="y")
        assert client.issue(issue.key).fields.summary == "y"
        client.close()
