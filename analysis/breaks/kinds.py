"""What kind of change a break is: a lasting step, half of a temporary change, or a gradual decline.

Two neighbouring breaks of opposite sign make one *temporary* change if the level after the second is that
before the first: within two standard errors, and by at most half of the smaller of the two. A break,
or several in one direction, is *gradual* if a ramp between two dates, found among all of them, beats one step
by as much as two more elements must at 1 %, and several steps by BIC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.breaks.likelihood import base_columns, error_weights, noise_with
from analysis.breaks.sample import Sample
from analysis.breaks.segments_fit import SegmentsFit
from analysis.breaks.sized import FURTHER_LEVEL
from analysis.numerics.break_likelihood import Whitening
from analysis.numerics.element_quantiles import element_null
from analysis.numerics.least_squares import FloatArray, least_squares

RETURN_ERRORS, RETURN_SHARE = 2.0, 0.5
SHORTEST_RAMP, RAMP_RATIO = 3, 1.25


@dataclass(frozen=True, slots=True)
class Temporary:
    """A change that is undone.

    Attributes
    ----------
    first, second : int
        Numbers of its two breaks, counted from 0.
    depth : float
        Mean of the change at the first and of the opposite of that at the second.
    """

    first: int
    second: int
    depth: float


@dataclass(frozen=True, slots=True)
class Ramp:
    """A gradual change.

    Attributes
    ----------
    start, end : int
        Last observation before it begins to move, and the first at the new level.
    replaced : tuple of int
        Breaks that it stands for.
    """

    start: int
    end: int
    replaced: tuple[int, ...]

    def column(self, n: int) -> FloatArray:
        """Return what moves from nought to one, shape (n,)."""
        moved: FloatArray = np.clip((np.arange(n) - self.start) / (self.end - self.start), 0.0, 1.0)
        return moved


def temporary_changes(fit: SegmentsFit) -> tuple[Temporary, ...]:
    """Pair neighbouring breaks that undo each other, the closest return first.

    Parameters
    ----------
    fit : SegmentsFit
        Of the lasting breaks.
    """
    candidates = []
    for k, (total, error) in enumerate(zip(fit.returns, fit.return_errors, strict=True)):
        down, up = fit.jumps[k], fit.jumps[k + 1]
        close = abs(total) <= min(RETURN_ERRORS * error, RETURN_SHARE * min(abs(down), abs(up)))
        if down * up < 0 and close:
            candidates.append((abs(total) / max(error, np.finfo(float).tiny), k))
    used: set[int] = set()
    found = []
    for _, k in sorted(candidates):
        if not used & {k, k + 1}:
            used |= {k, k + 1}
            found.append(Temporary(k, k + 1, (fit.jumps[k] - fit.jumps[k + 1]) / 2))
    return tuple(sorted(found, key=lambda pair: pair.first))


def gradual_changes(sample: Sample, breaks: tuple[int, ...], fit: SegmentsFit) -> tuple[Ramp, ...]:
    """Return the ramps that describe breaks better than steps do.

    Parameters
    ----------
    sample : Sample
        With dips among its common columns.
    breaks : tuple of int
    fit : SegmentsFit
        Of them.
    """
    paired = {k for pair in temporary_changes(fit) for k in (pair.first, pair.second)}
    runs: list[list[int]] = []
    for k, jump in enumerate(fit.jumps):
        if k in paired:
            continue
        joins = runs and runs[-1][-1] == k - 1 and fit.jumps[k - 1] * jump > 0
        if joins:
            runs[-1].append(k)
        else:
            runs.append([k])
    found = []
    for run in runs:
        ramp = _ramp_of(sample, breaks, tuple(run), fit.rho)
        if ramp is not None:
            found.append(ramp)
    return tuple(found)


def _ramp_of(sample: Sample, breaks: tuple[int, ...], run: tuple[int, ...], rho: float) -> Ramp | None:
    """Return the ramp that beats the breaks of `run`, if one does."""
    edges = (0, *breaks, sample.n)
    low, high = edges[run[0]], edges[run[-1] + 2]
    others = tuple(b for k, b in enumerate(breaks) if k not in run)
    lengths = _lengths(high - low)
    spans = [(a, a + length) for length in lengths for a in range(low, high - length)]
    if not spans:
        return None
    steps = np.arange(low + sample.min_length, high - sample.min_length + 1)
    times = np.arange(sample.n)[:, None]
    starts, ends = (np.array(part) for part in zip(*spans, strict=True))
    ramps = np.clip((times - starts) / (ends - starts), 0.0, 1.0)
    best = int(np.argmax(_gains(sample, others, ramps, rho)))
    step = int(steps[int(np.argmax(_gains(sample, others, (times >= steps).astype(float), rho)))])
    ramp = Ramp(*spans[best], tuple(breaks[k] for k in run))
    with_ramp = noise_with(sample.with_columns(ramp.column(sample.n)[:, None]), others).loglik
    with_step = noise_with(sample, tuple(sorted((*others, step)))).loglik
    null = element_null(sample.n, sample.min_length, trend=sample.model == "trend")
    if 2 * (with_ramp - with_step) <= null.critical(FURTHER_LEVEL, rho, 2):
        return None
    if len(run) > 1:
        with_all = noise_with(sample, breaks).loglik
        if 2 * (with_all - with_ramp) >= (2 * len(run) - 3) * np.log(sample.n):
            return None
    return ramp


def _lengths(room: int) -> list[int]:
    found = [SHORTEST_RAMP]
    while found[-1] * RAMP_RATIO < room - 1:
        found.append(max(found[-1] + 1, round(found[-1] * RAMP_RATIO)))
    return [length for length in found if length < room]


def _gains(sample: Sample, breaks: tuple[int, ...], columns: FloatArray, rho: float) -> FloatArray:
    """Return what each of `columns`, shape (n, c), takes off the sum of squares at `rho`."""
    factor = noise_with(sample, breaks).factor if sample.loud.any() else 1.0
    weights = error_weights(sample, factor)
    white = Whitening.of(rho, sample.calendar)
    base = least_squares(
        white.apply(sample.y * weights), white.apply(base_columns(sample, breaks) * weights[:, None])
    )
    design = white.apply(base_columns(sample, breaks) * weights[:, None])
    basis = np.linalg.qr(design)[0]
    further = white.apply(columns * weights[:, None])
    further -= basis @ (basis.T @ further)
    size = np.maximum(np.einsum("tc,tc->c", further, further), np.finfo(float).tiny)
    gains: FloatArray = (base.residuals @ further) ** 2 / size
    return gains
