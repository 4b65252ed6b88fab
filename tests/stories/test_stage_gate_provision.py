"""The Stage gate is put on the workflow by one reviewed change, once, and everything else on it stays."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jira_sandbox import Clock, Fault, Running
from jira_sandbox.apps import AppRule
from jira_sandbox.model import FieldEquals, Transition, Workflow
from mappings import Mapping, load
from sync_service.jira.forge import StageGate
from sync_service.provision.apply import Interrupted
from sync_service.provision.plan import Plan, dumped, loaded
from sync_service.provision.run import Refused, perform
from sync_service.provision.standing import standing
from tests.stories.conftest import FIRST_DAY
from tests.stories.forge import APP, ELSEWHERE, PRODUCTION, ForgeApp, key, rules, stages
from tests.stories.preparing import PAYTRONIX, Preparation

STRICT, OURS = "INT: strict", "INT: Stagegate Integration"
FORWARD = {
    "Start requirements": "requirements",
    "Start development": "development",
    "Start certification": "certification",
    "Start launch": "launch",
    "Go live": "live",
}


@pytest.fixture
def jira(server: Running) -> Running:
    """A site whose workflow is the team's own, with the condition that was recommended to them."""
    server.reset(flavour="cloud", clock=Clock(frozen_at=FIRST_DAY), gate_condition=True)
    server.site.webhooks.clear()
    return server


@pytest.fixture
def app(jira: Running) -> ForgeApp:
    app = ForgeApp(jira)
    app.is_installed()
    return app


@pytest.fixture
def preparation(jira: Running, app: ForgeApp) -> Preparation:
    return Preparation(jira, app.gate)


def workflow(jira: Running, name: str = STRICT) -> Workflow:
    (found,) = [one for one in jira.site.workflows.values() if one.name == name]
    return found


def step(jira: Running, name: str) -> Transition:
    return next(one for one in workflow(jira).transitions if one.name == name)


def change(plan: Plan) -> str:
    (found,) = [one for one in plan.changes if one.kind == "workflow"]
    return f"{found.verb} {found.name}: {'; '.join(found.details)}"


# --- The team's own workflow


def test_each_way_forward_gets_its_stage_gate_in_place_of_the_condition(
    preparation: Preparation, jira: Running
) -> None:
    told = change(preparation.plans())
    names = ", ".join(f"'{name}'" for name in FORWARD)
    assert told == f"change {STRICT}: Stage gate on {names}; in place of the condition Gate = Open on {names}"
    assert rules(jira, STRICT) == {}
    left = preparation.performs()
    assert (left.changes, left.problems) == ((), ())
    assert stages(jira, STRICT) == FORWARD
    assert [one.name for one in workflow(jira).transitions if one.conditions] == []


def test_all_else_stays_as_it_was(preparation: Preparation, jira: Running) -> None:
    other = AppRule(id="7", key=key(ELSEWHERE).replace("stage-gate", "four-eyes"), config='{"eyes": 4}')
    jira.site.apps[other.key] = replace(jira.site.apps[key()], key=other.key)
    team = FieldEquals(field_id=jira.site.field_named("Feasibility").id, value="Feasible")
    step(jira, "Start requirements").validators.append(other)
    step(jira, "Start requirements").conditions.append(team)
    before = {one.name: replace(one, conditions=[], validators=[]) for one in workflow(jira).transitions}
    resolutions = dict(workflow(jira).resolutions)
    preparation.performs()
    assert {one.name: replace(one, conditions=[], validators=[]) for one in workflow(jira).transitions} == before
    assert workflow(jira).resolutions == resolutions
    assert step(jira, "Start requirements").validators[0] == other
    assert step(jira, "Start requirements").conditions == [team]


def test_the_ways_back_and_to_the_ends_have_none(preparation: Preparation, jira: Running) -> None:
    preparation.performs()
    assert not {"Back to discovery", "Decline", "Cancel", "Resume live"} & set(rules(jira, STRICT))


def test_a_second_time_there_is_nothing_to_do(preparation: Preparation, jira: Running) -> None:
    preparation.performs()
    version = workflow(jira).version
    assert preparation.plans().changes == ()
    preparation.performs()
    assert workflow(jira).version == version


