"""The reports, where managers look: the page that links to them, and each as it would be mailed."""

from flask import Blueprint, render_template

from webhooks.console.desk import Desk


def reporting(desk: Desk, blueprint: Blueprint) -> None:
    """Add the page of the reports."""

    @blueprint.get("/reports")
    def reports() -> str:
        return render_template("console/reports.html", lifecycles=desk.console.lifecycles)
