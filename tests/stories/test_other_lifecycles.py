"""Nothing of one company's process is written in code: other lifecycles, and other names for this one."""

from dataclasses import replace

import pytest

from jira_sandbox import Running, preset, workflows
from jira_sandbox.model import FieldContext, Option
from tests.stories.running import StoryService, on_both
from tests.stories.team import Person, Project, Team

# --- A lifecycle of three stages, without certification


@pytest.fixture
def work(jira: Running) -> str:
    """A Jira project as `mappings/minimal.toml` expects it; its key."""
    site = jira.site
    with site.lock:
        project = preset.simple_project(site, key="WORK", name="Work", lead=preset.person(site, "admin"))
        for number, name in enumerate(("Selected", "In Review", "Dropped")):
            status = replace(site.status_named("In Progress"), id=str(20000 + number), name=name)
            status.category = "done" if name == "Dropped" else "indeterminate"
            site.statuses[status.id] = status
        flow = workflows.everywhere(
            site, "WORK", ("To Do", "Selected", "In Progress", "In Review", "Done", "Dropped"), prefix=""
        )
        task = next(kind.id for kind in site.types.values() if kind.name == "Task")
        step = next(kind.id for kind in site.types.values() if kind.subtask)
        project.workflows[task] = flow.id
        project.workflows[step] = site.project("INT").workflows[step]
        _add_field(jira, "Stage", "select", "Planned", "Working", "Finished", "Dropped")
        _add_field(jira, "Lead", "user")
        _add_field(jira, "Outcome", "text")
        for name in ("Gate", "Gate Override"):
            field = site.field_named(name)
            options = [Option(id=option.id, value=option.value) for option in field.options()]
            field.contexts.append(FieldContext(id=f"work-{name}", name=name, options=options))
    return project.key


def _add_field(jira: Running, name: str, kind: str, *options: str) -> None:
    made = [Option(id=str(jira.site.next_id("option")), value=value) for value in options]
    number = jira.site.next_id("field") + 10
    field = preset.custom_field(number, name, kind, [FieldContext(id=f"all-{name}", name=name, options=made)])
    jira.site.fields[field.id] = field
    for screen in jira.site.screens.values():
        screen.tabs[0].field_ids.append(field.id)


@pytest.mark.where(lifecycle="minimal")
def test_a_lifecycle_without_certification_goes_its_way(
    work: str, team: Team, tc: Person, service: StoryService
) -> None:
    task = tc.creates_in(work, "Task", "Move the office")
    tc.fills(task, "Lead", "tc")
    service.catches_up()
    assert (task.field("Stage"), task.gate) == ("Planned", "Closed")
    assert task.step("brief").assignee == "tc"

    tc.moves(task, "In Progress")
    service.catches_up()
    assert (task.field("Stage"), task.status) == ("Planned", "To Do")
    assert len(task.said) == 1

    task.step("brief").done_by(tc)
    service.catches_up()
    tc.moves(task, "In Review")
    service.catches_up()
    assert task.field("Stage") == "Working"
    task.step("work").done_by(tc)
    task.step("review").done_by(tc)
    tc.fills(task, "Outcome", "We have moved.")
    service.catches_up()
    assert task.gate == "Open"
    tc.moves(task, "Done")
    service.catches_up()

    assert (task.field("Stage"), task.status) == ("Finished", "Done")
    assert len(task.said) == 1


@pytest.mark.where(lifecycle="minimal")
def test_a_stage_may_own_several_statuses(work: str, team: Team, tc: Person, service: StoryService) -> None:
    task = tc.creates_in(work, "Task", "Move the office")
    service.catches_up()
    tc.moves(task, "Selected")
    service.catches_up()
    assert (task.field("Stage"), task.status, task.said) == ("Planned", "Selected", [])

    tc.moves(task, "In Progress")
    service.catches_up()
    assert (task.field("Stage"), task.status) == ("Planned", "Selected")


@pytest.mark.where(lifecycle="minimal")
def test_an_end_of_another_lifecycle(work: str, team: Team, tc: Person, service: StoryService) -> None:
    task = tc.creates_in(work, "Task", "Move the office")
    service.catches_up()
    tc.moves(task, "Dropped")
    service.catches_up()
    assert task.field("Stage") == "Dropped"
    assert task.open_steps() == []


# --- The Paytronix process under other names

RENAMED = """
extends = "paytronix"
name = "acme"

[fields.stage]
name = "Phase"
[fields.gate]
name = "Weiter"
options = ["Ja", "Nein"]
[fields.technical_consultant]
name = "Berater"

[jira.values]
gate_open = "Ja"
gate_closed = "Nein"

[jira.labels]
party_prefix = "seite-"

[roles.technical_consultant]
title = "Berater"

[stages.requirements]
title = "Anforderungen"
statuses = ["Anforderungen"]

[stages.discovery.steps.evaluation]
omit = true
[stages.discovery.steps.pricing]
summary = "Agree the price"
owner = ["technical_consultant"]
after = ["scope"]
"""


@pytest.fixture
def renamed(jira: Running) -> Running:
    site = jira.site
    site.status_named("Requirements").name = "Anforderungen"
    for before, after in (
        ("Integration Stage", "Phase"),
        ("Gate", "Weiter"),
        ("Technical Consultant", "Berater"),
    ):
        site.field_named(before).name = after
    values = {"Open": "Ja", "Closed": "Nein", "Requirements": "Anforderungen"}
    for name in ("Phase", "Weiter"):
        for option in site.field_named(name).options():
            option.value = values.get(option.value, option.value)
    return jira


@on_both
@pytest.mark.where(lifecycle=RENAMED)
def test_statuses_fields_roles_and_steps_may_have_other_names(
    renamed: Running, team: Team, tc: Person, service: StoryService
) -> None:
    project = tc.creates(Berater="tc", Integrations_Engineer="integrations")
    service.catches_up()
    assert project.field("Phase") == "Discovery"
    assert project.field("Weiter") == "Nein"
    assert project.open_steps() == ["goals", "scope", "pricing"]
    assert "seite-technical_consultant" in project.step("pricing").labels

    tc.moves(project, "Anforderungen")
    service.catches_up()
    assert project.status == "Discovery"
    assert "owner: Berater" in project.said[0]

    _fills_and_finishes(tc, project)
    service.catches_up()
    assert project.field("Weiter") == "Ja"
    tc.moves(project, "Anforderungen")
    service.catches_up()
    assert project.field("Phase") == "Anforderungen"
    assert len(project.open_steps()) == 13


def _fills_and_finishes(tc: Person, project: Project) -> None:
    tc.fills_in(project, {"Project Goals": "Points", "Project Scope": "Tills", "Feasibility": "Feasible"})
    for name in ("goals", "scope", "pricing"):
        project.step(name).done_by(tc)


# --- Two lifecycles side by side


def test_two_lifecycles_run_side_by_side(
    work: str, jira: Running, team: Team, tc: Person, service: StoryService
) -> None:
    service.stops()
    service.lifecycles = ["paytronix", "minimal"]
    service.starts()
    project = team.starts_project()
    task = tc.creates_in(work, "Task", "Move the office")
    service.catches_up()

    assert project.open_steps() == ["goals", "scope", "evaluation"]
    assert task.open_steps() == ["brief"]
