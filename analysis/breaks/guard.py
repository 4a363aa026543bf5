"""The wild bootstrap behind every rejection: whether errors like the series' own would do the same.

The tables hold for Gaussian AR(1) errors of one variance. Here a series of the null model (the elements
already found) is made anew 39 times: its errors are an autoregression of order up to four, chosen by BIC and
estimated on the series without any element of null or alternative. Their innovations are those of the series
without its lasting breaks, with random signs: heavy tails, patches that pass for dips and stretches of other
variance stay where they are (Davidson and Flachaire 2008), while a shift that is really there does not pass
for one large innovation. Every one of the series goes through the whole search. The signs are a fixed
sequence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.breaks.elements import SampleFits, fits_like
from analysis.breaks.sample import Sample
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.least_squares import FloatArray, IntArray

SERIES = 39
"""The smallest p-value is 1/40."""

HIGHEST_ORDER = 4
LARGEST_ROOT = 0.97

_SIGNS = 20_171_223
_FILL = 20_171_224


@dataclass(frozen=True, slots=True)
class Autoregression:
    """An autoregression of the errors.

    Attributes
    ----------
    coefficients : FloatArray
        Of lag 1, 2, ..., shape (p,).
    """

    coefficients: FloatArray

    @property
    def order(self) -> int:
        """Number of lags."""
        return int(self.coefficients.size)

    @classmethod
    def chosen(cls, errors: FloatArray) -> Autoregression:
        """Choose the order by BIC and estimate by least squares.

        Parameters
        ----------
        errors : FloatArray
            On every calendar period, missing ones NaN, shape (T,).
        """
        lagged = np.column_stack([np.roll(errors, k) for k in range(HIGHEST_ORDER + 1)])[HIGHEST_ORDER:]
        lagged = lagged[np.all(np.isfinite(lagged), axis=1)]
        best, lowest = np.empty(0), np.inf
        count = lagged.shape[0]
        for order in range(HIGHEST_ORDER + 1):
            if count <= 3 * (order + 1):
                break
            found = np.asarray(np.linalg.lstsq(lagged[:, 1 : order + 1], lagged[:, 0], rcond=None)[0])
            left = lagged[:, 0] - lagged[:, 1 : order + 1] @ found
            value = count * np.log(max(float(left @ left), np.finfo(float).tiny)) + order * np.log(count)
            if value < lowest - 1e-9:
                best, lowest = found, value
        return cls(best)._stable()

    def _stable(self) -> Autoregression:
        if not self.order:
            return self
        companion = np.eye(self.order, k=-1)
        companion[0] = self.coefficients
        largest = float(np.max(np.abs(np.linalg.eigvals(companion))))
        if largest <= LARGEST_ROOT:
            return self
        shrink = (LARGEST_ROOT / largest) ** np.arange(1, self.order + 1)
        return Autoregression(self.coefficients * shrink)

    def innovations(self, errors: FloatArray) -> FloatArray:
        """Return errors less their prediction; NaN where a lag is missing, shape (T,)."""
        found = errors.copy()
        for lag, coefficient in enumerate(self.coefficients, start=1):
            found[lag:] -= coefficient * errors[:-lag]
            found[:lag] = np.nan
        return found

    def series(self, innovations: FloatArray) -> FloatArray:
        """Return the errors that `innovations`, shape (T, S), make, begun at zero."""
        made = innovations.copy()
        for t in range(made.shape[0]):
            for lag, coefficient in enumerate(self.coefficients[:t], start=1):
                made[t] += coefficient * made[t - lag]
        return made


def wild_series(sample: Sample, found: SampleFits, m: int, further: int, rho: float) -> FloatArray:
    """Return series of the model with m elements, errors as seen with `further` elements, shape (n, 39).

    Parameters
    ----------
    sample : Sample
    found : SampleFits
    m, further : int
        Elements of the null, and of the alternative whose residuals give the autoregression.
    rho : float
        At which the null model is fitted.
    """
    calendar, length = sample.calendar, int(sample.calendar[-1]) + 1
    held = float(np.clip(found.fits.reml[further, 0], -0.99, 0.995))
    process = Autoregression.chosen(_on_calendar(found.errors(further, held), calendar, length))
    own = process.innovations(_on_calendar(found.errors(further, rho, lasting_only=True), calendar, length))
    known = own[np.isfinite(own)]
    missing = ~np.isfinite(own)
    places = np.argsort(np.argsort(normals((length,), _FILL))) * known.size // length
    own[missing] = known[places[missing]]
    signs = np.where(normals((length, SERIES), _SIGNS) >= 0, 1.0, -1.0)
    made = process.series(own[:, None] * signs)[calendar]
    return found.fitted(m, rho)[:, None] + made / found.weight(m)[:, None]


def _on_calendar(errors: FloatArray, calendar: IntArray, length: int) -> FloatArray:
    spread = np.full(length, np.nan)
    spread[calendar] = errors
    return spread


def wild_fits(sample: Sample, found: SampleFits, m: int, further: int, rho: float, most: int) -> SampleFits:
    """Search the series of `wild_series` for up to `most` elements."""
    values = wild_series(sample, found, m, further, rho)
    return fits_like(sample, values, most, found.weight(m), rho)
