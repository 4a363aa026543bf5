"""The IMF's trade by partner (IMTS, before 2025 DOTS): SDMX-CSV 1 and 2, files of the portal, the bulk file.

Columns are the dimensions of the data flow. IMTS has ``COUNTRY, INDICATOR, COUNTERPART_COUNTRY,
FREQUENCY`` and indicators such as ``XG_FOB_USD``, DOTS ``FREQ, REF_AREA, INDICATOR, COUNTERPART_AREA`` and
``TXG_FOB_USD``; with labels, header and cells read ``FREQ:Frequency`` and ``M: Monthly``. The portal writes
names, with the codes in ``SERIES_CODE``, one observation a row or periods across.

``SCALE`` as a number says how the portal shows values, which stand in single units; as a word (``Millions``)
the values are in it. ``UNIT_MULT`` is the multiplier of the values.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from analysis.domain import Period
from analysis.errors import InputError
from analysis.reading.grid import Grid, read_bytes, read_grid
from analysis.reading.layouts.flows import Flow, Record, TradeFlows, assemble
from analysis.reading.layouts.lines import Download, Line
from analysis.reading.question import NO_CHOICES, Choices
from analysis.reading.strands import MULTIPLIERS

AREA, PARTNER = ("COUNTRY", "REF_AREA"), ("COUNTERPART_COUNTRY", "COUNTERPART_AREA")
INDICATOR, PERIOD, VALUE = "INDICATOR", "TIME_PERIOD", "OBS_VALUE"
CODE = "SERIES_CODE"
BULK = {
    "COUNTRY CODE": "COUNTRY",
    "INDICATOR CODE": "INDICATOR",
    "COUNTERPART COUNTRY CODE": "COUNTERPART_COUNTRY",
    "COUNTERPART COUNTRY NAME": "COUNTERPART_NAME",
    "TIME PERIOD": "TIME_PERIOD",
    "VALUE": "OBS_VALUE",
}
"""Columns of the bulk file by the names of the API."""
_LABELLED = re.compile(r"(?P<code>[A-Z0-9_]+): .+\Z")
DELETED = "D"
_FLOW = re.compile(r"T?(?P<flow>[XM])G_(?P<valuation>FOB|CIF)_(?P<currency>[A-Z]{3})\Z")
_FLOWS: dict[str, Flow] = {"X": "exports", "M": "imports"}
_PERIOD = re.compile(r"(?P<year>\d{4})(?:-?(?P<letter>[MQA])?-?(?P<part>\d{1,2}))?\Z")


def is_imf(header: Sequence[str]) -> bool:
    """Tell whether a header is one of the IMF's trade by partner."""
    names = set(map(_normal, header))
    return INDICATOR in names and bool(names & set(AREA)) and bool(names & set(PARTNER))


def read_imf(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    mirror_of: str | None = None,
    choices: Choices = NO_CHOICES,
) -> TradeFlows:
    """Read one download of the IMF's trade by partner or several.

    Parameters
    ----------
    paths : path or sequence of path
    mirror_of : str, optional
        The file's code of an economy (``PRK``, in DOTS ``KP``, in its bulk file ``954``): keep what its
        partners record, as seen from it.
    choices : Choices

    Returns
    -------
    TradeFlows
        Values as the file has them; the unit carries its multiplier. Balances and other indicators are passed
        over and counted.

    Raises
    ------
    InputError
        Naming file, row and cell.
    """
    names = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    return imf_flows([read_grid(read_bytes(p), os.fspath(p), choices) for p in names], mirror_of, choices)


def imf_flows(grids: Sequence[Grid], mirror_of: str | None, choices: Choices) -> TradeFlows:
    """Return the flows of files that are grids already."""
    ignored: Counter[str] = Counter()
    return assemble(_records(grids, ignored, choices), ignored, mirror_of, ())


def _normal(name: str) -> str:
    first = str(name).split(":")[0].strip().upper()
    return BULK.get(first, first)


