"""Names are resolved once, by exactly what the site has; what is missing or ambiguous is told with its remedy."""

from dataclasses import replace

import pytest
from gatewayworld import World

from jira_sandbox.model import Status
from jira_sandbox.relations import change_key
from sync_service.jira.directory import Directory, SiteMismatch, look_up, resolve
from sync_service.lifecycle.actions import Edit


def resolved(world: World, known: Directory | None = None) -> Directory:
    return resolve(world.gateway.client, world.mapping, known)


def problems(world: World, known: Directory | None = None) -> str:
    with pytest.raises(SiteMismatch) as refused:
        resolved(world, known)
    assert all(line.startswith("INT: ") for line in str(refused.value).splitlines())
    return "\n".join(refused.value.problems)


def test_everything_that_the_mapping_names_has_its_id(world: World) -> None:
    directory = resolved(world)

    assert directory.is_cloud is world.site.cloud
    assert directory.field_ids["gate"] == world.id_of("Gate")
    assert directory.field_keys[world.id_of("Gate")] == "gate"
    assert directory.status(world.site.status_named("Launch").id, "?") == "Launch"
    assert directory.status("0", "Unheard of") == "Unheard of"
    assert directory.status(None, None) == ""
    assert directory.categories["Live"] == "done"
    assert directory.statuses[world.site.status_named("Launch").id] == "Launch"
    assert "client_contact" in directory.people
    assert "gate" not in directory.people


def test_two_fields_of_one_name_are_refused_with_their_ids(world: World) -> None:
    gate, other = world.site.field_named("Gate"), world.site.field_named("Project Goals")
    other.name = "Gate"
    told = problems(world)

    assert f"2 fields are named 'Gate' ({gate.id}, {other.id}); rename all but one" in told
    assert "there is no field 'Project Goals' (fields.goals, type text); if it was renamed, write its" in told


def test_all_that_is_missing_is_told_at_once(world: World) -> None:
    world.site.field_named("Feasibility").name = "Feasible?"
    world.site.status_named("Launch").name = "Lift-off"
    told = problems(world)

    assert "no field 'Feasibility'" in told
    assert "the workflow of 'Integration' has no status 'Launch'; add it, or name another in the mapping" in told


@pytest.mark.parametrize(("name", "kind"), [("Integration", "issue type"), ("Sub-task", "sub-task type")])
def test_an_issue_type_that_the_project_lacks(world: World, name: str, kind: str) -> None:
    next(t for t in world.site.types.values() if t.name == name).name = "Something"
    assert f"the project has no {kind} '{name}'" in problems(world)


def test_a_project_without_any_sub_task_type(world: World) -> None:
    project = world.site.project("INT")
    project.type_ids = [i for i in project.type_ids if not world.site.types[i].subtask]
    assert "no sub-task type 'Sub-task' (it has: none)" in problems(world)


def test_two_statuses_of_one_name_in_a_workflow(world: World) -> None:
    world.site.status_named("Launch").name = "Live"
    assert "the workflow of 'Integration' has 2 statuses named 'Live'; rename all but one" in problems(world)


def test_a_project_that_is_not_there(world: World) -> None:
    world.site.project("INT").key = "ELSE"
    assert "no such project, or the service's account may not browse it" in problems(world)


def test_a_project_with_another_key(world: World) -> None:
    before = resolved(world)
    change_key(world.site, world.site.project("INT"), "INTG")
    for known in (None, before):
        told = problems(world, known)
        assert told == "the project's key is 'INTG' now; write that into jira.project of the mapping, and restart"


def test_what_an_admin_renames_keeps_its_meaning(world: World) -> None:
    before = resolved(world)
    for thing in (world.site.field_named("Gate"), world.site.status_named("Launch"), world.site.status_named("To Do")):
        thing.name = f"{thing.name} (new name)"
    for kind in world.site.types.values():
        kind.name = f"{kind.name} (new name)"
    after = resolved(world, before)

    assert (after.field_ids, after.issue_type_id) == (before.field_ids, before.issue_type_id)
    assert after.subtask_type_id == before.subtask_type_id
    assert after.status(world.site.status_named("Launch (new name)").id, "Launch (new name)") == "Launch"
    assert (after.field_names["Gate"], after.field_names["Gate (new name)"]) == ("gate", "gate")


