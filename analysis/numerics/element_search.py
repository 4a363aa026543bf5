"""Where elements of the level lie: the global optimum for every number of them, by one dynamic programme.

Model: y = level + AR(1) errors. The level is piecewise constant; a *lasting break* moves it for good and
counts one, a *dip* moves it for less than the shortest segment and back to where it was, and counts two.
Given ρ and a grid of levels the programme is exact: its state is the number of elements spent and the level
of the running segment, because the first innovation of a segment joins its level to the one before (no sum
over separate segments is exact under autocorrelation, and at high ρ that innovation carries the evidence).

With f(k, t, g) the least sum of squared innovations of the first t observations, k elements and running
level μ_g whose segment is at least h long, and C_t(g) that of one level throughout, the programme keeps
F = f - C, so that going on costs nothing:

    F(k, t, g) = min { F(k, t-1, g);  break: min_q F(k-1, t-h, q) + C_{t-h}(q) + corner(q, g) - C_{t-h+1}(g);
                       dip: min_L F(k-2, t-1-L, g) - (d'e)²/(d'd) }

where d is the whitened column of a dip of L = 1, ..., h - 1 observations and e the innovations at μ_g. Many
series of one calendar go through it side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.numerics.break_likelihood import WhiteningGrid
from analysis.numerics.least_squares import FloatArray, IntArray

SEARCHED_Z = np.linspace(-0.3, 2.5, 9)
"""atanh ρ at which the programme runs."""

LEVELS = 32
"""Points of the grid of levels, over the range of the values."""

SHORT_DIP, DIP_RATIO = 12, 1.15
"""Every length of a dip is tried up to the first, then lengths in this ratio."""

_NEVER = 1e30
_FEW = 2
"""Series up to which one operation over all levels is quicker than a loop over them."""


def dip_lengths(min_length: int) -> IntArray:
    """Return the lengths of dips that are tried: below the shortest segment."""
    found = list(range(1, min(SHORT_DIP, min_length - 1) + 1))
    while found and found[-1] * DIP_RATIO < min_length - 1:
        found.append(max(found[-1] + 1, round(found[-1] * DIP_RATIO)))
    return np.array(found, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class ElementSets:
    """Elements of one or more candidates: columns that are one from `starts` to before `ends`.

    Attributes
    ----------
    starts, ends : IntArray
        Shape (..., K). A lasting break ends at n; a slot without an element has both at n. In order of
        their starts.
    """

    starts: IntArray
    ends: IntArray


def search_elements(
    values: FloatArray,
    column: FloatArray,
    calendar: IntArray,
    min_length: int,
    most: int,
    z: FloatArray = SEARCHED_Z,
) -> ElementSets:
    """Return the best sets of exactly 1, ..., `most` elements for every series and searched ρ.

    Parameters
    ----------
    values : FloatArray
        Series less their common part, divided by the standard deviation of declared stretches, shape (n, S).
    column : FloatArray
        What a level of one is after that division, shape (n,).
    calendar : IntArray
        Calendar position of each observation, shape (n,).
    min_length : int
        Fewest observations between lasting breaks, and between them and the ends.
    most : int
        Largest number of elements, at most n // min_length - 1.
    z : FloatArray
        atanh ρ at which the programme runs, shape (P,).

    Returns
    -------
    ElementSets
        Shape (most, P, S, most): by number of elements, ρ and series.
    """
    programme = _Programme(values, column, calendar, min_length, most, z)
    programme.run()
    return programme.traced()


class _Programme:
    """Forward pass and trace; arrays over elements spent, level, ρ and series, in this order."""

    def __init__(
        self,
        values: FloatArray,
        column: FloatArray,
        calendar: IntArray,
        min_length: int,
        most: int,
        z: FloatArray,
    ) -> None:
        self.n, self.series = values.shape
        self.h, self.most, self.rhos = min_length, most, z.size
        self.dip_lengths = dip_lengths(min_length)
        white = WhiteningGrid.of(z, calendar)
        phi, weight = white.factor, white.weight
        level = values / column[:, None]
        low, high = level.min(axis=0), level.max(axis=0)
        half = np.maximum((high - low) / 2, np.finfo(float).tiny)
        scaled = (level - (low + high) / 2) / half * column[:, None]
        self.kind: Any = np.float64 if self.series == 1 else np.float32
        self.grid = np.linspace(-1.0, 1.0, LEVELS)
        self.new = weight * column
        self.old = np.zeros_like(self.new)
        self.old[:, 1:] = weight[:, 1:] * phi[:, 1:] * column[:-1]
        self.slope = self.new - self.old
        self.a = white.apply(scaled)
        self.sums = tuple(
            _cumulative(part)
            for part in (self.a**2, self.a * self.slope[:, :, None], (self.slope**2)[:, :, None])
        )
        shape = (self.n + 1, most + 1, LEVELS, self.rhos, self.series)
        self.spent = np.full(shape, _NEVER, dtype=self.kind)
        self.spent[min_length:, 0] = 0.0

    def cost(self, t: int) -> FloatArray:
        """Return C_t(g), shape (G, ρ, S)."""
        squares, cross, own = (part[:, t] for part in self.sums)
        level = self.grid[:, None, None]
        total: FloatArray = squares - 2 * level * cross + level**2 * own
        return total

    def lengths(self, t: int) -> IntArray:
        """Return the lengths of dips that may end before observation t - 1."""
        return self.dip_lengths[self.dip_lengths <= t - 1 - self.h]

    def dips(self, t: int) -> tuple[FloatArray, FloatArray]:
        """Return two parts of what dips ending before observation t - 1 take off at μ: (one - μ two)².

        Shapes (L, ρ, S) and (L, ρ, 1) for `lengths`; observation t - 1, counted from 0, is the first after
        the dip.
        """
        first, last = t - 1 - self.lengths(t), t - 1
        after, new = -self.old[:, last], self.new[:, first]
        _, cross, own = self.sums
        between = (own[:, last : last + 1] - own[:, first + 1])[:, :, 0]
        score = new[:, :, None] * self.a[:, first] + (cross[:, last : last + 1] - cross[:, first + 1])
        score += (after[:, None] * self.a[:, last])[:, None]
        bend = new * self.slope[:, first] + between + (after * self.slope[:, last])[:, None]
        size = np.sqrt(new**2 + between + (after**2)[:, None])
        return (score / size[:, :, None]).transpose(1, 0, 2), (bend / size).T[:, :, None]

    def corner(self, s: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the three parts of the first innovation's square if a segment begins at observation s.

        That of the old level, shape (G, ρ, S); the factor of minus the product of both, (ρ,); and that of
        the new level, (G, ρ, S).
        """
        level = self.grid[:, None, None]
        old, new, a = self.old[:, s, None], self.new[:, s, None], self.a[:, s]
        before = 2 * level * old * a + (level * old) ** 2
        after = (a - level * new) ** 2
        return before, 2 * self.old[:, s] * self.new[:, s], after

    def run(self) -> None:
        """Fill the table."""
        h, most, kind = self.h, self.most, self.kind
        levels: Any = self.grid.astype(kind)
        cells = self.rhos * self.series
        spent = self.spent.reshape(self.n + 1, most + 1, LEVELS, cells)
        space = np.empty((2, most, LEVELS, cells), dtype=kind)
        for t in range(h + 1, self.n + 1):
            now = spent[t]
            np.copyto(now[1:], spent[t - 1, 1:])
            s = t - h
            room = min(most, s // h)
            if room:
                before, product, after = self.corner(s)
                entry = spent[s, :room] + (before + self.cost(s)).astype(kind).reshape(LEVELS, cells)
                shift = np.repeat(self.grid[:, None] * product, self.series, axis=1).astype(kind)
                best, work = space[0, :room], space[1, :room]
                if self.series <= _FEW:
                    joined = entry[:, :, None] - levels[:, None, None] * shift
                    np.min(joined, axis=1, out=best)
                else:
                    best.fill(_NEVER)
                    for q in range(LEVELS):
                        np.subtract(entry[:, q : q + 1], shift * levels[q], out=work)
                        np.minimum(best, work, out=best)
                best += (after - self.cost(s + 1)).astype(kind).reshape(LEVELS, cells)
                np.minimum(now[1 : room + 1], best, out=now[1 : room + 1])
            if most > 1 and t > h + 1:
                one, two = self.dips(t)
                back = t - 1 - self.lengths(t)
                start = one.astype(kind).reshape(back.size, 1, cells)
                bend = np.repeat(two[:, :, 0], self.series, axis=1).astype(kind)[:, None]
                block = back.size if self.series <= _FEW else 1
                for at in range(0, back.size, block):
                    part = slice(at, at + block)
                    gain = (start[part] - levels[:, None] * bend[part]) ** 2
                    dipped = np.min(spent[back[part], :-2] - gain[:, None], axis=0)
                    np.minimum(now[2:], dipped, out=now[2:])

    def traced(self) -> ElementSets:
        """Follow every optimum back to its elements."""
        most, rhos, series = self.most, self.rhos, self.series
        shape = (most, rhos, series)
        k, r, s = (part.ravel().copy() for part in np.indices(shape))
        k += 1
        final = self.spent[self.n, 1:] + self.cost(self.n)[None]
        g = np.argmin(final, axis=1).ravel()
        t = np.full(k.size, self.n)
        starts = np.full((k.size, most), self.n, dtype=np.intp)
        ends = np.full((k.size, most), self.n, dtype=np.intp)
        for slot in range(most):
            live = np.flatnonzero((k > 0) & (self.spent[t, k, g, r, s] < _NEVER / 2))
            if not live.size:
                break
            event = self._last_change(k[live], g[live], r[live], s[live], t[live])
            for at in np.unique(event):
                here = live[event == at]
                is_dip, origin, level = self._origin(int(at), k[here], g[here], r[here], s[here])
                starts[here, slot] = origin
                ends[here, slot] = np.where(is_dip, at - 1, self.n)
                k[here] -= np.where(is_dip, 2, 1)
                g[here], t[here] = level, origin
        order = np.argsort(starts, axis=1, kind="stable")
        wide = (*shape, most)
        return ElementSets(
            np.take_along_axis(starts, order, axis=1).reshape(wide),
            np.take_along_axis(ends, order, axis=1).reshape(wide),
        )

    def _last_change(self, k: IntArray, g: IntArray, r: IntArray, s: IntArray, t: IntArray) -> IntArray:
        """Return the last time up to t at which an element ended, for every path."""
        found = np.empty(k.size, dtype=np.intp)
        for first in range(0, k.size, 2000):
            part = slice(first, first + 2000)
            columns = self.spent[:, k[part], g[part], r[part], s[part]]
            moved = (columns[1:] != columns[:-1]) & (np.arange(1, self.n + 1)[:, None] <= t[part])
            found[part] = self.n - np.argmax(moved[::-1], axis=0)
        return found

    def _origin(
        self, t: int, k: IntArray, g: IntArray, r: IntArray, s: IntArray
    ) -> tuple[NDArray[np.bool_], IntArray, IntArray]:
        """Return, for paths that changed at t: whether by a dip, from which time, and the level before."""
        level, grid = self.grid[g], self.grid[None, :]
        start = t - self.h
        old, new, a = self.old[r, start], self.new[r, start], self.a[r, start, s]
        before = ((old[:, None] * grid) + (a - level * new)[:, None]) ** 2
        entry = self.spent[start, k - 1, :, r, s] + before + self._costs(start, r, s, grid)
        q = np.argmin(entry, axis=1)
        broken = entry[np.arange(k.size), q] - self._costs(start + 1, r, s, level[:, None])[:, 0]
        is_dip = np.zeros(k.size, dtype=bool)
        origin = np.full(k.size, start, dtype=np.intp)
        if self.most > 1 and t > self.h + 1:
            one, two = self.dips(t)
            gains = (one[:, r, s] - level * two[:, r, 0]) ** 2
            lengths = self.lengths(t)
            dipped = self.spent[(t - 1 - lengths)[:, None], np.maximum(k - 2, 0), g, r, s] - gains
            dipped[:, k < 2] = _NEVER
            shortest = np.argmin(dipped, axis=0)
            is_dip = dipped[shortest, np.arange(k.size)] < broken
            origin = np.where(is_dip, t - 1 - lengths[shortest], origin)
        return is_dip, origin, np.where(is_dip, g, q)

    def _costs(self, t: int, r: IntArray, s: IntArray, levels: FloatArray) -> FloatArray:
        """Return C_t of the paths at `levels`, shape (paths, levels)."""
        squares, cross, own = (part[:, t] for part in self.sums)
        costs: FloatArray = (
            squares[r, s][:, None] - 2 * levels * cross[r, s][:, None] + levels**2 * own[r, 0][:, None]
        )
        return costs


def _cumulative(values: FloatArray) -> FloatArray:
    """Sum along the second axis, a zero before."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1, *values.shape[2:]))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
