"""Reports as one JSON value."""

from collections.abc import Iterable
from typing import Any

from sync_service.reports.render.words import Context
from sync_service.reports.table import Report, Table


def json_of(reports: Iterable[Report], context: Context) -> dict[str, Any]:
    """Return the reports in values that JSON knows; rows are objects by the columns' keys, times ISO 8601."""
    return {
        "at": context.at.isoformat(),
        "zone": context.zone,
        "selection": dict(context.selection),
        "projects": context.projects,
        "reports": [
            {"name": report.name, "title": report.title, "tables": [_table(table) for table in report.tables]}
            for report in reports
        ],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "about": table.about,
        "notes": list(table.notes),
        "columns": [{"key": one.key, "title": one.title, "kind": str(one.kind)} for one in table.columns],
        "rows": list(table.records()),
    }
