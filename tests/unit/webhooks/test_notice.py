"""What a delivery's bytes and headers are read as."""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from deliveries import NEXT_SECRET, SECRET, encoded, payload, signature, signed
from hypothesis import given
from hypothesis import strategies as st

from sync_service.errors import ConfigurationError
from webhooks.credentials import Credentials, verify
from webhooks.notice import Ignored, Notice, Reason, read_notice
from webhooks.refusals import Refusal

CREDENTIALS = Credentials.of(secrets=[SECRET])
OURS = "5b10ac8d82e05b22cc7d4ef5"


def read(content: object, *, projects: set[str] = {"INT"}, **headers: str) -> Notice | Ignored:  # noqa: B006
    body = content if isinstance(content, bytes) else encoded(content)
    return read_notice(
        body=body,
        headers=signed(body, **headers),
        credentials=CREDENTIALS,
        projects=projects,
        own_accounts={OURS, "stagegate"},
    )


def notice(content: object, **headers: str) -> Notice:
    result = read(content, **headers)
    assert isinstance(result, Notice)
    return result


# Who may send


def test_atlassians_published_vector_verifies() -> None:
    digest = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    credentials = Credentials.of(secrets=["It's a Secret to Everybody"])
    verify(body=b"Hello World!", headers={"x-hub-signature": f"sha256={digest}"}, credentials=credentials)


@pytest.mark.parametrize("method", ["sha256", "sha384", "sha512"])
def test_the_method_is_read_from_the_header(method: str) -> None:
    verify(body=b"{}", headers={"x-hub-signature": signature(b"{}", method=method)}, credentials=CREDENTIALS)


@pytest.mark.parametrize("secret", [SECRET, NEXT_SECRET])
def test_while_a_secret_is_rotated_both_are_good(secret: str) -> None:
    verify(body=b"{}", headers=signed(b"{}", secret), credentials=Credentials.of(secrets=[SECRET, NEXT_SECRET]))


BASIC = base64.b64encode("jira:planted-pass:wörd".encode()).decode()
EVERY_WAY = Credentials.of(
    secrets=[SECRET], bearer_tokens=["planted-token-1", "planted-token-2"], basic=[("jira", "planted-pass:wörd")]
)


