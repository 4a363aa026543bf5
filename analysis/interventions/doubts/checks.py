"""Checks of date, shape, pre-trend, unlisted breaks and noise, and the doubts that they raise.

Each check is a statistic of the whitened model (`Whitened`): for another date or shape the gain of the log
likelihood, profiled over the other coefficients and the points of the noise, less half the log of the sample
for a coefficient more (BIC); for an effect before a date, or a step at a date that no event has, the same
with one column more; for the noise, at its heaviest point, the Ljung-Box statistic of the errors, their
kurtosis, and the cumulated sum of their squares (Brown, Durbin & Evans 1975). All have one null: data of the
fitted model at `DRAWS` fixed sequences. A doubt is raised where the p-value of a check is at most the level
at which all checks together raise one in 5 % of the draws (the minimum-p method of Westfall & Young 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.doubts.alternatives import (
    LEADS,
    SHIFTS,
    Alternative,
    Family,
    alternatives,
    examples,
)
from analysis.interventions.doubts.whitening import Whitened
from analysis.interventions.doubts.words import text_of, would_have_seen
from analysis.interventions.identification import find_groups
from analysis.numerics.fixed_sequence import normals

if TYPE_CHECKING:
    from analysis.interventions.joint.posterior import DatingPosterior
    from analysis.interventions.result import InterventionResult

Kind = Literal["date", "shape", "before", "unlisted", "autocorrelation", "tails", "variance"]

OF_AN_EVENT: tuple[Family, ...] = ("date", "shape", "before")
DRAWS = 999
STREAM = 4_400_000
"""Fixed sequences of the null."""
FALSE_DOUBTS = 0.05
"""Share of clean answers that may carry any doubt."""
LEAST_GAIN = 3.0
"""Gain of the log likelihood below which no other date or shape is named."""
OWN = 0.02
"""Share of a column's sum of squares that the rest of the model may not carry."""
EDGE = 6
"""Observed periods that a step needs on both sides."""
LAGS = 12
FOUR_IN_FIVE = 0.84
"""Normal quantile of the chance at which a check counts as one that would have seen an effect."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a check found.

    Attributes
    ----------
    kind : Kind
    event_ids : tuple of str
        Events that it is about; empty for the noise.
    text : str
    numbers : dict
        The statistic, its p-value, and the date or shape that is preferred.
    """

    kind: Kind
    event_ids: tuple[str, ...]
    text: str
    numbers: dict[str, Any]

    def to_record(self) -> dict[str, Any]:
        """Return the doubt as JSON-ready values."""
        return {
            "kind": self.kind,
            "text": self.text,
            "event_ids": list(self.event_ids),
            "numbers": self.numbers,
        }


@dataclass(frozen=True, slots=True)
class Checked:
    """One check of one kind: the statistic of the data and of the draws, and what it points at.

    Attributes
    ----------
    kind : Kind
    value : float
    null : ndarray, shape (DRAWS,)
    event_ids : tuple of str
    where : dict
        What the largest statistic is of: shift, shape, date.
    reach : float
        Standard deviation of the white noise over what is left of the alternative's column of size one, of
        the event for which it is hardest; 0 if the check has no size of effect.
    seen : str
        The smallest effect that it would have seen, in words; empty if there is none.
    """

    kind: Kind
    value: float
    null: FloatArray
    event_ids: tuple[str, ...]
    where: dict[str, Any]
    reach: float = 0.0
    seen: str = ""

    @property
    def p(self) -> float:
        """Share of draws, the data among them, with a statistic as large."""
        return (1 + int((self.null >= self.value).sum())) / (len(self.null) + 1)


@dataclass(frozen=True)
class Checks:
    """All checks of one fit.

    Attributes
    ----------
    checked : tuple of Checked
    threshold : float
        p-value up to which a check raises a doubt.
    doubts : tuple of Doubt
    profiles : tuple of dict
        For each event or group the gain of the log likelihood at every shift of its date.
    """

    checked: tuple[Checked, ...]
    threshold: float
    doubts: tuple[Doubt, ...]
    profiles: tuple[dict[str, Any], ...]

    def to_record(self) -> dict[str, Any]:
        """Return the checks with their p-values, and the profiles."""
        return {
            "draws": DRAWS,
            "threshold": self.threshold,
            "checks": [
                {
                    "kind": item.kind,
                    "statistic": item.value,
                    "p": item.p,
                    "event_ids": list(item.event_ids),
                    **item.where,
                    "would_have_seen": item.seen,
                }
                for item in self.checked
            ],
            "profiles": list(self.profiles),
        }


@dataclass(frozen=True)
class _Unit:
    """One event, or events that share a row: their columns and their place in the design."""

    event_ids: tuple[str, ...]
    label: str
    places: NDArray[np.intp]
    columns: FloatArray


