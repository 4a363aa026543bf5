"""Measured inputs of a transfer function: ``(w0 + w1 B + ... + ws B^s) / (1 - d1 B - ... - dr B^r) x_{t-b}``.

Ours: statsmodels has no transfer functions. The numerator is linear and is a block of regressors; the
denominator is a recursion whose coefficients are parameters of the likelihood. Box, Jenkins, Reinsel & Ljung
(2015), Time Series Analysis, 5th ed., chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.domain import FloatArray
from analysis.errors import UsageError
from analysis.interventions.peers.arma import ArimaFit

MOST_LAGS, MOST_DECAYS = 24, 2


def response(source: FloatArray, decays: FloatArray) -> FloatArray:
    """Return ``source / (1 - d1 B - ...)``, starting from zero."""
    from scipy.signal import lfilter

    return np.asarray(lfilter([1.0], np.concatenate([[1.0], -np.asarray(decays)]), source))


@dataclass(frozen=True)
class MeasuredInput:
    """One input and the orders of its response.

    Attributes
    ----------
    name : str
    values : ndarray, shape (T,)
        Centred.
    delay, numerator, decays : int
        b, s and r.
    """

    name: str
    values: FloatArray
    delay: int
    numerator: int
    decays: int

    @property
    def lags(self) -> int:
        """Number of coefficients of the numerator."""
        return self.numerator + 1

    @property
    def lost(self) -> int:
        """Periods at the start whose inputs lie before the sample."""
        return self.delay + self.numerator

    def columns(self, decays: FloatArray) -> FloatArray:
        """Return the block of regressors for given decays, shape (T, s + 1)."""
        shifted = []
        for lag in range(self.delay, self.delay + self.lags):
            moved = np.concatenate([np.zeros(lag), self.values[: len(self.values) - lag]])
            shifted.append(response(moved, decays) if self.decays else moved)
        return np.column_stack(shifted)

    def describe(self, fit: ArimaFit, first: int, first_decay: int) -> dict[str, Any]:
        """Return coefficients, standard errors and gain, given where they stand among those of the fit."""
        own = slice(first, first + self.lags)
        decays = slice(first_decay, first_decay + self.decays)
        se = np.sqrt(np.diag(fit.covariance)[own])
        errors = [float(s) if np.isfinite(s) else None for s in fit.decay_se[decays]]
        return {
            "name": self.name,
            "delay": self.delay,
            "numerator": [float(v) for v in fit.beta[own]],
            "numerator_se": [float(v) for v in se],
            "decays": [float(v) for v in fit.decays[decays]],
            "decays_se": errors,
            "gain": float(fit.beta[own].sum() / (1 - fit.decays[decays].sum())),
        }


def read_inputs(
    orders: Mapping[str, Sequence[int]] | None, controls: Mapping[str, FloatArray]
) -> tuple[MeasuredInput, ...]:
    """Return the inputs that a caller named among the controls.

    Parameters
    ----------
    orders : mapping of str to (delay, numerator, decays), or None
    controls : mapping of str to ndarray of shape (T,)
        As given.

    Raises
    ------
    UsageError
        If an input is no control, has a gap, or its orders are out of range.
    """
    found = []
    for name, given in (orders or {}).items():
        if name not in controls:
            raise UsageError(f"the input '{name}' is not among the controls", pointer="/options/inputs")
        sizes = [int(v) for v in given]
        if len(sizes) != 3 or min(sizes) < 0 or max(sizes[:2]) > MOST_LAGS or sizes[2] > MOST_DECAYS:
            raise UsageError(
                f"an input has a delay and a numerator of 0 to {MOST_LAGS} lags and 0 to "
                f"{MOST_DECAYS} decays",
                pointer="/options/inputs",
            )
        values = controls[name]
        if not np.isfinite(values).all():
            raise UsageError(
                f"the input '{name}' has a gap: a response needs every period", pointer="/controls"
            )
        found.append(MeasuredInput(name, values - values.mean(), *sizes))
    return tuple(found)
