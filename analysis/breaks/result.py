"""The result of a search for breaks: what was found, how sure, and what it assumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.breaks.dated import KINDS, DatedBreak
from analysis.breaks.matching import Matching
from analysis.breaks.sample import Sample
from analysis.breaks.sensitivity import AtSegment, OneVariance
from analysis.breaks.sized import SizedStep
from analysis.breaks.variance_change import VarianceChange
from analysis.domain import Cell, Result


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
        Changes of the level, in order.
    dips : tuple of mapping
        Changes undone before the shortest segment has passed: ``first``, ``last``, ``periods``, ``depth``.
    variance : VarianceChange or None
        A change of the variance of the errors.
    matching : Matching or None
        None without events or without breaks.
    events_without_break : tuple of str
        Ids of the events in the sample that no break meets.
    steps : tuple of SizedStep
        The tests that decided, with ``ar``.
    guard_pvalue : float or None
        Largest p-value of the wild bootstrap among the looks that decided; None where it was not asked.
    limit_reached : bool
        Whether as many changes were found as were allowed.
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
    by_segment : tuple of AtSegment
        What is found with other shortest segments.
    one_variance : OneVariance or None
        What is found without the declared stretches; None without any.
    sensitivity : tuple of str
        The same as sentences, and how far apart breaks must lie to be seen.
    chosen_by_rule : tuple of str
        Model and seasons where the rule chose them, with the reason.
    udmax : str
        Bai and Perron's UDmax in words.
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
    dips: tuple[Mapping[str, Any], ...]
    variance: VarianceChange | None
    matching: Matching | None
    events_without_break: tuple[str, ...]
    steps: tuple[SizedStep, ...]
    guard_pvalue: float | None
    limit_reached: bool
    tests: Mapping[str, Any]
    selection: Mapping[str, Any]
    posterior: Sequence[Mapping[str, Any]] | None
    posterior_number: Sequence[Mapping[str, Any]] | None
    posterior_given: str
    detectors: Sequence[Mapping[str, Any]]
    agreement: Sequence[Mapping[str, Any]]
    wandering_level: Mapping[str, Any]
    event_table: str | None
    by_segment: tuple[AtSegment, ...]
    one_variance: OneVariance | None
    sensitivity: tuple[str, ...]
    chosen_by_rule: tuple[str, ...]
    udmax: str
    null_hypothesis: str
    variance_factor: float | None
    assumptions: tuple[str, ...]
    caveats: tuple[str, ...]

    @property
    def n_breaks(self) -> int:
        """Number of breaks found."""
        return len(self.breaks)

    def to_record(self) -> dict[str, Any]:
        """Return the contract's ``breaks`` record."""
        sample = self.sample
        return {
            "series": sample.series.id,
            "n_breaks": self.n_breaks,
            "breaks": [found.to_record() for found in self.breaks],
            "dips": [dict(dip) for dip in self.dips],
            "variance_change": self.variance.to_record() if self.variance else None,
            "guard_pvalue": self.guard_pvalue,
            "at_edge": any(found.at_edge for found in self.breaks),
            "limit_reached": self.limit_reached,
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
            "by_min_segment": [row.to_record() for row in self.by_segment],
            "sensitivity": list(self.sensitivity),
            "with_one_variance": self.one_variance.to_record() if self.one_variance else None,
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
                "chosen_by_rule": list(self.chosen_by_rule),
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
        count = (
            "no lasting break" if self.n_breaks == 0 else f"{self.n_breaks} break{'s' * (self.n_breaks > 1)}"
        )
        dips = f" and {len(self.dips)} dip{'s' * (len(self.dips) > 1)}" if self.dips else ""
        sample = self.sample
        gaps = f", {sample.missing} missing" if sample.missing else ""
        rule = f" ({self.chosen_by_rule[0].split(':')[0]} by rule)" if self.chosen_by_rule else ""
        return (
            f"{sample.series.title} ({sample.series.id}): {count}{dips} in the {sample.model}{rule}, "
            f"{sample.series.first}..{sample.series.last} (n = {sample.n}{gaps}; a lasting change is one of "
            f"{sample.min_length} periods or more)"
        )

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per break, and one per dip."""
        slopes = ("slope before", "slope after") if self.sample.model == "trend" else ()
        columns = (
            "last before",
            "first after",
            "kind",
            "set",
            "magnitude",
            "se",
            "percent",
            *slopes,
            "events",
            "title",
        )
        rows: list[list[Cell]] = []
        for found in self.breaks:
            ranges = ", ".join(low if low == high else f"{low}..{high}" for low, high in found.ci["set"])
            events = ", ".join(f"{e['event_id']} ({e['lag']:+d})" for e in found.events)
            rows.append(
                [
                    found.last_before,
                    found.first_after,
                    _kind(found),
                    ranges,
                    found.magnitude,
                    found.se,
                    found.percent,
                    *(found.slopes or () if slopes else ()),
                    events or "none",
                    found.title,
                ]
            )
        rows += [
            [
                dip["first"],
                dip["last"],
                f"dip of {dip['periods']}, from first to last",
                "",
                dip["depth"],
                dip["se"],
                dip["depth_percent"],
                *([None] * len(slopes)),
                ", ".join(dip["events"]) or "none",
                "temporary dip",
            ]
            for dip in self.dips
        ]
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return null, model, tests, matching and caveats as sentences."""
        lines = [f"Model chosen by rule: {line}." for line in self.chosen_by_rule]
        lines += [f"Null hypothesis: {self.null_hypothesis}", f"Model: {self.sample.words}."]
        lines += [
            _temporary(found)
            for found in self.breaks
            if found.temporary and found.magnitude * found.temporary["depth"] > 0
        ]
        lines += [_gradual(found) for found in self.breaks if found.gradual]
        lines += [_dip(dip) for dip in self.dips]
        if self.variance:
            lines.append(self.variance.sentence)
        lines += [_look(step) for step in self.steps]
        lines.append(self.udmax)
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


def _kind(found: DatedBreak) -> str:
    words = KINDS[found.kind]
    if found.temporary:
        return f"{words} {found.pair}, {found.temporary['periods']} periods"
    return f"{words} to {found.gradual['last']}" if found.gradual else words


def _size(size: float, percent: float | None) -> str:
    return f"{size:+.3g}" if percent is None else f"{percent:+.0f} %"


def _temporary(found: DatedBreak) -> str:
    change = found.temporary or {}
    return (
        f"A temporary change of {change['periods']} periods, {change['first']} to {change['last']}: "
        f"{_size(change['depth'], change['depth_percent'])}, and back to the level before."
    )


def _gradual(found: DatedBreak) -> str:
    change = found.gradual or {}
    return (
        f"A gradual change from {change['first']} to {change['last']}: "
        f"{_size(found.magnitude, found.percent)} in all; a ramp describes it better than a step."
    )


def _dip(dip: Mapping[str, Any]) -> str:
    lasting = f"{dip['periods']} periods" if dip["periods"] > 1 else "one period"
    when = f"{dip['first']} to {dip['last']}" if dip["periods"] > 1 else str(dip["first"])
    return (
        f"A dip of {lasting}, {when}: "
        f"{_size(dip['depth'], dip['depth_percent'])}, then back; shorter than the shortest segment, so no "
        "lasting break."
    )


def _look(step: SizedStep) -> str:
    guard = "" if step.guard is None else f", wild bootstrap p {step.guard:.3f}"
    what = f"Test of {step.l + step.j} against {step.l} elements"
    return (
        f"{what}: statistic {step.statistic:.2f}, critical value {_shown(step.critical['0.05'])}, p "
        f"{step.pvalue:.3f} ({step.method}, AR(1) {step.rho:.2f}{guard})"
    )


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
