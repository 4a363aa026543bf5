"""More decays than a tensor grid can hold: block-wise grids, then importance sampling (equation 13).

With more than three gradual or temporary events the decays are first moved one at a time over their grid, the
others at their best values, twice around. That gives the distribution of each given the others; points of a
fixed sequence from their product are then weighted by marginal likelihood over probability (Robert & Casella
2004, Monte Carlo Statistical Methods, section 3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from analysis.domain import EventTable, FloatArray
from analysis.interventions.dating import Dating
from analysis.interventions.design import MOST_DECAY_COMBINATIONS, Design, decay_axis
from analysis.interventions.joint.block import Block
from analysis.interventions.joint.fit import first_pass
from analysis.interventions.joint.frame import Frame
from analysis.numerics.sequences import sobol

Decays = Mapping[tuple[float, ...], float]

ROUNDS = 2
LOG2_POINTS = 6
"""64 points of the sequence."""
SPREAD = 0.1
"""Share of a uniform distribution in each decay's, so that no value is out of reach."""


def many(design: Design) -> bool:
    """Tell whether a design has more decays than a tensor grid of three cells each can hold."""
    return bool(design.variants) and 3 ** len(design.variants[0].decays) > MOST_DECAY_COMBINATIONS


def sampled_decays(
    block: Block,
    events: EventTable,
    count: int,
    build: Callable[[Decays], Design],
    *,
    primary: Dating,
    local: bool,
) -> Decays:
    """Return points of the decays with their log weights.

    Parameters
    ----------
    block : Block
        One series.
    events : EventTable
    count : int
        Number of decays.
    build : callable
        Returns the design for weighted decays.
    primary : Dating
        The dating whose posterior decides.
    local : bool
        Whether the slope of the level wanders.
    """
    axis = decay_axis()
    best = [len(axis) // 2] * count
    mass = np.full((count, len(axis)), 1 / len(axis))
    for _ in range(ROUNDS):
        for k in range(count):
            points = [tuple(axis[j if i == k else best[i]] for i in range(count)) for j in range(len(axis))]
            frame = Frame.of(build(dict.fromkeys(points, 0.0)), events, logs=block.logs)
            mass[k] = first_pass(block, frame, primary=primary, local=local)
            best[k] = int(np.argmax(mass[k]))
    return _points(axis, mass)


def _points(axis: list[float], mass: FloatArray) -> Decays:
    """Return points of the product of distributions, shape (K, cells), with log weights ``ln(m / q)``."""
    proposal = (1 - SPREAD) * mass + SPREAD / len(axis)
    uniform = sobol(LOG2_POINTS, len(mass))
    found: dict[tuple[float, ...], float] = {}
    for row in uniform:
        cells = [int(np.searchsorted(np.cumsum(p), u)) for p, u in zip(proposal, row, strict=True)]
        cells = [min(c, len(axis) - 1) for c in cells]
        key = tuple(axis[c] for c in cells)
        log_weight = -float(sum(np.log(p[c]) for p, c in zip(proposal, cells, strict=True)))
        found[key] = float(np.logaddexp(found[key], log_weight)) if key in found else log_weight
    peak = max(found.values())
    return {key: value - peak for key, value in found.items()}
