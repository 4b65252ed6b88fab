"""The commands that look: explain, plan, simulate, check, sweep, audit, queue; run as users run them."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jira_sandbox import Revocation, Running
from jira_sandbox.model import Project as JiraProject
from sync_service import cli
from sync_service.store import Delivery, Failure, Priority, Store, open_store
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Project, Team

TOKEN = "STAGEGATE_TEST_TOKEN"
CHANGED = """
extends = "paytronix"
[fields.budget]
name = "Budget"
type = "number"
[stages.discovery]
statuses = ["Discovery"]
[stages.discovery.steps.scope]
omit = true
[stages.discovery.steps.goals]
due = { business_days = 2 }
[stages.discovery.steps.evaluation]
after = []
[stages.discovery.steps.kickoff]
summary = "Meet the client"
owner = ["sales"]
[gates.discovery.requirements]
steps = true
filled = ["budget"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Stagegate = Callable[..., Shown]


@pytest.fixture
def config(jira: Running, service: StoryService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    me = jira.credentials["service"]
    monkeypatch.setenv(TOKEN, me.token)
    monkeypatch.delenv("COLUMNS", raising=False)
    email = f'email = "{me.email}"' if jira.site.cloud else ""
    path = tmp_path / "config.toml"
    path.write_text(
        f'[jira]\nurl = "{jira.url}"\n{email}\ntoken = "env:{TOKEN}"\n'
        f'[store]\nurl = "sqlite:///{service.folder}/stagegate-0.db"\n[lifecycle]\nenforce_since = 2026-01-01\n',
        encoding="utf-8",
    )
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stagegate:
    """Type a command, with no more than its words."""

    def typed(*words: str) -> Shown:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["stagegate", *words])
        code: object = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        assert "Traceback (most" not in err
        assert isinstance(code, int)
        return Shown(code=code, out=out, err=err)

    return typed


@pytest.fixture
def stagegate(config: Path, run: Stagegate) -> Stagegate:
    return lambda *words, config=config: run(*words, "--config", str(config))


@pytest.fixture
def store(service: StoryService, config: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{service.folder}/stagegate-0.db") as opened:
        opened.migrate()
        yield opened


# --- explain


@on_both
def test_explain_tells_the_gate_ahead_with_reasons_and_remedies(stagegate: Stagegate, team: Team, tc: Person) -> None:
    project = team.starts_project("Acme [red]{code}\x1b[31m")
    project.step("goals").done_by(tc)
    team.service.catches_up()

    shown = stagegate("explain", project.key)

    assert shown.code == 0
    assert "Acme [red]{code}" in shown.out
    assert "\x1b" not in shown.out
    assert "Gate to Requirements: closed" in shown.out
    assert f"{project.step('scope').key} “Write goals and scope” is open; owner: technical consultant." in shown.out
    assert f"✓  {project.step('goals').key}" in shown.out
    assert "Tess Consultant" in shown.out
    assert "Declined       refused  Feasibility is empty" in shown.out
    assert all(line == line.rstrip() for line in shown.out.splitlines())


def test_explain_marks_what_is_overdue_and_what_asks(stagegate: Stagegate, team: Team, client: Person) -> None:
    project = team.starts_project()
    client.asks(project, "training", "Show us the portal")
    team.scene.clock.advance(days=30)

    shown = stagegate("explain", project.key)

    assert "9 Mar 2026 overdue" in shown.out
    assert "training: INT-" in shown.out


def test_explain_finds_the_project_of_a_sub_task_and_by_id(stagegate: Stagegate, team: Team) -> None:
    project = team.starts_project()
    told = [stagegate("explain", word, "--json").json for word in (project.step("goals").key, project.id)]
    assert [one["key"] for one in told] == [project.key, project.key]


def test_explain_tells_rounds_overrides_and_the_last_refusal(
    stagegate: Stagegate, team: Team, tc: Person, admin: Person, integrations: Person
) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    team.service.catches_up()
    admin.fills(project, "Gate Override", "Agreed.")
    team.service.catches_up()
    overridden = stagegate("explain", project.key).out
    assert "open by an override" in overridden
    assert "Discovery → Requirements on 2 Mar 2026" in overridden
    admin.moves(project, "Requirements")
    team.service.catches_up()
    for _ in range(2):
        team.finishes(project)
        team.moves_on(project)
    team.prepares_round(project)
    integrations.begins_round(project)
    in_round = stagegate("explain", project.key).out
    integrations.fails_round(project)

    shown = stagegate("explain", project.key).out

    assert "Certification round 1" in in_round
    assert "Testing began  –" not in in_round
    assert "Certification rounds so far" in shown
    assert "duplicate calls" in shown
    assert "by Ada Admin: used" in shown
    assert "Last refusal\n  2 Mar 2026" in shown


def test_explain_names_moves_that_wait_and_a_status_of_no_stage(
    stagegate: Stagegate, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    service.may_fail = True
    tc.moves(project, "Requirements")
    assert "the move to Requirements of 2 Mar 2026" in stagegate("explain", project.key).out
    planned = stagegate("plan", project.key)
    assert f"move {project.key} to Discovery" in planned.out
    assert "The move from Discovery to Requirements is refused" in planned.out
    assert "because the move to Requirements is refused" in planned.out

    site = team.scene.site
    with site.lock:
        site.issues[project.id].status_id = site.status_named("In Progress").id
    assert "belongs to no stage" in stagegate("explain", project.key).out
    refused = stagegate("plan", project.key)
    assert refused.code == 1
    assert "nothing is decided" in refused.out


def test_explain_without_a_terminal_is_as_wide_as_asked(
    stagegate: Stagegate, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = team.starts_project()
    for width in (80, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        assert max(map(len, stagegate("explain", project.key).out.splitlines())) <= width


def test_the_last_stage_has_no_gate_ahead(stagegate: Stagegate, team: Team, tc: Person) -> None:
    project = team.starts_project()
    tc.moves(project, "Cancelled")
    team.service.catches_up()
    shown = stagegate("explain", project.key).out
    assert "Gate to" not in shown
    assert "Stage Cancelled" in shown


# --- plan


@on_both
def test_plan_shows_what_would_be_done_and_does_nothing(
    stagegate: Stagegate, people: dict[str, Person], service: StoryService
) -> None:
    service.starts()
    service.may_fail = True
    project = people["tc"].creates("Beta", Technical_Consultant="tc")

    shown: list[Shown] = []
    calls = service.calls(lambda: shown.append(stagegate("plan", project.key)))

    assert calls.writes == 0
    assert "1. create 3 sub-task(s)" in shown[0].out
    assert "because the stage's steps are required" in shown[0].out
    assert "Tess Consultant" in shown[0].out
    told = stagegate("plan", project.key, "--json").json
    assert [action["action"] for action in told["actions"]] == ["create", "edit"]
    assert project.subtasks() == []


def test_plan_says_plainly_that_there_is_nothing_to_do(stagegate: Stagegate, team: Team) -> None:
    project = team.starts_project()
    shown = stagegate("plan", project.key)
    assert (shown.code, shown.out.splitlines()[0]) == (0, f"{project.key}: nothing to do")


def test_plan_foresees_the_slot_without_reserving_it(
    stagegate: Stagegate, team: Team, integrator: Person, service: StoryService
) -> None:
    project = team.starts_project()
    for _ in range(3):
        team.finishes(project)
        team.moves_on(project)
    service.may_fail = True
    project.step("notify").done_by(integrator)

    told = stagegate("plan", project.key, "--json").json

    fields = {name: value for action in told["actions"] for name, value in action.get("fields", {}).items()}
    assert fields["certification_start"]
    assert service.running.store.slots.all("paytronix") == ()


# --- simulate


@on_both
def test_simulate_shows_what_a_changed_mapping_would_do(
    stagegate: Stagegate, team: Team, service: StoryService, tmp_path: Path
) -> None:
    project, other = team.starts_project(), team.starts_project("Beta")
    team.finishes(other)
    team.moves_on(other)
    changed = tmp_path / "changed.toml"
    changed.write_text(CHANGED, encoding="utf-8")

    shown: list[Shown] = []
    calls = service.calls(lambda: shown.append(stagegate("simulate", "--mapping", str(changed))))

    assert calls.writes == 0
    assert shown[0].code == 0
    assert "there is no field 'Budget'" in " ".join(shown[0].out.split())
    assert "new step: kickoff" in shown[0].out
    assert f"step gone: {project.step('scope').key}" in shown[0].out
    assert "due 2026-03-09 → 2026-03-04" in shown[0].out
    assert "2 projects looked at, 1 would stay as they are." in shown[0].out
    told = stagegate("simulate", "--mapping", str(changed), "--jql", f"key = {other.key}", "--json").json
    assert (told["issues"], told["differences"]) == (1, [])


def test_simulate_tells_gates_that_would_open_and_close(
    stagegate: Stagegate, team: Team, tc: Person, tmp_path: Path
) -> None:
    team.finishes(team.starts_project())
    path = tmp_path / "changed.toml"
    path.write_text(CHANGED, encoding="utf-8")
    assert "gate would close" in stagegate("simulate", "--mapping", str(path)).out
    path.write_text('extends = "paytronix"\n[gates.discovery.requirements]\nenforcement = "observe"\n')
    tc.creates("Gamma")
    team.service.catches_up()
    assert "gate would open" in stagegate("simulate", "--mapping", str(path)).out


def test_simulate_fails_where_a_status_would_be_lost(stagegate: Stagegate, team: Team, tmp_path: Path) -> None:
    project = team.starts_project()
    path = tmp_path / "changed.toml"
    path.write_text('extends = "paytronix"\n[stages.discovery]\nstatuses = ["Start"]\n', encoding="utf-8")
    shown = stagegate("simulate", "--mapping", str(path))
    assert shown.code == 1
    assert "status 'Discovery' belongs to no stage" in shown.out
    assert project.stage == "Discovery"


@pytest.mark.parametrize(
    ("mapping", "jql", "says"),
    [
        ("minimal", "", "simulate compares with the one of the same project"),
        ("nowhere.toml", "", "no such mapping file"),
        ("paytronix", "statu = Live", "leave ORDER BY out"),
    ],
)
def test_simulate_says_what_it_cannot_do(stagegate: Stagegate, mapping: str, jql: str, says: str) -> None:
    shown = stagegate("simulate", "--mapping", mapping, "--jql", jql)
    assert shown.code == 2
    assert says in shown.err


def test_simulate_reads_long_histories_whole(
    stagegate: Stagegate, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    service.may_fail = True
    service.postman.receiver = None
    team.scene.pace = timedelta(0)
    for number in range(105):
        tc.fills(project, "Project Goals", f"goal {number}")
    told = stagegate("simulate", "--mapping", "paytronix", "--json").json
    assert (told["issues"], told["differences"]) == (1, [])


# --- check


@on_both
def test_check_live_finds_nothing_that_hinders_the_prepared_site(stagegate: Stagegate, team: Team) -> None:
    team.starts_project()
    told = stagegate("check", "--live", "--json").json
    assert [project["faults"] for project in told["projects"]] == [[]]
    assert any("transitions out of 'Requirements'" in text for text in told["projects"][0]["unread"])


@on_both
def test_check_live_tells_every_problem_at_once(stagegate: Stagegate, team: Team, jira: Running) -> None:
    project = team.starts_project()
    site = jira.site
    for permission in ("CREATE_ISSUES", "ADD_COMMENTS", "USER_PICKER", "ADMINISTER_PROJECTS"):
        site.revocations.append(Revocation(permission=permission))
    with site.lock:
        site.field_named("Feasibility").name = "Feasible?"
        site.status_named("Launch").name = "Rollout"
        site.link_types.clear()
        site.field_named("Project Goals").kind = "date"
        option = next(o for o in site.field_named("Additional Fees").options() if o.value == "May apply")
        option.value = "Perhaps"
        for screen in site.screens.values():
            # A field that is on no screen at all is none for Jira Cloud.
            for tab in screen.tabs if screen.name != "INT: view" else ():
                kept = {"duedate", "labels", site.field_named("Gate Override").id, site.field_named("IDI Date").id}
                tab.field_ids[:] = [one for one in tab.field_ids if one not in kept]
        integration = next(t.id for t in site.types.values() if t.name == "Integration")
        workflow = site.workflows[_jira_project(jira).workflows[integration]]
        workflow.transitions[:] = [t for t in workflow.transitions if not t.name.startswith("Back")]

    shown = stagegate("check", "--live")

    said = " ".join(shown.out.split())
    assert shown.code == 1
    for text in (
        "there is no field 'Feasibility'",
        "has no status 'Launch'",
        "(CREATE_ISSUES); grant it",
        "(ADD_COMMENTS); grant it",
        "(USER_PICKER); grant it among the global permissions",
        "(ADMINISTER_PROJECTS); grant it",
        "'Project Goals' is a date field, but fields.goals says text",
        "'Additional Fees' lacks the options 'May apply'",
        "the create screen of 'Sub-task' lacks 'duedate', 'labels'",
        "'IDI Date', 'Gate Override', so that nobody can fill them"
        if site.cloud
        else "the edit screen of 'Integration' lacks 'Gate Override', 'labels', which we write",
        "lacks 'IDI Date'",
        "no link type 'Blocks'",
    ):
        assert text in said, text
    assert ("the edit screen of 'Sub-task' lacks 'duedate', 'labels'" in said) is not site.cloud
    assert project.stage == "Discovery"


def _jira_project(jira: Running) -> JiraProject:
    return next(iter(jira.site.projects.values()))


@pytest.mark.where(workflow="strict")
def test_check_live_misses_the_ways_back(stagegate: Stagegate, team: Team, jira: Running) -> None:
    project = team.starts_project()
    team.finishes(project)
    team.moves_on(project)
    for workflow in jira.site.workflows.values():
        workflow.transitions[:] = [t for t in workflow.transitions if t.name not in ("Back to discovery", "To Do")]
    shown = stagegate("check", "--live")
    said = " ".join(shown.out.split())
    assert shown.code == 1
    assert "from 'Requirements' no transition leads our account back to 'Discovery'" in said
    assert "from 'Done' no transition of 'Sub-task' leads our account to 'To Do'" in said


def test_check_live_where_the_project_is_out_of_sight(stagegate: Stagegate, jira: Running) -> None:
    jira.site.revocations.append(Revocation(permission="BROWSE_PROJECTS"))
    shown = stagegate("check", "--live")
    assert shown.code == 1
    assert "there is no project 'INT' that the account can see" in " ".join(shown.out.split())


def test_check_live_of_an_empty_project_says_what_it_could_not_see(stagegate: Stagegate) -> None:
    shown = stagegate("check", "--live")
    assert "no issue of that type was found" in " ".join(shown.out.split())


def test_check_live_knows_the_groups_and_roles_of_the_override(stagegate: Stagegate, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'extends = "paytronix"\n[override]\nroles = ["Directors"]\ngroups = ["jira-users", "directors"]\n'
        '[jira]\nissue_type = "Integration"\nsubtask_type = "Step"\n',
        encoding="utf-8",
    )
    said = " ".join(stagegate("check", "--live", "--mapping", str(path)).out.split())
    assert "the project has no role 'Directors' (it has: Administrators" in said
    assert "there is no group 'directors'" in said
    assert "'jira-users'" not in said
    assert "the project has no sub-task type 'Step'" in said


@on_both
def test_check_live_finds_a_group_among_many_that_contain_its_name(
    stagegate: Stagegate, jira: Running, tmp_path: Path
) -> None:
    """The picker shows twenty groups at most; Data Center has no other list of groups to look at."""
    path = tmp_path / "own.toml"
    path.write_text('extends = "paytronix"\n[override]\nroles = []\ngroups = ["qa"]\n', encoding="utf-8")
    with jira.site.lock:
        jira.site.user_by_login("tc").groups |= {"qa", *(f"{number}-qa" for number in range(100, 122))}
    said = " ".join(stagegate("check", "--live", "--mapping", str(path)).out.split())
    assert "there is no group" not in said
    unread = "the group 'qa' can't be found: Jira shows 20 of 23 with that text"
    assert (unread in said) is not jira.site.cloud


@on_both
def test_check_live_may_not_look_at_groups(stagegate: Stagegate, jira: Running, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('extends = "paytronix"\n[override]\nroles = []\ngroups = ["jira-users"]\n', encoding="utf-8")
    jira.site.revocations.append(Revocation(permission="USER_PICKER"))
    said = " ".join(stagegate("check", "--live", "--mapping", str(path)).out.split())
    assert "(USER_PICKER); grant it among the global permissions" in said
    assert ("the group 'jira-users' can't be read: Browse users and groups" in said) is jira.site.cloud
    assert "there is no group" not in said


def test_check_looks_at_the_sound_mappings_although_others_are_not(stagegate: Stagegate, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text('extends = "paytronix"\nfoo = 1\n', encoding="utf-8")
    shown = stagegate("check", "--live", "--mapping", str(path), "--mapping", "paytronix")
    assert shown.code == 1
    assert "1 problem in the mapping:" in shown.out
    assert "INT (paytronix): could not be looked at" in shown.out


def test_check_offline_needs_no_jira(stagegate: Stagegate) -> None:
    assert stagegate("check").out == "paytronix: nothing wrong\n"
    assert stagegate("check", "--mapping", "minimal").out == "minimal: nothing wrong\n"
    twice = stagegate("check", "--mapping", "paytronix", "--mapping", "paytronix")
    assert twice.code == 0


# --- sweep and audit


@on_both
def test_sweep_and_audit_ask_for_looks(stagegate: Stagegate, team: Team, store: Store) -> None:
    team.starts_project()
    assert stagegate("sweep").out == "asked for 1 look(s); the workers do them\n"
    assert stagegate("audit", "--json").json["looks"] in (0, 1)
    assert [row.label for row in store.queue.rows()]


# --- the queue


def _dies(store: Store, *keys: tuple[str, str]) -> None:
    store.queue.put(keys, priority=Priority.SWEEP)
    for claim in store.queue.claim(len(keys), owner="w", lease=timedelta(minutes=1)):
        failure = Failure(
            type="Invalid", text="Jira \x1b[31mrefused", trace="Traceback:\n  here\nInvalid", version="0.1"
        )
        store.queue.fail(claim, failure, retry_after=None)


def test_whoever_mends_the_queue_at_night_needs_no_secret_of_the_service(
    stagegate: Stagegate, store: Store, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dies(store, ("10001", "INT-1"))
    monkeypatch.delenv(TOKEN)
    assert stagegate("explain", "INT-1").code == 2
    assert stagegate("queue", "replay", "INT-1").out == "1 dead key(s): will run again\n"
    config.write_text(config.read_text() + "[store]\n")
    assert "not valid TOML" in stagegate("queue", "list").err


def test_the_queue_of_another_folder_is_not_taken_for_an_empty_one(
    run: Stagegate, store: Store, service: StoryService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STAGEGATE_STORE__URL", "sqlite:///elsewhere.db")
    shown = run("queue", "list")
    assert (shown.code, "there is no database at sqlite:///elsewhere.db" in shown.err) == (2, True)
    assert not (tmp_path / "elsewhere.db").exists()

    monkeypatch.setenv("STAGEGATE_STORE__URL", f"sqlite:///{service.folder}/stagegate-0.db")
    monkeypatch.setenv("STAGEGATE_STORE_URL", "sqlite:///misspelt.db")
    shown = run("queue", "list")
    assert (shown.code, shown.out.startswith("0 waiting")) == (0, True)
    assert "STAGEGATE_STORE_URL is not read; the setting is overridden by STAGEGATE_STORE__URL" in shown.err


@pytest.fixture
def down(config: Path, jira: Running) -> Path:
    """Settings that name a Jira that is down."""
    path = config.with_name("down.toml")
    path.write_text(config.read_text().replace(jira.url, "http://127.0.0.1:9"))
    return path


def test_the_queue_is_listed_and_mended_while_jira_is_down(stagegate: Stagegate, store: Store, down: Path) -> None:
    _dies(store, ("10001", "INT-1"), ("10002", "INT-2"), ("10003", "INT-3"))
    store.queue.put([("10004", "INT-4")], priority=Priority.LIVE, after=timedelta(hours=30))
    store.queue.put([("10005", "INT-5")], priority=Priority.LIVE)

    listed = stagegate("queue", "list", config=down)
    assert listed.out.startswith("2 waiting (1 due, the oldest for 0 s), 0 running, 3 dead")
    assert "Invalid: Jira refused" in listed.out
    assert "in 1 d " in listed.out
    assert "\x1b" not in listed.out
    few = stagegate("queue", "list", "--dead", "--limit", "1", config=down)
    assert "2 more; --limit shows more of them" in few.out

    assert stagegate("queue", "replay", "int-1", config=down).out == "1 dead key(s): will run again\n"
    dropped = stagegate("queue", "drop", "10002", "INT-4", "INT-9", config=down)
    assert dropped.code == 1
    assert "1 dead key(s): forgotten\nINT-4: not among the dead keys\nINT-9: not among the dead keys" in dropped.out
    assert stagegate("queue", "replay", "--all", "--json", config=down).json == {"keys": 1, "not_dead": []}
    assert stagegate("queue", "list", "--json", config=down).json["depth"]["dead"] == 0
    assert stagegate("queue", "list", "--dead", config=down).code == 0


def test_the_story_of_a_dead_key(stagegate: Stagegate, store: Store, down: Path) -> None:
    store.inbox.receive(
        Delivery(delivery_id="d-1", issue_id="10001", label="INT-1", event="jira:issue_updated", body=b"{}")
    )
    _dies(store, ("10001", "INT-1"))

    shown = stagegate("queue", "show", "INT-1", config=down)

    assert shown.out.startswith("INT-1 (id 10001): dead\n")
    for text in ("Error    Invalid: Jira refused", "Version  0.1", "Tries    1", "  Traceback:\n    here\n",
                 "jira:issue_updated  d-1", "stagegate queue replay INT-1 tries it again"):  # fmt: skip
        assert text in shown.out, text
    assert stagegate("queue", "show", "10001", "--json", config=down).json["error"]["type"] == "Invalid"


def test_the_story_of_keys_that_run_wait_or_are_gone(stagegate: Stagegate, team: Team, store: Store) -> None:
    project = team.starts_project()
    (claim,) = store.queue.claim(1, owner="here", lease=timedelta(minutes=1))
    store.queue.done(claim)
    assert "not in the queue: nothing is wanted of it" in stagegate("queue", "show", project.key).out
    store.queue.put([("10001", "INT-78")], priority=Priority.LIVE)
    assert "When   now" in stagegate("queue", "show", "INT-78").out
    store.queue.claim(1, owner="host:1", lease=timedelta(minutes=1))
    assert "Worker  host:1, until" in stagegate("queue", "show", "INT-78").out
    unknown = stagegate("queue", "show", "INT-99")
    assert (unknown.code, "not in the queue" in unknown.err) == (1, True)


def test_look_asks_for_a_look_now(stagegate: Stagegate, team: Team, store: Store, down: Path) -> None:
    project = team.starts_project()
    store.queue.done(store.queue.claim(1, owner="here", lease=timedelta(minutes=1))[0])
    _dies(store, ("10009", "INT-9"))
    assert stagegate("queue", "look", "INT-9", config=down).code == 0
    assert stagegate("queue", "look", project.key.lower(), config=down).code == 0
    assert stagegate("queue", "look", "INT-500", "--json", config=down).json == {"asked": "INT-500"}
    assert {(row.issue_id, row.priority) for row in store.queue.rows(dead=False)} >= {
        (project.id, Priority.LIVE),
        ("INT-500", Priority.LIVE),
        ("10009", Priority.LIVE),
    }


# --- users' mistakes


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("explain", "INT-999"), 1, "there is no such issue"),
        (("plan", "../x"), 2, "neither an issue's key"),
        (("explain",), 2, "Missing argument"),
        (("queue", "replay"), 2, "Name issues, or give --all"),
        (("queue", "drop", "--all", "INT-1"), 2, "Name issues, or give --all"),
        (("queue", "list", "--limit", "0"), 2, "not in the range"),
        (("simulate",), 2, "Missing option '--mapping'"),
    ],
)
def test_a_users_mistake_gets_a_message(stagegate: Stagegate, words: tuple[str, ...], code: int, says: str) -> None:
    shown = stagegate(*words)
    assert (shown.code, says in shown.err) == (code, True)


def test_an_issue_of_another_kind_is_none_of_ours(stagegate: Stagegate, team: Team, tc: Person) -> None:
    bug = tc.creates_in("INT", "Bug", "It crashes")
    shown = stagegate("explain", bug.key)
    assert (shown.code, "not one of Stagegate's projects" in shown.err) == (1, True)


@pytest.mark.parametrize("words", [("explain", "INT-1"), ("plan", "INT-1"), ("sweep",), ("check", "--live")])
def test_jira_down_or_a_wrong_token(
    stagegate: Stagegate, down: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = stagegate(*words, config=down)
    assert (shown.code, "no connection to http://127.0.0.1:9" in shown.err) == (1, True)
    monkeypatch.setenv(TOKEN, "planted-wrong-token")
    shown = stagegate(*words)
    assert (shown.code, "did not accept the credentials" in shown.err) == (2, True)
    assert "wrong" not in shown.err.split()


def test_no_settings(stagegate: Stagegate, tmp_path: Path) -> None:
    shown = stagegate("explain", "INT-1", config=tmp_path / "none.toml")
    assert (shown.code, "no such file; `stagegate example-config" in shown.err) == (2, True)


def test_people_whom_jira_does_not_show_keep_their_account(
    stagegate: Stagegate, team: Team, jira: Running, service: StoryService
) -> None:
    project: Project = team.starts_project()
    gone = next(user for user in jira.site.users.values() if user.name == "sales")
    del jira.site.users[gone.id]
    service.may_fail = True
    assert stagegate("explain", project.key).code == 0
