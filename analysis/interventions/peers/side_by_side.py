"""The panel of methods: the same events by each method, with what it assumes and how often it was right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.domain import Cell, Result
from analysis.errors import TradebreaksError, UsageError
from analysis.interventions.effects import EffectResult
from analysis.interventions.peers.coverage import coverage_of, mean_coverage, nearest_world
from analysis.interventions.peers.fit import COUNTS, fit_peer
from analysis.interventions.peers.methods import PEERS

STRUCTURAL = "structural"
BESIDE = ("ols", "ols_hac", "glsar", "sarimax", "transfer", "uc", "uc_bsts", "poisson")
"""Methods of a panel by default; a negative binomial needs counts, a synthetic control donors."""
ASSUMES = "white noise, AR(1) and a random-walk level in proportions that are integrated over"


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method of a panel.

    Attributes
    ----------
    name, title, assumes : str
    coverage_here, coverage_mean : float or None
        Of its 95 % intervals in the world most like the series, and over all worlds; None where it was not
        measured.
    refused : str
        Why the method gives no answer; empty if it gives one.
    effects : tuple of (dict or None)
        Summary of each unit of the panel; None where the method has no estimate of it.
    """

    name: str
    title: str
    assumes: str
    coverage_here: float | None
    coverage_mean: float | None
    refused: str
    effects: tuple[Mapping[str, float] | None, ...]


@dataclass(frozen=True)
class MethodsPanel(Result):
    """The same events by several methods.

    Attributes
    ----------
    joint : EffectResult
        The joint model, whose groups are the units.
    units : tuple of tuple of str
        Events of each unit: a group, or one event.
    rows : tuple of MethodRow
        The joint model first.
    world : tuple of (str, int) or None
        Simulated world and length most like the series.
    """

    joint: EffectResult
    units: tuple[tuple[str, ...], ...]
    rows: tuple[MethodRow, ...]
    world: tuple[str, int] | None

    def to_record(self) -> dict[str, Any]:
        """Return methods and events as JSON-ready values."""
        return {
            "series": self.joint.series.id,
            "level": self.joint.level,
            "scale": self.joint.scale,
            "world": None if self.world is None else {"name": self.world[0], "n": self.world[1]},
            "methods": [
                {
                    "name": row.name,
                    "title": row.title,
                    "assumes": row.assumes,
                    "coverage_in_world": row.coverage_here,
                    "coverage_mean": row.coverage_mean,
                    "refused": row.refused or None,
                }
                for row in self.rows
            ],
            "effects": [
                {
                    "event_ids": list(ids),
                    "by_method": {row.name: self._numbers(row.effects[j]) for row in self.rows},
                }
                for j, ids in enumerate(self.units)
            ],
            "words": list(self.notes()),
        }

    def _numbers(self, found: Mapping[str, float] | None) -> dict[str, float | None] | None:
        if found is None:
            return None
        keys = ("estimate", "se", "lower", "upper")
        values: dict[str, float | None] = {key: found.get(key) for key in keys}
        if self.joint.logs:
            for key in ("estimate", "lower", "upper"):
                value = values[key]
                name = "percent" if key == "estimate" else f"percent_{key}"
                values[name] = None if value is None else 100 * float(np.expm1(value))
        return values

    def heading(self) -> str:
        """Return one line above the table."""
        unit = "per cent" if self.joint.logs else self.joint.series.unit
        return f"The same events by other methods ({unit}, {100 * self.joint.level:g} % intervals)"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row for each unit and method: estimate, limits, coverage here and over all worlds."""
        columns = ("event", "method", "effect", "lower", "upper", "covered here", "covered")
        prefix = "percent" if self.joint.logs else ""
        rows: list[list[Cell]] = []
        for j, ids in enumerate(self.units):
            for row in self.rows:
                numbers = self._numbers(row.effects[j])
                if numbers is None:
                    continue
                names = (prefix or "estimate", *(f"{prefix}_{end}".strip("_") for end in ("lower", "upper")))
                rows.append(
                    [
                        " + ".join(ids),
                        row.name,
                        *(numbers[name] for name in names),
                        row.coverage_here,
                        row.coverage_mean,
                    ]
                )
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return what the coverage is, what each method assumes, and why one gives no answer."""
        lines = []
        if self.world is None:
            lines.append("No world like this one was simulated: the coverage is that of monthly series.")
        else:
            name, n = self.world
            lines.append(
                "Covered: share of nominal 95 % intervals that held the truth in simulated monthly worlds, "
                f"here in the one most like this series ({name}, {n} months) and over all of them."
            )
            if name == "regime":
                lines.append("In that world the joint model alone is told of the regime.")
        lines += [f"{row.name} assumes {row.assumes}." for row in self.rows]
        lines += [f"{row.name} gives no answer: {row.refused}" for row in self.rows if row.refused]
        return lines


def compare_methods(
    joint: EffectResult, *, methods: Sequence[str] = BESIDE, controls: object = None
) -> MethodsPanel:
    """Set the events of a joint model beside what other methods say of them.

    Parameters
    ----------
    joint : EffectResult
        From `fit_interventions`; its scale, season, trend, clock and level hold for all.
    methods : sequence of str
        Names of `PEERS`; a method that refuses the series is listed with its reason.
    controls : mapping or DataFrame, optional
        Those that `joint` was fitted with.

    Returns
    -------
    MethodsPanel

    Raises
    ------
    UsageError
        If a method does not exist.
    """
    unknown = [name for name in methods if name not in PEERS]
    if unknown:
        raise UsageError(f"there is no method '{unknown[0]}': there are {', '.join(PEERS)}")
    units = [(group.event_ids, group.terms) for group in joint.groups]
    grouped = {name for _, terms in units for name in terms}
    own = [t for t in joint.posterior.design.event_terms if t.name not in grouped]
    units += [(t.event_ids, (t.name,)) for t in own]
    world = nearest_world(joint.series, joint.diagnostics(), len(joint.regimes))
    rows = [_row(STRUCTURAL, "Joint model", ASSUMES, world, joint, "", units)]
    for name in methods:
        found, refused = _fitted(joint, name, controls)
        rows.append(_row(name, PEERS[name].title, PEERS[name].assumes, world, found, refused, units))
    return MethodsPanel(joint, tuple(tuple(ids) for ids, _ in units), tuple(rows), world)


def _fitted(joint: EffectResult, name: str, controls: object) -> tuple[EffectResult | None, str]:
    if name in COUNTS and not joint.logs:
        return None, "its effects are in logs, those of the others in the unit of the series"
    try:
        return (
            fit_peer(
                joint.series,
                joint.events,
                method=name,
                scale=None if name in COUNTS else joint.scale,
                seasonal=joint.seasonal,
                trend=joint.trend,
                clock=joint.clock,
                level=joint.level,
                controls=controls,
                lunar=joint.lunar,
            ),
            "",
        )
    except TradebreaksError as problem:
        return None, problem.message


def _row(
    name: str,
    title: str,
    assumes: str,
    world: tuple[str, int] | None,
    found: EffectResult | None,
    refused: str,
    units: Sequence[tuple[Sequence[str], Sequence[str]]],
) -> MethodRow:
    return MethodRow(
        name,
        title,
        assumes,
        coverage_of(name, world),
        mean_coverage(name),
        refused,
        tuple(None if found is None else _summary(found, terms) for _, terms in units),
    )


def _summary(found: EffectResult, terms: Sequence[str]) -> Mapping[str, float] | None:
    return None if len(terms) == 1 and terms[0] in found.aliasing.unidentified else found.summarise(terms)
