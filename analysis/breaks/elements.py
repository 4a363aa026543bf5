"""The likeliest elements of a sample: lasting breaks and dips, for every number of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.breaks.likelihood import factor_with, noise_with
from analysis.breaks.sample import Sample
from analysis.numerics.break_likelihood import Whitening
from analysis.numerics.element_fits import ElementFits, element_columns, fit_elements, near
from analysis.numerics.element_search import SEARCHED_Z
from analysis.numerics.least_squares import FloatArray, IntArray, least_squares

FACTOR_RATIO = 1.4
"""Between neighbouring factors of the variance of declared stretches that are compared."""

OTHER_WEIGHTS = (1.0, 0.7, 0.85, 1.2, 1.4)
"""Of declared stretches in series that are like the sample, relative to its own."""


@dataclass(frozen=True, slots=True)
class SampleFits:
    """Fits of S series laid out as one sample.

    Attributes
    ----------
    fits : ElementFits
    weights : FloatArray
        One over the relative standard deviation of the errors, one row for each factor, shape (F, n).
    y : FloatArray
        Shape (n, S).
    common : FloatArray
        Columns that all segments share, shape (n, p).
    calendar : IntArray
        Shape (n,).
    """

    fits: ElementFits
    weights: FloatArray
    y: FloatArray
    common: FloatArray
    calendar: IntArray

    def design(self, m: int, k: int = 0, *, lasting_only: bool = False) -> FloatArray:
        """Return the regression's columns with the best m elements of series k, shape (n, 1 + p + m').

        With `lasting_only` dips are left out.
        """
        n = self.y.shape[0]
        starts, ends = self.fits.starts[m, k], self.fits.ends[m, k]
        kept = ends == n if lasting_only else ends > 0
        elements = element_columns(n, starts[kept], ends[kept])
        return np.column_stack([np.ones(n), self.common, elements])

    def weight(self, m: int, k: int = 0) -> FloatArray:
        """Return the weights at the likeliest factor, shape (n,)."""
        row: FloatArray = self.weights[int(self.fits.scale[m, k])]
        return row

    def innovations(self, m: int, k: int = 0) -> FloatArray:
        """Return the whitened residuals with m elements, shape (n,)."""
        weight = self.weight(m, k)
        white = Whitening.of(float(self.fits.reml[m, k]), self.calendar)
        design = self.design(m, k) * weight[:, None]
        return least_squares(white.apply(self.y[:, k] * weight), white.apply(design)).residuals

    def fitted(self, m: int, rho: float, *, lasting_only: bool = False) -> FloatArray:
        """Return the first series' fit with m elements by generalised least squares at `rho`, shape (n,)."""
        weight = self.weight(m)
        white = Whitening.of(rho, self.calendar)
        design = self.design(m, lasting_only=lasting_only)
        found = least_squares(white.apply(self.y[:, 0] * weight), white.apply(design * weight[:, None]))
        fit: FloatArray = design @ found.params
        return fit

    def errors(self, m: int, rho: float, *, lasting_only: bool = False) -> FloatArray:
        """Return the first series less that fit, in units of its relative standard deviation, shape (n,)."""
        fit = self.fitted(m, rho, lasting_only=lasting_only)
        left: FloatArray = (self.y[:, 0] - fit) * self.weight(m)
        return left


def rounds_of(sample: Sample) -> tuple[int, ...]:
    """Return the numbers of elements at which the common part is estimated anew for the search."""
    return (0, 2) if sample.model == "trend" or sample.controls else (2,)


def level_common(sample: Sample) -> FloatArray:
    """Return every column that elements of the level leave alone: with a trend model, the trend too."""
    return np.column_stack([sample.changing[:, 1:], sample.common])


def fits_of(sample: Sample, most: int, rho: float | None = None) -> SampleFits:
    """Search the sample itself.

    Parameters
    ----------
    sample : Sample
    most : int
        Largest number of elements.
    rho : float, optional
        AR(1) coefficient of the errors where it is known about: one round, five values around it.
    """
    if not sample.loud.any():
        return _searched(sample, most, np.ones((1, sample.n)), 1, rho)
    null = noise_with(sample, ()).factor
    first = _searched(sample, most, _weights(sample, [null]), 1, rho)
    gain = first.fits.loglik[:, 0] - np.arange(most + 1) * np.log(sample.n)
    with_elements = factor_with(sample, first.design(int(np.argmax(gain))))
    low, high = sorted((null, with_elements))
    count = int(np.ceil(np.log(3 * high / low) / np.log(FACTOR_RATIO)))
    factors = [null, with_elements, *np.geomspace(low / 1.5, high * 2, count + 1)]
    return _searched(sample, most, _weights(sample, factors), 2, rho)


def fits_like(sample: Sample, values: FloatArray, most: int, weight: FloatArray, rho: float) -> SampleFits:
    """Search other series with the sample's layout, whose errors are known up to chance.

    One round, five values of ρ around theirs.

    Parameters
    ----------
    sample : Sample
    values : FloatArray
        Shape (n, S).
    most : int
    weight : FloatArray
        One over the relative standard deviation of the errors, shape (n,).
    rho : float
        First autocorrelation of the errors.
    """
    rows = weight[None]
    if sample.loud.any():
        rows = np.where(sample.loud, weight * np.array(OTHER_WEIGHTS)[:, None], 1.0)
    fits = fit_elements(
        values, level_common(sample), sample.calendar, sample.min_length, most, weights=rows, z=near(rho)
    )
    return SampleFits(fits, rows, values, level_common(sample), sample.calendar)


def _weights(sample: Sample, factors: list[float]) -> FloatArray:
    return np.where(sample.loud, np.array(factors)[:, None] ** -0.5, 1.0)


def _searched(sample: Sample, most: int, weights: FloatArray, searched: int, rho: float | None) -> SampleFits:
    y, common = sample.y[:, None], level_common(sample)
    fits = fit_elements(
        y,
        common,
        sample.calendar,
        sample.min_length,
        most,
        rounds=rounds_of(sample) if rho is None else (),
        weights=weights,
        searched=searched,
        z=SEARCHED_Z if rho is None else near(rho),
    )
    return SampleFits(fits, weights, y, common, sample.calendar)


def dip_columns(sample: Sample, dips: tuple[tuple[int, int], ...]) -> FloatArray:
    """Return one column for every dip, one within it, shape (n, dips)."""
    time = np.arange(sample.n)[:, None]
    starts = np.array([a for a, _ in dips], dtype=np.intp)
    ends = np.array([b for _, b in dips], dtype=np.intp)
    columns: FloatArray = ((time >= starts) & (time < ends)).astype(float)
    return columns
