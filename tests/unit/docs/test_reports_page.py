"""docs/reports.md names every report, and none that there isn't."""

from docpages import rows, sections

from sync_service.commands.reporting import HISTORY
from sync_service.reports import REPORTS


def test_every_report_has_its_row_and_no_other() -> None:
    assert set(rows(sections("reports.md")["What is counted"])) == {*REPORTS, HISTORY}
