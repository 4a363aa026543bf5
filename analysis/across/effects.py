"""What a batch estimated, read back: one effect of one series a row."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("series_id", "event_id", "log_effect", "se", "group", "status", "error")
PARQUET = (".parquet", ".pq")
LEVEL_REASON = "its effect is on the level scale: effects are set side by side in logs"
NULL_REASON = "its effect is not identified"


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One effect of one series.

    Attributes
    ----------
    series_id, event_id : str
        The latter joined by ``+`` for a sum of effects.
    estimate, se : float
        In logs.
    group : str or None
        Events that this series cannot tell apart.
    pvalue : float or None
        Two-sided tail probability of no effect; None where the table has no such column.
    """

    series_id: str
    event_id: str
    estimate: float
    se: float
    group: str | None
    pvalue: float | None


@dataclass(frozen=True)
class EffectsTable:
    """Effects that can be set side by side, and the rows that cannot.

    Attributes
    ----------
    rows : tuple of EffectRow
        In the order of the file.
    left_out : tuple of (str, str, str)
        Series, event (empty where the whole series failed) and reason.
    """

    rows: tuple[EffectRow, ...]
    left_out: tuple[tuple[str, str, str], ...]

    @property
    def event_ids(self) -> tuple[str, ...]:
        """Events in order of appearance."""
        return tuple(dict.fromkeys(row.event_id for row in self.rows))

    def of(self, event_id: str) -> tuple[EffectRow, ...]:
        """Return the rows of one event.

        Raises
        ------
        InputError
            If no row has it, naming those that exist.
        """
        found = tuple(row for row in self.rows if row.event_id == event_id)
        if not found:
            raise InputError(
                f"no effect of '{event_id}' in the table; it has {', '.join(self.event_ids) or 'none'}"
            )
        return found


def read_effects(source: str | os.PathLike[str] | pd.DataFrame) -> EffectsTable:
    """Read the output of `analysis.batch` with the lens ``effects``.

    Parameters
    ----------
    source : path or DataFrame
        CSV or Parquet, by its ending.

    Raises
    ------
    InputError
        Naming file, row and column.
    """
    name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else "the frame"
    rows: list[EffectRow] = []
    left_out: list[tuple[str, str, str]] = []
    seen: set[tuple[str, str]] = set()
    for number, cells in enumerate(_records(source, name), start=2):
        series_id, event_id = cells["series_id"], cells["event_id"]
        place = f"row {number} of {name}"
        if cells["status"] != "ok":
            left_out.append((series_id, "", cells["error"] or "no reason given"))
            continue
        if (series_id, event_id) in seen:
            raise InputError(f"{place}: '{event_id}' of the series '{series_id}' appears twice")
        seen.add((series_id, event_id))
        estimate, se = _number(cells, "log_effect", place), _number(cells, "se", place)
        if estimate is None or se is None:
            left_out.append((series_id, event_id, NULL_REASON if se is None else LEVEL_REASON))
            continue
        if se <= 0:
            raise InputError(f"{place}: the standard error {se} is not above zero")
        pvalue = _number(cells, "pvalue", place) if cells.get("pvalue") else None
        rows.append(EffectRow(series_id, event_id, estimate, se, cells["group"] or None, pvalue))
    if not rows:
        raise InputError(f"{name} has no effect in logs: nothing can be set side by side")
    return EffectsTable(tuple(rows), tuple(left_out))


def _records(source: Any, name: str) -> Iterator[Mapping[str, str]]:
    if not isinstance(source, (str, os.PathLike)):
        table = {str(column): source[column].tolist() for column in source.columns}
        yield from _named(table, name)
        return
    if Path(source).suffix.lower() in PARQUET:
        try:
            from pyarrow import ArrowException, parquet
        except ImportError:
            raise MissingExtraError.naming("reading Parquet", "parquet") from None
        try:
            yield from _named(parquet.read_table(name).to_pydict(), name)
        except (OSError, ArrowException) as problem:
            raise InputError(f"the file {name} cannot be read as Parquet ({problem})") from None
        return
    try:
        with Path(source).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check(reader.fieldnames or (), name)
            for row in reader:
                if None in row or None in row.values():
                    raise InputError(f"row {reader.line_num} of {name} has another number of cells")
                yield row
    except OSError as problem:
        raise InputError(f"the file {name} cannot be read ({problem.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as problem:
        raise InputError(f"the file {name} cannot be read as UTF-8 CSV ({problem})") from None


def _named(table: Mapping[str, list[Any]], name: str) -> Iterator[Mapping[str, str]]:
    _check(list(table), name)
    for values in zip(*table.values(), strict=True):
        cells = ("" if _missing(value) else str(value) for value in values)
        yield dict(zip(table, cells, strict=True))


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _check(header: Any, name: str) -> None:
    for column in REQUIRED:
        if column not in header:
            raise InputError(
                f"{name} has no column '{column}': give the output of a batch with the lens effects"
            )


def _number(cells: Mapping[str, str], column: str, place: str) -> float | None:
    cell = cells[column]
    if cell == "":
        return None
    try:
        number = float(cell)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{place}: '{cell}' in the column '{column}' is not a number")
    return number
