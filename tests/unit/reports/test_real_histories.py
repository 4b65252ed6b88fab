"""Stage and round figures of real change logs, which nobody here wrote, against what is read off them by hand."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from portfolios import PAYTRONIX, portfolio

from mappings import Mapping
from mappings.model import Calendar
from sync_service.lifecycle.facts import Change, ProjectIssue
from sync_service.lifecycle.outline import outline
from sync_service.lifecycle.state import derive
from sync_service.reports import Portfolio, certification, flow, stages
from sync_service.store import Projection

CORPUS = Path(__file__).parents[4] / "shared/corpus/issues/jirametrics"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real Jira data is not at hand")

LATER = datetime(2022, 6, 1, 12, tzinfo=UTC)
"""After all of them; everything before is taken as the log has it."""

STEPS = {name: {"summary": name} for name in ("notify", "slot", "materials", "round")}
BOARD = Mapping.model_validate(
    {
        "name": "board",
        "jira": {"project": "SP"},
        "calendar": Calendar().model_dump(),
        "fields": {key: field.model_dump() for key, field in PAYTRONIX.fields.items()},
        "stages": {
            "backlog": {"title": "Backlog", "statuses": ["Backlog"]},
            "selected": {"title": "Selected", "statuses": ["Selected for Development"]},
            "progress": {"title": "In Progress", "statuses": ["In Progress"]},
            "review": {"title": "Review", "statuses": ["Review"], "steps": STEPS},
            "done": {"title": "Done", "statuses": ["Done"]},
        },
        "certification": {
            "stage": "review", "passed_to": "done", "failed_to": "progress",
            "capacity": {"parallel_rounds": 1, "lead_business_days": 1},
            **{f"{name}_step": name for name in STEPS},
        },
    }
)  # fmt: skip
"""Their board as a lifecycle, in which *Review* is gone through in rounds; days are UTC."""


def real(folder: str) -> Portfolio:
    found = sorted((CORPUS / folder).glob("SP-*.json"))
    return portfolio(
        *(_projection(json.loads(path.read_text())) for path in found), mappings={"board": BOARD}, now=LATER
    )


def _projection(issue: dict[str, Any]) -> Projection:
    changes = [
        Change(id=entry["id"], at=datetime.fromisoformat(entry["created"]), author="x", field="status",
               before=item["fromString"], after=item["toString"])
        for entry in issue["changelog"]["histories"] for item in entry["items"] if item["field"] == "status"
    ]  # fmt: skip
    facts = ProjectIssue(
        id=issue["id"], key=issue["key"], summary=issue["fields"]["summary"], ours=("us",),
        status=issue["fields"]["status"]["name"], created=datetime.fromisoformat(issue["fields"]["created"]),
        changes=tuple(sorted(changes, key=lambda one: one.order)),
    )  # fmt: skip
    state = derive(facts, BOARD, LATER, LATER)
    return Projection(
        issue_id=facts.id, key=facts.key, mapping="board", stage=state.stage, fingerprint="", state=outline(state),
        at=LATER,
    )  # fmt: skip


def test_stays_of_the_sample_project() -> None:
    """Six issues. All left the backlog: SP-1 and SP-2 on the day they were made, SP-5 on 23 June 2021 (5 days),
    SP-8 on 29 August (72 days), SP-7 and SP-11 on 14 December (179 days): median of 0, 0, 5, 72, 179, 179 is 38.5.
    Selected was left by SP-1 at once, by SP-5 after 23 June to 29 August (67) and, reopened, at once, by SP-8 after
    29 August to 14 December (107): 0, 0, 67, 107 have the median 33.5. In progress was left by SP-1 after 179 days and
    by SP-5 after 8 days and at once: median 8. SP-5's review took seconds."""
    table = stages.durations(real("complete_sample/sample_issues"))
    found = {row[0]: row[1:3] for row in table.rows}
    assert found == {"Backlog": (6, 38.5), "Selected": (4, 33.5), "In Progress": (3, 8), "Review": (1, 0)}


def test_rounds_of_the_sample_project() -> None:
    """SP-5's only review led on to done: certified, within the day. SP-1 is in review: under way."""
    assert certification.rounds(real("complete_sample/sample_issues")).rows == (
        (1, 2, 1, 0, 1, 0, 1, 0, 0, 0),
    )  # fmt: skip


def test_launches_of_the_other_issues() -> None:
    """SP-10 took from 18 June to 6 September 2021, 80 days; SP-13 from 18 June 2021 to 19 April 2022, 305 days; SP-14
    from 1 February to 19 April 2022, 77 days: the median is 80, 85 % 80 + 0.7 × 225 = 237.5."""
    assert flow.launches(real("testdata")).rows[0][:3] == (3, 80, 237.5)


def test_the_flow_ends_where_the_issues_stand() -> None:
    """Of the first six, SP-1 is in review, SP-5 done, SP-8 in progress; SP-2, SP-7 and SP-11 are selected."""
    counts = flow.cumulative(real("complete_sample/sample_issues"))
    assert counts.rows[-1][1:] == (0, 3, 1, 1, 1, 0)
