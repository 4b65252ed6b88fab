"""Texts for the terminal: short, and harmless whatever people wrote."""

import io
import sys

import pytest
from rich.text import Text

from sync_service.showing.project import explanation
from sync_service.showing.terminal import bullets, day, moment, plain, progress, show, span, terminal


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min"), (3700, "1 h 1 min"), (90000, "1 d 1 h"), (-61, "1 min")],
)
def test_spans(seconds: float, told: str) -> None:
    assert span(seconds) == told


def test_days_and_times_of_a_zone() -> None:
    assert day("2026-03-02") == "2 Mar 2026"
    assert day(None) == "–"
    assert moment("2026-03-02T15:00:00+00:00", "America/New_York") == "2 Mar 2026 10:00"
    assert moment(None) == "–"


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\x1b]0;title\x07b", "a\u202eb", "a\x9bb", "a\x00b", "a\nb"])
def test_a_text_cannot_command_the_terminal(text: str) -> None:
    assert plain(text) in ("ab", "a b")


def test_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    show(bullets(["one"], "red"))
    assert capsys.readouterr().out == "•  one\n"
    assert terminal().width == 100
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    show(Text("one", "red"))
    assert "\x1b[31m" in capsys.readouterr().out
    assert terminal().width == 110


def test_a_terminal_of_few_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    show(Text("“one”"))
    sys.stdout.flush()
    assert raw.getvalue() == b"?one?\n"


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Looking", 2) as advance:
        advance(2)
    assert capsys.readouterr() == ("", "")


def test_a_bare_project(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the rules can't settle is said, and parts that there are not are left out."""
    monkeypatch.setenv("COLUMNS", "300")
    visit = {"stage": "a", "visit": "created", "since": "2026-03-02", "until": None, "days": 1, "business_days": 0}
    step = {"step": "s", "key": None, "summary": "Do it", "standing": "not counted", "blamed": "INT-2",
            "assignee": None, "owner": "lead", "due": None, "overdue": False, "done_at": None}  # fmt: skip
    standings = ("missing", "waived", "failed", "superseded", "done")
    told = {
        "key": "INT-1", "summary": "s", "url": "", "visits": [visit], "since": "2026-03-02T00:00:00+00:00",
        "zone": "UTC", "title": "A", "status": "A", "mapping": "m", "labels": ["gate-violation"], "status_stage": "a",
        "unanswered": [{"to": "B", "at": "2026-03-02T00:00:00+00:00", "by": None}], "unread": ["1"], "people": {},
        "gate": {"target": "b", "reasons": [{"text": "t", "remedy": "r"}], "overridden": False, "open": True,
                 "enforcement": "warn"},
        "titles": {"a": "A", "b": "B"}, "requests": [], "round": None, "rounds": [], "ways": [], "overrides": [],
        "refused": {"edge": "a>b", "at": "2026-03-02T00:00:00+00:00", "held": True}, "fields": {}, "pending": None,
        "steps": [step, *({**step, "standing": standing, "due": "2026-03-09"} for standing in standings),
                  {**step, "blamed": ""}],
    }  # fmt: skip
    show(explanation(told))
    out = capsys.readouterr().out
    for text in ("labels gate-violation", "open, since the mapping says 'warn'", "1 sub-task can't be read",
                 "nobody, lead", "done before INT-2, so it doesn't count", "not made", "not moved back any more",
                 "don't come to rest", "the move to B of 2 Mar 2026 00:00"):  # fmt: skip
        assert text in out, text
    told["gate"]["reasons"] = []
    show(explanation({**told, "pending": ["edit"]}))
    out = capsys.readouterr().out
    assert "Gate to B: open" in out
    assert "1 action to be done at the next look: stagegate plan INT-1" in out
