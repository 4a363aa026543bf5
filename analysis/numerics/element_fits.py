"""The likeliest elements of each number, for many series of one design side by side.

The dynamic programme sees a series less its common part (seasons, trend, controls). That part is first taken
from the differences of the series, which a shift of the level touches in one observation only, then from the
likeliest elements of one number after the other; the candidates of all rounds are compared by the exact
likelihood, in which the common part is estimated jointly with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.numerics.break_likelihood import Whitening
from analysis.numerics.element_likelihood import ElementTables, SetLikelihood
from analysis.numerics.element_search import SEARCHED_Z, ElementSets, search_elements
from analysis.numerics.least_squares import FloatArray, IntArray

_REACH = 0.8
"""How far below the errors' own atanh ρ `near` goes; above, half as far."""

_TAKEN_OVER = 2
"""Candidates of each number that are compared with the weights they were not searched with."""


@dataclass(frozen=True, slots=True)
class ElementFits:
    """The best set of exactly m elements, m = 0, ..., K, of each of S series.

    Attributes
    ----------
    loglik, reml : FloatArray
        Log likelihood, and restricted maximum likelihood estimate of ρ, shape (K + 1, S).
    starts, ends : IntArray
        The elements, as in `ElementSets`, shape (K + 1, S, K).
    scale : IntArray
        Which of the weights was likeliest, shape (K + 1, S).
    """

    loglik: FloatArray
    reml: FloatArray
    starts: IntArray
    ends: IntArray
    scale: IntArray

    @property
    def most(self) -> int:
        """Largest number of elements."""
        return int(self.loglik.shape[0] - 1)


def fit_elements(
    y: FloatArray,
    common: FloatArray,
    calendar: IntArray,
    min_length: int,
    most: int,
    *,
    rounds: tuple[int, ...] = (),
    weights: FloatArray | None = None,
    searched: int = 1,
    z: FloatArray = SEARCHED_Z,
) -> ElementFits:
    """Search and compare.

    Parameters
    ----------
    y : FloatArray
        Shape (n, S).
    common : FloatArray
        Columns that all segments share, the intercept not among them, shape (n, p).
    calendar : IntArray
        Shape (n,).
    min_length, most : int
        Fewest observations of a segment; largest number of elements.
    rounds : tuple of int
        Numbers of elements at which the common part is estimated for a further search.
    weights : FloatArray, optional
        One over the standard deviation of the errors in relative terms, one row for each that is compared,
        shape (F, n); default: one row of ones.
    searched : int
        How many of the rows the programme runs with; the others enter the comparison only.
    z : FloatArray
        atanh ρ at which it runs.
    """
    rows = np.ones((1, y.shape[0])) if weights is None else weights
    collected = _Best(rows, y, common, calendar, most)
    for place, row in enumerate(rows[:searched]):
        for stage in (None, *rounds) if common.shape[1] else (None,):
            if stage is None:
                coefficients = _from_differences(y, row, common)
            else:
                coefficients = collected.common_part(row, min(stage, most))
            left = (y - common @ coefficients) * row[:, None]
            collected.add(search_elements(left, row, calendar, min_length, most, z), place)
    return collected.fits


