"""Declared stretches of other variance and controls in the search for breaks."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.breaks import find_breaks
from analysis.breaks.likelihood import base_columns, likelihood_of, noise_with
from analysis.breaks.sample import Sample, build_sample
from analysis.breaks.sized import sized_search
from analysis.domain import TradeSeries
from analysis.errors import InputError
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.local_level import local_level
from tests.unit.breaks.conftest import Maker

STRETCH = "2018-01..2020-08"
LOUD = slice(72, 104)


def _loud(series: TradeSeries, factor: float, step: float = 0.0) -> TradeSeries:
    """Multiply the errors of the stretch, made around 10 without seasons, and add a step at 36."""
    values = series.values - 10
    values[LOUD] *= np.sqrt(factor)
    values[36:] += step
    return TradeSeries.from_values(
        series.periods, [None if np.isnan(v) else float(v) for v in values + 100], id=series.id
    )


def _sample(series: TradeSeries, regime: str | tuple[str, ...] = STRETCH) -> Sample:
    return build_sample(series, model="mean", scale="level", seasonal=False, max_breaks=5, regime=regime)


def test_likelihood_equals_the_dense_gaussian_one_and_the_factor_maximises_it(make: Maker) -> None:
    sample = _sample(_loud(make(132, missing=(10, 80)), 20.0))
    noise = noise_with(sample, (40,))
    columns = base_columns(sample, (40,))

    def dense(factor: float) -> float:
        deviation = np.where(sample.loud, np.sqrt(factor), 1.0)
        apart = np.abs(sample.calendar[:, None] - sample.calendar[None, :])
        root = np.linalg.cholesky(np.outer(deviation, deviation) * noise.rho**apart / (1 - noise.rho**2))
        white = np.linalg.solve(root, np.column_stack([columns, sample.y]))
        residual = white[:, -1] - white[:, :-1] @ np.linalg.lstsq(white[:, :-1], white[:, -1], rcond=None)[0]
        variance = float(residual @ residual) / sample.n
        return -sample.n / 2 * (np.log(2 * np.pi * variance) + 1) - float(np.sum(np.log(np.diag(root))))

    assert noise.loglik == pytest.approx(dense(noise.factor), abs=5e-3)
    assert dense(noise.factor) > max(dense(noise.factor * 1.2), dense(noise.factor / 1.2))
    assert 8 < noise.factor < 50


def test_likelihood_of_a_further_break_holds_at_its_top(make: Maker) -> None:
    sample = _sample(_loud(make(132), 30.0, step=3.0))
    positions = np.arange(20, 113)
    found = likelihood_of(sample, (), positions)
    top = int(positions[int(np.argmax(found.loglik[:, 0]))])
    assert top == 36
    assert found.loglik.max() == pytest.approx(noise_with(sample, (top,)).loglik, abs=5e-3)
    assert found.null_loglik[0] == pytest.approx(noise_with(sample, ()).loglik)


def test_no_stretch_no_factor(make: Maker) -> None:
    assert noise_with(_sample(make(96), ()), ()).factor == 1.0


def test_noise_of_a_stretch_is_no_break_and_hides_none(make: Maker) -> None:
    """AR(1) .6, the variance times 100 for 32 of 132 months: eight series without a break, four with 2 sd."""
    quiet = [_loud(make(132, rho=0.6, first="2012-01", stream=300 + k), 100.0) for k in range(8)]
    assert sum(bool(sized_search(_sample(series)).breaks) for series in quiet) <= 2
    shifted = [_loud(make(132, rho=0.6, stream=400 + k), 100.0, step=2.0) for k in range(4)]
    assert sum(36 in sized_search(_sample(series)).breaks for series in shifted) >= 2


def test_trend_breaks_with_a_stretch_are_tested_by_bootstrap(make: Maker) -> None:
    found = find_breaks(_loud(make(132, rho=0.3), 50.0), model="trend", scale="level", regime=STRETCH)
    assert found.n_breaks == 0
    assert found.steps[0].method == "bootstrap"


def test_local_level_with_a_stretch_equals_the_dense_one() -> None:
    n, calendar = 40, np.arange(40)
    loud = (calendar >= 25) & (calendar < 33)
    y = np.cumsum(normals((n,), 21)) * 0.4 + normals((n,), 22) * np.where(loud, 5.0, 1.0)
    found = local_level(y, np.ones((n, 1)), calendar, loud)

    def dense(factor: float) -> float:
        covariance = np.diag(np.where(loud, factor, 1.0)) + found.ratio * np.minimum.outer(calendar, calendar)
        root = np.linalg.cholesky(covariance)
        x, white = np.linalg.solve(root, np.ones((n, 1))), np.linalg.solve(root, y)
        residual = white - x @ np.linalg.lstsq(x, white, rcond=None)[0]
        variance = float(residual @ residual) / n
        return -n / 2 * (np.log(2 * np.pi * variance) + 1) - float(np.sum(np.log(np.diag(root))))

    best = max(dense(factor) for factor in np.geomspace(2, 400, 800))
    assert found.loglik == pytest.approx(best, abs=1e-3)


def test_controls_have_one_coefficient_in_all_segments(make: Maker) -> None:
    series = make(96, rho=0.2, steps={48: 3.0})
    control = normals((96,), 77)
    values = (series.values + 2.0 * control).tolist()
    moved = TradeSeries.from_values(series.periods, values, id="moved")
    found = find_breaks(moved, scale="level", controls={"price": control.tolist()})
    assert [b.index for b in found.breaks] == [47]
    assert found.breaks[0].magnitude == pytest.approx(3.0, abs=3 * found.breaks[0].se)
    assert found.to_record()["model"]["controls"] == ["price"]
    assert "price as controls" in found.to_record()["model"]["words"]
    with pytest.raises(InputError, match="spanned"):
        find_breaks(moved, scale="level", controls={"a": control.tolist(), "b": (2 * control).tolist()})
    with pytest.raises(InputError, match="outside the sample"):
        find_breaks(moved, regime="1990-01..1991-01")
