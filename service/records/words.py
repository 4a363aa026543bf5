"""A record in words: title, what it measures, its figures with their intervals, how to cite it."""

from __future__ import annotations

from analysis.domain.results import plain_table
from service.records.tables import main_table, notes
from service.store import Record


def summary(record: Record) -> str:
    """Return title, table and notes as plain text."""
    table = main_table(record)
    lines = [table.title, "", plain_table(table.columns, table.rows), *notes(record)]
    return "\n".join(lines).rstrip() + "\n"
