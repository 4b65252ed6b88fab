"""What a mapping needs against what a site has: one line each, with a remedy."""

from dataclasses import replace
from typing import Any

import pytest

from mappings import load
from sync_service.checking import check_mappings
from sync_service.checking.compare import SCHEMAS, judge_site, wanted_options
from sync_service.checking.survey import Survey, needed_permissions

PAYTRONIX = load("paytronix")
FIELDS: dict[str, Any] = {
    key: {
        "id": f"customfield_{number}",
        "name": field.name,
        "schema": {"type": SCHEMAS[field.type][0]} | ({"items": "option"} if field.type == "multi-select" else {}),
    }
    for number, (key, field) in enumerate(PAYTRONIX.fields.items(), 10000)
}
SCREEN: dict[str, Any] = {name: {} for name in ("summary", "description", "assignee", "duedate", "labels")}
ON_SCREEN = SCREEN | {field["id"]: {} for field in FIELDS.values()}
EVERYWHERE = frozenset({*PAYTRONIX.stage_by_status, "To Do", "Done", "Won't Do"})
SITE = Survey(
    is_cloud=True,
    project={"id": "1", "assigneeType": "UNASSIGNED"},
    fields=FIELDS,
    permissions=dict.fromkeys(needed_permissions(PAYTRONIX), True),
    create_screen=SCREEN,
    issue_screen=ON_SCREEN,
    options={
        key: frozenset({*field.options, *wanted_options(PAYTRONIX).get(key, ())})
        for key, field in PAYTRONIX.fields.items()
        if field.type in ("select", "multi-select")
    },
    ways={("Integration", status): EVERYWHERE for status in PAYTRONIX.stage_by_status}
    | {("Sub-task", status): EVERYWHERE for status in ("To Do", "Done", "Won't Do")},
    link_types=frozenset({"Blocks"}),
    roles=frozenset({"Administrators"}),
)
DATA_CENTER = {"is_cloud": False, "step_screen": SCREEN}


def off(screen: dict[str, Any], *names: str) -> dict[str, Any]:
    ids = {field["id"] for field in FIELDS.values() if field["name"] in names} | set(names)
    return {field_id: shown for field_id, shown in screen.items() if field_id not in ids}


def test_a_site_that_has_everything() -> None:
    found = judge_site(PAYTRONIX, SITE)
    assert (found.problems, found.unread) == ((), ())


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no project": ({"project": None}, "there is no project 'INT' that the account can see; create it"),
    "a name that leads nowhere": ({"names": ("no field x",)}, "no field x"),
    "a permission": ({"permissions": {"ADD_COMMENTS": False}}, "lacks the permission 'Add comments' (ADD_COMMENTS)"),
    "a field of another type": (
        {"fields": FIELDS | {"integration_kind": {"id": "1", "schema": {"type": "array", "items": "string"}}}}
        | {"issue_screen": None},
        "'Integration Kind' is a array field, but fields.integration_kind says select",
    ),
    "an option that we write": ({"options": {"gate": frozenset({"Open"})}}, "'Gate' lacks the options 'Closed' (it"),
    "an option that a gate asks for": (
        {"options": {"feasibility": frozenset({"Feasible"})}},
        "lacks the options 'Not feasible'",
    ),
    "the create screen": ({"create_screen": off(SCREEN, "labels")}, "create screen of 'Sub-task' lacks 'labels'"),
    "a required field": (
        {"create_screen": SCREEN | {"team": {"required": True, "name": "Team", "hasDefaultValue": False}}},
        "requires 'Team', which a step doesn't have",
    ),
    "the edit screen of a step on Data Center": (
        DATA_CENTER | {"step_screen": off(SCREEN, "assignee")},
        "edit screen of 'Sub-task' lacks 'assignee'",
    ),
    "a field that people and we write on Data Center": (
        DATA_CENTER | {"issue_screen": off(ON_SCREEN, "Certification Start")},
        "lacks 'Certification Start', which we write",
    ),
    "labels on Data Center": (
        DATA_CENTER | {"issue_screen": off(ON_SCREEN, "labels")},
        "lacks 'labels', which we write",
    ),
    "a kept field on Data Center": (
        DATA_CENTER | {"issue_screen": off(ON_SCREEN, "Gate")},
        "lacks 'Gate', which we write",
    ),
    "the link type": ({"link_types": frozenset({"Relates"})}, "there is no link type 'Blocks' (there are: Relates)"),
    "the role": ({"roles": frozenset({"Members"})}, "the project has no role 'Administrators' (it has: Members)"),
}


