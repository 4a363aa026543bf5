"""The IMF's trade statistics by partner (IMTS, before 2025 DOTS) as SDMX-CSV, versions 1 and 2.

Columns are the dimensions of the data flow. IMTS has ``COUNTRY, INDICATOR, COUNTERPART_COUNTRY,
FREQUENCY`` and indicators such as ``XG_FOB_USD``, DOTS ``FREQ, REF_AREA, INDICATOR, COUNTERPART_AREA`` and
``TXG_FOB_USD``; with labels, header and cells read ``FREQ:Frequency`` and ``M: Monthly``.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from analysis.domain import Period
from analysis.downloads.flows import Flow, Record, TradeFlows, assemble
from analysis.downloads.table import Download, Line
from analysis.errors import InputError

AREA, PARTNER = ("COUNTRY", "REF_AREA"), ("COUNTERPART_COUNTRY", "COUNTERPART_AREA")
INDICATOR, PERIOD, VALUE = "INDICATOR", "TIME_PERIOD", "OBS_VALUE"
MULTIPLIER = ("UNIT_MULT", "SCALE")
DELETED = "D"
_FLOW = re.compile(r"T?(?P<flow>[XM])G_(?P<valuation>FOB|CIF)_(?P<currency>[A-Z]{3})\Z")
_FLOWS: dict[str, Flow] = {"X": "exports", "M": "imports"}
_PERIOD = re.compile(r"(?P<year>\d{4})(?:-?(?P<letter>[MQA])?-?(?P<part>\d{1,2}))?\Z")


def read_imf(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], *, mirror_of: str | None = None
) -> TradeFlows:
    """Read one SDMX-CSV download of the IMF's trade by partner or several.

    Parameters
    ----------
    paths : path or sequence of path
    mirror_of : str, optional
        The file's code of an economy (``PRK``, in DOTS ``KP``): keep what its partners record, as
        seen from it.

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
    ignored: Counter[str] = Counter()
    names = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    return assemble(_records(names, ignored), ignored, mirror_of, ())


def _records(paths: Sequence[str | os.PathLike[str]], ignored: Counter[str]) -> Iterator[Record]:
    for path in paths:
        download = Download.of(path)
        header = [name.split(":")[0].strip().upper() for name in download.header]
        for wanted in (AREA, PARTNER, (INDICATOR,), (PERIOD,), (VALUE,)):
            if not set(wanted) & set(header):
                raise InputError(
                    f"{download.name} has no column '{' or '.join(wanted)}': download the trade by "
                    "partner as SDMX-CSV, one observation a row"
                )
        for line in download.lines(header):
            indicator = _code(line, INDICATOR)
            found = _FLOW.match(indicator)
            if line.first("ACTION").startswith(DELETED):
                ignored["marked as deleted"] += 1
            elif found is None:
                ignored[f"the indicator {indicator or '(empty)'} is no flow of exports or imports"] += 1
            else:
                yield _record(line, _FLOWS[found["flow"]], found["valuation"], found["currency"])


def _record(line: Line, flow: Flow, valuation: str, currency: str) -> Record:
    reporter, partner = _code(line, *AREA), _code(line, *PARTNER)
    if not reporter or not partner:
        raise InputError(f"{line.place}: the economy or its counterpart is empty")
    multiplier = _code(line, *MULTIPLIER)
    unit = currency if multiplier in ("", "0", "Units") else f"{currency}, multiplier {multiplier}"
    return Record(
        reporter, partner, flow, "TOTAL", "", _period(line), line.number(VALUE), valuation, unit, line.place
    )


def _code(line: Line, *columns: str) -> str:
    """Return the code of a cell, without its label."""
    return line.first(*columns).split(":")[0].strip()


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
