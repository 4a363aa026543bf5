"""Recipes: how each series is built from figures, as ``series.yaml`` declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from analysis.domain import Frequency, Period, SeriesDesign, Window
from analysis.domain.observations import PART_ROLES, DeclaredPart
from analysis.errors import DataPackageError, InputError

FirstRule = Literal["print", "preferred"]
FIRST_RULES: tuple[FirstRule, ...] = get_args(FirstRule)
Preference = Literal["digits", "publisher"]
PREFERENCES: tuple[Preference, ...] = get_args(Preference)


@dataclass(frozen=True, slots=True)
class Rate:
    """Exchange rates for a conversion: figure ids are ``PREFIX.YYYY-MM``.

    Attributes
    ----------
    prefix : str
    rse : float
        Relative standard error that the rate adds.
    name : str
        In words, for notes.
    """

    prefix: str
    rse: float
    name: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """Figures in another unit, turned into the series' unit from a period on.

    Attributes
    ----------
    since : Period
        First period that is built from them.
    unit : str
    rates : tuple of Rate
        In order of preference.
    """

    since: Period
    unit: str
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class SpanRule:
    """A figure for several periods that cannot be divided.

    Attributes
    ----------
    figure : str
    lower, upper : float or None
        Hard bounds of the sum, where they are known.
    floors : mapping of Period to str
        Figures that bound a period of the span from below, such as a first cut known to be too low.
    """

    figure: str
    lower: float | None = None
    upper: float | None = None
    floors: Mapping[Period, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Apart:
    """Publishers that are never mixed with the others in a span.

    Attributes
    ----------
    publishers : tuple of str
    window : Window
        Periods for which none of their figures is taken.
    """

    publishers: tuple[str, ...]
    window: Window

    def covers(self, publisher: str, period: Period) -> bool:
        """Tell whether a figure of that publisher stays out of that period."""
        return publisher in self.publishers and period in self.window


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value that no figure prints but that follows from a stated fact.

    Attributes
    ----------
    first, last : Period or None
        Span, inclusive; None is open.
    value : float
    reason : str
    """

    first: Period | None
    last: Period | None
    value: float
    reason: str

    def covers(self, period: Period) -> bool:
        """Tell whether the period lies in the span."""
        return (self.first is None or self.first <= period) and (self.last is None or period <= self.last)


