"""Steps or a slowly wandering level: two accounts of the same series, compared by maximum likelihood and BIC.

The sized test finds breaks in most series whose level is a random walk. So the fit with steps and AR(1)
errors (two parameters a break) is set beside one without steps whose level wanders, with the same seasonal
means. A declared stretch of other variance multiplies the variance of the AR(1) errors in the one, of the
white noise in the other, each by its own factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.breaks.likelihood import base_columns, noise_with
from analysis.breaks.sample import Sample
from analysis.numerics.local_level import local_level

MARGIN = 4.6
"""Difference of BIC at which the steps have won: odds of ten to one, 2 ln 10."""


@dataclass(frozen=True, slots=True)
class WanderingLevel:
    """Comparison of the two accounts.

    Attributes
    ----------
    bic_steps, bic_level : float
        Smaller is better.
    n_breaks : int
    """

    bic_steps: float
    bic_level: float
    n_breaks: int

    @property
    def verdict(self) -> str:
        """``no_breaks``, ``steps`` or ``wandering_level``."""
        if self.n_breaks == 0:
            return "no_breaks"
        return "steps" if self.bic_level - self.bic_steps > MARGIN else "wandering_level"

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if self.verdict == "no_breaks":
            return "No break was found, so there is nothing to set against a wandering level."
        difference = self.bic_level - self.bic_steps
        if self.verdict == "steps":
            return (
                f"Steps describe the series better than a slowly wandering level (BIC {difference:.1f} lower;"
                f" {MARGIN} are asked for)."
            )
        return (
            "A slowly wandering level would show these dates too: steps do not describe the series better by "
            f"the {MARGIN} in BIC that are asked for (difference {difference:.1f})."
        )

    def to_record(self) -> dict[str, Any]:
        """Return the contract's keys, and the verdict in words."""
        return {
            "bic_steps": self.bic_steps,
            "bic_level": self.bic_level,
            "verdict": self.verdict,
            "sentence": self.sentence,
        }


def compare_with_wandering_level(sample: Sample, breaks: tuple[int, ...], ramps: int = 0) -> WanderingLevel:
    """Fit both accounts by maximum likelihood.

    Parameters
    ----------
    sample : Sample
    breaks : tuple of int
        The steps.
    ramps : int
        How many of the last common columns are gradual changes, which the wandering level does without.
    """
    columns = base_columns(sample, breaks)
    steps = noise_with(sample, breaks).loglik
    flat = base_columns(sample, ())
    flat = flat[:, : flat.shape[1] - ramps]
    smooth = local_level(sample.y, flat, sample.calendar, sample.loud)
    log_n = np.log(sample.n)
    noise = 3 if sample.loud.any() else 2
    return WanderingLevel(
        float(-2 * steps + (columns.shape[1] + len(breaks) + 2 * ramps + noise) * log_n),
        float(-2 * smooth.loglik + (flat.shape[1] + noise) * log_n),
        len(breaks) + ramps,
    )
