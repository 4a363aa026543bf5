"""What a user chooses of a synthetic control: predictors, periods, donors, placebos, augmentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from analysis.domain import FloatArray, Period, TradeSeries, Window
from analysis.errors import UsageError
from analysis.interventions.peers.simplex import SEARCHES

MOST_STARTS = len(SEARCHES)
AUTOMATIC = "auto"
OUTCOME = "outcome"


@dataclass(frozen=True, slots=True)
class Predictor:
    """The mean of one variable over some periods before the event.

    Attributes
    ----------
    variable : str
        ``outcome``, or a variable that the controls hold for the series and for every donor.
    periods : tuple of int
        Positions in the calendar of the series.
    words : str
        As the caller wrote it.
    """

    variable: str
    periods: tuple[int, ...]
    words: str


@dataclass(frozen=True)
class SyntheticOptions:
    """The choices of one synthetic control.

    Attributes
    ----------
    predictors : tuple of Predictor
        Empty: the outcomes before the event are matched, each alike.
    training : tuple of Predictor
        The same variables over earlier periods, from which their importance is chosen.
    fit : tuple of int
        Positions whose outcome the importance is chosen to match; empty: all before the event.
    exclude : tuple of str
        Donors left out.
    placebo_from : int or None
        Position at which a placebo in time pretends that the event began.
    ridge : float or None
        Penalty of the augmentation; -1 chooses it by cross-validation; None leaves it out.
    starts : int
        Searches over the predictor weights, the second from equal weights, as R's Synth.
    variables : mapping of str to mapping of str to ndarray of shape (T,)
        Predictors other than the outcome: by variable and unit (the series by its id); NaN where unknown.
    """

    predictors: tuple[Predictor, ...] = ()
    training: tuple[Predictor, ...] = ()
    fit: tuple[int, ...] = ()
    exclude: tuple[str, ...] = ()
    placebo_from: int | None = None
    ridge: float | None = None
    starts: int = 1
    variables: Mapping[str, Mapping[str, FloatArray]] = field(default_factory=dict)


def read_specification(series: TradeSeries, given: Mapping[str, object] | None) -> SyntheticOptions:
    """Check the choices of a caller.

    Parameters
    ----------
    series : TradeSeries
    given : mapping, optional
        ``predictors``: a list of ``"VARIABLE:WINDOW"`` (``"outcome:1975"``, ``"beer:1984..1988"``);
        ``training``: the same variables over earlier periods; ``fit``: a window; ``variables``: by variable,
        unit and ISO period, or rows of T values; ``exclude``: a list of donors; ``placebo_from``: a period;
        ``ridge``: a number or ``"auto"``;
        ``starts``: 1 to 5.

    Raises
    ------
    UsageError
        Naming the choice and what it may be.
    """
    given = given or {}
    known = {f.name for f in fields(SyntheticOptions)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise UsageError(
            f"a synthetic control has no choice '{unknown[0]}': there are {', '.join(sorted(known))}",
            pointer="/options/synthetic",
        )
    starts, ridge = given.get("starts", 1), given.get("ridge")
    if isinstance(starts, bool) or not isinstance(starts, int) or not 1 <= starts <= MOST_STARTS:
        raise UsageError(f"starts is 1 to {MOST_STARTS}, not {starts}", pointer="/options/synthetic/starts")
    predictors, training = (
        tuple(_predictor(series, str(text)) for text in _listed(given.get(name)))
        for name in ("predictors", "training")
    )
    if training and [x.variable for x in training] != [x.variable for x in predictors]:
        raise UsageError(
            "training holds the variables of predictors in their order", pointer="/options/synthetic/training"
        )
    fit = given.get("fit")
    return SyntheticOptions(
        predictors,
        training,
        () if fit is None else _window(series, str(fit), "fit"),
        tuple(str(name) for name in _listed(given.get("exclude"))),
        _placebo(series, given.get("placebo_from")),
        _ridge(ridge),
        starts,
        _variables(series, given.get("variables")),
    )


def _listed(value: Any) -> list[object]:
    if value is None:
        return []
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise UsageError("predictors and exclude are lists", pointer="/options/synthetic")
    return list(value)


def _predictor(series: TradeSeries, text: str) -> Predictor:
    variable, _, words = text.partition(":")
    if not variable or not words:
        raise UsageError(
            f"a predictor is VARIABLE:WINDOW, such as outcome:{series.first}, not '{text}'",
            pointer="/options/synthetic/predictors",
        )
    inside = _window(series, words, "predictors")
    return Predictor(variable, inside, text)


def _window(series: TradeSeries, words: str, name: str) -> tuple[int, ...]:
    window = Window.parse(words)
    inside = tuple(i for i, period in enumerate(series.periods) if period in window)
    if not inside:
        raise UsageError(
            f"the window '{words}' has no period in {series.first}..{series.last}",
            pointer=f"/options/synthetic/{name}",
        )
    return inside


def _variables(series: TradeSeries, given: Any) -> dict[str, dict[str, FloatArray]]:
    """Return the values of every variable and unit on the calendar of the series."""
    found: dict[str, dict[str, FloatArray]] = {}
    for variable, units in (given or {}).items():
        for unit, own in units.items():
            values = own
            if isinstance(own, Mapping):
                table = {Period.parse(str(key)): value for key, value in own.items()}
                values = [table.get(period) for period in series.periods]
            row = np.array([np.nan if v is None else float(v) for v in values])
            if len(row) != len(series):
                raise UsageError(
                    f"the variable '{variable}' of '{unit}' has {len(row)} values; the series has "
                    f"{len(series)} periods",
                    pointer="/options/synthetic/variables",
                )
            found.setdefault(str(variable), {})[str(unit)] = row
    return found


def _placebo(series: TradeSeries, given: object) -> int | None:
    if given is None:
        return None
    at = Period.parse(str(given)) - series.first
    if not 0 < at < len(series):
        raise UsageError(
            f"placebo_from lies outside {series.first}..{series.last}",
            pointer="/options/synthetic/placebo_from",
        )
    return at


def _ridge(given: object) -> float | None:
    if given is None:
        return None
    if given == AUTOMATIC:
        return -1.0
    if isinstance(given, bool) or not isinstance(given, (int, float)) or given < 0:
        raise UsageError(
            f"ridge is a penalty of zero or more, or '{AUTOMATIC}', not {given}",
            pointer="/options/synthetic/ridge",
        )
    return float(given)
