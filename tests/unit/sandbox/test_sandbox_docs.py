"""`docs/sandbox.md` names every resource and switch, and no other."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from jira_sandbox.face import app, control, control_site, pages
from jira_sandbox.faults import Action, Fault

DOCS = (Path(__file__).parents[3] / "docs/sandbox.md").read_text(encoding="utf-8")


def _served(modules):
    return {(e.method, e.path) for module in modules for e in module.routes.endpoints}


def test_the_table_of_resources_is_what_is_served():
    told = set()
    for path, methods in re.findall(r"^\| `([^`]+)`[^|]*\| ((?:GET|POST|PUT|DELETE| )+) \|$", DOCS, re.MULTILINE):
        full = path if path.startswith("/") else "/rest/api/{api}/" + path
        told |= {(method, full) for method in methods.split()}
    assert told == _served(app.RESOURCES)


def test_the_table_of_switches_is_what_is_served():
    told = set(re.findall(r"^\| `(GET|POST|PUT|DELETE) (/_sandbox/[^`]*)`", DOCS, re.MULTILINE))
    assert told == _served((control, control_site, pages))


@pytest.mark.parametrize("name", [*get_args(Action), *(f.name for f in fields(Fault))])
def test_each_part_of_a_fault_is_told(name):
    assert f"`{name}`" in DOCS
