"""Series out of recipes: select figures, combine series, apply variants."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from analysis.catalogue.package import Package
from analysis.catalogue.recipes import Combination, Recipe, Selection, parse_recipes
from analysis.catalogue.selection import (
    UNVERIFIED_NOTE,
    Selector,
    parse_vintage,
    require_values,
    span_window,
)
from analysis.domain import Observation, Period, Total, TradeSeries, Window
from analysis.errors import DataPackageError, NotFoundError


class SeriesBuilder:
    """Builds the series of one package.

    Parameters
    ----------
    package : Package
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self._built: dict[tuple[str, str], TradeSeries] = {}

    @cached_property
    def recipes(self) -> Mapping[str, Recipe]:
        """Recipes by id, without variants."""
        return parse_recipes(self.package.yaml("series.yaml"))

    def recipe(self, series_id: str) -> Recipe:
        """Return the recipe of ``ID`` or ``ID:adjustment=value,...``.

        Raises
        ------
        NotFoundError
            If the id, the adjustment or its value does not exist.
        """
        base, _, suffix = series_id.partition(":")
        if base not in self.recipes:
            raise NotFoundError(_unknown(base, self.recipes))
        recipe = self.recipes[base]
        chosen: dict[str, str] = {}
        for part in filter(None, suffix.split(",")):
            name, _, value = part.partition("=")
            if value not in recipe.variants.get(name, {}):
                offered = [f"{n}={v}" for n, values in recipe.variants.items() for v in values]
                raise NotFoundError(
                    f"'{base}' has no variant '{part}': "
                    + (f"it has {', '.join(offered)}" if offered else "it has none")
                )
            chosen[name] = value
        return recipe.varied(chosen)

    def build(self, series_id: str, vintage: str = "first") -> TradeSeries:
        """Build a series.

        Parameters
        ----------
        series_id : str
            ``ID`` or ``ID:crude=excluded,kaesong=excluded``.
        vintage : str
            ``first``, ``revised`` or a date.

        Raises
        ------
        NotFoundError, InputError, CannotEstimateError
        """
        recipe = self.recipe(series_id)
        key = (recipe.id, vintage)
        if key not in self._built:
            self._built[key] = self._build(recipe, vintage)
        return self._built[key]

    def _build(self, recipe: Recipe, vintage: str) -> TradeSeries:
        parse_vintage(vintage)
        if isinstance(recipe.build, Selection):
            selector = Selector(self.package, recipe, parse_vintage(vintage))
            observations = self._calendar(recipe, selector)
            require_values(observations, recipe.id, vintage)
            totals = selector.totals(observations)
            year_totals = selector.year_totals(observations)
        else:
            observations = self._combined(recipe, recipe.build, vintage)
            require_values(observations, recipe.id, vintage)
            totals = ()
            year_totals = self._combined_years(recipe.build, vintage, observations)
        observations = _trimmed(observations, recipe)
        return TradeSeries(
            id=recipe.id,
            title=recipe.title,
            unit=recipe.unit,
            frequency=recipe.frequency,
            observations=observations,
            valuation=recipe.valuation,
            vintage=vintage,
            estimand=recipe.estimand,
            totals=totals,
            year_totals=year_totals,
            design=recipe.design,
            caveats=(*recipe.caveats, *_unverified_caveat(observations)),
            catalogue=True,
            noun=recipe.noun,
        )

    def _calendar(self, recipe: Recipe, selector: Selector) -> tuple[Observation, ...]:
        known = sorted({*selector.figures, *selector.rules.pick})
        first = recipe.first or (known[0] if known else None)
        last = recipe.last or (known[-1] if known else None)
        if first is None or last is None:
            raise DataPackageError(f"series.yaml, series '{recipe.id}': no figure matches its rules")
        return tuple(selector.observation(period) for period in Window(first, last).periods())

    def _combined(self, recipe: Recipe, rule: Combination, vintage: str) -> tuple[Observation, ...]:
        terms = [(1.0, name, self.build(name, vintage)) for name in rule.plus]
        terms += [(-1.0, name, self.build(name, vintage)) for name in rule.minus]
        plus = [series for sign, _, series in terms if sign > 0]
        first = recipe.first or max(series.first for series in plus)
        last = recipe.last or min(series.last for series in plus)
        combined = []
        for period in Window(first, last).periods():
            parts = [
                (sign, self._part(series, name, period, rule.share_spans)) for sign, name, series in terms
            ]
            observation = _sum_of(period, parts)
            if period in recipe.unbroken and observation.status == "B":
                observation = replace(observation, status="A")
            if period in recipe.breaks and observation.value is not None:
                observation = replace(observation, status="B")
            combined.append(observation)
        return tuple(combined)

    def _combined_years(
        self, rule: Combination, vintage: str, observations: Sequence[Observation]
    ) -> tuple[Total, ...]:
        """Return the sums of calendar years of which a month is missing, where every term has its own."""
        if observations[0].period.frequency != "M":
            return ()
        found = []
        terms = [(1.0, name) for name in rule.plus] + [(-1.0, name) for name in rule.minus]
        for year in sorted({o.period.year for o in observations if o.value is None}):
            months = Window(Period("M", 12 * year), Period("M", 12 * year + 11))
            known = [(sign, _year_sum(self.build(name, vintage), months)) for sign, name in terms]
            totals = [(sign, total) for sign, total in known if total is not None]
            if len(totals) == len(terms) and months.last <= observations[-1].period:
                value = math.fsum(sign * total.value for sign, total in totals)
                sd = math.sqrt(math.fsum((total.value * total.rse) ** 2 for _, total in totals))
                figures = tuple(dict.fromkeys(f for _, total in totals for f in total.figures))
                found.append(Total(months, value, sd / abs(value) if value else 0.0, figures))
        return tuple(found)

    def _part(self, series: TradeSeries, name: str, period: Period, share: bool) -> Observation:
        if not series.first <= period <= series.last:
            return Observation(period, None, "M")
        observation = series.observations[series.index(period)]
        if observation.value is not None or not share:
            return observation
        return self._shared(series, name, period) or observation

    def _shared(self, series: TradeSeries, name: str, period: Period) -> Observation | None:
        """Return a part of what the unknown periods of a span leave, bounded by their whole.

        Floors of the span's rule go to their periods first; what is left is divided equally.
        """
        for total in series.totals:
            if period not in total.window:
                continue
            recipe = self.recipe(name)
            assert isinstance(recipe.build, Selection)
            rule = next(
                r
                for r in recipe.build.spans
                if span_window(self.package.figure(r.figure).window, recipe) == total.window
            )
            inside = [o for o in series.observations if o.period in total.window]
            unknown = [o.period for o in inside if o.value is None]
            known = math.fsum(o.value for o in inside if o.value is not None)
            floors = {p: self.package.figure(figure).value for p, figure in rule.floors.items()}
            least = floors.get(period, 0.0)
            rest = total.value - known
            left = rest - math.fsum(floors.values())
            most = rest if rule.upper is None else rule.upper - known
            upper = most - math.fsum(floors.values()) + least
            part = least + left / len(unknown)
            rse = (upper - least) / math.sqrt(12.0) / part
            named = " and ".join(map(str, unknown))
            note = (
                f"{named} are known only together ({rest:g}); how it divides is unknown, "
                f"so the period lies between {least:g} and {upper:g}"
            )
            figures = (*total.figures, *rule.floors.values())
            return Observation(period, part, "E", rse, least, upper, figures, note)
        return None


