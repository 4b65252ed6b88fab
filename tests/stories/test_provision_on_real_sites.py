"""What Jira's own document says of sites that are not as one would make them up: `provision` copes with each."""

from collections import Counter
from pathlib import Path

import pytest

from jira_sandbox import Clock, Fault, Running, schemes
from jira_sandbox.model import Project
from jira_sandbox.preset import custom_field, simple_project
from mappings import load
from sync_service.jira.errors import NotJira
from sync_service.provision.apply import Interrupted
from sync_service.provision.desired import desired
from sync_service.provision.plan import Plan
from sync_service.provision.run import make_plan
from sync_service.provision.standing import standing
from tests.stories.conftest import FIRST_DAY
from tests.stories.forge import ForgeApp, stages
from tests.stories.preparing import PAYTRONIX, URL, WRITES, Preparation

OURS = "INT: Stagegate workflows"
WEBHOOKS = "/webhooks/1.0/webhook$"


@pytest.fixture
def jira(server: Running) -> Running:
    """A site whose project INT is as Jira makes it."""
    server.reset(flavour="cloud", clock=Clock(frozen_at=FIRST_DAY), empty=True)
    server.site.webhooks.clear()
    return server


def the_project(jira: Running) -> Project:
    return next(each for each in jira.site.projects.values() if each.key == "INT")


# --- The Default Workflow Scheme, which has no id


def test_a_project_on_the_default_workflow_scheme_gets_one_of_its_own(jira: Running) -> None:
    project = the_project(jira)
    task = next(kind.id for kind in jira.site.types.values() if kind.name == "Task")
    followed = project.workflows[task]
    assert schemes.workflow_scheme(jira.site, project).id == ""
    (assigned,) = [change for change in Preparation(jira).plans().changes if change.name == OURS][1:]
    assert (assigned.verb, assigned.details) == ("assign", ("instead of 'Default Workflow Scheme'",))
    assert Preparation(jira).performs().changes == ()
    given = schemes.workflow_scheme(jira.site, project)
    names = {jira.site.types[kind].name: jira.site.workflows[number].name for kind, number in given.workflows.items()}
    assert given.name == OURS
    assert names == {"Integration": "INT: Stagegate Integration", "Sub-task": "INT: Stagegate Sub-task"}
    assert project.workflows[task] == followed


def test_whether_the_stage_gate_is_there_is_told_of_such_a_project_too(jira: Running) -> None:
    app = ForgeApp(jira)
    app.is_installed()
    preparation = Preparation(jira, app.gate)
    with preparation.client() as client:
        assert standing(client, PAYTRONIX, app.gate, [PAYTRONIX]).weaknesses == ()


def test_of_projects_that_share_the_default_workflow_scheme_each_gets_its_own(jira: Running, tmp_path: Path) -> None:
    simple_project(jira.site, key="PAR", name="Partners", lead=next(iter(jira.site.users.values())))
    path = tmp_path / "partners.toml"
    path.write_text('extends = "paytronix"\nname = "partners"\n[jira]\nproject = "PAR"\n', encoding="utf-8")
    partners, app = load(path), ForgeApp(jira)
    app.is_installed()
    for mappings in ((PAYTRONIX, partners), (partners, PAYTRONIX)):
        left = Preparation(jira, app.gate, *mappings).performs()
        assert (left.changes, left.problems, left.refusals) == ((), (), ())
    assert len(stages(jira, "INT: Stagegate Integration")) == len(stages(jira, "PAR: Stagegate Integration")) == 5


# --- Webhooks that can't be listed


def refused_webhooks(jira: Running, status: int) -> Fault:
    return jira.faults.add(Fault(action="status", status=status, path=WEBHOOKS, message="scope does not match"))


def plan_without_webhook(jira: Running) -> Plan:
    with Preparation(jira).client() as client:
        return make_plan(client, desired(PAYTRONIX))


def test_who_asks_for_no_webhook_needs_no_right_to_list_them(jira: Running) -> None:
    refused = refused_webhooks(jira, 401)
    plan = plan_without_webhook(jira)
    assert "field" in {change.kind for change in plan.changes}
    assert refused.seen == 0


@pytest.mark.parametrize("status", [401, 403, 404])
def test_where_jira_refuses_the_list_the_webhook_is_left_to_a_person(jira: Running, status: int) -> None:
    refused_webhooks(jira, status)
    left = Preparation(jira).performs()
    assert (left.changes, left.problems, left.refusals) == ((), (), ())
    (step,) = [step for step in left.by_hand if step.startswith("webhook")]
    for told in ("'INT: Stagegate webhook'", URL, 'project = "INT"', "jira:issue_deleted", "scope does not match"):
        assert told in step
    assert not jira.site.webhooks
    assert jira.site.dashboards


def test_what_is_no_refusal_is_no_reason_to_go_on(jira: Running) -> None:
    jira.faults.add(Fault(action="html", path=WEBHOOKS))
    with pytest.raises(NotJira):
        Preparation(jira).plans()


# --- Fields that are on no screen yet, which Jira leaves out of its plain list


def test_cut_off_before_the_screens_no_field_is_made_twice(jira: Running) -> None:
    preparation = Preparation(jira)
    jira.faults.add(Fault(action="reset_after", method="POST", path=WRITES + "/screens$", first=1))
    with pytest.raises(Interrupted, match="stopped at screen"):
        preparation.performs()
    jira.faults.clear()
    made = {field.id: field.name for field in jira.site.fields.values() if field.custom}
    assert len(made) == len(PAYTRONIX.fields)
    assert not [change for change in preparation.plans().changes if change.kind == "field"]
    assert preparation.performs().changes == ()
    assert {field.id: field.name for field in jira.site.fields.values() if field.custom} == made
    assert set(Counter(made.values()).values()) == {1}


def test_a_team_managed_projects_field_of_the_name_is_neither_used_nor_in_the_way(jira: Running) -> None:
    theirs = custom_field(10777, "Gate", "textarea", [])
    theirs.project_id = "20000"
    jira.site.fields[theirs.id] = theirs
    for _ in range(2):
        left = Preparation(jira).performs()
        assert (left.changes, left.problems, left.refusals) == ((), (), ())
    assert jira.site.fields[theirs.id].contexts == []
    assert sum(field.name == "Gate" for field in jira.site.fields.values()) == 2
