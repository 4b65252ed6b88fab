"""What is logged, and that no secret ever is."""

import base64
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
import structlog

from sync_service.logs import REDACTED, Late, Style, adopt, configure_logs, redactor

SECRETS = ["planted-secret", 'with "quotes"\\and\nlines', "schlüssel/mit+zeichen", ""]


def logged(style: Style = "json", level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure_logs(style=style, level=level, secrets=SECRETS, stream=stream)
    return stream


def test_a_line_is_an_object_with_what_is_bound() -> None:
    stream = logged()
    with structlog.contextvars.bound_contextvars(delivery="w-1", issue="INT-12"):
        structlog.get_logger("stagegate.worker").info("looked at", actions=2)
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "looked at",
        "level": "info",
        "logger": "stagegate.worker",
        "delivery": "w-1",
        "issue": "INT-12",
        "actions": 2,
    }


@pytest.mark.parametrize("style", ["json", "console"])
def test_what_is_dear_to_find_out_is_asked_for_once_and_only_for_a_line(style: Style) -> None:
    stream, asked = logged(style), []

    def ask() -> tuple[str, ...]:
        asked.append("asked")
        return ("w-1", "w-2")

    with structlog.contextvars.bound_contextvars(deliveries=Late(ask)):
        structlog.get_logger("any").debug("not shown")
        assert not asked
        structlog.get_logger("any").info("one")
        structlog.get_logger("any").info("another")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert all("w-1" in line and "w-2" in line for line in lines)
    assert asked == ["asked"]
    if style == "json":
        assert json.loads(lines[0])["deliveries"] == ["w-1", "w-2"]


def test_nobody_waits_for_what_another_thread_finds_out_for_its_line() -> None:
    stream, asked, answered = logged(), threading.Event(), threading.Event()

    def ask() -> tuple[str, ...]:
        asked.set()
        assert answered.wait(60)
        return ("w-1",)

    def look() -> None:
        with structlog.contextvars.bound_contextvars(deliveries=Late(ask)):
            structlog.get_logger("any").info("looked")

    looking = threading.Thread(target=look)
    other = threading.Thread(target=logging.getLogger("foreign").warning, args=("stopped",))
    looking.start()
    assert asked.wait(60)
    other.start()
    other.join(2)
    told_meanwhile = stream.getvalue()
    answered.set()
    for thread in (looking, other):
        thread.join(60)
    assert "stopped" in told_meanwhile
    assert json.loads(stream.getvalue().splitlines()[-1])["deliveries"] == ["w-1"]


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_line_whose_names_cannot_be_found_out_is_written_and_without_secrets(
    style: Style, capfd: pytest.CaptureFixture[str]
) -> None:
    stream = logged(style)

    def fail() -> tuple[str, ...]:
        raise RuntimeError("planted-secret")

    with structlog.contextvars.bound_contextvars(deliveries=Late(fail)):
        structlog.get_logger("any").info("looked")
    assert "looked" in stream.getvalue()
    assert f"could not be found out: RuntimeError('{REDACTED}')" in stream.getvalue()
    assert capfd.readouterr().err == ""


def test_a_line_of_another_library_shows_what_is_known_and_asks_for_nothing() -> None:
    stream, late = logged(), Late(lambda: ("w-1",))
    with structlog.contextvars.bound_contextvars(deliveries=late):
        logging.getLogger("foreign").warning("before")
        assert late.known is None
        late.find_out()
        logging.getLogger("foreign").warning("after")
    before, after = map(json.loads, stream.getvalue().splitlines())
    assert "deliveries" not in before
    assert after["deliveries"] == ["w-1"]


def test_other_libraries_log_through_the_same_handler_and_chatty_ones_only_warnings() -> None:
    stream = logged()
    logging.getLogger("gunicorn.error").info("Listening at %s", "here")
    logging.getLogger("urllib3.connectionpool").info("chatter")
    logging.getLogger("urllib3.connectionpool").warning("retrying")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["Listening at here", "retrying"]


def test_at_debug_nothing_is_held_back() -> None:
    stream = logged(level="debug")
    logging.getLogger("urllib3.connectionpool").debug("chatter")
    structlog.get_logger("any").debug("detail")
    assert len(stream.getvalue().splitlines()) == 2


