"""Monitoring the new observations of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from analysis.breaks.monitoring import Boundary, Monitoring, Process, monitor
from analysis.breaks.sample import Sample, Scale, build_sample
from analysis.domain import Cell, Period, Result, TradeSeries
from analysis.errors import CannotEstimateError, UsageError
from analysis.numerics.break_likelihood import Whitening, break_likelihood

_NULL = "mean and seasonal pattern of the history hold for the new observations"


@dataclass(frozen=True)
class MonitoringResult(Result):
    """Monitoring of one series.

    Attributes
    ----------
    sample : Sample
    history : int
        Observed periods of the history.
    rho : float
        AR(1) coefficient of the history that was taken out; 0 with independent errors.
    found : Monitoring
    """

    sample: Sample
    history: int
    rho: float
    found: Monitoring

    @property
    def detected(self) -> Period | None:
        """The first period beyond the boundary, if there is one."""
        return None if self.found.detected is None else self.sample.period(self.found.detected - 1)

    def to_record(self) -> dict[str, Any]:
        """Return the process and its boundary as JSON-ready values."""
        sample, detected = self.sample, self.detected
        return {
            "series": sample.series.id,
            "history": {
                "first": str(sample.period(0)),
                "last": str(sample.last_before(self.history)),
                "n": self.history,
            },
            "new": {
                "first": str(sample.first_after(self.history)),
                "last": str(sample.period(sample.n - 1)),
                "n": sample.n - self.history,
            },
            "method": self.found.method,
            "level": self.found.level,
            "critical": self.found.critical,
            "ar1": self.rho,
            "detected": None if detected is None else str(detected),
            "process": [
                {"period": str(period), "value": value, "boundary": boundary}
                for period, value, boundary in self._rows()
            ],
            "model": sample.words,
            "null_hypothesis": _NULL,
            "convention": "detected is the first observed period at which the process is beyond its "
            "boundary, not the date of the change",
        }

    def _rows(self) -> list[tuple[Period, float, float]]:
        return [
            (self.sample.period(self.history + k), float(value), float(boundary))
            for k, (value, boundary) in enumerate(zip(self.found.process, self.found.boundary, strict=True))
        ]

    def heading(self) -> str:
        """Return one line above the table."""
        series, detected = self.sample.series, self.detected
        verdict = "nothing detected" if detected is None else f"a change is detected in {detected}"
        return f"{series.title} ({series.id}): {verdict}, history to {self.sample.last_before(self.history)}"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per new observation."""
        rows: list[list[Cell]] = [
            [str(period), value, boundary, "beyond" if value > boundary else ""]
            for period, value, boundary in self._rows()
        ]
        return ("period", "process", "boundary", ""), rows

    def notes(self) -> Sequence[str]:
        """Return null and method as sentences."""
        return (
            f"Null hypothesis: {_NULL}.",
            f"Method: {self.found.method}, false alarm {self.found.level:g}, AR(1) {self.rho:.2f} taken out.",
            f"Model: {self.sample.words}.",
        )


def monitor_series(
    series: TradeSeries,
    history_end: str,
    *,
    scale: Scale | None = None,
    seasonal: bool | None = None,
    method: Process = "ols_cusum",
    level: float = 0.05,
    window: float = 0.25,
    horizon: int = 10,
    boundary: Boundary = "root",
    errors: Literal["ar", "iid"] = "ar",
) -> MonitoringResult:
    """Monitor the observations after `history_end` with the mean and seasons of those up to it.

    Parameters
    ----------
    series : TradeSeries
        Missing periods are allowed.
    history_end : str
        Last period of the history, INCLUSIVE.
    scale, seasonal
        As for `find_breaks`.
    method : {"ols_cusum", "ols_mosum", "recursive_estimates", "moving_estimates"}
    level : float
        Probability of a false alarm.
    window, horizon, boundary
        As `window`, `period` and `boundary` of `analysis.breaks.monitoring.monitor`.
    errors : {"ar", "iid"}
        Whether the AR(1) part of the errors, estimated on the history, is taken out first.

    Returns
    -------
    MonitoringResult

    Raises
    ------
    UsageError
        If an option has no meaning, or no boundary is tabulated for it.
    InputError
        If `history_end` lies outside the sample.
    CannotEstimateError
        If the history is too short or nothing is new.
    """
    if errors not in ("ar", "iid"):
        raise UsageError(f"errors is 'ar' or 'iid', not '{errors}'")
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 < level < 0.5:
        raise UsageError(f"level is a probability between 0 and 0.5, not {level!r}")
    sample = build_sample(
        series,
        model="mean",
        scale=scale,
        seasonal=seasonal,
        max_breaks=1,
        trimming=0.15,
        regime=(),
    )
    end = series.index(Period.parse(history_end))
    history = int(np.searchsorted(sample.calendar, end, side="right"))
    design = np.column_stack([sample.changing, sample.common])
    k = design.shape[1]
    if history <= k + 1:
        raise CannotEstimateError(
            f"the history of '{series.id}' to {history_end} has {history} observed periods and the model {k} "
            f"coefficients: at least {k + 2} are needed"
        )
    rho = 0.0
    if errors == "ar":
        none = np.empty(0, dtype=np.intp)
        past = slice(0, history)
        rho = float(
            break_likelihood(
                sample.y[past], design[past], sample.changing[past], none, sample.calendar[past]
            ).reml_null[0]
        )
    whitening = Whitening.of(rho, sample.calendar)
    found = monitor(
        whitening.apply(sample.y),
        whitening.apply(design),
        history,
        method=method,
        level=level,
        window=window,
        period=horizon,
        boundary=boundary,
    )
    return MonitoringResult(sample, history, rho, found)
