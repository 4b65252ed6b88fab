"""What a mapping needs, derived purely: names, transitions with their guard, JQL that stands any name."""

from itertools import pairwise
from pathlib import Path

import pytest

from jira_sandbox import jql
from mappings import Mapping, load
from sync_service.provision.checklist import checklist
from sync_service.provision.dashboards import URIS, quoted
from sync_service.provision.desired import DONE, TODO, Desired, WantedWebhook, desired
from sync_service.provision.shared import gadget_config
from sync_service.provision.webhooks import bare, webhook_address, webhook_request

PAYTRONIX = load("paytronix")
WANTED = desired(PAYTRONIX)
HOOK = WantedWebhook(name="INT: Stagegate webhook", url="https://host.example/webhooks/jira", jql='project = "INT"')

OTHER = """
extends = "paytronix"
[jira]
project = "X"
[fields.stage]
name = 'Stage "so far" \\ now'
[stages.development]
statuses = ["Development", "Rework"]
"""


@pytest.fixture
def other(tmp_path: Path) -> Mapping:
    (tmp_path / "other.toml").write_text(OTHER, encoding="utf-8")
    return load(tmp_path / "other.toml")


def ways(wanted: Desired) -> set[tuple[str, str]]:
    project = wanted.workflows[0]
    return {(source, step.to) for step in project.transitions for source in step.sources}


# --- Workflows


def test_each_way_forward_is_guarded_and_no_other_is() -> None:
    guarded = {(s, t.to) for t in WANTED.workflows[0].transitions if t.guarded for s in t.sources}
    titles = ("Discovery", "Requirements", "Development", "Certification", "Launch", "Live")
    assert guarded == set(pairwise(titles))


def test_from_every_status_there_is_a_way_back_to_each_earlier_one() -> None:
    titles = ("Discovery", "Requirements", "Development", "Certification", "Launch", "Live")
    needed = {(later, earlier) for place, later in enumerate(titles) for earlier in titles[:place]}
    assert needed <= ways(WANTED)


def test_ends_are_reached_where_a_gate_is_declared_and_left_to_any_stage() -> None:
    assert {source for source, target in ways(WANTED) if target == "Declined"} == {"Discovery", "Requirements"}
    assert {source for source, target in ways(WANTED) if target == "Cancelled"} >= {"Discovery", "Live", "Declined"}
    assert {target for source, target in ways(WANTED) if source == "Declined"} >= {"Discovery", "Live"}


def test_no_way_skips_a_stage() -> None:
    assert ("Discovery", "Development") not in ways(WANTED)


def test_one_way_leads_from_one_status_to_another() -> None:
    each = [(source, step.to) for step in WANTED.workflows[0].transitions for source in step.sources]
    assert len(each) == len(set(each))


def test_a_stage_of_several_statuses_is_gone_through_freely(other: Mapping) -> None:
    found = ways(desired(other))
    assert {("Development", "Rework"), ("Rework", "Development"), ("Requirements", "Rework")} <= found
    assert {("Rework", "Certification"), ("Certification", "Rework"), ("Rework", "Requirements")} <= found


def test_the_failed_round_has_its_screen_and_needs_no_gate() -> None:
    (step,) = [step for step in WANTED.workflows[0].transitions if step.screen]
    assert (step.sources, step.to, step.guarded) == (("Certification",), "Development", False)
    assert WANTED.screens["failed"].fields == ("Certification Feedback", "Failure Reasons")


def test_steps_go_from_every_status_to_every_other() -> None:
    steps = WANTED.workflows[1]
    assert {step.to for step in steps.transitions if not step.sources} == set(steps.statuses)
    assert steps.statuses[:2] == ("To Do", "In Progress")
    assert dict(steps.resolutions) == {"Done": "Done", "Won't Do": "Won't Do", "Certified": "Done", "Failed": "Done"}


def test_statuses_have_the_category_of_their_part() -> None:
    found = {status.name: status.category for status in WANTED.statuses}
    assert found["Discovery"] == TODO
    assert found["To Do"] == TODO
    assert {name for name, kind in found.items() if kind == DONE} == {
        "Live", "Declined", "Cancelled", "Done", "Won't Do", "Certified", "Failed",
    }  # fmt: skip


# --- Fields and screens


def test_every_field_has_the_options_that_people_choose_and_the_service_writes() -> None:
    options = {field.name: field.options for field in WANTED.fields}
    assert options["Integration Stage"][0] == "Discovery"
    assert set(options["Integration Stage"]) == {stage.title for stage in PAYTRONIX.stages.values()}
    assert options["Certification Result"] == ("Certified", "Failed", "Withdrawn")
    assert options["Project Goals"] == ()