@pytest.mark.parametrize(("change", "says"), FAULTS.values(), ids=FAULTS)
def test_faults(change: dict[str, Any], says: str) -> None:
    found = judge_site(PAYTRONIX, replace(SITE, **change))
    assert [says in text for text in found.faults] == [True]
    assert found.weaknesses == ()


WEAKNESSES: dict[str, tuple[dict[str, Any], str]] = {
    "a field that people fill": ({"issue_screen": off(ON_SCREEN, "IDI Date")}, "so that nobody can fill them"),
    "a field that people fill and we write on Cloud": (
        {"issue_screen": off(ON_SCREEN, "Gate Override")},
        "lacks 'Gate Override', so that nobody can fill them",
    ),
    "something that was renamed": ({"renamed": ("the field x is called y now",)}, "the field x is called y now"),
    "an option that people choose": (
        {"options": {"failure_reasons": frozenset({"other"})}},
        "'Failure Reasons' lacks the options 'duplicate calls'",
    ),
    "a way back": (
        {"ways": {("Integration", "Launch"): frozenset({"Live", "Discovery", "Development"})}},
        "from 'Launch' no transition leads our account back to 'Requirements', 'Certification'",
    ),
    "reopening a step": (
        {"ways": {("Sub-task", "Done"): frozenset({"Won't Do"})}},
        "from 'Done' no transition of 'Sub-task' leads our account to 'To Do'",
    ),
    "a default assignee": (
        {"project": {"id": "1", "assigneeType": "PROJECT_LEAD"}},
        "the default assignee of the project is PROJECT_LEAD, so a step that nobody owns goes to that person",
    ),
}


@pytest.mark.parametrize(("change", "says"), WEAKNESSES.values(), ids=WEAKNESSES)
def test_weaknesses(change: dict[str, Any], says: str) -> None:
    found = judge_site(PAYTRONIX, replace(SITE, **change))
    assert [says in text for text in found.weaknesses] == [True]
    assert found.faults == ()


@pytest.mark.parametrize("name", ["Gate", "labels"])
def test_what_only_the_service_writes_needs_no_edit_screen_on_cloud(name: str) -> None:
    assert judge_site(PAYTRONIX, replace(SITE, issue_screen=off(ON_SCREEN, name))).problems == ()


def test_what_could_not_be_read_is_no_problem() -> None:
    blind = Survey(is_cloud=True, project={"id": "1"}, fields=FIELDS, unread=("the roles can't be read: no",))
    found = judge_site(PAYTRONIX, blind)
    assert found.problems == ()
    assert found.unread[0] == "the roles can't be read: no"
    assert "the transitions out of 'Discovery'" in found.unread[1]


def test_a_group_that_is_not_there() -> None:
    override = PAYTRONIX.override.model_copy(update={"groups": ("directors",), "roles": ()})
    mapping = PAYTRONIX.model_copy(update={"override": override})
    found = judge_site(mapping, replace(SITE, groups={"users": True, "directors": False}))
    assert ["there is no group 'directors'" in text for text in found.faults] == [True]
    assert needed_permissions(mapping)[-1] == "USER_PICKER"


def test_a_small_mapping_asks_for_less() -> None:
    minimal = load("minimal")
    assert "certification_result" not in wanted_options(minimal)
    fields = {key: FIELDS[key] for key in minimal.fields if key in FIELDS}
    assert judge_site(minimal, replace(SITE, link_types=frozenset(), options={}, fields=fields)).faults == ()


def test_two_mappings_of_one_project(tmp_path: Any) -> None:
    (tmp_path / "own.toml").write_text('extends = "paytronix"\n')
    own = str(tmp_path / "own.toml")
    assert check_mappings(["paytronix", "minimal"]) == []
    (problem,) = check_mappings(["paytronix", own])
    assert problem.startswith(f"{own}: jira.project: 'INT' is the project of paytronix too")
