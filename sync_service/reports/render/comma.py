"""A table as comma-separated values (RFC 4180)."""

import csv
import io

from sync_service.reports.table import Table, plain

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take the beginning of a formula for: https://owasp.org/www-community/attacks/CSV_Injection."""


def csv_of(table: Table) -> str:
    """Write a table, its columns' keys first; texts that a spreadsheet would run are quoted with an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.key for column in table.columns])
    writer.writerows([_harmless(plain(value)) for value in row] for row in table.rows)
    return text.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
