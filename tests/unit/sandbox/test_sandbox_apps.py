"""Validators of Forge apps: Jira expressions, rules on transitions, and workflows that are changed over REST."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from jira_sandbox import apps
from jira_sandbox.errors import JiraError
from jira_sandbox.expressions import EvaluationFailed, SyntaxRefused, parse

PLUGIN = Path(__file__).parents[3] / "plugin"
(GATE,) = yaml.safe_load((PLUGIN / "manifest.yml").read_text("utf-8"))["modules"]["jira:workflowValidator"]
CASES = json.loads((PLUGIN / "test" / "stage-gate.json").read_text("utf-8"))["cases"]
KEY = "ari:cloud:ecosystem::extension/an-app/production/static/stage-gate"
NAMED = "issue.properties?.state?.ready == true ? true : 'Not ready.'"


def app(**changed: Any) -> dict[str, Any]:
    return {"key": KEY, "expression": NAMED, "error_message": "It failed."} | changed


# --- Expressions


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_stage_gate_of_the_plugin_answers_as_its_table_says(case: dict[str, Any]) -> None:
    gate = apps.installable(KEY, GATE["expression"], GATE["errorMessage"])
    config = None if case["config"] is None else json.dumps(case["config"])
    properties = {} if case["property"] is None else {"stagegate": case["property"]}
    told = apps.refusals({KEY: gate}, [apps.AppRule(id="1", key=KEY, config=config)], properties)
    expected = {True: [], None: [GATE["errorMessage"]]}.get(case["answer"], [case["answer"]])
    assert told == expected


def test_the_description_of_a_rule_is_known_too() -> None:
    told = parse(GATE["configurationDescription"]["expression"], ["config"])
    assert told({"config": {"stage": "launch"}}) == "Guards the way into the stage: launch"
    assert told({"config": None}) == "Guards the way into the stage: none"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 == 1", True),
        ("true == 1", False),
        ("null == false", False),
        ("a.n != 1", False),
        (r"'it\'s' + ' so'", "it's so"),
        ("a?.none ?? a['n']", 1.0),
        ("let x = 'y'; let z = x + x; z", "yy"),
        ("a.list.reduce((all, each) => each + all, '')", "ba"),
        ("(true ? 'b' : 'c') == 'b' ? null : 2", None),
    ],
)
def test_an_expression_has_its_value(text: str, value: Any) -> None:
    assert parse(text, ["a"])({"a": {"n": 1.0, "list": ["a", "b"]}}) == value


@pytest.mark.parametrize(
    "text",
    [
        "a && b",
        "a.join(', ')",
        "c",
        "x => x",
        "a.reduce(a, '')",
        "a.reduce((p, q) => p, '') + p",
        "1 2",
        "a ? 1",
        "let a 1; a",
        "a.",
        "",
        '"a"',
        "a..b",
        "let 1 = 2; 1",
    ],
)
def test_syntax_that_is_not_known_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(SyntaxRefused):
        parse(text, ["a", "b"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b", None),
        ("a['b']", {}),
        ("a?.b.c", None),
        ("a ? 1 : 2", "yes"),
        ("'a' + a", 1),
        ("a[1]", {}),
        ("a == a", []),
        ("a.reduce((p, q) => p, '')", "text"),
    ],
)
def test_what_jira_may_not_evaluate_fails(text: str, value: Any) -> None:
    with pytest.raises(EvaluationFailed):
        parse(text, ["a"])({"a": value})


# --- Messages


@pytest.mark.parametrize(
    ("message", "told"),
    [
        pytest.param("In words.", "In words.", id="a text"),
        pytest.param({"expression": "'For ' + config.stage"}, "For x", id="an expression"),
        pytest.param({"expression": "config.none"}, apps.UNTOLD, id="an expression that fails"),
        pytest.param(None, apps.UNTOLD, id="none"),
    ],
)
def test_a_failing_expression_refuses_with_the_error_message(message: Any, told: str) -> None:
    gate = apps.installable(KEY, "issue.none", message)
    rule = apps.AppRule(id="1", key=KEY, config='{"stage": "x"}')
    assert apps.refusals({KEY: gate}, [rule], {}) == [told]


def test_what_is_neither_true_nor_a_text_refuses() -> None:
    gate = apps.installable(KEY, "false", "No.")
    assert apps.refusals({KEY: gate}, [apps.AppRule(id="1", key=KEY)], {}) == ["No."]


@pytest.mark.parametrize("changed", [{"key": "stage-gate"}, {"expression": "a && b"}, {"error_message": {"odd": 1}}])
def test_what_can_not_be_installed_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(JiraError):
        apps.installable(**app(**changed))


# --- Rules on transitions


def _workflow(world: Any, name: str = "INT: strict") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    seen = world.admin.get("workflows/search", queryString=name, expand="values.transitions")
    (workflow,) = seen["values"]
    held = {each["statusReference"] for each in workflow["statuses"]}
    return workflow, [each for each in seen["statuses"] if each["statusReference"] in held]


def _update(world: Any, *, rules: list[dict[str, Any]], on: str = "Start requirements", **changed: Any) -> Any:
    """Return the body of an update that gives one transition these validators."""
    workflow, statuses = _workflow(world)
    step = next(t for t in workflow["transitions"] if t["name"] == on)
    step["validators"] = rules
    kept = {name: workflow[name] for name in ("id", "version", "statuses", "transitions", "startPointLayout")}
    return {"statuses": statuses, "workflows": [kept | changed]}


def _rule(key: str = KEY, **parameters: str) -> dict[str, Any]:
    return {"ruleKey": "forge:expression-validator", "parameters": {"key": key} | parameters}


@pytest.fixture
def guarded(cloud: Any) -> Any:
    """A site on which an app's rule guards the way into Requirements."""
    assert cloud.control("POST", "apps", app()).status_code == 204
    body = _update(cloud, rules=[_rule(config='{"stage": "requirements"}')])
    assert cloud.admin.post("workflows/update/validation", {"payload": body}).json() == {"errors": []}
    assert cloud.admin.post("workflows/update", body).status_code == 200
    return cloud


