"""One figure a period: which print or derivation stands for it, and how exact it is."""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from analysis.catalogue.figures import Figure
from analysis.catalogue.formula import UNIFORM_SD, inputs, is_formula
from analysis.catalogue.identities import flow_gaps
from analysis.catalogue.package import Package
from analysis.catalogue.recipes import Rate, Recipe, Selection, SpanRule
from analysis.catalogue.running_totals import Difference, differences, rests_on_difference
from analysis.domain import Observation, Period, Total, Window
from analysis.errors import CannotEstimateError, DataPackageError, InputError

GRADE_FLOOR = {"": 0.0, "A": 0.0, "B": 0.01, "C": 0.05}
"""Least relative standard error of a derived figure by grade (methods, section 2)."""

HALF_RANGE = 0.5 / math.sqrt(3.0)
"""Standard deviation of an error spread evenly over a range, as a part of that range."""
HARD_EXCLUDED = ("other_basis",)
OLD_DEFINITIONS = ("superseded",)
UNVERIFIED_NOTE = "unverified: a third-party copy that no printed figure confirms"

Vintage = str | date
"""``first``, ``revised`` or the day whose knowledge is asked for."""


def parse_vintage(text: str) -> Vintage:
    """Read a vintage: ``first``, ``revised``, or a date such as ``2019-07-01``.

    Raises
    ------
    InputError
        If it is none of them.
    """
    if text in ("first", "revised"):
        return text
    try:
        period = Period.parse(text)
    except InputError:
        raise InputError(f"the vintage '{text}' is none of first, revised or a date (2019-07-01)") from None
    return period.end


@dataclass(frozen=True, slots=True)
class Candidate:
    """A figure in the unit of the series.

    Attributes
    ----------
    figure : Figure
    value, sd : float
        In the unit of the series; `sd` of rounding, derivation and conversion.
    ids : tuple of str
        Figures it was built from, itself first.
    note : str
    """

    figure: Figure
    value: float
    sd: float
    ids: tuple[str, ...]
    note: str

    @property
    def derived(self) -> bool:
        """Whether it is arithmetic on other figures."""
        return self.figure.tier == "derived"

    def relative(self, floor: float = 0.0) -> float:
        """Relative standard error, at least `floor`; 0 for a value of 0."""
        return max(self.sd / abs(self.value), floor) if self.value else 0.0