@pytest.mark.parametrize(
    "authorization", ["Bearer planted-token-1", "bearer  planted-token-2 ", f"Basic {BASIC}", f"BASIC {BASIC}"], ids=str
)
def test_other_credentials_do_where_they_are_configured(authorization: str) -> None:
    headers = {"authorization": authorization}
    verify(body=b"anything", headers=headers, credentials=EVERY_WAY)
    with pytest.raises(Refusal):
        verify(body=b"anything", headers=headers, credentials=CREDENTIALS)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing-credential"),
        ({"x-hub-signature": ""}, "unknown-signature-method"),
        ({"x-hub-signature": signature(b"{}").partition("=")[2]}, "unknown-signature-method"),
        ({"x-hub-signature": "md5=" + "0" * 32}, "unknown-signature-method"),
        ({"x-hub-signature": "sha1=" + "0" * 40}, "unknown-signature-method"),
        ({"x-hub-signature": "shake_128=00"}, "unknown-signature-method"),
        ({"x-hub-signature": "sha256="}, "bad-signature"),
        ({"x-hub-signature": "sha256=" + "0" * 64}, "bad-signature"),
        ({"x-hub-signature": "sha256=\u20ac\ud800"}, "bad-signature"),
        ({"x-hub-signature": signature(b"{} ")}, "bad-signature"),
        ({"x-hub-signature": signature(b"{}", "other")}, "bad-signature"),
        ({"x-hub-signature": signature(b"{}", "other"), "authorization": "Bearer planted-token-1"}, "bad-signature"),
        ({"authorization": ""}, "bad-credential"),
        ({"authorization": "Bearer"}, "bad-credential"),
        ({"authorization": "Bearer planted-token-3"}, "bad-credential"),
        ({"authorization": "Basic planted-token-1"}, "bad-credential"),
        ({"authorization": "Digest planted-token-1"}, "bad-credential"),
        ({"authorization": "Bearer t\u20ac\ud800"}, "bad-credential"),
    ],
    ids=str,
)
def test_who_cannot_prove_itself_is_refused(headers: Mapping[str, str], reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        verify(body=b"{}", headers=headers, credentials=EVERY_WAY)
    assert (refused.value.status, refused.value.reason) == (401, reason)
    assert "planted" not in str(refused.value)


def test_with_nothing_configured_nobody_may_send() -> None:
    with pytest.raises(Refusal):
        verify(body=b"{}", headers=signed(b"{}"), credentials=Credentials())
    with pytest.raises(Refusal):
        verify(body=b"{}", headers={"authorization": "Bearer "}, credentials=Credentials())


@pytest.mark.parametrize("empty", [{"secrets": [""]}, {"bearer_tokens": ["a", ""]}, {"basic": [("jira", "")]}], ids=str)
def test_an_empty_secret_is_a_wrong_setting(empty: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        Credentials.of(**empty)


def test_credentials_do_not_show_themselves() -> None:
    assert SECRET not in repr(CREDENTIALS)


# What is read


def test_a_change_of_an_issue_is_a_notice_of_it() -> None:
    assert notice(payload(), x_atlassian_webhook_identifier="one") == Notice(
        delivery_id="one",
        issue_id="10012",
        label="INT-12",
        event="jira:issue_updated",
        ours=False,
        at=1761600000000,
    )


@pytest.mark.parametrize("number", [10012, "10012"], ids=repr)
def test_an_id_may_be_a_number(number: object) -> None:
    assert notice(payload(issue={"id": number, "key": "INT-12"})).issue_id == "10012"


@pytest.mark.parametrize(
    ("issue", "looked_at", "label"),
    [
        ({"id": "10012"}, "10012", "10012"),
        ({"key": "INT-12"}, "INT-12", "INT-12"),
        ({"id": True, "key": "INT-12"}, "INT-12", "INT-12"),
        ({"id": -1, "key": "INT-12"}, "INT-12", "INT-12"),
        ({"id": 10**30, "key": "INT-12"}, "INT-12", "INT-12"),
        ({"id": "1;2", "key": "INT-12"}, "INT-12", "INT-12"),
        ({"id": "10012", "key": "\ud800"}, "10012", "10012"),
        ({"id": "10012", "key": ["INT-12"]}, "10012", "10012"),
    ],
    ids=repr,
)
def test_id_or_key_is_enough(issue: object, looked_at: str, label: str) -> None:
    result = notice(payload(issue=issue))
    assert (result.issue_id, result.label) == (looked_at, label)


SUBTASK = {"issuetype": {"subtask": True}, "parent": {"id": "10001", "key": "INT-1"}}


@pytest.mark.parametrize(
    ("fields", "looked_at", "label"),
    [
        (SUBTASK, "10001", "INT-1"),
        (SUBTASK | {"parent": {"id": 10001}}, "10001", "10001"),
        (SUBTASK | {"parent": {"key": "INT-1"}}, "10012", "INT-12"),
        (SUBTASK | {"parent": None}, "10012", "INT-12"),
        (SUBTASK | {"issuetype": {"subtask": False}}, "10012", "INT-12"),
        (SUBTASK | {"issuetype": "Sub-task"}, "10012", "INT-12"),
        ("none", "10012", "INT-12"),
    ],
    ids=["sub-task", "parent-without-key", "parent-without-id", "parent-unnamed", "epic", "odd-type", "odd-fields"],
)
def test_an_event_of_a_sub_task_leads_to_its_parent(fields: object, looked_at: str, label: str) -> None:
    """The parent of what is no sub-task is an epic; a sub-task whose parent isn't named is left to the worker."""
    result = notice(payload(issue={"id": "10012", "key": "INT-12", "fields": fields}))
    assert (result.issue_id, result.label) == (looked_at, label)


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({"user": {"accountId": OURS}}, True),
        ({"user": {"name": "stagegate", "key": "JIRAUSER10100"}}, True),
        ({"user": {"accountId": "someone"}}, False),
        ({"user": {"accountId": ["list"], "name": {}}}, False),
        ({"user": ...}, False),
        ({"user": ..., "comment": {"id": "1", "updateAuthor": {"accountId": OURS}, "author": {"name": "tess"}}}, True),
        ({"user": ..., "comment": {"id": "1", "updateAuthor": {"name": "tess"}, "author": {"accountId": OURS}}}, False),
        ({"user": None, "comment": {"id": "1", "author": {"accountId": OURS}}}, True),
        ({"user": ..., "worklog": {"id": "1", "author": {"accountId": OURS}}}, True),
        ({"comment": {"id": "1", "author": {"accountId": OURS}}}, False),
    ],
    ids=repr,
)
def test_our_own_events_are_told_by_the_actor(changes: dict[str, object], ours: bool) -> None:
    """The actor is the user; most events of comments have none, and then it is the comment's last author."""
    assert notice(payload(**changes)).ours is ours


