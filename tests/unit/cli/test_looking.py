"""What the looking commands make of answers that a sandbox never gives."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mappings import load
from sync_service.checking.survey import Surveyor
from sync_service.commands.explaining import NotAProject, explain, look_at, names_of
from sync_service.commands.simulating import Portfolio, Side
from sync_service.jira.answers import Reply
from sync_service.jira.errors import Forbidden, NotFound, NotJira
from sync_service.jira.gateway import Elsewhere, Found
from sync_service.lifecycle.facts import ProjectIssue
from sync_service.lifecycle.plan import Unsettled

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAYTRONIX = load("paytronix")


class Site:
    """A Jira of canned answers by path."""

    def __init__(self, *, cloud: bool = True, **answers: Any) -> None:
        self.is_cloud, self.answers = cloud, answers
        self.asked: list[Any] = []

    def call(self, operation: str, _method: str, path: str, params: Any = None) -> Reply:
        self.asked.append(params)
        answer = self.answers[operation.removeprefix("GET ").replace("/", "_")]
        if isinstance(answer, Callable):
            answer = answer(path, params)
        if isinstance(answer, Exception):
            raise answer
        return Reply(body=answer, at=NOON)

    def browse_url(self, key: str) -> str:
        return f"https://example.test/browse/{key}"


def refused(kind: type[Any], status: int = 403, *said: str) -> Any:
    return kind("no", operation="GET x", status=status, messages=said)


def surveyor(site: Site) -> Surveyor:
    return Surveyor(site, PAYTRONIX, {"id": "1"})  # type: ignore[arg-type]


def test_options_are_read_from_all_contexts_page_by_page() -> None:
    def options(path: str, params: dict[str, str]) -> Any:
        every = {"a": ["Open"], "b": ["Closed", "Ajar"]}[path.split("/")[3]]
        start = int(params["startAt"])
        return {"values": [{"value": one} for one in every[start : start + 1]], "isLast": start + 1 >= len(every)}

    site = Site(field_context={"values": [{"id": "a"}, {"id": "b"}]}, field_context_option=options)
    assert surveyor(site)._context_options("customfield_1") == {"Open", "Closed", "Ajar"}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refused(Forbidden, 403, "Only administrators."), "x can't be read: Only administrators."),
        (refused(Forbidden), "x can't be read: Jira answers 403"),
        (refused(NotJira, 404), "x can't be read: this Jira has no such resource"),
    ],
)
def test_what_may_not_be_read_is_noted(error: Exception, told: str) -> None:
    one = surveyor(Site(x=error))
    assert one._tried("x", one.client.call, "x", "GET", "x") is None
    assert one.unread == [told]


def test_a_stranger_in_the_way_is_no_missing_resource() -> None:
    one = surveyor(Site(x=refused(NotJira, 302)))
    with pytest.raises(NotJira):
        one._tried("x", one.client.call, "x", "GET", "x")


def test_options_on_no_screen_of_data_center() -> None:
    one = surveyor(Site(cloud=False))
    assert one._values(None, "Gate", "customfield_1") is None
    assert one.unread == ["the options of 'Gate' can't be read: it is on no screen that we see"]


def test_names_that_jira_does_not_show() -> None:
    def user(_path: str, params: dict[str, str]) -> Any:
        return {"1": {"displayName": "Ann"}, "2": refused(NotFound, 404), "3": {}}[params["accountId"]]

    assert names_of(Site(user=user), ["1", "2", "3"]) == {"1": "Ann", "3": "3"}  # type: ignore[arg-type]


class Reader:
    """A gateway that answers each reading in turn, the last for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.client = Site()

    def read(self, _issue: str) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_a_chain_of_issues_without_end() -> None:
    with pytest.raises(NotAProject, match="without end"):
        look_at(Reader(Elsewhere(id="1", key="INT-1")), "INT-1")  # type: ignore[arg-type]


def issue() -> ProjectIssue:
    return ProjectIssue(id="1", key="INT-1", summary="s", status="Discovery", created=NOON, ours=("me",))


class Undecided:
    """A reconciler whose mapping contradicts itself."""

    enforce_since = NOON

    def __init__(self) -> None:
        self.gateway = Reader(Found(issue=issue(), mapping=PAYTRONIX, at=NOON, transitions={}, fingerprint=""))

    def decide(self, _found: Found) -> Any:
        raise Unsettled("they undo each other's work")


def test_rules_that_do_not_come_to_rest_are_explained_all_the_same() -> None:
    told = explain(Undecided(), "INT-1")  # type: ignore[arg-type]
    assert told["pending"] is None
    assert told["stage"] == "discovery"


def test_rules_that_would_not_come_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def contradictory(*_: object) -> Any:
        raise Unsettled("they undo each other's work")

    monkeypatch.setattr("sync_service.commands.simulating.plan", contradictory)
    side = Side(mapping=PAYTRONIX, directory=None)  # type: ignore[arg-type]
    portfolio = Portfolio(client=Site(), old=side, new=side, account="me", enforce_since=NOON)  # type: ignore[arg-type]
    assert portfolio._consequences(issue(), NOON) == (("they undo each other's work",), ())
