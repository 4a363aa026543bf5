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
from analysis.errors import InputError
from analysis.reading.grid import Grid, read_bytes, read_grid
from analysis.reading.layouts.economies import CODES, WORLD
from analysis.reading.layouts.flows import Flow, Record, TradeFlows, assemble
from analysis.reading.layouts.lines import Download, Line
from analysis.reading.question import NO_CHOICES, Alternative, Choices, FileQuestion

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
NEEDED = (VALUE, ("flowcode", "tradeflowcode"), ("cmdcode", "commoditycode"), ("period",))
FLOW_WORDS = {"import": "M", "export": "X", "re-import": "RM", "re-export": "RX"}
SAME = 1e-9
UNIT = "US dollars"
_PERIOD = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})?\Z")


def is_comtrade(header: Sequence[str]) -> bool:
    """Tell whether a header is one of Comtrade's."""
    names = set(map(_normal, header))
    return all(names & set(columns) for columns in NEEDED)


def read_comtrade(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    mirror_of: str | None = None,
    choices: Choices = NO_CHOICES,
) -> TradeFlows:
    """Read one download of UN Comtrade or several.

    Parameters
    ----------
    paths : path or sequence of path
        As Comtrade, R, pandas or a spreadsheet wrote them.
    mirror_of : str, optional
        ISO code (``PRK``): keep what its partners record, as seen from it.
    choices : Choices

    Returns
    -------
    TradeFlows
        One series for every economy, flow, partner, classification, product and frequency; breakdowns by
        procedure or transport, re-exports and re-imports are passed over and counted.

    Raises
    ------
    InputError
        Naming file, row and cell.
    FileQuestion
        If codes have lost their leading zero, or encoding or decimal mark cannot be told.
    """
    names = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    return comtrade_flows(
        [read_grid(read_bytes(p), os.fspath(p), choices) for p in names], mirror_of, choices
    )


def comtrade_flows(grids: Sequence[Grid], mirror_of: str | None, choices: Choices) -> TradeFlows:
    """Return the flows of files that are grids already."""
    ignored: Counter[str] = Counter()
    warnings: list[str] = []
    return assemble(_records(grids, ignored, warnings, choices), ignored, mirror_of, warnings)


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _records(
    grids: Sequence[Grid], ignored: Counter[str], warnings: list[str], choices: Choices
) -> Iterator[Record]:
    for grid in grids:
        header = tuple(_normal(str(cell)) for cell in grid.rows[0].cells)
        while header and not header[-1]:
            header = header[:-1]
        for wanted in NEEDED:
            if not set(wanted) & set(header):
                raise InputError(
                    f"{grid.name} has no column like '{wanted[0]}': give a CSV download of UN Comtrade"
                )
        if not grid.form.startswith(("UTF-8", "sheet")):
            warnings.append(f"{grid.name} is not UTF-8: it was read as {grid.form.partition(',')[0]}.")
        estimated = 0
        for line in Download(grid, header).lines((*VALUE, *CIF, *FOB), choices):
            reason = _passed_over(line)
            if reason:
                ignored[reason] += 1
                continue
            estimated += line.first("isreported").lower() == "false"
            yield _record(line, choices)
        if estimated:
            warnings.append(f"{estimated} rows of {grid.name} are not reported but estimated or added up.")


def _passed_over(line: Line) -> str:
    code = _flow(line)
    if code not in FLOWS:
        if code not in OTHER_FLOWS:
            raise InputError(f"{line.place}: '{code}' is no trade flow that is known")
        return OTHER_FLOWS[code]
    for reason, (columns, totals) in TOTALS.items():
        if line.first(*columns) not in ("", *totals):
            return reason
    return ""


def _flow(line: Line) -> str:
    code = line.first("flowcode", "tradeflowcode")
    return FLOW_WORDS.get(code.lower().removesuffix("s"), code)


def _record(line: Line, choices: Choices) -> Record:
    found = _PERIOD.match(line.first("period"))
    if found is None:
        raise InputError(f"{line.place}: the period '{line.first('period')}' is not like 2016 or 201603")
    period = Period.parse(found["year"] + (f"-{found['month']}" if found["month"] else ""))
    flow = FLOWS[_flow(line)]
    value = line.number(*VALUE)
    classification = line.first("classificationcode", "classification")
    product = _product(line, classification, choices)
    return Record(
        _area(line, "reporter"),
        _area(line, "partner"),
        flow,
        product,
        classification,
        period,
        value,
        _valuation(line, flow, value),
        UNIT,
        line.place,
        line.number("netwgt", "netweightkg") or None,
        line.number("qty", "quantity") or None,
        line.first("qtyunitabbr", "qtyunit"),
    )


def _product(line: Line, classification: str, choices: Choices) -> str:
    """Return the code of a product; an odd number of digits of the Harmonized System has lost a zero."""
    code = line.first("cmdcode", "commoditycode")
    if not code:
        raise InputError(f"{line.place}: the commodity code is empty")
    if not code.isdecimal() or len(code) % 2 == 0 or not classification.startswith("H"):
        return code
    if choices.codes is None:
        raise FileQuestion(
            f"{line.place}: the commodity code '{code}' has an odd number of digits, as where a sheet "
            "has cut a "
            "leading zero",
            [
                Alternative("codes", "pad", f"reads 0{code}"),
                Alternative("codes", "keep", f"reads {code}"),
            ],
            pointer="/codes",
        )
    return f"0{code}" if choices.codes == "pad" else code


def _area(line: Line, who: str) -> str:
    """Return the ISO code of an economy, by its number where the file has no other; else the number."""
    iso, code = line.first(f"{who}iso"), line.first(f"{who}code")
    if code == "0" or iso in (WORLD, "WLD"):
        return WORLD
    if iso and iso.isalnum():
        return iso
    if not code:
        raise InputError(f"{line.place}: the {who} has no code")
    return CODES.get(code.lstrip("0"), code)


def _valuation(line: Line, flow: Flow, value: float | None) -> str:
    if value is None:
        return "not stated"
    order = (("CIF", CIF), ("FOB", FOB)) if flow == "imports" else (("FOB", FOB), ("CIF", CIF))
    for name, columns in order:
        stated = line.number(*columns)
        if stated and abs(stated - value) <= SAME * abs(value):
            return name
    return "not stated"
