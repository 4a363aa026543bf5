"""`fit_chunk`: bytes in, bytes out; the only thing a worker runs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from analysis.batch.lenses import error_cells, fit_effects, fit_others, lens_columns
from analysis.batch.reading import LongInput
from analysis.batch.request import Chunk, RawSeries
from analysis.domain import Period, TradeSeries, Window
from analysis.domain.results import Cell
from analysis.domain.series import as_period
from analysis.errors import InputError, TradebreaksError

SIGNIFICANT = "%.12g"


def fit_chunk(payload: bytes) -> bytes:
    """Estimate what a chunk asks for.

    Parameters
    ----------
    payload : bytes
        `Chunk.to_bytes`.

    Returns
    -------
    bytes
        CSV rows without a header, in the order of the series; UTF-8.
    """
    chunk = Chunk.from_bytes(payload)
    options = chunk.options
    read: list[TradeSeries | str] = [_read(raw, options.gaps) for raw in chunk.series]
    for position, raw in enumerate(chunk.series):
        if not isinstance(read[position], str) and raw.key not in chunk.events:
            read[position] = f"the series '{raw.id}' is of '{raw.key}', for which the event file has no rows"
    rows: list[Sequence[Sequence[Cell]]] = [()] * len(read)
    for key, events in chunk.events.items():
        own = [k for k, raw in enumerate(chunk.series) if raw.key == key and not isinstance(read[k], str)]
        series = [one for k in own if not isinstance(one := read[k], str)]
        if not series:
            continue
        fit = fit_effects if options.lens == "effects" else fit_others
        for k, found in zip(own, fit(series, events, options), strict=True):
            rows[k] = found
    columns = lens_columns(options)
    for k, one in enumerate(read):
        if isinstance(one, str):
            rows[k] = [error_cells(chunk.series[k].id, one, columns)]
    return write_rows([row for found in rows for row in found])


def read_panel(source: Any, gaps: Any = "refuse") -> tuple[list[TradeSeries], list[tuple[str, str]]]:
    """Read all series of a long input.

    Parameters
    ----------
    source : path or DataFrame
        As `run_batch` takes it.
    gaps : {"refuse", "missing"}

    Returns
    -------
    series : list of TradeSeries
    unread : list of (str, str)
        Series that cannot be read, and the reason.

    Raises
    ------
    InputError
        If the input cannot be read as a whole.
    """
    whole = LongInput(source)
    series, unread = [], []
    for raw in whole.series(whole.overview().contiguous):
        read = _read(raw, gaps)
        if isinstance(read, str):
            unread.append((raw.id, read))
        else:
            series.append(read)
    return series, unread


def write_rows(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return rows as CSV with 12 significant digits; null is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([_cell(cell) for cell in row])
    return text.getvalue().encode("utf-8")


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return SIGNIFICANT % (cell + 0.0) if isinstance(cell, float) else str(cell)


def _read(raw: RawSeries, gaps: Any) -> TradeSeries | str:
    """Return the series, or the reason why it cannot be read."""
    if raw.problem:
        return raw.problem
    try:
        return _build(raw, gaps)
    except TradebreaksError as problem:
        return problem.message


@lru_cache(maxsize=100_000)
def _period(text: str) -> Period | Window:
    return as_period(text)


def _build(raw: RawSeries, gaps: Any) -> TradeSeries:
    periods = [_period(text) for text in raw.periods]
    values = [_number(v, raw, k, "value") for k, v in enumerate(raw.values)]
    errors = 0.0 if raw.rse is None else [_number(v, raw, k, "rse") for k, v in enumerate(raw.rse)]
    return TradeSeries.from_values(periods, values, id=raw.id, rse=errors, gaps=gaps)


def _number(cell: Any, raw: RawSeries, row: int, column: str) -> float | None:
    if cell is None or cell == "":
        return None
    try:
        number = float(cell)
    except (TypeError, ValueError):
        number = math.inf
    if not math.isfinite(number) or "_" in str(cell):
        raise InputError(
            f"the series '{raw.id}': '{cell}' in the column '{column}' of {raw.periods[row]} is not a number"
        )
    return number
