"""The result of a search for breaks: what was found, how sure, and what it assumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.breaks.matching import Matching
from analysis.breaks.sample import Sample
from analysis.breaks.sensitivity import AtTrimming
from analysis.breaks.sized import SizedStep
from analysis.domain import Cell, Result

CHANGE_OF_RECORD = "change of record"


@dataclass(frozen=True, slots=True)
class DatedBreak:
    """One break.

    Attributes
    ----------
    position : int
        Observed periods before it.
    index : int
        Calendar position of `last_before`, from 0, missing periods counted.
    last_before, first_after : str
        Last observed period of the old segment and first of the new one.
    magnitude, se : float
        Change of the level, in logs or in the unit, and its standard error given the date.
    percent : float or None
        100(exp(magnitude) - 1) on the log scale.
    slope_change : float or None
        Change of the slope per year, with model ``trend``.
    title : str
        ``change of record`` if it meets nothing but changes of record.
    ci : mapping
        The contract's ``ci``.
    events : tuple of mapping
        The contract's ``events``.
    """

    position: int
    index: int
    last_before: str
    first_after: str
    magnitude: float
    se: float
    percent: float | None
    slope_change: float | None
    title: str
    ci: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]

    def to_record(self) -> dict[str, Any]:
        """Return the contract's keys."""
        return {
            "period": self.last_before,
            "index": self.index,
            "last_before": self.last_before,
            "first_after": self.first_after,
            "magnitude": self.magnitude,
            "se": self.se,
            "percent": self.percent,
            "slope_change": self.slope_change,
            "title": self.title,
            "ci": dict(self.ci),
            "events": [dict(event) for event in self.events],
        }


