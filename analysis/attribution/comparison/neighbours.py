"""The months since 2024 beside those of neighbours: an index, and no estimate."""

from __future__ import annotations

from dataclasses import dataclass

from analysis import catalogue
from analysis.domain import Period

BASE_YEAR = 2024
TREATED = "KP"
SERIES = {"exports": "dprk.exports.china.m", "imports": "dprk.imports.china.m"}


@dataclass(frozen=True, slots=True)
class IndexLine:
    """One economy's trade with China, its mean month of 2024 set to 100.

    Attributes
    ----------
    economy, name, flow : str
    values : tuple of (Period, float)
    """

    economy: str
    name: str
    flow: str
    values: tuple[tuple[Period, float], ...]


def neighbour_index(flow: str) -> tuple[IndexLine, ...]:
    """Return the index of the economy under study and of its neighbours.

    Parameters
    ----------
    flow : str
        ``exports`` to China or ``imports`` from it, as seen from each economy.

    Notes
    -----
    The neighbours are in yuan and the economy under study in dollars, each relative to its own 2024.
    """
    names = {economy.id: economy.name for economy in catalogue.donor_economies()}
    values: dict[str, dict[Period, float]] = {TREATED: {}}
    for o in catalogue.series(SERIES[flow]).observations:
        if o.value is not None and o.period.year >= BASE_YEAR:
            values[TREATED][o.period] = o.value
    for row in catalogue.neighbours():
        value = row.exports if flow == "exports" else row.imports
        if value is not None and row.economy != TREATED:
            values.setdefault(row.economy, {})[row.period] = value
    lines = []
    for economy, column in values.items():
        base = [value for period, value in column.items() if period.year == BASE_YEAR]
        if base and sum(base) > 0:
            scale = 100 * len(base) / sum(base)
            lines.append(
                IndexLine(
                    economy,
                    names.get(economy, economy),
                    flow,
                    tuple((period, scale * column[period]) for period in sorted(column)),
                )
            )
    return tuple(lines)
