"""The reports: which there are, and the tables that each consists of."""

from collections.abc import Callable, Iterable
from collections.abc import Mapping as MappingOf
from types import MappingProxyType

from sync_service.reports import certification, crossings, flow, stages, waiting
from sync_service.reports.forecast import forecast
from sync_service.reports.portfolio import Portfolio
from sync_service.reports.table import Report, Table

Tell = Callable[[Portfolio], Table]

REPORTS: MappingOf[str, tuple[str, tuple[Tell, ...]]] = MappingProxyType(
    {
        "portfolio": ("Portfolio", (stages.standing, stages.projects)),
        "stages": ("Stage durations", (stages.durations,)),
        "flow": ("Cumulative flow", (flow.cumulative,)),
        "throughput": ("Throughput and time to launch", (flow.launches, flow.throughput)),
        "certification": (
            "Certification",
            (
                certification.summary,
                certification.rounds,
                certification.reasons,
                certification.slots,
                certification.fee_summary,
                certification.exposure,
            ),
        ),
        "waiting": ("Waiting and overdue", (waiting.parties, waiting.overdue)),
        "gates": (
            "Gates: refusals and overrides",
            (crossings.edges, crossings.missing, crossings.refusals, crossings.overrides),
        ),
        "forecast": ("Forecast", (forecast,)),
    }
)
"""Each report by its name: its title, and what tells its tables."""


def told(portfolio: Portfolio, names: Iterable[str] = ()) -> tuple[Report, ...]:
    """Tell the named reports, all without a name; raises KeyError for a name that there is not."""
    return tuple(report(portfolio, name) for name in (tuple(names) or REPORTS))


def report(portfolio: Portfolio, name: str) -> Report:
    """Tell one report."""
    title, tables = REPORTS[name]
    return Report(name=name, title=title, tables=tuple(tell(portfolio) for tell in tables))