def test_a_rule_refuses_the_transition_with_its_message_and_nothing_changes(guarded: Any) -> None:
    key = guarded.tc.create()
    before = guarded.tc.see(key, "changelog")
    reply = guarded.tc.move(key, "Requirements")
    assert (reply.status_code, reply.json()) == (400, {"errorMessages": ["Not ready."], "errors": {}})
    assert guarded.tc.see(key, "changelog") == before
    assert guarded.tc.put(f"issue/{key}/properties/state", {"ready": True}).status_code == 201
    assert guarded.tc.move(key, "Requirements").status_code == 204


def test_a_rule_leaves_other_transitions_alone_and_the_button_is_offered(guarded: Any) -> None:
    key = guarded.tc.create()
    offered = {t["to"]["name"] for t in guarded.tc.get(f"issue/{key}/transitions")["transitions"]}
    assert offered == {"Requirements", "Declined", "Cancelled"}
    assert guarded.tc.move(key, "Declined").status_code == 204


def test_the_rule_of_an_app_that_is_gone_refuses_everything_until_it_is_taken_out(guarded: Any) -> None:
    key = guarded.tc.create()
    assert guarded.tc.put(f"issue/{key}/properties/state", {"ready": True}).status_code == 201
    assert guarded.control("POST", "apps/remove", {"key": KEY}).status_code == 204
    assert guarded.tc.move(key, "Requirements").json()["errorMessages"] == [apps.ABSENT]
    (shown,) = next(t for t in _workflow(guarded)[0]["transitions"] if t["validators"])["validators"]
    assert shown["parameters"]["disabled"] == "true"
    assert guarded.admin.post("workflows/update", _update(guarded, rules=[shown])).status_code == 200
    assert guarded.admin.post("workflows/update", _update(guarded, rules=[])).status_code == 200
    assert guarded.tc.move(key, "Requirements").status_code == 204


def test_installed_apps_are_told(guarded: Any) -> None:
    assert [one["key"] for one in guarded.control("GET", "apps").json()] == [KEY]
    types = guarded.admin.get("project/INT")["issueTypes"]
    rules = guarded.admin.get("workflows/capabilities", projectId="10000", issueTypeId=types[0]["id"])["forgeRules"]
    assert [(rule["id"], rule["ruleType"]) for rule in rules] == [(KEY, "Validator")]
    assert guarded.admin.ask("GET", "workflows/capabilities").status_code == 400


@pytest.mark.parametrize("body", [{"key": KEY}, app(odd=1), app(expression="a &&")])
def test_an_app_that_the_sandbox_can_not_run_is_a_400(cloud: Any, body: dict[str, Any]) -> None:
    assert cloud.control("POST", "apps", body).status_code == 400
    assert cloud.control("POST", "apps/remove", {"key": KEY}).status_code == 404


