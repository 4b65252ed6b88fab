"""What administrators make over REST: fields, screens, types, workflows and schemes, and what Jira refuses of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

import jira_sandbox
from jira_sandbox import Revocation, Running
from jira_sandbox.kinds import CUSTOM

Json = dict[str, Any]
SELECT = {"name": "Colour", "type": f"{CUSTOM}select", "searcherKey": f"{CUSTOM}multiselectsearcher"}
STATUS = {"scope": {"type": "GLOBAL"}, "statuses": [{"name": "Waiting", "statusCategory": "IN_PROGRESS"}]}


class Admin:
    """An administrator of an empty site, or somebody else."""

    def __init__(self, jira: Running, name: str = "admin") -> None:
        self.jira, self.auth = jira, jira.credentials[name].basic

    def send(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        prefix = "" if path.startswith("/") else "/rest/api/2/"
        url = f"{self.jira.url}{prefix}{path}"
        reply = requests.request(method, url, json=body, auth=self.auth, params=params, timeout=60)
        return reply.status_code, reply.json() if reply.content else None

    def makes(self, path: str, body: Json) -> Any:
        status, made = self.send("POST", path, body)
        assert status in (200, 201), made
        return made

    def gives(self, path: str, body: Json) -> None:
        assert self.send("PUT", path, body)[0] == 204

    def sees(self, path: str, **params: Any) -> Any:
        status, seen = self.send("GET", path, **params)
        assert status == 200, seen
        return seen


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with jira_sandbox.running(empty=True) as jira:
        yield jira


@pytest.fixture
def jira(running: Running) -> Running:
    running.reset(empty=True)
    return running


@pytest.fixture
def admin(jira: Running) -> Admin:
    return Admin(jira)


def project_of(admin: Admin) -> str:
    return str(admin.sees("project/INT")["id"])


def type_named(admin: Admin, name: str) -> str:
    return next(kind["id"] for kind in admin.sees("issuetype") if kind["name"] == name)


# --- Fields


def test_a_new_field_exists_everywhere_until_it_has_a_context(admin: Admin) -> None:
    made = admin.makes("field", SELECT)
    path = f"field/{made['id']}/context"
    (context,) = admin.sees(path)["values"]
    assert context["isGlobalContext"]
    mine = admin.makes(path, {"name": "Mine", "projectIds": [project_of(admin)], "issueTypeIds": []})
    options = admin.makes(f"{path}/{mine['id']}/option", {"options": [{"value": "red"}, {"value": "blue"}]})
    assert [o["value"] for o in options["options"]] == ["red", "blue"]
    assert [o["value"] for o in admin.sees(f"{path}/{mine['id']}/option")["values"]] == ["red", "blue"]
    mapped = {row["contextId"]: row.get("projectId") for row in admin.sees(f"{path}/projectmapping")["values"]}
    assert mapped == {context["id"]: None, mine["id"]: project_of(admin)}
    assert all(row["isAnyIssueType"] for row in admin.sees(f"{path}/issuetypemapping")["values"])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("field", {"type": SELECT["type"]}, 400),
        ("field", SELECT | {"type": "nonsense"}, 400),
        ("field", SELECT | {"searcherKey": f"{CUSTOM}daterange"}, 400),
        ("field", SELECT | {"colour": "red"}, 400),
        ("field/customfield_1/context", {"name": "x"}, 404),
        ("field/summary/context", {"name": "x"}, 404),
    ],
)
def test_what_is_no_field_is_refused(admin: Admin, path: str, body: Json, status: int) -> None:
    assert admin.send("POST", path, body)[0] == status


def test_a_project_is_in_one_context_of_a_field(admin: Admin) -> None:
    path = f"field/{admin.makes('field', SELECT)['id']}/context"
    body = {"name": "Mine", "projectIds": [project_of(admin)]}
    admin.makes(path, body)
    assert admin.send("POST", path, body)[0] == 400
    assert admin.send("POST", path, {"name": "Everywhere"})[0] == 400
    assert admin.send("POST", path, {"name": "Nowhere", "projectIds": ["1"]})[0] == 404


def test_a_field_is_listed_once_a_screen_in_use_has_it_but_is_found_before(admin: Admin) -> None:
    def listed() -> set[str]:
        return {field["id"] for field in admin.sees("field")}

    made = admin.makes("field", SELECT | {"description": "of paint"})["id"]
    spare = admin.makes("screens", {"name": "Spare"})["id"]
    plain = next(s["id"] for s in admin.sees("screens")["values"] if s["name"] == "Default screen")
    for screen, used in ((spare, False), (plain, True)):
        (tab,) = admin.sees(f"screens/{screen}/tabs")
        admin.makes(f"screens/{screen}/tabs/{tab['id']}/fields", {"fieldId": made})
        assert (made in listed()) is used
    (found,) = admin.sees("field/search", type="custom", query="PAINT", expand="searcherKey,screensCount")["values"]
    assert (found["id"], found["schema"]["type"], found["screensCount"]) == (made, "option", 2)
    assert found["searcherKey"] == SELECT["searcherKey"]
    assert "contextsCount" not in found
    system = admin.sees("field/search", type="system", maxResults=1000)["values"]
    assert made not in {field["id"] for field in system}
    assert {field["id"] for field in system} <= listed()
    assert [field["id"] for field in admin.sees("field/search", id="duedate")["values"]] == ["duedate"]


def test_what_a_screen_of_a_transition_has_is_in_use(admin: Admin) -> None:
    made = admin.makes("field", SELECT)["id"]
    screen = admin.jira.site.add_screen("Asks", [made])
    simple = next(w for w in admin.jira.site.workflows.values() if w.name == "Simple workflow")
    simple.transitions[0].screen_id = screen
    assert made in {field["id"] for field in admin.sees("field")}
    admin.jira.site.revocations.append(Revocation(permission="BROWSE_PROJECTS"))
    assert made not in {field["id"] for field in admin.sees("field")}


def test_data_center_lists_every_field() -> None:
    with jira_sandbox.running(flavour="datacenter", empty=True) as jira:
        admin = Admin(jira)
        made = admin.makes("field", SELECT)["id"]
        assert made in {field["id"] for field in admin.sees("field")}
        assert admin.send("GET", "field/search")[0] == 404


def test_options_are_for_choices_and_not_twice(admin: Admin) -> None:
    path = f"field/{admin.makes('field', SELECT)['id']}/context"
    number = admin.sees(path)["values"][0]["id"]
    admin.makes(f"{path}/{number}/option", {"options": [{"value": "red"}]})
    assert admin.send("POST", f"{path}/{number}/option", {"options": [{"value": "red"}]})[0] == 400
    assert admin.send("POST", f"{path}/1/option", {"options": []})[0] == 404
    text = admin.makes("field", {"name": "Text", "type": f"{CUSTOM}textarea"})["id"]
    context = admin.sees(f"field/{text}/context")["values"][0]["id"]
    assert admin.send("POST", f"field/{text}/context/{context}/option", {"options": [{"value": "x"}]})[0] == 400


def test_only_administrators_configure(jira: Running) -> None:
    tc = Admin(jira, "tc")
    for path in ("screens", "screenscheme", "issuetypescreenscheme", "issuetypescheme", "workflowscheme"):
        assert tc.send("GET", path)[0] == 403
    for path, body in (("field", SELECT), ("statuses", STATUS), ("/rest/webhooks/1.0/webhook", {})):
        assert tc.send("POST", path, body)[0] == 403


# --- Screens


def test_a_new_screen_has_one_empty_tab(admin: Admin) -> None:
    screen = admin.makes("screens", {"name": "Mine"})["id"]
    (tab,) = admin.sees(f"screens/{screen}/tabs")
    path = f"screens/{screen}/tabs/{tab['id']}/fields"
    assert admin.sees(path) == []
    admin.makes(path, {"fieldId": "summary"})
    assert [field["id"] for field in admin.sees(path)] == ["summary"]
    assert admin.send("POST", path, {"fieldId": "summary"})[0] == 400
    assert admin.send("POST", path, {"fieldId": "nonsense"})[0] == 404
    assert admin.send("POST", "screens", {"name": "Mine"})[0] == 400
    assert admin.send("GET", "screens/1/tabs")[0] == 404
    assert admin.send("GET", f"screens/{screen}/tabs/1/fields")[0] == 404


def test_a_project_uses_the_screens_of_its_scheme(admin: Admin) -> None:
    screen = admin.makes("screens", {"name": "Mine"})["id"]
    (tab,) = admin.sees(f"screens/{screen}/tabs")
    for field in ("summary", "issuetype", "project"):
        admin.makes(f"screens/{screen}/tabs/{tab['id']}/fields", {"fieldId": field})
    plain = next(s for s in admin.sees("screens")["values"] if s["name"] == "Default screen")["id"]
    mine = admin.makes("screenscheme", {"name": "Mine", "screens": {"default": plain, "create": screen}})["id"]
    others = admin.makes("screenscheme", {"name": "Others", "screens": {"default": plain}})["id"]
    task = type_named(admin, "Task")
    mapped = [
        {"issueTypeId": "default", "screenSchemeId": str(others)},
        {"issueTypeId": task, "screenSchemeId": str(mine)},
    ]
    scheme = admin.makes("issuetypescreenscheme", {"name": "Mine", "issueTypeMappings": mapped})["id"]
    body = {"issueTypeScreenSchemeId": scheme, "projectId": project_of(admin)}
    admin.gives("issuetypescreenscheme/project", body)
    offered = admin.sees(f"issue/createmeta/INT/issuetypes/{task}")["fields"]
    assert {field["fieldId"] for field in offered} <= {"summary", "issuetype", "project"}
    (used,) = admin.sees("issuetypescreenscheme/project", projectId=project_of(admin))["values"]
    assert used["issueTypeScreenScheme"]["name"] == "Mine"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("screenscheme", {"name": "x", "screens": {"view": 10000}}, 400),
        ("screenscheme", {"name": "x", "screens": {"default": 1}}, 404),
        ("issuetypescreenscheme", {"name": "x", "issueTypeMappings": []}, 400),
        (
            "issuetypescreenscheme",
            {"name": "x", "issueTypeMappings": [{"issueTypeId": "default", "screenSchemeId": "1"}]},
            404,
        ),
        ("issuetypescheme", {"name": "x", "issueTypeIds": []}, 400),
        ("workflowscheme", {"name": "x", "defaultWorkflow": "nonsense"}, 400),
        ("workflowscheme", {"name": "x", "issueTypeMappings": {"1": "Simple workflow"}}, 400),
    ],
)
def test_what_is_no_scheme_is_refused(admin: Admin, path: str, body: Json, status: int) -> None:
    assert admin.send("POST", path, body)[0] == status


@pytest.mark.parametrize("kind", ["issuetypescreenscheme", "issuetypescheme", "workflowscheme"])
def test_projects_are_named_and_company_managed(admin: Admin, kind: str) -> None:
    named = {
        "issuetypescreenscheme": "issueTypeScreenSchemeId",
        "issuetypescheme": "issueTypeSchemeId",
        "workflowscheme": "workflowSchemeId",
    }[kind]
    assert admin.send("GET", f"{kind}/project")[0] == 400
    assert admin.send("PUT", f"{kind}/project", {named: "1", "projectId": "1"})[0] == 404
    assert admin.send("PUT", f"{kind}/project", {named: "1", "projectId": project_of(admin)})[0] == 404
    admin.jira.site.projects[project_of(admin)].team_managed = True
    assert admin.send("PUT", f"{kind}/project", {named: "1", "projectId": project_of(admin)})[0] == 400


# --- Issue types


def test_an_issue_type_is_offered_once_its_scheme_is_given(admin: Admin) -> None:
    made = admin.makes("issuetype", {"name": "Integration", "hierarchyLevel": 0})["id"]
    assert admin.send("POST", "issuetype", {"name": "integration"})[0] == 409
    assert admin.send("POST", "issuetype", {"name": "x" * 61})[0] == 400
    assert "Integration" not in {kind["name"] for kind in admin.sees("project/INT")["issueTypes"]}
    body = {"name": "Mine", "issueTypeIds": [made], "defaultIssueTypeId": made}
    scheme = admin.makes("issuetypescheme", body)["issueTypeSchemeId"]
    assert admin.send("POST", "issuetypescheme", body)[0] == 409
    given = {"issueTypeSchemeId": scheme, "projectId": project_of(admin)}
    admin.gives("issuetypescheme/project", given)
    assert [kind["name"] for kind in admin.sees("project/INT")["issueTypes"]] == ["Integration"]


def test_a_scheme_that_lacks_the_type_of_an_issue_is_refused(admin: Admin) -> None:
    admin.makes("issue", {"fields": {"project": {"key": "INT"}, "issuetype": {"name": "Task"}, "summary": "x"}})
    scheme = admin.makes("issuetypescheme", {"name": "Bugs", "issueTypeIds": [type_named(admin, "Bug")]})
    given = {"issueTypeSchemeId": scheme["issueTypeSchemeId"], "projectId": project_of(admin)}
    assert admin.send("PUT", "issuetypescheme/project", given)[0] == 400


# --- Statuses and workflows


def step(name: str, to: str, sources: tuple[str, ...] = (), **more: Any) -> Json:
    links = [{"fromStatusReference": source} for source in sources]
    kind = "DIRECTED" if sources else "GLOBAL"
    return {"id": "11", "name": name, "type": kind, "toStatusReference": to, "links": links} | more


def workflow(*steps: Json, statuses: tuple[str, ...] = ("a", "b"), name: str = "Mine") -> Json:
    initial = {"id": "1", "name": "Create", "type": "INITIAL", "toStatusReference": "a", "links": []}
    given = [{"statusReference": reference, "properties": {}} for reference in statuses]
    asked = [
        {"statusReference": "a", "name": "Alpha", "statusCategory": "TODO"},
        {"statusReference": "b", "name": "Omega", "statusCategory": "DONE"},
    ]
    made = {"name": name, "statuses": given, "transitions": [initial, *steps]}
    return {"scope": {"type": "GLOBAL"}, "statuses": asked, "workflows": [made]}


def condition(**changed: str) -> Json:
    parameters = {"fieldId": "summary", "fieldValue": '["x"]', "comparator": "=", "comparisonType": "STRING"}
    rule = {"ruleKey": "system:check-field-value", "parameters": parameters | changed}
    return {"conditions": {"operation": "ALL", "conditions": [rule]}}


def test_statuses_are_made_all_or_none(admin: Admin) -> None:
    admin.makes("statuses", STATUS)
    assert admin.sees("statuses/search", searchString="wait")["total"] == 1
    more = STATUS | {"statuses": [{"name": "New", "statusCategory": "TODO"}, *STATUS["statuses"]]}
    assert admin.send("POST", "statuses", more)[0] == 400
    assert admin.sees("statuses/search", searchString="New")["total"] == 0
    assert admin.send("POST", "statuses", {"scope": {"type": "PROJECT"}, "statuses": []})[0] == 400
    odd = STATUS | {"statuses": [{"name": "Odd", "statusCategory": "ODD"}]}
    assert admin.send("POST", "statuses", odd)[0] == 400


def test_a_workflow_is_made_with_its_statuses_and_shown_as_it_was_written(admin: Admin) -> None:
    done = {"actions": [{"ruleKey": "system:update-field", "parameters": {"field": "resolution", "value": "10000"}}]}
    made = admin.makes("workflows/create", workflow(step("Finish", "b", ("a",), **done)))
    assert {status["name"] for status in made["statuses"]} == {"Alpha", "Omega"}
    (shown,) = admin.sees("workflows/search", queryString="mine", expand="values.transitions")["values"]
    assert [t["name"] for t in shown["transitions"]] == ["Create", "Finish"]
    (brief,) = admin.sees("workflows/search", queryString="mine")["values"]
    assert "transitions" not in brief


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(workflow() | {"scope": {"type": "PROJECT"}}, id="of a project"),
        pytest.param(workflow(name="Simple workflow"), id="a name that is taken"),
        pytest.param(workflow(step("x", "c")), id="an unknown status"),
        pytest.param(workflow(step("x", "b"), statuses=("a",)), id="a status that is not in it"),
        pytest.param(workflow(step("x", "b", id="1")), id="an id twice"),
        pytest.param(workflow(step("x", "b", type="DIRECTED")), id="directed from nowhere"),
        pytest.param(workflow(step("x", "b", ("a",), type="GLOBAL")), id="global from somewhere"),
        pytest.param(workflow(step("x", "b", type="INITIAL")), id="two beginnings"),
        pytest.param(workflow(step("x", "b", **condition(comparator=">"))), id="another comparison"),
        pytest.param(workflow(step("x", "b", **condition(fieldId="none"))), id="an unknown field"),
        pytest.param(workflow(step("x", "b", **condition(fieldValue="x"))), id="a value that is no list"),
        pytest.param(workflow(step("x", "b", **condition(comparisonType="ODD"))), id="an unknown comparison"),
        pytest.param(workflow(step("x", "b", actions=[{"ruleKey": "system:odd"}])), id="an unknown action"),
        pytest.param(
            workflow(step("x", "b", transitionScreen={"ruleKey": "s", "parameters": {"screenId": "1"}})),
            id="an unknown screen",
        ),
        pytest.param(
            workflow() | {"statuses": [{"statusReference": "a", "name": "To Do", "statusCategory": "TODO"}]},
            id="a status that is there",
        ),
        pytest.param(
            workflow() | {"statuses": [{"statusReference": "a", "id": "1", "name": "A", "statusCategory": "TODO"}]},
            id="a status that is not there",
        ),
    ],
)
def test_what_is_no_workflow_is_refused_and_leaves_no_status(admin: Admin, body: Json) -> None:
    before = len(admin.jira.site.statuses)
    assert admin.send("POST", "workflows/create", body)[0] == 400
    assert len(admin.jira.site.statuses) == before


@pytest.mark.parametrize("comparison", ["STRING", "OPTIONID"])
def test_a_transition_is_offered_only_while_its_condition_holds(admin: Admin, comparison: str) -> None:
    field = admin.makes("field", SELECT)["id"]
    context = admin.sees(f"field/{field}/context")["values"][0]["id"]
    (red,) = admin.makes(f"field/{field}/context/{context}/option", {"options": [{"value": "red"}]})["options"]
    value = red["id"] if comparison == "OPTIONID" else "red"
    guard = condition(fieldId=field, fieldValue=f'["{value}"]', comparisonType=comparison)
    admin.makes("workflows/create", workflow(step("Finish", "b", ("a",), **guard)))
    task = type_named(admin, "Task")
    body = {"name": "Mine", "defaultWorkflow": "Simple workflow", "issueTypeMappings": {task: "Mine"}}
    scheme = admin.makes("workflowscheme", body)["id"]
    admin.gives("workflowscheme/project", {"projectId": project_of(admin), "workflowSchemeId": str(scheme)})
    fields = {"project": {"key": "INT"}, "issuetype": {"id": task}, "summary": "x"}
    key = admin.makes("issue", {"fields": fields})["key"]
    assert admin.sees(f"issue/{key}/transitions")["transitions"] == []
    assert admin.send("POST", f"issue/{key}/transitions", {"transition": {"id": "11"}})[0] == 400
    assert admin.send("PUT", f"issue/{key}", {"fields": {field: {"value": "red"}}})[0] == 204
    assert admin.send("POST", f"issue/{key}/transitions", {"transition": {"id": "11"}})[0] == 204


def test_the_default_workflow_scheme_has_no_id_and_is_in_no_list(admin: Admin) -> None:
    def used() -> Json:
        (found,) = admin.sees("workflowscheme/project", projectId=project_of(admin))["values"]
        return dict(found["workflowScheme"])

    assert used()["name"] == "Default Workflow Scheme"
    assert used()["defaultWorkflow"] == "Simple workflow"
    assert not {"id", "self"} & set(used())
    assert admin.sees("workflowscheme")["values"] == []
    scheme = admin.makes("workflowscheme", {"name": "Mine", "defaultWorkflow": "Simple workflow"})["id"]
    admin.gives("workflowscheme/project", {"projectId": project_of(admin), "workflowSchemeId": str(scheme)})
    assert (used()["id"], used()["name"]) == (scheme, "Mine")


def test_a_workflow_that_only_a_team_managed_project_follows_is_that_projects(admin: Admin) -> None:
    project = admin.jira.site.projects[project_of(admin)]
    for team_managed, kind in ((False, "GLOBAL"), (True, "PROJECT")):
        project.team_managed = team_managed
        (shown,) = admin.sees("workflows/search", queryString="simple")["values"]
        assert shown["scope"]["type"] == kind
    assert shown["scope"]["project"] == {"id": project.id}


def test_a_workflow_scheme_is_given_only_while_there_are_no_issues(admin: Admin) -> None:
    admin.makes("issue", {"fields": {"project": {"key": "INT"}, "issuetype": {"name": "Task"}, "summary": "x"}})
    scheme = admin.makes("workflowscheme", {"name": "Mine", "defaultWorkflow": "Simple workflow"})["id"]
    given = {"projectId": project_of(admin), "workflowSchemeId": str(scheme)}
    assert admin.send("PUT", "workflowscheme/project", given)[0] == 400


# --- History searches, pages


def test_a_search_asks_when_the_status_changed(admin: Admin) -> None:
    fields = {"project": {"key": "INT"}, "issuetype": {"name": "Task"}, "summary": "x"}
    key = admin.makes("issue", {"fields": fields})["key"]
    way = admin.sees(f"issue/{key}/transitions")["transitions"][-1]["id"]
    assert admin.send("POST", f"issue/{key}/transitions", {"transition": {"id": way}})[0] == 204

    def found(condition: str) -> int:
        status, page = admin.send("POST", "search/jql", {"jql": f"project = INT AND {condition}"})
        return len(page["issues"]) if status == 200 else -status

    assert found("status CHANGED") == 1
    assert found("status CHANGED AFTER -1d") == 1
    assert found("NOT status CHANGED AFTER -1d") == 0
    assert found("status CHANGED BEFORE -1d") == 0
    assert found("summary CHANGED") == -400


def test_a_dashboard_is_drawn_whatever_its_gadgets_say(admin: Admin) -> None:
    board = admin.makes("dashboard", {"name": "<Mine>", "sharePermissions": [], "editPermissions": []})["id"]
    uris = {gadget["title"]: gadget["uri"] for gadget in admin.sees("dashboard/gadgets")["gadgets"]}
    number = admin.makes("filter", {"name": "All", "jql": "project = INT"})["id"]
    configs: list[tuple[str, Json | None]] = [
        ("Pie Chart", {"projectOrFilterId": f"filter-{number}", "statType": "statuses"}),
        ("Pie Chart", {"projectOrFilterId": f"filter-{number}", "statType": "nonsense"}),
        ("Two Dimensional Filter Statistics", {"filterId": number, "xstattype": "labels", "ystattype": "assignees"}),
        ("Filter Results", {"filterId": number, "columnNames": "issuekey|summary|status|assignee"}),
        ("Filter Results", {"filterId": "1"}),
        ("Filter Results", None),
    ]
    for title, config in configs:
        gadget = admin.makes(f"dashboard/{board}/gadget", {"uri": uris[title]})["id"]
        if config is not None:
            path = f"dashboard/{board}/items/{gadget}/properties/config"
            assert admin.send("PUT", path, config)[0] == 201

    def drawn() -> str:
        return requests.get(f"{admin.jira.url}/_sandbox/dashboards/{board}", timeout=60).text

    empty = drawn()
    assert empty.count("No issues were found") == 3
    assert "&lt;Mine&gt;" in empty
    assert "There is no filter 1." in empty
    assert "This gadget has no filter." in empty
    assert "There is no statistic &#x27;nonsense&#x27;." in empty
    admin.makes("issue", {"fields": {"project": {"key": "INT"}, "issuetype": {"name": "Task"}, "summary": "A & B"}})
    assert "A &amp; B" in drawn()
    assert "<circle" in drawn()
    assert requests.get(f"{admin.jira.url}/_sandbox/dashboards/1", timeout=60).status_code == 404
