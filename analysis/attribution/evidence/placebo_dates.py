"""Placebo dates: the whole set of events moved to where nothing is listed.

A shift moves every event by the same number of periods. It is admitted if every date and the 12 periods on
both sides lie inside the sample and inside calendar years without a listed event. The model keeps the real
events; the shifted set is added, and the ratio of a row's summed effect to its posterior standard deviation
is compared with the real one. With m shifts p is at least 1/(m + 1); below 19 shifts it cannot speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from analysis.attribution.evidence.check import discounted
from analysis.attribution.evidence.contributions import NO_EVENT, mixed, policy_rows
from analysis.attribution.evidence.kernel import Kernel
from analysis.attribution.evidence.layout import Part, assemble, identified, modal_variant, parts_of
from analysis.attribution.result import AttributionResult
from analysis.domain import Event, EventTable, Frequency, Period
from analysis.errors import UsageError
from analysis.interventions.dating import Dating
from analysis.interventions.design import build_design
from analysis.interventions.sample import SPARE_OBSERVATIONS

GUARD = 12
"""Periods on both sides of a date that must lie in years without a listed event."""
FEWEST_SHIFTS = 19
"""Below this number p cannot reach 0.05."""
MOST_SHIFTS = 199
"""More shifts than this are thinned evenly."""


@dataclass(frozen=True, slots=True)
class PlaceboRow:
    """One row of the answer among its placebos.

    Attributes
    ----------
    event_ids : tuple of str
    label : str
    z : float
        Summed effect over its posterior standard deviation, at the real dates.
    p : float or None
        ``(1 + number of placebos with |z| at least as large) / (m + 1)``; None without placebos.
    placebos : tuple of float
        Their z, in order of the shifts or draws.
    """

    event_ids: tuple[str, ...]
    label: str
    z: float
    p: float | None
    placebos: tuple[float, ...]

    @classmethod
    def of(cls, event_ids: tuple[str, ...], label: str, z: float, placebos: Sequence[float]) -> PlaceboRow:
        """Return the row with its p value."""
        m = len(placebos)
        p = (1 + sum(abs(value) >= abs(z) for value in placebos)) / (m + 1) if m else None
        return cls(event_ids, label, z, p, tuple(placebos))

    def to_record(self) -> dict[str, Any]:
        """Return the row and the placebos."""
        return {
            "event_ids": list(self.event_ids),
            "label": self.label,
            "z": self.z,
            "p": self.p,
            "placebos": list(self.placebos),
        }


@dataclass(frozen=True, slots=True)
class PlaceboDatesFinding:
    """The real dates among the shifted ones.

    Attributes
    ----------
    shifts : tuple of int
        In periods; m is their number.
    rows : tuple of PlaceboRow
    dating : str
    """

    shifts: tuple[int, ...]
    rows: tuple[PlaceboRow, ...]
    dating: Dating

    @property
    def speaks(self) -> bool:
        """Whether there are enough shifts for p to reach 0.05."""
        return len(self.shifts) >= FEWEST_SHIFTS

    def words(self) -> str:
        """Return m, the least p, and the rows that stand out."""
        m = len(self.shifts)
        if not self.speaks:
            return (
                f"Placebo dates cannot speak: {m} shift{'' if m == 1 else 's'} of the whole set of events "
                f"find{'s' if m == 1 else ''} years without listed events, {FEWEST_SHIFTS} are needed "
                f"(p would be at least {1 / (m + 1):.2g})."
            )
        low = [row.label for row in self.rows if row.p is not None and row.p <= 0.05]
        shown = "; ".join(low) if low else "none"
        return f"Among {m} placebo dates (p is at least {1 / (m + 1):.2g}) these stand out at 0.05: {shown}."

    def to_record(self) -> dict[str, Any]:
        """Return m, the least p and the rows."""
        m = len(self.shifts)
        return {
            "kind": "shifts of the whole set of events into years without listed events",
            "m": m,
            "least_p": 1 / (m + 1),
            "speaks": self.speaks,
            "guard": GUARD,
            "shifts": list(self.shifts),
            "statistic": "summed effect over its posterior standard deviation, two-sided",
            "dating": self.dating,
            "rows": [row.to_record() for row in self.rows],
            "words": self.words(),
        }


@dataclass(frozen=True, slots=True)
class PlaceboDates:
    """Refit with the whole set of events added at every admitted shift.

    Attributes
    ----------
    most : int
        Largest number of shifts; more are thinned evenly.
    """

    most: int = MOST_SHIFTS

    @property
    def name(self) -> str:
        """Key in the record."""
        return "placebo_dates"

    def validate(self, answer: AttributionResult) -> str | None:
        """Return why there is nothing to compare, or None; few shifts are a finding, not a reason.

        Raises
        ------
        UsageError
            If fewer shifts are allowed than it takes to speak.
        """
        if self.most < FEWEST_SHIFTS:
            raise UsageError(f"most is at least {FEWEST_SHIFTS}, the shifts that p = 0.05 needs")
        return None if policy_rows(answer) else NO_EVENT

    def run(self, answer: AttributionResult) -> PlaceboDatesFinding:
        """Refit at the real dates and at every shift."""
        fit = answer.fit
        dating = primary(answer)
        rows = policy_rows(answer)
        parts = parts_of(answer)
        sets = {}
        for shift in thinned(admitted_shifts(answer), self.most):
            added = _shifted_parts(answer, shift, dating)
            design = assemble([*parts, *added], [dating])
            spare = fit.posterior.evidence.observed.sum() - len(design.precision) >= SPARE_OBSERVATIONS
            if spare and identified(design, fit.posterior.evidence.observed):
                sets[shift] = added
        kernel = Kernel.build(
            fit.posterior, [*parts, *(part for added in sets.values() for part in added)], discounted(answer)
        )
        real = _ratios(kernel, parts, "", dating, [row.event_ids for row in rows])
        placebo = [
            _ratios(kernel, [*parts, *added], PREFIX, dating, [row.event_ids for row in rows])
            for added in sets.values()
        ]
        found = [
            PlaceboRow.of(row.event_ids, row.label, real[k], [values[k] for values in placebo])
            for k, row in enumerate(rows)
        ]
        return PlaceboDatesFinding(tuple(sets), tuple(found), dating)


PREFIX = "placebo of "


def primary(answer: AttributionResult) -> Dating:
    """Return the dating that placebos use: the one that the answer's effects are reported in."""
    chosen = [dated.dating for dated in answer.datings]
    return answer.fit.reported.dating if answer.fit.reported.dating in chosen else chosen[0]


