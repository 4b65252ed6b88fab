"""The Stage gate on a workflow as Jira shows it: what is changed of it, what is kept, and what can't be done."""

from collections.abc import Callable
from typing import Any

import pytest

from mappings import load
from sync_service.jira.forge import StageGate, is_stage_gate, stage_gate, validator
from sync_service.provision import guards
from sync_service.provision.desired import Desired, desired
from sync_service.provision.draft import Draft
from sync_service.provision.site import Project, Scheme, Site, SiteWorkflow

APP = "6a483ca8-1f0b-4c59-8d3a-0e3b1d6f7a21"
KEY = f"ari:cloud:ecosystem::extension/{APP}/env/static/stage-gate"
OFFERED = {"id": KEY, "ruleKey": "forge:expression-validator", "ruleType": "Validator", "name": "Stage gate"}
GATE = {"fieldId": "customfield_1", "comparator": "=", "comparisonType": "OPTIONID", "fieldValue": '["7"]'}
CONDITION = {"ruleKey": "system:check-field-value", "parameters": GATE}
OTHER = {"ruleKey": "system:restrict-issue-transition", "parameters": {"roleIds": "10002"}, "id": "8"}
GROUP = {"operation": "ALL", "conditions": [OTHER], "conditionGroups": []}
RULE = validator(KEY, stage="requirements", without_record="open")


def wanted(app: StageGate | None = None) -> Desired:
    return desired(load("paytronix"), stage_gate=app or StageGate(app=APP))


def shown(*, editable: bool = True, **step: Any) -> SiteWorkflow:
    """A workflow of two statuses with one way forward, as a search shows it, with all that an update must give back."""
    first = {"id": "1", "name": "Create", "type": "INITIAL", "toStatusReference": "a", "links": []}
    forward = {
        "id": "11",
        "name": "On",
        "type": "DIRECTED",
        "toStatusReference": "b",
        "links": [{"fromStatusReference": "a", "fromPort": 0, "toPort": 1}],
        "actions": [{"ruleKey": "system:change-assignee", "parameters": {"type": "to-lead"}}],
        "properties": {"jira.i18n.title": "on"},
        "customIssueEventId": None,
    } | step
    known = [
        {"id": "a", "name": "Discovery", "statusCategory": "TODO", "statusReference": "a", "scope": {"type": "GLOBAL"}},
        {"id": "b", "name": "Requirements", "statusCategory": "IN_PROGRESS", "statusReference": "b"},
    ]
    document = {
        "id": "w",
        "name": "Theirs",
        "isEditable": editable,
        "version": {"id": "v", "versionNumber": 3},
        "startPointLayout": {"x": 1.0, "y": 2.0},
        "loopedTransitionContainerLayout": None,
        "statuses": [{"statusReference": each, "properties": {"p": each}, "deprecated": False} for each in "ab"],
        "transitions": [first, forward],
    }
    names = {each["statusReference"]: each["name"] for each in known}
    return SiteWorkflow(
        id="w",
        statuses=frozenset(names.values()),
        transitions=(first, forward),
        names=names,
        document=document,
        known=tuple(known),
    )


def site(*offered: dict[str, Any], there: SiteWorkflow | None = None) -> Site:
    return Site(
        is_cloud=True,
        version=(1001,),
        project=Project(id="10000", types={"Integration": "1"}, team_managed=False, has_issues=True),
        administered=True,
        may_share=True,
        workflow_scheme=Scheme(id="1", name="W", given={"default": "Theirs"}),
        workflows={"Theirs": there} if there else {},
        forge_rules=offered,
    )


@pytest.fixture
def draft() -> Draft:
    draft = Draft(wanted(), site(OFFERED))
    draft.ids |= {"field:Gate": "customfield_1", "option:Gate=Open": "7"}
    guards.find(draft)
    return draft


Put = Callable[[SiteWorkflow], Any]


@pytest.fixture
def put(draft: Draft) -> Put:
    """Put the Stage gate on, and return the way forward as it would be written; None where nothing is to be done."""

    def put(there: SiteWorkflow) -> Any:
        guards.put(draft, "Theirs", there)
        return draft.changes[0].requests[1].body["workflows"][0]["transitions"][1] if draft.changes else None

    return put


def test_the_whole_workflow_is_given_back_with_one_rule_more(draft: Draft, put: Put) -> None:
    there = shown(conditions=GROUP, validators=[OTHER])
    written = put(there)
    kept = {name: part for name, part in there.transitions[1].items() if part is not None}
    assert written == kept | {"validators": [OTHER, RULE]}
    (change,) = draft.changes
    judged, update = change.requests
    assert judged.body["payload"] == update.body
    (workflow,) = update.body["workflows"]
    assert workflow["version"] == {"id": "v", "versionNumber": 3}
    assert workflow["startPointLayout"] == {"x": 1.0, "y": 2.0}
    assert workflow["statuses"] == [{"statusReference": each, "properties": {"p": each}} for each in "ab"]
    assert [set(each) for each in update.body["statuses"]] == [{"id", "name", "statusCategory", "statusReference"}] * 2
    assert set(workflow) == {"id", "version", "startPointLayout", "statuses", "transitions"}


