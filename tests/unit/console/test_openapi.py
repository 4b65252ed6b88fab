"""docs/openapi.yaml describes every route and method that there is, and no other."""

import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from visitors import PAYTRONIX, Visitor
from yaml import safe_load

from sync_service.store import Store
from webhooks import CalendarServices, OpenId

DOCUMENT: dict[str, Any] = safe_load((Path(__file__).parents[3] / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
HTTP = Path(__file__).parents[3] / "docs" / "http.md"
OF_THEMSELVES = {"HEAD", "OPTIONS"}
TEMPLATE = re.compile(r"<(?:[a-z]+:)?([a-z]+)>")


@pytest.fixture
def whole(store: Store) -> Visitor:
    """The face with everything on that can be."""
    openid = OpenId(issuer="https://sso.example", client_id="c", client_secret="planted-client-secret")
    calendar = CalendarServices(
        token="planted-calendar-token", jira_url="https://jira.example", lifecycles={"paytronix": PAYTRONIX}
    )
    return Visitor(
        store, settings={"openid": openid, "url": "https://stagegate.example"}, services={"calendar": calendar}
    )


def test_it_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_every_route_and_method_is_described_and_no_other(whole: Visitor) -> None:
    described = {f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item}
    there = {
        method + " " + TEMPLATE.sub(r"{\1}", str(rule))
        for rule in whole.client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - OF_THEMSELVES
    }
    assert described == there


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_another_method_is_refused_with_those_that_are_described(whole: Visitor, path: str) -> None:
    answer = whole.client.open(re.sub(r"{\w+}", "x", path), method="DELETE")
    allowed = set(answer.headers["Allow"].split(", ")) - OF_THEMSELVES
    assert answer.status_code == 405
    assert {method.upper() for method in DOCUMENT["paths"][path]} <= allowed


def test_the_reasons_are_those_that_the_page_tells() -> None:
    ignored = DOCUMENT["components"]["schemas"]["Acknowledgement"]["oneOf"][2]["properties"]["ignored"]["enum"]
    assert [reason for reason in ignored if f"| `{reason}` |" not in HTTP.read_text(encoding="utf-8")] == []