@dataclass(frozen=True, slots=True)
class Selection:
    """Choose one figure a period.

    Attributes
    ----------
    tables : tuple of str
        Figure tables to look in.
    where : mapping
        Fields of a figure and the values wanted.
    publishers : tuple of str
        Order of preference among publishers.
    prefer : Preference
        ``digits``: the print with more digits, then the publisher. ``publisher``: the other way round.
    first : FirstRule
        ``print``: as first printed. ``preferred``: the row that the curator marked, where the first
        print of a publisher is known to be no final one.
    coarse : float
        A print whose rounding is a larger part of its value gives way to a derivation of grade A or B.
    release_lag : int
        Days after the period until a figure without date of publication counts as known.
    convert : Conversion or None
    apart : Apart or None
    spans : tuple of SpanRule
    assume : tuple of Assumption
    pick : mapping of Period to str
        Periods for which the figure is named.
    provisional : bool
        Whether periods after the last revised one are provisional.
    """

    tables: tuple[str, ...]
    where: Mapping[str, Any]
    publishers: tuple[str, ...] = ()
    prefer: Preference = "digits"
    first: FirstRule = "print"
    coarse: float = 0.01
    release_lag: int = 20
    convert: Conversion | None = None
    apart: Apart | None = None
    spans: tuple[SpanRule, ...] = ()
    assume: tuple[Assumption, ...] = ()
    pick: Mapping[Period, str] = field(default_factory=dict)
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Combination:
    """Add and subtract other series.

    Attributes
    ----------
    plus, minus : tuple of str
        Series ids, variants included.
    share_spans : bool
        Where a term is known only for a span, its periods take equal parts, with the whole as bound.
    """

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    share_spans: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A table of values chosen by hand that the built series must agree with.

    Attributes
    ----------
    file : str
        With the columns ``period, flow, value, basis, coarse``.
    key : str
        Entry of ``flow``.
    """

    file: str
    key: str


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far the built periods may miss printed sums, as fractions of these.

    Attributes
    ----------
    publishers : tuple of str
        Whose sums are of the series' own vintage; none: nothing is compared.
    year, to_date : float
        For whole years, and for shorter spans.
    years, to_dates : mapping of int to float
        Exceptions by year.
    revised : float
        For whole years of the revised vintage.
    """

    publishers: tuple[str, ...] = ()
    year: float = 0.01
    to_date: float = 0.01
    years: Mapping[int, float] = field(default_factory=dict)
    to_dates: Mapping[int, float] = field(default_factory=dict)
    revised: float = 0.01

    def of(self, window: Window, vintage: str) -> float:
        """Return the tolerance for a span of months."""
        year = window.last.year
        if len(window) < 12:
            return self.to_dates.get(year, self.to_date)
        return self.revised if vintage == "revised" else self.years.get(year, self.year)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one series is built and what the models are told of it.

    Attributes
    ----------
    id, title, noun, group, unit : str
        `noun` is the title as it stands in a sentence: ``exports to China``.
    frequency : Frequency
    first, last : Period or None
        Calendar; open ends follow the figures.
    valuation, estimand : str
    caveats, about : tuple of str
        Sentences shown with the series, and those of the data-quality panel only.
    build : Selection or Combination
    design : SeriesDesign
    breaks : tuple of Period
        First periods after a change of record, status B.
    unbroken : tuple of Period
        Breaks of a term that a variant takes away.
    variants : mapping of str to mapping of str to mapping
        Adjustment, its value, and what it changes.
    tolerance : Tolerance
        Of the checks against printed sums.
    reference : Reference or None
    """

    id: str
    title: str
    unit: str
    frequency: Frequency
    build: Selection | Combination
    noun: str = ""
    group: str = ""
    first: Period | None = None
    last: Period | None = None
    valuation: str = ""
    estimand: str = ""
    caveats: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    design: SeriesDesign = field(default_factory=SeriesDesign)
    breaks: tuple[Period, ...] = ()
    unbroken: tuple[Period, ...] = ()
    variants: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    tolerance: Tolerance = field(default_factory=Tolerance)
    reference: Reference | None = None

    def varied(self, chosen: Mapping[str, str]) -> Recipe:
        """Return the recipe with variants applied: adjustments are added or subtracted, their events dropped.

        Parameters
        ----------
        chosen : mapping of str to str
            Adjustment and value, such as ``{"crude": "excluded"}``; known to exist.
        """
        if not chosen:
            return self
        add: list[str] = []
        subtract: list[str] = []
        dropped: set[str] = set()
        titles, caveats, unbroken = [], [], []
        parts = {part.series: part for part in self.design.parts}
        for name, value in chosen.items():
            change = self.variants[name][value]
            add += change.get("add", [])
            subtract += change.get("subtract", [])
            dropped |= set(change.get("drop_events", ()))
            titles.append(str(change["title"]))
            caveats += change.get("caveats", [])
            unbroken += [Period.parse(str(p)) for p in change.get("drop_breaks", ())]
            for part in change.get("drop_parts", ()):
                parts.pop(part, None)
            for part, variant in change.get("part_variants", {}).items():
                parts[part] = replace(parts[part], series=_variant(parts[part].series, variant))
            if not {"drop_parts", "part_variants"} & set(change):
                parts = {}
        suffix = ",".join(f"{name}={value}" for name, value in sorted(chosen.items()))
        design = replace(
            self.design,
            events=tuple(event for event in self.design.events if event not in dropped),
            parts=tuple(parts.values()),
        )
        return replace(
            self,
            id=f"{self.id}:{suffix}",
            title=f"{self.title}, {' and '.join(titles)}",
            first=None,
            caveats=(*self.caveats, *caveats),
            build=Combination(plus=(self.id, *add), minus=tuple(subtract)),
            design=design,
            breaks=tuple(p for p in self.breaks if p not in unbroken),
            unbroken=tuple(unbroken),
            variants={},
        )


def _variant(series_id: str, variant: str) -> str:
    base, _, chosen = series_id.partition(":")
    return f"{base}:{','.join(sorted(filter(None, [*chosen.split(','), variant])))}"


def parse_recipes(content: Mapping[str, Any]) -> dict[str, Recipe]:
    """Read ``series.yaml``.

    Raises
    ------
    DataPackageError
        Naming the series and the key.
    """
    entries = content.get("series")
    if not isinstance(entries, dict) or not entries:
        raise DataPackageError("series.yaml: 'series' must map ids to recipes")
    return {str(name): _recipe(str(name), entry) for name, entry in entries.items()}


def _recipe(name: str, entry: Mapping[str, Any]) -> Recipe:
    place = f"series.yaml, series '{name}'"
    try:
        values = _known(
            entry, Recipe, place, extra=("select", "combine"), without=("id", "build", "unbroken")
        )
        select, combine = values.pop("select", None), values.pop("combine", None)
        if (select is None) == (combine is None):
            raise DataPackageError(f"{place}: give one of 'select' and 'combine'")
        build: Selection | Combination
        if select is not None:
            build = _selection(select, place)
        else:
            build = Combination(**_tuples(_known(combine, Combination, place), "plus", "minus"))
        for key in ("first", "last"):
            if key in values:
                values[key] = Period.parse(str(values[key]))
        values["breaks"] = tuple(Period.parse(str(p)) for p in values.get("breaks", ()))
        values["design"] = _design(values.get("design", {}), place)
        tolerance = _known(values.get("tolerance", {}), Tolerance, place)
        values["tolerance"] = Tolerance(**_tuples(tolerance, "publishers"))
        if "reference" in values:
            values["reference"] = Reference(**_known(values["reference"], Reference, place))
        return Recipe(id=name, build=build, **_tuples(values, "caveats", "about"))
    except InputError as problem:
        if isinstance(problem, DataPackageError):
            raise
        raise DataPackageError(f"{place}: {problem.message}") from None
    except (TypeError, KeyError, AttributeError) as problem:
        raise DataPackageError(f"{place}: {problem}") from None


def _selection(entry: Mapping[str, Any], place: str) -> Selection:
    values = _tuples(_known(entry, Selection, place), "tables", "publishers")
    if values.get("first", "print") not in FIRST_RULES:
        raise DataPackageError(f"{place}: 'first' is none of {', '.join(FIRST_RULES)}")
    if values.get("prefer", "digits") not in PREFERENCES:
        raise DataPackageError(f"{place}: 'prefer' is none of {', '.join(PREFERENCES)}")
    if "convert" in values:
        raw = _known(values["convert"], Conversion, place)
        rates = tuple(Rate(**_known(rate, Rate, place)) for rate in raw["rates"])
        values["convert"] = Conversion(Period.parse(str(raw["since"])), raw["unit"], rates)
    if "apart" in values:
        raw = _tuples(_known(values["apart"], Apart, place), "publishers")
        values["apart"] = Apart(raw["publishers"], Window.parse(str(raw["window"])))
    values["spans"] = tuple(_span(span, place) for span in values.get("spans", ()))
    values["assume"] = tuple(_assumption(item, place) for item in values.get("assume", ()))
    values["pick"] = {Period.parse(str(p)): str(f) for p, f in values.get("pick", {}).items()}
    return Selection(**values)


def _span(entry: Mapping[str, Any], place: str) -> SpanRule:
    raw = _known(entry, SpanRule, place)
    floors = {Period.parse(str(p)): str(f) for p, f in raw.get("floors", {}).items()}
    return SpanRule(raw["figure"], raw.get("lower"), raw.get("upper"), floors)


def _assumption(entry: Mapping[str, Any], place: str) -> Assumption:
    raw = _known(entry, Assumption, place)
    first, last = (Period.parse(str(raw[key])) if key in raw else None for key in ("first", "last"))
    return Assumption(first, last, float(raw["value"]), str(raw["reason"]))


def _design(entry: Mapping[str, Any], place: str) -> SeriesDesign:
    values = _known(entry, SeriesDesign, place)
    return SeriesDesign(
        events=tuple(values.get("events", ())),
        regimes=tuple(Window.parse(str(w)) for w in values.get("regimes", ())),
        lunar_new_year=bool(values.get("lunar_new_year", False)),
        controls=tuple(values.get("controls", ())),
        masks=tuple(Period.parse(str(p)) for p in values.get("masks", ())),
        parts=tuple(_part(item, place) for item in values.get("parts", ())),
        scope=str(values.get("scope", "")),
    )


def _part(entry: Mapping[str, Any], place: str) -> DeclaredPart:
    part = DeclaredPart(**_known(entry, DeclaredPart, place))
    if part.role not in PART_ROLES:
        raise DataPackageError(f"{place}: the role '{part.role}' is none of {', '.join(PART_ROLES)}")
    if part.sign not in (1, -1):
        raise DataPackageError(f"{place}: the sign of a part is 1 or -1, not {part.sign}")
    if (part.role == "ended_by") != (part.event is not None):
        raise DataPackageError(f"{place}: a part has an event if, and only if, its role is ended_by")
    return part


def _known(
    entry: Mapping[str, Any],
    kind: type,
    place: str,
    *,
    extra: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise DataPackageError(f"{place}: '{entry}' is not a mapping")
    allowed = ({f.name for f in fields(kind)} | set(extra)) - set(without)
    for key in entry:
        if key not in allowed:
            raise DataPackageError(f"{place}: unknown key '{key}'; known are {', '.join(sorted(allowed))}")
    return dict(entry)


def _tuples(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: tuple(value) if key in names else value for key, value in values.items()}
