"""What people and programs get: terminal, CSV, JSON, one HTML file, charts, and the store read in one walk."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from itertools import cycle, islice
from pathlib import Path

import pytest
from portfolios import MAPPINGS, NOW, PAYTRONIX, played, portfolio, projection, stays
from rich.console import Console

from sync_service.commands.reporting import NoSuchProject, UnknownReport, give, tell
from sync_service.errors import StagegateError
from sync_service.reports import Column, Kind, Report, Selection, Table, history, read, told
from sync_service.reports.charts import CHARTS, figures
from sync_service.reports.render import Context, csv_of, json_of, terminal_page, write_page
from sync_service.reports.render.words import written
from sync_service.reports.table import columns
from sync_service.store import Entry, Store, open_store

CONTEXT = Context(at=NOW, zone="America/New_York", selection={}, projects=3, site="https://jira.example")
EVIL = "<script>alert('x')</script> & =HYPERLINK()"


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with 300 projects played at random."""
    path = tmp_path_factory.mktemp("reports") / "stagegate.db"
    with open_store(f"sqlite:///{path}", clock=lambda: NOW, durable=False) as store:
        fill(store, 300)
        yield store


def fill(store: Store, count: int) -> None:
    store.migrate()
    entries: list[Entry] = []
    several = list(played(min(count, 300)))
    for number, (seen, answers) in enumerate(islice(cycle(several), count), 1):
        own = {"key": f"INT-{number}", "issue_id": str(number)}
        store.projections.put(replace(seen, **own))
        entries += [replace(entry, **own) for entry in answers]
    store.ledger.write(entries)


@contextmanager
def silent(_what: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda _count: None


def table(*rows: tuple[object, ...], name: str = "t", **more: object) -> Table:
    shape = columns("Name", ("Count", Kind.NUMBER), ("Day", Kind.DAY))
    return Table(name=name, title="A table", columns=shape, rows=rows, **more)  # type: ignore[arg-type]


def on_terminal(*reports: Report) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(terminal_page(reports, CONTEXT))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def as_page(*reports: Report, context: Context = CONTEXT) -> str:
    page = io.StringIO()
    write_page(reports, context, page)
    return page.getvalue()


# --- Values


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, Kind.NUMBER, "–"),
        ("", Kind.TEXT, "–"),
        (0, Kind.NUMBER, "0"),
        (2.5, Kind.DAYS, "2.5"),
        (3.0, Kind.DAYS, "3"),
        (0.3333, Kind.SHARE, "33.3 %"),
        (True, Kind.MARK, "yes"),
        (False, Kind.MARK, "no"),
        (date(2026, 3, 1), Kind.MONTH, "2026-03"),
        (date(2026, 3, 1), Kind.DAY, "2026-03-01"),
        (NOW, Kind.MOMENT, "2026-06-01 12:00"),
        ("INT-1", Kind.ISSUE, "INT-1"),
    ],
)
def test_values_for_people(value: object, kind: Kind, text: str) -> None:
    assert written(value, kind, "America/New_York") == text  # type: ignore[arg-type]


# --- CSV and JSON


def test_csv_has_keys_first_and_nothing_that_a_spreadsheet_would_run() -> None:
    text = csv_of(table(("=1+1", -3, date(2026, 3, 2)), ('a "b", c', None, None)))
    assert list(csv.reader(io.StringIO(text))) == [
        ["name", "count", "day"],
        ["'=1+1", "-3", "2026-03-02"],
        ['a "b", c', "", ""],
    ]


def test_json_tells_every_row_by_its_keys() -> None:
    report = Report(name="r", title="R", tables=(table(("a", 1, date(2026, 3, 2)), notes=("n",)),))
    told = json.loads(json.dumps(json_of([report], CONTEXT)))
    (found,) = told["reports"][0]["tables"]
    assert found["rows"] == [{"name": "a", "count": 1, "day": "2026-03-02"}]
    assert found["columns"][1] == {"key": "count", "title": "Count", "kind": "number"}
    assert (told["at"], told["zone"], found["notes"]) == (NOW.isoformat(), "America/New_York", ["n"])


