"""Frames: what several specifications share (series, scale, sample, controls), fitted and filtered once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.attribution.evidence.check import discounted
from analysis.attribution.evidence.kernel import Kernel
from analysis.attribution.evidence.layout import Part, assemble, identified, modal_variant
from analysis.attribution.evidence.specification import (
    AS_DATED,
    CONTROLS,
    CRUDE,
    DECAYS,
    DECLARED,
    KAESONG,
    LATER,
    LOCAL,
    MIXED,
    NEW_YEAR,
    ONE_PATTERN,
    SAMPLE,
    SCALE,
    SEASON,
    SHAPE,
    TREND,
    WHOLE,
    WHOLE_SAMPLE,
    base_and_variants,
    controls_of,
    gradual_words,
    samples,
    season_change,
    seen_on_both_sides,
)
from analysis.attribution.evidence.specification import DATING as DATING_AXIS
from analysis.attribution.result import AttributionResult
from analysis.attribution.windows import window_means
from analysis.domain import EventTable, FloatArray, Period, TradeSeries, Window
from analysis.errors import CannotEstimateError
from analysis.interventions import InterventionResult, fit_interventions
from analysis.interventions.dating import DATINGS, Dating
from analysis.interventions.design import TREND_SD_PER_YEAR, Trend
from analysis.interventions.sample import SPARE_OBSERVATIONS
from analysis.interventions.shapes import shape_columns

SHARED_AXES = (CRUDE, KAESONG, SCALE, SAMPLE, CONTROLS)
"""Axes whose levels need a fit of their own; the others pick columns, priors and cells."""
COLUMN_AXES = (SHAPE, DATING_AXIS, SEASON, NEW_YEAR, CONTROLS)
"""Axes that decide, with the trend, which columns there are."""
Specification = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Frame:
    """One fit that specifications start from.

    Attributes
    ----------
    answer : AttributionResult
    fit : InterventionResult
    extra : ndarray, shape (T,)
        Variance of discounted periods over the stationary variance.
    """

    answer: AttributionResult
    fit: InterventionResult
    extra: FloatArray
    _responses: dict[tuple[str, str], tuple[Part, ...]] = field(default_factory=dict, repr=False)
    _identified: dict[tuple[str, ...], bool] = field(default_factory=dict, repr=False)

    @classmethod
    def build(cls, answer: AttributionResult, chosen: Specification) -> Frame:
        """Fit the series of `chosen`.

        Raises
        ------
        InputError, CannotEstimateError
            As `fit_interventions`; the specifications of this frame cannot be estimated.
        """
        own = answer.fit
        scale = chosen.get(SCALE, own.scale)
        series = _series(answer, chosen)
        controls = _controls(series, chosen) or None
        if controls:
            series = series.between(*_covered(series, controls))
        window_means(series, answer.before, answer.after)
        trend = trend_of(answer, chosen)
        if series is own.series and scale == own.scale and controls is None and trend == own.trend:
            return cls(answer, own, discounted(answer))
        declared = _declared_controls(answer)
        fit = fit_interventions(
            series,
            _events(answer, series),
            scale=scale,
            seasonal=own.seasonal,
            trend=trend,
            clock="full",
            level=own.level,
            regime=_regimes(own, series),
            controls=controls or declared or None,
            lunar=own.lunar,
            outliers=False,
            totals=own.posterior.evidence.totals is not None,
        )
        extra = np.zeros(len(series))
        if scale == own.scale:
            given = discounted(answer)
            for t in np.flatnonzero(given):
                period = own.series.periods[t]
                if series.first <= period <= series.last:
                    extra[series.index(period)] = given[t]
        return cls(answer, fit, extra)

    def kernel(self, specifications: Sequence[Specification]) -> Kernel:
        """Filter the columns of all the specifications of this frame."""
        parts = [part for chosen in specifications for part in self.parts(chosen)]
        return Kernel.build(self.fit.posterior, parts, self.extra)

    def datings(self, chosen: Specification) -> tuple[Dating, ...]:
        """Return the datings that a specification mixes."""
        fitted = tuple(d.dating for d in self.fit.posterior.datings)
        wanted = chosen.get(DATING_AXIS, MIXED)
        return tuple(d for d in DATINGS if d == wanted and d in fitted) or fitted

    def parts(self, chosen: Specification) -> tuple[Part, ...]:
        """Return the parts of the design of a specification."""
        posterior = self.fit.posterior
        variants = {
            d.dating: posterior.design.variants[modal_variant(posterior.design, d)] for d in posterior.datings
        }
        found = []
        for term in posterior.design.terms:
            if term.event_ids or term.kind == "trend":
                continue
            dropped = term.name == "lunar_new_year" and chosen.get(NEW_YEAR) == "off"
            dropped |= term.kind == "covariate" and term.name in self._droppable(chosen)
            if not dropped:
                columns = {dating: v.columns[:, term.columns] for dating, v in variants.items()}
                precision = posterior.design.precision[term.columns]
                found.append(Part(term.name, term.kind, (), precision, columns))
        found += self._trend(chosen) + self._season(chosen)
        return (*found, *self._events(chosen))

    def estimable(self, chosen: Specification) -> bool:
        """Return whether every coefficient of a specification is identified, with observations to spare."""
        changes = chosen.get(SEASON, ONE_PATTERN) != ONE_PATTERN
        if changes and not seen_on_both_sides(self.fit.series, season_change(self.answer)):
            return False
        datings = self.datings(chosen)
        flat = "none" if chosen.get(TREND) == "none" else ""
        key = (*(chosen.get(axis, "") for axis in COLUMN_AXES), flat, *datings)
        if key not in self._identified:
            observed = self.fit.posterior.evidence.observed
            design = assemble(self.parts(chosen), datings)
            spare = observed.sum() - len(design.precision) >= SPARE_OBSERVATIONS
            self._identified[key] = bool(spare) and identified(design, observed)
        return self._identified[key]

    def _droppable(self, chosen: Specification) -> tuple[str, ...]:
        return self.answer.fit.controls if chosen.get(CONTROLS) == "none" else ()

    def _trend(self, chosen: Specification) -> list[Part]:
        wanted = chosen.get(TREND, self.answer.fit.trend)
        if wanted == "none":
            return []
        series = self.fit.series
        column = ((np.arange(len(series)) - (len(series) - 1) / 2) / series.first.per_year)[:, None]
        columns = dict.fromkeys((d.dating for d in self.fit.posterior.datings), column)
        part = Part.flat("trend", "trend", columns)
        if wanted == "flat prior":
            return [part]
        return [replace(part, precision=np.array([1 / (TREND_SD_PER_YEAR * self.fit.size) ** 2]))]

    def _season(self, chosen: Specification) -> list[Part]:
        if chosen.get(SEASON, ONE_PATTERN) == ONE_PATTERN:
            return []
        design = self.fit.posterior.design
        term = next(term for term in design.terms if term.kind == "seasonal")
        change = season_change(self.answer)
        later = np.array([period >= change for period in self.fit.series.periods], dtype=float)
        column = design.variants[0].columns[:, term.columns] * later[:, None]
        return [
            Part.flat(
                "seasonal", "seasonal", dict.fromkeys((d.dating for d in self.fit.posterior.datings), column)
            )
        ]

    def _events(self, chosen: Specification) -> tuple[Part, ...]:
        dated, shape = chosen.get(DATING_AXIS, AS_DATED), chosen.get(SHAPE, DECLARED)
        key = (dated if dated in (WHOLE, LATER) else AS_DATED, shape)
        if key not in self._responses:
            posterior = self.fit.posterior
            found = []
            for k, term in enumerate(posterior.design.event_terms):
                columns = {}
                for dating in posterior.datings:
                    variant = posterior.design.variants[modal_variant(posterior.design, dating)]
                    fitted, share = variant.columns[:, term.columns], variant.shares[:, k]
                    columns[dating.dating] = self._response(key, term.event_ids[0], fitted, share)
                precision = posterior.design.precision[term.columns]
                found.append(Part(term.name, term.kind, term.event_ids, precision, columns))
            self._responses[key] = tuple(found)
        return self._responses[key]

    def _response(
        self, key: tuple[str, str], event_id: str, fitted: FloatArray, share: FloatArray
    ) -> FloatArray:
        """Return the columns of an event term, from the fitted ones or from its share in force."""
        dated, shape = key
        declared = self.fit.events[event_id].shape
        if declared != "step" or (dated == AS_DATED and shape == DECLARED):
            return fitted
        if dated == WHOLE:
            share = (share > 0).astype(float)
        elif dated == LATER:
            share = (share == 1).astype(float)
        per_year = self.fit.series.first.per_year
        if shape == DECLARED:
            return shape_columns("step", share, per_year)
        decays = DECAYS[self.fit.series.frequency]
        decay = next(value for value in decays if shape == gradual_words(value))
        return shape_columns("gradual", share, per_year, decay)


def trend_of(answer: AttributionResult, chosen: Specification) -> Trend:
    """Return the trend of the fit that a specification starts from: a fixed slope has a grid of its own."""
    own = answer.fit.trend
    return "linear" if own == LOCAL and chosen.get(TREND, LOCAL) != LOCAL else own


def _series(answer: AttributionResult, chosen: Specification) -> TradeSeries:
    from analysis import catalogue

    series = answer.fit.series
    base, own = base_and_variants(series)
    wanted = dict(own)
    for name in (CRUDE, KAESONG):
        if name in chosen:
            wanted.pop(name, None)
            if chosen[name] != "included":
                wanted[name] = chosen[name]
    if wanted != own:
        suffix = ",".join(f"{name}={value}" for name, value in sorted(wanted.items()))
        varied = catalogue.series(f"{base}:{suffix}" if suffix else base, vintage=series.vintage)
        series = varied.between(max(varied.first, series.first), min(varied.last, series.last))
    sample = chosen.get(SAMPLE, WHOLE_SAMPLE)
    if sample == WHOLE_SAMPLE:
        return series
    first, last = samples(answer)[sample]
    return series.between(max(first, series.first), min(last, series.last))


def _events(answer: AttributionResult, series: TradeSeries) -> EventTable:
    """Return the answer's events as the series of a frame wants them."""
    from analysis import catalogue

    table = answer.fit.events
    own = answer.fit.series.design.events
    if series.catalogue and series.design.events != own:
        table = EventTable(
            (
                *(e for e in table if e.id not in own or e.id in series.design.events),
                *(e for e in catalogue.events(series) if e.id not in own),
            )
        )
    begins = {event.id: (event.full.start if event.full else event.effective) for event in table}
    kept = tuple(e for e in table if series.first.start <= begins[e.id] <= series.last.end)
    if not kept:
        raise CannotEstimateError("no event lies in this sample")
    return EventTable(kept)


