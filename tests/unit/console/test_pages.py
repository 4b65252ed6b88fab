"""What the pages tell."""

from datetime import timedelta
from typing import Any

import pytest
from visitors import NOW, OPERATOR, Visitor, parks, remembers, wrote

from sync_service.logs import redactor
from sync_service.marks import ACCOUNTS, BARRED, NOT_AT_WORK
from sync_service.processes.serving import hindrance
from sync_service.store import Priority, Projection, Store, StoreUnavailable

States = dict[str, dict[str, Any]]


@pytest.fixture
def tested(operator: Visitor, states: States) -> Visitor:
    remembers(operator.store, states["tested"])
    return operator


def test_an_empty_board_says_when_projects_come(operator: Visitor) -> None:
    assert "No project is known yet" in operator.get("/").text


def test_the_board_shows_where_a_project_stands(tested: Visitor) -> None:
    page = tested.get("/").text
    assert 'href="/console/projects/INT-1"' in page
    for told in ("Acme", "gate open", "round 2", "slot"):
        assert told in page


def test_the_board_can_be_asked_for_some(tested: Visitor, states: States) -> None:
    remembers(tested.store, states["begun"], id="10001", key="INT-2", summary="Beans")
    assert "INT-2" not in tested.get("/?words=acme").text
    assert '/projects/INT-1"' not in tested.get("/?only=closed").text
    assert "INT-2" in tested.get("/?only=closed").text
    assert "No project matches" in tested.get("/?only=overdue").text
    assert "No project matches" in tested.get("/?words=zzz").text


def test_the_board_follows_the_store(tested: Visitor, states: States) -> None:
    assert "Acme" in tested.get("/").text
    seen = remembers(tested.store, states["tested"])
    changed = dict(seen.state) | {"summary": "Renamed"}
    tested.store.projections.put(
        Projection(issue_id="10000", key="INT-1", mapping="paytronix", stage=seen.stage, fingerprint="g",
                   state=changed, at=NOW + timedelta(seconds=1))
    )  # fmt: skip
    assert "Renamed" in tested.get("/").text
    tested.store.projections.drop(["10000"])
    assert "No project is known yet" in tested.get("/").text


def test_a_stage_has_pages(operator: Visitor, states: States) -> None:
    for number in range(130):
        remembers(operator.store, states["begun"], id=str(number + 1), key=f"INT-{number}")
    first, second = (operator.get(f"/stages/paytronix/discovery?page={page}").text for page in (1, 2))
    assert (first.count("/console/projects/"), second.count("/console/projects/")) == (100, 30)
    assert "All 130 in Discovery" in operator.get("/").text
    assert operator.get("/stages/paytronix/nowhere").status_code == 404
    assert operator.get("/stages/other/discovery").status_code == 404


def test_a_project_tells_its_way_gate_rounds_and_ledger(tested: Visitor, states: States) -> None:
    parks(tested.store)
    wrote(tested.store)
    wrote(
        tested.store,
        kind="answered",
        deliveries=(),
        detail={"source": "discovery", "target": "requirements", "verdict": "refused"},
    )
    page = tested.get("/projects/INT-1").text
    for told in ("Certification", "Gate to Launch", "Nothing is missing", "failed", "Parked after",
                 "create 3 sub-task(s): x", "not done", "the stage began", "(pruned)", "jira:issue_updated", "a note",
                 "https://jira.example/browse/INT-1",
                 "Answered the move from Discovery to Requirements: refused"):  # fmt: skip
        assert told in page, told
    assert page.count('aria-current="step"') == 1


def test_a_closed_gate_tells_reasons_with_remedies(operator: Visitor, states: States) -> None:
    remembers(operator.store, states["begun"])
    page = operator.get("/projects/INT-1").text
    for reason in states["begun"]["gate"]["reasons"]:
        assert reason["text"].replace("'", "&#39;").split("'")[0][:20] in page
    assert "remedy" in page


def test_what_people_wrote_is_never_markup(operator: Visitor, states: States) -> None:
    remembers(operator.store, states["begun"], summary="<script>alert(1)</script>", labels=["<i>"])
    for path in ("/", "/projects/INT-1", "/stages/paytronix/discovery"):
        page = operator.get(path).text
        assert "<script>alert" not in page
        assert "<i>" not in page


def test_the_queue_tells_the_story_of_a_parked_issue(tested: Visitor) -> None:
    parks(tested.store)
    page = tested.get("/queue").text
    for told in ("Invalid: Field &#39;Gate&#39; cannot be set", "/console/queue/10000/replay", "d-INT-1"):
        assert told in page
    story = tested.get("/queue/INT-1").text
    assert "Traceback: &lt;b&gt;" in story
    assert "is parked" in story
    assert "parked" in tested.get("/").text