@dataclass(frozen=True)
class BreakResult(Result):
    """Breaks at unknown dates of one series.

    Attributes
    ----------
    sample : Sample
        Observations, model and scale.
    errors : str
        ``ar`` (the sized procedure), ``hac`` or ``iid``.
    level : float
        Of intervals and sets.
    breaks : tuple of DatedBreak
    matching : Matching or None
        None without events or without breaks.
    events_without_break : tuple of str
        Ids of the events in the sample that no break meets.
    steps : tuple of SizedStep
        The tests that decided, with ``ar``.
    tests, selection : mapping
        The contract's keys.
    posterior, posterior_number : sequence of mapping, or None
        Probability of a break after each period, and of each number of breaks.
    posterior_given : str
        What the posterior is conditional on, in words.
    detectors, agreement : sequence of mapping
        Second opinions and how near they come.
    wandering_level : mapping
    event_table : str or None
        Digest of the events that the breaks were matched to.
    by_trimming : tuple of AtTrimming
        What is found at every tabulated trimming.
    sensitivity : tuple of str
        The same as sentences, and how far apart breaks must lie to be seen.
    null_hypothesis : str
    variance_factor : float or None
        Estimated multiplier of the variance in declared stretches; None without any.
    assumptions : tuple of str
    caveats : tuple of str
        Sentences that belong beside the answer.
    """

    sample: Sample
    errors: str
    level: float
    breaks: tuple[DatedBreak, ...]
    matching: Matching | None
    events_without_break: tuple[str, ...]
    steps: tuple[SizedStep, ...]
    tests: Mapping[str, Any]
    selection: Mapping[str, Any]
    posterior: Sequence[Mapping[str, Any]] | None
    posterior_number: Sequence[Mapping[str, Any]] | None
    posterior_given: str
    detectors: Sequence[Mapping[str, Any]]
    agreement: Sequence[Mapping[str, Any]]
    wandering_level: Mapping[str, Any]
    event_table: str | None
    by_trimming: tuple[AtTrimming, ...]
    sensitivity: tuple[str, ...]
    null_hypothesis: str
    variance_factor: float | None
    assumptions: tuple[str, ...]
    caveats: tuple[str, ...]

    @property
    def n_breaks(self) -> int:
        """Number of breaks found."""
        return len(self.breaks)

    @property
    def with_one_variance(self) -> tuple[str, ...] | None:
        """Last periods before the breaks found without the declared stretches; None without any."""
        return next(row.one_variance for row in self.by_trimming if row.trimming == self.sample.trimming)

    def to_record(self) -> dict[str, Any]:
        """Return the contract's ``breaks`` record."""
        sample = self.sample
        return {
            "series": sample.series.id,
            "n_breaks": self.n_breaks,
            "breaks": [found.to_record() for found in self.breaks],
            "matching": self.matching.to_record() if self.matching else None,
            "events_without_break": list(self.events_without_break),
            "tests": dict(self.tests),
            "selection": dict(self.selection),
            "posterior": None if self.posterior is None else [dict(row) for row in self.posterior],
            "posterior_number": (
                None if self.posterior_number is None else [dict(row) for row in self.posterior_number]
            ),
            "posterior_given": self.posterior_given,
            "detectors": [dict(row) for row in self.detectors],
            "agreement": [dict(row) for row in self.agreement],
            "wandering_level": dict(self.wandering_level),
            "event_table": self.event_table,
            "by_trimming": [row.to_record() for row in self.by_trimming],
            "sensitivity": list(self.sensitivity),
            "with_one_variance": None if self.with_one_variance is None else list(self.with_one_variance),
            "null_hypothesis": self.null_hypothesis,
            "model": {
                "model": sample.model,
                "scale": sample.scale,
                "seasonal": sample.seasons > 1,
                "errors": self.errors,
                "max_breaks": sample.max_breaks,
                "trimming": sample.trimming,
                "min_segment": sample.min_length,
                "controls": list(sample.controls),
                "regimes": [str(window) for window in sample.regimes],
                "variance_factor": self.variance_factor,
                "words": sample.words,
            },
            "sample": {
                "first": str(sample.series.first),
                "last": str(sample.series.last),
                "n": sample.n,
                "missing": sample.missing,
                "unit": sample.series.unit,
                "vintage": sample.series.vintage,
            },
            "convention": {
                "period": "last_before",
                "words": "a break is named by the last observed period before it (as R's strucchange); "
                "first_after is the first observed period after it (as EViews, Stata)",
            },
            "level": self.level,
            "estimand": sample.series.estimand,
            "assumptions": list(self.assumptions),
            "caveats": list(self.caveats),
            "record_id": None,
            "stored": False,
            "url": None,
        }

    def heading(self) -> str:
        """Return one line above the table."""
        count = "no break" if self.n_breaks == 0 else f"{self.n_breaks} break{'s' * (self.n_breaks > 1)}"
        sample = self.sample
        gaps = f", {sample.missing} missing" if sample.missing else ""
        return (
            f"{sample.series.title} ({sample.series.id}): {count} in "
            f"{sample.series.first}..{sample.series.last} "
            f"(n = {sample.n}{gaps})"
        )

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per break."""
        columns = ("last before", "first after", "set", "magnitude", "se", "percent", "events", "title")
        rows: list[list[Cell]] = []
        for found in self.breaks:
            ranges = ", ".join(low if low == high else f"{low}..{high}" for low, high in found.ci["set"])
            events = ", ".join(f"{e['event_id']} ({e['lag']:+d})" for e in found.events)
            rows.append(
                [
                    found.last_before,
                    found.first_after,
                    ranges,
                    found.magnitude,
                    found.se,
                    found.percent,
                    events or "none",
                    found.title,
                ]
            )
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return null, model, tests, matching and caveats as sentences."""
        lines = [f"Null hypothesis: {self.null_hypothesis}", f"Model: {self.sample.words}."]
        lines += [
            f"Test of {step.l + 1} against {step.l} breaks: statistic {step.statistic:.2f}, "
            f"5 % critical value {_shown(step.critical['0.05'])}, p {step.pvalue:.3f} "
            f"({step.method}, AR(1) {step.rho:.2f})"
            for step in self.steps
        ]
        if self.variance_factor is not None:
            windows = ", ".join(str(window) for window in self.sample.regimes)
            lines.append(
                f"Variance of the errors in {windows}: {self.variance_factor:.3g} times that outside."
            )
        lines += self.sensitivity
        if self.posterior_number:
            none = self.posterior_number[0]["probability"]
            lines.append(
                f"Posterior probability of at least one break: {1 - none:.3f}, {self.posterior_given}."
            )
        lines.append(
            "Number of breaks by other rules: "
            + ", ".join(
                f"{name} {_shown(self.selection[name])}" for name in ("bic", "lwz", "kt", "sequential")
            )
        )
        lines.append(str(self.wandering_level.get("sentence", "")))
        if self.agreement:
            seen: dict[str, int] = {}
            for row in self.agreement:
                seen[row["detector"]] = seen.get(row["detector"], 0) + bool(row["sees"])
            lines.append(
                f"Second opinions that see a break within {self.agreement[0]['within']} periods: "
                + ", ".join(f"{name} {count} of {self.n_breaks}" for name, count in seen.items())
            )
        if self.matching:
            m = self.matching
            lines.append(
                f"Breaks that meet an event: {m.matched} of {self.n_breaks}; random dates would meet "
                f"{m.expected_by_chance:.1f} ({m.lower} to {m.upper}), p {m.pvalue:.3f}."
            )
        if self.events_without_break:
            lines.append(f"Events that no break meets: {', '.join(self.events_without_break)}")
        lines += self.caveats
        return [line for line in lines if line]


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
