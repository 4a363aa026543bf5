"""Covariates, donor economies and the lunar calendar of the package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from analysis.catalogue.package import Package
from analysis.catalogue.tables import Line
from analysis.domain import Period, TradeSeries
from analysis.errors import NotFoundError

COVARIATE_FILE = "covariates/covariates.csv"
VALUE_FILE = "covariates/values.csv"
LUNAR_FILE = "covariates/lunar_new_year.csv"
DONOR_FILE = "donors/annual.csv"
ECONOMY_FILE = "donors/economies.csv"
NEIGHBOUR_FILE = "donors/neighbours_monthly.csv"
YEARLY_UNIT = "USD million"


@dataclass(frozen=True, slots=True)
class Covariate:
    """A series of something else than the trade under study.

    Attributes
    ----------
    id, title, unit, frequency, source : str
    """

    id: str
    title: str
    unit: str
    frequency: str
    source: str


@dataclass(frozen=True, slots=True)
class DonorEconomy:
    """An economy whose trade with the partner may stand in for the one under study.

    Attributes
    ----------
    id, name : str
        ISO 3166 code and English name.
    sanctioned : str
        Trade measures in 2010 to 2020 that take it out of the pool; empty if none.
    substitute : tuple of str
        Products in which it may have taken the place of the economy under study.
    status : str
        ``verified`` or ``recalled``.
    """

    id: str
    name: str
    sanctioned: str
    substitute: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class DonorRow:
    """Trade of one economy with the partner in one period, as the partner reports it.

    Attributes
    ----------
    economy : str
    period : Period
    exports, imports : float or None
        Exports to and imports from the partner, in `unit`.
    unit : str
    """

    economy: str
    period: Period
    exports: float | None
    imports: float | None
    unit: str


class Extras:
    """Tables beside the figures.

    Parameters
    ----------
    package : Package
    """

    def __init__(self, package: Package) -> None:
        self.package = package

    @cached_property
    def covariates(self) -> dict[str, Covariate]:
        """Covariates by id."""
        found: dict[str, Covariate] = {}
        for line in self.package.lines(COVARIATE_FILE):
            if line["id"] in found:
                raise line.wrong(f"the id '{line['id']}' appears twice")
            found[line["id"]] = Covariate(**line.cells)
        return found

    @cached_property
    def _values(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for line in self.package.lines(VALUE_FILE):
            column = found.setdefault(line["id"], {})
            if line["period"] in column:
                raise line.wrong(f"'{line['id']}' has {line['period']} twice")
            column[line["period"]] = line.number("value")
        return found

    def covariate(self, covariate_id: str) -> TradeSeries:
        """Return one covariate as a series; gaps are missing observations.

        Raises
        ------
        NotFoundError
            If the package has no such covariate.
        """
        if covariate_id not in self.covariates:
            raise NotFoundError(f"no covariate '{covariate_id}'; there are {', '.join(self.covariates)}")
        described = self.covariates[covariate_id]
        column = self._values.get(covariate_id, {})
        return TradeSeries.from_values(
            list(column),
            list(column.values()),
            id=covariate_id,
            title=described.title,
            unit=described.unit,
            gaps="missing",
            estimand=f"{described.title}, as published by {self.package.sources[described.source].publisher}",
            catalogue=True,
        )

    @cached_property
    def lunar_new_year(self) -> dict[int, date]:
        """New Year's Day of the lunar calendar by year."""
        found: dict[int, date] = {}
        for line in self.package.lines(LUNAR_FILE):
            try:
                found[int(line["year"])] = date.fromisoformat(line["date"])
            except ValueError:
                raise line.wrong("'year' and 'date' must be a year and an ISO date") from None
        return found

    @cached_property
    def economies(self) -> tuple[DonorEconomy, ...]:
        """Economies of the donor panel."""
        return tuple(
            DonorEconomy(
                line["id"], line["name"], line["sanctioned"], line.listed("substitute"), line["status"]
            )
            for line in self.package.lines(ECONOMY_FILE)
        )

    @cached_property
    def donors(self) -> tuple[DonorRow, ...]:
        """The yearly panel, in `YEARLY_UNIT`."""
        return tuple(_donor_row(line, "year", YEARLY_UNIT) for line in self.package.lines(DONOR_FILE))

    @cached_property
    def neighbours(self) -> tuple[DonorRow, ...]:
        """The monthly trade of neighbours, for an index chart."""
        return tuple(_donor_row(line, "period", line["unit"]) for line in self.package.lines(NEIGHBOUR_FILE))


def _donor_row(line: Line, period: str, unit: str) -> DonorRow:
    exports, imports = (line.number(name) if line[name] else None for name in ("exports", "imports"))
    return DonorRow(line["economy"], Period.parse(line[period]), exports, imports, unit)
