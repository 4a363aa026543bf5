"""A file, from a path or from bytes that were sent, as series."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.domain import Cell, Gaps, Result, TradeSeries
from analysis.errors import InputError
from analysis.reading.body import find_body
from analysis.reading.grid import Grid, read_bytes, read_grid
from analysis.reading.layouts.comtrade import comtrade_flows, is_comtrade
from analysis.reading.layouts.flows import TradeFlows
from analysis.reading.layouts.imf import imf_flows, is_imf
from analysis.reading.question import NO_CHOICES, Alternative, Choices, FileQuestion
from analysis.reading.series import Decided, build, decide
from analysis.reading.strands import Strand, Strands, find_strands

MOST_ASKED = 12


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes and the name by which messages call them."""

    raw: bytes
    name: str

    @classmethod
    def of(cls, given: str | os.PathLike[str] | Source) -> Source:
        """Take a source, or read the file at a path.

        Raises
        ------
        InputError
            Naming the path as the caller wrote it.
        """
        return given if isinstance(given, Source) else cls(read_bytes(given), os.fspath(given))


def read_series(
    source: str | os.PathLike[str] | Source,
    *,
    gaps: Gaps = "refuse",
    id: str | None = None,
    title: str | None = None,
    unit: str | None = None,
    rate: bool = False,
    **choices: Any,
) -> TradeSeries:
    """Read one series from any file; what was read is the first of its caveats, in a sentence.

    Parameters
    ----------
    source : path or Source
        CSV in any of the usual encodings, separators and notations, a workbook (.xlsx, .ods), or a download
        of UN Comtrade, the IMF, Eurostat, the OECD, the World Bank, FRED or a customs office.
    gaps : {"refuse", "missing"}
        What a period without a row inside the sample is.
    id, title, unit : str, optional
        Instead of what the file says.
    rate : bool
        Whether the values are rates, whose windows are means and no sums.
    **choices
        Fields of `Choices`: what decides where two readings are possible.

    Raises
    ------
    FileQuestion
        If two readings are possible; it shows both and names the option that decides.
    InputError
        Naming file, row, column and remedy.
    """
    one = read_one(Source.of(source), Choices.of(**choices), gaps)
    return replace(one, id=id or one.id, title=title or one.title, unit=unit or one.unit, rate=rate)


def read_one(source: Source, choices: Choices = NO_CHOICES, gaps: Gaps = "refuse") -> TradeSeries:
    """Read the one series of a file, or the one of several that the choices name."""
    grid = read_grid(source.raw, source.name, choices)
    flows = flows_of(grid, choices)
    if flows is not None:
        every = _of_flows(flows, grid, gaps)
        return every[_chosen([one.id for one in every], grid.name, choices)]
    strands = find_strands(find_body(grid, choices), choices)
    at = _chosen([strand.label for strand in strands.found], grid.name, choices)
    return build(strands, strands.found[at], decide(strands, choices, gaps))


LongRow = tuple[str, str, float | None]
"""Series id, ISO period or span of periods (``2020-01..2020-02``), value."""


@dataclass(frozen=True)
class FileSeries(Result):
    """Every series of a file as the long rows that a batch takes.

    Attributes
    ----------
    rows : tuple of LongRow
        A sum over several periods is a row of its span.
    read : tuple of str
        What was read, a sentence for each series.
    """

    rows: tuple[LongRow, ...]
    read: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the series with their numbers of rows, and what was read."""
        counts = Counter(row[0] for row in self.rows)
        return {
            "series": [{"series_id": name, "rows": count} for name, count in counts.items()],
            "rows": len(self.rows),
            "read": list(self.read),
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return the long table."""
        return ("series_id", "period", "value"), self.rows

    def heading(self) -> str:
        """Return one line above the table."""
        return f"{len(self.rows)} rows of {len({row[0] for row in self.rows})} series"

    def notes(self) -> Sequence[str]:
        """Return what was read."""
        return self.read