def _year_sum(series: TradeSeries, months: Window) -> Total | None:
    """Return the sum of a year of months: of the months where all are observed, else as printed."""
    own = [o for o in series.observations if o.period in months]
    if len(own) == len(months) and all(o.value is not None for o in own):
        value = math.fsum(o.value or 0.0 for o in own)
        sd = math.sqrt(math.fsum(((o.value or 0.0) * o.rse) ** 2 for o in own))
        figures = tuple(dict.fromkeys(f for o in own for f in o.figures))
        return Total(months, value, sd / abs(value) if value else 0.0, figures)
    return next((total for total in series.year_totals if total.window == months), None)


def _sum_of(period: Period, parts: Sequence[tuple[float, Observation]]) -> Observation:
    if any(part.value is None for _, part in parts):
        return Observation(period, None, "M")
    value = math.fsum(sign * (part.value or 0.0) for sign, part in parts)
    sd = math.sqrt(math.fsum(((part.value or 0.0) * part.rse) ** 2 for _, part in parts))
    bounded = any(part.lower is not None for _, part in parts)
    lower = upper = None
    if bounded:
        ends = [(sign, *_ends(part)) for sign, part in parts]
        lower = math.fsum(low if sign > 0 else -high for sign, low, high in ends)
        upper = math.fsum(high if sign > 0 else -low for sign, low, high in ends)
    statuses = {part.status for _, part in parts if part.value or part.rse} or {"A"}
    status = next((code for code in ("B", "E", "P") if code in statuses), "A")
    figures = tuple(dict.fromkeys(name for _, part in parts for name in part.figures))
    note = "; ".join(dict.fromkeys(part.note for _, part in parts if part.note))
    rse = sd / abs(value) if value else 0.0
    return Observation(period, value, status, rse, lower, upper, figures, note)


def _ends(part: Observation) -> tuple[float, float]:
    value = part.value or 0.0
    return (
        value if part.lower is None else part.lower,
        value if part.upper is None else part.upper,
    )


def _trimmed(observations: tuple[Observation, ...], recipe: Recipe) -> tuple[Observation, ...]:
    """Drop missing periods at an end that the recipe leaves open or that the vintage did not know."""
    last = max(i for i, o in enumerate(observations) if o.value is not None)
    first = 0 if recipe.first else min(i for i, o in enumerate(observations) if o.value is not None)
    return observations[first : last + 1]


def _unverified_caveat(observations: Sequence[Observation]) -> tuple[str, ...]:
    periods = [str(o.period) for o in observations if UNVERIFIED_NOTE in o.note]
    if not periods:
        return ()
    shown = ", ".join(periods[:3]) + (f" and {len(periods) - 3} more" if len(periods) > 3 else "")
    return (
        f"{len(periods)} of {len(observations)} periods rest on third-party copies that no printed figure "
        f"confirms and are unverified: {shown}.",
    )


def _unknown(series_id: str, known: Mapping[str, Recipe]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(series_id, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else "'tradebreaks series' lists them"
    return f"no series '{series_id}' in the catalogue; {hint}"