@pytest.mark.parametrize(
    ("group", "left"),
    [
        pytest.param({"operation": "ALL", "conditions": [CONDITION]}, None, id="alone"),
        pytest.param({"operation": "ANY", "conditions": [CONDITION]}, None, id="alone, any"),
        pytest.param({"operation": "ALL", "conditions": [CONDITION, OTHER]}, {"conditions": [OTHER]}, id="and another"),
        pytest.param({"operation": "ANY", "conditions": [CONDITION, OTHER]}, {}, id="one of two that suffice"),
        pytest.param(
            {"operation": "ALL", "conditions": [CONDITION], "conditionGroups": [GROUP]},
            {"conditions": []},
            id="beside a group",
        ),
        pytest.param({"operation": "ANY", "conditions": [CONDITION], "conditionGroups": [GROUP]}, {}, id="or a group"),
        pytest.param({"operation": "ALL", "conditions": [OTHER]}, {}, id="another condition"),
    ],
)  # fmt: skip
def test_only_the_condition_that_the_gate_is_open_makes_room(put: Put, group: Any, left: Any) -> None:
    written = put(shown(conditions=group))
    assert written.get("conditions") == (None if left is None else group | left)
    assert written["validators"] == [RULE]


@pytest.mark.parametrize(
    ("changed", "is_ours"),
    [
        ({"fieldValue": '["Open"]', "comparisonType": "STRING"}, True),
        ({"fieldValue": '["8"]'}, False),
        ({"fieldId": "customfield_2"}, False),
        ({"comparator": "!="}, False),
    ],
)
def test_our_condition_is_known_however_jira_writes_it(put: Put, changed: dict[str, str], is_ours: bool) -> None:
    rule = {"ruleKey": "system:check-field-value", "parameters": GATE | changed}
    written = put(shown(conditions={"operation": "ALL", "conditions": [rule]}))
    assert ("conditions" not in written) is is_ours


def test_nothing_is_to_be_done_where_it_is_there(draft: Draft, put: Put) -> None:
    there = RULE | {"id": "9", "parameters": RULE["parameters"] | {"id": "9", "disabled": "false", "tag": ""}}
    assert put(shown(validators=[there], conditions=GROUP)) is None
    assert (draft.problems, draft.notes) == ([], [])


def test_twice_is_once_too_often(put: Put) -> None:
    assert put(shown(validators=[RULE, RULE]))["validators"] == [RULE]


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"toStatusReference": "a", "links": [{"fromStatusReference": "b"}]}, id="back"),
        pytest.param({"links": [{"fromStatusReference": "b"}]}, id="to itself"),
        pytest.param({"toStatusReference": "a", "links": [], "type": "GLOBAL"}, id="from everywhere to the first"),
        pytest.param({"toStatusReference": "c"}, id="into a status of no stage"),
    ],
)
def test_what_leads_nowhere_forward_stays_open(put: Put, step: Any) -> None:
    assert put(shown(**step)) is None


def test_a_workflow_that_can_not_be_edited_is_reported(draft: Draft, put: Put) -> None:
    assert put(shown(editable=False)) is None
    (problem,) = draft.problems
    assert "'Theirs' (w) can't be edited" in problem
    assert "'On'" in problem


def test_an_app_is_known_by_its_ids() -> None:
    others = [
        OFFERED | {"id": KEY.replace("stage-gate", "other-gate")},
        OFFERED | {"id": KEY.replace(APP, "another")},
        OFFERED | {"ruleKey": "forge:expression-condition"},
        OFFERED | {"id": "stage-gate"},
    ]
    assert StageGate(app=APP).keys([*others, OFFERED]) == [KEY]
    assert StageGate(app=APP, environment="env").keys([OFFERED]) == [KEY]
    assert StageGate(app=APP, environment="other").keys([OFFERED]) == []


def test_the_setting_names_app_and_environment() -> None:
    assert stage_gate(None, "open") is None
    assert stage_gate(APP, "closed") == StageGate(app=APP, without_record="closed")
    assert stage_gate(f"{APP}/env", "open") == StageGate(app=APP, environment="env")


def test_a_stage_gate_is_known_whichever_app_it_is_of() -> None:
    assert is_stage_gate(RULE)
    assert not is_stage_gate(OTHER)
    assert not is_stage_gate({"ruleKey": "forge:expression-validator"})
