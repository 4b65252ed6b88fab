"""Who gets in, who doesn't, and what every answer guards itself with."""

from datetime import timedelta
from pathlib import Path

import pytest
from visitors import NOW, OPERATOR, READER, Visitor

from sync_service.store import Store, open_store

PAGES = ("/", "/stages/paytronix/discovery", "/queue", "/reports", "/lifecycle", "/health")


def test_without_its_setting_there_is_no_console(store: Store) -> None:
    visitor = Visitor(store, services={"console": None})
    for path in (*PAGES, "/sign-in", "/static/console.css"):
        assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_signed_in_is_asked_to(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/console/sign-in")


def test_signing_in_leads_to_the_page_that_was_asked_for(visitor: Visitor) -> None:
    asked = visitor.get("/queue").headers["Location"]
    assert 'value="/console/queue"' in visitor.client.get(asked).text
    answer = visitor.post("/sign-in", "/sign-in", token=READER, to="/console/queue")
    assert answer.headers["Location"] == "/console/queue"
    assert "rita" in visitor.get("/queue").text


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/console/\\evil", "/webhooks", "/console//x"]
)
def test_signing_in_leads_to_no_other_site(visitor: Visitor, to: str) -> None:
    assert visitor.post("/sign-in", "/sign-in", token=READER, to=to).headers["Location"] == "/console/"


@pytest.mark.parametrize(
    "token",
    ["", "rita", "rita.", READER[:-1], f"olaf.{READER.partition('.')[2]}", "x.y", "é.ü"],
    ids=["none", "name", "name and dot", "cut short", "another's", "unknown", "strange"],
)
def test_a_wrong_token_is_refused(visitor: Visitor, token: str) -> None:
    answer = visitor.post("/sign-in", "/sign-in", token=token)
    assert answer.status_code == 401
    assert "No reader or operator has this token" in answer.text
    assert visitor.get("/").status_code == 302


def test_signing_out_ends_the_session_and_every_copy_of_its_cookie(visitor: Visitor) -> None:
    visitor.signs_in()
    cookie = visitor.client.get_cookie("stagegate", path="/console/")
    assert cookie is not None
    assert visitor.post("/sign-out").status_code == 302
    assert visitor.get("/").status_code == 302
    visitor.client.set_cookie("stagegate", cookie.value, path="/console/")
    assert visitor.get("/").status_code == 302


def test_a_token_that_is_taken_out_of_the_settings_ends_its_sessions(visitor: Visitor, store: Store) -> None:
    cookie = visitor.signs_in().client.get_cookie("stagegate", path="/console/")
    assert cookie is not None
    later = Visitor(store, settings={"readers": {}})
    later.client.set_cookie("stagegate", cookie.value, path="/console/")
    assert later.get("/").status_code == 302


def test_a_session_ends_by_itself(store: Store, tmp_path: Path) -> None:
    times = [NOW]
    with open_store(f"sqlite:///{tmp_path}/store.db", clock=lambda: times[0]) as aging:
        visitor = Visitor(aging).signs_in()
        assert visitor.get("/health").status_code == 200
        times[0] += timedelta(hours=10)
        assert visitor.get("/health").status_code == 302


def test_the_cookie_is_out_of_reach(visitor: Visitor) -> None:
    cookie = visitor.get("/sign-in").headers["Set-Cookie"]
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/console/"):
        assert part in cookie


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/static/console.css", "/projects/INT-404"])
def test_every_page_has_a_strict_policy(operator: Visitor, path: str) -> None:
    """Nothing inline, nothing from elsewhere, in no frame."""
    answer = operator.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if answer.mimetype == "text/html":
        assert "style=" not in answer.text
        assert "<style" not in answer.text
        assert "onclick" not in answer.text
        assert "https://" not in answer.text.replace("https://jira.example", "")


@pytest.mark.parametrize(
    "path", ["/queue/10000/replay", "/queue/10000/drop", "/queue/replay-all", "/look", "/sign-out"]
)
def test_a_forged_form_does_nothing(operator: Visitor, path: str) -> None:
    for form in ({}, {"csrf": "forged"}, {"csrf": "é"}):
        answer = operator.client.post(f"/console{path}", data=form | {"issue": "INT-1"})
        assert answer.status_code == 403
        assert "nothing was done" in answer.text
    assert operator.store.ledger.entries() == ()
    assert operator.get("/").status_code == 200


def test_another_sites_form_does_nothing_even_with_the_right_token(operator: Visitor) -> None:
    form = {"csrf": operator.csrf("/queue"), "issue": "INT-1"}
    answer = operator.client.post("/console/look", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_another_sessions_form_does_nothing(visitor: Visitor, store: Store) -> None:
    form = {"csrf": Visitor(store).signs_in(OPERATOR).csrf("/queue"), "issue": "INT-1"}
    assert visitor.signs_in(OPERATOR).client.post("/console/look", data=form).status_code == 403


@pytest.mark.parametrize("path", ["/queue/10000/replay", "/queue/10000/drop", "/queue/replay-all", "/look"])
def test_a_reader_may_not_operate(visitor: Visitor, path: str) -> None:
    visitor.signs_in(READER)
    answer = visitor.post(path, issue="INT-1")
    assert answer.status_code == 403
    assert "Only an operator" in answer.text
    assert visitor.store.ledger.entries() == ()
    assert visitor.store.queue.rows() == ()


def test_an_endless_form_is_refused(operator: Visitor) -> None:
    assert operator.post("/look", issue="x" * 20_000).status_code == 413


def test_the_session_holds_no_secret(visitor: Visitor) -> None:
    cookie = visitor.signs_in().client.get_cookie("stagegate", path="/console/")
    assert cookie is not None
    assert READER.partition(".")[2] not in cookie.value