@pytest.mark.parametrize(
    ("content", "issue_id", "label"),
    [
        ({"issue": {"id": "10012", "key": "INT-12"}}, "10012", "INT-12"),
        ({"id": "10012", "key": "INT-12", "fields": {"summary": "x"}}, "10012", "INT-12"),
        ({"key": "INT-12"}, "INT-12", "INT-12"),
    ],
    ids=["issue", "issue-data", "key-alone"],
)
def test_bodies_of_jira_automation_are_read(content: object, issue_id: str, label: str) -> None:
    body = encoded(content)
    result = read_notice(
        body=body,
        headers={"authorization": "Bearer planted-token-1"},
        credentials=EVERY_WAY,
        projects={"INT"},
        own_accounts=set(),
    )
    assert result == Notice(delivery_id=None, issue_id=issue_id, label=label, event="unnamed", ours=False, at=None)


# How a repeat is told


def test_the_identifier_names_the_delivery_and_without_it_the_event_itself() -> None:
    assert notice(payload(), x_atlassian_webhook_identifier="w-1").delivery_id == "w-1"
    expected = "jira:issue_updated:10012:changelog-20001:1761600000000"
    assert notice(payload()).delivery_id == expected
    assert notice(payload(), x_atlassian_webhook_identifier="not printable \x01").delivery_id == expected
    assert notice(payload(), x_atlassian_webhook_identifier="x" * 201).delivery_id == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (payload(), payload(timestamp=1761600000001)),
        (payload(), payload(changelog={"id": "20002"})),
        (payload(changelog=..., comment={"id": 7}), payload(changelog=..., comment={"id": 8})),
        (payload(changelog=..., worklog={"id": 7}), payload(changelog=..., worklog={"id": 8})),
        (payload(changelog=...), payload(changelog=..., issue={"id": "10013", "key": "INT-13"})),
        (payload(changelog=...), payload(changelog=..., user=...)),
        (payload(), payload(webhookEvent="jira:issue_deleted")),
    ],
)
def test_events_that_differ_have_other_names_and_equal_ones_the_same(one: object, other: object) -> None:
    assert notice(one).delivery_id == notice(one).delivery_id
    assert notice(one).delivery_id != notice(other).delivery_id


@pytest.mark.parametrize("timestamp", [..., None, "1761600000000", 1.5, True, 0, -1, 10**14, 10**40], ids=repr)
def test_without_a_time_a_repeat_cannot_be_told_from_a_new_event(timestamp: object) -> None:
    """The same bytes may honestly come twice then, so no name is made up: a look too many, never one too few."""
    result = notice(payload(timestamp=timestamp))
    assert (result.delivery_id, result.at) == (None, None)


# What is ignored


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (payload(key="OPS-1"), Reason.UNMAPPED_PROJECT),
        (payload(issue={"id": "1", "fields": {"project": {"key": "OPS"}}}), Reason.UNMAPPED_PROJECT),
        (payload(key="INTERNAL-1"), Reason.UNMAPPED_PROJECT),
        ({"webhookEvent": "worklog_created", "worklog": {"issueId": "10012"}}, Reason.NO_ISSUE),
        ({"webhookEvent": "comment_created", "comment": {}, "issue": None}, Reason.NO_ISSUE),
        ({"webhookEvent": "issuelink_created", "issueLink": {"id": 1}}, Reason.NO_ISSUE),
        ({"webhookEvent": "user_updated", "user": {}}, Reason.UNRELATED_EVENT),
        ({"webhookEvent": "jira:version_released"}, Reason.UNRELATED_EVENT),
        ({"webhookEvent": "sprint_started"}, Reason.UNRELATED_EVENT),
        ({"webhookEvent": "jira:issue_teleported"}, Reason.UNKNOWN_EVENT),
        ({"webhookEvent": 7}, Reason.UNKNOWN_EVENT),
        ({"webhookEvent": "line\nbreak"}, Reason.UNKNOWN_EVENT),
    ],
    ids=repr,
)
def test_what_leaves_nothing_to_do_is_named(content: object, reason: Reason) -> None:
    result = read(content)
    assert isinstance(result, Ignored)
    assert result.reason is reason
    assert "\n" not in result.event


