"""Every kind of custom field: written, shown, told in the change log; and the fixtures for others' tests."""

import subprocess
import sys

import pytest

from jira_sandbox.model import FieldContext, Option
from jira_sandbox.preset import custom_field


def _add_field(world, kind):
    """Add a field of a kind, with options a and b, to every project, issue type and screen."""
    site = world.jira.site
    options = [Option(id=str(site.next_id("option")), value=value) for value in ("a", "b", "c")]
    options[2].disabled = True
    made = custom_field(site.next_id("field") + 10, "Extra", kind, [FieldContext(id="1", name="all", options=options)])
    site.fields[made.id] = made
    for screen in site.screens.values():
        screen.tabs[0].field_ids.append(made.id)
    return made.id


def _users(world, *names):
    return [{"accountId": world.jira.credentials[n].account, "name": world.jira.credentials[n].account} for n in names]


@pytest.mark.parametrize(
    ("kind", "raw", "seen", "told"),
    [
        ("text", "words", "words", "words"),
        ("textarea", "two\nlines", "two\nlines", "two\nlines"),
        ("number", 2.5, 2.5, "2.5"),
        ("date", "2026-03-04", "2026-03-04", "4/Mar/26"),
        ("datetime", "2026-03-04T05:06:07.000+0000", "2026-03-04T05:06:07.000+0000", "04/Mar/26 05:06 AM"),
        ("select", {"value": "a"}, "a", "a"),
        ("radio", {"value": "b"}, "b", "b"),
        ("multiselect", [{"value": "b"}, {"value": "a"}], ["a", "b"], "a,b"),
        ("checkboxes", [{"value": "a"}], ["a"], "a"),
        ("labels", ["y", "x"], ["x", "y"], "x y"),
    ],
)
def test_a_value_is_written_shown_told_and_cleared(world, kind, raw, seen, told):
    field_id = _add_field(world, kind)
    key = world.tc.create()
    world.tc.edit(key, **{field_id: raw})
    shown = world.tc.see(key, "changelog")
    (item,) = shown["changelog"]["histories"][0]["items"]
    assert (_plain(shown["fields"][field_id]), item["toString"]) == (seen, told)
    world.tc.edit(key, **{field_id: None})
    assert world.tc.see(key)["fields"][field_id] is None
    assert world.tc.search("Extra is EMPTY") == [key]


def _plain(shown):
    if isinstance(shown, list):
        return [_plain(each) for each in shown]
    return shown["value"] if isinstance(shown, dict) else shown


def test_several_users_are_written_shown_and_told(world):
    field_id = _add_field(world, "multiuser")
    key = world.tc.create()
    world.tc.edit(key, **{field_id: _users(world, "tc", "client")})
    shown = world.tc.see(key, "changelog")
    assert [u["displayName"] for u in shown["fields"][field_id]] == ["Tess Consultant", "Clea Client"]
    (item,) = shown["changelog"]["histories"][0]["items"]
    assert item["toString"] == "Tess Consultant, Clea Client"
    assert world.client.search("Extra = currentUser()") == [key]
    update = {"update": {field_id: [{"remove": _users(world, "client")[0]}]}}
    assert world.tc.put(f"issue/{key}", update).status_code == 204
    assert len(world.tc.see(key)["fields"][field_id]) == 1
    world.tc.edit(key, **{field_id: []})
    assert world.tc.see(key)["fields"][field_id] is None


@pytest.mark.parametrize(
    ("kind", "raw", "message"),
    [
        ("number", "7", "Operation value must be a number"),
        ("number", True, "Operation value must be a number"),
        ("datetime", "soon", "Error parsing time: soon"),
        ("datetime", "2026-03-04T05:06:07", "Error parsing time: 2026-03-04T05:06:07"),
        ("datetime", 7, "Error parsing time: 7"),
        ("select", {"value": "c"}, "Option value 'c' is not valid"),
        ("multiuser", {"name": "tc"}, "data was not an array"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(world, kind, raw, message):
    field_id = _add_field(world, kind)
    reply = world.tc.put(f"issue/{world.tc.create()}", {"fields": {field_id: raw}})
    assert reply.json()["errors"] == {field_id: message}


def test_a_screen_can_hold_the_resolution(world):
    site = world.jira.site
    screen = site.add_screen("resolve", ["resolution", "comment"])
    step = world.tc.create_step(world.tc.create())
    workflow = site.workflow_of(site.issue(step))
    done = next(t for t in workflow.transitions if t.name == "Done")
    done.screen_id = screen
    offered = world.tc.get(f"issue/{step}/transitions", expand="transitions.fields", transitionId=done.id)
    names = [r["name"] for r in offered["transitions"][0]["fields"]["resolution"]["allowedValues"]]
    assert names == ["Done", "Won't Do", "Duplicate", "Cannot Reproduce"]
    assert world.tc.move(step, "Done", fields={"resolution": {"name": "Never"}}).status_code == 400
    assert world.tc.move(step, "Done", fields={"resolution": {"name": "Duplicate"}}).status_code == 204
    assert world.tc.see(step)["fields"]["resolution"]["name"] == "Duplicate"
    assert world.tc.move(step, "Done", fields={"resolution": None}).status_code == 204
    assert world.tc.see(step)["fields"]["resolution"] is None


def test_an_option_that_was_removed_shows_as_nothing(world):
    field_id = _add_field(world, "select")
    key = world.tc.create()
    world.tc.edit(key, **{field_id: {"value": "a"}})
    world.jira.site.fields[field_id].contexts[0].options.clear()
    assert world.tc.see(key)["fields"][field_id] is None


def test_others_tests_take_the_sandbox_as_a_fixture(tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["jira_sandbox.fixtures"]\n')
    (tmp_path / "test_theirs.py").write_text(
        "import requests\n"
        "def test_one(jira_sandbox):\n"
        "    auth = jira_sandbox.credentials['tc'].basic\n"
        "    fields = {'project': {'key': 'INT'}, 'issuetype': {'name': 'Task'}, 'summary': 'x'}\n"
        "    url = jira_sandbox.url + '/rest/api/2/issue'\n"
        "    assert requests.post(url, json={'fields': fields}, auth=auth, timeout=60).json()['key'] == 'INT-1'\n"
        "def test_two(jira_sandbox):\n"
        "    assert jira_sandbox.site.issues == {}\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout
