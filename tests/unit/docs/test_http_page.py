"""docs/http.md has every route that the face answers, with its methods, and every reason that it gives."""

import re
from pathlib import Path

from docpages import DOCS, TABLE, sections, told

from sync_service.metrics import create_metrics
from sync_service.store import open_store
from webhooks import Credentials, Services, create_app, refusals
from webhooks.notice import Reason

PAGE = told(DOCS / "http.md")
UNSAID = {"HEAD", "OPTIONS"}


def routes(tmp_path: Path) -> dict[str, set[str]]:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        app = create_app(
            Services(
                store=store,
                metrics=create_metrics(),
                credentials=Credentials.of(secrets=["planted-secret"]),
                projects=frozenset({"INT"}),
                own_accounts=frozenset,
            )
        )
        return {rule.rule: set(rule.methods or ()) - UNSAID for rule in app.url_map.iter_rules()}


def test_every_route_has_its_row_and_no_other(tmp_path: Path) -> None:
    """The console's own pages are told in docs/console.md."""
    rows = re.findall(r"^\| \[?`(/[^`]*)`\]?[^|]*\| ([A-Z, ]+) \|", PAGE, re.MULTILINE)
    told_routes = {path: set(methods.split(", ")) for path, methods in rows}
    assert told_routes.pop("/console/") == {"GET", "POST"}
    assert told_routes == routes(tmp_path)


def test_every_route_has_its_section(tmp_path: Path) -> None:
    headings = {heading for heading in sections("http.md") if re.match("[A-Z]+ /", heading)}
    assert headings == {f"{method} {path}" for path, methods in routes(tmp_path).items() for method in methods}


def reasons(header: str) -> set[str]:
    table = next(table for table in TABLE.findall(PAGE) if table.startswith(f"| {header}"))
    return set(re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE))


def test_every_reason_to_ignore_is_told() -> None:
    assert reasons("ignored because") == {str(reason) for reason in Reason}


def test_every_reason_to_refuse_is_told() -> None:
    assert reasons("refused because") == {each.reason for each in vars(refusals).values() if is_refusal(each)}


def is_refusal(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, refusals.Refusal) and value is not refusals.Refusal