def test_an_event_of_any_name_about_one_of_our_issues_is_a_notice() -> None:
    """The key is the request: what happened is read from the issue, not from the event."""
    assert notice(payload(webhookEvent="jira:issue_teleported")).event == "jira:issue_teleported"


@pytest.mark.parametrize(
    ("items", "noticed"),
    [
        ([{"field": "Key", "fromString": "INT-12", "toString": "OPS-1"}], True),
        ([{"field": "Key", "fromString": "ABC-3"}, {"field": "status", "fromString": "INT-12"}, "odd"], False),
        ({"field": "Key", "fromString": "INT-12"}, False),
    ],
    ids=["from-ours", "from-another", "odd-items"],
)
def test_an_issue_that_leaves_a_mapped_project_is_looked_at_once_more(items: object, noticed: bool) -> None:
    result = read(payload(key="OPS-1", changelog={"id": "1", "items": items}))
    assert isinstance(result, Notice) is noticed


# What is refused

DEEP = b'{"issue": ' * 100_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed-json"),
        (b"{", "malformed-json"),
        (b"\xff\xfe{}", "malformed-json"),
        ('{"a": "é"}'.encode("latin-1"), "malformed-json"),
        (json.dumps(payload()).encode("utf-16"), "malformed-json"),
        (b"\xef\xbb\xbf{}", "malformed-json"),
        (b'{"a": "\xed\xa0\x80"}', "malformed-json"),
        (b'{"timestamp": NaN}', "malformed-json"),
        (b'{"timestamp": -Infinity}', "malformed-json"),
        (b'{"timestamp": ' + b"9" * 5000 + b"}", "malformed-json"),
        (b'{"a": "\x00"}', "malformed-json"),
        (DEEP, "malformed-json"),
        (b"[" * 100_000, "malformed-json"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
        (b'"INT-12"', "not-an-object"),
        (b"12", "not-an-object"),
        (b"{}", "no-identity"),
        (encoded(payload(issue={})), "no-identity"),
        (encoded(payload(issue="INT-12")), "no-identity"),
        (encoded(payload(issue=[{"id": "10012"}])), "no-identity"),
        (encoded(payload(issue={"id": 1.0, "key": "INT 12"})), "no-identity"),
        (encoded(payload(issue={"id": "0", "key": "INT-"})), "no-identity"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_body_out_of_order_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(body)
    assert (refused.value.status, refused.value.reason) == (400, reason)
    assert refused.value.__cause__ is None
    assert str(refused.value)


def test_of_two_members_of_one_name_the_last_counts() -> None:
    assert notice(b'{"issue": {"id": "1", "key": "INT-1"}, "issue": {"id": "2", "key": "INT-2"}}').label == "INT-2"


# Whatever comes

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.just("INT-1"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("webhookEvent", "issue", "user", "comment", "worklog", "changelog", "timestamp", "key", "id"), JSON
    ),
)
ISSUE = st.fixed_dictionaries(
    {"id": JSON, "key": JSON | st.just("INT-7")},
    optional={"fields": JSON | st.dictionaries(st.sampled_from(["project", "issuetype", "parent"]), JSON)},
)


@given(content=MEMBERS | JSON, issue=st.none() | ISSUE, identifier=st.text())
def test_any_signed_json_is_noticed_ignored_or_refused(content: Any, issue: Any, identifier: str) -> None:
    if isinstance(content, dict) and issue is not None:
        content["issue"] = issue
    """Whatever is read is fit for the store: short, and ASCII throughout."""
    with suppress(Refusal):
        result = read(content, x_atlassian_webhook_identifier=identifier)
        assert result.event.isascii()
        if isinstance(result, Notice):
            assert (result.issue_id + result.label + (result.delivery_id or "")).isascii()


@given(body=st.binary(), headers=st.dictionaries(st.sampled_from(["x-hub-signature", "authorization"]), st.text()))
def test_any_unsigned_bytes_are_refused(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        read_notice(body=body, headers=headers, credentials=EVERY_WAY, projects={"INT"}, own_accounts=set())
    assert refused.value.status == 401