def read_file(source: str | os.PathLike[str] | Source, choices: Choices = NO_CHOICES) -> FileSeries:
    """Read every series of a file, or the one that the choices name.

    Raises
    ------
    FileQuestion, InputError
        As `read_series`.
    """
    given = Source.of(source)
    grid = read_grid(given.raw, given.name, choices)
    flows = flows_of(grid, choices)
    if flows is not None:
        series = {one.id: one.caveats[0] for one in _of_flows(flows, grid, "missing")}
        wanted = [list(series)[_chosen(list(series), grid.name, choices)]] if choices.series else list(series)
        rows = tuple(
            (row.series_id, str(row.record.period), row.record.value)
            for row in flows.rows
            if row.series_id in wanted
        )
        return FileSeries(rows, tuple(series[name] for name in wanted))
    strands = find_strands(find_body(grid, choices), choices)
    decided = decide(strands, choices, "refuse")
    found = strands.found
    if choices.series is not None:
        found = (found[_chosen([one.label for one in found], grid.name, choices)],)
    built = [_with_gaps(strands, strand, decided) for strand in found]
    return FileSeries(tuple(row for rows, _ in built for row in rows), tuple(read for _, read in built))


def _with_gaps(strands: Strands, strand: Strand, decided: Decided) -> tuple[list[LongRow], str]:
    """Return the rows that the file has: where it lacks some, an empty one is none either."""
    try:
        one, gaps = build(strands, strand, decided), False
    except FileQuestion:
        raise
    except InputError:
        one, gaps = build(strands, strand, replace(decided, gaps="missing")), True
    rows: list[LongRow] = [
        (one.id, str(o.period), o.value) for o in one.observations if o.value is not None or not gaps
    ]
    return rows + [(one.id, str(total.window), total.value) for total in one.totals], one.caveats[0]


def flows_of(grid: Grid, choices: Choices) -> TradeFlows | None:
    """Return the flows of a file of Comtrade or the IMF, None if it is of another layout."""
    header = [str(cell) for cell in grid.rows[0].cells]
    if is_comtrade(header):
        return comtrade_flows([grid], choices.mirror_of, choices)
    if is_imf(header):
        return imf_flows([grid], choices.mirror_of, choices)
    if choices.mirror_of:
        raise InputError(
            f"--mirror-of belongs to a file of flows between economies, and {grid.name} is none; leave it out"
        )
    return None


def _of_flows(flows: TradeFlows, grid: Grid, gaps: Gaps) -> list[TradeSeries]:
    passed = "".join(f"; {count} rows passed over: {reason}" for reason, count in flows.ignored.items())
    found = []
    for one in flows.series(gaps=gaps):
        sentence = (
            f"{one.title} of {grid.name} ({grid.form}) was read in {one.unit}, {one.first} to {one.last}: "
            f"{one.n_observed} values, {len(one) - one.n_observed} missing{passed}."
        )
        found.append(replace(one, caveats=(sentence[:1].upper() + sentence[1:], *flows.warnings)))
    return found


def _chosen(labels: Sequence[str], name: str, choices: Choices) -> int:
    if choices.series is not None:
        exact = [k for k, label in enumerate(labels) if label == choices.series]
        near = exact or [k for k, label in enumerate(labels) if choices.series.casefold() in label.casefold()]
        if len(near) == 1:
            return near[0]
        shown = ", ".join((labels[k] for k in near) if near else labels[:MOST_ASKED])
        raise InputError(
            f"the file {name} has {len(near) or 'no'} series called '{choices.series}'; it has "
            f"{shown or 'one alone'}",
            pointer="/series",
        )
    if len(labels) == 1:
        return 0
    raise FileQuestion(
        f"the file {name} holds {len(labels)} series",
        [Alternative("series", label, "takes it") for label in labels[:MOST_ASKED]],
        pointer="/series",
    )
