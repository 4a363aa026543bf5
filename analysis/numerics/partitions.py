"""Global minimisers of the sum of squared residuals over partitions (Bai and Perron 2003).

A break is the number of observations before it: the last observation of the old segment counted from 1,
the first of the new one counted from 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from analysis.errors import CannotEstimateError
from analysis.numerics.least_squares import FloatArray, IntArray, least_squares, orthonormal_basis
from analysis.numerics.segments import eliminate, segment_costs

IMPROVEMENT = 1e-12
"""Relative fall of the sum of squared residuals below which a search has ended."""

_MOST_ROUNDS = 50
_MOST_SCANS = 60
_SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class Partitions:
    """The best partition for every number of breaks.

    Attributes
    ----------
    ssr : FloatArray
        Smallest sum of squared residuals with m breaks, shape (max_breaks + 1,).
    breaks : tuple of tuple of int
        Break positions for m = 0, 1, ..., each in increasing order.
    min_length : int
        Fewest observations in a segment.
    """

    ssr: FloatArray
    breaks: tuple[tuple[int, ...], ...]
    min_length: int

    @property
    def max_breaks(self) -> int:
        """Largest number of breaks searched."""
        return len(self.breaks) - 1


@dataclass(frozen=True, slots=True)
class BreakScan:
    """One further break at every admissible date.

    Attributes
    ----------
    positions : IntArray
        Candidate break positions, shape (d,).
    ssr : FloatArray
        Sum of squared residuals with the break there, shape (d,).
    base_ssr : float
        Sum of squared residuals without it.
    """

    positions: IntArray
    ssr: FloatArray
    base_ssr: float


def admissible_breaks(n: int, min_length: int, wanted: int) -> int:
    """Return how many of the wanted breaks fit when segments hold at least `min_length` observations."""
    return max(0, min(wanted, n // max(min_length, 1) - 1))


def best_partitions(costs: FloatArray, min_length: int, max_breaks: int) -> Partitions:
    """Minimise the total cost over all partitions for m = 0, ..., `max_breaks` by dynamic programming.

    Parameters
    ----------
    costs : FloatArray
        Cost of segment [start, end) at ``costs[start, end]``, shape (n + 1, n + 1), infinite if inadmissible.
    min_length : int
        Fewest observations in a segment, carried into the result.
    max_breaks : int
        Largest number of breaks.

    Raises
    ------
    CannotEstimateError
        If no admissible partition has `max_breaks` breaks.
    """
    n = costs.shape[0] - 1
    best = costs[0].copy()
    previous: list[IntArray] = []
    totals = [float(best[n])]
    for m in range(1, max_breaks + 1):
        first, last = m * min_length, n - min_length
        best_next = np.full(n + 1, np.inf)
        origin = np.zeros(n + 1, dtype=np.intp)
        if last >= first:
            block = best[first : last + 1, None] + costs[first : last + 1, :]
            choice = np.argmin(block, axis=0)
            origin = choice + first
            best_next = block[choice, np.arange(n + 1)]
        best = best_next
        previous.append(origin)
        totals.append(float(best[n]))
    if not np.all(np.isfinite(totals)):
        raise CannotEstimateError(
            f"{max_breaks} breaks do not fit: {n} observations hold no {max_breaks + 1} segments of "
            f"{min_length}"
        )
    breaks: list[tuple[int, ...]] = [()]
    for m in range(1, max_breaks + 1):
        position, found = n, []
        for stage in range(m - 1, -1, -1):
            position = int(previous[stage][position])
            found.append(position)
        breaks.append(tuple(reversed(found)))
    return Partitions(np.array(totals), tuple(breaks), min_length)


def pure_partitions(y: FloatArray, design: FloatArray, min_length: int, max_breaks: int) -> Partitions:
    """Minimise over partitions when every coefficient changes at every break.

    Parameters
    ----------
    y : FloatArray
        Shape (n,).
    design : FloatArray
        Shape (n, q).
    min_length, max_breaks : int
        Fewest observations in a segment; largest number of breaks.

    Raises
    ------
    CannotEstimateError
        If the breaks do not fit, or the sample is too long for a search over all segments.
    """
    return best_partitions(segment_costs(y, design, min_length), min_length, max_breaks)


def partitioned(design: FloatArray, breaks: tuple[int, ...]) -> FloatArray:
    """Return `design` with one set of columns per segment, shape (n, q (m + 1))."""
    n, q = design.shape
    edges = (0, *breaks, n)
    wide = np.zeros((n, q * (len(edges) - 1)))
    for s in range(len(edges) - 1):
        wide[edges[s] : edges[s + 1], s * q : (s + 1) * q] = design[edges[s] : edges[s + 1]]
    return wide


def scan_break(y: FloatArray, base: FloatArray, changing: FloatArray, positions: IntArray) -> BreakScan:
    """Add one break in the coefficients of `changing` at each of `positions`, everything else re-estimated.

    Parameters
    ----------
    y : FloatArray
        Shape (n,).
    base : FloatArray
        All other columns, those of `changing` included, shape (n, k).
    changing : FloatArray
        Shape (n, q).
    positions : IntArray
        Candidate break positions, shape (d,).
    """
    q = changing.shape[1]
    scaled = changing / np.maximum(np.sqrt(np.einsum("ti,ti->i", changing, changing)), np.finfo(float).tiny)
    basis = orthonormal_basis(base)
    residual = y - basis @ (basis.T @ y)
    score = _tails(scaled * residual[:, None])[positions]
    across = _tails(np.einsum("ti,tk->tik", scaled, basis))[positions]
    inner = _tails(np.einsum("ti,tj->tij", scaled, scaled))[positions]
    inner = inner - np.einsum("dik,djk->dij", across, across)
    base_ssr = float(residual @ residual)
    width = q + 1
    rows, columns = np.triu_indices(width)
    moments = np.empty((rows.size, positions.size))
    for number, (i, j) in enumerate(zip(rows, columns, strict=True)):
        if j < q:
            moments[number] = inner[:, i, j]
        else:
            moments[number] = score[:, i] if i < q else base_ssr
    return BreakScan(positions, eliminate(moments, width), base_ssr)


def _tails(values: FloatArray) -> FloatArray:
    """Sum from each position to the end, shape (n + 1, ...)."""
    tails = np.zeros((values.shape[0] + 1, *values.shape[1:]))
    tails[:-1] = np.cumsum(values[::-1], axis=0)[::-1]
    return tails


def free_positions(breaks: tuple[int, ...], n: int, min_length: int) -> IntArray:
    """Return where one further break may stand, `min_length` away from breaks and ends."""
    edges = (0, *breaks, n)
    pieces = [
        np.arange(edges[s] + min_length, edges[s + 1] - min_length + 1)
        for s in range(len(edges) - 1)
        if edges[s + 1] - edges[s] >= 2 * min_length
    ]
    return np.concatenate(pieces).astype(np.intp) if pieces else np.empty(0, dtype=np.intp)


def partial_partitions(
    y: FloatArray, changing: FloatArray, common: FloatArray, min_length: int, max_breaks: int
) -> Partitions:
    """Minimise over partitions when `changing` breaks and `common` keeps its coefficients.

    For one break, for two in one coefficient, and where at most 60 scans do it, every partition is tried.
    Otherwise dating and the common coefficients alternate (Bai and Perron 2003, section 3.3) from several
    starts, and each result is improved by moving one break at a time to the best date given the others
    until nothing falls.

    Parameters
    ----------
    y : FloatArray
        Shape (n,).
    changing : FloatArray
        Shape (n, q).
    common : FloatArray
        Shape (n, p); p = 0 is pure change.
    min_length, max_breaks : int
        Fewest observations in a segment; largest number of breaks.

    Raises
    ------
    CannotEstimateError
        If the breaks do not fit.
    """
    n = y.shape[0]
    if common.shape[1] == 0:
        return pure_partitions(y, changing, min_length, max_breaks)
    if (max_breaks + 1) * min_length > n:
        raise CannotEstimateError(
            f"{max_breaks} breaks do not fit: {n} observations hold no {max_breaks + 1} segments of "
            f"{min_length}"
        )
    search = _PartialSearch(y, changing, common, min_length)
    no_break = search.fit(())
    ssr: list[float] = [no_break[0]]
    breaks: list[tuple[int, ...]] = [()]
    candidates: list[list[tuple[int, ...]]] = [[] for _ in range(max_breaks + 1)]
    for partition in search.dated(no_break[1], max_breaks):
        candidates[len(partition)].append(partition)
    for m in range(1, max_breaks + 1):
        grown = search.grow(breaks[m - 1])
        starts = candidates[m] + ([grown] if grown is not None else [])
        best = search.exhaust(m) or search.improve(starts)
        ssr.append(best[0])
        breaks.append(best[1])
        for partition in search.dated(search.fit(best[1])[1], max_breaks):
            if len(partition) > m:
                candidates[len(partition)].append(partition)
    for m in range(max_breaks - 1, 0, -1):
        shrunk = [breaks[m + 1][:k] + breaks[m + 1][k + 1 :] for k in range(m + 1)]
        best = search.improve([min(shrunk, key=lambda b: search.fit(b)[0])])
        if best[0] < ssr[m] * (1 - IMPROVEMENT):
            ssr[m], breaks[m] = best
    return Partitions(np.array(ssr), tuple(breaks), min_length)


class _PartialSearch:
    """Search over partitions with common coefficients; caches fits by partition."""

    def __init__(self, y: FloatArray, changing: FloatArray, common: FloatArray, min_length: int) -> None:
        self.y, self.changing, self.common, self.min_length = y, changing, common, min_length
        self.fits: dict[tuple[int, ...], tuple[float, FloatArray]] = {}

    def fit(self, breaks: tuple[int, ...]) -> tuple[float, FloatArray]:
        """Return the sum of squared residuals and the fitted common part."""
        if breaks not in self.fits:
            wide = np.column_stack([partitioned(self.changing, breaks), self.common])
            found = least_squares(self.y, wide)
            self.fits[breaks] = (found.ssr, self.common @ found.params[-self.common.shape[1] :])
        return self.fits[breaks]

    def dated(self, common_part: FloatArray, max_breaks: int) -> list[tuple[int, ...]]:
        """Return the best partitions for every m given the common part."""
        costs = segment_costs(self.y - common_part, self.changing, self.min_length)
        return list(best_partitions(costs, self.min_length, max_breaks).breaks[1:])

    def grow(self, breaks: tuple[int, ...]) -> tuple[int, ...] | None:
        """Add the best further break, or None if none fits."""
        positions = free_positions(breaks, self.y.shape[0], self.min_length)
        if positions.size == 0:
            return None
        base = np.column_stack([partitioned(self.changing, breaks), self.common])
        scan = scan_break(self.y, base, self.changing, positions)
        return tuple(sorted((*breaks, int(positions[int(np.argmin(scan.ssr))]))))

    def exhaust(self, m: int) -> tuple[float, tuple[int, ...]] | None:
        """Try every partition with m breaks, the last one by a scan; None if that takes too many scans."""
        n, h = self.y.shape[0], self.min_length
        if m == 2 and self.changing.shape[1] == 1:
            return self._exhaust_pairs()
        if comb(n - (m + 1) * h + m - 1, m - 1) > _MOST_SCANS:
            return None
        best: tuple[int, ...] | None = None
        lowest = np.inf
        for steps in combinations(range(n - (m + 1) * h + m - 1), m - 1):
            prefix = tuple(step + (k + 1) * h - k for k, step in enumerate(steps))
            positions = np.arange((prefix[-1] if prefix else 0) + h, n - h + 1)
            base = np.column_stack([partitioned(self.changing, prefix), self.common])
            scan = scan_break(self.y, base, self.changing, positions)
            if float(scan.ssr.min()) < lowest:
                lowest, best = float(scan.ssr.min()), (*prefix, int(positions[int(np.argmin(scan.ssr))]))
        return None if best is None else (self.fit(best)[0], best)

    def _exhaust_pairs(self) -> tuple[float, tuple[int, ...]] | None:
        """Try every pair of breaks in one coefficient by the closed form of two regressors."""
        n, h = self.y.shape[0], self.min_length
        column = self.changing[:, 0]
        basis = orthonormal_basis(np.column_stack([self.changing, self.common]))
        residual = self.y - basis @ (basis.T @ self.y)
        positions = np.arange(h, n - h + 1)
        score = _tails(column * residual)[positions]
        across = _tails(column[:, None] * basis)[positions]
        squares = _tails(column * column)[positions]
        gram = np.minimum(squares[:, None], squares[None, :]) - across @ across.T
        own = np.diag(gram)
        volume = own[:, None] * own[None, :] - gram**2
        explained = (
            score[:, None] ** 2 * own[None, :]
            - 2 * score[:, None] * score[None, :] * gram
            + score[None, :] ** 2 * own[:, None]
        )
        usable = (positions[None, :] - positions[:, None] >= h) & (volume > _SINGULAR * own[:, None] * own)
        if not usable.any():
            return None
        gain = np.where(usable, explained / np.where(usable, volume, 1.0), -np.inf)
        first, second = np.unravel_index(int(np.argmax(gain)), gain.shape)
        best = (int(positions[first]), int(positions[second]))
        return self.fit(best)[0], best

    def improve(self, starts: list[tuple[int, ...]]) -> tuple[float, tuple[int, ...]]:
        """Improve every start by exchange and alternation; return the best."""
        reached: dict[tuple[int, ...], float] = {}
        for start in dict.fromkeys(starts):
            current, value = start, self.fit(start)[0]
            for _ in range(_MOST_ROUNDS):
                moved = self._exchange(current)
                redated = self.dated(self.fit(moved)[1], len(moved))[-1]
                following = min((moved, redated), key=lambda b: self.fit(b)[0])
                fallen = self.fit(following)[0]
                if fallen >= value * (1 - IMPROVEMENT):
                    break
                current, value = following, fallen
            reached[current] = value
        best = min(reached, key=lambda b: (reached[b], b))
        return reached[best], best

    def _exchange(self, breaks: tuple[int, ...]) -> tuple[int, ...]:
        current = breaks
        for k in range(len(breaks)):
            rest = current[:k] + current[k + 1 :]
            grown = self.grow(rest)
            if grown is not None and self.fit(grown)[0] < self.fit(current)[0] * (1 - IMPROVEMENT):
                current = grown
        return current