def test_a_reader_is_shown_no_buttons_that_would_be_refused(visitor: Visitor) -> None:
    parks(visitor.store)
    page = visitor.signs_in().get("/queue").text
    assert "Replay" not in page
    assert "Look now" not in page


def test_the_lifecycle_is_drawn_from_the_mapping(operator: Visitor) -> None:
    page = operator.get("/lifecycle").text
    for told in (
        "<svg",
        "Discovery",
        "Cancelled",
        "Hold the Integration Deployment",
        "Feasibility = Feasible",
        "round failed",
    ):
        assert told in page, told
    assert operator.get("/lifecycle?mapping=none").status_code == 404


@pytest.mark.parametrize(
    "path", ["/projects/INT-404", "/projects/nonsense", "/queue/INT-404", "/queue/<b>", "/nowhere"]
)
def test_what_is_not_there_is_told_with_a_way_back(operator: Visitor, path: str) -> None:
    answer = operator.get(path)
    assert answer.status_code == 404
    assert "Back to the board" in answer.text


def test_health_names_each_dependency(operator: Visitor) -> None:
    page = operator.get("/health").text
    for told in ("Store", "Worker", "Jira", "Webhooks", "no worker has signed in yet"):
        assert told in page
    operator.store.marks.put("accounts", "me")
    operator.store.marks.pause("jira", timedelta(seconds=40))
    parks(operator.store)
    page = operator.get("/health").text
    assert "paused for another 40 s" in page
    assert "1 parked" in page


def test_health_tells_what_hinders_the_workers(store: Store) -> None:
    """What they say themselves takes the place of what could be concluded."""
    store.marks.put(ACCOUNTS, "me")
    store.marks.put(NOT_AT_WORK, "GET myself: not signed in. Create a new token; planted-token is none.")
    store.marks.put(BARRED, "")
    checks = {"jira": hindrance(store, NOT_AT_WORK), "projects": hindrance(store, BARRED)}
    redact = redactor(("planted-token",))
    visitor = Visitor(store, services={"advisory_checks": checks, "redact": redact}).signs_in(OPERATOR)
    page = visitor.get("/health").text
    assert "Create a new token" in page
    assert "planted-token" not in page
    assert "a worker has signed in" not in page
    assert "Projects" not in page

    store.marks.put(NOT_AT_WORK, "")
    store.marks.put(BARRED, "INT: the field Gate is missing")
    page = visitor.get("/health").text
    assert "a worker has signed in" in page
    assert "INT: the field Gate is missing" in page


def test_health_tells_of_work_that_nobody_takes(operator: Visitor) -> None:
    operator.store.queue.put([("1", "INT-1")], priority=Priority.LIVE, after=timedelta(minutes=-10))
    assert "nobody takes them" in operator.get("/health").text


def test_a_store_that_fails_is_told_without_its_secrets(store: Store) -> None:
    def away() -> None:
        raise StoreUnavailable("no answer from postgresql://me:hunter2@db")

    visitor = Visitor(store, services={"checks": {"store": away}}).signs_in(OPERATOR)
    page = visitor.get("/health").text
    assert "no answer" in page
    assert "hunter2" not in page


def test_without_the_store_there_is_a_page_that_says_so(operator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise StoreUnavailable("the database is away; start it")

    monkeypatch.setattr(operator.store.marks, "get", lambda _: away())
    answer = operator.get("/")
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text


def test_the_reports_are_told_as_pages_of_their_own(tested: Visitor) -> None:
    """A report's style stands inside it, so its policy allows that, and no script at all."""
    assert "Cumulative flow" in tested.get("/reports").text
    to = tested.get("/reports/chosen?name=certification&project=INT&kind=&next=x").headers["Location"]
    assert to == "/console/reports/certification?project=INT"
    for path in ("/reports/certification?project=INT", "/reports/all", "/reports/history?project=INT-1"):
        answer = tested.get(path)
        assert answer.status_code == 200
        assert "Certification" in answer.text
        policy = answer.headers["Content-Security-Policy"]
        assert "sandbox" in policy
        assert "script-src" not in policy


@pytest.mark.parametrize(
    ("path", "status"),
    [("/reports/none", 404), ("/reports/history?project=INT-404", 404), ("/reports/history", 404),
     ("/reports/flow?since=soon", 400), ("/reports/flow?since=2026-02-01&until=2026-01-01", 404)],
)  # fmt: skip
def test_what_can_not_be_reported_is_told(tested: Visitor, path: str, status: int) -> None:
    assert tested.get(path).status_code == status


def test_reports_of_no_projects(operator: Visitor) -> None:
    assert operator.get("/reports/all").status_code == 200