def test_data_center_has_no_forge(datacenter: Any) -> None:
    assert datacenter.control("POST", "apps", app()).status_code == 400


def test_the_projects_that_follow_a_workflow_are_told(cloud: Any) -> None:
    strict, _ = _workflow(cloud)
    used = cloud.admin.get(f"workflow/{strict['id']}/projectUsages")["projects"]["values"]
    assert used == [{"id": cloud.admin.get("project/INT")["id"]}]
    assert cloud.admin.ask("GET", "workflow/none/projectUsages").status_code == 404


def test_they_are_told_page_by_page(cloud: Any) -> None:
    strict, _ = _workflow(cloud)
    site = cloud.jira.site
    (project,) = site.projects.values()
    for number in range(20000, 20003):
        site.projects[str(number)] = replace(project, id=str(number), key=f"P{number}")
    path, token, pages = f"workflow/{strict['id']}/projectUsages", {}, []
    while not pages or token["nextPageToken"]:
        page = cloud.admin.get(path, maxResults=2, **token)["projects"]
        token = {"nextPageToken": page.get("nextPageToken")}
        pages.append([each["id"] for each in page["values"]])
    assert pages == [[project.id, "20000"], ["20001", "20002"]]


# --- Updates


def test_an_update_keeps_what_it_is_given_back(guarded: Any) -> None:
    before, _ = _workflow(guarded)
    (rule,) = next(t for t in before["transitions"] if t["validators"])["validators"]
    assert guarded.admin.post("workflows/update", _update(guarded, rules=[rule])).status_code == 200
    after, _ = _workflow(guarded)
    assert after["version"]["versionNumber"] == before["version"]["versionNumber"] + 1
    assert after | {"version": None} == before | {"version": None}
    key = guarded.tc.create()
    assert guarded.tc.move(key, "Cancelled").status_code == 204
    assert guarded.tc.see(key)["fields"]["resolution"]["name"] == "Won't Do"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"version": {"id": "old", "versionNumber": 1}}, id="an old version"),
        pytest.param({"id": "nobody"}, id="an unknown workflow"),
        pytest.param({"statuses": []}, id="without its statuses"),
        pytest.param({"name": "Mine"}, id="with what the document does not have"),
        pytest.param({"rules": [_rule("ari:cloud:ecosystem::extension/b/c/static/d")]}, id="a rule of no app"),
        pytest.param({"rules": [{"ruleKey": "system:odd"}]}, id="an unknown rule"),
        pytest.param({"rules": [_rule(config="{")]}, id="a configuration that is no JSON"),
    ],
)
def test_an_update_that_can_not_be_made_is_told_beforehand_and_changes_nothing(
    guarded: Any, changed: dict[str, Any]
) -> None:
    before = _workflow(guarded)
    body = _update(guarded, **({"rules": []} | changed))
    told = guarded.admin.post("workflows/update/validation", {"payload": body}).json()["errors"]
    assert [error["level"] for error in told] == ["ERROR"]
    assert guarded.admin.post("workflows/update", body).status_code == 400
    assert _workflow(guarded) == before


def test_a_status_is_not_taken_out_of_a_workflow(guarded: Any) -> None:
    body = _update(guarded, rules=[])
    (workflow,) = body["workflows"]
    gone = guarded.jira.site.status_named("Cancelled").id
    workflow["statuses"] = [each for each in workflow["statuses"] if each["statusReference"] != gone]
    workflow["transitions"] = [
        each
        for each in workflow["transitions"]
        if gone not in (each["toStatusReference"], *(link["fromStatusReference"] for link in each["links"]))
    ]
    assert "takes no status out" in guarded.admin.post("workflows/update", body).json()["errorMessages"][0]


@pytest.mark.parametrize("group", [{"operation": "ANY"}, {"operation": "ALL", "conditionGroups": [{}]}])
def test_conditions_that_the_sandbox_would_not_enforce_are_refused(guarded: Any, group: dict[str, Any]) -> None:
    body = _update(guarded, rules=[])
    body["workflows"][0]["transitions"][1]["conditions"] = {"conditions": []} | group
    assert guarded.admin.post("workflows/update", body).status_code == 400


def test_only_an_administrator_changes_a_workflow(guarded: Any) -> None:
    body = _update(guarded, rules=[])
    assert guarded.tc.post("workflows/update", body).status_code == 403
    assert guarded.tc.post("workflows/update/validation", {"payload": body}).status_code == 403
