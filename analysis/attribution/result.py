"""The result of `attribute`: sums and rows that add up, each with its interval, grade and reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.attribution.accounting import Accounting, account_or_reason
from analysis.attribution.comparison import Comparison, compare_or_reason
from analysis.attribution.doubts import AnswerDoubt, doubts_of
from analysis.attribution.limits import cannot_say
from analysis.attribution.timing.divided import Branch, Divided, Interval, branches
from analysis.attribution.timing.parts import Part
from analysis.attribution.timing.rows import EVERYTHING_ELSE, Row
from analysis.attribution.timing.sums import (
    GRADE_WORDS,
    EventSum,
    Grade,
    event_sums,
    grade_of,
    percent_of,
)
from analysis.attribution.timing.words import sentence
from analysis.attribution.windows import WindowMeans, window_means
from analysis.domain import Cell, Event, FloatArray, Result, TradeSeries, Window
from analysis.domain.periods import PERIOD_WORDS
from analysis.errors import InputError
from analysis.interventions.dating import Dating
from analysis.interventions.result import InterventionResult
from analysis.numerics.mixture import StudentMixture

if TYPE_CHECKING:
    from analysis.attribution.evidence import EvidenceReport, PartEvidence
    from analysis.attribution.triangulation import Triangulation

ONE_LENS = "One lens: events by their timing. Accounting and comparison need figures of the catalogue."
PER = PERIOD_WORDS
ANNUALISE = {"A": 1, "Q": 4, "M": 12}


def annualise(series: TradeSeries) -> int:
    """Return by what means of `series` are multiplied to be sums a year; 1 where they are none."""
    return 1 if series.rate else ANNUALISE.get(series.frequency, 1)


@dataclass(frozen=True, slots=True)
class Dated:
    """One dating and its posterior probability for all parts together."""

    dating: Dating
    weight: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """One row as it is reported, per period of the target.

    Attributes
    ----------
    row : Row
    interval : Interval
    share : float or None
        Of the change; None where the change is small against the windows.
    grade : Grade or None
        Of events and data breaks.
    """

    row: Row
    interval: Interval
    share: float | None
    grade: Grade | None

    @property
    def estimate(self) -> float:
        """The estimate."""
        return self.interval[0]

    @property
    def lower(self) -> float:
        """The lower limit."""
        return self.interval[1]

    @property
    def upper(self) -> float:
        """The upper limit."""
        return self.interval[2]


@dataclass(frozen=True)
class AttributionResult(Result):
    """The change between two windows, divided.

    Attributes
    ----------
    series : TradeSeries
        The target.
    before, after : Window
        In its periods.
    ends : tuple of float
        What was observed in both, per period.
    divided : Divided
    clock : str
    backwards : bool
        Whether ``to`` lies before ``from``.
    evidence : EvidenceReport, PartEvidence or None
        Refits that speak for or against the answer.
    """

    series: TradeSeries
    before: Window
    after: Window
    ends: tuple[float, float]
    divided: Divided
    clock: str = "all"
    backwards: bool = False
    evidence: EvidenceReport | PartEvidence | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the target."""
        return self.divided.parts

    @property
    def fits(self) -> tuple[InterventionResult, ...]:
        """The joint models of the modelled parts."""
        return tuple(part.fit for part in self.parts if part.fit is not None)

    @property
    def single(self) -> bool:
        """Whether the target's own model is the only one."""
        return len(self.parts) == 1 and len(self.fits) == 1

    @property
    def fit(self) -> InterventionResult:
        """The joint model of a target that has no parts.

        Raises
        ------
        InputError
            If the target is answered by several parts, or by none that is modelled.
        """
        if not self.single:
            names = ", ".join(fit.series.id for fit in self.fits) or "none"
            raise InputError(
                f"'{self.series.id}' has no joint model of its own here: its parts answer ({names})"
            )
        return self.fits[0]

    @property
    def level(self) -> float:
        """Probability of the intervals."""
        return self.divided.level

    @property
    def absolute(self) -> float:
        """Observed change of the mean, per period."""
        return self.ends[1] - self.ends[0]

    @property
    def larger(self) -> float:
        """The larger of the two windows, per period."""
        return max(abs(self.ends[0]), abs(self.ends[1]))

    @property
    def per_year(self) -> int:
        """Periods a year, by which means are annualised; 1 for weekly and daily series and for rates."""
        return annualise(self.series)

    @property
    def per(self) -> str:
        """What a number of the answer is counted by: a year, where none is a sum a year a week or a day."""
        if self.series.rate:
            return ""
        return "a year" if self.series.frequency in ANNUALISE else f"a {PER[self.series.frequency]}"

    @property
    def datings(self) -> tuple[Dated, ...]:
        """The datings that were mixed, with their weights."""
        pairs = zip(self.divided.datings, self.divided.weights, strict=True)
        return tuple(Dated(dating, float(weight)) for dating, weight in pairs)

    @property
    def rows(self) -> tuple[Row, ...]:
        """What the table has a row for, groups as one."""
        return self.divided.rows

    @cached_property
    def events(self) -> dict[str, Event]:
        """Every event of the designs, by id, in order of their first full period."""
        found = {e.id: e for fit in self.fits for e in fit.events}
        found |= {part.event.id: part.event for part in self.parts if part.event is not None}
        if any(i not in found for row in self.rows for i in row.event_ids):
            from analysis import catalogue

            found = {e.id: e for e in catalogue.events()} | found
        order = sorted(found.values(), key=lambda e: (e.full.start if e.full else e.effective, e.id))
        return {event.id: event for event in order}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for stderr and the record."""
        return tuple(dict.fromkeys(text for fit in self.fits for text in fit.warnings))

    @cached_property
    def windows(self) -> WindowMeans:
        """Both windows of a target that has no parts, in observed periods."""
        return window_means(self.series, self.before, self.after)

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the event terms of a target without parts that differ between its windows."""
        way, terms = self.parts[0].way, self.fit.posterior.design.event_terms
        return () if way is None else tuple(terms[k].name for k in way.active)

    @cached_property
    def unidentified(self) -> frozenset[int]:
        """Rows of events that the data of a part do not identify."""
        found = set()
        for r, row in enumerate(self.rows):
            for k in {k for k, _ in row.members} if row.event_ids else ():
                fit = self.parts[k].fit
                assert fit is not None
                names = [name for j, name in row.members if j == k]
                if not fit.aliasing.estimable(fit.weights(names)):
                    found.add(r)
        return frozenset(found)

    def mixture(self, contrast: FloatArray) -> StudentMixture:
        """Return the posterior of ``contrast @ beta``, datings mixed, of a target without parts."""
        parts = [(self.fit.posterior.dating(d.dating).combination(contrast), d.weight) for d in self.datings]
        return StudentMixture(
            np.concatenate([weight * mixture.weight for mixture, weight in parts]),
            np.concatenate([mixture.centre for mixture, _ in parts]),
            np.concatenate([mixture.scale for mixture, _ in parts]),
            parts[0][0].dof,
        )

    @cached_property
    def contributions(self) -> tuple[Contribution, ...]:
        """Rows of the table; with the residual they add up to the change."""
        return tuple(
            Contribution(
                row,
                interval,
                self.share(interval[0]),
                grade_of(interval, row.largest, exact=row.exact, known=r not in self.unidentified)
                if row.event_ids
                else None,
            )
            for r, (row, interval) in enumerate(zip(self.rows, self.divided.intervals, strict=True))
        )

    @property
    def residual(self) -> Interval:
        """Estimate and limits of what no row explains, per period."""
        return self.divided.residual

    @cached_property
    def sums(self) -> tuple[EventSum, ...]:
        """All UN resolutions, closures and reopenings, all events."""
        return event_sums(
            self.divided,
            {event.id: event.kind for event in self.events.values()},
            larger=self.larger,
            to=None if self.backwards else self.ends[1],
            unidentified=self.unidentified,
        )

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """How far the first estimated sum moves where the change is divided in another way."""
        first = next((item for item in self.sums if item.grade != "exact"), None)
        return () if first is None else branches(self.divided, first.event_ids, self.clock)

    @cached_property
    def triangulation(self) -> Triangulation:
        """The three lenses side by side."""
        from analysis.attribution.triangulation import triangulate

        return triangulate(self)

    @cached_property
    def doubts(self) -> tuple[AnswerDoubt, ...]:
        """What speaks against the answer, that of its models first."""
        return doubts_of(self)

    @cached_property
    def everything_else(self) -> Interval:
        """Growth, the change before any event, season, covariates and the residual together."""
        shown = [row for row in self.rows if row.event_ids or row.kind == "part"]
        rest = self.divided.combined(lambda row: row in shown)
        estimate = self.absolute - sum(
            interval[0]
            for row, interval in zip(self.rows, self.divided.intervals, strict=True)
            if row in shown
        )
        return estimate, self.absolute - rest[2], self.absolute - rest[1]

    def combined(self, chosen: Callable[[Row], bool]) -> Interval:
        """Return estimate and limits of the sum of the rows chosen, per period; zeros if there is none."""
        return self.divided.combined(chosen)

    def share(self, estimate: float) -> float | None:
        """Return a contribution over the change; None where the change is small against the windows."""
        found = percent_of((estimate, estimate, estimate), self.absolute, self.larger)
        return None if found is None else found[0] / 100

    def change(self) -> dict[str, Any]:
        """Return the observed change with the contract's keys."""
        factor = None if self.series.rate else ANNUALISE.get(self.series.frequency)
        start, end = self.ends
        seen = [self._seen(window) for window in (self.before, self.after)]
        return {
            "from": start,
            "to": end,
            "absolute": self.absolute,
            "percent": 100 * self.absolute / start if start else None,
            "from_window": str(self.before),
            "to_window": str(self.after),
            "n_from": seen[0],
            "n_to": seen[1],
            "unit": self.series.unit,
            "per": PER[self.series.frequency],
            **({"rate": True} if self.series.rate else {}),
            "annualised": None
            if factor is None
            else {"from": factor * start, "to": factor * end, "absolute": factor * self.absolute},
        }

    def _seen(self, window: Window) -> int:
        _, where = self.series.window(window)
        return int(np.isfinite(self.series.values[where]).sum())

    @cached_property
    def accounting(self) -> tuple[Accounting | None, str]:
        """The accounting lens on the same windows, or None and why it cannot speak."""
        return account_or_reason(self.series, self.before, self.after)

    @cached_property
    def comparison(self) -> tuple[Comparison | None, str]:
        """The comparison lens on the same windows, or None and why it cannot speak."""
        return compare_or_reason(self.series, self.before, self.after)

    def sentence(self) -> str:
        """Return the answer in one sentence."""
        return sentence(self)

    def to_record(self) -> dict[str, Any]:
        """Return the contract's `attribute` document."""
        from analysis.attribution.record import record

        return record(self)

    def heading(self) -> str:
        """Return the answer in one sentence."""
        return self.sentence()

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return sums, rows and everything else by what they count: estimate, limits, per cent, precision."""
        columns = ("came with", self.per or "change", "lower", "upper", "percent", "precision")
        rows: list[list[Cell]] = [
            self._cells(f"{item.label}, together", item.interval, item.grade) for item in self.sums
        ]
        rows += [
            self._cells(c.row.label, c.interval, c.grade)
            for c in self.contributions
            if c.row.event_ids or c.row.kind == "part"
        ]
        rows.append(self._cells(EVERYTHING_ELSE, self.everything_else, None))
        rows.append(self._cells("Change", (self.absolute,) * 3, None))
        return columns, rows

    def _cells(self, label: str, interval: Interval, grade: Grade | None) -> list[Cell]:
        found = percent_of(interval, self.absolute, self.larger)
        factor = self.per_year
        return [
            label,
            *(factor * value for value in interval),
            None if found is None else found[0],
            None if grade is None else GRADE_WORDS[grade],
        ]

    def notes(self) -> Sequence[str]:
        """Return what is measured, what the parts are, groups with their reasons, lenses and caveats."""
        from analysis.attribution.record import identification, part_notes

        lines = [f"Doubt: {doubt.text}" for doubt in self.doubts]
        lines += [f"What is measured: {self.series.estimand}"] if self.series.estimand else []
        lines += part_notes(self)
        lines += [f"One row, {' + '.join(row.event_ids)}: {row.reason}." for row in self.rows if row.group]
        lines += [f"{r['event_id']}: {r['reason']}." for r in identification(self) if r["grade"] is None]
        if len(self.datings) > 1:
            weights = ", ".join(f"{d.dating} {d.weight:.2f}" for d in self.datings)
            lines.append(f"Weights of the datings: {weights}.")
        lines += self._lens_words() if self.series.catalogue else [ONE_LENS]
        if self.evidence is not None:
            lines += [f"Evidence: {text}" for text in self.evidence.words()]
        return [*lines, *self.warnings, *cannot_say(self.series)]

    def limits(self) -> Sequence[str]:
        """Return what stands under every answer: what it cannot say, and where the rest is."""
        return [*cannot_say(self.series), "Parts, identification, lenses and evidence: --details."]

    def _lens_words(self) -> list[str]:
        """Return what the other lenses say, and where they meet the timing lens or do not."""
        lines: list[str] = []
        for name, (found, reason) in (("Accounting", self.accounting), ("Comparison", self.comparison)):
            words = (f"it cannot speak: {reason}.",) if found is None else found.words()
            lines += [f"{name} lens: {text}" for text in words]
        rows = [row for row in self.triangulation.rows if row.kind in ("event", "subtotal")]
        return [*lines, *(f"The lenses on {row.label}: {row.agreement}. {row.words}" for row in rows)]
