"""The joint structural posterior: all events in one model, the noise integrated over on a grid.

``y_t = x_t'b + sum_k beta_k f_k(t; delta_k) + z_t'c + u_t``, u = white noise + AR(1) + random-walk level,
whose slope wanders too where a local linear trend is asked for.
Given the noise parameters the coefficients are exactly Student-t (`analysis.numerics.conjugate`); the
noise parameters are integrated over the cells of `analysis.numerics.noise`. There is no sampler.

Three approximations are declared: the measurement error enters at the first pass's stationary variance;
a month with a standardised leave-one-out residual beyond 3 may carry more variance; the logarithm of a
total is linearised at the smoothed months.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.dating import Dating
from analysis.interventions.design import Design
from analysis.interventions.modal import Mode
from analysis.interventions.posterior import DatingPosterior, Evidence, StructuralPosterior
from analysis.interventions.totals import linearise
from analysis.numerics.conjugate import Coefficients, coefficients, log_marginal
from analysis.numerics.filtering import (
    QuadraticForms,
    quadratic_forms,
    with_extra_variance,
    with_rows,
)
from analysis.numerics.noise import NoiseGrid, NoiseSample, noise_grid

SPLIT_ABOVE = 0.01
"""Posterior mass above which a cell is split."""
SPLIT_ROUNDS = 2
NEGLIGIBLE = 1e-5
"""The lightest points, up to this posterior mass together, are dropped after the masses are added up."""
OUTLIER_FACTORS = (1.0, 9.0, 100.0)
DROPPED_COMBINATIONS = 0.01
"""Outlier combinations with less than this posterior mass together, on the first grid, are not refined."""


@dataclass(frozen=True, slots=True)
class GridSize:
    """Cells of the initial grid and rounds of refinement."""

    q: int
    rho: int
    kappa: int
    rounds: int
    slope: int = 0


COARSE_GRIDS = (
    GridSize(q=6, rho=4, kappa=1, rounds=0),
    GridSize(q=5, rho=3, kappa=5, rounds=0),
    GridSize(q=4, rho=3, kappa=3, rounds=0),
)
"""Grids of the first passes, by the number of declared regimes."""
FINE_GRIDS = (
    GridSize(q=10, rho=7, kappa=1, rounds=1),
    GridSize(q=5, rho=3, kappa=18, rounds=SPLIT_ROUNDS),
    GridSize(q=4, rho=3, kappa=6, rounds=SPLIT_ROUNDS),
)
"""Grids of the last pass. Doubling every axis moves no end of an effect's interval on the catalogue series by
more than 2 % of its width (`tests/data/test_main_answer.py`)."""


COARSE_SLOPE, FINE_SLOPE = 4, 7
"""Cells of the slope's variance in the first passes and in the last, with a local linear trend."""
FINE_LOCAL_GRIDS = (
    GridSize(q=5, rho=4, kappa=1, rounds=1, slope=FINE_SLOPE),
    GridSize(q=4, rho=3, kappa=9, rounds=1, slope=FINE_SLOPE),
    GridSize(q=3, rho=2, kappa=4, rounds=1, slope=FINE_SLOPE),
)


def default_grids(regimes: int, local: bool) -> tuple[GridSize, GridSize]:
    """Return the grids of the first passes and of the last."""
    coarse = COARSE_GRIDS[regimes]
    if local:
        return replace(coarse, slope=COARSE_SLOPE), FINE_LOCAL_GRIDS[regimes]
    return coarse, FINE_GRIDS[regimes]