class _Best:
    """The best candidates so far."""

    def __init__(
        self, rows: FloatArray, y: FloatArray, common: FloatArray, calendar: IntArray, most: int
    ) -> None:
        n, series = y.shape
        self.y, self.common, self.calendar = y, common, calendar
        base = np.column_stack([np.ones(n), common])
        self.tables = [
            ElementTables(y * row[:, None], base * row[:, None], row, calendar, float(np.sum(np.log(row))))
            for row in rows
        ]
        nothing = np.full((most + 1, series, most), n, dtype=np.intp)
        shape = (most + 1, series)
        self.fits = ElementFits(
            np.full(shape, -np.inf),
            np.zeros(shape),
            nothing,
            nothing.copy(),
            np.zeros(shape, dtype=np.intp),
        )
        none = ElementSets(nothing[None, :1], nothing[None, :1])
        for k, table in enumerate(self.tables):
            self._keep(k, table.likelihood(_flat(none)), none, 0)

    def add(self, found: ElementSets, place: int) -> None:
        """Compare the candidates of the search with row `place`; with the other rows the best few of them."""
        like = self.tables[place].likelihood(_flat(found))
        self._keep(place, like, found, 1)
        if len(self.tables) == 1:
            return
        order = np.argsort(-like.loglik.reshape(found.starts.shape[:3]), axis=1)[:, :_TAKEN_OVER, :, None]
        few = ElementSets(
            np.take_along_axis(found.starts, order, axis=1), np.take_along_axis(found.ends, order, axis=1)
        )
        for k, table in enumerate(self.tables):
            if k != place:
                self._keep(k, table.likelihood(_flat(few)), few, 1)

    def _keep(self, k: int, like: SetLikelihood, sets: ElementSets, first: int) -> None:
        """Keep what is better; `sets` have the shape (numbers of elements, candidates, S, K)."""
        numbers, _, series = sets.starts.shape[:3]
        number = np.arange(series)
        loglik, reml = (part.reshape(numbers, -1, series) for part in (like.loglik, like.reml))
        for place in range(numbers):
            m = first + place
            top = np.argmax(loglik[place], axis=0)
            best = loglik[place, top, number]
            better = best > self.fits.loglik[m]
            at = (place, top[better], number[better])
            self.fits.loglik[m, better] = best[better]
            self.fits.reml[m, better] = reml[at]
            self.fits.starts[m, better], self.fits.ends[m, better] = sets.starts[at], sets.ends[at]
            self.fits.scale[m, better] = k

    def common_part(self, row: FloatArray, m: int) -> FloatArray:
        """Return the coefficients of the common part with the best m elements, shape (p, S)."""
        n, series = self.y.shape
        found = np.empty((self.common.shape[1], series))
        for k in range(series):
            elements = element_columns(n, self.fits.starts[m, k], self.fits.ends[m, k])
            design = np.column_stack([self.common, np.ones(n), elements]) * row[:, None]
            white = Whitening.of(float(np.clip(self.fits.reml[m, k], -0.99, 0.995)), self.calendar)
            outcome = white.apply(self.y[:, k] * row)
            found[:, k] = np.linalg.lstsq(white.apply(design), outcome, rcond=None)[0][: found.shape[0]]
        return found


def _flat(sets: ElementSets) -> ElementSets:
    """Put all candidates of a series behind one another, shape (C, S, K)."""
    shape = (-1, *sets.starts.shape[2:])
    return ElementSets(sets.starts.reshape(shape), sets.ends.reshape(shape))


def near(rho: float) -> FloatArray:
    """Return five values of atanh ρ around the coefficient of errors that are known up to chance."""
    z = float(np.clip(np.arctanh(rho), SEARCHED_Z[0] + _REACH, SEARCHED_Z[-1] - _REACH / 2))
    return np.linspace(z - _REACH, z + _REACH / 2, 5)


def element_columns(n: int, starts: IntArray, ends: IntArray) -> FloatArray:
    """Return the columns of elements, shape (n, K'); slots without one are left out.

    Parameters
    ----------
    n : int
    starts, ends : IntArray
        Shape (K,).
    """
    time = np.arange(n)[:, None]
    used = starts < n
    inside: FloatArray = ((time >= starts[used]) & (time < ends[used])).astype(float)
    return inside


def _from_differences(y: FloatArray, row: FloatArray, common: FloatArray) -> FloatArray:
    """Return the coefficients of `common` by least squares of differences, shape (p, S)."""
    if not common.shape[1]:
        return np.zeros((0, y.shape[1]))
    weight = np.minimum(row[1:], row[:-1])[:, None]
    found = np.linalg.lstsq(np.diff(common, axis=0) * weight, np.diff(y, axis=0) * weight, rcond=None)
    return np.asarray(found[0])
