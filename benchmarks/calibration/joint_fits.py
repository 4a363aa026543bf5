"""What is measured on simulated series: the joint model beside an oracle, and the usual methods."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.domain import TradeSeries
from analysis.errors import TradebreaksError
from analysis.interventions import fit_interventions
from analysis.interventions.design import TREND_SD_PER_YEAR, Design
from analysis.interventions.identification import Bounds, group_names
from analysis.interventions.joint.coefficients import Points
from analysis.interventions.panel import PanelOptions, fit_blocks
from benchmarks.calibration.worlds import (
    DATES,
    EFFECTS,
    REGIME,
    SD,
    SUM,
    Array,
    Simulated,
    World,
    covariance,
    events,
    periods,
    simulate,
)

LEVEL = 0.95
NORMAL = 1.959963984540054
CORRELATIONS = (-0.3, -0.5, -0.7)
DIFFERENCES = (0.25, 0.35, 0.5)
BOUNDS = tuple(Bounds(correlation=c, difference_sd=d) for c in CORRELATIONS for d in DIFFERENCES)
IDS = tuple(DATES)
CONTRASTS = np.vstack([np.eye(len(IDS)), [1.0 if name in SUM else 0.0 for name in IDS]])
"""The six events, and the sum of the three resolutions in force from 2017-10 to 2018-02."""
TRUTH = CONTRASTS @ EFFECTS
Groups = list[list[tuple[int, int, bool]]]
"""For every series its groups: number of the bounds, members as bits, whether their sum is covered."""


@dataclass(frozen=True)
class Fits:
    """Estimates and limits of C contrasts for S series, each of shape (S, C); NaN where there is none."""

    estimate: Array
    se: Array
    lower: Array
    upper: Array

    def hits(self, truth: Array) -> Array:
        """1 where the interval holds the truth, 0 where not, NaN where there is none."""
        return np.where(np.isnan(self.lower), np.nan, (self.lower <= truth) & (truth <= self.upper))


@dataclass(frozen=True)
class Joint:
    """The joint model and the oracle on some series.

    Attributes
    ----------
    own, oracle : Fits
        Of `CONTRASTS`. The oracle is generalised least squares with the true covariance and the same prior on
        the trend.
    below : ndarray, shape (S, C)
        Posterior probability of a value below the truth.
    groups : Groups
    """

    own: Fits
    oracle: Fits
    below: Array
    groups: Groups


def measure(world: World, n: int, numbers: range, slope: float | None = None) -> Joint:
    """Fit the series of the given numbers by the joint model and the oracle; `slope` as in `simulate`."""
    simulated = simulate(world, n, numbers, slope)
    together = world.kappa == 1
    design, own, below, groups = _together(n, simulated) if together else _one_by_one(n, simulated)
    return Joint(own, _oracle(world, n, simulated, design), below, groups)


def measure_peer(world: World, n: int, numbers: range, method: str) -> Fits:
    """Fit the six events by one of the usual methods; NaN where it refuses the series."""
    rows = np.full((4, len(numbers), len(IDS)), np.nan)
    for k, values in enumerate(simulate(world, n, numbers).values):
        try:
            found = fit_interventions(_series(n, values), events(), method=method, level=LEVEL).effects
        except TradebreaksError:
            continue
        numbers_of = [(e.estimate, e.se, e.lower, e.upper) for e in found]
        rows[:, k] = np.array(numbers_of, dtype=np.float64).T
    return Fits(*rows)


def group_hits(world: World, n: int, numbers: range, bounds: Bounds) -> NDArray[np.bool_]:
    """Fit the series of the given numbers and tell, for each group formed, whether its sum is covered.

    For worlds without a regime.
    """
    mixture, design, sizes = _fitted(n, simulate(world, n, numbers))
    groups: Groups = [[] for _ in numbers]
    owners = group_names(design.event_terms, events(), mixture.covariance(), sizes, bounds)
    _add_groups(groups, mixture, owners, 0)
    return np.array([hit for own in groups for _, _, hit in own], dtype=bool)


def _together(n: int, simulated: Simulated) -> tuple[Design, Fits, Array, Groups]:
    mixture, design, sizes = _fitted(n, simulated)
    found = _summarise(mixture, CONTRASTS)
    groups: Groups = [[] for _ in simulated.values]
    spread = mixture.covariance()
    for number, bounds in enumerate(BOUNDS):
        owners = group_names(design.event_terms, events(), spread, sizes, bounds)
        _add_groups(groups, mixture, owners, number)
    below = mixture.contrast(CONTRASTS).below(np.tile(TRUTH, (len(groups), 1)))
    return design, found, below, groups


def _fitted(n: int, simulated: Simulated) -> tuple[Points, Design, Array]:
    """Fit all series at once: the posterior, the design, and the size that the rule of groups reads."""
    series = [_series(n, values) for values in simulated.values]
    ((which, posterior),) = fit_blocks(series, events(), PanelOptions())
    assert len(which) == len(series), "every simulated series can be fitted"
    assert posterior.points.sound.all()
    return posterior.points, posterior.frame.design, posterior.block.size


def _summarise(mixture: Points, weights: Array) -> Fits:
    marginals = mixture.contrast(weights)
    return Fits(*marginals.moments(), *marginals.interval(LEVEL))


def _add_groups(groups: Groups, mixture: Points, owners: list[tuple[str | None, ...]], number: int) -> None:
    for name in sorted({name for row in owners for name in row if name}):
        members = np.array([1.0 if i in name.split("+") else 0.0 for i in IDS])
        hits = _summarise(mixture, members[None]).hits(np.array([members @ EFFECTS]))
        for s, row in enumerate(owners):
            if name in row:
                groups[s].append((number, _bits(members), bool(hits[s, 0])))


def _bits(members: Array) -> int:
    return int(sum(2**k for k in np.flatnonzero(members)))


def _one_by_one(n: int, simulated: Simulated) -> tuple[Design, Fits, Array, Groups]:
    count = len(simulated.values)
    numbers, below = np.empty((4, count, len(CONTRASTS))), np.empty((count, len(CONTRASTS)))
    groups: Groups = []
    last = min(REGIME[1], str(periods(n)[-1]))
    for s, values in enumerate(simulated.values):
        result = fit_interventions(_series(n, values), events(), regime=f"{REGIME[0]}..{last}", level=LEVEL)
        for c, weights in enumerate(CONTRASTS):
            contrast = np.zeros(len(result.posterior.design.precision))
            contrast[[t.columns.start for t in result.posterior.design.event_terms]] = weights
            mixture = result.reported.combination(contrast)
            numbers[:, s, c] = mixture.mean(), mixture.sd(), *mixture.interval(LEVEL)
            below[s, c] = mixture.cdf(float(TRUTH[c]))
        groups.append([])
        for number, bounds in enumerate(BOUNDS):
            for group in replace(result, bounds=bounds).groups:
                members = np.array([1.0 if i in group.event_ids else 0.0 for i in IDS])
                found = result.summarise(group.terms)
                assert found is not None, "no columns are aliased"
                hit = found["lower"] <= members @ EFFECTS <= found["upper"]
                groups[-1].append((number, _bits(members), bool(hit)))
    return result.posterior.design, Fits(*numbers), below, groups


def _series(n: int, values: Array) -> TradeSeries:
    return TradeSeries.from_values(
        periods(n), [None if np.isnan(v) else float(v) for v in values], id="simulated"
    )


def _oracle(world: World, n: int, simulated: Simulated, design: Design) -> Fits:
    dense = covariance(world, n)
    columns = design.variants[0].columns
    first = design.event_terms[0].columns.start
    weights = np.zeros((len(CONTRASTS), columns.shape[1]))
    weights[:, first : first + len(IDS)] = CONTRASTS
    prior = np.where(design.precision > 0, 1 / TREND_SD_PER_YEAR**2, 0.0)
    estimate, se = [], []
    for values, outlying in zip(simulated.values, simulated.outlying, strict=True):
        seen = np.isfinite(values)
        extra = np.where(outlying, np.mean(world.outlier_sd) ** 2 * SD**2, 0.0)
        factor = np.linalg.cholesky((dense + np.diag(extra))[np.ix_(seen, seen)])
        x = np.linalg.solve(factor, columns[seen])
        y = np.linalg.solve(factor, np.log(values[seen]))
        gram = x.T @ x + np.diag(prior)
        estimate.append(weights @ np.linalg.solve(gram, x.T @ y))
        se.append(np.sqrt(np.einsum("cp,pc->c", weights, np.linalg.solve(gram, weights.T))))
    mean, sd = np.array(estimate), np.array(se)
    return Fits(mean, sd, mean - NORMAL * sd, mean + NORMAL * sd)