def fit_structural(
    evidence: Evidence,
    build: Callable[[Mapping[tuple[str, Dating], float]], Design],
    *,
    primary: Dating = "full",
    initial: GridSize | None = None,
    final: GridSize | None = None,
    outliers: bool = True,
    local: bool = False,
) -> StructuralPosterior:
    """Fit the joint model by two passes, three where partial periods or totals have to settle.

    Parameters
    ----------
    evidence : Evidence
    build : callable
        Returns the design for given effects of the previous pass, by (term name, dating).
    primary : Dating
        The dating whose posterior settles the variance, the outliers and the linearisation.
    initial, final : GridSize
        Grids of the first passes and of the last; default by the number of regimes.
    outliers : bool
        Whether outlying months are looked for.
    local : bool
        Whether the slope of the level wanders (a local linear trend).
    """
    design = build({})
    sample = NoiseSample(evidence.observed, np.zeros(len(evidence.y)), evidence.regime)
    moving = any(((variant.shares > 0) & (variant.shares < 1)).any() for variant in design.variants)
    settling = 2 if moving or evidence.totals is not None else 1
    flat_trend = design.precision.copy()
    if design.trend_column is not None:
        flat_trend[design.trend_column] = 0.0
    state = _State(design, flat_trend, sample)
    coarse, fine = default_grids(evidence.regimes, local)
    coarse, fine = initial or coarse, final or fine
    for _ in range(settling):
        fitted, forms = _pass(evidence, state, coarse)
        leading = fitted.dating(primary)
        variance = leading.stationary_variance()
        design = build(_effects(fitted)) if moving else design
        precision = design.precision.copy()
        if design.trend_column is not None:
            precision[design.trend_column] *= variance
        mode = Mode.of(fitted, leading)
        rows, values = (None, None) if evidence.totals is None else linearise(evidence.totals, mode.months())
        state = _State(
            design,
            precision,
            replace(sample, measurement=evidence.error**2 / variance),
            mode.outliers(evidence.error**2 / variance) if outliers else (),
            rows,
            values,
            variance,
        )
    same = not (moving or state.outliers or evidence.totals is not None or evidence.error.any())
    alike = replace(coarse, rounds=fine.rounds) == fine
    reused = forms if same and alike else None
    return replace(_pass(evidence, state, fine, reused)[0], passes=settling + 1)


@dataclass(frozen=True, slots=True)
class _State:
    design: Design
    precision: FloatArray
    sample: NoiseSample
    outliers: tuple[int, ...] = ()
    total_rows: FloatArray | None = None
    total_values: FloatArray | None = None
    variance: float = 1.0


def _pass(
    evidence: Evidence, state: _State, size: GridSize, known: QuadraticForms | None = None
) -> tuple[StructuralPosterior, QuadraticForms]:
    """Fit once; `known` are the forms of the initial grid, if an earlier pass had the same."""
    union, positions = _union([variant.columns for variant in state.design.variants])
    columns = np.column_stack([union, np.nan_to_num(evidence.y)])
    positions = [np.append(where, union.shape[1]) for where in positions]
    factors = np.array(list(product(OUTLIER_FACTORS, repeat=len(state.outliers))))
    n_data = int(state.sample.observed.sum()) + (0 if state.total_rows is None else len(state.total_rows))
    dof = n_data - int((state.precision == 0).sum())

    def scores(forms: QuadraticForms, factors: FloatArray) -> FloatArray:
        """Log marginal likelihoods, shape (F, V, G)."""
        grown = [with_extra_variance(forms, columns.shape[1], row - 1) for row in factors]
        return np.array(
            [[log_marginal(form, where, state.precision, dof) for where in positions] for form in grown]
        )

    grid = noise_grid(
        q_cells=size.q,
        rho_cells=size.rho,
        regimes=evidence.regimes,
        kappa_cells=size.kappa,
        slope_cells=size.slope,
    )
    forms = first = known or _forms(columns, grid, state, evidence)
    score = scores(forms, factors)
    names = [variant.dating for variant in state.design.variants]
    likely = _likely(score + np.log(grid.mass), names)
    factors, score = factors[likely], score[likely]
    for _ in range(size.rounds):
        heavy = _heavy(score + np.log(grid.mass), names)
        if not heavy.any():
            break
        children = grid.take(heavy).split()
        added = _forms(columns, children, state, evidence)
        kept = ~heavy
        grid = grid.take(kept).join(children)
        forms = forms.take(kept).join(added)
        score = np.concatenate([score[:, :, kept], scores(added, factors)], axis=2)
    posteriors = [
        _posterior(name, names, score + np.log(grid.mass), forms, factors, positions, state.precision, dof)
        for name in dict.fromkeys(names)
    ]
    fitted = StructuralPosterior(
        state.design,
        evidence,
        tuple(posteriors),
        grid,
        state.sample,
        state.variance,
        state.outliers,
        factors,
        state.total_rows,
        state.total_values,
        1,
    )
    return fitted, first


def _forms(columns: FloatArray, grid: NoiseGrid, state: _State, evidence: Evidence) -> QuadraticForms:
    """Filter the columns, then the totals; unit vectors of outlying months stay last."""
    units = np.zeros((len(columns), len(state.outliers)))
    for j, t in enumerate(state.outliers):
        units[t, j] = 1.0
    shared = np.column_stack([columns, units])
    if state.total_rows is None or evidence.totals is None or state.total_values is None:
        return quadratic_forms(shared, grid, state.sample)
    own, variance = evidence.totals.covariances(state.total_rows, grid, state.sample, state.variance)
    n_totals = len(state.total_rows)
    forms = quadratic_forms(shared, grid, state.sample, own)
    rows = np.column_stack(
        [state.total_rows @ columns[:, :-1], state.total_values, np.zeros((n_totals, units.shape[1]))]
    )
    return with_rows(forms, shared.shape[1], rows, variance)


