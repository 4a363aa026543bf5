"""Sensitivity to mirror error: how wrong the record would have to be for a headline to change.

The record is taken apart into exports (valued CIF), imports without crude oil (FOB), KOTRA's crude oil, the
part with other partners than China, and inter-Korean trade. Each error is a number: a margin of freight and
insurance taken off the exports, a multiple of the crude estimate, a share of the trade with other partners
that belongs to South Korea, an unrecorded flow. Reported and adjusted stand side by side, with the size from
which the headline no longer holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis import catalogue
from analysis.attribution.accounting.goods import MILLION
from analysis.attribution.accounting.partners import KOTRA_CRUDE, partner_rows, yearly
from analysis.attribution.limits import NO_EFFECT, UNRECORDED
from analysis.domain import Cell, Result
from analysis.errors import CannotEstimateError

Direction = Literal["falls", "rises"]
Measure = Literal["total", "partners", "balance", "exports_to_china"]
MARGINS = (0.05, 0.10, 0.15)
"""Freight and insurance as a share of the value at the border, the range of the literature."""
CRUDE_MULTIPLES = (0.0, 0.5, 1.5, 2.0)
MIXED_UP = (0.5, 1.0)
"""Shares of the trade with other partners than China that may belong to South Korea."""
LARGEST_MARGIN = 1.0
LARGEST_MULTIPLE = 10.0
REPORTED_OUTSIDE = "est-43"
"""A published amount of exports outside the record, to set a needed flow beside."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One year of the record, USD million.

    Attributes
    ----------
    exports, imports : float
        With all partners but South Korea; imports without the crude oil that KOTRA adds.
    crude : float
    other_exports, other_imports : float
        Of them, with other partners than China.
    interkorean : float
    rounding : float
        What KOTRA's printed total has more than its flows.
    """

    exports: float
    imports: float
    crude: float
    other_exports: float
    other_imports: float
    interkorean: float
    rounding: float


@dataclass(frozen=True, slots=True)
class MirrorError:
    """An error of the record; the defaults are none.

    Attributes
    ----------
    name : str
    margin : float
        Taken off the exports: ``exports / (1 + margin)``.
    crude : float
        Multiple of the crude oil that KOTRA adds.
    mixed_up : float
        Share of the trade with other partners that belongs to South Korea.
    """

    name: str
    margin: float = 0.0
    crude: float = 1.0
    mixed_up: float = 0.0

    def total(self, p: Parts) -> float:
        """Return the adjusted trade of one year."""
        return self.partners(p) + p.interkorean

    def partners(self, p: Parts) -> float:
        """Return the adjusted trade of one year without inter-Korean trade."""
        return sum(self._flows(p)) + p.rounding

    def exports_to_china(self, p: Parts) -> float:
        """Return the adjusted exports to China of one year."""
        return (p.exports - p.other_exports) / (1 + self.margin)

    def balance(self, p: Parts) -> float:
        """Return the adjusted balance of one year, without inter-Korean trade."""
        exports, imports = self._flows(p)
        return exports - imports

    def _flows(self, p: Parts) -> tuple[float, float]:
        exports = (p.exports - self.mixed_up * p.other_exports) / (1 + self.margin)
        return exports, p.imports - self.mixed_up * p.other_imports + self.crude * p.crude


NO_ERROR = MirrorError("as reported")
ERRORS: tuple[MirrorError, ...] = (
    *(MirrorError(f"margin {100 * m:.0f} per cent", margin=m) for m in MARGINS),
    *(MirrorError(f"crude oil times {k:g}", crude=k) for k in CRUDE_MULTIPLES),
    *(
        MirrorError(f"{100 * s:.0f} per cent of other partners are South Korea's", mixed_up=s)
        for s in MIXED_UP
    ),
)


@dataclass(frozen=True, slots=True)
class Headline:
    """A statement about changes between years.

    Attributes
    ----------
    id, words : str
    measure : str
        Method of `MirrorError`: ``total``, ``partners``, ``balance`` or ``exports_to_china``.
    direction : Direction
    steps : tuple of (int, int)
        Pairs of years that the statement is about.
    """

    id: str
    words: str
    measure: Measure
    direction: Direction
    steps: tuple[tuple[int, int], ...]

    def changes(self, parts: Mapping[int, Parts], error: MirrorError) -> tuple[float, ...]:
        """Return the change of every step under an error, USD million."""
        value = getattr(error, self.measure)
        return tuple(value(parts[last]) - value(parts[first]) for first, last in self.steps)

    def drifting(self, parts: Mapping[int, Parts], margin: float) -> tuple[float, ...]:
        """Return the change of every step if only the year that weakens the statement has a margin."""
        error = MirrorError("", margin=margin)
        with_margin, without = getattr(error, self.measure), getattr(NO_ERROR, self.measure)
        earlier = self.direction == "falls"
        found = []
        for first, last in self.steps:
            before, after = (with_margin, without) if earlier else (without, with_margin)
            found.append(after(parts[last]) - before(parts[first]))
        return tuple(found)

    def holds(self, changes: Sequence[float]) -> bool:
        """Tell whether every change goes the way that is stated."""
        return all(change < 0 if self.direction == "falls" else change > 0 for change in changes)


HEADLINES: tuple[Headline, ...] = (
    Headline(
        "fell-2015-2018",
        "Recorded trade fell every year from 2015 to 2018",
        "total",
        "falls",
        tuple((year - 1, year) for year in range(2015, 2019)),
    ),
    Headline("fell-2014-2018", "Recorded trade fell from 2014 to 2018", "total", "falls", ((2014, 2018),)),
    Headline(
        "exports-2016-2018",
        "Exports to China fell from 2016 to 2018",
        "exports_to_china",
        "falls",
        ((2016, 2018),),
    ),
    Headline(
        "others-rose-2016",
        "Trade with everybody but South Korea rose in 2016",
        "partners",
        "rises",
        ((2015, 2016),),
    ),
    Headline("deficit-2017", "The deficit widened in 2017", "balance", "falls", ((2016, 2017),)),
    Headline("rose-2019", "Recorded trade rose in 2019", "total", "rises", ((2018, 2019),)),
    Headline("fell-2020", "Recorded trade fell in 2020", "total", "falls", ((2019, 2020),)),
)


@dataclass(frozen=True, slots=True)
class HeadlineSensitivity:
    """What it takes to change one headline.

    Attributes
    ----------
    headline : Headline
    reported : tuple of float
        Change of every step.
    adjusted : tuple of (MirrorError, tuple of float)
    margin, crude, mixed_up : float or None
        Smallest size from which the headline fails; None where none in range does.
    drift : float or None
        The same of a margin in one of the two years alone.
    unrecorded : float
        Flow that would have to be missing from the record in `unrecorded_year` alone.
    unrecorded_year : int
    recorded : float
        What the record has in that year.
    """

    headline: Headline
    reported: tuple[float, ...]
    adjusted: tuple[tuple[MirrorError, tuple[float, ...]], ...]
    margin: float | None
    crude: float | None
    mixed_up: float | None
    drift: float | None
    unrecorded: float
    unrecorded_year: int
    recorded: float

    @property
    def robust(self) -> bool:
        """Whether it holds under every error tried."""
        return all(self.headline.holds(changes) for _, changes in self.adjusted)

    def words(self) -> str:
        """Return what it takes in one or two sentences."""
        failing = [error.name for error, changes in self.adjusted if not self.headline.holds(changes)]
        tried = f"It fails under {'; '.join(failing)}" if failing else "It holds under every error tried"
        share = 100 * self.unrecorded / self.recorded
        return (
            f"{self.headline.words}. {tried}. {self._limits()} A flow of {self.unrecorded:,.0f} USD million "
            f"missing from the record of {self.unrecorded_year} alone ({share:.0f} per cent of what it has) "
            "would undo it."
        )

    def _limits(self) -> str:
        """Return from which size of each error the headline fails."""
        margin = f"{100 * self.margin:.0f} per cent" if self.margin is not None else "none up to 100 per cent"
        crude = f"{self.crude:.1f}" if self.crude is not None else f"none up to {LARGEST_MULTIPLE:g}"
        mixed = f"{100 * self.mixed_up:.0f} per cent" if self.mixed_up is not None else "none"
        drift = f"{100 * self.drift:.0f} per cent" if self.drift is not None else "none up to 100 per cent"
        return (
            f"It would fail from a margin of: {margin}; a margin in one of the two years alone of: {drift}; "
            f"a multiple of the crude oil of: {crude}; a share of "
            f"other partners' trade that is South Korea's of: {mixed}."
        )

    def to_record(self) -> dict[str, Any]:
        """Return reported and adjusted changes with the sizes that change the headline."""
        years = [f"{first}-{last}" for first, last in self.headline.steps]
        return {
            "id": self.headline.id,
            "headline": self.headline.words,
            "unit": "USD million",
            "reported": dict(zip(years, self.reported, strict=True)),
            "adjusted": [
                {
                    "error": error.name,
                    "changes": dict(zip(years, changes, strict=True)),
                    "holds": self.headline.holds(changes),
                }
                for error, changes in self.adjusted
            ],
            "fails_from": {
                "margin": self.margin,
                "margin_in_one_year": self.drift,
                "crude_multiple": self.crude,
                "mixed_up_share": self.mixed_up,
                "unrecorded": self.unrecorded,
                "unrecorded_year": self.unrecorded_year,
                "unrecorded_share_of_record": self.unrecorded / self.recorded,
            },
            "robust": self.robust,
            "words": self.words(),
        }


@dataclass(frozen=True)
class Sensitivity(Result):
    """What it takes to change each headline.

    Attributes
    ----------
    rows : tuple of HeadlineSensitivity
    outside : str
        A published amount outside the record, in words.
    """

    rows: tuple[HeadlineSensitivity, ...]
    outside: str

    def to_record(self) -> dict[str, Any]:
        """Return every headline with its errors."""
        return {
            "headlines": [row.to_record() for row in self.rows],
            "reported_outside_the_record": self.outside,
            "notes": list(self.notes()),
        }

    def heading(self) -> str:
        """Return what is varied."""
        return "How wrong the record would have to be to change each headline (USD million)"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return reported beside adjusted, the smallest change of each headline, and what it takes."""
        columns = (
            "headline",
            "reported",
            *(f"margin {100 * m:.0f} %" for m in MARGINS),
            "no crude",
            "crude x 2",
            "no other partners",
            "fails from a margin in one year",
            "fails from unrecorded",
            "in",
            "holds",
        )
        wanted = (*MARGINS, "crude oil times 0", "crude oil times 2", "100 per cent")
        rows: list[list[Cell]] = []
        for row in self.rows:
            shown: list[Cell] = [row.headline.words, _weakest(row.reported)]
            for name in wanted:
                start = f"margin {100 * name:.0f}" if isinstance(name, float) else name
                shown.append(next(_weakest(c) for error, c in row.adjusted if error.name.startswith(start)))
            rows.append(
                [*shown, row.drift, row.unrecorded, row.unrecorded_year, "yes" if row.robust else "no"]
            )
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return the words of every headline, and what is not varied."""
        return (
            *(row.words() for row in self.rows),
            f"For scale, a published amount outside the record: {self.outside}.",
            "Of several years the table shows the smallest change. Margins are taken off exports, which the "
            "record values CIF; one margin holds for all years but where it is said. Goods of the North "
            "recorded as the South's are an unrecorded flow.",
            UNRECORDED,
            NO_EFFECT,
        )


def mirror_sensitivity() -> Sensitivity:
    """Return how wrong the record would have to be for each headline to change.

    Raises
    ------
    CannotEstimateError
        If a part of the record is missing in a year that a headline names.
    """
    years = sorted({year for headline in HEADLINES for step in headline.steps for year in step})
    parts = {year: _parts(year) for year in years}
    estimate = next((e for e in catalogue.published_estimates() if e.id == REPORTED_OUTSIDE), None)
    outside = f"{estimate.estimate}, {estimate.quantity}, {estimate.period}" if estimate else "none"
    return Sensitivity(tuple(_sensitivity(headline, parts) for headline in HEADLINES), outside)


def _parts(year: int) -> Parts:
    crude = yearly(KOTRA_CRUDE).get(year, 0) / MILLION
    exports, imports = (_value(f"dprk.{flow}.kotra.a", year) for flow in ("exports", "imports"))
    china = [_china(flow, year) for flow in ("exports", "imports")]
    total = _value("dprk.total.kotra.a", year)
    return Parts(
        exports=exports,
        imports=imports - crude,
        crude=crude,
        other_exports=exports - china[0],
        other_imports=imports - china[1],
        interkorean=_value("dprk.total.a", year) - total,
        rounding=total - exports - imports,
    )


def _value(series_id: str, year: int) -> float:
    found = yearly(series_id).get(year)
    if found is None:
        raise CannotEstimateError(f"'{series_id}' has no value for {year}")
    return found / MILLION


def _china(flow: str, year: int) -> float:
    found = next((row for row in partner_rows(flow, (year,), (year,)) if row.partner == "CN"), None)
    if found is None:
        raise CannotEstimateError(f"KOTRA states no {flow} with China for {year}")
    return found.end / MILLION


def _sensitivity(headline: Headline, parts: Mapping[int, Parts]) -> HeadlineSensitivity:
    reported = headline.changes(parts, NO_ERROR)
    weakest = min(range(len(reported)), key=lambda k: abs(reported[k]))
    first, last = headline.steps[weakest]
    # A fall is undone by what is missing after it, a rise by what was missing before it.
    year = last if headline.direction == "falls" and headline.measure != "balance" else first
    if headline.measure == "balance":
        year = last
    at = parts[year]
    recorded = {"balance": at.exports, "exports_to_china": NO_ERROR.exports_to_china(at)}
    return HeadlineSensitivity(
        headline,
        reported,
        tuple((error, headline.changes(parts, error)) for error in ERRORS),
        _fails_from(headline, parts, "margin", LARGEST_MARGIN),
        _fails_from(headline, parts, "crude", LARGEST_MULTIPLE),
        _fails_from(headline, parts, "mixed_up", 1.0),
        _drifts_from(headline, parts),
        abs(reported[weakest]),
        year,
        recorded.get(headline.measure, NO_ERROR.total(at)),
    )


def _fails_from(headline: Headline, parts: Mapping[int, Parts], name: str, largest: float) -> float | None:
    """Return the size nearest to none from which the headline fails, to one part in a thousand."""
    steps = 1000
    sizes = [largest * k / steps for k in range(steps + 1)]
    start = 1.0 if name == "crude" else 0.0
    for size in sorted(sizes, key=lambda s: abs(s - start)):
        if not headline.holds(headline.changes(parts, MirrorError("", **{name: size}))):
            return size
    return None


def _drifts_from(headline: Headline, parts: Mapping[int, Parts]) -> float | None:
    """Return the smallest margin in one of the two years from which the headline fails."""
    sizes = (LARGEST_MARGIN * k / 1000 for k in range(1001))
    return next((size for size in sizes if not headline.holds(headline.drifting(parts, size))), None)


def _weakest(changes: Sequence[float]) -> float:
    return min(changes, key=abs)
