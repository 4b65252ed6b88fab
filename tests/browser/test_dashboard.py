"""The managers' dashboard, as `provision` makes it and the sandbox draws it, opened in Chromium.

With STAGEGATE_PICTURES set to a folder the picture of docs/provisioning.md is written there: `dashboard.png`.
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import jira_sandbox
from jira_sandbox import Clock, Running
from jira_sandbox.model import Dashboard, Issue
from jira_sandbox.preset import person
from jira_sandbox.site import Site
from tests.stories.preparing import Preparation

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
PROJECTS = (
    ("Acme loyalty", "Discovery", "tc"),
    ("Bistro ordering", "Discovery", "admin"),
    ("Corner Café stored value", "Requirements", "tc"),
    ("Diner kiosk", "Development", "tc"),
    ("Eatery app <beta>", "Development", "admin"),
    ("Fresh Bowls POS", "Certification", "tc"),
    ("Grill House POS", "Certification", "admin"),
    ("Harbor Fish delivery", "Launch", "tc"),
    ("Izakaya loyalty", "Live", "admin"),
    ("Juice Bar gift cards", "Cancelled", "tc"),
)


@pytest.fixture(scope="module")
def jira() -> Iterator[Running]:
    with jira_sandbox.running(empty=True, clock=Clock(frozen_at=NOW - timedelta(days=60))) as running:
        yield running


@pytest.fixture(scope="module")
def board(jira: Running) -> Dashboard:
    """The dashboard on a site with a portfolio."""
    preparation = Preparation(jira)
    left = preparation.performs()
    assert (left.changes, left.problems) == ((), ())
    fill(jira.site)
    jira.clock.set(NOW)
    (made,) = jira.site.dashboards.values()
    return made


def fill(site: Site) -> None:
    """Put projects in every stage, with what the dashboard asks for."""
    kinds = {kind.name: kind.id for kind in site.types.values()}
    for number, (summary, stage, lead) in enumerate(PROJECTS, 1):
        values = {"Integration Stage": stage, "Technical Consultant": person(site, lead).id}
        values |= {"Certification Round": 1 + number % 4, "Certification Result": "Failed"} if number > 4 else {}
        values |= {"Certification Result": "Certified"} if stage in ("Launch", "Live") else {}
        values |= {"Rounds Failed": 3, "Additional Fees": "May apply"} if number == 7 else {}
        values |= {"Certification Start": "2026-03-16"} if number == 6 else {}
        values |= {"Last Refusal": NOW - timedelta(days=5)} if number in (3, 5) else {}
        values |= {"Last Override": NOW - timedelta(days=2)} if number == 8 else {}
        values |= {"Go-live Date": "2026-02-10"} if stage == "Live" else {}
        issue = _issue(site, kinds["Integration"], number, summary, stage)
        issue.values |= {site.field_named(name).id: _kept(site, name, value) for name, value in values.items()}
        if stage not in ("Live", "Cancelled") and number % 2:
            _steps(site, kinds["Sub-task"], number, issue)


def _issue(site: Site, kind: str, number: int, summary: str, status: str, parent: str | None = None) -> Issue:
    (project,) = site.projects.values()
    at = NOW - timedelta(days=50 - number % 40)
    project.last_number += 1
    made = Issue(
        id=str(site.next_id("issue")),
        key=f"INT-{project.last_number}",
        project_id=project.id,
        type_id=kind,
        status_id=site.status_named(status).id,
        creator_id=person(site, "tc").id,
        created=at,
        updated=at,
        status_changed=at,
        parent_id=parent,
        values={"summary": summary},
    )
    site.add_issue(made)
    return made


def _kept(site: Site, name: str, value: object) -> object:
    options = {option.value: option.id for option in site.field_named(name).options()}
    return options.get(str(value), value) if not isinstance(value, int | datetime) else value


def _steps(site: Site, kind: str, number: int, parent: Issue) -> None:
    parties = ("party-client", "party-integrator", "party-technical_consultant")
    steps = zip(("Approve the schedule", "Test the build", "Book the slot"), parties, strict=True)
    for place, (summary, party) in enumerate(steps):
        step = _issue(site, kind, number, summary, "To Do", parent.id)
        due = date(2026, 2, 20) + timedelta(days=6 * place + number)
        late = {"overdue"} if due < NOW.date() else set()
        step.values |= {"labels": sorted({"stagegate", party} | late), "duedate": due.isoformat()}
        step.values["assignee"] = person(site, ("client", "integrator", "tc")[place]).id


@pytest.fixture(scope="module")
def window(chromium: Any) -> Iterator[Any]:
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=0.8)
    yield page
    page.close()


def test_the_dashboard_is_drawn_with_what_its_filters_find(jira: Running, board: Dashboard, window: Any) -> None:
    window.goto(f"{jira.url}/_sandbox/dashboards/{board.id}")
    assert window.title() == "INT: integration projects"
    assert [each.inner_text() for each in window.locator("h2").all()] == [g.title for g in board.gadgets]
    text = window.locator("main").inner_text()
    assert "No issues were found" not in text
    assert "There is no" not in text
    assert "Eatery app <beta>" in text
    assert window.locator("svg path").count() == len({stage for _, stage, _ in PROJECTS})
    if folder := os.environ.get("STAGEGATE_PICTURES"):
        window.screenshot(path=str(Path(folder) / "dashboard.png"), full_page=True)


def test_each_gadget_shows_what_is_meant_for_it(jira: Running, board: Dashboard, window: Any) -> None:
    window.goto(f"{jira.url}/_sandbox/dashboards/{board.id}")
    shown = {
        gadget.title: window.locator(f"#gadget-{gadget.id}").inner_text().replace("\t", " ") for gadget in board.gadgets
    }
    assert "Fresh Bowls POS" in shown["Slots of the next four weeks"]
    assert "Grill House POS" in shown["More than 3 rounds: fee exposure"]
    assert "Harbor Fish delivery" in shown["Refused moves and overrides, last 30 days"]
    assert "Izakaya loyalty" in shown["Launched in the last 90 days"]
    assert "Clea Client" in shown["Waiting on the client or integrator"]
    assert "Tess Consultant" not in shown["Waiting on the client or integrator"]
    assert "Juice Bar" not in shown["Longer in a stage than the target"]
    assert "party-client" in shown["Overdue steps by party"]
    assert "Live" not in shown["Stage by technical consultant"]
