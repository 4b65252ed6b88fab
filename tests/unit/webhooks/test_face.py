"""The routes that are not Jira's, and what all answers have in common."""

from typing import Any

import pytest
from deliveries import encoded, payload
from faces import TOKEN, Face
from sqlalchemy import Connection, event

from webhooks.health import LONGEST


def test_alive_says_nothing_of_the_store(face: Face) -> None:
    face.store.close()
    face.path.unlink()
    answer = face.client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"alive": True})


def test_ready_while_every_needed_dependency_is(face: Face) -> None:
    answer = face.client.get("/readyz")
    assert (answer.status_code, answer.json) == (
        200,
        {"ready": True, "checks": {"store": {"ok": True}}, "advisory": {}},
    )


def failing(text: str) -> Any:
    def check() -> None:
        raise ConnectionError(text)

    return check


def test_a_failing_dependency_is_named_with_the_reason_and_without_secrets(faces: Any) -> None:
    why = f"no answer to {TOKEN} at postgresql://me:pa55@db/x" + "." * 1000
    answer = faces(checks={"store": failing(why), "disk": failing("")}).client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["ready"] is False
    assert answer.json["checks"]["disk"] == {"ok": False, "why": "ConnectionError"}
    shown = answer.json["checks"]["store"]["why"]
    assert shown.startswith("no answer to [redacted] at postgresql://me:[redacted]@db/x")
    assert len(shown) == LONGEST


def test_a_store_that_answers_and_keeps_nothing_is_not_ready_and_not_up(face: Face) -> None:
    """As with a full disk: the queue can be read all the while."""

    def full(connection: Connection) -> None:
        connection.connection.driver_connection.execute("PRAGMA query_only = ON")  # type: ignore[union-attr]

    assert face.client.get("/readyz").status_code == 200
    event.listen(face.store._database.engine, "begin", full)
    assert face.post(encoded(payload())).status_code == 503
    answer = face.client.get("/readyz")
    assert answer.status_code == 503
    assert "may not be written" in answer.json["checks"]["store"]["why"]
    assert "stagegate_store_up 0.0" in face.client.get("/metrics").text
    assert face.store.queue.depth().waiting == 0


def test_while_jira_is_down_deliveries_are_still_wanted(faces: Any) -> None:
    answer = faces(advisory_checks={"jira": failing("refused")}).client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["advisory"] == {"jira": {"ok": False, "why": "refused"}}


def test_what_the_workers_say_is_not_asked_for_from_a_store_that_is_away(faces: Any) -> None:
    """Each question would wait for it anew, longer than a probe does."""
    asked: list[str] = []
    answer = faces(
        checks={"store": failing("no answer")}, advisory_checks={"jira": lambda: asked.append("jira")}
    ).client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["advisory"] == {}
    assert asked == []


def test_metrics_show_the_intake_and_the_queue(face: Face) -> None:
    assert face.counted('intake_total{outcome="queued"}') == 0
    assert "intake_total" in face.client.get("/metrics").text
    face.send(payload())
    assert face.counted('intake_total{outcome="queued"}') == 1
    assert face.counted('queue_keys{state="waiting"}') == 1
    assert face.counted("store_up") == 1
    assert face.client.get("/metrics").content_type == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "route", "status", "error"),
    [
        ("GET", "/webhooks/jira", 405, "method-not-allowed"),
        ("DELETE", "/webhooks/jira", 405, "method-not-allowed"),
        ("POST", "/healthz", 405, "method-not-allowed"),
        ("POST", "/webhooks/jira/", 404, "not-found"),
        ("GET", "/", 404, "not-found"),
        ("GET", "/static/x.js", 404, "not-found"),
    ],
    ids=str,
)
def test_other_requests_are_refused_in_json(face: Face, method: str, route: str, status: int, error: str) -> None:
    answer = face.client.open(route, method=method)
    assert (answer.status_code, answer.json["error"]) == (status, error)
    assert answer.json["message"]
    assert ("Allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize("route", ["/healthz", "/readyz", "/metrics", "/none"])
def test_every_answer_is_hardened(face: Face, route: str) -> None:
    headers = face.client.get(route).headers
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


def test_with_trusted_hosts_others_are_refused(faces: Any) -> None:
    face = faces(trusted_hosts=("stagegate.example.org",))
    assert face.client.get("/healthz", base_url="https://stagegate.example.org").status_code == 200
    assert face.client.get("/healthz", base_url="https://evil.example").status_code == 400
    answer = face.post(encoded(payload()), base_url="https://evil.example")
    assert (answer.status_code, answer.json["error"]) == (400, "bad-request")
    assert face.queued() == {}


def test_the_environment_cannot_turn_debugging_on(face: Face, monkeypatch: pytest.MonkeyPatch, faces: Any) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert faces().client.application.debug is False