def _union(designs: Sequence[FloatArray]) -> tuple[FloatArray, list[NDArray[np.intp]]]:
    """Return the distinct columns of several designs, and where each design finds its own."""
    seen: dict[bytes, int] = {}
    columns: list[FloatArray] = []
    positions = []
    for matrix in designs:
        where = np.empty(matrix.shape[1], dtype=np.intp)
        for j in range(matrix.shape[1]):
            key = matrix[:, j].tobytes()
            if key not in seen:
                seen[key] = len(columns)
                columns.append(matrix[:, j])
            where[j] = seen[key]
        positions.append(where)
    return np.column_stack(columns), positions


def _likely(log_weight: FloatArray, names: Sequence[Dating]) -> NDArray[np.intp]:
    """Outlier combinations that hold all but `DROPPED_COMBINATIONS` of the posterior under every dating."""
    kept = np.zeros(len(log_weight), dtype=bool)
    for name in dict.fromkeys(names):
        part = log_weight[:, [n == name for n in names], :]
        mass = np.exp(part - part.max()).sum(axis=(1, 2))
        order = np.argsort(-mass, kind="stable")
        covered = np.cumsum(mass[order]) / mass.sum()
        kept[order[: int(np.searchsorted(covered, 1 - DROPPED_COMBINATIONS)) + 1]] = True
    return np.flatnonzero(kept)


def _heavy(log_weight: FloatArray, names: Sequence[Dating]) -> NDArray[np.bool_]:
    """Cells that hold more than `SPLIT_ABOVE` of the posterior under any dating."""
    heavy = np.zeros(log_weight.shape[2], dtype=bool)
    for name in dict.fromkeys(names):
        part = log_weight[:, [n == name for n in names], :]
        weight = np.exp(part - part.max())
        heavy |= weight.sum(axis=(0, 1)) > SPLIT_ABOVE * weight.sum()
    return heavy


def _posterior(
    name: Dating,
    names: Sequence[Dating],
    log_weight: FloatArray,
    forms: QuadraticForms,
    factors: FloatArray,
    positions: Sequence[NDArray[np.intp]],
    precision: FloatArray,
    dof: int,
) -> DatingPosterior:
    variants = np.flatnonzero([n == name for n in names])
    choices = len(variants) * len(OUTLIER_FACTORS) ** factors.shape[1]
    part = log_weight[:, variants, :] - np.log(choices)
    peak = float(part.max())
    weight = np.exp(part - peak)
    total = weight.sum()
    ascending = np.sort(weight, axis=None)
    dropped = int(np.searchsorted(np.cumsum(ascending), NEGLIGIBLE * total))
    order = np.argwhere(weight >= ascending[min(dropped, len(ascending) - 1)])
    kept_weight, factor_index, variant_index, cell_index, pieces = [], [], [], [], []
    for f, row in enumerate(factors):
        for v in range(len(variants)):
            cells = order[(order[:, 0] == f) & (order[:, 1] == v), 2]
            if not len(cells):
                continue
            grown = with_extra_variance(forms.take(cells), int(positions[0][-1]) + 1, row - 1)
            pieces.append(coefficients(grown, positions[variants[v]], precision, dof))
            kept_weight.append(weight[f, v, cells])
            factor_index.append(np.full(len(cells), f))
            variant_index.append(np.full(len(cells), variants[v]))
            cell_index.append(cells)
    kept = np.concatenate(kept_weight)
    return DatingPosterior(
        name,
        peak + float(np.log(total)),
        kept / kept.sum(),
        np.concatenate(variant_index),
        np.concatenate(cell_index),
        np.concatenate(factor_index),
        Coefficients(
            np.concatenate([piece.mean for piece in pieces]),
            np.concatenate([piece.root for piece in pieces]),
            np.concatenate([piece.rss for piece in pieces]),
            dof,
        ),
    )


def _effects(fitted: StructuralPosterior) -> dict[tuple[str, Dating], float]:
    """Posterior means of the events' first coefficients, by term and dating."""
    return {
        (term.name, posterior.dating): float(posterior.mean[term.columns.start])
        for posterior in fitted.datings
        for term in fitted.design.event_terms
    }
