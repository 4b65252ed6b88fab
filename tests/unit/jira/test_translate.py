"""Every oddity of Jira's JSON that is known, as tables: what is given, what is made of it. See docs/jira-client.md."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mappings import Mapping
from sync_service.jira import translate
from sync_service.jira.directory import Directory
from sync_service.lifecycle.facts import ASSIGNEE, DUE, LABELS, PROJECT, STATUS, Change, Marker

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def directory(*, is_cloud: bool = True) -> Directory:
    return Directory(
        project_id="10000",
        issue_type_id="1",
        subtask_type_id="2",
        is_cloud=is_cloud,
        field_ids={"gate": "customfield_1", "goals": "customfield_2", "client": "customfield_3"},
        field_keys={"customfield_1": "gate", "customfield_2": "goals", "customfield_3": "client"},
        field_names={"Gate": "gate", "Project Goals": "goals", "Client Contact": "client"},
        statuses={"10": "Discovery", "11": "Requirements"},
        categories={"Discovery": "new", "Requirements": "indeterminate"},
        people=frozenset({"client"}),
    )


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("2026-03-02T12:00:00.000+0000", id="iso as Jira writes it"),
        pytest.param("2026-03-02T12:00:00.000+00:00", id="iso with a colon"),
        pytest.param("2026-03-02T07:00:00.000-0500", id="another zone"),
        pytest.param("2026-03-02T12:00:00Z", id="Z, no milliseconds"),
        pytest.param("2026-03-02T12:00:00", id="no zone is UTC, not this machine's"),
        pytest.param(1772452800000, id="milliseconds since the epoch"),
        pytest.param(1772452800000.0, id="milliseconds as a float"),
    ],
)
def test_times(value: Any) -> None:
    assert translate.moment(value) == NOON


@pytest.mark.parametrize(
    ("user", "account"),
    [
        pytest.param({"accountId": "5b1:x", "displayName": "Ann"}, "5b1:x", id="Cloud"),
        pytest.param({"accountId": "5b1:x", "name": "ann", "key": "ann"}, "5b1:x", id="Cloud of 2018"),
        pytest.param({"name": "ann", "key": "JIRAUSER10100"}, "ann", id="Data Center: the name, not the key"),
        pytest.param({"key": "JIRAUSER10100"}, "JIRAUSER10100", id="nothing but a key"),
        pytest.param({"displayName": "Former user"}, None, id="anonymised"),
        pytest.param(None, None, id="deleted"),
        pytest.param("ann", None, id="not a user"),
    ],
)
def test_accounts(user: Any, account: str | None) -> None:
    assert translate.account(user) == account


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("select", {"id": "1", "value": "Open"}, "Open"),
        ("select", "Open", None),
        ("select", {"id": "1"}, None),
        ("multi-select", [{"value": "a"}, {"value": "b"}], ("a", "b")),
        ("multi-select", [], ()),
        ("multi-select", {"value": "a"}, None),
        ("multi-select", 7, None),
        ("user", {"accountId": "x"}, "x"),
        ("user", [{"accountId": "x"}], None),
        ("number", 3.0, 3.0),
        ("number", "three", None),
        ("number", {"value": 3}, None),
        ("date", "2026-03-02", date(2026, 3, 2)),
        ("date", "02/Mar/26", None),
        ("date", 20260302, None),
        ("date-time", "2026-03-02T12:00:00.000+0000", NOON),
        ("date-time", "yesterday", None),
        ("date-time", 10**20, None),
        ("text", "  words ", "words"),
        ("text", "   ", None),
        ("text", {"type": "doc", "content": []}, None),
        ("text", None, None),
    ],
)
def test_values_by_type_and_the_wrong_type_counts_as_empty(kind: Any, raw: Any, value: Any) -> None:
    assert translate.value_of(kind, raw) == value


@pytest.mark.parametrize(
    ("kind", "value", "is_cloud", "raw"),
    [
        ("select", "Open", True, {"value": "Open"}),
        ("multi-select", ("a", "b"), True, [{"value": "a"}, {"value": "b"}]),
        ("user", "x", True, {"accountId": "x"}),
        ("user", "x", False, {"name": "x"}),
        ("number", 3.0, True, 3.0),
        ("date", date(2026, 3, 2), True, "2026-03-02"),
        ("date-time", NOON, True, "2026-03-02T12:00:00.000+0000"),
        ("text", "words", True, "words"),
        ("select", None, True, None),
    ],
)
def test_values_are_written_as_jira_takes_them(kind: Any, value: Any, is_cloud: bool, raw: Any) -> None:
    assert translate.raw_value(kind, value, directory(is_cloud=is_cloud)) == raw


def item(**parts: Any) -> dict[str, Any]:
    texts = {"fromString": parts.pop("was", None), "toString": parts.pop("now", None)}
    return {"from": None, "to": None} | texts | parts


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            item(field="status", fieldId="status", **{"from": "10", "to": "11"}, was="Old", now="Renamed since"),
            (STATUS, "Discovery", "Requirements"),
            id="a status by its id, whatever it is called now",
        ),
        pytest.param(
            item(field="status", **{"from": "10", "to": "11"}, was="Discovery", now="Requirements"),
            (STATUS, "Discovery", "Requirements"),
            id="Data Center: no fieldId",
        ),
        pytest.param(
            item(field="status", fieldId="status", **{"from": "10", "to": "10"}, was="Discovery", now="Discovery"),
            (STATUS, "Discovery", "Discovery"),
            id="from = to",
        ),
        pytest.param(
            item(field="status", fieldId="status", **{"from": "99", "to": "10"}, was="Gone", now="Discovery"),
            (STATUS, "Gone", "Discovery"),
            id="a status that no longer exists keeps its text",
        ),
        pytest.param(item(field="status", fieldId="status"), (STATUS, "", ""), id="a status of nothing"),
        pytest.param(
            item(field="assignee", **{"from": None, "to": "JIRAUSER10100"}, now="Ann"),
            (ASSIGNEE, None, "JIRAUSER10100"),
            id="an assignee by id: on Data Center the user's key, not the name",
        ),
        pytest.param(
            item(field="duedate", fieldId="duedate", to="2026-03-02", now="2026-03-02 00:00:00.0"),
            (DUE, None, "2026-03-02"),
            id="a due date",
        ),
        pytest.param(item(field="Due Date", to="2026-03-02"), (DUE, None, "2026-03-02"), id="a due date, old name"),
        pytest.param(item(field="labels", fieldId="labels", was="a", now="a b"), (LABELS, "a", "a b"), id="labels"),
        pytest.param(
            item(field="Gate", fieldtype="custom", fieldId="customfield_1", **{"from": "1", "to": "2"}, now="Open"),
            ("gate", None, "Open"),
            id="a field of the mapping by id, told by text",
        ),
        pytest.param(item(field="Gate", fieldtype="custom", now="Open"), ("gate", None, "Open"), id="by name"),
        pytest.param(
            item(field="Client Contact", fieldtype="custom", **{"from": "5b10a", "to": None}, was="Ann"),
            ("client", "5b10a", None),
            id="a person of the mapping, told by the account",
        ),
        pytest.param(
            item(field="Renamed", fieldtype="custom", fieldId="customfield_1", now="Open"),
            ("gate", None, "Open"),
            id="a renamed field by its id",
        ),
        pytest.param(item(field="Gate", fieldId="customfield_9", now="x"), None, id="another field of that name"),
        pytest.param(item(field="Status", fieldtype="custom", now="x"), None, id="a custom field called Status"),
        pytest.param(item(field="Key", fieldtype="custom", fieldId="customfield_8"), None, id="one called Key"),
        pytest.param(
            item(field="project", fieldId="project", **{"from": "1", "to": "2"}, was="A", now="B"),
            (PROJECT, "A", "B"),
            id="a move, its project",
        ),
        pytest.param(item(field="Key", was="A-1", now="B-1"), (PROJECT, "A-1", "B-1"), id="a move, its key"),
        pytest.param(
            item(field="Key", fieldId="issuekey", was="A-1", now="B-1"), (PROJECT, "A-1", "B-1"), id="a key with an id"
        ),
        pytest.param(item(field="resolution", now="Done"), ("resolution", None, "Done"), id="a resolution"),
        pytest.param(item(field="Link", now="This issue blocks B-1"), None, id="what decides nothing"),
        pytest.param({}, None, id="an empty item"),
    ],
)
def test_items_of_the_change_log(given: dict[str, Any], expected: tuple[str, Any, Any] | None) -> None:
    entry = {"id": "7", "author": {"accountId": "x"}, "created": "2026-03-02T12:00:00.000+0000", "items": [given]}
    read = translate.changes([entry], directory())

    assert [(change.field, change.before, change.after) for change in read] == ([expected] if expected else [])


def entry(number: int, minute: int, **parts: Any) -> dict[str, Any]:
    created = f"2026-03-02T12:{minute:02}:00.000+0000"
    moved = [item(field="status", fieldId="status", to="11")]
    return {"id": str(number), "author": {"accountId": "x"}, "created": created, "items": moved} | parts


@pytest.mark.parametrize(
    ("histories", "ids"),
    [
        pytest.param([entry(1, 1), entry(2, 2)], ["1", "2"], id="oldest first"),
        pytest.param([entry(2, 2), entry(1, 1)], ["1", "2"], id="newest first"),
        pytest.param([entry(10, 1), entry(9, 1)], ["9", "10"], id="at one time: by number, not by letter"),
        pytest.param([entry(1, 1), entry(1, 1)], ["1"], id="pages that overlap"),
        pytest.param([entry(1, 1, created=1772452860000), entry(2, 0)], ["2", "1"], id="epoch among iso"),
        pytest.param([entry(1, 1, items=None), entry(2, 2, items=[])], [], id="entries without items"),
        pytest.param([], [], id="no log"),
    ],
)
def test_a_change_log_is_read_oldest_first(histories: list[dict[str, Any]], ids: list[str]) -> None:
    assert [change.id for change in translate.changes(histories, directory())] == ids


def test_a_change_by_somebody_deleted_since_has_no_author() -> None:
    without = {name: value for name, value in entry(1, 1).items() if name != "author"}
    read = translate.changes([without, entry(2, 2, author=None)], directory())
    assert [change.author for change in read] == [None, None]


GOOD = {"parent": "10000", "step": "goals", "visit": "once", "party": ""}


@pytest.mark.parametrize(
    ("properties", "marker"),
    [
        pytest.param({"stagegate.step": GOOD}, Marker(**GOOD), id="ours"),
        pytest.param(
            {"stagegate.step": {"parent": "1", "step": "goals"}},
            Marker(parent="1", step="goals", visit="", party=""),
            id="parts missing that may be",
        ),
        pytest.param({"stagegate.step": GOOD | {"more": 1}}, Marker(**GOOD), id="more than we wrote"),
        pytest.param({"stagegate.step": GOOD | {"party": 7}}, None, id="a number for a name"),
        pytest.param({"stagegate.step": GOOD | {"parent": ""}}, None, id="no parent"),
        pytest.param({"stagegate.step": GOOD | {"step": ""}}, None, id="no step"),
        pytest.param({"stagegate.step": "goals"}, None, id="a text"),
        pytest.param({"stagegate.step": [GOOD]}, None, id="a list"),
        pytest.param({}, None, id="none"),
        pytest.param(None, None, id="no properties at all"),
    ],
)
def test_markers(properties: Any, marker: Marker | None) -> None:
    assert translate.marker({"properties": properties}) == marker


def test_a_marker_comes_back_as_it_was_written() -> None:
    assert translate.marker_value(Marker(**GOOD)) == GOOD


BARE = {"id": 10001, "key": "INT-2", "fields": {"status": {"id": "10"}, "created": "2026-03-02T12:00:00.000+0000"}}


def test_a_sub_task_of_which_jira_tells_next_to_nothing() -> None:
    read = translate.subtask(BARE, directory())

    assert (read.id, read.summary, read.status, read.category) == ("10001", "", "Discovery", "undefined")
    assert (read.resolution, read.assignee, read.due, read.labels, read.marker) == (None, None, None, frozenset(), None)
    assert read.changes == ()


def test_a_sub_task_with_everything() -> None:
    fields = BARE["fields"] | {
        "summary": "Goals",
        "status": {"id": "99", "name": "Elsewhere", "statusCategory": {"key": "done"}},
        "resolution": {"name": "Done"},
        "assignee": {"accountId": "x"},
        "duedate": "2026-03-09",
        "labels": ["stagegate"],
    }
    read = translate.subtask(BARE | {"fields": fields, "changelog": {"histories": [entry(1, 1)]}}, directory())

    assert (read.status, read.is_done, read.resolution, read.assignee) == ("Elsewhere", True, "Done", "x")
    assert (read.due, read.labels) == (date(2026, 3, 9), {"stagegate"})
    assert read.changes == (
        Change(id="1", at=NOON.replace(minute=1), author="x", field=STATUS, before="", after="Requirements"),
    )


def blocked_by(key: str, category: Any, link_type: str = "Blocks", side: str = "inwardIssue") -> dict[str, Any]:
    fields = {"status": {"statusCategory": {"key": category}}} if category else {}
    return {"type": {"name": link_type}, side: {"key": key, "fields": fields}}


@pytest.mark.parametrize(
    ("link", "blockers"),
    [
        pytest.param(blocked_by("A-1", "new"), ("A-1",), id="open"),
        pytest.param(blocked_by("A-1", "done"), (), id="done"),
        pytest.param(blocked_by("A-1", None), ("A-1",), id="a status that we may not see"),
        pytest.param(blocked_by("A-1", "new", side="outwardIssue"), (), id="blocks another"),
        pytest.param(blocked_by("A-1", "new", "Relates"), (), id="another link"),
    ],
)
def test_blockers(link: dict[str, Any], blockers: tuple[str, ...]) -> None:
    assert translate.blockers([link], "Blocks") == blockers


def way(number: int, to: str, **parts: Any) -> dict[str, Any]:
    return {"id": str(number), "name": "Go", "to": {"id": to, "name": "?"}} | parts


@pytest.mark.parametrize(
    ("transitions", "offered"),
    [
        pytest.param([way(1, "10"), way(2, "11")], {"Discovery": "1", "Requirements": "2"}, id="by where they lead"),
        pytest.param([way(1, "10"), way(2, "10")], {"Discovery": "1"}, id="two to one status: the first"),
        pytest.param(
            [way(1, "10", hasScreen=True), way(2, "10", hasScreen=False)], {"Discovery": "2"}, id="not by a screen"
        ),
        pytest.param([way(1, "10", hasScreen=True)], {"Discovery": "1"}, id="by a screen where it is the only way"),
        pytest.param([way(1, "10", isAvailable=False)], {}, id="not open to us"),
        pytest.param([way(1, "99")], {"?": "1"}, id="a status that no mapping knows"),
        pytest.param([], {}, id="none: no permission"),
    ],
)
def test_transitions(transitions: list[dict[str, Any]], offered: dict[str, str]) -> None:
    assert translate.offered(transitions, directory()) == offered


@pytest.mark.parametrize(("total", "complete"), [(0, True), (1, True), (2, False), (None, True)])
def test_a_log_that_jira_cut_off_is_not_complete(total: int | None, complete: bool, paytronix: Mapping) -> None:
    log = {"histories": [entry(1, 1)]} | ({"total": total} if total is not None else {})
    everything = Directory(
        **{name: getattr(directory(), name) for name in Directory.__slots__}
        | {"field_ids": {key: f"customfield_{key}" for key in paytronix.fields}}
    )
    read = translate.project_issue(BARE | {"changelog": log}, (), mapping=paytronix, directory=everything, ours=("me",))

    assert read.complete is complete
    assert (read.creator, read.ways, read.blockers, read.record) == (None, (), (), None)
    assert set(read.fields.values()) == {None}
