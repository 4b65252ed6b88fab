"""What managers are told of projects that were really played: the ledger's answers, rounds, the history, the files."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from icalendar import Calendar

from mappings import load
from sync_service.cli import stagegate
from sync_service.reports import Portfolio, Selection, history, read, told
from sync_service.reports.calendar import certification_calendar
from sync_service.reports.certification import reasons, rounds
from sync_service.reports.crossings import edges, missing, overrides
from tests.stories.running import StoryService
from tests.stories.team import Person, Project, Team

PAYTRONIX = load("paytronix")
LIFECYCLES = {"paytronix": PAYTRONIX}


def seen(service: StoryService, project: Project | None = None) -> Portfolio:
    wanted = Selection(project=project.key if project else "")
    return read(service.running.store, LIFECYCLES, wanted, service.now())


def counted(service: StoryService, gate: str, verdict: str) -> float:
    return float(service.running.metrics.gates.labels(gate, verdict)._value.get())


def test_refused_and_accepted_moves_are_counted_once_with_who_made_them(
    team: Team, tc: Person, service: StoryService
) -> None:
    project = team.starts_project()
    tc.moves(project, "Requirements")
    service.catches_up()
    team.reaches(project, "Requirements")
    service.looks_at(project)

    assert edges(seen(service)).rows == (("Discovery", "Requirements", 1, 0, 0, 0, 1, 0.5),)
    assert missing(seen(service)).column("refusals")[0] == 1
    report = history(seen(service, project), service.running.store)
    (moves,) = (table for table in report.tables if table.name == "history.moves")
    assert moves.column("answer") == ("refused", "accepted")
    assert set(moves.column("by")) == {service.jira.site.users[tc.account].display_name}
    assert counted(service, "discovery-requirements", "refused") == 1
    assert counted(service, "discovery-requirements", "accepted") == 1


def test_an_override_is_told(team: Team, admin: Person, tc: Person, service: StoryService) -> None:
    project = team.starts_project()
    admin.fills(project, "Gate Override", "The client signed on paper.")
    service.catches_up()
    tc.moves(project, "Requirements")
    service.catches_up()

    assert edges(seen(service)).rows == (("Discovery", "Requirements", 0, 1, 0, 0, 0, 0.0),)
    assert overrides(seen(service)).column("outcome") == ("used",)
    assert overrides(seen(service)).column("out_of") == ("Discovery",)


def test_rounds_that_were_failed_and_passed_are_told(team: Team, service: StoryService) -> None:
    project = team.project_in("Certification")
    team.prepares_round(project)
    team.begins_round(project)
    slots = Calendar.from_ical(
        certification_calendar(service.running.store.projections.all(), LIFECYCLES, service.now())
    ).walk("VEVENT")
    assert any(str(event["summary"]).startswith("Certification round 1") for event in slots)
    team.fails_round(project, feedback="The till sends every call twice.")
    team.reaches(project, "Certification")
    team.prepares_round(project)
    team.begins_round(project)
    team.certifies(project)

    table = rounds(seen(service))
    assert [row[:4] for row in table.rows] == [(1, 1, 0, 1), (2, 1, 1, 0)]
    assert table.column("pass_rate") == (0.0, 1.0)
    assert reasons(seen(service)).column("rounds") == (1,)


@pytest.fixture
def config(service: StoryService, tmp_path: Path) -> Path:
    settings = service._settings()
    path = tmp_path / "config.toml"
    path.write_text(
        f'[jira]\nurl = "{settings.jira.url}"\ntoken = "env:T"\n[store]\nurl = "{settings.store.url}"\n'
        "[lifecycle]\nenforce_since = 2026-01-01\n",
        encoding="utf-8",
    )
    return path


def test_the_command_tells_a_played_project_without_jira(
    team: Team, service: StoryService, config: Path, tmp_path: Path
) -> None:
    project = team.project_in("Requirements")
    everything = told(seen(service))
    assert len(everything) == 8
    runner, asked = CliRunner(env={"T": "planted-jira-token"}), ["--config", str(config)]

    answer = runner.invoke(stagegate, ["report", "portfolio", "--json", *asked])
    assert answer.exit_code == 0, answer.output
    (standing, projects) = json.loads(answer.stdout)["reports"][0]["tables"]
    assert {row["stage"]: row["projects"] for row in standing["rows"]}["Requirements"] == 1
    assert projects["rows"][0]["key"] == project.key

    page = tmp_path / "report.html"
    answer = runner.invoke(
        stagegate, ["report", "--from", "2026-01-01", "--format", "html", "--output", str(page), *asked]
    )
    assert answer.exit_code == 0, answer.output
    assert f'/browse/{project.key}">{project.key}</a>' in page.read_text(encoding="utf-8")

    answer = runner.invoke(stagegate, ["report", "--project", project.key, *asked])
    assert answer.exit_code == 0, answer.output
    assert "What the service did" in answer.stdout
    assert "too few past projects" in answer.stdout