def admitted_shifts(answer: AttributionResult) -> tuple[int, ...]:
    """Return the shifts, in periods, that keep every date and its neighbourhood in years without events."""
    series = answer.fit.series
    listed = {year for event in answer.fit.events for year in _years(event)}
    quiet = np.array([period.year not in listed for period in series.periods])
    design = answer.fit.posterior.design
    in_force = np.any([variant.shares != 0 for variant in design.variants], axis=0)
    first = np.array([int(np.flatnonzero(column)[0]) for column in in_force.T])
    length = len(quiet)
    clear = np.zeros(length, dtype=bool)
    for t in range(GUARD, length - GUARD):
        clear[t] = quiet[t - GUARD : t + GUARD + 1].all()
    shifts = range(-int(first.min()), length - int(first.max()))
    return tuple(h for h in shifts if h != 0 and clear[first + h].all())


def thinned(shifts: Sequence[int], most: int) -> tuple[int, ...]:
    """Return at most `most` of the shifts, evenly spread."""
    if len(shifts) <= most:
        return tuple(shifts)
    return tuple(shifts[(2 * k + 1) * len(shifts) // (2 * most)] for k in range(most))


def shifted_event(event: Event, shift: int, frequency: Frequency) -> Event:
    """Return `event` moved by `shift` periods of a series of `frequency`, with all its clocks.

    A day keeps its place in its period, or the period's last day where that is shorter.
    """
    months = {"A": 12, "Q": 3, "M": 1, "W": 0, "D": 0}[frequency] * shift
    days = {"W": 7, "D": 1}.get(frequency, 0)

    def day(old: date) -> date:
        if days:
            return old + timedelta(days=days * shift)
        period = Period.containing(old, "M")
        moved = period + months
        return moved.start + timedelta(days=min((old - period.start).days, moved.days - 1))

    full = event.full is not None and not days
    effective = event.full.start if event.full is not None and days else event.effective
    return replace(
        event,
        effective=day(effective),
        adopted=day(event.adopted) if event.adopted else None,
        partial=event.partial + months if event.partial is not None and full else None,
        full=event.full + months if event.full is not None and full else None,
        end=day(event.end) if event.end else None,
    )


def _years(event: Event) -> set[int]:
    clocks = [event.effective, event.adopted, event.end]
    clocks += [period.start for period in (event.partial, event.full) if period is not None]
    return {clock.year for clock in clocks if clock is not None}


def _shifted_parts(answer: AttributionResult, shift: int, dating: Dating) -> tuple[Part, ...]:
    fit = answer.fit
    left_out = fit.posterior.design.left_out
    moved = EventTable(
        tuple(
            shifted_event(event, shift, fit.series.frequency)
            for event in fit.events
            if event.id not in left_out
        )
    )
    design = build_design(fit.series, moved, scale=fit.scale, seasonal=False, trend="none", datings=[dating])
    own = fit.posterior.design.variants[modal_variant(fit.posterior.design, fit.posterior.dating(dating))]
    variant = next(v for v in design.variants if v.decays == own.decays)
    return tuple(
        Part.flat(PREFIX + term.name, "event", {dating: variant.columns[:, term.columns]}, term.event_ids)
        for term in design.event_terms
    )


def _ratios(
    kernel: Kernel, parts: Sequence[Part], prefix: str, dating: Dating, rows: Sequence[tuple[str, ...]]
) -> list[float]:
    posterior = kernel.refit(parts, [dating])
    found = []
    for event_ids in rows:
        contrast = np.zeros(len(posterior.design.precision))
        for term in posterior.design.event_terms:
            if term.name.startswith(prefix) and set(term.event_ids) & set(event_ids):
                contrast[term.columns.start] = 1.0
        mixture = mixed(posterior, contrast)
        found.append(mixture.mean() / mixture.sd())
    return found
