"""Structured logs: one line an event, as JSON or for a terminal, with every known secret taken out.

The redaction works on the finished line, so that no nesting, traceback or foreign logger gets around it.
"""

import base64
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Literal, TextIO
from urllib.parse import quote, quote_plus

import structlog

Style = Literal["json", "console"]
Redact = Callable[[str], str]

REDACTED = "[redacted]"
_QUIET = ("urllib3", "apscheduler", "alembic.runtime.plugins")
"""Libraries that tell at `info` what is of use only when looking into them."""

# An Authorization header in any notation: `Authorization: Basic x`, `'Authorization': 'x'`, `\"authorization\": \"x\"`.
_HEADER = re.compile(
    r"""(?i)(authorization['"\\]*\s*[:=,]\s*(?:b(?=['"\\]))?['"\\]*(?:(?:basic|bearer|jwt)\s+)?)[^\s'",}\\]+"""
)
_SCHEME = re.compile(r"\b((?:Basic|Bearer)\s+)(?=\S*[0-9=])[A-Za-z0-9._~+/=-]{12,}")
_URL = re.compile(r"(://[^/\s:@'\"]*:)[^/\s@'\"]+@")


class Late:
    """Names in log lines that are found out when the first of ours is written, for there is seldom one.

    `known` is None until then. Lines of other libraries show what is known and ask for nothing: theirs are made under
    the handler's lock, where an answer that takes long would keep every thread from logging.
    """

    def __init__(self, ask: Callable[[], tuple[str, ...]]) -> None:
        self._ask = ask
        self.known: tuple[str, ...] | None = None

    def find_out(self) -> tuple[str, ...]:
        """Return what it is, found out once."""
        if self.known is None:
            self.known = self._ask()
        return self.known


def redactor(secrets: Iterable[str]) -> Redact:
    """Make a function that takes the secrets out of a text, in every notation in which a log line may hold them.

    Values of Authorization headers and passwords in URLs are taken out too, configured or not.
    """
    forms = sorted({form for secret in secrets if secret for form in _forms(secret)}, key=len, reverse=True)
    known = re.compile("|".join(map(re.escape, forms))) if forms else None

    def redact(text: str) -> str:
        if known:
            text = known.sub(REDACTED, text)
        text = _HEADER.sub(rf"\1{REDACTED}", text)
        text = _SCHEME.sub(rf"\1{REDACTED}", text)
        return _URL.sub(rf"\1{REDACTED}@", text)

    return redact


def _forms(secret: str) -> tuple[str, ...]:
    escaped = (
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
    )
    # A repr inside a JSON string is escaped twice: a traceback of a line that shows the secret.
    twice = tuple(json.dumps(form)[1:-1] for form in escaped)
    encoded = (quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode())
    return (secret, *escaped, *twice, *encoded)


_redact = redactor(())
"""What `configure_logs` made last: one for this process, as its logging is."""


def redacted(text: str) -> str:
    """Take out of a text what this process keeps out of its logs; before they are set up, what looks like a secret."""
    return _redact(text)


def configure_logs(
    *, style: Style = "json", level: str = "info", secrets: Iterable[str] = (), stream: TextIO | None = None
) -> Redact:
    """Set up logging for this process: structlog's and the standard library's through one handler to `stream`.

    `stream` is standard error by default. Uncaught exceptions of any thread are logged too, redacted. Returns the
    redaction, for other texts that leave the process.
    """
    global _redact
    _redact = redact = redactor(secrets)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    structlog.configure(
        processors=[*shared, _find_out, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _show_known],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(style, handler.stream),
                _redacting(redact),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING) if threshold > logging.DEBUG else threshold)
    _log_crashes()
    return redact


def adopt(*names: str) -> None:
    """Send the loggers of these names through our handler; gunicorn's bring their own, which redact nothing."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _rendering(style: Style, stream: TextIO) -> list[structlog.typing.Processor]:
    if style == "json":
        # Plain tracebacks: structlog's structured ones show local variables.
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]


def _find_out(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name, value in line.items():
        if isinstance(value, Late):
            try:
                line[name] = value.find_out()
            except Exception as error:  # noqa: BLE001 (no line is lost for it: the line tells it, redacted as all of it)
                line[name] = f"could not be found out: {error!r}"
    return line


def _show_known(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name, value in tuple(line.items()):
        if isinstance(value, Late):
            del line[name]
            if value.known is not None:
                line[name] = value.known
    return line


def _redacting(redact: Redact) -> structlog.typing.Processor:
    def processor(_logger: object, _method: str, line: Any) -> Any:
        return redact(line)

    return processor


def _log_crashes() -> None:
    log = structlog.get_logger("stagegate")

    def crashed(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("crashed", exc_info=(kind, error, trace))

    def thread_crashed(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            log.critical(
                "thread crashed",
                thread=args.thread.name if args.thread else None,
                exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
            )

    sys.excepthook = crashed
    threading.excepthook = thread_crashed
