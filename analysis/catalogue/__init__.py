"""The curated data package: figures with sources, series built from them, events, covariates.

This room alone reads the data directory. Every function takes the package that
``TRADEBREAKS_DATA`` names, else the one that ships with the distribution.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.catalogue.building import SeriesBuilder
from analysis.catalogue.claims import Claim, Claims, read_claims
from analysis.catalogue.comparisons import EstimateComparison, read_comparisons
from analysis.catalogue.corrections import Correction
from analysis.catalogue.extras import Covariate, DonorEconomy, DonorRow, Extras
from analysis.catalogue.figures import Figure
from analysis.catalogue.location import data_directory
from analysis.catalogue.measures import EnforcementRow, Measures, Provision, PublishedEstimate
from analysis.catalogue.package import Package, Source
from analysis.catalogue.questions import Question, read_questions
from analysis.catalogue.recipes import Recipe
from analysis.domain import EventTable, Frequency, TradeSeries
from analysis.errors import NotFoundError

if TYPE_CHECKING:
    from analysis.catalogue.checks import CheckReport
    from analysis.catalogue.quality import QualityPanel

__all__ = [
    "Catalogue",
    "Claim",
    "Claims",
    "Correction",
    "Covariate",
    "DonorEconomy",
    "DonorRow",
    "EnforcementRow",
    "EstimateComparison",
    "Figure",
    "Provision",
    "PublishedEstimate",
    "Question",
    "Recipe",
    "SeriesEntry",
    "Source",
    "catalogue",
    "check",
    "claims",
    "comparisons",
    "covariate",
    "covariates",
    "data_digest",
    "describe",
    "donor_economies",
    "donor_panel",
    "enforcement_calendar",
    "events",
    "figures",
    "listing",
    "lunar_new_year",
    "neighbours",
    "partners",
    "products",
    "provisions",
    "published_estimates",
    "questions",
    "recipe",
    "series",
    "series_ids",
    "source",
    "sources",
]


@dataclass(frozen=True, slots=True)
class SeriesEntry:
    """One line of the list of series.

    Attributes
    ----------
    id, title, group, unit : str
    frequency : Frequency
    variants : tuple of str
        Suffixes such as ``crude=excluded``.
    """

    id: str
    title: str
    group: str
    unit: str
    frequency: Frequency
    variants: tuple[str, ...]


class Catalogue:
    """One data package with everything that is built from it.

    Parameters
    ----------
    directory : Path
        Holds ``datapackage.json``.
    """

    def __init__(self, directory: Path) -> None:
        self.package = Package(directory)
        self.builder = SeriesBuilder(self.package)
        self.measures = Measures(self.package)
        self.extras = Extras(self.package)

    @cached_property
    def claims(self) -> Claims:
        """Statements that the data can be asked about."""
        return read_claims(self.package)

    @cached_property
    def comparisons(self) -> tuple[EstimateComparison, ...]:
        """Published results beside ours."""
        return read_comparisons(self.package)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What readers ask first."""
        return read_questions(self.package)

    @cached_property
    def listing(self) -> tuple[SeriesEntry, ...]:
        """Every series, without its variants."""
        return tuple(
            SeriesEntry(
                r.id,
                r.title,
                r.group,
                r.unit,
                r.frequency,
                tuple(f"{name}={value}" for name, values in r.variants.items() for value in values),
            )
            for r in self.builder.recipes.values()
        )

    def events(self, series: str | TradeSeries | None = None) -> EventTable:
        """Return all events, or those in the design of a series, in its order."""
        table = self.measures.events
        if series is None:
            return table
        wanted = (
            series.design.events
            if isinstance(series, TradeSeries)
            else self.builder.recipe(series).design.events
        )
        return EventTable(tuple(table[name] for name in wanted))


def catalogue(path: str | os.PathLike[str] | None = None) -> Catalogue:
    """Return the catalogue of a data directory, read lazily and kept in memory.

    Parameters
    ----------
    path : path, optional
        Another data directory.

    Raises
    ------
    DataPackageError
        If there is no data package there.
    """
    return _catalogue(data_directory(path))


@lru_cache(maxsize=8)
def _catalogue(directory: Path) -> Catalogue:
    return Catalogue(directory)


def series(id: str, vintage: str = "first") -> TradeSeries:
    """Build a series of recorded trade from the figures.

    Parameters
    ----------
    id : str
        A series id, with variants as ``ID:crude=excluded,kaesong=excluded``.
    vintage : str
        ``first`` (as first printed), ``revised``, or a date ("as known then").

    Returns
    -------
    TradeSeries
        In the unit it names; gaps stay missing.

    Raises
    ------
    NotFoundError
        If there is no such series or variant.
    InputError
        If the vintage cannot be read.
    CannotEstimateError
        If nothing was known in that vintage.
    """
    return catalogue().builder.build(id, vintage)


def series_ids() -> tuple[str, ...]:
    """Return the ids of the catalogue's series, without variants."""
    return tuple(catalogue().builder.recipes)


def listing() -> tuple[SeriesEntry, ...]:
    """Return id, title, group, unit, frequency and variants of every series."""
    return catalogue().listing


def recipe(id: str) -> Recipe:
    """Return how a series is built.

    Raises
    ------
    NotFoundError
        If there is no such series or variant.
    """
    return catalogue().builder.recipe(id)


