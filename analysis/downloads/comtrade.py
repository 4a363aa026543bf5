"""UN Comtrade's CSV downloads: the columns of Comtrade Plus and of the earlier site.

Comtrade Plus names its columns as its API does (``refYear``, ``flowCode``, ``primaryValue``); the earlier
site wrote words (``Trade Flow Code``, ``Trade Value (US$)``). Values are dollars as reported; imports are
mostly CIF, exports FOB, and a file says which by the columns ``cifvalue`` and ``fobvalue``.
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

FLOWS: dict[str, Flow] = {"M": "imports", "X": "exports", "1": "imports", "2": "exports"}
OTHER_FLOWS = {
    "RX": "re-exports, which exports include",
    "3": "re-exports, which exports include",
    "RM": "re-imports, which imports include",
    "4": "re-imports, which imports include",
    "DX": "domestic exports, a part of exports",
    "FM": "foreign imports, a part of imports",
    "MIP": "imports for inward processing, a part of imports",
    "MOP": "imports after outward processing, a part of imports",
    "XIP": "exports after inward processing, a part of exports",
    "XOP": "exports for outward processing, a part of exports",
}
TOTALS = {
    "a part of the trade by second partner": (("partner2code", "2ndpartnercode"), ("0",)),
    "a part of the trade by customs procedure": (("customscode", "customsproccode"), ("C00",)),
    "a part of the trade by mode of transport": (("motcode", "modeoftransportcode"), ("0",)),
    "a part of the trade by mode of supply": (("moscode",), ("0",)),
}
"""Columns of a breakdown, and the codes that stand for its total; an empty cell does too."""
VALUE = ("primaryvalue", "tradevalueus", "tradevalue")
CIF = ("cifvalue", "ciftradevalueus", "ciftradevalue")
FOB = ("fobvalue", "fobtradevalueus", "fobtradevalue")
WORLD = "W00"
SAME = 1e-9
UNIT = "US dollars"
_PERIOD = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})?\Z")


def read_comtrade(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], *, mirror_of: str | None = None
) -> TradeFlows:
    """Read one download of UN Comtrade or several.

    Parameters
    ----------
    paths : path or sequence of path
    mirror_of : str, optional
        ISO code (``PRK``): keep what its partners record, as seen from it.

    Returns
    -------
    TradeFlows
        One series for every economy, flow, partner, classification, product and frequency; breakdowns by
        procedure or transport, re-exports and re-imports are passed over and counted.

    Raises
    ------
    InputError
        Naming file, row and cell.
    """
    ignored: Counter[str] = Counter()
    warnings: list[str] = []
    names = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    return assemble(_records(names, ignored, warnings), ignored, mirror_of, warnings)


def _records(
    paths: Sequence[str | os.PathLike[str]], ignored: Counter[str], warnings: list[str]
) -> Iterator[Record]:
    for path in paths:
        download = Download.of(path)
        header = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in download.header]
        for wanted in (VALUE, ("flowcode", "tradeflowcode"), ("cmdcode", "commoditycode"), ("period",)):
            if not set(wanted) & set(header):
                raise InputError(
                    f"{download.name} has no column like '{wanted[0]}': give a CSV download of UN Comtrade"
                )
        if download.encoding != "utf-8":
            warnings.append(f"{download.name} is not UTF-8: it was read as {download.encoding}.")
        estimated = 0
        for line in download.lines(header):
            reason = _passed_over(line)
            if reason:
                ignored[reason] += 1
                continue
            estimated += line.first("isreported").lower() == "false"
            yield _record(line)
        if estimated:
            warnings.append(
                f"{estimated} rows of {download.name} are not reported but estimated or added up."
            )


def _passed_over(line: Line) -> str:
    code = line.first("flowcode", "tradeflowcode")
    if code not in FLOWS:
        if code not in OTHER_FLOWS:
            raise InputError(f"{line.place}: '{code}' is no trade flow that is known")
        return OTHER_FLOWS[code]
    for reason, (columns, totals) in TOTALS.items():
        if line.first(*columns) not in ("", *totals):
            return reason
    return ""


def _record(line: Line) -> Record:
    found = _PERIOD.match(line.first("period"))
    if found is None:
        raise InputError(f"{line.place}: the period '{line.first('period')}' is not like 2016 or 201603")
    period = Period.parse(found["year"] + (f"-{found['month']}" if found["month"] else ""))
    flow = FLOWS[line.first("flowcode", "tradeflowcode")]
    value = line.number(*VALUE)
    product = line.first("cmdcode", "commoditycode")
    if not product:
        raise InputError(f"{line.place}: the commodity code is empty")
    return Record(
        _area(line, "reporter"),
        _area(line, "partner"),
        flow,
        product,
        line.first("classificationcode", "classification"),
        period,
        value,
        _valuation(line, flow, value),
        UNIT,
        line.place,
    )


def _area(line: Line, who: str) -> str:
    """Return the ISO code of an economy, its number where it has none."""
    iso, code = line.first(f"{who}iso"), line.first(f"{who}code")
    if code == "0" or iso in (WORLD, "WLD"):
        return WORLD
    if iso and iso.isalnum():
        return iso
    if not code:
        raise InputError(f"{line.place}: the {who} has no code")
    return code


def _valuation(line: Line, flow: Flow, value: float | None) -> str:
    if value is None:
        return "not stated"
    order = (("CIF", CIF), ("FOB", FOB)) if flow == "imports" else (("FOB", FOB), ("CIF", CIF))
    for name, columns in order:
        stated = line.number(*columns)
        if stated and abs(stated - value) <= SAME * abs(value):
            return name
    return "not stated"
