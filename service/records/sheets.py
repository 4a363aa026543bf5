"""The main table of a record for spreadsheets and statistics programs; each row says what it measures."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

from analysis.domain import Cell
from analysis.domain.text import neutral
from analysis.errors import MissingExtraError
from service.records.tables import MainTable, main_table, notes
from service.store import Record

CONTEXT = ("record_id", "series", "unit", "level", "estimand")
"""Columns that every row begins with: a row that is copied out of the table still says what it is."""

STATA_TEXT = 2045
"""Longest text of a fixed-width Stata column."""

STATA_LABEL = 80
"""Longest label of a Stata variable or data set."""

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time stamp of the parts of a workbook: the same record gives the same bytes."""


def as_csv(record: Record) -> bytes:
    """Return the main table as CSV in UTF-8; no cell can be run as a formula."""
    table = main_table(record)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([*CONTEXT, *table.columns])
    before = _context(record, table)
    for row in table.rows:
        writer.writerow([_text(cell) for cell in (*before, *row)])
    return file.getvalue().encode("utf-8")


def as_xlsx(record: Record) -> bytes:
    """Return the main table and its notes as an Excel workbook without a formula in it.

    Raises
    ------
    MissingExtraError
        If `openpyxl` is not installed.
    """
    try:
        from openpyxl import Workbook
        from openpyxl.writer.excel import ExcelWriter
    except ModuleNotFoundError:
        raise MissingExtraError.naming("an Excel workbook", "service") from None
    table = main_table(record)
    book = Workbook()
    stamp = _created(record)
    book.properties.created = book.properties.modified = stamp.replace(tzinfo=None)
    book.properties.title = table.title
    book.properties.creator = "tradebreaks"
    sheet = book.active
    sheet.title = "Estimate"
    before = _context(record, table)
    for number, row in enumerate(([*CONTEXT, *table.columns], *((*before, *r) for r in table.rows)), start=1):
        _write(sheet, number, row)
    about = book.create_sheet("About")
    for number, line in enumerate((table.title, *notes(record)), start=1):
        _write(about, number, (line,))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        ExcelWriter(book, archive).save()  # Workbook.save would set the time of the change to now
    return _dated(file.getvalue())


def as_dta(record: Record) -> bytes:
    """Return the main table as a Stata 14 (or later) data set."""
    import pandas as pd

    table = main_table(record)
    columns = [*CONTEXT, *table.columns]
    labels = [
        "Id of the record",
        "Series",
        "Unit of estimate, lower and upper",
        "Probability of the intervals",
        "What the figures measure and what they leave out",
        *(field.label for field in table.fields),
    ]
    before = _context(record, table)
    frame = pd.DataFrame([[*before, *row] for row in table.rows], columns=columns)
    long = []
    for name in columns:
        values = frame[name]
        if values.map(lambda v: isinstance(v, (int, float)) or v is None).all() and values.notna().any():
            frame[name] = values.astype("float64")
        else:
            frame[name] = values.map(lambda v: "" if pd.isna(v) else str(v)).astype(object)
            if frame[name].map(len).max() > STATA_TEXT or name == "estimand":
                long.append(name)
    file = io.BytesIO()
    frame.to_stata(
        file,
        write_index=False,
        version=118,
        convert_strl=long,
        time_stamp=_created(record).replace(tzinfo=None),
        data_label=table.title[:STATA_LABEL],
        variable_labels=dict(zip(columns, (label[:STATA_LABEL] for label in labels), strict=True)),
    )
    return file.getvalue()


def _context(record: Record, table: MainTable) -> tuple[Cell, ...]:
    document = record.document
    return record.id, document["series"], table.unit, table.level, " ".join(document["estimand"].split())


def _created(record: Record) -> datetime:
    return datetime.strptime(record.created_at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC, microsecond=0)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.12g}"
    return neutral(cell) if isinstance(cell, str) else str(cell)


def _write(sheet: Any, number: int, row: Any) -> None:
    for position, value in enumerate(row, start=1):
        if value is None:
            continue
        cell = sheet.cell(row=number, column=position)
        if isinstance(value, str):
            cell.value = _printable(neutral(value))
            cell.data_type = "s"
        else:
            cell.value = value


def _printable(text: str) -> str:
    """Return `text` without the control characters that a workbook cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n\r")


def _dated(workbook: bytes) -> bytes:
    """Return the same workbook with fixed times inside the archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            part = zipfile.ZipInfo(name, ZIP_EPOCH)
            part.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(part, source.read(name))
    return file.getvalue()
