"""The sized procedure: how many elements of the level there are, by looks that hold their size.

From m elements (lasting breaks count one, dips two) the procedure looks at one to five more, each number at
its global optimum: looking for one more only, as sequential tests do, it would be blind to a fall with its
recovery, since the two breaks it has not found raise the estimate of the autocorrelation. The statistic of
j more is twice the log likelihood ratio D_j; its null distribution was simulated by length, shortest segment
and ρ, and is read at the mean of the restricted maximum likelihood estimates of ρ with m and m + j elements,
corrected for their bias. One more is accepted at 2.5 %, two to five at 1 %, together 5 %; then a wild
bootstrap must agree. Where the innovations say that AR(1) overstates the persistence, as it does for a moving
average, the statistic is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.breaks.elements import SampleFits, fits_of
from analysis.breaks.guard import SERIES, wild_fits
from analysis.breaks.sample import Sample
from analysis.numerics.critical_values import LEVELS
from analysis.numerics.element_quantiles import MOST_AHEAD, ElementNull, element_null
from analysis.numerics.least_squares import FloatArray, least_squares
from analysis.numerics.partitions import admissible_breaks

SIZE = 0.05
"""Level of every step."""

ONE_LEVEL, FURTHER_LEVEL = 0.025, 0.01
"""Levels at which one more element, and each of two to five more, is accepted; their sum over nested looks
is 5 % by simulation."""

LAG_BOUND, LEAST_SHARE, PASSED_ON = 1.96, 0.75, 0.35
"""When, and by how much at most, errors of shorter memory than an AR(1) raise the statistic of one more
element, and how much of that several more take over."""

NEGLIGIBLE = 1e-18
"""Share of the variation below which segments fit without error, and no test has a distribution."""

FREE_DIP = 2
"""Elements beyond the most breaks that are searched, so that a dip need not pass for a break."""


@dataclass(frozen=True, slots=True)
class SizedStep:
    """One test of l + j elements against l.

    Attributes
    ----------
    l : int
        Elements under the null.
    j : int
        Elements more: the first number that is accepted, or the one that comes nearest.
    statistic : float
        Likelihood ratio of j more, at its global optimum.
    rho : float
        AR(1) coefficient at which the null distribution was read.
    critical : dict
        Of that statistic, by level, ``"0.10" "0.05" "0.01"``.
    pvalue : float
        Of the whole look at one to five more.
    method : str
        ``table`` or ``bootstrap``, or the name of a trend test.
    note : str
        What lay outside the table, in words.
    guard : float or None
        p-value of the wild bootstrap; None where it was not asked.
    """

    l: int
    j: int
    statistic: float
    rho: float
    critical: dict[str, float | None]
    pvalue: float
    method: str
    note: str
    guard: float | None = None

    @property
    def table_rejects(self) -> bool:
        """Whether the simulated distribution rejects the null of l elements at the 5 % level."""
        critical = self.critical.get(f"{SIZE:.2f}")
        return self.pvalue <= SIZE if critical is None else self.statistic > critical

    @property
    def rejects(self) -> bool:
        """Whether the null is rejected, by the wild bootstrap too where it was asked."""
        return self.table_rejects and (self.guard is None or self.guard <= SIZE)

    def to_record(self) -> dict[str, Any]:
        """Return the step as JSON-ready values."""
        return {
            "l": self.l,
            "j": self.j,
            "stat": self.statistic,
            "critical": self.critical,
            "pvalue": self.pvalue,
            "guard_pvalue": self.guard,
            "ar1": self.rho,
            "method": self.method,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class SizedSearch:
    """Outcome of the sequence of tests.

    Attributes
    ----------
    breaks : tuple of int
        Positions of lasting breaks, in order.
    steps : tuple of SizedStep
        Every test made, the last one not rejecting unless no further element fits.
    dips : tuple of (int, int)
        First observation of every dip and the first after it.
    limit_reached : bool
        Whether as many elements were found as were looked for.
    """

    breaks: tuple[int, ...]
    steps: tuple[SizedStep, ...]
    dips: tuple[tuple[int, int], ...] = ()
    limit_reached: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """One to five more elements than m, for S series: p-values and what they were read at, (J, S)."""

    statistic: FloatArray
    share: FloatArray
    rho: FloatArray
    pvalue: FloatArray

    @property
    def worst(self) -> FloatArray:
        """The smallest p-value relative to its level, shape (S,)."""
        smallest: FloatArray = np.min(self.pvalue / _levels(self.pvalue.shape[0])[:, None], axis=0)
        return smallest


def _levels(count: int) -> FloatArray:
    return np.array([ONE_LEVEL] + [FURTHER_LEVEL] * (MOST_AHEAD - 1))[:count]


def most_elements(sample: Sample) -> int:
    """Return how many elements are looked for: the breaks allowed and one dip, as far as they fit."""
    return admissible_breaks(sample.n, sample.min_length, sample.max_breaks + FREE_DIP)


def sized_search(sample: Sample, *, guard: bool = True, rho: float | None = None) -> SizedSearch:
    """Add elements while the look at one to five more rejects.

    Parameters
    ----------
    sample : Sample
    guard : bool
        Whether the wild bootstrap must agree with every rejection.
    rho : float, optional
        AR(1) coefficient where it is known about, for a quicker search around it.
    """
    most = most_elements(sample)
    found = fits_of(sample, most, rho)
    null = element_null(sample.n, sample.min_length, trend=sample.model == "trend")
    m, steps, limit = 0, [], False
    while m < most and not _fits_without_error(sample, found, m):
        step = _step(sample, found, m, null, guard)
        steps.append(step)
        if not step.rejects:
            break
        if _lasting(sample, found, m + step.j) > sample.max_breaks:
            limit = True
            break
        m += step.j
    starts, ends = found.fits.starts[m, 0], found.fits.ends[m, 0]
    pairs = [(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if a < sample.n]
    breaks = tuple(a for a, b in pairs if b == sample.n)
    dips = tuple(pair for pair in pairs if pair[1] < sample.n)
    full = limit or m == most or len(breaks) == sample.max_breaks
    return SizedSearch(breaks, tuple(steps), dips, full)


def _lasting(sample: Sample, found: SampleFits, m: int) -> int:
    starts, ends = found.fits.starts[m, 0], found.fits.ends[m, 0]
    return int(np.sum((starts < sample.n) & (ends == sample.n)))


def _step(sample: Sample, found: SampleFits, m: int, null: ElementNull, guard: bool) -> SizedStep:
    look = _look(found, m, null)
    pvalues = look.pvalue[:, 0]
    relative = pvalues / _levels(pvalues.size)
    accepted = np.flatnonzero(relative <= 1)
    at = int(accepted[0]) if accepted.size else int(np.argmin(relative))
    rho, share = float(look.rho[at, 0]), float(look.share[at, 0])
    level = float(_levels(pvalues.size)[at])
    critical: dict[str, float | None] = {
        f"{size:.2f}": share * null.critical(level * size / SIZE, rho, at + 1) for size in LEVELS
    }
    notes = [null.outside] if null.outside else []
    if share < 1:
        notes.append(
            f"critical values multiplied by {share:.2f}, since AR(1) overstates how long errors persist here"
        )
    wild = None
    if guard and accepted.size and not _fits_without_error(sample, found, m + at + 1):
        most = min(found.fits.most, m + MOST_AHEAD)
        held = float(np.clip(rho, -0.99, 0.99))
        other = _look(wild_fits(sample, found, m, m + at + 1, held, most), m, null)
        wild = float((1 + np.sum(other.worst <= look.worst[0])) / (1 + SERIES))
    return SizedStep(
        m,
        at + 1,
        float(look.statistic[at, 0]),
        rho,
        critical,
        float(min(1.0, SIZE * relative.min())),
        "table",
        "; ".join(notes),
        wild,
    )


def _look(found: SampleFits, m: int, null: ElementNull) -> _Look:
    fits, n = found.fits, found.y.shape[0]
    count = min(MOST_AHEAD, fits.most - m)
    less = (n - found.common.shape[1]) / n
    gain = 2 * less * (fits.loglik[m + 1 : m + count + 1] - fits.loglik[m])
    gain = np.where(np.isfinite(gain), np.maximum(gain, 0.0), 0.0)
    reading = (fits.reml[m] + fits.reml[m + 1 : m + count + 1]) / 2
    share, rho, pvalue = np.empty_like(gain), np.empty_like(gain), np.empty_like(gain)
    for j in range(1, count + 1):
        own = np.array([share_of(found.innovations(m + j, k)) for k in range(gain.shape[1])])
        share[j - 1] = own if j == 1 else 1 - PASSED_ON * (1 - own)
        rho[j - 1] = null.corrected(reading[j - 1], j)
        pvalue[j - 1] = null.p_value(gain[j - 1] / share[j - 1], rho[j - 1], j)
    return _Look(gain, share, rho, pvalue)


def share_of(innovations: FloatArray) -> float:
    """Return the share of the AR(1) long-run variance that the errors have; 1 unless they contradict it.

    An AR(1) fitted to errors of short memory, such as a moving average, overstates their long-run variance,
    and the likelihood ratio is too small by that factor. Where the second autocorrelation of the innovations
    is below -1.96/√n, the factor is 1 + 2(r₁ + r₂), at least three quarters.

    Parameters
    ----------
    innovations : FloatArray
        Shape (n,).
    """
    power = float(innovations @ innovations)
    if power <= 0:
        return 1.0
    first, second = (float(innovations[lag:] @ innovations[:-lag]) / power for lag in (1, 2))
    if second >= -LAG_BOUND / np.sqrt(innovations.shape[0]):
        return 1.0
    return float(np.clip(1 + 2 * (first + second), LEAST_SHARE, 1.0))


def _fits_without_error(sample: Sample, found: SampleFits, m: int) -> bool:
    """Return whether nothing is left to explain after m elements."""
    if not m:
        return False
    left = least_squares(sample.y, found.design(m)).ssr
    return left <= NEGLIGIBLE * least_squares(sample.y, found.design(0)).ssr
