"""The docs say what is there: every key of a mapping, every stage, step and gate, and links that lead somewhere."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from mappings import load
from mappings.check import CERTIFICATION_FIELDS, NEEDED_FIELDS
from mappings.model import EVERY_STEP_ABOVE, Declared, Due, Labels, Mapping, Outcome, Stage, Step
from sync_service.lifecycle.record import Record, Round

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAYTRONIX = load("paytronix")
PAGES = sorted(DOCS.rglob("*.md"))
SOURCES = sorted(
    path
    for room in ("mappings", "sync_service", "webhooks", "jira_sandbox")
    for path in (ROOT / room).rglob("*")
    if path.suffix in {".py", ".toml"}
)

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CITATION = re.compile(r"\bdocs/([\w./-]+\.md)(?:, \*([\w ]+)\*(?: and \*([\w ]+)\*)?)?")
EXAMPLE = re.compile(r"^```toml\n# ([\w-]+\.toml)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def sections(page: str) -> dict[str, str]:
    """Return the text under each heading of a page."""
    _, *parts = HEADING.split(FENCE.sub("", (DOCS / page).read_text(encoding="utf-8")))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page, as Python-Markdown makes them of its headings."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def rows(text: str, *, table: int = 0) -> dict[str, list[str]]:
    """Return the rows of one of a section's tables, by each name in their first cell."""
    lines = TABLE.findall(text)[table].splitlines()
    cells = [re.split(r" *\| *", line.strip("| ")) for line in lines if line.startswith("| `")]
    return {key: rest for first, *rest in cells for key in re.findall(r"`([^`]+)`", first)}


# --- The mapping's reference -----------------------------------------------------------------------------------------


def models(model: type[BaseModel], place: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    """Walk over a model and all below it, each with its place in a file: `[stages.STAGE.steps.STEP]`."""
    yield model, place
    for name, field in model.model_fields.items():
        key = field.alias or name
        for inner, of in inner_models(field.annotation):
            plural = f".{ENTRIES[key]}" if of is dict else ""
            yield from models(inner, f"{place}.{key}{plural}".lstrip("."))


ENTRIES = {
    "fields": "FIELD",
    "roles": "ROLE",
    "stages": "STAGE",
    "steps": "STEP",
    "gates": "FROM.TO",
    "requests": "LABEL",
}


def inner_models(annotation: Any, within: Any = None) -> Iterator[tuple[type[BaseModel], Any]]:
    if isinstance(annotation, type) and issubclass(annotation, Declared):
        yield annotation, within
    for part in get_args(annotation):
        of = dict if getattr(annotation, "__origin__", None) is dict else within
        yield from inner_models(part, of)


def heading_of(model: type[BaseModel], place: str) -> str:
    if model is Mapping:
        return "The top of the file"
    if model is Outcome:
        return "Outcomes"
    return f"`[[{place}]]`" if place.endswith("seasons") else f"`[{place}]`"


TABLES = list(models(Mapping))


@pytest.mark.parametrize(("model", "place"), TABLES, ids=[place or "top" for _, place in TABLES])
def test_every_key_of_a_mapping_has_its_row_and_no_other(model: type[BaseModel], place: str) -> None:
    section = sections("mapping.md")[heading_of(model, place)]
    assert list(rows(section)) == [field.alias or name for name, field in model.model_fields.items()]


@pytest.mark.parametrize(("model", "place"), TABLES, ids=[place or "top" for _, place in TABLES])
def test_the_defaults_are_those_of_the_code(model: type[BaseModel], place: str) -> None:
    documented = rows(sections("mapping.md")[heading_of(model, place)])
    for name, field in model.model_fields.items():
        told = documented[field.alias or name][0]
        default = field.get_default()
        if told == "required":
            assert default is PydanticUndefined, name
        elif told == "–":
            assert default in (None, (), {}) or isinstance(default, BaseModel), name
        else:
            assert tomllib.loads(f"value = {told.strip('`')}")["value"] == default, name


def test_fields_that_the_service_knows_by_key_are_listed() -> None:
    listed = rows(sections("mapping.md")["`[fields.FIELD]`"], table=1)
    assert {*NEEDED_FIELDS, *CERTIFICATION_FIELDS} <= set(listed)


@pytest.mark.parametrize(
    ("name", "text"), EXAMPLE.findall((DOCS / "mapping.md").read_text(encoding="utf-8")), ids=lambda part: part[:24]
)
def test_the_examples_of_mappings_load(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert load(tmp_path / name).name == tomllib.loads(text)["name"]


# --- The lifecycle ---------------------------------------------------------------------------------------------------


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


# --- Links and citations ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_links_between_pages_resolve(page: Path) -> None:
    links = [link for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))) if ":" not in link]
    assert [link for link in links if not resolves(page, link)] == []


def resolves(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages_and_sections_that_the_code_cites_exist(source: Path) -> None:
    cited = CITATION.findall(source.read_text(encoding="utf-8"))
    missing = [
        f"{page}, {section}" if section else page
        for page, *named in cited
        for section in ("", *filter(None, named))
        if not (DOCS / page).is_file() or (section and section not in sections(page))
    ]
    assert missing == []


def test_the_pages_hold_no_stray_json_or_paths_of_a_machine() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(?:work|home|root|tmp)/", text), page
        for block in re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            json.loads(re.sub(r"\{\{[\w.]+\}\}", "x", block))
