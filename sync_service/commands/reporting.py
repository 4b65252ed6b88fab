"""`stagegate report`: which reports are asked for, and where they go. The store alone is asked; Jira may be down."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from mappings import Mapping as LifecycleMapping
from sync_service.errors import ConfigurationError, StagegateError
from sync_service.reports import REPORTS, Portfolio, Report, Selection, Table, history, read, report
from sync_service.reports.render import Context, csv_of, json_of, terminal_page, write_page
from sync_service.showing import show
from sync_service.store import Store

HISTORY = "history"
SPREADSHEET = "utf-8-sig"
"""Files of CSV begin with a byte-order mark: without one Excel takes UTF-8 for something else."""

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


class UnknownReport(ConfigurationError):
    """There is no such report."""


class NoSuchProject(StagegateError):
    """The project issue, or the Jira project, that is asked for is not known."""

    reason = "not_a_project"


def tell(
    store: Store,
    mappings: Sequence[LifecycleMapping],
    selection: Selection,
    names: Sequence[str],
    *,
    site: str,
    progress: Progress,
) -> tuple[tuple[Report, ...], Context]:
    """Read the store once and tell the reports asked for: by name, single tables by theirs; all without a name.

    For one project issue its history comes first. Raises UnknownReport, and NoSuchProject for an unknown one.
    """
    _check(names, selection)
    _check_project(selection, mappings)
    with progress("Reading projects", store.projections.count()) as advance:
        portfolio = read(store, {mapping.name: mapping for mapping in mappings}, selection, store.now(), advance)
    if selection.issue and not portfolio.projects:
        raise NoSuchProject(
            f"{selection.issue}: no such project is known here; `stagegate audit` asks for a look at every project"
        )
    context = Context(
        at=portfolio.now,
        zone=portfolio.told_mappings[0].calendar.timezone,
        selection=selection.told(),
        projects=len(portfolio.projects),
        site=site.rstrip("/"),
    )
    return tuple(_reports(store, portfolio, names)), context


def _check(names: Iterable[str], selection: Selection) -> None:
    for name in names:
        if name.partition(".")[0] not in (*REPORTS, HISTORY):
            raise UnknownReport(f"{name}: no such report; there are {', '.join(REPORTS)}, and {HISTORY} of one project")
        if name.partition(".")[0] == HISTORY and not selection.issue:
            raise UnknownReport(f"{HISTORY} is one project's: name it, as in --project INT-12")
    if selection.since and selection.until and selection.until < selection.since:
        raise UnknownReport(f"the period ends ({selection.until}) before it begins ({selection.since})")


def _check_project(selection: Selection, mappings: Iterable[LifecycleMapping]) -> None:
    served = sorted({mapping.jira.project for mapping in mappings})
    if selection.project and not selection.issue and selection.project.upper() not in served:
        raise NoSuchProject(f"{selection.project}: no mapping is for this Jira project; there is {', '.join(served)}")


def _reports(store: Store, portfolio: Portfolio, names: Sequence[str]) -> Iterable[Report]:
    asked = names or ([HISTORY, "forecast"] if portfolio.selection.issue else list(REPORTS))
    whole: dict[str, Report] = {}
    for name in asked:
        subject = name.partition(".")[0]
        if subject not in whole:
            whole[subject] = history(portfolio, store) if subject == HISTORY else report(portfolio, subject)
    for subject, told in whole.items():
        wanted = [name for name in asked if name.partition(".")[0] == subject]
        yield told if subject in wanted else replace(told, tables=tuple(_tables(told, wanted)))


def _tables(told: Report, wanted: Sequence[str]) -> Iterable[Table]:
    known = {table.name: table for table in told.tables}
    for name in wanted:
        if name not in known:
            raise UnknownReport(f"{name}: no such table; {told.name} has {', '.join(known)}")
        yield known[name]


def give(
    reports: Sequence[Report], context: Context, *, style: str, output: Path | None, say: Callable[[str], None]
) -> None:
    """Put the reports where they are wanted: CSV into a folder or one table on the terminal, others into one file.

    Raises UnknownReport where CSV would hold several tables, and StagegateError where a file can't be written.
    """
    try:
        match style:
            case "csv":
                _csv(reports, output, say)
            case "json":
                _json(reports, context, output, say)
            case "html":
                _html(reports, context, output, say)
            case _:
                _terminal(reports, context, output)
    except OSError as error:
        raise StagegateError(f"{output}: can't be written: {error.strerror}") from None


def _terminal(reports: Sequence[Report], context: Context, output: Path | None) -> None:
    if output is not None:
        raise UnknownReport("--output needs --format csv, json or html")
    show(terminal_page(reports, context))


def _csv(reports: Sequence[Report], output: Path | None, say: Callable[[str], None]) -> None:
    tables = [table for one in reports for table in one.tables]
    if output is None and len(tables) != 1:
        names = ", ".join(table.name for table in tables)
        raise UnknownReport(f"CSV holds one table: name one of {names}; or name a folder for all with --output")
    if output is None:
        say(csv_of(tables[0]).rstrip("\r\n"))
        return
    output.mkdir(parents=True, exist_ok=True)
    for table in tables:
        path = output / f"{table.name}.csv"
        path.write_text(csv_of(table), encoding=SPREADSHEET, newline="")
    say(f"{len(tables)} table(s) are in {output}")


def _json(reports: Sequence[Report], context: Context, output: Path | None, say: Callable[[str], None]) -> None:
    text = json.dumps(json_of(reports, context), indent=2, ensure_ascii=False)
    if output is None:
        say(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")


def _html(reports: Sequence[Report], context: Context, output: Path | None, say: Callable[[str], None]) -> None:
    if output is None:
        raise UnknownReport("HTML goes into a file: name it, as in --output report.html")
    heading = reports[0].title if len(reports) == 1 or reports[0].name == HISTORY else "Integration projects"
    with output.open("w", encoding="utf-8") as file:
        write_page(reports, context, file, heading=heading)
    say(f"the report is in {output}")
