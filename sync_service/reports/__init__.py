"""Tells managers: figures from the projections, charts, pages and the certification calendar. See docs/reports.md."""

from sync_service.reports.history import history
from sync_service.reports.portfolio import Portfolio, Selection, read
from sync_service.reports.table import Column, Kind, Report, Table
from sync_service.reports.tables import REPORTS, report, told

__all__ = [
    "REPORTS",
    "Column",
    "Kind",
    "Portfolio",
    "Report",
    "Selection",
    "Table",
    "history",
    "read",
    "report",
    "told",
]
