"""What only some methods read: orders, offset, inputs, the choices of a synthetic control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from analysis.domain import FloatArray, TradeSeries
from analysis.errors import InputError, UsageError
from analysis.interventions.peers.arma import ArimaOrder
from analysis.interventions.peers.specification import SyntheticOptions, read_specification

MOST_LAGS = 24


class MethodOptions(TypedDict, total=False):
    """Keyword arguments that only some methods read.

    Attributes
    ----------
    order, seasonal_order : sequence of three int
        (p, d, q) and (P, D, Q) of the noise: ``sarimax``, ``transfer``.
    offset : str
        A control whose logarithm enters with coefficient one, the exposure: ``poisson``, ``negbin``.
    inputs : mapping of str to three int
        Controls that act through a response of their own, with delay, numerator lags and decays:
        ``transfer``.
    synthetic : mapping
        ``predictors``, ``training``, ``fit``, ``variables``, ``exclude``, ``placebo_from``, ``ridge``,
        ``starts``: ``synthetic``; see `analysis.interventions.peers.specification.read_specification`.
    """

    order: Sequence[int] | None
    seasonal_order: Sequence[int] | None
    offset: str | None
    inputs: Mapping[str, Sequence[int]] | None
    synthetic: Mapping[str, object] | None


READ_BY = {
    "order": ("sarimax", "transfer"),
    "seasonal_order": ("sarimax", "transfer"),
    "offset": ("poisson", "negbin"),
    "inputs": ("transfer",),
    "synthetic": ("synthetic",),
}


@dataclass(frozen=True)
class Options:
    """The options after checking."""

    order: ArimaOrder | None
    offset: str | None
    inputs: Mapping[str, Sequence[int]] | None
    synthetic: SyntheticOptions


def read_options(series: TradeSeries, method: str, given: MethodOptions) -> Options:
    """Check the options of one method.

    Raises
    ------
    UsageError
        Naming an option that does not exist or that the method does not read, or an order out of range.
    """
    refuse_options(method, given)
    return Options(
        _order(series, given.get("order"), given.get("seasonal_order")),
        given.get("offset"),
        given.get("inputs"),
        read_specification(series, given.get("synthetic")),
    )


def refuse_options(method: str, given: MethodOptions) -> None:
    """Refuse options that a method does not read.

    Raises
    ------
    UsageError
        Naming the first such option and the methods that read it.
    """
    for name, value in given.items():
        if name not in READ_BY:
            raise UsageError(f"there is no option '{name}'", pointer=f"/options/{name}")
        if value is not None and method not in READ_BY[name]:
            verb = "reads" if len(READ_BY[name]) == 1 else "read"
            raise UsageError(
                f"{name} has no meaning for {method}: {' and '.join(READ_BY[name])} {verb} it",
                pointer=f"/options/{name}",
            )


def take_offset(
    name: str | None, controls: Mapping[str, FloatArray]
) -> tuple[FloatArray | None, dict[str, FloatArray]]:
    """Return the logs of the exposure, shape (T,), and the controls that are left.

    Raises
    ------
    UsageError
        If the exposure is not among the controls.
    InputError
        If it is not above zero in every period.
    """
    if name is None:
        return None, dict(controls)
    if name not in controls:
        raise UsageError(f"the offset '{name}' is not among the controls", pointer="/options/offset")
    exposure = controls[name]
    if not (np.isfinite(exposure) & (exposure > 0)).all():
        raise InputError(f"the offset '{name}' is not above zero in every period", pointer="/controls")
    return np.log(exposure), {key: value for key, value in controls.items() if key != name}


def _order(
    series: TradeSeries, order: Sequence[int] | None, seasonal: Sequence[int] | None
) -> ArimaOrder | None:
    if order is None:
        if seasonal is not None:
            raise UsageError("a seasonal order needs an order beside it", pointer="/options/seasonal_order")
        return None
    noise, cycle = tuple(order), tuple(seasonal or (0, 0, 0))
    whole = all(isinstance(v, int) and not isinstance(v, bool) for v in (*noise, *cycle))
    if (
        len(noise) != 3
        or len(cycle) != 3
        or not whole
        or not 0 <= min(*noise, *cycle) <= max(*noise, *cycle) <= MOST_LAGS
    ):
        raise UsageError(
            f"an ARIMA order is three whole numbers from 0 to {MOST_LAGS}", pointer="/options/order"
        )
    if any(cycle) and series.first.per_year == 1:
        raise UsageError("an annual series has no seasonal order", pointer="/options/seasonal_order")
    return ArimaOrder(
        (noise[0], noise[1], noise[2]),
        (cycle[0], cycle[1], cycle[2]),
        series.first.per_year if any(cycle) else 1,
    )