def _regimes(own: InterventionResult, series: TradeSeries) -> list[str | Window]:
    return [
        Window(max(w.first, series.first), min(w.last, series.last))
        for w in own.regimes
        if w.first <= series.last and w.last >= series.first
    ]


def _controls(series: TradeSeries, chosen: Specification) -> dict[str, dict[str, float]]:
    """Return the logarithms of the catalogue's covariates by ISO period, where a specification wants them."""
    if chosen.get(CONTROLS) != "prices and demand":
        return {}
    from analysis import catalogue

    found = {}
    for name in controls_of(series):
        covariate = catalogue.covariate(name)
        logs = {
            p: float(np.log(v)) for p, v in zip(covariate.periods, covariate.values, strict=True) if v > 0
        }
        if series.frequency == "A":
            by_year: dict[int, list[float]] = {}
            for period, value in logs.items():
                by_year.setdefault(period.year, []).append(value)
            logs = {
                Period("A", year): float(np.mean(values))
                for year, values in by_year.items()
                if len(values) == covariate.first.per_year
            }
        found[name] = {str(period): value for period, value in logs.items()}
    return found


def _covered(series: TradeSeries, controls: Mapping[str, Mapping[str, float]]) -> tuple[Period, Period]:
    """Return the longest sample from the start, or to the end, on which every control has values."""
    held = [p for p in series.periods if all(str(p) in values for values in controls.values())]
    if not held:
        raise CannotEstimateError("no period of the sample has all the controls")
    return held[0], held[-1]


def _declared_controls(answer: AttributionResult) -> dict[str, dict[str, float]]:
    """Return the answer's own controls, as standardised, by ISO period."""
    own = answer.fit
    design = own.posterior.design
    return {
        term.name: {
            str(period): float(value)
            for period, value in zip(
                own.series.periods, design.variants[0].columns[:, term.columns.start], strict=True
            )
        }
        for term in design.terms
        if term.name in own.controls
    }
