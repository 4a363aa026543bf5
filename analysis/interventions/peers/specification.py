"""What a user chooses of a synthetic control: predictors and their periods, donors, placebos, augmentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.domain import Period, TradeSeries, Window
from analysis.errors import UsageError

MOST_STARTS = 4
AUTOMATIC = "auto"


@dataclass(frozen=True, slots=True)
class Predictor:
    """The mean of one variable over some periods before the event.

    Attributes
    ----------
    variable : str
        ``outcome``, or a variable that the controls hold for the series and for every donor.
    periods : tuple of int
        Positions in the calendar of the series.
    """

    variable: str
    periods: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SyntheticOptions:
    """The choices of one synthetic control.

    Attributes
    ----------
    predictors : tuple of Predictor
        Empty: the outcomes before the event are matched, each alike.
    exclude : tuple of str
        Donors left out.
    placebo_from : int or None
        Position at which a placebo in time pretends that the event began.
    ridge : float or None
        Penalty of the augmentation; -1 chooses it by cross-validation; None leaves it out.
    starts : int
        Searches over the predictor weights, each from a stretch of its own of the fixed sequence.
    """

    predictors: tuple[Predictor, ...] = ()
    exclude: tuple[str, ...] = ()
    placebo_from: int | None = None
    ridge: float | None = None
    starts: int = 1


def read_specification(series: TradeSeries, given: Mapping[str, object] | None) -> SyntheticOptions:
    """Check the choices of a caller.

    Parameters
    ----------
    series : TradeSeries
    given : mapping, optional
        ``predictors``: a list of ``"VARIABLE:WINDOW"`` (``"outcome:1975"``, ``"beer:1984..1988"``);
        ``exclude``: a list of donors; ``placebo_from``: a period; ``ridge``: a number or ``"auto"``;
        ``starts``: 1 to 4.

    Raises
    ------
    UsageError
        Naming the choice and what it may be.
    """
    given = given or {}
    known = set(SyntheticOptions.__slots__)
    unknown = sorted(set(given) - known)
    if unknown:
        raise UsageError(
            f"a synthetic control has no choice '{unknown[0]}': there are {', '.join(sorted(known))}",
            pointer="/options/synthetic",
        )
    starts, ridge = given.get("starts", 1), given.get("ridge")
    if isinstance(starts, bool) or not isinstance(starts, int) or not 1 <= starts <= MOST_STARTS:
        raise UsageError(f"starts is 1 to {MOST_STARTS}, not {starts}", pointer="/options/synthetic/starts")
    return SyntheticOptions(
        tuple(_predictor(series, str(text)) for text in _listed(given.get("predictors"))),
        tuple(str(name) for name in _listed(given.get("exclude"))),
        _placebo(series, given.get("placebo_from")),
        _ridge(ridge),
        starts,
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
    window = Window.parse(words)
    inside = tuple(i for i, period in enumerate(series.periods) if period in window)
    if not inside:
        raise UsageError(
            f"the predictor '{text}' has no period in {series.first}..{series.last}",
            pointer="/options/synthetic/predictors",
        )
    return Predictor(variable, inside)


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