def test_however_jira_writes_the_configuration_it_is_the_same(preparation: Preparation, jira: Running) -> None:
    preparation.performs()
    one = step(jira, "Go live")
    (rule,) = one.validators
    one.validators = [replace(rule, config=json.dumps(json.loads(rule.config or ""), indent=1, sort_keys=True))]
    assert preparation.plans().changes == ()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param({"config": '{"stage": "launch", "without_record": "open"}'}, "", id="another stage"),
        pytest.param({"config": None}, "", id="no configuration"),
        pytest.param({"config": "odd"}, "", id="a configuration that is none"),
        pytest.param({"key": key(ELSEWHERE)}, key(ELSEWHERE), id="of an app that was registered before"),
    ],
)
def test_a_stage_gate_that_says_something_else_is_set_right(
    preparation: Preparation, jira: Running, changed: dict[str, str], told: str
) -> None:
    preparation.performs()
    (rule,) = step(jira, "Go live").validators
    step(jira, "Go live").validators = [replace(rule, **changed)]
    asked = change(preparation.plans())
    assert asked == f"change {STRICT}: Stage gate on 'Go live'" + (f"; in place of the rules of {told}" if told else "")
    assert preparation.performs().changes == ()
    assert stages(jira, STRICT) == FORWARD
    assert {rule.key for (rule,) in rules(jira, STRICT).values()} == {key()}


def test_what_happens_without_a_record_is_the_settings_choice(jira: Running, app: ForgeApp) -> None:
    Preparation(jira, StageGate(app=APP, without_record="closed")).performs()
    told = {json.loads(rule.config or "{}")["without_record"] for (rule,) in rules(jira, STRICT).values()}
    assert told == {"closed"}


def test_a_way_with_a_screen_of_its_own_is_left_to_the_service(preparation: Preparation, jira: Running) -> None:
    step(jira, "Go live").screen_id = next(iter(jira.site.screens))
    plan = preparation.plans()
    assert any("no Stage gate on 'Go live'" in note for note in plan.notes)
    preparation.performs()
    assert set(stages(jira, STRICT)) == set(FORWARD) - {"Go live"}
    assert step(jira, "Go live").conditions


def test_ways_from_everywhere_lead_forward_too_but_not_into_the_first_stage(jira: Running, app: ForgeApp) -> None:
    jira.reset(flavour="cloud", clock=Clock(frozen_at=FIRST_DAY), workflow="open")
    app.is_installed()
    Preparation(jira, app.gate).performs()
    titles = {f"To {key.capitalize()}": key for key in FORWARD.values()}
    assert stages(jira, "INT: open") == titles


# --- Our own workflow


def test_a_workflow_of_ours_is_made_with_the_stage_gate(jira: Running) -> None:
    jira.reset(flavour="cloud", clock=Clock(frozen_at=FIRST_DAY), empty=True)
    app = ForgeApp(jira)
    app.is_installed()
    preparation = Preparation(jira, app.gate)
    assert any("5 with the Stage gate" in each.details for each in preparation.plans().changes)
    left = preparation.performs()
    assert (left.changes, left.problems) == ((), ())
    assert set(stages(jira, OURS)) == {"To Requirements", "To Development", "To Certification", "To Launch", "To Live"}
    assert not any(one.conditions for one in workflow(jira, OURS).transitions)
    assert rules(jira, "INT: Stagegate Sub-task") == {}


def test_a_workflow_of_ours_gets_it_when_the_app_comes_later(jira: Running) -> None:
    jira.reset(flavour="cloud", clock=Clock(frozen_at=FIRST_DAY), empty=True)
    Preparation(jira).performs()
    assert sum(bool(one.conditions) for one in workflow(jira, OURS).transitions) == 5
    app = ForgeApp(jira)
    app.is_installed()
    app.is_put_on_the_workflow()
    assert len(stages(jira, OURS)) == 5
    assert not any(one.conditions for one in workflow(jira, OURS).transitions)


def test_a_workflow_of_ours_that_waits_for_its_project_gets_it_too(jira: Running) -> None:
    jira.reset(flavour="cloud", clock=Clock(frozen_at=FIRST_DAY), empty=True)
    app = ForgeApp(jira)
    app.is_installed()
    Preparation(jira).performs()
    project = next(iter(jira.site.projects.values()))
    simple = next(one.id for one in jira.site.workflows.values() if one.name == "Simple workflow")
    project.workflow_scheme, project.workflows = None, dict.fromkeys(project.workflows, simple)
    Preparation(jira, app.gate).performs()
    assert len(stages(jira, OURS)) == 5


# --- What is refused, and what is reported


def test_without_the_app_on_the_site_nothing_is_written(preparation: Preparation, app: ForgeApp, jira: Running) -> None:
    app.is_removed()
    (refusal,) = preparation.plans().refusals
    assert APP in refusal
    assert "install the app" in refusal
    with pytest.raises(Refused):
        preparation.performs()
    assert workflow(jira).version == 1


