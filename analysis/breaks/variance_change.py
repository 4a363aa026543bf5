"""A change of the variance of the errors, with its date and the set of dates that cannot be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.breaks.date_sets import eo_morley_critical
from analysis.breaks.sample import Sample
from analysis.breaks.variance import variance_break
from analysis.numerics.least_squares import FloatArray

LEVEL = 0.01
"""Of the test: an answer about the level mentions the variance only where it is plain."""


@dataclass(frozen=True, slots=True)
class VarianceChange:
    """One change of the variance at an unknown date.

    Attributes
    ----------
    last_before, first_after : str
    ratio : float
        Variance after over variance before.
    pvalue : float
        Of the cumulative sums of squares with a long-run variance.
    lower, upper : str
        Last period before, at the ends of the set.
    level : float
        Of the set.
    """

    last_before: str
    first_after: str
    ratio: float
    pvalue: float
    lower: str
    upper: str
    level: float

    @property
    def sentence(self) -> str:
        """The change in words."""
        return (
            f"The variance of the errors changes after {self.last_before} ({self.lower} to {self.upper}): it "
            f"is {self.ratio:.2g} times what it was (p {self.pvalue:.3f}). The tables take one variance; the "
            "wild bootstrap behind them does not."
        )

    def to_record(self) -> dict[str, Any]:
        """Return the change as JSON-ready values."""
        return {
            "kind": "variance",
            "last_before": self.last_before,
            "first_after": self.first_after,
            "ratio": self.ratio,
            "pvalue": self.pvalue,
            "set": [[self.lower, self.upper]],
            "level": self.level,
        }


def variance_change(sample: Sample, errors: FloatArray, level: float) -> VarianceChange | None:
    """Test and date a change of the variance; None where the test does not reject at 1 %.

    The date maximises the Gaussian likelihood with two variances; the set holds the dates within Eo and
    Morley's bound of it.

    Parameters
    ----------
    sample : Sample
    errors : FloatArray
        Innovations of the final model, shape (n,).
    level : float
        Of the set.
    """
    n = errors.shape[0]
    power = float(errors @ errors)
    positions = np.arange(sample.min_length, n - sample.min_length + 1)
    if not power > 0 or positions.size == 0:
        return None
    test = variance_break(errors / np.sqrt(power / n))
    if test.pvalue is None or test.pvalue > LEVEL:
        return None
    sums = np.cumsum(errors**2)[positions - 1]
    tiny = np.finfo(float).tiny
    before, after = np.maximum(sums / positions, tiny), np.maximum((power - sums) / (n - positions), tiny)
    loss = positions * np.log(before) + (n - positions) * np.log(after)
    best = int(np.argmin(loss))
    inside = positions[loss - loss[best] <= eo_morley_critical(level)]
    return VarianceChange(
        str(sample.last_before(int(positions[best]))),
        str(sample.first_after(int(positions[best]))),
        float(after[best] / before[best]),
        test.pvalue,
        str(sample.last_before(int(inside[0]))),
        str(sample.last_before(int(inside[-1]))),
        level,
    )
