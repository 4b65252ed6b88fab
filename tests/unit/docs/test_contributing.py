"""CONTRIBUTING.md sends people to files, and to names within them, that there are."""

import re

import pytest
from docpages import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SPANS = sorted(set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL))))
PLACES = [span for span in SPANS if re.fullmatch(r"[\w./-]+", span) and ("/" in span or span.endswith((".md", ".yml")))]
STEPS = re.findall(r"^(?:\d\.|-) .*(?:\n  .*)*", PAGE, re.MULTILINE)
NAMED_WITHIN = [
    ("mappings/model.py", "class Gate"),
    ("mappings/model.py", "class Step"),
    ("sync_service/lifecycle/facts.py", "class ProjectIssue"),
    ("sync_service/lifecycle/gates.py", "def _asked"),
    ("sync_service/lifecycle/steps.py", "class StepJudge"),
    ("webhooks/console/diagram.py", "def asked"),
    ("sync_service/reports/tables.py", "REPORTS"),
    ("sync_service/jira/answers.py", "class Effect"),
    ("tests/contract/test_exchanges.py", "def use_everything"),
]


@pytest.mark.parametrize("place", PLACES)
def test_files_and_folders_that_it_names_exist(place: str) -> None:
    assert (ROOT / place).is_dir() if place.endswith("/") else (ROOT / place).is_file()


@pytest.mark.parametrize(("file", "name"), NAMED_WITHIN)
def test_what_it_names_within_a_file_is_there(file: str, name: str) -> None:
    assert any(f"`{file}`" in step and f"`{name.rsplit(maxsplit=1)[-1]}`" in step for step in STEPS)
    assert name in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("way", ["a gate condition", "a step kind", "a report", "a Jira call"])
def test_each_way_names_the_rooms_from_the_rule_to_its_test(way: str) -> None:
    _, _, rest = PAGE.partition(f"## Add {way}\n")
    named = set(re.findall(r"`([\w./-]+/[\w./-]*)`", rest.partition("\n## ")[0]))
    assert {"sync_service", "docs", "tests"} <= {place.split("/")[0] for place in named}