def test_of_several_environments_one_must_be_named(preparation: Preparation, jira: Running) -> None:
    ForgeApp(jira, environment=ELSEWHERE).is_installed()
    (refusal,) = preparation.plans().refusals
    assert f"({PRODUCTION}, {ELSEWHERE})" in refusal
    Preparation(jira, StageGate(app=APP, environment=PRODUCTION)).performs()
    assert {rule.key for (rule,) in rules(jira, STRICT).values()} == {key()}


def test_whom_else_it_concerns_is_said_and_nobody_else_is_shut_out(
    preparation: Preparation, jira: Running, app: ForgeApp
) -> None:
    project = next(iter(jira.site.projects.values()))
    bug = next(kind.id for kind in jira.site.types.values() if kind.name == "Bug")
    project.workflows[bug] = workflow(jira).id
    other = replace(project, id="10099", key="OTH", name="Other", former_keys=[])
    jira.site.projects[other.id] = other
    (note,) = [each for each in preparation.plans().notes if "followed by" in each]
    assert "the issue types Bug and other projects (1) as well, whose issues have no record" in note
    (refusal,) = Preparation(jira, StageGate(app=APP, without_record="closed")).plans().refusals
    assert "would refuse their moves; set it to open" in refusal


def test_another_apps_validators_are_not_taken_for_it(jira: Running) -> None:
    ForgeApp(jira, app=ELSEWHERE).is_installed()
    assert Preparation(jira, StageGate(app=APP)).plans().refusals


def test_a_rule_of_another_app_that_is_installed_is_never_deleted(preparation: Preparation, jira: Running) -> None:
    other = ForgeApp(jira, app=ELSEWHERE)
    other.is_installed()
    theirs = AppRule(id="7", key=other.key, config='{"board": 4}')
    step(jira, "Go live").validators.append(theirs)
    (refusal,) = preparation.plans().refusals
    assert f"'{STRICT}'" in refusal
    assert other.key in refusal
    with pytest.raises(Refused, match=ELSEWHERE):
        preparation.performs()
    assert rules(jira, STRICT) == {"Go live": [theirs]}
    other.is_removed()
    preparation.performs()
    assert {rule.key for (rule,) in rules(jira, STRICT).values()} == {key()}


def test_the_rules_of_our_app_in_another_environment_give_way(jira: Running, app: ForgeApp) -> None:
    app.is_put_on_the_workflow()
    ForgeApp(jira, environment=ELSEWHERE).is_installed()
    Preparation(jira, StageGate(app=APP, environment=ELSEWHERE)).performs()
    assert stages(jira, STRICT) == FORWARD
    assert {rule.key for (rule,) in rules(jira, STRICT).values()} == {key(environment=ELSEWHERE)}


# --- Projects of two mappings on one workflow

ALIKE = 'extends = "paytronix"\nname = "partners"\n[jira]\nproject = "PAR"\n'
UNLIKE = """
extends = "minimal"
name = "partners"
[jira]
project = "PAR"
issue_type = "Integration"
[stages.planned]
statuses = ["Discovery"]
[stages.working]
statuses = ["Requirements", "Development", "Certification"]
[stages.finished]
statuses = ["Launch", "Live"]
[stages.dropped]
statuses = ["Cancelled"]
"""


@pytest.fixture
def partners(jira: Running, tmp_path: Path) -> Callable[[str], Mapping]:
    """The mapping of a project PAR that follows the very same workflow."""
    (project,) = jira.site.projects.values()
    jira.site.projects["10099"] = replace(project, id="10099", key="PAR", name="Partners", former_keys=[])

    def mapping(text: str) -> Mapping:
        path = tmp_path / "partners.toml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return mapping


@pytest.mark.parametrize("without_record", ["open", "closed"])
def test_a_project_that_has_a_mapping_too_is_no_stranger(
    jira: Running, app: ForgeApp, partners: Callable[[str], Mapping], without_record: str
) -> None:
    gate, par = StageGate(app=APP, without_record=without_record), partners(ALIKE)
    first, second = Preparation(jira, gate, PAYTRONIX, par), Preparation(jira, gate, par, PAYTRONIX)
    for plan in (first.plans(), second.plans()):
        assert plan.refusals == ()
        assert not [note for note in plan.notes if "followed by" in note]
    first.performs()
    assert stages(jira, STRICT) == FORWARD
    assert not [one for one in second.plans().changes if one.kind == "workflow"]