# --- Terminal


def test_the_terminal_shows_the_first_rows_and_says_what_is_left_out() -> None:
    many = tuple((f"row{n:02}", n, None) for n in range(25))
    text = on_terminal(Report(name="r", title="R", tables=(table(*many, notes=("by the way",)),)))
    assert "row00" in text
    assert "row20" not in text
    assert "5 more rows: --format csv, json or html has all" in text
    assert "by the way" in text


def test_of_a_series_the_last_rows_are_shown() -> None:
    many = tuple((f"row{n:02}", n, None) for n in range(21))
    text = on_terminal(Report(name="r", title="A table", tables=(table(*many, series=True),)))
    assert "row00" not in text
    assert "row20" in text
    assert "1 earlier row" in text
    assert text.count("A table") == 1


def test_details_give_way_and_one_row_is_shown_upright() -> None:
    shape = (Column(key="a", title="Alpha"), Column(key="b", title="Beta", detail=True))
    text = on_terminal(
        Report(
            name="r",
            title="R",
            tables=(
                Table(name="x", title="X", columns=shape, rows=(("one", "two"), ("three", "four"))),
                table(("upright", 7, None)),
                Table(name="y", title="Y", columns=shape, rows=()),
            ),
        )
    )
    assert "Beta" not in text
    assert "1 more column:" in text
    assert re.search(r"Name +upright\n", text)
    assert "none" in text


def test_texts_of_people_do_not_command_the_terminal() -> None:
    text = on_terminal(Report(name="r", title="R", tables=(table(("\x1b[31m[bold]x", 1, None), ("b", 2, None)),)))
    assert "\x1b" not in text
    assert "[bold]x" in text


# --- The page


