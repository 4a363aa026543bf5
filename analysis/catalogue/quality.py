"""The data-quality panel: where a series is from, how reliable it is, what is not in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.catalogue.figures import Figure
from analysis.catalogue.package import Source
from analysis.catalogue.selection import UNVERIFIED_NOTE
from analysis.domain import STATUSES, Cell, Observation, Result

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue


LEAST_SHOWN = 0.001
"""Relative error of a printed figure below which it is not shown as a number."""


@dataclass(frozen=True, slots=True)
class YearCoverage:
    """What is known of one year.

    Attributes
    ----------
    year : int
    periods, observed : int
        Periods of the calendar in the year, and those with a value.
    spans : int
        Missing periods whose sum with others is known.
    derived, unverified : int
        Observed periods whose value is arithmetic on other figures, or an unconfirmed copy.
    largest_rse : float or None
        Largest relative standard error, a fraction; None if nothing is observed.
    """

    year: int
    periods: int
    observed: int
    spans: int
    derived: int
    unverified: int
    largest_rse: float | None

    @property
    def printed_error(self) -> str:
        """The largest doubt of rounding, derivation and vintages in words, not the error of the record."""
        if self.largest_rse is None:
            return ""
        if self.largest_rse < LEAST_SHOWN:
            return f"under {100 * LEAST_SHOWN:g} %"
        return f"{100 * self.largest_rse:.1f} %"

    def to_record(self) -> dict[str, Any]:
        """Return the fields by name, and ``printed_error``."""
        return {name: getattr(self, name) for name in self.__slots__} | {"printed_error": self.printed_error}


@dataclass(frozen=True, slots=True)
class QualityPanel(Result):
    """How good a series is, in the terms of its figures.

    Attributes
    ----------
    series, title, unit, valuation, vintage, estimand : str
    about, caveats : tuple of str
        Where it is from; what is wrong with it or not in it.
    publishers : mapping of str to int
        Observations by publisher of their main figure.
    tiers : mapping of str to int
        Observations by tier of their main figure: printed, derived, copy.
    statuses : mapping of str to int
        Observations by SDMX status.
    sources : tuple of Source
        Every source that a figure of the series names.
    years : tuple of YearCoverage
    excluded : tuple of str
        Reasons for figures of these tables that never enter a series.
    unknown : tuple of str
        What the error shown by year does not hold: in words, and the ranges that others measured.
    """

    series: str
    title: str
    unit: str
    valuation: str
    vintage: str
    estimand: str
    about: tuple[str, ...]
    caveats: tuple[str, ...]
    publishers: Mapping[str, int]
    tiers: Mapping[str, int]
    statuses: Mapping[str, int]
    sources: tuple[Source, ...]
    years: tuple[YearCoverage, ...]
    excluded: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return the panel as JSON-ready values."""
        return {
            "series": self.series,
            "title": self.title,
            "unit": self.unit,
            "valuation": self.valuation,
            "vintage": self.vintage,
            "estimand": self.estimand,
            "about": list(self.about),
            "caveats": list(self.caveats),
            "publishers": dict(self.publishers),
            "tiers": dict(self.tiers),
            "statuses": dict(self.statuses),
            "sources": [source.to_record() for source in self.sources],
            "years": [year.to_record() for year in self.years],
            "excluded": list(self.excluded),
            "unknown": list(self.unknown),
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return coverage by year."""
        columns = ("year", "observed", "of", "in spans", "derived", "unverified", "rounding and vintages")
        return columns, [
            [y.year, y.observed, y.periods, y.spans, y.derived, y.unverified, y.printed_error or None]
            for y in self.years
        ]

    def heading(self) -> str:
        """Return title, unit and valuation."""
        return f"{self.title} ({self.series}), {self.unit}, {self.valuation}"

    def notes(self) -> Sequence[str]:
        """Return estimand, origin and caveats."""
        named = ", ".join(f"{name} {count}" for name, count in self.publishers.items())
        return (
            *(self.estimand, f"Figures by publisher: {named}."),
            *(*self.unknown, *self.about, *self.caveats),
        )


def quality_panel(catalogue: Catalogue, series_id: str, vintage: str = "first") -> QualityPanel:
    """Describe how good a series is.

    Parameters
    ----------
    catalogue : Catalogue
    series_id : str
        With variants.
    vintage : str

    Raises
    ------
    NotFoundError
        If there is no such series.
    """
    package = catalogue.package
    recipe = catalogue.builder.recipe(series_id)
    series = catalogue.builder.build(series_id, vintage)
    main = {
        o.period: package.figure(o.figures[0])
        for o in series.observations
        if o.value is not None and o.figures
    }
    used: dict[str, Figure] = {}
    for o in series.observations:
        used.update((name, package.figure(name)) for name in o.figures)
    for total in series.totals:
        used.update((name, package.figure(name)) for name in total.figures)
    tables = {n for n in package.table_names if any(f in package.table(n) for f in used)}
    periods = {f.window for f in used.values()}
    excluded = tuple(
        f"{c.figure}: {c.reason}"
        for c in package.corrections.values()
        if any(c.figure in package.table(n) for n in tables) and package.figure(c.figure).window in periods
    )
    years = sorted({o.period.year for o in series.observations})
    return QualityPanel(
        series=series.id,
        title=series.title,
        unit=series.unit,
        valuation=series.valuation,
        vintage=vintage,
        estimand=series.estimand,
        about=recipe.about,
        caveats=series.caveats,
        publishers=_counted(f.publisher for f in main.values()),
        tiers=_counted(f.tier for f in main.values()),
        statuses=_counted(STATUSES[o.status] for o in series.observations),
        sources=tuple(
            package.sources[name]
            for name in dict.fromkeys(f.source for f in used.values())
            if name in package.sources
        ),
        years=tuple(
            _year(year, [o for o in series.observations if o.period.year == year], series.totals)
            for year in years
        ),
        excluded=excluded,
        unknown=_unknown(catalogue),
    )


def _unknown(catalogue: Catalogue) -> tuple[str, ...]:
    """Return what no figure measures, and the ranges that published results state for it."""
    about = catalogue.package.yaml("series.yaml").get("about") or {}
    estimates = {estimate.id: estimate for estimate in catalogue.measures.estimates} if about else {}
    measured = [
        f"{e.paper}, {e.data}, {e.period}: {e.quantity} {e.estimate} ({e.comparability})."
        for e in (estimates[name] for name in about.get("measured_errors", ()))
    ]
    return (*([str(about["unknown_error"])] if "unknown_error" in about else ()), *measured)


def _counted(words: Any) -> dict[str, int]:
    return dict(Counter(words).most_common())


def _year(year: int, observations: Sequence[Observation], totals: Sequence[Any]) -> YearCoverage:
    observed = [o for o in observations if o.value is not None]
    return YearCoverage(
        year=year,
        periods=len(observations),
        observed=len(observed),
        spans=sum(1 for o in observations if o.value is None and any(o.period in t.window for t in totals)),
        derived=sum(1 for o in observed if o.status == "E"),
        unverified=sum(1 for o in observed if UNVERIFIED_NOTE in o.note),
        largest_rse=max((o.rse for o in observed), default=None),
    )