def test_a_mapped_project_of_which_other_issues_follow_the_workflow_is_one(
    jira: Running, app: ForgeApp, partners: Callable[[str], Mapping]
) -> None:
    par = partners(ALIKE.replace("[jira]", '[jira]\nissue_type = "Bug"'))
    (note,) = [each for each in Preparation(jira, app.gate, PAYTRONIX, par).plans().notes if "followed by" in each]
    assert "other projects (1)" in note


def test_one_rule_can_not_name_the_stages_of_two_mappings(
    jira: Running, app: ForgeApp, partners: Callable[[str], Mapping]
) -> None:
    app.is_put_on_the_workflow()
    version, par = workflow(jira).version, partners(UNLIKE)
    for mappings in ((PAYTRONIX, par), (par, PAYTRONIX)):
        preparation = Preparation(jira, app.gate, *mappings)
        (refusal,) = [each for each in preparation.plans().refusals if "workflow" in each]
        assert "'paytronix' (INT)" in refusal
        assert "'partners' (PAR)" in refusal
        assert "'Start requirements' (" in refusal
        with pytest.raises(Refused):
            preparation.performs()
        with preparation.client() as client:
            (weakness,) = standing(client, mappings[0], app.gate, mappings).weaknesses
        assert weakness == refusal
    assert workflow(jira).version == version
    del jira.site.projects["10099"]
    assert Preparation(jira, app.gate, PAYTRONIX, par).plans().refusals == ()


def test_a_mapped_project_is_found_among_hundreds_that_follow_the_workflow(
    jira: Running, app: ForgeApp, partners: Callable[[str], Mapping]
) -> None:
    par, last = partners(UNLIKE), jira.site.projects.pop("10099")
    for number in range(20000, 20250):
        jira.site.projects[str(number)] = replace(last, id=str(number), key=f"P{number}", name=f"P{number}")
    jira.site.projects["10099"] = last
    (note,) = [each for each in Preparation(jira, app.gate).plans().notes if "followed by" in each]
    assert "other projects (251)" in note
    (refusal,) = [each for each in Preparation(jira, app.gate, PAYTRONIX, par).plans().refusals if "PAR" in each]
    assert "'Start requirements' (" in refusal


def test_a_workflow_of_the_same_name_in_a_team_managed_project_is_not_ours(jira: Running, app: ForgeApp) -> None:
    (project,) = jira.site.projects.values()
    theirs = replace(workflow(jira), id="1")
    jira.site.workflows = {"1": theirs, **jira.site.workflows}
    followed = dict.fromkeys(project.workflows, "1")
    jira.site.projects["20000"] = replace(project, id="20000", key="OWN", workflows=followed, team_managed=True)
    app.is_put_on_the_workflow()
    del jira.site.workflows["1"]
    assert stages(jira, STRICT) == FORWARD
    assert not any(step.validators for step in theirs.transitions)


# --- What is reported, and what is asked beforehand


@pytest.mark.parametrize("name", [STRICT, OURS])
def test_a_stage_gate_without_the_setting_is_reported(jira: Running, name: str) -> None:
    jira.reset(flavour="cloud", clock=Clock(frozen_at=FIRST_DAY), empty=name == OURS)
    app = ForgeApp(jira)
    app.is_installed()
    app.is_put_on_the_workflow()
    plan = Preparation(jira).plans()
    (problem,) = plan.problems
    assert key() in problem
    assert "set it, or delete the rules" in problem
    assert plan.changes == ()


def test_jira_is_asked_before_anything_is_changed(preparation: Preparation, jira: Running) -> None:
    # Between plan and apply somebody else changes the workflow.
    with preparation.client() as client:
        plan = preparation.plans()
        workflow(jira).version += 1
        with pytest.raises(Interrupted, match="not the newest"):
            perform(client, preparation.wanted, plan)
    assert rules(jira, STRICT) == {}
    assert preparation.performs().changes == ()
    assert stages(jira, STRICT) == FORWARD


def test_a_lost_answer_leaves_nothing_to_mend(preparation: Preparation, jira: Running) -> None:
    jira.faults.add(Fault(action="reset_after", method="POST", path="/workflows/update$", first=1))
    with pytest.raises(Interrupted):
        preparation.performs()
    assert stages(jira, STRICT) == FORWARD
    assert not [each for each in preparation.plans().changes if each.kind == "workflow"]


def test_a_saved_plan_is_read_back_the_same(preparation: Preparation) -> None:
    plan = preparation.plans()
    assert loaded(dumped([plan]), "plan.json") == (plan,)
    (requests,) = [each.requests for each in plan.changes if each.kind == "workflow"]
    assert [(one.path, one.checks) for one in requests] == [
        ("workflows/update/validation", True),
        ("workflows/update", False),
    ]