def _records(grids: Sequence[Grid], ignored: Counter[str], choices: Choices) -> Iterator[Record]:
    for grid in grids:
        header = tuple(_normal(str(cell)) for cell in grid.rows[0].cells)
        while header and not header[-1]:
            header = header[:-1]
        periods = [name for name in header if _PERIOD.match(name)]
        needed = (AREA, PARTNER, (INDICATOR,), *(() if periods else ((PERIOD,), (VALUE,))))
        for wanted in needed:
            if not set(wanted) & set(header):
                raise InputError(
                    f"{grid.name} has no column '{' or '.join(wanted)}': download the trade by "
                    "partner as SDMX-CSV, one observation a row"
                )
        for line in Download(grid, header).lines(periods or (VALUE,), choices):
            for observation in _observations(line, periods):
                indicator, found = _indicator(observation)
                if observation.first("ACTION").startswith(DELETED):
                    ignored["marked as deleted"] += 1
                elif found is None:
                    ignored[f"the indicator {indicator or '(empty)'} is no flow of exports or imports"] += 1
                else:
                    yield _record(observation, _FLOWS[found["flow"]], found["valuation"], found["currency"])


def _observations(line: Line, periods: Sequence[str]) -> Iterator[Line]:
    """Yield a row with periods across as one observation a period, from the first filled to the last."""
    if not periods:
        yield line
        return
    filled = [k for k, name in enumerate(periods) if line.cells[name] != ""]
    for name in periods[filled[0] : filled[-1] + 1] if filled else ():
        yield Line(
            {**line.cells, PERIOD: name, VALUE: line.cells[name]}, f"{line.place}, {name}", line.decimal
        )


def _indicator(line: Line) -> tuple[str, re.Match[str] | None]:
    """Return the indicator, and flow, valuation and currency: by its code, or by the code of the series."""
    indicator = _code(line, INDICATOR)
    parts = line.first(CODE).split(".")
    found = _FLOW.match(indicator) or next((m for part in parts if (m := _FLOW.match(part))), None)
    return indicator, found


def _record(line: Line, flow: Flow, valuation: str, currency: str) -> Record:
    reporter, partner = _areas(line)
    if not reporter or not partner:
        raise InputError(f"{line.place}: the economy or its counterpart is empty")
    return Record(
        reporter,
        partner,
        flow,
        "TOTAL",
        "",
        _period(line),
        line.number(VALUE),
        valuation,
        _unit(line, currency),
        line.place,
        partner_name=line.first("COUNTERPART_NAME"),
    )


def _areas(line: Line) -> tuple[str, str]:
    """Return the codes of reporter and partner; where cells hold names, those of the code of the series."""
    parts = line.first(CODE).split(".")
    at = next((k for k, part in enumerate(parts) if _FLOW.match(part)), None)
    if at is not None and 0 < at < len(parts) - 1:
        return parts[at - 1], parts[at + 1]
    return _code(line, *AREA), _code(line, *PARTNER)


def _unit(line: Line, currency: str) -> str:
    multiplier, scale = _code(line, "UNIT_MULT"), _code(line, "SCALE")
    word = MULTIPLIERS.get(multiplier, "" if multiplier in ("", "0") else f"multiplier {multiplier}")
    if not word and scale and not scale.isdecimal() and scale.lower() != "units":
        word = scale.lower()
    return f"{currency}, {word}" if word else currency


def _code(line: Line, *columns: str) -> str:
    """Return the code of a cell, without its label."""
    text = line.first(*columns)
    found = _LABELLED.match(text)
    return found["code"] if found else text


def _period(line: Line) -> Period:
    text = _code(line, PERIOD)
    found = _PERIOD.match(text)
    if found is None:
        raise InputError(f"{line.place}: the period '{text}' is not like 2016, 2016-Q1, 2016-M03 or 2016-03")
    if found["part"] is None:
        return Period.parse(found["year"])
    if found["letter"] == "Q":
        return Period.parse(f"{found['year']}-Q{found['part']}")
    return Period.parse(f"{found['year']}-{int(found['part']):02d}")
