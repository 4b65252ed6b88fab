"""The second door: each action as it leaves Jira, and each refusal as somebody can act on it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from gatewayworld import MONDAY, World

from jira_sandbox import Fault, Revocation, preset
from jira_sandbox.model import Issue, Transition
from sync_service.jira.errors import Conflict, Invalid
from sync_service.jira.gateway import FieldRefused, NotCreated, NoWay, with_keys
from sync_service.lifecycle.actions import Create, Edit, Move
from sync_service.lifecycle.facts import Marker, SubTask


def planned(key: str = "§1§", step: str = "goals", parent: str = "1", **more: Any) -> SubTask:
    marker = Marker(parent=parent, step=step, visit="once")
    values = {"status": "To Do", "category": "new", "created": MONDAY, "summary": f"Step {step}", "marker": marker}
    return SubTask(**{"id": "", "key": key} | values | more)


def edit(issue: Issue, **parts: Any) -> Edit:
    return Edit(issue=issue.id, key=issue.key, **parts)


# --- create


def test_sub_tasks_are_made_with_all_that_is_planned(world: World) -> None:
    issue = world.create()
    step = planned(
        parent=issue.id,
        description="*Do* it",
        assignee=world.account("tc"),
        due=date(2026, 3, 9),
        labels=frozenset({"stagegate", "party-client"}),
    )
    world.apply(Create(subtasks=(step, planned("§2§", "scope", issue.id, marker=None))), world.read(issue))
    made, plain = world.site.subtasks(issue)

    assert world.keys == {"§1§": made.key, "§2§": plain.key}
    assert made.properties == {"stagegate.step": {"parent": issue.id, "step": "goals", "visit": "once", "party": ""}}
    assert plain.properties == {}
    (read, _) = world.read(issue).issue.subtasks
    assert (read.summary, read.due, read.labels) == (step.summary, step.due, step.labels)
    assert (read.assignee, read.marker, made.values["description"]) == (step.assignee, step.marker, "*Do* it")


def test_more_than_jira_takes_at_once(world: World) -> None:
    issue = world.create()
    steps = tuple(planned(f"§{number}§", f"s{number}", issue.id) for number in range(60))
    found = world.read(issue)
    world.reads()
    world.apply(Create(subtasks=steps), found)

    assert world.reads() == {"POST /rest/api/2/issue/bulk": 2}
    assert [world.keys[step.key] for step in steps] == [one.key for one in world.site.subtasks(issue)]


def leaves(world: World, name: str) -> None:
    world.site.revocations.append(
        Revocation(permission="ASSIGNABLE_USER", user_id=preset.person(world.site, name).id, project_key="INT")
    )


def test_an_unassignable_owner_never_fails_the_creation(world: World) -> None:
    issue = world.create()
    leaves(world, "client")
    steps = (
        planned("§1§", "goals", issue.id, assignee=world.account("client")),
        planned("§2§", "scope", issue.id, assignee=world.account("tc")),
    )
    world.apply(Create(subtasks=steps), world.read(issue))
    found = world.read(issue).issue

    assert {one.marker.step: one.assignee for one in found.subtasks if one.marker} == {
        "goals": None,
        "scope": world.account("tc"),
    }
    assert found.unassignable == {world.account("client")}
    world.later()
    assert not world.read(issue).issue.unassignable


def test_what_jira_does_not_create_is_told_with_its_words(world: World) -> None:
    issue = world.create()
    steps = (planned("§1§", "goals", issue.id, summary="x" * 300), planned("§2§", "scope", issue.id))
    with pytest.raises(NotCreated) as refused:
        world.apply(Create(subtasks=steps), world.read(issue))

    assert f"refused 1 sub-task(s) of {issue.key}" in str(refused.value)
    assert "summary: " in str(refused.value)
    assert [one.values["summary"] for one in world.site.subtasks(issue)] == ["Step scope"]


def test_a_create_screen_that_lacks_a_field(world: World) -> None:
    issue = world.create()
    project = world.site.project("INT")
    type_id = next(t.id for t in world.site.types.values() if t.subtask)
    screen = world.site.screens[project.screens[type_id].create]
    for tab in screen.tabs:
        tab.field_ids = [name for name in tab.field_ids if name != "duedate"]
    with pytest.raises(NotCreated, match=r"duedate: .*Check the create screen of 'Sub-task'"):
        world.apply(Create(subtasks=(planned(parent=issue.id, due=date(2026, 3, 9)),)), world.read(issue))


# --- edit


def test_one_edit_carries_fields_labels_comment_and_record(world: World) -> None:
    issue = world.create(labels=["old", "kept"])
    world.keys["§1§"] = "INT-77"
    found = world.read(issue)
    world.reads()
    fields = {"stage": "Discovery", "gate": "Closed", "rounds_failed": 2.0, "failure_reasons": ("other",)}
    fields |= {"last_refusal": datetime(2026, 3, 2, 15, tzinfo=UTC), "certification_start": date(2026, 4, 6)}
    fields |= {"technical_consultant": world.account("tc"), "goals": "Points", "gate_override": None}
    world.apply(
        edit(
            issue,
            fields=fields,
            add_labels=("new",),
            remove_labels=("old",),
            comment="See §1§.",
            record={"blocked": {"x": ["§1§ is open"]}},
        ),
        found,
    )

    assert world.reads() == {"PUT /rest/api/2/issue/{issueIdOrKey}": 1}
    read = world.read(issue).issue
    assert {name: read.fields[name] for name in fields} == fields
    assert read.labels == {"new", "kept"}
    assert read.record == {"blocked": {"x": ["INT-77 is open"]}}
    assert [comment.body for comment in issue.comments] == ["See INT-77."]


def test_the_record_alone_is_written_as_a_property(world: World) -> None:
    issue = world.create()
    found = world.read(issue)
    world.reads()
    world.apply(edit(issue, record={"version": 1}), found)

    assert world.reads() == {"PUT /rest/api/2/issue/{issueIdOrKey}/properties/{propertyKey}": 1}
    assert issue.properties["stagegate"] == {"version": 1}
    assert not issue.changes


def test_a_step_is_given_an_owner_and_a_date(world: World) -> None:
    issue = world.create()
    step = world.step(issue)
    world.apply(edit(step, fields={"assignee": world.account("tc"), "duedate": date(2026, 3, 9)}), world.read(issue))
    (read,) = world.read(issue).issue.subtasks
    assert (read.assignee, read.due) == (world.account("tc"), date(2026, 3, 9))

    world.apply(edit(step, fields={"assignee": None, "duedate": None}), world.read(issue))
    (read,) = world.read(issue).issue.subtasks
    assert (read.assignee, read.due) == (None, None)


def test_an_edit_with_an_unassignable_owner_keeps_the_rest(world: World) -> None:
    issue = world.create()
    step = world.step(issue)
    leaves(world, "client")
    wanted = {"assignee": world.account("client"), "duedate": date(2026, 3, 9)}
    world.apply(edit(step, fields=wanted, add_labels=("overdue",), comment="Late."), world.read(issue))
    found = world.read(issue).issue

    assert (found.subtasks[0].assignee, found.subtasks[0].due) == (None, date(2026, 3, 9))
    assert found.subtasks[0].labels == {"overdue"}
    assert [comment.body for comment in step.comments] == ["Late."]
    assert found.unassignable == {world.account("client")}


@pytest.mark.parametrize("record", [None, {"version": 1}])
def test_nothing_is_left_of_an_edit_but_its_record(world: World, record: Any) -> None:
    issue = world.create()
    leaves(world, "client")
    world.apply(edit(issue, fields={"assignee": world.account("client")}, record=record), world.read(issue))
    assert issue.properties.get("stagegate") == record


def test_a_screen_that_lacks_a_field_is_explained(datacenter: World) -> None:
    """Data Center looks at the edit screen: "It is not on the appropriate screen, or unknown."."""
    issue = datacenter.create()
    gate = datacenter.id_of("Gate")
    project = datacenter.site.project("INT")
    for tab in datacenter.site.screens[project.screens[issue.type_id].edit].tabs:
        tab.field_ids = [name for name in tab.field_ids if name != gate]
    found = datacenter.read(issue)
    with pytest.raises(FieldRefused) as refused:
        datacenter.apply(edit(issue, fields={"gate": "Closed", "stage": "Discovery"}), found)

    told = str(refused.value)
    assert f"refused to edit {issue.key}: 'Gate' ({gate}): " in told
    assert "Put these fields on the edit screen" in told
    assert "Integration Stage" not in told


def test_an_option_that_the_site_lacks_is_explained(world: World) -> None:
    issue = world.create()
    with pytest.raises(FieldRefused, match=r"'Gate' \(customfield_\d+\): "):
        world.apply(edit(issue, fields={"gate": "Ajar"}), world.read(issue))


def test_a_refused_system_field_is_told_by_its_own_name(world: World) -> None:
    issue = world.create()
    world.site.revocations.append(Revocation(permission="SCHEDULE_ISSUES", user_id=None, project_key="INT"))
    with pytest.raises(FieldRefused, match=r"duedate \(duedate\)"):
        world.apply(edit(issue, fields={"duedate": date(2026, 3, 9)}), world.read(issue))


def test_a_refusal_of_no_field_stays_what_it_is(world: World) -> None:
    issue = world.create()
    world.jira.faults.add(Fault(action="status", status=400, method="PUT", message="Operation failed."))
    with pytest.raises(Invalid, match="Operation failed"):
        world.apply(edit(issue, fields={"gate": "Open"}), world.read(issue))


def test_an_issue_deleted_since_asks_for_another_look(world: World) -> None:
    issue = world.create()
    step = world.step(issue)
    found = world.read(issue)
    del world.site.issues[step.id]
    with pytest.raises(Conflict, match="look again") as gone:
        world.apply(edit(step, add_labels=("overdue",)), found)
    assert gone.value.repeatable


# --- move


def test_a_project_issue_goes_where_it_was_seen_to_go(world: World) -> None:
    issue = world.create()
    found = world.read(issue)
    world.reads()
    world.apply(Move(issue=issue.id, key=issue.key, to=("Requirements",)), found)

    assert world.status(issue) == "Requirements"
    assert world.reads() == {"POST /rest/api/2/issue/{issueIdOrKey}/transitions": 1}


def test_the_first_status_in_reach_is_taken(world: World) -> None:
    issue = world.create()
    step = world.step(issue)
    world.apply(Move(issue=step.id, key=step.key, to=("Nowhere", "Won't Do", "Done")), world.read(issue))
    assert world.status(step) == "Won't Do"


def test_transitions_are_chosen_by_target_whatever_they_are_called(world: World) -> None:
    issue = world.create()
    for way in world.site.workflow_of(issue).transitions:
        way.name = "Weiter"
    world.apply(Move(issue=issue.id, key=issue.key, to=("Launch",)), world.read(issue))
    assert world.status(issue) == "Launch"


def test_no_way_is_told_with_the_remedy(world: World) -> None:
    issue = world.create()
    world.site.workflow_of(issue).transitions.clear()
    with pytest.raises(NoWay, match=f"{issue.key} offers no transition to Launch or Live from where it is; add one"):
        world.apply(Move(issue=issue.id, key=issue.key, to=("Launch", "Live")), world.read(issue))


def test_a_move_out_of_date_asks_for_another_look(world: World) -> None:
    """The ways were read before somebody moved the issue; what it offers now is another matter."""
    issue = world.create()
    world.jira.reset(flavour=world.site.flavour, workflow="strict", clock=world.jira.clock)
    issue = world.create()
    found = world.read(issue)
    world.move(issue, "Requirements")
    with pytest.raises(Conflict, match="was moved since it was read; look again"):
        world.apply(Move(issue=issue.id, key=issue.key, to=("Requirements",)), found)


def test_a_transition_that_jira_refuses_is_told(world: World) -> None:
    issue = world.create()
    found = world.read(issue)
    world.jira.faults.add(
        Fault(action="status", status=400, method="POST", path="/transitions", message="Feedback is required.")
    )
    with pytest.raises(NoWay, match=r"refuses to move .* Feedback is required\. .*take required fields and validators"):
        world.apply(Move(issue=issue.id, key=issue.key, to=("Requirements",)), found)


def test_a_way_without_a_screen_is_preferred(world: World) -> None:
    issue = world.create()
    workflow = world.site.workflow_of(issue)
    target = world.site.status_named("Launch").id
    screen = next(iter(world.site.screens))
    workflow.transitions.insert(0, Transition(id="9001", name="By a screen", to=target, screen_id=screen))
    found = world.read(issue)
    assert found.transitions["Launch"] != "9001"


# --- placeholders


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("See §1§ and §2§.", "See INT-8 and INT-9."),
        ({"a": ["§1§", {"b": "§2§"}]}, {"a": ["INT-8", {"b": "INT-9"}]}),
        (("§1§", 7, None), ["INT-8", 7, None]),
        ("§3§", "§3§"),
    ],
)
def test_placeholders_become_keys_wherever_they_stand(value: Any, expected: Any) -> None:
    assert with_keys(value, {"§1§": "INT-8", "§2§": "INT-9"}) == expected