def test_only_names_of_the_mapping_are_kept(world: World) -> None:
    """A status that took the name of one that was removed is that status now, whatever it was called before."""
    spare = Status(id="777", name="Spare", category="indeterminate")
    world.site.statuses[spare.id] = spare
    before = resolved(world)
    workflow = next(w for w in world.site.workflows.values() if world.site.status_named("Launch").id in w.status_ids)
    gone = world.site.status_named("Launch").id
    workflow.status_ids = [spare.id if i == gone else i for i in workflow.status_ids]
    workflow.transitions = [t for t in workflow.transitions if t.to != gone]
    world.site.statuses.pop(gone)
    spare.name = "Launch"

    assert [i for i, name in resolved(world, before).statuses.items() if name == "Launch"] == ["777"]


def test_what_an_admin_renamed_is_told_with_the_place_of_the_new_name(world: World) -> None:
    before = resolved(world)
    for thing in (world.site.field_named("Gate"), world.site.status_named("Launch"), *world.site.types.values()):
        thing.name = f"New {thing.name}"
    found = look_up(world.gateway.client, world.mapping, before)

    assert found is not None
    told = {words.split(";")[0]: words.rsplit("into ", 1)[1] for words in found.renamed}
    assert told == {
        "the field 'Gate' is called 'New Gate' now": "fields.gate.name of the mapping",
        "the issue type 'Integration' is called 'New Integration' now": "jira.issue_type of the mapping",
        "the issue type 'Sub-task' is called 'New Sub-task' now": "jira.subtask_type of the mapping",
        "the status 'Launch' is called 'New Launch' now": "the mapping",
    }


def test_a_field_of_a_team_managed_project_is_nothing_to_us(world: World) -> None:
    gate = world.site.field_named("Gate")
    theirs = replace(gate, id="customfield_19999", project_id="10055")
    world.site.fields = {theirs.id: theirs} | world.site.fields

    assert resolved(world).field_ids["gate"] == gate.id


def test_a_removed_field_is_looked_for_anew(world: World) -> None:
    before = resolved(world)
    gate = world.site.field_named("Gate")
    world.site.fields.pop(gate.id)
    assert "no field 'Gate'" in problems(world, before)

    gate.id = "customfield_99999"
    world.site.fields[gate.id] = gate
    view = next(screen for screen in world.site.screens.values() if screen.name == "INT: view")
    view.tabs[0].field_ids.append(gate.id)
    assert resolved(world, before).field_ids["gate"] == "customfield_99999"


def test_a_mapping_without_certification_has_no_such_statuses(world: World) -> None:
    plain = world.mapping.model_copy(update={"certification": None})
    before = resolve(world.gateway.client, plain)
    assert resolve(world.gateway.client, plain, before) == before


# --- kept fresh by the gateway


def test_the_gateway_asks_again_after_ten_minutes(world: World) -> None:
    world.gateway.directory(world.mapping)
    world.reads()
    world.later(minutes=9)
    world.gateway.directory(world.mapping)
    assert world.reads() == {}

    world.later(minutes=2)
    world.gateway.directory(world.mapping)
    assert world.reads()["GET /rest/api/2/field"] == 1


def test_a_rename_while_the_service_runs_changes_nothing(world: World) -> None:
    issue = world.create()
    world.read(issue)
    world.site.field_named("Project Goals").name = "Aims"
    world.site.status_named("Discovery").name = "Finding out"
    world.later()
    world.edit(issue, **{world.id_of("Aims"): "Guests earn points."})
    world.gateway.apply(Edit(issue=issue.id, key=issue.key, fields={"scope": "Tills"}), world.read(issue), {})
    found = world.read(issue).issue

    assert (found.status, found.fields["goals"], found.fields["scope"]) == ("Discovery", "Guests earn points.", "Tills")
    assert {change.field for change in found.changes} == {"goals", "scope"}


def test_a_project_in_disorder_is_not_asked_about_at_every_look(world: World) -> None:
    world.site.field_named("Gate").name = "Door"
    for _ in range(3):
        with pytest.raises(SiteMismatch, match="no field 'Gate'"):
            world.gateway.directory(world.mapping)
    assert world.reads()["GET /rest/api/2/field"] == 1

    world.site.field_named("Door").name = "Gate"
    world.later(minutes=2)
    assert world.gateway.directory(world.mapping).field_ids["gate"] == world.id_of("Gate")


def test_one_project_in_disorder_does_not_hinder_another(world: World) -> None:
    other = world.mapping.model_copy(update={"jira": world.mapping.jira.model_copy(update={"project": "NONE"})})
    world.gateway.mappings["NONE"] = other
    issue = world.create()

    assert world.read(issue).issue.id == issue.id
    world.reads()
    world.read(issue)
    assert sum(world.reads().values()) == 1
