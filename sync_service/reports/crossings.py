"""How gates answered: what was accepted, refused and overridden, and what was missing."""

from collections import Counter, defaultdict

from sync_service.reports.portfolio import Answered, Portfolio
from sync_service.reports.spread import share_of
from sync_service.reports.table import Kind, Row, Table, columns, tuples

VERDICTS = ("accepted", "overridden", "warned", "observed", "refused")


def _told(portfolio: Portfolio) -> list[Answered]:
    return [one for one in portfolio.answers if portfolio.happened(portfolio.mappings[one.mapping], one.at)]


def edges(portfolio: Portfolio) -> Table:
    """Count the answers of each gate."""
    answers = _told(portfolio)
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for one in answers:
        counts[one.mapping, one.source, one.target][one.verdict] += 1
    return Table(
        name="gates.edges",
        title="How gates answered",
        about="Every move of a project to another stage, by how it was answered.",
        columns=columns(
            "From", "To", *((verdict.capitalize(), Kind.NUMBER) for verdict in VERDICTS), ("Refusal rate", Kind.SHARE)
        ),
        rows=tuples(
            (portfolio.stage(mapping, source), portfolio.stage(mapping, target), *(held[v] for v in VERDICTS),
             share_of(held["refused"], held.total()))
            for (mapping, source, target), held in sorted(counts.items(), key=lambda one: _place(portfolio, one[0]))
        ),
        notes=_horizon(portfolio),
    )  # fmt: skip


def _horizon(portfolio: Portfolio) -> tuple[str, ...]:
    """Say from when on the ledger tells of these projects: older entries are pruned."""
    if not portfolio.answers:
        return ("The ledger holds no answer yet to a move of these projects.",)
    return (f"The ledger tells of moves since {min(one.at for one in portfolio.answers):%Y-%m-%d}.",)


def _place(portfolio: Portfolio, edge: tuple[str, str, str]) -> tuple[str, int, int]:
    name, *stages = edge
    known = list(portfolio.mappings[name].stages)
    first, second = (known.index(stage) if stage in known else len(known) for stage in stages)
    return name, first, second


def missing(portfolio: Portfolio) -> Table:
    """Count what the refused moves missed."""
    refused = [one for one in _told(portfolio) if one.verdict == "refused"]
    counts = Counter(reason for one in refused for reason in dict.fromkeys(one.reasons))
    return Table(
        name="gates.missing",
        title="What refused moves missed",
        about="A move may miss several things.",
        columns=columns("Missing", ("Refusals", Kind.NUMBER), ("Share of refusals", Kind.SHARE)),
        rows=tuples(
            (reason, count, share_of(count, len(refused)))
            for reason, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        ),
    )


def refusals(portfolio: Portfolio) -> Table:
    """List the refused moves, the newest first."""
    refused = [one for one in _told(portfolio) if one.verdict == "refused"]
    return Table(
        name="gates.refusals",
        title="Refused moves",
        columns=columns(("At", Kind.MOMENT), ("Key", Kind.ISSUE), "From", "To", "By", "Missing"),
        rows=tuples(_answer(portfolio, one) for one in sorted(refused, key=lambda one: one.at, reverse=True)),
    )


def _answer(portfolio: Portfolio, one: Answered) -> Row:
    return (
        one.at,
        one.key,
        portfolio.stage(one.mapping, one.source),
        portfolio.stage(one.mapping, one.target),
        one.by,
        ", ".join(dict.fromkeys(one.reasons)),
    )


def overrides(portfolio: Portfolio) -> Table:
    """List the overrides that were asked for in the period, the newest first; the issues' own records tell of them."""
    rows: list[Row] = [
        (one.at, project.key, project.summary, portfolio.stage(project.mapping, one.stage), project.name(one.by),
         "used" if one.used else "granted" if one.granted else "not granted")
        for project in portfolio.projects
        for one in project.overrides
        if portfolio.happened(portfolio.mapping(project), one.at)
    ]  # fmt: skip
    rows.sort(key=lambda row: (str(row[0]), str(row[1])), reverse=True)
    return Table(
        name="gates.overrides",
        title="Overrides",
        columns=columns(("At", Kind.MOMENT), ("Key", Kind.ISSUE), "Summary", "Out of", "By", "Outcome"),
        rows=tuple(sorted(rows, key=_newest, reverse=True)),
    )


def _newest(row: Row) -> tuple[str, str]:
    return str(row[0]), str(row[1])