def check(fit: InterventionResult) -> Checks:
    """Check date, shape and noise of a fitted joint model.

    Parameters
    ----------
    fit : InterventionResult

    Returns
    -------
    Checks
    """
    posterior = fit.posterior.dating(fit.clock)
    points = Whitened.points(fit.posterior, posterior, _near(fit, posterior))
    raw = points[0].data(normals((len(points[0].seen), DRAWS), STREAM))
    data = [white.observed(raw) for white in points]
    units = _units(fit, points[0])
    profiles = []
    tested: dict[Kind, list[_Tested]] = {}
    for unit in units:
        best, profile = _against(fit, points, unit, data)
        profiles.append(profile)
        for kind, entry in best.items():
            tested.setdefault(kind, []).append(entry)
    found = [_largest(kind, tested[kind]) for kind in OF_AN_EVENT if kind in tested]
    found += _unlisted(fit, points, units, data)
    found += _noise(fit, points[0], data[0])
    threshold = _threshold(found)
    found = [replace(item, seen=_seen(fit, item, threshold)) for item in found]
    raised = [item for item in found if _raised(item, threshold)]
    doubts = [_doubt(fit, item) for item in _told(raised)]
    return Checks(tuple(found), threshold, tuple(doubts), tuple(profiles))


def _near(fit: InterventionResult, posterior: DatingPosterior) -> NDArray[np.bool_]:
    """Return the periods into which an alternative date or shape of some event reaches, shape (T,)."""
    shares = fit.posterior.design.variants[int(posterior.variant[int(np.argmax(posterior.weight))])].shares
    starts = np.argmax(shares > 0, axis=0)[(shares > 0).any(axis=0)]
    frequency = fit.series.frequency
    reach = max(SHIFTS[frequency], *LEADS[frequency])
    return np.asarray(
        (np.abs(np.arange(len(shares))[:, None] - starts[None, :]) <= reach).any(axis=1), dtype=bool
    )


def _seen(fit: InterventionResult, item: Checked, threshold: float) -> str:
    """Return the smallest effect that a check would have seen four times in five, in words."""
    if item.reach == 0:
        return ""
    gain = float(np.quantile(item.null, 1 - threshold))
    if item.kind in ("date", "shape"):
        gain = max(gain, LEAST_GAIN)
    least = (np.sqrt(2 * max(gain, 0.0)) + FOUR_IN_FIVE) * item.reach
    return would_have_seen(fit, item.kind, float(least))


def _raised(item: Checked, threshold: float) -> bool:
    enough = item.kind not in ("date", "shape") or item.value >= LEAST_GAIN
    return enough and item.p <= threshold


def _told(raised: Sequence[Checked]) -> list[Checked]:
    """Return the checks that are told: of one event the date or the shape that explains most, not both.

    What a wrong date or shape explains (an effect before the date, a step beside it, single large errors) is
    not told beside it.
    """
    named = [item for item in raised if item.kind in ("date", "shape")]
    if not named:
        return list(raised)
    about = sorted({item.event_ids for item in named})
    best = [
        max((item for item in named if item.event_ids == ids), key=lambda item: item.value) for ids in about
    ]
    others = [item for item in raised if item.kind in ("autocorrelation", "variance")]
    return [*best, *others]


def _units(fit: InterventionResult, white: Whitened) -> list[_Unit]:
    design = fit.posterior.design
    groups = find_groups(fit.posterior, fit.events, fit.aliasing, size=fit.size, bounds=fit.bounds)
    owner = {name: group for group in groups for name in group.terms}
    posterior = fit.posterior.dating(fit.clock)
    variant = design.variants[int(posterior.variant[int(np.argmax(posterior.weight))])]
    found, done = [], set()
    for term in design.event_terms:
        if term.kind != "event" or term.name in done:
            continue
        names = owner[term.name].terms if term.name in owner else (term.name,)
        done |= set(names)
        members = [t for t in design.event_terms if t.name in names]
        places = np.concatenate([np.arange(t.columns.start, t.columns.stop) for t in members])
        places = places[white.free[places]]
        if len(places):
            ids = tuple(i for t in members for i in t.event_ids)
            label = " + ".join(fit.events[i].title for i in ids)
            found.append(_Unit(ids, label, places, variant.columns[:, places]))
    return found


@dataclass(frozen=True)
class _Tested:
    """The largest gain of one kind of alternative to one unit, in the data and every draw."""

    gain: FloatArray
    event_ids: tuple[str, ...]
    where: dict[str, Any]
    reach: float


