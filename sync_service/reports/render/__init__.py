"""Puts reports before people and programs: the terminal, CSV, JSON, and one HTML file that needs nothing else."""

from sync_service.reports.render.comma import csv_of
from sync_service.reports.render.page import write_page
from sync_service.reports.render.structured import json_of
from sync_service.reports.render.terminal import terminal_page
from sync_service.reports.render.words import Context

__all__ = ["Context", "csv_of", "json_of", "terminal_page", "write_page"]
