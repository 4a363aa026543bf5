"""What a caller or a recipe declares beside events: stretches of other variance, and controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.domain.observations import RANGE, computable
from analysis.domain.periods import Period, Window
from analysis.domain.series import FloatArray, TradeSeries
from analysis.errors import InputError

MOST_REGIMES = 2

RegimeChoice = str | Window | Sequence[str | Window] | None


SMALL = 1e-12
"""A control may come as near to zero as it likes: a sine does."""


def read_regimes(series: TradeSeries, regime: RegimeChoice) -> tuple[tuple[Window, ...], NDArray[np.intp]]:
    """Return the declared variance regimes inside the sample, and the regime of every period, shape (T,).

    Raises
    ------
    InputError
        If a caller's regime lies outside the sample, two overlap, or there are more than two.
    """
    if regime is None:
        asked: list[Window] = [
            w for w in series.design.regimes if w.first <= series.last and w.last >= series.first
        ]
    else:
        given = [regime] if isinstance(regime, (str, Window)) else list(regime)
        asked = [Window.parse(w) if isinstance(w, str) else w for w in given]
    index = np.zeros(len(series), dtype=np.intp)
    kept = []
    for window in asked:
        fitted = window.on(series.frequency)
        inside = np.array([p in fitted for p in series.periods])
        if not inside.any():
            raise InputError(
                f"the regime {window} lies outside the sample {series.first}..{series.last}",
                pointer="/regime",
            )
        if (index[inside] > 0).any():
            raise InputError(f"the regime {window} overlaps another one", pointer="/regime")
        if (inside & np.isfinite(series.values)).sum() < 2:
            continue
        kept.append(fitted)
        index[inside] = len(kept)
    if len(kept) > MOST_REGIMES:
        raise InputError(
            f"at most {MOST_REGIMES} stretches of other variance can be declared", pointer="/regime"
        )
    if kept and not ((index == 0) & np.isfinite(series.values)).any():
        raise InputError(
            "the regime covers the whole sample: leave some periods outside it", pointer="/regime"
        )
    return tuple(kept), index


def standardise_controls(series: TradeSeries, controls: object) -> dict[str, FloatArray]:
    """Return controls by name, standardised over the observed periods, each of shape (T,).

    Parameters and errors as `read_controls`.
    """
    observed = np.isfinite(series.values)
    return {
        name: np.nan_to_num((values - values[observed].mean()) / values[observed].std())
        for name, values in read_controls(series, controls).items()
    }


def read_controls(series: TradeSeries, controls: object) -> dict[str, FloatArray]:
    """Return controls by name as given, each of shape (T,); NaN only where the series is unobserved.

    Parameters
    ----------
    series : TradeSeries
    controls : mapping of name to (mapping of ISO period to value, or sequence of T values), or DataFrame
        A frame is indexed by ISO periods, one column a control.

    Raises
    ------
    InputError
        Naming the control and the first observed period without a value, or a constant control.
    """
    if controls is None:
        return {}
    if hasattr(controls, "to_dict") and hasattr(controls, "columns"):
        controls = {
            str(name): {str(label): value for label, value in column.items()}
            for name, column in controls.items()  # type: ignore[attr-defined]  # a DataFrame, seen by duck
        }
    if not isinstance(controls, Mapping):
        raise InputError("controls are a mapping from name to values, or a frame", pointer="/controls")
    observed = np.isfinite(series.values)
    result: dict[str, FloatArray] = {}
    for name, given in controls.items():
        values = _aligned(series, str(name), given)
        absent = np.flatnonzero(observed & ~np.isfinite(values))
        if len(absent):
            raise InputError(
                f"the control '{name}' has no value in {series.periods[absent[0]]}: "
                "every observed period needs one",
                pointer="/controls",
            )
        spread = float(values[observed].std())
        if spread <= 1e-12 * max(1.0, float(np.abs(values[observed]).max())):
            raise InputError(
                f"the control '{name}' is constant over the sample: remove it", pointer="/controls"
            )
        result[str(name)] = values
    return result


def _aligned(series: TradeSeries, name: str, given: object) -> FloatArray:
    if isinstance(given, Mapping):
        table = {Period.parse(str(key)): value for key, value in given.items()}
        raw = [table.get(period) for period in series.periods]
    elif isinstance(given, (Sequence, np.ndarray)) and not isinstance(given, str):
        raw = list(given)
        if len(raw) != len(series):
            raise InputError(
                f"the control '{name}' has {len(raw)} values; "
                f"the series '{series.id}' has {len(series)} periods",
                pointer="/controls",
            )
    else:
        raise InputError(f"the control '{name}' is neither a mapping nor a sequence", pointer="/controls")
    try:
        values = np.array([np.nan if v is None else float(v) for v in raw])
    except (TypeError, ValueError):
        raise InputError(
            f"the control '{name}' holds something that is not a number", pointer="/controls"
        ) from None
    if np.isinf(values).any():
        raise InputError(f"the control '{name}' holds an infinite value", pointer="/controls")
    if not all(abs(value) < SMALL or computable(value) for value in values if np.isfinite(value)):
        raise InputError(f"the control '{name}' holds a number out of range: {RANGE}", pointer="/controls")
    return values
