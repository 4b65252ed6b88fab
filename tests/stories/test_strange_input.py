"""Unknown and hostile input: each has a defined outcome, never a traceback, never half a plan."""

from datetime import timedelta

import pytest

from jira_sandbox import Clock, Revocation, Running, WebhookFault, preset, relations, writing
from jira_sandbox.model import ScreenSet, Status, Transition
from sync_service.store import Priority
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Project, Step, Team


def acting(jira: Running, name: str = "admin"):  # type: ignore[no-untyped-def]
    return preset.person(jira.site, name)


# --- Statuses


def add_status(jira: Running, name: str) -> None:
    """An admin adds a status to the workflow that the mapping doesn't know."""
    status = Status(id=str(jira.site.next_id("status")), name=name, category="indeterminate")
    jira.site.statuses[status.id] = status
    workflow = next(flow for flow in jira.site.workflows.values() if flow.name == "INT: strict")
    workflow.status_ids.append(status.id)
    workflow.transitions.append(Transition(id="901", name=name, to=status.id))
    for number, known in enumerate(("Discovery", "Requirements")):
        to = jira.site.status_named(known).id
        workflow.transitions.append(Transition(id=f"91{number}", name="Resume", to=to, sources=frozenset({status.id})))


@on_both
def test_an_unmapped_status_is_told_once_and_nothing_is_checked(
    jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    add_status(jira, "On Hold")
    tc.moves(project, "On Hold")
    service.catches_up()

    assert (project.stage, project.status) == ("Discovery", "On Hold")
    assert len(project.said) == 1
    assert "“On Hold” belongs to no stage" in project.said[0]
    assert "gate-violation" in project.labels
    service.looks_at(project)
    assert len(project.said) == 1


def test_from_an_unmapped_status_the_project_goes_on_where_it_was(
    jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    add_status(jira, "On Hold")
    tc.moves(project, "On Hold")
    service.catches_up()
    tc.moves(project, "Discovery")
    service.catches_up()

    assert project.stage == "Discovery"
    assert "gate-violation" not in project.labels
    team.reaches(project, "Requirements")


def test_an_unmapped_status_is_no_way_round_a_gate(
    jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    add_status(jira, "On Hold")
    tc.moves(project, "On Hold")
    tc.moves(project, "Requirements")
    service.catches_up()

    assert (project.stage, project.status) == ("Discovery", "Discovery")
    assert len(project.said) == 1


@on_both
def test_a_renamed_status_keeps_its_meaning(
    jira: Running, team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    project = team.starts_project()
    jira.site.status_named("Requirements").name = "Scoping"
    clock.advance(minutes=15)
    team.finishes(project)
    tc.moves(project, "Scoping")
    service.catches_up()

    assert project.stage == "Requirements"
    assert len(project.open_steps()) == 13


@pytest.mark.where(may_fail=True)
def test_a_status_missing_at_the_start_stops_the_project_loudly_and_writes_nothing(
    jira: Running, team: Team, tc: Person, service: StoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    project = team.starts_project()
    before = list(project.issue.changes)
    jira.site.status_named("Requirements").name = "Scoping"
    service.loses_its_database()
    tc.fills(project, "Project Goals", "None")
    service.works_at_once()

    assert len(project.issue.changes) == len(before) + 1
    assert "has no status 'Requirements'" in capsys.readouterr().out


@pytest.mark.where(may_fail=True)
def test_a_field_that_is_gone_stops_the_project_until_it_is_back(
    jira: Running, team: Team, tc: Person, service: StoryService, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    project = team.starts_project()
    gate = jira.site.field_named("Gate")
    del jira.site.fields[gate.id]
    clock.advance(minutes=15)
    tc.fills(project, "Project Goals", "None")
    service.works_at_once()
    assert "no field 'Gate'" in capsys.readouterr().out

    jira.site.fields[gate.id] = gate
    clock.advance(minutes=15)
    service.catches_up()
    team.finishes(project)
    assert project.gate == "Open"


# --- Issues that go away


@on_both
@pytest.mark.where(may_fail=True)
def test_a_field_that_fails_to_load_makes_nothing_twice(jira: Running, team: Team, service: StoryService) -> None:
    project = team.starts_project()
    steps = [step.key for step in project.subtasks()]
    jira.site.unloadable.add("subtasks")
    service.looks_at(project)
    assert [step.key for step in project.subtasks()] == steps

    jira.site.unloadable.clear()
    service.looks_at(project)
    assert [step.key for step in project.subtasks()] == steps
    assert not service.failures()


@on_both
def test_long_texts_keep_no_step_from_being_made(team: Team, tc: Person, service: StoryService) -> None:
    """Both texts together, escaped, are longer than any text that Jira takes."""
    text = ("- item [one] *bold* {code} | cell | a_b_c | http://x-y/z?a=1#b\n" * 600)[:20_000]
    project = team.starts_project(Project_Goals=text, Project_Scope=text)
    tc.moves(project, "Requirements")
    service.catches_up()

    assert (project.stage, project.status) == ("Discovery", "Discovery")
    told = next(step.description for step in project.subtasks() if "rest stands" in step.description)
    assert "Project Goals)" in told
    assert "Project Scope)" in told


@on_both
def test_a_deleted_project_is_forgotten(team: Team, admin: Person, service: StoryService) -> None:
    project = team.starts_project()
    admin.deletes(project)
    service.catches_up()
    service.audits()

    assert service.running.store.projections.get(project.id) is None
    assert not service.failures()


@on_both
def test_a_project_that_we_may_not_see_is_left_alone_and_taken_up_again(
    jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    me = acting(jira, "service")
    jira.site.revocations.append(Revocation(permission="BROWSE_PROJECTS", user_id=me.id, project_key="INT"))
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.status == "Requirements"

    jira.site.revocations.clear()
    service.looks_at(project)
    service.catches_up()
    assert (project.stage, project.status) == ("Discovery", "Discovery")


def test_a_project_moved_away_is_none_of_ours_any_more(
    jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    moved_to_operations(jira, project)
    service.catches_up()
    tc.moves(project, "Requirements")
    service.catches_up()

    assert project.key.startswith("OPS-")
    assert project.status == "Requirements"
    assert project.said == []
    assert service.running.store.projections.get(project.id) is None


def test_a_project_moved_in_from_elsewhere_begins_where_it_is_accepted(
    jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    moved_to_operations(jira, project)
    tc.moves(project, "Requirements")
    service.catches_up()
    with jira.site.lock:
        relations.move(jira.site, acting(jira), project.issue, jira.site.project("INT"))
    service.catches_up()

    assert project.key.startswith("INT-")
    assert project.stage == "Discovery"
    assert not service.failures()


def moved_to_operations(jira: Running, project: Project) -> None:
    """Move a project issue with its sub-tasks to a project that no mapping has."""
    site, source = jira.site, jira.site.project("INT")
    with site.lock:
        other = site.project("OPS") or preset.simple_project(site, key="OPS", name="Operations", lead=acting(jira))
        for type_id in source.type_ids:
            if type_id not in other.type_ids:
                other.type_ids.append(type_id)
            other.workflows[type_id] = source.workflows[type_id]
            other.screens[type_id] = ScreenSet(
                create=source.screens[type_id].create,
                edit=source.screens[type_id].edit,
                view=source.screens[type_id].view,
            )
        relations.move(site, acting(jira), project.issue, other)


@on_both
def test_a_sub_task_turned_into_an_issue_is_made_again(
    jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    step = project.step("scope")
    with jira.site.lock:
        step.issue.parent_id = None
        jira.site.child_ids[project.id].remove(step.id)
        step.issue.type_id = next(kind.id for kind in jira.site.types.values() if kind.name == "Task")
    service.looks_at(project)
    tc.comments(step, "I am an issue now.")
    service.catches_up()

    assert sorted(project.open_steps()) == ["evaluation", "goals", "scope"]
    assert project.step("scope").id != step.id
    assert not service.failures()


@on_both
def test_a_cloned_project_begins_anew_and_leaves_the_original_alone(
    jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    project = team.project_in("Requirements")
    clone = tc.creates("CLONE - Acme loyalty", Technical_Consultant="tc", Integrations_Engineer="integrations")
    tc.writes_property(clone, "stagegate", project.record)
    for step in project.all_steps():
        copy = _copied(tc, clone, step)
        tc.writes_property(copy, "stagegate.step", step.marker)
    service.catches_up()

    assert clone.stage == "Discovery"
    assert clone.record["issue"] == clone.id
    own = [step.name for step in clone.all_steps() if step.marker["parent"] == clone.id]
    assert own == ["goals", "scope", "evaluation"]
    assert project.stage == "Requirements"
    assert project.visits == ["discovery", "requirements"]


def _copied(tc: Person, clone: Project, step: Step) -> Step:
    return tc.asks(clone, "stagegate", step.summary)


def test_a_bug_in_the_same_project_is_none_of_ours(team: Team, tc: Person, service: StoryService) -> None:
    bug = tc.creates_in("INT", "Bug", "It does not work")
    service.catches_up()

    assert bug.stage is None
    assert bug.subtasks() == []
    assert bug.changes_by("service") == []


# --- Much


@on_both
def test_a_project_with_three_hundred_sub_tasks(jira: Running, team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    body = {
        "project": {"key": "INT"},
        "parent": {"id": project.id},
        "issuetype": {"name": "Sub-task"},
    }
    jira.webhooks.pause()
    with jira.site.lock:
        for number in range(300):
            labels = ["question-program"] if number % 30 == 0 else ["my-notes"]
            fields = body | {"summary": f"Question {number}", "labels": labels}
            writing.create(jira.site, acting(jira, "client"), {"fields": fields})
    jira.webhooks.clear()
    service.looks_at(project)
    service.catches_up()

    requests = [step for step in project.subtasks() if "question-program" in step.labels]
    assert [step.assignee for step in requests] == ["tc"] * 10
    team.finishes(project)
    assert project.gate == "Open"


@on_both
def test_a_project_with_a_thousand_changes(jira: Running, team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    goals = jira.site.field_named("Project Goals").id
    jira.webhooks.pause()
    with jira.site.lock:
        for number in range(1000):
            writing.edit(jira.site, acting(jira, "tc"), project.issue, {"fields": {goals: f"Draft {number}"}})
    jira.webhooks.clear()
    service.looks_at(project)
    team.reaches(project, "Development")

    assert project.visits == ["discovery", "requirements", "development"]


def test_a_record_lost_after_a_thousand_changes_is_told_from_the_whole_log(
    jira: Running, team: Team, admin: Person, service: StoryService
) -> None:
    project = team.project_in("Development")
    goals = jira.site.field_named("Project Goals").id
    jira.webhooks.pause()
    with jira.site.lock:
        for number in range(1000):
            writing.edit(jira.site, acting(jira, "tc"), project.issue, {"fields": {goals: f"Draft {number}"}})
    jira.webhooks.clear()
    admin.removes_property(project, "stagegate")
    service.looks_at(project)

    assert project.visits == ["discovery", "requirements", "development"]


# --- Clocks and events


@pytest.mark.parametrize(
    "minutes",
    [
        pytest.param(5, marks=pytest.mark.where(clock_off=timedelta(minutes=5))),
        pytest.param(-5, marks=pytest.mark.where(clock_off=timedelta(minutes=-5))),
    ],
    ids=["five minutes ahead", "five minutes behind"],
)
def test_a_clock_that_is_five_minutes_off_changes_nothing(
    team: Team, tc: Person, integrations: Person, service: StoryService, minutes: int
) -> None:
    project = team.starts_project()
    project.step("evaluation").done_by(integrations)
    service.catches_up()
    assert project.step("evaluation").status == "To Do"
    tc.moves(project, "Requirements")
    service.catches_up()
    assert project.status == "Discovery"

    team.reaches(project, "Live")
    assert project.visits == ["discovery", "requirements", "development", "certification", "launch", "live"]
    assert service.surprises() == 0


@pytest.mark.parametrize(
    "fault",
    [
        WebhookFault(action="duplicate"),
        WebhookFault(action="reorder", every=3),
        WebhookFault(action="drop", every=2),
    ],
    ids=["twice", "out of order", "every other lost"],
)
def test_events_twice_out_of_order_or_lost_change_nothing(
    jira: Running, team: Team, service: StoryService, fault: WebhookFault
) -> None:
    jira.webhooks.faults.append(fault)
    project = team.starts_project()
    service.sweeps()
    for stage in ("Requirements", "Development"):
        team.finishes(project)
        service.sweeps()
        team.moves_on(project)
        service.sweeps()
        assert project.stage == stage

    assert project.said == []


def test_with_every_webhook_lost_the_sweep_does_it_all(jira: Running, team: Team, service: StoryService) -> None:
    jira.webhooks.faults.append(WebhookFault(action="drop"))
    project = team.starts_project()
    service.sweeps()
    team.finishes(project)
    service.sweeps()
    assert project.gate == "Open"
    team.moves_on(project)
    service.sweeps()

    assert project.stage == "Requirements"


def test_an_event_that_comes_hours_late_changes_nothing(
    jira: Running, team: Team, tc: Person, service: StoryService, clock: Clock
) -> None:
    project = team.starts_project()
    jira.webhooks.pause()
    tc.moves(project, "Requirements")
    clock.advance(hours=3)
    service.running.schedule.sweep()
    service.running.worker.drain()
    assert project.status == "Discovery"
    jira.webhooks.resume()
    service.catches_up()

    assert len(project.said) == 1


def test_a_sub_tasks_event_leads_to_its_project(team: Team, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    step = project.step("goals").done_by(tc)
    service.running.store.queue.put([(step.id, step.key)], priority=Priority.LIVE)
    service.catches_up()

    assert project.open_steps() == ["scope", "evaluation"]


def test_a_search_index_that_lags_never_misleads(jira: Running, team: Team, tc: Person, service: StoryService) -> None:
    jira.site.search_delay = timedelta(minutes=5)
    jira.webhooks.faults.append(WebhookFault(action="drop"))
    project = team.starts_project()
    service.sweeps()
    jira.clock.advance(minutes=6)
    service.sweeps()
    assert project.stage == "Discovery"
    tc.moves(project, "Requirements")
    service.sweeps()
    jira.clock.advance(minutes=6)
    service.sweeps()

    assert project.status == "Discovery"
    assert len(project.said) == 1