class Page(HTMLParser):
    """What a page loads, runs and links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.styled: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.loaded += [str(given[name]) for name in ("src", "xlink:href") if name in given]
        self.links += [str(given["href"])] if tag == "a" else []
        self.styled += [tag] if "style" in given else []
        self.ids += [str(given["id"])] if "id" in given else []


def test_the_page_stands_alone(crowd: Store) -> None:
    """No script, nothing loaded, no inline style, each identifier once; it links to Jira and within itself only."""
    reports = told(read(crowd, MAPPINGS, Selection(), NOW))
    page = Page(text := as_page(*reports))
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert (page.loaded, page.styled) == ([], [])
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith(("#", "https://jira.example/browse/INT-")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "url(" not in text
    assert "@import" not in text
    assert page.tags.count("svg") == len(CHARTS)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_long_tables_are_folded() -> None:
    many = tuple((f"row{n}", n, None) for n in range(26))
    page = as_page(Report(name="r", title="R", tables=(table(*many), table(*many[:2], about="Just two."))))
    assert page.count("<details>") == 1
    assert "<summary>26 rows</summary>" in page
    assert "Just two." in page


def test_texts_of_people_are_no_markup() -> None:
    one = projection("INT-1", stays(("discovery", "2026-05-18")), summary=EVIL)
    page = as_page(*told(portfolio(one)))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    charted = table((EVIL, 1, None), (EVIL, 2, None), name="certification.reasons")
    named = Table(
        name=charted.name, title=EVIL, columns=columns("Reason", ("Rounds", Kind.NUMBER)), rows=((EVIL, 1), (EVIL, 2))
    )
    (figure,) = figures(named)
    assert "<script" not in figure.svg


def test_without_a_site_there_are_no_links() -> None:
    context = Context(at=NOW, zone="UTC", selection={"consultant": "Ana", "since": "2026-01-01"}, projects=1)
    page = as_page(*told(portfolio(projection("INT-1", stays(("discovery", "2026-05-18"))))), context=context)
    assert "browse/" not in page
    assert "1 project · TC Ana, from 2026-01-01" in page


# --- Charts


def test_charts_have_names_values_and_colours_but_no_script_or_style(crowd: Store) -> None:
    drawn = {}
    for report in told(read(crowd, MAPPINGS, Selection(), NOW)):
        for one in report.tables:
            drawn.update(zip([one.name], figures(one), strict=False))
    assert set(drawn) == set(CHARTS)
    for figure in drawn.values():
        assert figure.svg.startswith("<svg ")
        assert not re.search(r"<script|<style|<desc| id=| style=|xlink", figure.svg)
        assert f"<title>{figure.title}</title>" in figure.svg
        assert {f"color-{n}" for _, n in figure.legend} <= set(re.findall(r"color-\d", figure.svg))


def test_long_labels_are_cut_and_no_rows_draw_nothing() -> None:
    shape = columns("Reason", ("Rounds", Kind.NUMBER))
    empty = Table(name="certification.reasons", title="Why", columns=shape, rows=())
    assert figures(empty) == ()
    full = Table(name="certification.reasons", title="Why", columns=shape, rows=(("x" * 60, 1),))
    assert f"{'x' * 29}…" in figures(full)[0].svg
    assert figures(table(("a", 1, None))) == ()


# --- Reading


def test_the_store_is_read_once_with_progress(crowd: Store) -> None:
    seen: list[int] = []
    found = read(crowd, MAPPINGS, Selection(), NOW, seen.append)
    assert len(found.projects) == sum(seen) == crowd.projections.count() == 300
    assert found.unknown == 0
    some = read(crowd, MAPPINGS, Selection(consultant="ana"), NOW)
    keys = {project.key for project in some.projects}
    assert 0 < len(keys) < 300
    assert {answer.key for answer in some.answers} <= keys
    assert len(some.past) == 300


def test_projects_of_lifecycles_no_longer_configured_are_counted(crowd: Store) -> None:
    found = read(crowd, {"minimal": MAPPINGS["minimal"]}, Selection(), NOW)
    assert (found.projects, found.unknown) == ((), 300)
    (standing, _) = told(found, ("portfolio",))[0].tables
    assert "300 project(s) are left out" in standing.notes[0]


# --- One project


def test_the_history_of_one_project(crowd: Store) -> None:
    key = next(seen.key for seen in crowd.projections.all() if len(seen.state["visits"]) == 6)
    done = Entry(issue_id=key[4:], key=key, kind="written", at=NOW, reasons=("why",), detail={"planned": ["a", "b"]})
    crowd.ledger.write([done])
    report = history(read(crowd, MAPPINGS, Selection(project=key), NOW), crowd)
    found = {one.name: one for one in report.tables}
    assert report.title.startswith(f"{key}: ")
    assert found["history.facts"].rows[0][0] == key
    assert len(found["history.stays"].rows) == 6
    assert found["history.stays"].rows[-1][2] is None
    assert found["history.ledger"].rows[0] == (NOW, "written", "a; b", "why", None)
    assert [row[3] for row in found["history.moves"].rows if row[3] != "refused"] == ["accepted"] * 5
    assert "history" in as_page(report)


def test_a_history_of_rounds_and_open_steps() -> None:
    from portfolios import certified_round, step

    entry = certified_round(1, slot="2026-05-20", given_up=["2026-05-11", "2026-05-13"], reasons=["a", "b"], early=True)
    seen = projection("INT-1", stays(("certification", "2026-05-04")), rounds=[entry], steps=[step("round", "client")])

    class Empty:
        class ledger:  # noqa: N801
            @staticmethod
            def entries(**_wanted: object) -> tuple[Entry, ...]:
                return ()

    report = history(portfolio(seen), Empty())  # type: ignore[arg-type]
    found = {one.name: one.rows for one in report.tables}
    assert found["history.rounds"][0][:3] == (1, date(2026, 5, 20), "2026-05-11, 2026-05-13")
    assert found["history.steps"][0][2] == "client"


# --- What is asked for, and where it goes


def asked(store: Store, *names: str, **wanted: object) -> tuple[tuple[Report, ...], Context]:
    return tell(store, [PAYTRONIX], Selection(**wanted), names, site="https://j.example/", progress=silent)  # type: ignore[arg-type]


def test_reports_and_single_tables_by_name(crowd: Store) -> None:
    reports, context = asked(crowd, "flow", "certification.rounds", "certification.reasons")
    assert [[one.name for one in report.tables] for report in reports] == [
        ["flow.counts"],
        ["certification.rounds", "certification.reasons"],
    ]
    assert (context.site, context.projects, context.zone) == ("https://j.example", 300, "America/New_York")
    whole, _ = asked(crowd, "certification.rounds", "certification")
    assert len(whole[0].tables) == 6


def test_one_project_is_told_with_its_history_and_forecast(crowd: Store) -> None:
    reports, _ = asked(crowd, project="int-7")
    assert [report.name for report in reports] == ["history", "forecast"]


@pytest.mark.parametrize(
    ("names", "wanted", "words"),
    [
        (["nonsense"], {}, "no such report; there are portfolio, stages"),
        (["flow.nonsense"], {}, "no such table; flow has flow.counts"),
        (["history"], {}, "name it, as in --project INT-12"),
        (["flow"], {"since": date(2026, 2, 1), "until": date(2026, 1, 1)}, "ends .* before it begins"),
    ],
)
def test_what_there_is_not(crowd: Store, names: list[str], wanted: dict[str, object], words: str) -> None:
    with pytest.raises(UnknownReport, match=words):
        asked(crowd, *names, **wanted)


def test_a_project_that_is_not_known(crowd: Store) -> None:
    with pytest.raises(NoSuchProject, match="INT-99999: no such project"):
        asked(crowd, project="INT-99999")
    with pytest.raises(NoSuchProject, match="INT-99999: no such project"):
        asked(crowd, "stages", project="int-99999")
    with pytest.raises(NoSuchProject, match="ITN: no mapping is for this Jira project; there is INT"):
        asked(crowd, project="ITN")
    assert asked(crowd, project="int")[1].projects


def test_csv_goes_into_a_folder_or_one_table_out(crowd: Store, tmp_path: Path) -> None:
    said: list[str] = []
    reports, context = asked(crowd, "waiting")
    give(reports, context, style="csv", output=tmp_path / "new", say=said.append)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["waiting.overdue.csv", "waiting.parties.csv"]
    assert (tmp_path / "new/waiting.parties.csv").read_bytes().startswith(b"\xef\xbb\xbfparty,")
    with pytest.raises(UnknownReport, match=r"name one of waiting\.parties, waiting\.overdue"):
        give(reports, context, style="csv", output=None, say=said.append)
    give(*asked(crowd, "waiting.parties"), style="csv", output=None, say=said.append)
    assert said[-1].startswith("party,")


def test_json_and_html_go_into_files(crowd: Store, tmp_path: Path) -> None:
    said: list[str] = []
    reports, context = asked(crowd, "flow")
    give(reports, context, style="json", output=tmp_path / "r.json", say=said.append)
    give(reports, context, style="json", output=None, say=said.append)
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == json.loads(said[0])
    give(reports, context, style="html", output=tmp_path / "r.html", say=said.append)
    assert "<h1>Cumulative flow</h1>" in (tmp_path / "r.html").read_text(encoding="utf-8")
    with pytest.raises(UnknownReport, match=r"--output report\.html"):
        give(reports, context, style="html", output=None, say=said.append)
    with pytest.raises(StagegateError, match="can't be written"):
        give(reports, context, style="html", output=tmp_path / "none/r.html", say=said.append)


def test_the_terminal_takes_no_file(crowd: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports, context = asked(crowd, "stages")
    give(reports, context, style="terminal", output=None, say=print)
    assert "Stage durations" in capsys.readouterr().out
    with pytest.raises(UnknownReport, match="--output needs"):
        give(reports, context, style="terminal", output=tmp_path / "x", say=print)


def test_now_is_the_stores(crowd: Store) -> None:
    _, context = asked(crowd, "stages")
    assert context.at == NOW == datetime(2026, 6, 1, 16, tzinfo=UTC) + timedelta(0)