class Selector:
    """Applies one recipe's selection rules to the package.

    Parameters
    ----------
    package : Package
    recipe : Recipe
        With a `Selection`.
    vintage : Vintage
    """

    def __init__(self, package: Package, recipe: Recipe, vintage: Vintage) -> None:
        assert isinstance(recipe.build, Selection)
        self.package = package
        self.recipe = recipe
        self.rules: Selection = recipe.build
        self.vintage = vintage

    @cached_property
    def figures(self) -> dict[Period, list[Figure]]:
        """Admitted figures of one period each, by period of the series' frequency."""
        found: dict[Period, list[Figure]] = {}
        for figure in self.package.matching(self.rules.tables, self.rules.where):
            if figure.use in ("span", "residual") or figure.vintage in HARD_EXCLUDED:
                continue
            period = single_period(figure.window, self.recipe)
            if period is None or (self.rules.apart and self.rules.apart.covers(figure.publisher, period)):
                continue
            if self._right_unit(figure, period):
                found.setdefault(period, []).append(figure)
        return found

    def _right_unit(self, figure: Figure, period: Period) -> bool:
        """Tell whether a figure is in the unit its period is built from; revisions are always converted."""
        convert = self.rules.convert
        if convert is not None and (period >= convert.since or figure.vintage == "revised"):
            return figure.unit == convert.unit
        return figure.unit == self.recipe.unit

    @cached_property
    def flow_gaps(self) -> dict[str, float]:
        """By how much derived flows fail to add up to their derived total."""
        return flow_gaps(self.package, self.rules.tables)

    @cached_property
    def differences(self) -> dict[Period, Difference]:
        """Months by differences of running totals, where two successive ones are known."""
        return differences(self.package, self.recipe)

    @cached_property
    def last_revised(self) -> Period | None:
        """Last period for which a revision is known."""
        revised = [p for p, fs in self.figures.items() if any(f.vintage == "revised" for f in fs)]
        return max(revised, default=None)

    def known_since(self, figure: Figure) -> date:
        """Return the day from which a figure counts as known.

        A formula on printed numbers alone names no figure; it counts as known with its own period.
        """
        if figure.published:
            year, month = figure.published.split("-") if "-" in figure.published else (figure.published, "12")
            return date(int(year), int(month), calendar.monthrange(int(year), int(month))[1])
        rests_on = self.package.primaries(figure) if is_formula(figure.formula) else ()
        if rests_on:
            return max(self.known_since(primary) for primary in rests_on)
        return figure.window.last.end + timedelta(days=self.rules.release_lag)

    def candidate(self, figure: Figure, period: Period) -> Candidate:
        """Return a figure in the unit of the series, with its doubt."""
        quantity = self.package.quantity(figure.id)
        notes = [text for text in (_origin(figure), figure.note) if text]
        ids = (figure.id, *inputs(figure.formula))
        if figure.unit == self.recipe.unit:
            value, sd = figure.value, quantity.sd
        else:
            assert self.rules.convert is not None
            rate_figure, rate = self._rate(period)
            value = figure.value / rate_figure.value
            relative = quantity.sd / figure.value if figure.value else 0.0
            sd = abs(value) * math.hypot(relative, rate.rse)
            ids = (*ids, rate_figure.id)
            notes.append(f"{figure.unit} at {rate_figure.value:g}, {rate.name}")
        if figure.unverified:
            notes.append(UNVERIFIED_NOTE)
        sd = max(sd, GRADE_FLOOR[figure.grade] * abs(value))
        return Candidate(figure, value, sd, ids, "; ".join(notes))

    def _rate(self, period: Period) -> tuple[Figure, Rate]:
        assert self.rules.convert is not None
        for rate in self.rules.convert.rates:
            for name in self.rules.tables:
                figure = self.package.table(name).get(f"{rate.prefix}.{period}")
                if figure is not None:
                    return figure, rate
        raise DataPackageError(f"series.yaml, series '{self.recipe.id}': no exchange rate for {period}")

    def observation(self, period: Period) -> Observation:
        """Return the observation of one period."""
        if period in self.rules.pick:
            return self._picked(period)
        candidates = [self.candidate(f, period) for f in self.figures.get(period, [])]
        chosen = self._choose(candidates)
        if chosen is None:
            return self._assumed(period)
        spread = 0.0
        if not isinstance(self.vintage, date):
            spread = max(_spread(chosen, candidates), self._disagreement(chosen, period) * HALF_RANGE)
            spread = math.hypot(spread, self.flow_gaps.get(chosen.figure.id, 0.0) * HALF_RANGE)
        rse = math.hypot(chosen.relative(), spread / abs(chosen.value)) if chosen.value else 0.0
        return Observation(
            period, chosen.value, self._status(chosen, period), rse, None, None, chosen.ids, chosen.note
        )

    def _disagreement(self, chosen: Candidate, period: Period) -> float:
        """Return what a difference of running totals misses a stated month by, beyond the roundings."""
        pair = self.differences.get(period)
        if pair is None or rests_on_difference(self.package, chosen.figure):
            return 0.0
        return pair.gap(chosen.value, chosen.figure.rounding)

    def _status(self, chosen: Candidate, period: Period) -> str:
        if period in self.recipe.breaks:
            return "B"
        if chosen.derived:
            return "E"
        last = self.last_revised
        if self.rules.provisional and last is not None and period > last:
            return "P"
        return "A"

    def _picked(self, period: Period) -> Observation:
        figure = self.package.figure(self.rules.pick[period])
        sd = self.package.quantity(figure.id).sd
        rse = sd / abs(figure.value) if figure.value else 0.0
        status = "E" if figure.tier == "derived" else "A"
        return Observation(period, figure.value, status, rse, None, None, (figure.id,), figure.note)

    def _assumed(self, period: Period) -> Observation:
        for assumption in self.rules.assume:
            if assumption.covers(period):
                return Observation(period, assumption.value, "E", 0.0, note=assumption.reason)
        return Observation(period, None, "M")

    def _choose(self, candidates: Sequence[Candidate]) -> Candidate | None:
        if isinstance(self.vintage, date):
            day = self.vintage
            return self._as_known([c for c in candidates if self.known_since(c.figure) <= day])
        current = [c for c in candidates if c.figure.vintage not in OLD_DEFINITIONS]
        if self.rules.first == "preferred":
            marked = [c for c in current if c.figure.use == "preferred"]
            if self.vintage == "first" and marked:
                return marked[0]
            if self.vintage == "revised":
                return max(current, key=self._standing, default=None)
        if self.vintage == "revised":
            for wanted in ("revised", "later"):
                found = [c for c in current if c.figure.vintage == wanted]
                if found:
                    return min(found, key=self._order)
        return self._first_print(current)

    def _standing(self, candidate: Candidate) -> tuple[date, bool, float]:
        return (
            self.known_since(candidate.figure),
            candidate.figure.use == "preferred",
            -candidate.figure.rounding,
        )

    def _as_known(self, candidates: Sequence[Candidate]) -> Candidate | None:
        if self.rules.first == "preferred":
            return max(candidates, key=self._standing, default=None)
        for wanted in ("revised", "later"):
            found = [c for c in candidates if c.figure.vintage == wanted]
            if found:
                return min(found, key=self._order)
        return self._first_print(candidates)

    def _first_print(self, candidates: Sequence[Candidate]) -> Candidate | None:
        prints = [c for c in candidates if not c.derived]
        best: Candidate | None = None
        for wanted in ("first", "later", "preliminary"):
            of_vintage = [c for c in prints if c.figure.vintage == wanted]
            if of_vintage:
                best = min(of_vintage, key=self._order)
                break
        derived = sorted(
            (c for c in candidates if c.derived and c.figure.vintage == "derived"), key=_by_grade
        )
        if best is None:
            return min(derived, key=lambda c: (_by_grade(c), *self._order(c)), default=None)
        if derived and best.relative() > self.rules.coarse and derived[0].figure.grade in ("A", "B"):
            return min(derived, key=lambda c: (_by_grade(c), *self._order(c)))
        return best

    def _order(self, candidate: Candidate) -> tuple[float, float, str]:
        figure = candidate.figure
        order = self.rules.publishers
        place = order.index(figure.publisher) if figure.publisher in order else len(order)
        if self.rules.prefer == "publisher":
            return (float(place), figure.rounding, figure.id)
        return (figure.rounding, float(place), figure.id)

    def totals(self, observations: Sequence[Observation]) -> tuple[Total, ...]:
        """Return the spans of the recipe, each with a period that is not observed."""
        return tuple(
            total for rule in self.rules.spans if (total := self._total(rule, observations)) is not None
        )

    def year_totals(self, observations: Sequence[Observation]) -> tuple[Total, ...]:
        """Return the printed sums of calendar years of which a month is missing, of the same vintage."""
        if self.recipe.frequency != "M":
            return ()
        missing = {o.period.year for o in observations if o.value is None}
        last = observations[-1].period
        printed: dict[int, list[Candidate]] = {}
        for figure in self.package.matching(self.rules.tables, self.rules.where):
            window = figure.window
            whole = window.first.season == 0 and len(window) == 12 and window.last <= last
            if not whole or figure.use in ("span", "residual") or figure.vintage in HARD_EXCLUDED:
                continue
            if window.first.year in missing and self._right_unit(figure, window.first):
                printed.setdefault(window.first.year, []).append(self.candidate(figure, window.first))
        chosen = [self._choose(printed[year]) for year in sorted(printed)]
        return tuple(
            Total(c.figure.window, c.value, c.relative(), c.ids, c.note) for c in chosen if c is not None
        )

    def _total(self, rule: SpanRule, observations: Sequence[Observation]) -> Total | None:
        figure = self.package.figure(rule.figure)
        if isinstance(self.vintage, date) and self.known_since(figure) > self.vintage:
            return None
        window = span_window(figure.window, self.recipe)
        missing = [o.period for o in observations if o.value is None]
        if not any(period in window for period in missing) or observations[-1].period < window.last:
            return None
        candidate = self.candidate(figure, window.first)
        rse = candidate.relative()
        if rule.lower is not None and rule.upper is not None:
            rse = (rule.upper - rule.lower) * UNIFORM_SD / figure.value
        return Total(window, figure.value, rse, candidate.ids, candidate.note)


