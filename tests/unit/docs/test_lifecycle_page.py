"""docs/lifecycle.md and the page for admins tell the shipped lifecycle: every step, gate, request, label, field."""

import re
from collections.abc import Iterator

import pytest
from docpages import DOCS, rows, sections

from mappings import load
from mappings.model import EVERY_STEP_ABOVE, Due, Labels, Stage, Step
from sync_service.lifecycle.record import Record, Round

PAYTRONIX = load("paytronix")


def told_step(key: str, step: Step) -> str:
    """Write the row that docs/lifecycle.md must have of a step, but for its last cell."""
    titles = [PAYTRONIX.roles[role].title for role in step.parties or step.owner]
    who = f"each of {', '.join(titles)}" if step.parties else " or ".join(titles)
    after = ", ".join("everything above" if name == EVERY_STEP_ABOVE else f"`{name}`" for name in step.after) or "–"
    cells = [f"`{key}`", who, after, told_due(step.due), "; ".join(told_marks(step))]
    return re.sub(" +", " ", f"| {' | '.join(cells)} |")


def told_due(due: Due | None) -> str:
    if due is None:
        return "–"
    if due.after_step:
        return f"{due.business_days} after `{due.after_step}`"
    if due.after_field is None:
        return str(due.business_days)
    field = f"*{PAYTRONIX.fields[due.after_field].name}*"
    return f"{due.business_days} after {field}" if due.business_days else f"on {field}"


def told_marks(step: Step) -> Iterator[str]:
    if step.each_visit:
        yield "↻"
    if step.irrevocable:
        yield "irrevocable"
    for field in step.needs:
        yield f"needs *{PAYTRONIX.fields[field].name}*"
    if step.when:
        yield f"only where *{PAYTRONIX.fields[step.when.field].name}* is {' or '.join(step.when.is_in)}"
    if step.beyond_free_rounds:
        yield "only beyond the free rounds"
    if step.gates is not None:
        yield f"gates only {', '.join(f'`{stage}`' for stage in step.gates)}"


@pytest.mark.parametrize(
    ("key", "stage"), [(k, s) for k, s in PAYTRONIX.stages.items() if s.steps], ids=lambda k: str(k)[:20]
)
def test_every_step_of_a_stage_is_told_in_its_order(key: str, stage: Stage) -> None:
    section = sections("lifecycle.md")[f"`{key}`: {stage.title}"]
    told = [line for line in section.splitlines() if line.startswith("| `")]
    expected = [told_step(name, step) for name, step in stage.steps.items()]
    assert [line[: len(row)] for line, row in zip(told, expected, strict=True)] == expected


def test_every_stage_has_its_heading() -> None:
    headings = " ".join(heading for heading in sections("lifecycle.md") if heading.startswith("`"))
    assert [stage for stage in PAYTRONIX.stages if f"`{stage}`" not in headings] == []


def test_every_gate_is_told_and_no_other() -> None:
    text = sections("lifecycle.md")["The gates"]
    told = set(re.findall(r"^\| `(\w+)` → `(\w+)` \|", text, re.MULTILINE))
    by_certification = (
        {(PAYTRONIX.certification.stage, PAYTRONIX.certification.failed_to)} if PAYTRONIX.certification else set()
    )
    assert (
        told == {(source, target) for source, gates in PAYTRONIX.gates.items() for target in gates} | by_certification
    )


def test_every_request_is_told_with_its_due_date() -> None:
    told = rows(sections("lifecycle.md")["Requests"])
    assert {key: cells[-1] for key, cells in told.items()} == {
        label: str(request.due_business_days) for label, request in PAYTRONIX.requests.items()
    }


def test_every_label_is_told() -> None:
    text = sections("lifecycle.md")["What is said, and once"]
    labels = [field.default for name, field in Labels.model_fields.items() if name != "party_prefix"]
    assert [label for label in labels if f"`{label}`" not in text] == []


def test_every_key_of_the_record_is_told() -> None:
    told = rows(sections("lifecycle.md")["The record"])
    assert list(told) == list(Record.model_fields)
    assert [key for key in Round.model_fields if f"`{key}`" not in " ".join(told["rounds"])] == []


@pytest.mark.parametrize("page", ["lifecycle.md", "for-jira-admins.md"])
def test_fields_are_called_by_their_names_in_jira(page: str) -> None:
    names = {field.name for field in PAYTRONIX.fields.values()}
    emphasised = set(
        re.findall(r"(?<!\*)\*([A-Z][\w-]*(?: [A-Za-z][\w-]*)*)\*(?!\*)", (DOCS / page).read_text(encoding="utf-8"))
    )
    suspects = {text for text in emphasised if any(text.lower() == name.lower() and text != name for name in names)}
    assert suspects == set()


def test_the_page_for_admins_names_every_field_option_and_status() -> None:
    text = (DOCS / "for-jira-admins.md").read_text(encoding="utf-8")
    fields = [name for field in PAYTRONIX.fields.values() for name in (field.name, *field.options)]
    statuses = [status for stage in PAYTRONIX.stages.values() for status in stage.statuses]
    steps = PAYTRONIX.jira.step_statuses
    statuses += [steps.open, steps.done, steps.wont_do.statuses[0]]
    assert [name for name in (*fields, *statuses) if name not in text] == []
