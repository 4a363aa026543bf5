"""Which tests decide the number of breaks: the sized procedure for means, tests made for trends otherwise.

For trends: Perron and Yabu's test of one break (from 60 observations), Kejriwal and Perron's of two (from
80), and the bootstrap of the sized test beyond that, in shorter series, where periods are missing or of
other variance, and where the trimming is not tabulated.
"""

from __future__ import annotations

from dataclasses import replace

from analysis.breaks.perron_yabu import (
    FEWEST_FOR_ONE,
    FEWEST_FOR_TWO,
    TrendBreakTest,
    kejriwal_perron,
    perron_yabu,
)
from analysis.breaks.sample import Sample
from analysis.breaks.segments_fit import fit_segments
from analysis.breaks.sized import SizedSearch, SizedStep, search_with, sized_search, sized_step
from analysis.errors import CannotEstimateError


def decide(sample: Sample) -> SizedSearch:
    """Return breaks and tests of the procedure that holds its size for the sample's model."""
    return sized_search(sample) if sample.model == "mean" else search_with(sample, trend_step)


def trend_step(sample: Sample, breaks: tuple[int, ...]) -> SizedStep | None:
    """Test one more trend break than `breaks`, dated where its likelihood is largest; None if none fits."""
    tested = _published(sample, len(breaks))
    step = sized_step(sample, breaks, bootstrap=tested is None)
    if step is None or tested is None or tested.pvalue is None:
        return step
    name = "Perron-Yabu Exp-W" if not breaks else "Kejriwal-Perron"
    return replace(
        step,
        statistic=tested.statistic,
        critical=tested.critical,
        pvalue=tested.pvalue,
        method=name,
        note="",
    )


def _published(sample: Sample, count: int) -> TrendBreakTest | None:
    """Return the published test where it applies."""
    too_short = sample.n < (FEWEST_FOR_TWO if count else FEWEST_FOR_ONE)
    if sample.missing or sample.loud.any() or count > 1 or too_short:
        return None
    adjusted = fit_segments(sample, (), covariance="ar").adjusted
    try:
        if count == 0:
            tested = perron_yabu(adjusted, "both", sample.trimming)
        else:
            tested = kejriwal_perron(adjusted, "both", sample.trimming)
    except CannotEstimateError:
        return None
    return tested if tested.pvalue is not None else None