@dataclass(frozen=True)
class _Projected:
    """One point of the noise, with one unit's columns taken out of everything."""

    white: Whitened
    basis: FloatArray
    own: FloatArray
    left: FloatArray
    total: FloatArray
    declared: FloatArray

    @classmethod
    def of(cls, white: Whitened, unit: _Unit, data: FloatArray) -> _Projected:
        basis = white.residual_maker(unit.places)
        own = _orthonormal(white.columns[:, unit.places], basis)
        left = data - basis @ (basis.T @ data)
        total = (left**2).sum(axis=0)
        return cls(white, basis, own, left, total, total - ((own.T @ left) ** 2).sum(axis=0))

    def likelihoods(self, options: Sequence[Alternative]) -> FloatArray:
        """Return the log likelihood of the data and every draw under each alternative, shape (A, 1 + draws).

        Minus infinity where it cannot be told from what is declared.
        """
        apart = [self._apart(option) for option in options]
        told = [k for k, q in enumerate(apart) if q is not None]
        found = np.full((len(options), self.left.shape[1]), -np.inf)
        if not told:
            return found
        each = [q for q in apart if q is not None]
        squares = (np.hstack(each).T @ self.left) ** 2
        carried = np.add.reduceat(squares, np.cumsum([0, *(q.shape[1] for q in each[:-1])]), axis=0)
        added = np.array([options[k].added for k in told])[:, None]
        rss = np.where(added, self.declared, self.total) - carried
        extra = np.array([options[k].added and options[k].family == "shape" for k in told])[:, None]
        found[told] = self.white.likelihood(rss) - 0.5 * np.log(self.white.dof) * extra
        return found

    def _apart(self, option: Alternative) -> FloatArray | None:
        matrix = self.white.whiten(option.columns)
        size = (matrix**2).sum(axis=0)
        if not (size > 0).all():
            return None
        matrix = matrix - self.basis @ (self.basis.T @ matrix)
        if option.added:
            matrix = matrix - self.own @ (self.own.T @ matrix)
        if ((matrix**2).sum(axis=0) < OWN * size).any():
            return None
        q, r = np.linalg.qr(matrix)
        if np.abs(np.diag(r)).min() < 1e-6 * np.abs(np.diag(r)).max():
            return None
        return np.asarray(q)

    def reach(self, columns: FloatArray) -> float:
        """Return the noise over what the declared columns leave of the sum of others; infinite if nothing."""
        column = self.white.whiten(columns.sum(axis=1, keepdims=True))
        column = column - self.basis @ (self.basis.T @ column)
        column = column - self.own @ (self.own.T @ column)
        left = float(np.sqrt((column**2).sum()))
        return self.white.sigma / left if left > 0 else np.inf


def _against(
    fit: InterventionResult, points: Sequence[Whitened], unit: _Unit, data: Sequence[FloatArray]
) -> tuple[dict[Kind, _Tested], dict[str, Any]]:
    """Return the largest gain of each kind of alternative to one unit, and the profile of its date."""
    projected = [_Projected.of(white, unit, own) for white, own in zip(points, data, strict=True)]
    declared = np.max([p.white.likelihood(p.declared) for p in projected], axis=0)
    frequency = fit.series.frequency
    reach = {kind: projected[0].reach(columns) for kind, columns in examples(unit.columns, frequency)}
    options = list(alternatives(unit.columns, frequency))
    likely = [p.likelihoods(options) for p in projected]
    gain = np.max(likely, axis=0) - declared
    told = np.isfinite(likely[0][:, 0])
    best: dict[Kind, _Tested] = {}
    for kind in OF_AN_EVENT:
        own = [k for k, option in enumerate(options) if option.family == kind and told[k]]
        if own:
            first = options[own[int(np.argmax(gain[own, 0]))]]
            where = {"what": first.what, "periods": first.periods}
            best[kind] = _Tested(gain[own].max(axis=0), unit.event_ids, where, reach[kind])
    profile = {0: 0.0} | {
        option.periods: float(gain[k, 0])
        for k, option in enumerate(options)
        if option.family == "date" and told[k]
    }
    shown = {
        "event_ids": list(unit.event_ids),
        "label": unit.label,
        "gain": {str(shift): profile[shift] for shift in sorted(profile)},
    }
    return best, shown


def _orthonormal(matrix: FloatArray, basis: FloatArray) -> FloatArray:
    q, _ = np.linalg.qr(matrix - basis @ (basis.T @ matrix))
    return np.asarray(q)


def _largest(kind: Kind, tested: Sequence[_Tested]) -> Checked:
    values = np.array([entry.gain for entry in tested])
    which = tested[int(np.argmax(values[:, 0]))]
    largest = values.max(axis=0)
    reach = max(entry.reach for entry in tested)
    return Checked(
        kind,
        float(largest[0]),
        largest[1:],
        which.event_ids,
        which.where,
        reach if np.isfinite(reach) else 0.0,
    )


