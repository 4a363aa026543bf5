"""Specification curve: the answer among the answers of other reasonable choices.

Simonsohn, Simmons & Nelson (2020), Nature Human Behaviour 4, 1208-1214. For every row of the answer: the
share of specifications whose interval excludes zero, the range of the estimates, and where the answer lies
among them. The specifications are not independent and not equally good; shares are no probabilities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.attribution.evidence.contributions import (
    NO_EVENT,
    Interval,
    Refit,
    divided,
    policy_rows,
    row_names,
)
from analysis.attribution.evidence.frame import SHARED_AXES, Frame, Specification, trend_of
from analysis.attribution.evidence.kernel import Kernel, Noise
from analysis.attribution.evidence.specification import (
    FULL_NOISE,
    NOISE,
    NOISES,
    Choice,
    Choices,
    choices_of,
)
from analysis.attribution.result import AttributionResult
from analysis.errors import CannotEstimateError, InputError, UsageError

CELLS: dict[str, Noise] = dict(zip(NOISES, ("full", "no random walk", "no AR part"), strict=True))
Rows = tuple[Interval | None, ...]
SUMMARY = ("share_excluding_zero", "share_of_the_same_sign", "range", "quartiles", "default", "by_choice")
"""What the record says of every row."""
WANTED = 240
"""Specifications tried where there are more; all of them where there are fewer."""
NOT_IDENTIFIED = "a part of the model cannot be told from the others in this sample"
RULED_OUT = "the fit gives no weight to its noise"
FRAMES = 12
"""Fits of their own that combinations of choices may need; single deviations have theirs in any case."""
MOST_REFUSED = 2000
"""The search for specifications that can be estimated ends after so many that cannot."""


@dataclass(frozen=True, slots=True)
class CurveFinding:
    """Answers of all the specifications.

    Attributes
    ----------
    choices : Choices
    names : tuple of dict
        Event ids and label of each row of the answer, the residual last.
    tried : tuple of Choice
        Specifications with an estimate; the answer's own is the first.
    rows : tuple of Rows
        For each of them the rows of the answer, the residual last; None where a specification lacks it.
    left_out : tuple of (axis, level, reason)
        Levels that cannot be estimated even alone.
    refused : tuple of (Choice, reason)
        Other specifications that cannot be estimated.
    """

    choices: Choices
    names: tuple[dict[str, Any], ...]
    tried: tuple[Choice, ...]
    rows: tuple[Rows, ...]
    left_out: tuple[tuple[str, str, str], ...]
    refused: tuple[tuple[Choice, str], ...]

    def row(self, position: int) -> dict[str, Any]:
        """Return the summary of one row of the answer; null where the answer itself rounds to nothing."""
        found = [(c, r[position]) for c, r in zip(self.tried, self.rows, strict=True)]
        held = [(choice, interval) for choice, interval in found if interval is not None]
        default = self.rows[0][position]
        summary: dict[str, Any] = {**self.names[position], "count": len(held)}
        if default is None:
            return summary | dict.fromkeys(SUMMARY)
        estimates = np.array([interval.estimate for _, interval in held])
        low, middle, high = np.quantile(estimates, (0.25, 0.5, 0.75))
        values = (
            float(np.mean([interval.excludes_zero for _, interval in held])),
            float(np.mean(np.sign(estimates) == np.sign(default.estimate))),
            {"lowest": float(estimates.min()), "highest": float(estimates.max())},
            {"lower": float(low), "median": float(middle), "upper": float(high)},
            {
                **default.to_record(),
                "rank": int((estimates < default.estimate).sum()) + 1,
                "of": len(held),
            },
            self._by_choice(held),
        )
        return summary | dict(zip(SUMMARY, values, strict=True))

    def _by_choice(self, held: Sequence[tuple[Choice, Interval]]) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for k, axis in enumerate(self.choices.axes):
            found[axis.name] = []
            for number, level in enumerate(axis.levels):
                own = [interval for choice, interval in held if choice[k] == number]
                found[axis.name].append(
                    {
                        "level": level,
                        "count": len(own),
                        "median": float(np.median([i.estimate for i in own])) if own else None,
                        "share_excluding_zero": float(np.mean([i.excludes_zero for i in own]))
                        if own
                        else None,
                    }
                )
        return found

    def words(self) -> str:
        """Return the share and the range of every row of events."""
        pieces = []
        for k, name in enumerate(self.names[:-1]):
            row = self.row(k)
            if name["event_ids"] and row["default"] is not None:
                pieces.append(
                    f"{name['label']}: the interval excludes zero in "
                    f"{100 * row['share_excluding_zero']:.0f} % of {row['count']} specifications"
                )
        return "; ".join(pieces) + "."

    def to_record(self) -> dict[str, Any]:
        """Return the axes, the summary of each row and every specification."""
        return {
            "axes": self.choices.to_record(),
            "possible": self.choices.number,
            "count": len(self.tried),
            "rows": [self.row(k) for k in range(len(self.names))],
            "specifications": [
                {
                    "levels": list(choice),
                    "estimates": [None if r is None else [r.estimate, r.lower, r.upper] for r in rows],
                }
                for choice, rows in zip(self.tried, self.rows, strict=True)
            ],
            "left_out": [
                {"axis": axis, "level": level, "reason": reason} for axis, level, reason in self.left_out
            ],
            "not_estimable": [
                {"reason": reason, "count": count}
                for reason, count in Counter(reason for _, reason in self.refused).items()
            ],
            "words": self.words(),
        }


@dataclass(frozen=True, slots=True)
class SpecificationCurve:
    """Refit under other reasonable choices.

    Attributes
    ----------
    wanted : int
        Specifications tried where more are possible.
    log2_points : int
        ``2 ** log2_points`` points of the fixed sequence for each refit and dating.
    """

    wanted: int = WANTED
    log2_points: int = 9

    @property
    def name(self) -> str:
        """Key in the record."""
        return "specification_curve"

    def validate(self, answer: AttributionResult) -> str | None:
        """Return why there is no curve, or None.

        Raises
        ------
        UsageError
            If a setting is out of range.
        """
        if self.wanted < 2:
            raise UsageError(f"a curve has at least two specifications, not {self.wanted}")
        if not 6 <= self.log2_points <= 16:
            raise UsageError(f"log2_points lies between 6 and 16, not {self.log2_points}")
        return None if policy_rows(answer) else NO_EVENT

    def run(self, answer: AttributionResult) -> CurveFinding:
        """Refit frame by frame."""
        choices = choices_of(answer)
        frames = _Frames(answer, choices)
        for choice in choices.ordered():
            if len(frames.accepted) >= self.wanted or len(frames.refused) >= MOST_REFUSED:
                break
            frames.add(choice)
        rows: dict[Choice, Rows] = {}
        for frame, members in frames.members():
            rows |= self._fit(frame, {choice: choices.named(choice) for choice in members})
        ruled_out = {choice: RULED_OUT for choice in frames.accepted if choice not in rows}
        accepted = tuple(choice for choice in frames.accepted if choice in rows)
        frames.refused |= ruled_out
        return CurveFinding(
            choices,
            tuple(row_names(answer)),
            accepted,
            tuple(rows[choice] for choice in accepted),
            tuple(frames.left_out),
            tuple(frames.refused.items()),
        )

    def _fit(self, frame: Frame, members: Mapping[Choice, Specification]) -> dict[Choice, Rows]:
        kernel = frame.kernel(tuple(members.values()))
        kernels: dict[str, Kernel] = {}
        rows: dict[Choice, Rows] = {}
        for choice, chosen in members.items():
            noise = chosen.get(NOISE, FULL_NOISE)
            if noise not in kernels:
                kernels[noise] = kernel.restricted(CELLS[noise])
            if not len(kernels[noise].grid):
                continue
            posterior = kernels[noise].refit(frame.parts(chosen), frame.datings(chosen))
            answer = frame.answer
            rows[choice] = tuple(
                divided(
                    Refit(posterior, frame.fit.series),
                    (answer.before, answer.after),
                    answer.rows,
                    logs=frame.fit.logs,
                    level=answer.level,
                    log2_points=self.log2_points,
                )
            )
        return rows


class _Frames:
    """Sorts specifications into frames as they come; what cannot be estimated is refused with a reason."""

    def __init__(self, answer: AttributionResult, choices: Choices) -> None:
        self.answer = answer
        self.choices = choices
        self.accepted: list[Choice] = []
        self.refused: dict[Choice, str] = {}
        self.left_out: list[tuple[str, str, str]] = []
        self._built: dict[tuple[str, ...], Frame | str] = {}
        self._members: dict[tuple[str, ...], list[Choice]] = {}
        self._blocked: set[tuple[int, int]] = set()

    def add(self, choice: Choice) -> None:
        """Accept `choice` into its frame, or refuse it; a level that fails alone is left out for good."""
        if self._blocked & set(enumerate(choice)):
            return
        chosen = self.choices.named(choice)
        key = (trend_of(self.answer, chosen), *(chosen.get(axis, "") for axis in SHARED_AXES))
        deviations = [(axis, level) for axis, level in enumerate(choice) if level]
        if key not in self._built:
            if len(deviations) > 1 and len(self._built) >= FRAMES:
                return
            try:
                self._built[key] = Frame.build(self.answer, chosen)
            except (InputError, CannotEstimateError) as problem:
                self._built[key] = problem.message
        frame = self._built[key]
        if isinstance(frame, Frame) and frame.estimable(chosen):
            self.accepted.append(choice)
            self._members.setdefault(key, []).append(choice)
            return
        reason = frame if isinstance(frame, str) else NOT_IDENTIFIED
        if len(deviations) == 1:
            axis, level = deviations[0]
            own = self.choices.axes[axis]
            self._blocked.add((axis, level))
            self.left_out.append((own.name, own.levels[level], reason))
        else:
            self.refused[choice] = reason

    def members(self) -> Iterator[tuple[Frame, list[Choice]]]:
        """Iterate over the frames and what they accepted."""
        for key, choices in self._members.items():
            frame = self._built[key]
            if isinstance(frame, Frame):
                yield frame, choices
