"""Leave one event out: how the answers of the others move when the model does not know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.attribution.evidence.check import discounted
from analysis.attribution.evidence.contributions import (
    NO_EVENT,
    Interval,
    Refit,
    divided,
    policy_rows,
    row_names,
)
from analysis.attribution.evidence.kernel import Kernel
from analysis.attribution.evidence.layout import Part, parts_of
from analysis.attribution.result import AttributionResult
from analysis.attribution.timing.rows import Row
from analysis.errors import UsageError
from analysis.interventions.identification import find_groups

NO_INTERVAL: dict[str, None] = dict.fromkeys(("estimate", "lower", "upper"))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The answer without one event or group.

    Attributes
    ----------
    event_ids : tuple of str
    label : str
    rows : tuple of (Interval or None)
        The rows of the answer, the residual last; None for what was left out.
    """

    event_ids: tuple[str, ...]
    label: str
    rows: tuple[Interval | None, ...]


@dataclass(frozen=True, slots=True)
class LeaveOneOutFinding:
    """Answers with each event or group left out in turn.

    Attributes
    ----------
    names : tuple of dict
        Event ids and label of each row of the answer, the residual last.
    baseline : tuple of (Interval or None)
        The same refit with every event in it; None where a row does not differ between the windows.
    left_out : tuple of LeftOut
    """

    names: tuple[dict[str, Any], ...]
    baseline: tuple[Interval | None, ...]
    left_out: tuple[LeftOut, ...]

    def moves(self) -> list[tuple[float, str, str]]:
        """Return moves of the estimates in half-widths of the baseline, with both labels, largest first.

        The residual is no row of an event and not among them.
        """
        found = []
        for case in self.left_out:
            for name, before, after in zip(self.names[:-1], self.baseline, case.rows, strict=False):
                if after is None or before is None:
                    continue
                if name["event_ids"] and before.half_width > 0:
                    moved = (after.estimate - before.estimate) / before.half_width
                    found.append((abs(moved), str(name["label"]), case.label))
        return sorted(found, key=lambda move: -move[0])

    def words(self) -> str:
        """Return the largest move of an estimate."""
        moves = self.moves()
        if not moves:
            return "No other event has a row that could move."
        size, row, left = moves[0]
        inside = "stays inside" if size <= 1 else "leaves"
        return (
            f"The estimate that moves most is that of {row} when {left} is left out: by {size:.2f} of the "
            f"half-width of its interval; it {inside} that interval."
        )

    def to_record(self) -> dict[str, Any]:
        """Return the baseline and every case; `moved` is the change of the estimate."""

        def row(name: dict[str, Any], interval: Interval | None) -> dict[str, Any]:
            shown = (
                dict.fromkeys(("estimate", "lower", "upper")) if interval is None else interval.to_record()
            )
            return {**name, **shown}

        def moved(before: Interval | None, after: Interval | None) -> float | None:
            return None if before is None or after is None else after.estimate - before.estimate

        return {
            "baseline": [row(n, i) for n, i in zip(self.names, self.baseline, strict=True)],
            "left_out": [
                {
                    "event_ids": list(case.event_ids),
                    "label": case.label,
                    "contributions": [
                        {**row(n, a), "moved": moved(b, a)}
                        for n, b, a in zip(self.names, self.baseline, case.rows, strict=True)
                    ],
                }
                for case in self.left_out
            ],
            "words": self.words(),
        }


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """Refit without each event, a group as one.

    Attributes
    ----------
    log2_points : int
        ``2 ** log2_points`` points of the fixed sequence for each refit and dating.
    """

    log2_points: int = 10

    @property
    def name(self) -> str:
        """Key in the record."""
        return "leave_one_out"

    def validate(self, answer: AttributionResult) -> str | None:
        """Return why no event can be left out, or None.

        Raises
        ------
        UsageError
            If the number of points is out of range.
        """
        if not 6 <= self.log2_points <= 16:
            raise UsageError(f"log2_points lies between 6 and 16, not {self.log2_points}")
        if not policy_rows(answer):
            return NO_EVENT
        return None if len(units(answer)) > 1 else "there is one event or group only, so nothing is left"

    def run(self, answer: AttributionResult) -> LeaveOneOutFinding:
        """Refit with every event, then without each."""
        parts = parts_of(answer)
        kernel = Kernel.build(answer.fit.posterior, parts, discounted(answer))
        datings = [dated.dating for dated in answer.datings]

        def refit(kept: Sequence[Part]) -> tuple[Interval | None, ...]:
            return tuple(
                divided(
                    Refit(kernel.refit(kept, datings), answer.series),
                    (answer.before, answer.after),
                    answer.rows,
                    logs=answer.fit.logs,
                    level=answer.fit.level,
                    log2_points=self.log2_points,
                )
            )

        baseline = refit(parts)
        left_out = [
            LeftOut(unit.event_ids, unit.label, refit([p for p in parts if p.name not in unit.terms]))
            for unit in units(answer)
        ]
        return LeaveOneOutFinding(tuple(row_names(answer)), baseline, tuple(left_out))


def units(answer: AttributionResult) -> tuple[Row, ...]:
    """Return what can be left out: the rows of the answer, and the other events of the design, grouped."""
    fit = answer.fit
    others = [t for t in fit.posterior.design.event_terms if t.name not in answer.active]
    groups = find_groups(
        fit.posterior,
        fit.events,
        fit.aliasing,
        active=[t.name for t in others],
        size=fit.size,
        bounds=fit.bounds,
    )
    grouped = {name for group in groups for name in group.terms}
    rest = [(group.event_ids, group.terms) for group in groups]
    rest += [(term.event_ids, (term.name,)) for term in others if term.name not in grouped]
    inactive = tuple(
        Row(
            "event",
            ids,
            " + ".join(fit.events[i].title for i in ids),
            (answer.series.id,),
            tuple((0, name) for name in names),
        )
        for ids, names in rest
    )
    return (*(row for row in answer.rows if row.event_ids), *inactive)