def events(series: str | TradeSeries | None = None) -> EventTable:
    """Return all events of the table, or those that the recipe of a series lists for its design.

    Parameters
    ----------
    series : str or TradeSeries, optional

    Raises
    ------
    NotFoundError
        If there is no such series.
    """
    return catalogue().events(series)


def provisions(event_id: str | None = None) -> tuple[Provision, ...]:
    """Return the dated provisions of one event, or of all.

    Raises
    ------
    NotFoundError
        If there is no such event.
    """
    measures = catalogue().measures
    if event_id is None:
        return measures.provisions
    event = measures.events[event_id]
    return tuple(p for p in measures.provisions if p.event_id == event.id)


def enforcement_calendar() -> tuple[EnforcementRow, ...]:
    """Return when each measure began to bind, by product group."""
    return catalogue().measures.calendar


def published_estimates() -> tuple[PublishedEstimate, ...]:
    """Return published results to set beside ours."""
    return catalogue().measures.estimates


def claims() -> Claims:
    """Return the statements that the data can be asked about, with the thresholds of their verdicts."""
    return catalogue().claims


def comparisons(event_id: str | None = None) -> tuple[EstimateComparison, ...]:
    """Return which number of ours stands beside each published result, of one event or of all."""
    return tuple(c for c in catalogue().comparisons if event_id is None or event_id in c.events)


def questions() -> tuple[Question, ...]:
    """Return what readers ask first: the first page answers the first one and links to the others."""
    return catalogue().questions


def figures(ids: Sequence[str]) -> tuple[Figure, ...]:
    """Return published figures by id, in the order asked for.

    Raises
    ------
    NotFoundError
        If the package has no such figure.
    """
    package = catalogue().package
    return tuple(package.figure(name) for name in ids)


def sources() -> tuple[Source, ...]:
    """Return every source, once each."""
    return tuple(catalogue().package.sources.values())


def source(id: str) -> Source:
    """Return one source.

    Raises
    ------
    NotFoundError
        If the package has no such source.
    """
    found = catalogue().package.sources.get(id)
    if found is None:
        raise NotFoundError(f"no source '{id}' in the data package; they are listed in data/sources.csv")
    return found


def partners(year: int | None = None) -> tuple[Figure, ...]:
    """Return trade and shares by partner, of one year or of all; admitted figures only."""
    package = catalogue().package
    return tuple(
        f
        for f in package.table("partners").values()
        if package.admitted(f) and (year is None or f.window.first.year == year)
    )


def products(
    *, flow: str | None = None, product: str | None = None, year: int | None = None
) -> tuple[Figure, ...]:
    """Return figures by product: yearly groups and sections, and months where printed.

    Parameters
    ----------
    flow : str, optional
        ``exports`` or ``imports``.
    product : str, optional
        HS code, range or section as the tables state it.
    year : int, optional
        Year in which the figure's span begins.
    """
    package = catalogue().package
    return tuple(
        f
        for name in ("products_annual", "products_monthly", "sections")
        for f in package.table(name).values()
        if package.admitted(f)
        and (flow is None or f.flow == flow)
        and (product is None or f.product == product)
        and (year is None or f.window.first.year == year)
    )


def covariates() -> tuple[Covariate, ...]:
    """Return what covariates there are."""
    return tuple(catalogue().extras.covariates.values())


def covariate(id: str) -> TradeSeries:
    """Return one covariate.

    Raises
    ------
    NotFoundError
        If there is no such covariate.
    """
    return catalogue().extras.covariate(id)


def lunar_new_year() -> dict[int, date]:
    """Return New Year's Day of the lunar calendar by year."""
    return dict(catalogue().extras.lunar_new_year)


def donor_panel() -> tuple[DonorRow, ...]:
    """Return the yearly trade of other economies with the same partner, as it reports it, USD million."""
    return catalogue().extras.donors


def donor_economies() -> tuple[DonorEconomy, ...]:
    """Return the economies of the panel, with what speaks against each as a donor."""
    return catalogue().extras.economies


def neighbours() -> tuple[DonorRow, ...]:
    """Return the monthly trade of neighbours with the same partner, in the unit of each row."""
    return catalogue().extras.neighbours


def data_digest() -> str:
    """Return the SHA-256 that identifies the data package."""
    return catalogue().package.digest


def describe(id: str, vintage: str = "first") -> QualityPanel:
    """Return where a series is from, how reliable it is, what is not in it, and its coverage by year.

    Raises
    ------
    NotFoundError
        If there is no such series or variant.
    """
    from analysis.catalogue.quality import quality_panel

    return quality_panel(catalogue(), id, vintage)


def check(path: str | os.PathLike[str] | None = None, *, only: Sequence[str] = ()) -> CheckReport:
    """Validate a data package.

    Parameters
    ----------
    path : path, optional
        A data directory; the one in use if absent. It is read afresh.
    only : sequence of str
        Names of the checks to run; all if empty.

    Returns
    -------
    CheckReport
        Findings with file, row and reason; `ok` is True if there are none.

    Raises
    ------
    DataPackageError
        If there is no data package at `path`.
    """
    from analysis.catalogue.checks import run_checks

    return run_checks(Catalogue(data_directory(path)), only)