def test_kept_fields_are_on_the_view_screen_only() -> None:
    kept = {field.name for field in WANTED.fields if field.kept}
    assert kept <= set(WANTED.screens["view"].fields)
    assert not kept & {*WANTED.screens["edit"].fields, *WANTED.screens["create"].fields}


# --- Filters and gadgets


def test_names_with_quotes_and_backslashes_are_one_string_in_jql() -> None:
    (token,) = jql._tokens(quoted('Stage "so far" \\ now'))
    assert (token.text, token.quoted) == ('Stage "so far" \\ now', True)


def test_every_filter_is_a_query_whatever_the_names_are(other: Mapping) -> None:
    for each in desired(other).filters:
        assert jql.parse(each.jql).where is not None
        assert 'project = "X"' in each.jql


def test_filters_ask_only_for_what_the_service_or_jira_keeps() -> None:
    theirs = {field.name for field in PAYTRONIX.fields.values() if not field.kept}
    written = {"Certification Start", "Additional Fees", "Go-live Date"}
    asked = " ".join(each.jql for each in WANTED.filters)
    assert {name for name in theirs if f'"{name}"' in asked} <= written


def test_every_gadget_has_a_filter_and_its_configuration_is_all_texts() -> None:
    keys = {each.key for each in WANTED.filters}
    for gadget in WANTED.dashboard.gadgets:
        assert gadget.filter in keys
        assert gadget.kind in URIS
        assert all(isinstance(value, str) for value in gadget_config(gadget).values())
    places = [(gadget.row, gadget.column) for gadget in WANTED.dashboard.gadgets]
    assert len(set(places)) == len(places) == 10


def test_business_days_become_calendar_days() -> None:
    stuck = next(each.jql for each in WANTED.filters if each.key == "stuck")
    assert '"Integration Stage" = "Discovery" AND created <= "-21d" AND NOT status CHANGED AFTER "-21d"' in stuck


# --- Webhooks


@pytest.mark.parametrize(
    ("is_cloud", "version", "address"),
    [
        pytest.param(True, (1001, 0, 0), "/rest/webhooks/1.0/webhook", id="cloud"),
        pytest.param(False, (10, 3, 5), "/rest/jira-webhook/1.0/webhooks", id="data center 10"),
        pytest.param(False, (9, 12, 0), "/rest/webhooks/1.0/webhook", id="data center 9"),
    ],
)
def test_each_jira_takes_webhooks_at_its_address(is_cloud: bool, version: tuple[int, ...], address: str) -> None:
    assert webhook_address(is_cloud=is_cloud, version=version) == address
    assert webhook_request(HOOK, is_cloud=is_cloud, version=version).path == address


def test_the_secret_stands_where_that_jira_looks_for_it() -> None:
    cloud = webhook_request(HOOK, is_cloud=True, version=(1001,)).body
    modern = webhook_request(HOOK, is_cloud=False, version=(10, 3)).body
    classic = webhook_request(HOOK, is_cloud=False, version=(9, 12)).body
    assert cloud["secret"] == "⟦secret⟧"
    assert cloud["filters"] == {"issue-related-events-section": 'project = "INT"'}
    assert modern["configuration"]["SECRET"] == "⟦secret⟧"
    assert "secret" not in modern
    assert classic["url"] == "https://jira:⟦secret-in-url⟧@host.example/webhooks/jira"
    assert bare(classic["url"]) == HOOK.url
    assert "secret" not in classic


# --- By hand


def test_the_list_names_everything_exactly() -> None:
    told = "\n".join(checklist(WANTED, fields=True, dashboards=True, is_cloud=False))
    names = [field.name for field in WANTED.fields] + [status.name for status in WANTED.statuses]
    names += [option for field in WANTED.fields for option in field.options]
    names += [gadget.title for gadget in WANTED.dashboard.gadgets]
    assert [name for name in names if name not in told] == []
    assert told.count("with the condition 'Gate' = 'Open'") == 5


def test_on_data_center_the_kept_fields_are_on_the_edit_screen() -> None:
    def edit_screen(*, is_cloud: bool) -> str:
        steps = checklist(WANTED, fields=False, dashboards=False, is_cloud=is_cloud)
        return next(step for step in steps if step.startswith("edit screen"))

    assert "Integration Stage" in edit_screen(is_cloud=False)
    assert "Integration Stage" not in edit_screen(is_cloud=True)


def test_a_smaller_lifecycle_needs_less(other: Mapping) -> None:
    plain = other.model_copy(update={"certification": None, "roles": {}})
    wanted = desired(plain)
    assert "failed" not in wanted.screens
    assert {each.key for each in wanted.filters} == {"all", "running", "overdue", "refused", "stuck", "launched"}
    assert {gadget.filter for gadget in wanted.dashboard.gadgets} <= {each.key for each in wanted.filters}
    assert "Certified" not in wanted.workflows[1].statuses