def _unlisted(
    fit: InterventionResult, points: Sequence[Whitened], units: Sequence[_Unit], data: Sequence[FloatArray]
) -> list[Checked]:
    """Return the largest step at a date in no event's window."""
    length, seen = len(fit.series), points[0].seen
    closed = fit.posterior.evidence.regime > 0
    for unit in units:
        starts = np.flatnonzero(np.diff((unit.columns != 0).any(axis=1).astype(int), prepend=0) > 0)
        for start in starts:
            closed[max(start - 1, 0) : start + 2] = True
    first, last = seen[min(EDGE, len(seen) - 1)], seen[max(len(seen) - EDGE, 0)]
    dates = np.array([t for t in range(int(first), int(last)) if not closed[t]], dtype=np.intp)
    steps = (np.arange(length)[:, None] >= dates[None, :]).astype(np.float64)
    whole = [white.residual_maker(np.empty(0, dtype=np.intp)) for white in points]
    matrices = []
    for white, basis in zip(points, whole, strict=True):
        matrix = white.whiten(steps)
        if white is points[0]:
            size = (matrix**2).sum(axis=0)
        matrices.append(matrix - basis @ (basis.T @ matrix))
    kept = (matrices[0] ** 2).sum(axis=0) > OWN * size
    dates = dates[kept]
    if not len(dates):
        return []
    likely, declared, of_data = [], [], []
    for white, basis, matrix, given in zip(points, whole, matrices, data, strict=True):
        unit_steps = matrix[:, kept] / np.sqrt((matrix[:, kept] ** 2).sum(axis=0))
        left = given - basis @ (basis.T @ given)
        rss = (left**2).sum(axis=0)
        carried = (unit_steps.T @ left) ** 2
        likely.append(white.likelihood(rss - carried.max(axis=0)))
        declared.append(white.likelihood(rss))
        of_data.append(white.likelihood(rss[0] - carried[:, 0]))
    gain = np.max(likely, axis=0) - np.max(declared, axis=0)
    best = np.max(of_data, axis=0)
    which = int(np.argmax(best))
    point = int(np.argmax([one[which] for one in of_data]))
    column, basis = matrices[point][:, kept][:, which], whole[point]
    left = data[point][:, 0] - basis @ (basis.T @ data[point][:, 0])
    effect = float(column @ left / (column @ column))
    sizes = (matrices[0][:, kept] ** 2).sum(axis=0)
    where = {"date": str(fit.series.periods[int(dates[which])]), "effect": effect}
    reach = float(points[0].sigma / np.sqrt(np.median(sizes)))
    return [Checked("unlisted", float(gain[0]), gain[1:], (), where, reach)]


def _noise(fit: InterventionResult, white: Whitened, data: FloatArray) -> list[Checked]:
    basis = white.residual_maker(np.empty(0, dtype=np.intp))
    n = len(white.seen)
    errors = (data - basis @ (basis.T @ data))[:n]
    scaled = errors / np.sqrt((errors**2).mean(axis=0))
    lags = range(1, min(LAGS, n // 5) + 1)
    box = sum(((scaled[k:] * scaled[:-k]).sum(axis=0) / n) ** 2 * n * (n + 2) / (n - k) for k in lags)
    tails = (scaled**4).mean(axis=0)
    summed = np.cumsum(scaled**2, axis=0) / n
    apart = np.abs(summed - (np.arange(1, n + 1) / n)[:, None]) * np.sqrt(n / 2)
    date = int(np.argmax(apart[:, 0]))
    ratio = (
        float(scaled[date + 1 :, 0].var() / max(scaled[: date + 1, 0].var(), 1e-300)) if date + 2 < n else 1.0
    )
    place = str(fit.series.periods[int(white.seen[min(date + 1, n - 1)])])
    statistics: list[tuple[Kind, FloatArray, dict[str, Any]]] = [
        ("autocorrelation", np.asarray(box), {"lags": len(lags)}),
        ("tails", tails, {"kurtosis": float(tails[0])}),
        ("variance", apart.max(axis=0), {"date": place, "ratio": ratio}),
    ]
    return [Checked(kind, float(v[0]), np.asarray(v[1:]), (), where) for kind, v, where in statistics]


def _threshold(checked: Sequence[Checked]) -> float:
    """Return the p-value up to which a check raises a doubt, so that all together do in `FALSE_DOUBTS`."""
    ranks = []
    for item in checked:
        order = np.argsort(np.argsort(-item.null, kind="stable"), kind="stable")
        ranks.append((order + 1) / (len(item.null) + 1))
    return float(np.quantile(np.min(ranks, axis=0), FALSE_DOUBTS, method="lower"))


def _doubt(fit: InterventionResult, item: Checked) -> Doubt:
    numbers = {"statistic": item.value, "p": item.p, **item.where}
    return Doubt(item.kind, item.event_ids, text_of(fit, item), numbers)
