"""Fits of catalogue series, made once a process: another window of a series needs no other fit."""

from __future__ import annotations

from functools import lru_cache
from inspect import signature
from typing import Any

from analysis.domain import EventTable, TradeSeries
from analysis.domain.hashing import digest
from analysis.interventions.fit import fit_interventions
from analysis.interventions.result import InterventionResult
from analysis.interventions.settings import default_events

KEPT = 4
"""Fits that a process keeps, the longest unused leaves first; the largest of the catalogue takes 250 MB."""
DEFAULTS = {name: given.default for name, given in signature(fit_interventions).parameters.items()} | {
    "trend": "local"
}


def fit_once(series: TradeSeries, events: EventTable | None = None, **choices: Any) -> InterventionResult:
    """Return `fit_interventions`, kept where a catalogue series is asked with the events of its recipe.

    Parameters
    ----------
    series : TradeSeries
    events : EventTable, optional
    **choices
        Of the joint posterior, as in `fit_interventions`.

    Raises
    ------
    UsageError, InputError, CannotEstimateError
        As `fit_interventions`.
    """
    chosen = {n: value for n, value in choices.items() if value is not None and value != DEFAULTS.get(n)}
    simple = "method" not in chosen and all(isinstance(v, (str, bool, float)) for v in chosen.values())
    if events is not None or not series.catalogue or not simple:
        found: InterventionResult = fit_interventions(series, events, **choices)
        return found
    reads = (series, digest(default_events(series).to_record()))
    return _fitted(reads, tuple(sorted(chosen.items())))


@lru_cache(maxsize=KEPT)
def _fitted(reads: tuple[TradeSeries, str], chosen: tuple[tuple[str, Any], ...]) -> InterventionResult:
    found: InterventionResult = fit_interventions(reads[0], **dict(chosen))
    return found
