"""What Jira is answered, and what the store then holds."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from deliveries import CORPUS_FILES, NEXT_SECRET, SECRET, encoded, needs_corpus, payload, signature, signed
from faces import PASSWORD, TOKEN, Face
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from webhooks import Credentials
from webhooks.notice import Reason

# The real ones


@needs_corpus
def test_the_corpus_is_here() -> None:
    assert len(CORPUS_FILES) == 62


@needs_corpus
@pytest.mark.parametrize("file", CORPUS_FILES, ids=lambda file: file.stem)
def test_a_real_delivery_is_queued_or_ignored_for_a_reason(face: Face, file: Path) -> None:
    body = file.read_bytes()
    answer = face.post(body)
    assert answer.status_code == 202
    said = json.loads(answer.data)
    if "queued" in said:
        assert said["queued"].startswith("TES-")
        assert face.queued() == {json.loads(body)["issue"]["id"]: said["queued"]}
        assert [face.store.inbox.body(one.delivery_id) for one in face.store.inbox.recent()] == [body]
        assert face.counted('intake_total{outcome="queued"}') == 1
    else:
        assert Reason(said["ignored"]) in (Reason.UNMAPPED_PROJECT, Reason.NO_ISSUE)
        assert face.queued() == {}
        assert face.counted(f'intake_ignored_total{{reason="{said["ignored"]}"}}') == 1


@needs_corpus
def test_a_real_delivery_without_its_signature_is_refused(face: Face) -> None:
    assert {face.post_unsigned(file.read_bytes()).status_code for file in CORPUS_FILES} == {401}
    assert face.counted('intake_refused_total{reason="missing-credential"}') == len(CORPUS_FILES)
    assert face.queued() == {}


@needs_corpus
@pytest.mark.parametrize("file", CORPUS_FILES, ids=lambda file: file.stem)
def test_a_real_delivery_cut_anywhere_is_refused(face: Face, file: Path) -> None:
    body = file.read_bytes()
    whole = len(body.rstrip())
    cuts = {0, 1, 2, whole - 2, whole - 1, *range(0, whole, max(1, whole // 12))}
    assert {face.post(body[:cut]).status_code for cut in cuts} == {400}
    assert {face.post(body[:cut], {"x-hub-signature": signature(body)}).status_code for cut in cuts} == {401}


# Once


def test_a_delivery_is_stored_with_its_key(face: Face) -> None:
    assert face.send(payload(), x_atlassian_webhook_identifier="w-1") == {"queued": "INT-12"}
    assert face.queued() == {"10012": "INT-12"}
    assert face.store.inbox.body("w-1") == encoded(payload())


def test_a_repeated_delivery_is_acknowledged_and_not_queued_again(face: Face) -> None:
    face.send(payload(), x_atlassian_webhook_identifier="w-1")
    retry = face.send(payload(), x_atlassian_webhook_identifier="w-1", x_atlassian_webhook_retry="1")
    assert retry == {"duplicate": True}
    shown = face.store.queue.show("10012")
    assert shown is not None
    assert shown.gen == 1
    assert face.counted('intake_total{outcome="duplicate"}') == 1


def test_a_repeated_delivery_is_known_without_an_identifier_too(face: Face) -> None:
    assert face.send(payload()) == {"queued": "INT-12"}
    assert face.send(payload()) == {"duplicate": True}
    assert face.send(payload(timestamp=1761600000001)) == {"queued": "INT-12"}


def test_an_update_and_the_comment_made_with_it_are_one_key(face: Face) -> None:
    face.send(payload(), x_atlassian_webhook_identifier="w-1")
    comment = {"id": "7", "author": {"accountId": "x"}}
    face.send(
        payload(webhookEvent="comment_created", comment=comment, user=..., changelog=...),
        x_atlassian_webhook_identifier="w-2",
    )
    assert face.queued() == {"10012": "INT-12"}


def test_a_sub_task_leads_to_its_parent(face: Face) -> None:
    fields = {"issuetype": {"subtask": True}, "parent": {"id": "10012", "key": "INT-12"}}
    assert face.send(payload(issue={"id": "10013", "key": "INT-13", "fields": fields})) == {"queued": "INT-12"}
    assert face.queued() == {"10012": "INT-12"}


def test_what_we_did_ourselves_is_put_off_and_what_others_did_is_not(face: Face) -> None:
    face.send(payload(user={"name": "stagegate"}))
    assert face.store.queue.depth().due == 0
    face.send(payload(user={"name": "tess"}, changelog={"id": "20002"}))
    assert face.store.queue.depth().due == 1


def test_jira_automation_may_send_the_same_body_for_two_changes(face: Face) -> None:
    """Its body has no time: taking the second for a repeat would lose a change."""
    body = encoded({"issue": {"id": "10012", "key": "INT-12"}})
    answers = [face.post_unsigned(body, {"authorization": f"Bearer {TOKEN}"}) for _ in range(2)]
    assert [answer.json for answer in answers] == [{"queued": "INT-12"}] * 2
    shown = face.store.queue.show("10012")
    assert shown is not None
    assert shown.gen == 2


def test_an_old_data_center_sends_basic_credentials_once_asked(face: Face) -> None:
    refused = face.post_unsigned(encoded(payload()))
    assert refused.headers["WWW-Authenticate"] == (
        'Basic realm="stagegate", Bearer realm="stagegate", X-Hub-Signature realm="stagegate"'
    )
    accepted = face.client.post("/webhooks/jira", data=encoded(payload()), auth=("jira", PASSWORD))
    assert accepted.status_code == 202


def test_only_what_is_configured_is_asked_for(faces: Any) -> None:
    face = faces(credentials=Credentials.of(secrets=[SECRET, NEXT_SECRET]))
    refused = face.post_unsigned(encoded(payload()), {"authorization": f"Bearer {TOKEN}"})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'X-Hub-Signature realm="stagegate"'
    body = encoded(payload())
    assert face.post_unsigned(body, signed(body, NEXT_SECRET)).status_code == 202


def test_an_unknown_event_is_counted_and_shown(face: Face) -> None:
    with capture_logs() as lines:
        assert face.send({"webhookEvent": "jira:issue_teleported"}) == {"ignored": "unknown-event"}
    assert [line["event_name"] for line in lines if line["log_level"] == "warning"] == ["jira:issue_teleported"]
    assert face.counted('intake_ignored_total{reason="unknown-event"}') == 1


# What goes wrong


def test_a_refusal_has_a_reason_a_text_and_no_effect(face: Face) -> None:
    answer = face.post(b'{"issue": {}}')
    assert answer.status_code == 400
    assert answer.json["error"] == "no-identity"
    assert "id" in answer.json["message"]
    assert face.store.inbox.recent() == ()


def test_a_body_of_the_limit_passes_and_one_byte_more_does_not(faces: Any) -> None:
    body = encoded(payload())
    assert faces(body_limit=len(body)).post(body).status_code == 202
    for limit in (len(body) - 1, 10):
        small = faces(body_limit=limit)
        answer = small.post(body)
        assert (answer.status_code, answer.json["error"]) == (413, "too-large")
        assert small.counted('intake_refused_total{reason="too-large"}') == 1


def test_a_chunked_body_is_limited_too(faces: Any) -> None:
    """Without Content-Length nobody knows the size before it has been read."""
    body = encoded(payload())
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}

    def post(limit: int) -> int:
        options = {"input_stream": io.BytesIO(body), "environ_overrides": chunked, "headers": signed(body)}
        return faces(body_limit=limit).client.post("/webhooks/jira", **options).status_code

    assert post(len(body) - 1) == 413
    assert post(len(body) + 1) == 202


@pytest.mark.parametrize("server", [{}, {"wsgi.input_terminated": True}], ids=["plain", "gunicorn"])
def test_a_body_that_ends_early_is_refused(face: Face, server: dict[str, Any]) -> None:
    body = encoded(payload())
    longer = {"CONTENT_LENGTH": str(len(body) + 10)} | server
    answer = face.client.post(
        "/webhooks/jira", input_stream=io.BytesIO(body), environ_overrides=longer, headers=signed(body)
    )
    assert (answer.status_code, answer.json["error"]) == (400, "unreadable-body")


def alter(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)


def test_while_the_store_cannot_write_jira_is_asked_to_repeat(face: Face) -> None:
    alter(face.path, "ALTER TABLE work RENAME TO work_away")
    with capture_logs() as lines:
        answer = face.post(encoded(payload()))
    assert (answer.status_code, answer.json["error"]) == (503, "store-unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert [line["issue"] for line in lines if line["log_level"] == "warning"] == ["INT-12"]
    alter(face.path, "ALTER TABLE work_away RENAME TO work")
    assert face.send(payload()) == {"queued": "INT-12"}
    assert face.queued() == {"10012": "INT-12"}
    assert face.counted('intake_total{outcome="unavailable"}') == 1


def test_a_fault_of_ours_shows_nothing_of_itself(faces: Any, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> frozenset[str]:
        raise RuntimeError("a detail for the log alone")

    answer = faces(own_accounts=broken).post(encoded(payload()))
    assert answer.status_code == 500
    assert answer.json["error"] == "internal-server-error"
    assert "detail" not in answer.text
    assert "a detail for the log alone" in caplog.text


def test_no_answer_and_no_log_line_holds_a_secret(face: Face) -> None:
    body = encoded(payload())
    with capture_logs() as lines:
        answers = [
            face.post(body),
            face.post_unsigned(body),
            face.post_unsigned(body, signed(body, "wrong")),
            face.post_unsigned(body, {"authorization": "Bearer wrong"}),
            face.post(b"{"),
        ]
    text = "".join(answer.text + str(answer.headers) for answer in answers) + repr(lines)
    assert not [secret for secret in (SECRET, TOKEN, PASSWORD) if secret in text]


# Whatever comes

HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "X-Hub-Signature",
            "Authorization",
            "X-Atlassian-Webhook-Identifier",
            "Content-Type",
            "Host",
            "X-Forwarded-For",
        ]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255)),
)
LENIENT = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LENIENT
@given(body=st.binary(), headers=HEADERS, is_signed=st.booleans())
def test_any_request_is_answered(face: Face, body: bytes, headers: dict[str, str], is_signed: bool) -> None:
    answer = face.post(body, headers) if is_signed else face.post_unsigned(body, headers)
    assert answer.status_code < 500
    assert isinstance(answer.json, dict)


@LENIENT
@given(at=st.integers(0, 10**6), instead=st.binary(max_size=6), taken=st.integers(0, 9))
def test_any_damage_to_a_delivery_is_answered(face: Face, at: int, instead: bytes, taken: int) -> None:
    body = encoded(payload(user={"name": "s\ud800"}, comment={"id": 7}))
    at %= len(body)
    answer = face.post(body[:at] + instead + body[at + taken :])
    assert answer.status_code in (202, 400)
