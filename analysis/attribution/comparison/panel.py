"""The yearly panel: trade with China of the economy under study and of those that may stand in for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis import catalogue
from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError

TREATED = "KP"
FIRST_YEAR = 1990
LAST_FITTED = 2013
"""The weights are chosen on the years up to this one, before the measures under study."""
BASE_YEARS = range(2009, 2014)
"""Every economy is measured relative to its mean over these years."""
FEWEST_DONORS = 3


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An economy that is no donor, and why.

    Attributes
    ----------
    economy, name, reason : str
    unverified : bool
        Whether the reason was recalled and not read.
    """

    economy: str
    name: str
    reason: str
    unverified: bool


@dataclass(frozen=True)
class DonorPanel:
    """Logs of trade relative to the base years.

    Attributes
    ----------
    flow : str
        ``exports``, ``imports`` or ``total``.
    years : tuple of int
    values : ndarray, shape (T,)
        Of the economy under study, USD million.
    treated : ndarray, shape (T,)
    donors : ndarray, shape (T, J)
    names : tuple of str
        Economy ids of the donors.
    titles : mapping of str to str
        English names.
    left_out : tuple of LeftOut
    """

    flow: str
    years: tuple[int, ...]
    values: FloatArray
    treated: FloatArray
    donors: FloatArray
    names: tuple[str, ...]
    titles: dict[str, str]
    left_out: tuple[LeftOut, ...]

    def where(self, years: Sequence[int]) -> NDArray[np.bool_]:
        """Return which years of the panel are among some, as booleans of shape (T,)."""
        return np.isin(self.years, years)


def donor_panel(flow: str, *, substitutes: bool) -> DonorPanel:
    """Build the panel of one flow.

    Parameters
    ----------
    flow : str
        ``exports``, ``imports`` or ``total``, as seen from each economy.
    substitutes : bool
        Whether economies that may have taken the place of the one under study in its products are donors.

    Raises
    ------
    CannotEstimateError
        If too few donors are complete, or the economy under study has a gap.
    """
    rows: dict[str, dict[int, float]] = {}
    for row in catalogue.donor_panel():
        value = _value(row.exports, row.imports, flow)
        if value is not None and row.period.year >= FIRST_YEAR:
            rows.setdefault(row.economy, {})[row.period.year] = value
    years = tuple(range(FIRST_YEAR, 1 + max(rows.get(TREATED, {FIRST_YEAR: 0.0}))))
    columns: dict[str, FloatArray] = {}
    left_out: list[LeftOut] = []
    titles = {}
    for economy in catalogue.donor_economies():
        titles[economy.id] = economy.name
        found = rows.get(economy.id, {})
        gaps = [year for year in years if not found.get(year, 0.0) > 0]
        reason = ""
        if economy.id != TREATED and economy.sanctioned:
            reason = economy.sanctioned
        elif economy.id != TREATED and not substitutes and economy.substitute:
            reason = f"may have taken its place in {' and '.join(economy.substitute)}"
        elif gaps:
            reason = f"no trade in the panel in {len(gaps)} of {len(years)} years, {gaps[0]} the first"
        if reason:
            recalled = economy.status != "verified" and not reason.startswith("no trade")
            left_out.append(LeftOut(economy.id, economy.name, reason, recalled))
        else:
            columns[economy.id] = np.array([found[year] for year in years])
    own = columns.pop(TREATED, None)
    if own is None or len(columns) < FEWEST_DONORS:
        raise CannotEstimateError(
            f"the panel of {flow} has {len(columns)} complete donors; {FEWEST_DONORS} are needed, and the "
            "economy under study without a gap"
        )
    base = np.isin(years, BASE_YEARS)
    logs = {name: np.log(column / column[base].mean()) for name, column in columns.items()}
    return DonorPanel(
        flow,
        years,
        own,
        np.log(own / own[base].mean()),
        np.column_stack(list(logs.values())),
        tuple(logs),
        titles,
        tuple(left_out),
    )


def _value(exports: float | None, imports: float | None, flow: str) -> float | None:
    if flow == "exports":
        return exports
    if flow == "imports":
        return imports
    return None if exports is None or imports is None else exports + imports