def test_a_logger_with_handlers_of_its_own_is_adopted() -> None:
    stream, own = logged(), io.StringIO()
    logger = logging.getLogger("gunicorn.test")
    logger.addHandler(logging.StreamHandler(own))
    logger.propagate = False
    adopt("gunicorn.test")
    logger.warning("planted-secret")
    assert own.getvalue() == ""
    assert json.loads(stream.getvalue())["event"] == REDACTED


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("secret", SECRETS[:3])
def test_no_secret_is_logged_wherever_it_stands(style: Style, secret: str) -> None:
    stream = logged(style)
    log = structlog.get_logger("any")
    log.info(secret, value=secret, nested={"list": [secret, {"deep": (secret,)}]}, raw=secret.encode())
    logging.getLogger("foreign").warning("message %s %r", secret, secret)
    try:
        raise ValueError(f"rejected: {secret!r}", {"token": secret})
    except ValueError:
        log.exception("failed")
        logging.getLogger("foreign").exception("failed")
    text = stream.getvalue()
    parts = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1]}
    assert not [part for part in parts if part in text]
    assert text.count(REDACTED) >= 9
    assert "Traceback" in text
    if style == "json":
        assert all(json.loads(line) for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [redacted]"),
        ("authorization=abc", "authorization=[redacted]"),
        ("{'Authorization': 'Bearer abc', 'Accept': '*'}", "{'Authorization': 'Bearer [redacted]', 'Accept': '*'}"),
        (r"{\"Authorization\": \"abc\"}", r"{\"Authorization\": \"[redacted]\"}"),
        ("('authorization', b'Bearer abc')", "('authorization', b'Bearer [redacted]')"),
        ("sent Bearer eyJhbGciOi.J1NiJ9.xx", "sent Bearer [redacted]"),
        (
            "postgresql://me:pa55@db/x and https://jira:x@h/",
            "postgresql://me:[redacted]@db/x and https://jira:[redacted]@h/",
        ),
        ("Basic authentication is off; authorization failed", "Basic authentication is off; authorization failed"),
        ("at http://host:8080/path?a@b", "at http://host:8080/path?a@b"),
    ],
    ids=str,
)
def test_credentials_that_nobody_configured_are_taken_out_too(text: str, redacted: str) -> None:
    assert redactor([])(text) == redacted


@pytest.mark.parametrize("form", [lambda s: s, lambda s: base64.b64encode(s.encode()).decode(), lambda s: repr(s)])
def test_a_secret_is_known_in_other_notations(form: Callable[[str], str]) -> None:
    assert SECRETS[2] not in redactor(SECRETS)(f"x {form(SECRETS[2])} y")
    assert REDACTED in redactor(SECRETS)(f"x {form(SECRETS[2])} y")


def test_where_a_secret_holds_another_the_longer_goes_whole() -> None:
    assert redactor(["abc", "abcdef"])("abcdef abc") == f"{REDACTED} {REDACTED}"


def test_uncaught_exceptions_are_logged_through_the_same_handler() -> None:
    stream = logged()
    error = RuntimeError("planted-secret")
    sys.excepthook(RuntimeError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    for kind, raised in ((RuntimeError, error), (SystemExit, SystemExit())):
        threading.excepthook(threading.ExceptHookArgs((kind, raised, None, threading.current_thread())))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["exception"]) for line in lines] == [
        ("crashed", f"RuntimeError: {REDACTED}"),
        ("thread crashed", f"RuntimeError: {REDACTED}"),
    ]


CRASH = """
import threading
from sync_service.logs import configure_logs
configure_logs(secrets=["planted-secret"])
def fail(kind): raise kind("with planted-secret inside")
for kind in (ValueError, SystemExit):
    thread = threading.Thread(target=fail, args=(kind,), name="one"); thread.start(); thread.join()
fail({kind})
"""


@pytest.mark.parametrize(("kind", "lines"), [("RuntimeError", 2), ("KeyboardInterrupt", 1)])
def test_a_crash_is_logged_without_secrets(kind: str, lines: int) -> None:
    """In a process of its own: pytest has hooks of its own for both."""
    crash = CRASH.replace("{kind}", kind)
    done = subprocess.run([sys.executable, "-c", crash], capture_output=True, text=True, timeout=120, check=False)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["event"] for event in events] == ["thread crashed", "crashed"][:lines]
    assert "planted-secret" not in done.stderr
    assert all(REDACTED in event["exception"] for event in events)
    assert done.returncode != 0
