"""A site is made ready by one reviewed command: from a project with nothing of ours to one that goes live."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from jira_sandbox import Clock, Fault, Running, schemes
from jira_sandbox.model import FieldContext, Filter, IssueType, Status
from jira_sandbox.preset import custom_field, person, simple_project
from sync_service import cli
from tests.stories.conftest import FIRST_DAY
from tests.stories.forge import APP, ForgeApp
from tests.stories.running import Postman, StoryService
from tests.stories.snapshots import Kept, kept, put_back
from tests.stories.team import Person, Scene, Team
from tests.stories.worlds import world

MAPPING_PAGE = Path(__file__).parents[2] / "docs" / "mapping.md"
TOKEN = "STAGEGATE_PROVISION_TOKEN"
URL = "https://stagegate.example.org/webhooks/jira"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    code: int
    out: str
    err: str

    @property
    def plan(self) -> Any:
        (plan,) = json.loads(self.out)["plans"]
        return plan


Provision = Callable[..., Shown]


@pytest.fixture
def jira(server: Running, postman: Postman, flavour: str) -> Running:
    """A site whose project INT is as Jira makes it."""
    postman.receiver = None
    server.reset(flavour=flavour, clock=Clock(frozen_at=FIRST_DAY), empty=True)
    server.site.webhooks.clear()
    return server


@pytest.fixture
def run(
    jira: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Provision:
    def command(*words: str, as_: str = "admin", settings: str = "", lifecycle: str = "") -> Shown:
        me = jira.credentials[as_]
        monkeypatch.setenv(TOKEN, me.token)
        email = f'email = "{me.email}"' if jira.site.cloud else ""
        path = tmp_path / "provision.toml"
        path.write_text(
            f'[jira]\nurl = "{jira.url}"\n{email}\ntoken = "env:{TOKEN}"\n{settings}\n'
            f'[store]\nurl = "sqlite:///{tmp_path}/provision.db"\n'
            f"[lifecycle]\nenforce_since = 2026-01-01\n{lifecycle}\n",
            encoding="utf-8",
        )
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["stagegate", *words, "--config", str(path)])
        code: object = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        assert "Traceback (most" not in err
        assert isinstance(code, int)
        return Shown(code=code, out=out, err=err)

    return command


@pytest.fixture
def provision(run: Provision) -> Provision:
    return lambda *words, **more: run("provision", "--webhook-url", URL, *words, **more)


@pytest.fixture(scope="session")
def applied() -> list[Kept]:
    """The site after the first `provision --apply` of this session."""
    return []


@pytest.fixture
def ready(jira: Running, provision: Provision, applied: list[Kept]) -> Running:
    """A site that `provision --apply` made ready, a copy for each test."""
    if applied:
        put_back(jira, applied[0])
    else:
        assert provision("--apply").code == 0
        applied.append(kept(jira.site))
    return jira


# --- From an empty project to one that is live


def test_the_plan_is_shown_and_nothing_is_written(jira: Running, provision: Provision) -> None:
    before = world(jira.site)
    shown = provision()
    assert shown.code == 0
    assert "+  field" in shown.out
    assert "Gate" in shown.out
    assert "changes (" in shown.out
    assert world(jira.site) == before


def test_an_applied_plan_leaves_nothing_to_do(jira: Running, run: Provision, provision: Provision) -> None:
    applied = provision("--apply")
    assert applied.code == 0, applied.out
    assert "applied; nothing is left to do" in applied.out
    again = provision()
    assert "no changes" in again.out
    before = world(jira.site)
    assert provision("--apply").code == 0
    assert world(jira.site) == before
    checked = run("check", "--live", as_="service")
    assert checked.code == 0, checked.out
    assert "nothing wrong with the site" in checked.out


def test_a_project_goes_live_on_the_site_that_was_prepared(
    ready: Running, scene: Scene, service: StoryService, session: requests.Session
) -> None:
    ready.sandbox.target("http://the-service.test/webhooks/jira")
    people = {name: Person(scene, service, credential, session) for name, credential in ready.credentials.items()}
    service.starts()
    team = Team(scene, service, people)
    project = team.project_in("Live")
    assert (project.status, project.gate) == ("Live", "Open")
    assert project.said == []
    assert service.surprises() == 0


def test_the_button_forward_is_blocked_while_the_gate_is_closed(
    ready: Running, scene: Scene, service: StoryService, session: requests.Session
) -> None:
    jira = ready
    jira.sandbox.target("http://the-service.test/webhooks/jira")
    people = {name: Person(scene, service, credential, session) for name, credential in jira.credentials.items()}
    service.starts()
    project = Team(scene, service, people).starts_project()
    issue, tc = project.issue, person(jira.site, "tc")

    def offered() -> set[str]:
        return {jira.site.statuses[step.to].name for step in jira.site.available(issue, tc)}

    assert project.gate == "Closed"
    assert "Requirements" not in offered()
    assert "Cancelled" in offered()
    Team(scene, service, people).finishes(project)
    assert project.gate == "Open"
    assert "Requirements" in offered()


def test_the_kept_fields_are_shown_but_on_no_edit_screen(ready: Running) -> None:
    project = next(iter(ready.site.projects.values()))
    kind = next(t.id for t in ready.site.types.values() if t.name == "Integration")
    gate = ready.site.field_named("Gate").id
    assert gate in ready.site.screen_fields(project, kind, "view")
    for operation in ("edit", "create"):
        assert gate not in ready.site.screen_fields(project, kind, operation)


# --- The webhook's secret


def test_a_secret_is_made_and_shown_once(provision: Provision, jira: Running) -> None:
    shown = provision("--apply")
    (hook,) = jira.site.webhooks.values()
    assert hook.secret
    assert hook.secret in shown.err
    assert hook.secret not in shown.out
    assert hook.secret not in (again := provision("--apply")).err + again.out


def test_a_configured_secret_is_used_and_not_shown(
    provision: Provision, jira: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "planted-in-the-settings")
    shown = provision("--apply", "--json", settings='[webhooks]\nsecrets = ["env:HOOK_SECRET"]')
    (hook,) = jira.site.webhooks.values()
    assert (hook.secret, hook.url, hook.jql) == ("planted-in-the-settings", URL, 'project = "INT"')
    assert "of-the-settings" not in shown.out + shown.err


# --- What is there already


def test_a_field_of_the_right_type_is_used(jira: Running, provision: Provision) -> None:
    field = custom_field(10777, "Project Goals", "textarea", [])
    jira.site.fields[field.id] = field
    assert provision("--apply").code == 0
    assert [f.id for f in jira.site.fields.values() if f.name == "Project Goals"] == [field.id]
    assert field.contexts[0].name == "INT: Project Goals"


def test_a_field_of_another_type_is_refused(jira: Running, provision: Provision) -> None:
    field = custom_field(10777, "Gate", "textarea", [])
    jira.site.fields[field.id] = field
    before = world(jira.site)
    shown = provision("--apply")
    assert shown.code == 1
    assert "customfield_10777" in shown.err
    assert "rename it in Jira" in shown.err
    assert world(jira.site) == before


def test_two_fields_of_one_name_are_refused_with_both_ids(jira: Running, provision: Provision) -> None:
    for number in (10777, 10778):
        field = custom_field(number, "Gate", "select", [])
        jira.site.fields[field.id] = field
    (refusal,) = provision("--json").plan["refusals"]
    assert "customfield_10777 and customfield_10778" in refusal
    assert "rename all but one" in refusal


def test_a_status_of_the_right_category_is_used(jira: Running, provision: Provision) -> None:
    jira.site.statuses["777"] = Status(id="777", name="Won't Do", category="done")
    assert provision("--apply").code == 0
    assert [s.id for s in jira.site.statuses.values() if s.name == "Won't Do"] == ["777"]


def test_a_status_that_is_not_done_where_it_must_be_is_refused(jira: Running, provision: Provision) -> None:
    jira.site.statuses["777"] = Status(id="777", name="Won't Do", category="indeterminate")
    (refusal,) = provision("--json").plan["refusals"]
    assert "'Won't Do' (777)" in refusal or '"Won\'t Do" (777)' in refusal
    assert "DONE" in refusal


def test_an_issue_type_of_the_wrong_kind_is_refused(jira: Running, provision: Provision) -> None:
    jira.site.types["777"] = IssueType(id="777", name="Integration", subtask=True)
    (refusal,) = provision("--json").plan["refusals"]
    assert "(777) is a sub-task type" in refusal


def test_a_filter_that_asks_for_the_same_is_used_and_another_is_refused(ready: Running, provision: Provision) -> None:
    found = next(f for f in ready.site.filters.values() if f.name == "INT: running projects")
    found.description = "mine"
    assert "no changes" in provision().out
    found.jql = "project = INT"
    (refusal,) = provision("--json").plan["refusals"]
    assert f"'INT: running projects' ({found.id})" in refusal
    assert "rename it in Jira" in refusal


def test_a_filter_of_ours_follows_a_changed_mapping(ready: Running, provision: Provision) -> None:
    found = next(f for f in ready.site.filters.values() if f.name == "INT: running projects")
    wanted, found.jql = found.jql, "project = INT"
    (change,) = provision("--json").plan["changes"]
    assert (change["verb"], change["kind"], change["name"]) == ("change", "filter", "INT: running projects")
    assert provision("--apply").code == 0
    assert found.jql == wanted


def test_what_is_not_ours_stays_as_it_is(jira: Running, provision: Provision) -> None:
    admin = person(jira.site, "admin")
    jira.site.filters["777"] = Filter(id="777", name="Mine", owner_id=admin.id, jql="project = INT")
    simple = next(w for w in jira.site.workflows.values() if w.name == "Simple workflow")
    plain = next(s for s in jira.site.screens.values() if s.name == "Default screen")
    before = repr((simple, plain, jira.site.filters["777"]))
    project = next(iter(jira.site.projects.values()))
    task = next(t.id for t in jira.site.types.values() if t.name == "Task")
    followed = project.workflows[task], project.screens[task]
    assert provision("--apply").code == 0
    assert repr((simple, plain, jira.site.filters["777"])) == before
    assert (project.workflows[task], project.screens[task]) == followed


def test_a_site_that_suffices_gets_only_what_it_lacks(server: Running, jira: Running, provision: Provision) -> None:
    server.reset(flavour="cloud", clock=Clock(frozen_at=FIRST_DAY))
    server.site.webhooks.clear()
    shown = provision("--json")
    kinds = {change["kind"] for change in shown.plan["changes"]}
    assert kinds == {"webhook", "filter", "dashboard", "gadget"}
    assert any("put the condition 'Gate' = 'Open'" in step for step in shown.plan["by_hand"])
    assert provision("--apply").code == 0
    assert "no changes" in provision().out


# --- Saved plans


def test_a_saved_plan_is_applied_exactly(jira: Running, run: Provision, provision: Provision, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    provision("--out", str(saved))
    assert run("provision", "--apply", str(saved)).code == 0
    assert "no changes" in provision().out


def test_a_saved_plan_is_refused_when_the_site_changed_meanwhile(
    jira: Running, run: Provision, provision: Provision, tmp_path: Path
) -> None:
    saved = tmp_path / "plan.json"
    provision("--out", str(saved))
    jira.site.statuses["777"] = Status(id="777", name="Won't Do", category="done")
    before = world(jira.site)
    shown = run("provision", "--apply", str(saved))
    assert shown.code == 1
    assert "changed since the plan was saved" in shown.err
    assert "Make a new plan with --out" in shown.err
    assert world(jira.site) == before


def test_what_is_no_plan_is_refused(run: Provision, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    shown = run("provision", "--apply", str(tmp_path / "plan.json"))
    assert shown.code == 2
    assert "not a plan" in shown.err
    assert run("provision", "--apply", str(tmp_path / "none.json")).code == 2


# --- Read back


def test_a_guard_that_jira_keeps_differently_is_reported(ready: Running, provision: Provision) -> None:
    workflow = next(w for w in ready.site.workflows.values() if w.name == "INT: Stagegate Integration")
    next(t for t in workflow.transitions if t.name == "To Launch").conditions.clear()
    shown = provision("--json")
    assert shown.code == 1
    (problem,) = shown.plan["problems"]
    assert "'To Launch'" in problem
    assert "no condition" in problem
    assert "workflow editor" in problem


def test_a_gadget_that_jira_keeps_differently_is_reported(ready: Running, provision: Provision) -> None:
    (board,) = ready.site.dashboards.values()
    gadget = next(g for g in board.gadgets if g.title == "Stage by technical consultant")
    gadget.properties["config"]["filterId"] = "filterId-1"
    (problem,) = provision("--json").plan["problems"]
    assert "filterId-1" in problem
    assert "choose the filter there" in problem


# --- Where REST does not reach


def test_without_an_administrator_what_can_be_done_is_said(jira: Running, provision: Provision) -> None:
    shown = provision("--json", as_="service")
    assert any("'Administer Jira'" in note for note in shown.plan["notes"])
    assert shown.plan["changes"] == []
    assert any(step.startswith("custom fields: ") for step in shown.plan["by_hand"])
    provision("--apply")
    jira.site.filters.clear()
    jira.site.dashboards.clear()
    assert {c["kind"] for c in provision("--json", as_="service").plan["changes"]} == {"filter", "dashboard", "gadget"}
    assert provision("--apply", as_="service").code == 0


def test_a_team_managed_project_is_said_at_once(jira: Running, provision: Provision) -> None:
    next(iter(jira.site.projects.values())).team_managed = True
    shown = provision("--json")
    assert any("team-managed" in note for note in shown.plan["notes"])
    assert {change["kind"] for change in shown.plan["changes"]} <= {"webhook"}


@pytest.mark.parametrize("flavour", ["datacenter"], indirect=True)
def test_on_data_center_the_rest_is_a_numbered_list(jira: Running, provision: Provision) -> None:
    shown = provision("--apply", settings="")
    assert shown.code == 0, shown.err
    assert "For a person to do" in shown.out
    assert re.search(r"1\. +issue types: create 'Integration' \(standard\)", shown.out)
    assert {f.name for f in jira.site.fields.values()} >= {"Gate", "Integration Stage", "Go-live Date"}
    (hook,) = jira.site.webhooks.values()
    assert hook.secret
    assert "INT: applied; the list below is for a person to go through" in shown.out


@pytest.mark.parametrize("flavour", ["datacenter"], indirect=True)
def test_on_data_center_filters_are_made_once_the_list_is_done(
    server: Running, jira: Running, provision: Provision
) -> None:
    server.reset(flavour="datacenter", clock=Clock(frozen_at=FIRST_DAY))
    server.site.webhooks.clear()
    shown = provision("--json")
    assert {change["kind"] for change in shown.plan["changes"]} == {"webhook", "filter"}
    assert provision("--apply").code == 0
    assert all(found.favourite for found in jira.site.filters.values())
    assert "no changes" in provision().out


def test_a_webhook_that_was_tampered_with_is_reported(ready: Running, provision: Provision) -> None:
    (hook,) = ready.site.webhooks.values()
    hook.enabled, hook.secret, hook.events = False, None, hook.events[:2]
    problems = " ".join(provision("--json").plan["problems"])
    assert "is switched off" in problems
    assert "has no secret" in problems
    assert "lacks the events jira:issue_deleted" in problems
    hook.url = "https://elsewhere.example/"
    (refusal,) = provision("--json").plan["refusals"]
    assert "https://elsewhere.example/" in refusal


def test_two_dashboards_of_one_name_are_refused_with_both_ids(ready: Running, provision: Provision) -> None:
    (board,) = ready.site.dashboards.values()
    ready.site.dashboards["777"] = replace(board, id="777", gadgets=[])
    (refusal,) = provision("--json").plan["refusals"]
    assert f"({board.id} and 777)" in refusal


def test_somebody_elses_dashboard_is_refused(ready: Running, provision: Provision) -> None:
    (board,) = ready.site.dashboards.values()
    board.owner_id, board.edit_permissions = person(ready.site, "tc").id, []
    (refusal,) = provision("--json").plan["refusals"]
    assert "somebody else's" in refusal


def test_what_our_own_things_lost_is_put_back(ready: Running, provision: Provision) -> None:
    gate = ready.site.field_named("Gate")
    view = next(s for s in ready.site.screens.values() if s.name == "INT: Stagegate view screen")
    view.tabs[0].field_ids.remove("duedate")
    (board,) = ready.site.dashboards.values()
    board.gadgets[-1].properties.clear()
    own = next(context for context in gate.contexts if context.project_ids)
    own.options = [option for option in own.options if option.value != "Closed"]
    changes = {(c["verb"], c["kind"], c["name"]) for c in provision("--json").plan["changes"]}
    assert changes == {
        ("change", "screen", view.name),
        ("change", "gadget", board.gadgets[-1].title),
        ("change", "field", "Gate"),
    }
    assert provision("--apply").code == 0
    assert "duedate" in view.field_ids()
    assert [option.value for option in own.options] == ["Open", "Closed"]
    assert "no changes" in provision().out


def test_schemes_of_our_names_that_lack_our_types_are_refused(ready: Running, provision: Provision) -> None:
    site = ready.site
    (project,) = site.projects.values()
    kind = next(t.id for t in site.types.values() if t.name == "Integration")
    site.type_screen_schemes[str(project.screen_scheme)].schemes.pop(kind)
    site.workflow_schemes[str(project.workflow_scheme)].workflows.pop(kind)
    site.type_schemes[str(project.type_scheme)].type_ids.remove(kind)
    project.type_scheme = project.screen_scheme = None
    project.type_ids.remove(kind)
    refusals = " ".join(provision("--json").plan["refusals"])
    assert "issue type scheme 'INT: Stagegate issue types'" in refusals
    assert "says nothing of Integration" in refusals
    assert "workflow scheme 'INT: Stagegate workflows'" in refusals


def test_a_workflow_of_ours_that_lacks_a_status_is_refused(ready: Running, provision: Provision) -> None:
    workflow = next(w for w in ready.site.workflows.values() if w.name == "INT: Stagegate Integration")
    workflow.status_ids.remove(ready.site.status_named("Live").id)
    (refusal,) = provision("--json").plan["refusals"]
    assert "lacks the statuses Live" in refusal


def test_a_context_of_the_project_that_leaves_our_type_out_is_refused(jira: Running, provision: Provision) -> None:
    (project,) = jira.site.projects.values()
    elsewhere = FieldContext(id="777", name="Tasks", project_ids={project.id}, type_ids={project.type_ids[0]})
    field = custom_field(10777, "Gate", "select", [elsewhere])
    jira.site.fields[field.id] = field
    (refusal,) = provision("--json").plan["refusals"]
    assert "(777) that does not cover" in refusal


def test_on_the_default_issue_type_scheme_jira_adds_the_types_itself(jira: Running, provision: Provision) -> None:
    (project,) = jira.site.projects.values()
    schemes.type_scheme(jira.site, project).is_default = True
    kinds = {change["kind"] for change in provision("--json").plan["changes"]}
    assert "issue type" in kinds
    assert "issue type scheme" not in kinds
    assert provision("--apply").code == 0
    assert "no changes" in provision().out


def test_a_project_that_has_issues_keeps_its_workflow_scheme_until_a_person_switches_it(
    jira: Running, provision: Provision, scene: Scene, service: StoryService, session: requests.Session
) -> None:
    tc = Person(scene, service, jira.credentials["tc"], session)
    tc.creates_in("INT", "Task", "Old")
    shown = provision("--apply", "--json")
    assert shown.code == 0
    assert any("Switch scheme" in step for step in shown.plan["by_hand"])


def test_no_project_is_said_with_the_remedy(jira: Running, provision: Provision) -> None:
    jira.site.projects.clear()
    shown = provision()
    assert shown.code == 1
    assert "create a company-managed one first" in shown.err


def test_an_interrupted_apply_says_where_and_is_continued(jira: Running, provision: Provision) -> None:
    provision("--apply")
    whole = world(jira.site)
    jira.reset()
    jira.faults.add(Fault(action="reset_after", method="POST", path="/issuetypescheme$", first=1))
    shown = provision("--apply")
    assert shown.code == 1
    assert "stopped at issue type scheme" in shown.err
    assert "run the command again" in shown.err
    assert provision("--apply").code == 0
    assert world(jira.site) == whole


# --- The Forge app's Stage gate (more of it in test_stage_gate_provision.py)

FORGE = f'forge = "ari:cloud:ecosystem::app/{APP}"'


def test_the_stage_gate_is_part_of_the_plan_and_checked(jira: Running, run: Provision, provision: Provision) -> None:
    assert provision("--apply").code == 0
    app = ForgeApp(jira)
    absent = run("check", "--live", "--json", settings=FORGE)
    assert absent.code == 1
    assert "Jira offers no Stage gate of the Forge app" in absent.out
    app.is_installed()
    lacking = run("check", "--live", settings=FORGE)
    assert lacking.code == 1
    assert "has no Stage gate on 'To Requirements'" in " ".join(lacking.out.split())
    shown = provision(settings=FORGE)
    assert "Stage gate on 'To Requirements'" in " ".join(shown.out.split())
    applied = provision("--apply", settings=FORGE)
    assert (applied.code, "nothing is left to do" in applied.out) == (0, True)
    assert "no changes" in provision(settings=FORGE).out
    assert run("check", "--live", settings=FORGE).code == 0
    unread = run("check", "--live", "--json", as_="service", settings=FORGE)
    assert "can't be read without 'Administer Jira'" in unread.out


@pytest.mark.parametrize("flavour", ["datacenter"], indirect=True)
@pytest.mark.parametrize("words", [("provision",), ("check", "--live")], ids=" ".join)
def test_data_center_has_no_forge(jira: Running, run: Provision, words: tuple[str, ...]) -> None:
    shown = run(*words, settings=FORGE)
    assert shown.code == 2
    assert "jira.forge: Jira Data Center has no Forge apps; take the setting out" in shown.err


def test_where_the_workflow_is_out_of_reach_the_list_says_who_can_put_it_on(
    jira: Running, provision: Provision
) -> None:
    shown = provision("--json", as_="service", settings=FORGE)
    assert any("Stage gate of [jira] forge" in step for step in shown.plan["by_hand"])
    next(iter(jira.site.projects.values())).team_managed = True
    shown = provision("--json", settings=FORGE)
    assert any("for company-managed projects only" in note for note in shown.plan["notes"])


def test_a_project_that_is_not_there_is_all_that_is_told_of_it(jira: Running, run: Provision) -> None:
    next(iter(jira.site.projects.values())).key = "OTH"
    shown = run("check", "--live", settings=FORGE)
    assert shown.code == 1
    assert "there is no project 'INT'" in shown.out
    assert "Stage gate" not in shown.out


# --- Two lifecycles


@pytest.fixture
def two(jira: Running, provision: Provision, tmp_path: Path) -> Provision:
    """The command with the second lifecycle of docs/mapping.md besides, on a site that has both projects."""
    simple_project(jira.site, key="HW", name="Hardware", lead=person(jira.site, "admin"))
    (text,) = re.findall(r"```toml\n# a-second-lifecycle\.toml\n(.*?)```", MAPPING_PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "a-second-lifecycle.toml"
    path.write_text(text, encoding="utf-8")
    return lambda *words: provision(*words, lifecycle=f'mappings = ["paytronix", "{path}"]')


def names_of(jira: Running) -> list[tuple[str, str]]:
    """All of the site that bears a name and was made by the plans."""
    site = jira.site
    made = {
        "field": site.fields,
        "status": site.statuses,
        "type": site.types,
        "screen": site.screens,
        "workflow": site.workflows,
        "filter": site.filters,
        "dashboard": site.dashboards,
        "webhook": site.webhooks,
        "workflow scheme": site.workflow_schemes,
    }
    return [(kind, each.name) for kind, things in made.items() for each in things.values()]


def test_one_command_makes_a_site_ready_for_two_mappings_and_nothing_twice(
    jira: Running, two: Provision, run: Provision
) -> None:
    applied = two("--apply")
    assert applied.code == 0, applied.out + applied.err
    assert applied.out.count("applied; nothing is left to do") == 2
    names = names_of(jira)
    assert len(names) == len(set(names))
    assert {("workflow", "INT: Stagegate Integration"), ("workflow", "HW: Stagegate Story")} <= set(names)
    assert [(hook.jql, hook.url) for hook in jira.site.webhooks.values()] == [
        ('project = "INT"', URL),
        ('project = "HW"', URL),
    ]
    (secret,) = {hook.secret for hook in jira.site.webhooks.values()}
    assert applied.err.count(secret or "no secret") == 1
    before = world(jira.site)
    assert two().out.count("no changes") == 2
    assert two("--apply").code == 0
    assert world(jira.site) == before


def test_what_one_plan_is_refused_for_stops_both(jira: Running, two: Provision) -> None:
    field = custom_field(10777, "Outcome", "select", [])
    jira.site.fields[field.id] = field
    before = world(jira.site)
    shown = two("--apply")
    assert shown.code == 1
    assert "HW: nothing was written, because" in shown.err
    assert "customfield_10777" in shown.err
    assert world(jira.site) == before


def test_of_two_saved_plans_the_second_is_made_again_after_the_first(
    jira: Running, two: Provision, tmp_path: Path
) -> None:
    saved = str(tmp_path / "plan.json")
    two("--out", saved)
    shown = two("--apply", saved)
    assert shown.code == 1
    assert "HW: the plan of INT was applied, and changed what this one was made for" in shown.err
    assert "no longer to be done: field 'Gate'" in shown.err
    assert "Make a new plan with --out" in shown.err
    assert not any(name.startswith("HW: Stagegate") for _, name in names_of(jira))
    two("--out", saved)
    assert two("--apply", saved).code == 0
    assert two().out.count("no changes") == 2
