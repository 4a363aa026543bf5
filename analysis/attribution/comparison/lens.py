"""The comparison lens: the same trade of other economies as a synthetic control, yearly.

Logs relative to 2009-2013, weights fitted on 1990-2013 (Abadie, Diamond & Hainmueller 2010); every donor in
the place of the economy under study as a placebo; every donor left out in turn. It speaks of trade with
China as a whole and of no single event.
"""

from __future__ import annotations

import numpy as np

from analysis.attribution.accounting.goods import MILLION
from analysis.attribution.accounting.windows import Ends, mean_a_year, whole_years
from analysis.attribution.comparison.panel import LAST_FITTED, DonorPanel, donor_panel
from analysis.attribution.comparison.result import POOR_FIT, Comparison, ComparisonRun
from analysis.domain import TradeSeries, Window
from analysis.errors import CannotEstimateError
from analysis.interventions.peers.synthetic import SyntheticControl, synthetic_study

FLOWS = {
    "dprk.exports.china.m": "exports",
    "dprk.imports.china.m": "imports",
    "dprk.total.china.m": "total",
}
"""Series whose trade the panel holds, with the flow of each."""
EARLIER = 2002
"""First year of the placebo in time, whose weights are fitted before it."""
RUNS = (("all donors", True), ("without substitutes", False))


def compare(series: TradeSeries, start: str | Window, end: str | Window) -> Comparison:
    """Set the change of a series between two windows beside that of other economies.

    Parameters
    ----------
    series : TradeSeries
        China's record of one flow, or of both.
    start, end : str or Window
        Windows of whole years inside the panel.

    Returns
    -------
    Comparison

    Raises
    ------
    CannotEstimateError
        If the lens cannot speak; the message says why.
    InputError
        If a window lies outside the sample.
    """
    if not series.catalogue or series.id not in FLOWS:
        raise CannotEstimateError(
            "the panel of other economies holds yearly trade with China and nothing else"
        )
    ends = Ends(whole_years(series, start), whole_years(series, end))
    if not max(ends.before) < min(ends.after):
        raise CannotEstimateError("the comparison goes forward in time: exchange the windows")
    panels = [(name, donor_panel(FLOWS[series.id], substitutes=keep)) for name, keep in RUNS]
    years = panels[0][1].years
    outside = [year for year in ends.both if year not in years]
    if outside:
        raise CannotEstimateError(
            f"the panel of other economies covers {years[0]} to {years[-1]}, not {outside[0]}"
        )
    if min(ends.after) <= LAST_FITTED:
        raise CannotEstimateError(f"the weights are fitted up to {LAST_FITTED}: choose a later second window")
    total = (mean_a_year(series, ends.before) / MILLION, mean_a_year(series, ends.after) / MILLION)
    return Comparison(series.id, ends, total, tuple(_run(name, panel, ends) for name, panel in panels))


def compare_or_reason(
    series: TradeSeries, start: str | Window, end: str | Window
) -> tuple[Comparison | None, str]:
    """Return the comparison lens, or None and why it cannot speak."""
    try:
        return compare(series, start, end), ""
    except CannotEstimateError as problem:
        return None, problem.message


def _run(name: str, panel: DonorPanel, ends: Ends) -> ComparisonRun:
    fitted = panel.where(range(panel.years[0], LAST_FITTED + 1))
    study = synthetic_study(
        panel.treated,
        panel.donors,
        list(panel.names),
        fitted,
        panel.where(ends.after),
        earlier=panel.years.index(EARLIER),
        poor=POOR_FIT,
    )
    control = study.control
    start = float(panel.values[panel.where(ends.before)].mean())
    end = float(panel.values[panel.where(ends.after)].mean())
    return ComparisonRun(
        name=name,
        flow=panel.flow,
        years=panel.years,
        observed=tuple(float(v) for v in panel.values),
        gaps=tuple(float(g) for g in control.gap),
        weights={donor: float(w) for donor, w in zip(panel.names, control.fit.weights, strict=True) if w > 0},
        titles=panel.titles,
        rmspe=control.rmspe,
        ratio=control.ratio,
        placebo_ratios={donor: placebo.ratio for donor, placebo in study.placebos.items()},
        rank=study.rank,
        pvalue=study.pvalue,
        start=start,
        end=end,
        expected=_expected(panel, control, ends),
        without={donor: _expected(panel, other, ends) for donor, other in study.without.items()},
        left_out=panel.left_out,
        verdict=study.verdict(),
        earlier=None if study.earlier is None else study.earlier.mean_gap,
    )


def _expected(panel: DonorPanel, control: SyntheticControl, ends: Ends) -> float:
    """Return what the first window becomes if it moves as the weighted donors do, USD million a year."""
    path = np.exp(control.path)
    growth = path[panel.where(ends.after)].mean() / path[panel.where(ends.before)].mean()
    return float(panel.values[panel.where(ends.before)].mean() * growth)
