"""A study: fits, changes and breaks of catalogue series, each computed once however often it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis import catalogue
from analysis.attribution.change import attribute_by
from analysis.attribution.result import AttributionResult
from analysis.attribution.timing.draws import LOG2_POINTS
from analysis.interventions import InterventionResult
from analysis.interventions.fit import fit_once

if TYPE_CHECKING:
    from analysis.breaks import BreakResult


ATTRIBUTION_TREND = "local"
"""The trend of every fit of a study: that of `attribute`."""


class Study:
    """Answers on catalogue series with the defaults of the contract, kept while the study lives.

    Parameters
    ----------
    log2_points : int
        ``2 ** log2_points`` draws for each dating of an attribution.
    """

    def __init__(self, log2_points: int = LOG2_POINTS) -> None:
        self._log2_points = log2_points
        self._fits: dict[str, InterventionResult] = {}
        self._answers: dict[tuple[str, str, str], AttributionResult] = {}
        self._breaks: dict[str, BreakResult] = {}

    def fit(self, series_id: str) -> InterventionResult:
        """Return the joint model of a series and the events of its recipe.

        Raises
        ------
        NotFoundError
            If there is no such series.
        CannotEstimateError
            If the series cannot carry its design.
        """
        if series_id not in self._fits:
            self._fits[series_id] = fit_once(
                catalogue.series(series_id), clock="full", trend=ATTRIBUTION_TREND
            )
        return self._fits[series_id]

    def attribution(self, series_id: str, start: str, end: str) -> AttributionResult:
        """Return the change of a series between two windows, divided, without refits as evidence.

        Raises
        ------
        NotFoundError, InputError, CannotEstimateError
            As `attribute`.
        """
        key = (series_id, start, end)
        if key not in self._answers:
            series = catalogue.series(series_id)
            self._answers[key] = attribute_by(
                series, lambda own: self.fit(own.id), start=start, end=end, log2_points=self._log2_points
            )
        return self._answers[key]

    def forget(self, series_id: str, start: str, end: str) -> None:
        """Drop an answer that will not be asked for again; its fits stay."""
        self._answers.pop((series_id, start, end), None)

    def breaks(self, series_id: str) -> BreakResult:
        """Return the breaks at unknown dates of a series, matched to events.

        Raises
        ------
        NotFoundError, CannotEstimateError
            As `find_breaks`.
        """
        if series_id not in self._breaks:
            from analysis.breaks.find import breaks_once

            self._breaks[series_id] = breaks_once(catalogue.series(series_id))
        return self._breaks[series_id]