def single_period(window: Window, recipe: Recipe) -> Period | None:
    """Return the period of the series that a figure covers exactly, or None."""
    if recipe.frequency == "M":
        return window.first if window.first == window.last else None
    whole_year = window.first.season == 0 and len(window) == 12
    return Period("A", window.first.year) if recipe.frequency == "A" and whole_year else None


def span_window(window: Window, recipe: Recipe) -> Window:
    """Return a span of months in periods of the series."""
    if recipe.frequency == "M":
        return window
    return Window(Period("A", window.first.year), Period("A", window.last.year))


def _by_grade(candidate: Candidate) -> str:
    return candidate.figure.grade or "A"


def _origin(figure: Figure) -> str:
    if figure.tier != "derived":
        return ""
    grade = f", grade {figure.grade}" if figure.grade else ""
    return f"derived{grade}: {figure.formula.lstrip('=')}"


def _spread(chosen: Candidate, candidates: Sequence[Candidate]) -> float:
    """Return the standard deviation of the vintages, spread evenly over their range beyond the roundings."""
    prints = [
        c
        for c in candidates
        if c.figure.vintage in ("first", "later", "revised")
        and (not c.derived or c.figure.vintage in ("later", "revised"))
    ]
    if len(prints) < 2 or not any(c.figure.id == chosen.figure.id for c in prints):
        return 0.0
    widest = 0.0
    for other in prints:
        slack = math.sqrt(12.0) * (other.sd + chosen.sd) / 2.0
        widest = max(widest, abs(other.value - chosen.value) - slack)
    return max(widest, 0.0) * HALF_RANGE


def require_values(observations: Sequence[Observation], series_id: str, vintage: str) -> None:
    """Refuse a vintage in which nothing was known yet.

    Raises
    ------
    CannotEstimateError
        If no period has a value.
    """
    if all(o.value is None for o in observations):
        raise CannotEstimateError(
            f"nothing of '{series_id}' was known in the vintage {vintage}: choose a later date"
        )
