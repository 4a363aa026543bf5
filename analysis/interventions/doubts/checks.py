"""Checks of date, shape, pre-trend, unlisted breaks and noise, and the doubts that they raise.

Each check is a statistic of the whitened model (`Whitened`): for another date or shape the gain of the log
likelihood, profiled over the other coefficients; for an effect before a date, or a step at a date that no
event has, the same with one column more; for the noise the Ljung-Box statistic of the errors, their kurtosis,
and the cumulated sum of their squares (Brown, Durbin & Evans 1975). All have one null: data of the fitted
model at `DRAWS` fixed sequences. A doubt is raised where the p-value of a check is at most the level at which
all checks together raise one in 5 % of the draws (the minimum-p method of Westfall & Young 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.doubts.alternatives import Alternative, alternatives
from analysis.interventions.doubts.whitening import Whitened
from analysis.interventions.identification import find_groups
from analysis.numerics.fixed_sequence import normals

if TYPE_CHECKING:
    from analysis.interventions.result import InterventionResult

Kind = Literal["date", "shape", "before", "unlisted", "autocorrelation", "tails", "variance"]

OF_AN_EVENT: tuple[Kind, ...] = ("date", "shape", "before")
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
    seen : str
        The smallest effect that it would have seen, in words; empty if there is none.
    """

    kind: Kind
    value: float
    null: FloatArray
    event_ids: tuple[str, ...]
    where: dict[str, Any]
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
    white = Whitened.of(fit.posterior, posterior)
    data = np.column_stack([white.y, white.simulated(normals((len(white.seen), DRAWS), STREAM))])
    units = _units(fit, white)
    profiles = []
    tested: dict[Kind, list[tuple[FloatArray, tuple[str, ...], dict[str, Any], str]]] = {}
    for unit in units:
        gains, profile = _against(fit, white, unit, data)
        profiles.append(profile)
        for kind, entry in gains.items():
            tested.setdefault(kind, []).append((entry[0], unit.event_ids, entry[1], entry[2]))
    found = [_largest(kind, tested[kind]) for kind in OF_AN_EVENT if kind in tested]
    found += _unlisted(fit, white, units, data)
    found += _noise(fit, white, data)
    threshold = _threshold(found)
    raised = [item for item in found if _raised(item, threshold)]
    doubts = [_doubt(fit, item) for item in _told(raised, white.dof)]
    return Checks(tuple(found), threshold, tuple(doubts), tuple(profiles))


def _raised(item: Checked, threshold: float) -> bool:
    enough = item.kind not in ("date", "shape") or item.value >= LEAST_GAIN
    return enough and item.p <= threshold


def _told(raised: Sequence[Checked], dof: int) -> list[Checked]:
    """Return the checks that are told: of one event the date or the shape that explains most, not both.

    A rush or a fading effect has a coefficient more, which must be worth half the log of the sample (BIC).
    What a wrong date or shape explains (an effect before the date, a step beside it, single large errors) is
    not told beside it.
    """
    named = [item for item in raised if item.kind in ("date", "shape")]
    if not named:
        return list(raised)

    def worth(item: Checked) -> float:
        return item.value - (0.5 * np.log(dof) if item.where["what"] in ("rush", "fading") else 0.0)

    about = sorted({item.event_ids for item in named})
    best = [max((item for item in named if item.event_ids == ids), key=worth) for ids in about]
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


def _against(
    fit: InterventionResult, white: Whitened, unit: _Unit, data: FloatArray
) -> tuple[dict[Kind, tuple[FloatArray, dict[str, Any], str]], dict[str, Any]]:
    """Return the largest gain of each kind of alternative to one unit, and the profile of its date."""
    basis = white.residual_maker(unit.places)
    own = _orthonormal(white.columns[:, unit.places], basis)
    left = data - basis @ (basis.T @ data)
    total = (left**2).sum(axis=0)
    declared = total - ((own.T @ left) ** 2).sum(axis=0)
    best: dict[Kind, tuple[FloatArray, dict[str, Any], str]] = {}
    profile: dict[int, float] = {0: 0.0}
    for option in alternatives(unit.columns, fit.series.frequency):
        gain = _gain(white, option, basis, own, left, total, declared)
        if gain is None:
            continue
        if option.family == "date":
            profile[option.periods] = float(gain[0])
        kind: Kind = option.family
        where = {"what": option.what, "periods": option.periods}
        if kind not in best:
            best[kind] = (gain, where, "")
        else:
            known, place, seen = best[kind]
            best[kind] = (np.maximum(known, gain), where if gain[0] > known[0] else place, seen)
    shown = {
        "event_ids": list(unit.event_ids),
        "label": unit.label,
        "gain": {str(shift): profile[shift] for shift in sorted(profile)},
    }
    return best, shown


def _gain(
    white: Whitened,
    option: Alternative,
    basis: FloatArray,
    own: FloatArray,
    left: FloatArray,
    total: FloatArray,
    declared: FloatArray,
) -> FloatArray | None:
    """Return the gain of the log likelihood in the data and every draw; None if it cannot be told."""
    matrix = white.whiten(option.columns)
    size = (matrix**2).sum(axis=0)
    if not (size > 0).all():
        return None
    matrix = matrix - basis @ (basis.T @ matrix)
    if option.added:
        matrix = matrix - own @ (own.T @ matrix)
    if ((matrix**2).sum(axis=0) < OWN * size).any():
        return None
    q, r = np.linalg.qr(matrix)
    if np.abs(np.diag(r)).min() < 1e-6 * np.abs(np.diag(r)).max():
        return None
    start = declared if option.added else total
    after = np.maximum(start - ((q.T @ left) ** 2).sum(axis=0), 1e-300)
    return np.asarray(0.5 * white.dof * np.log(declared / after))


def _orthonormal(matrix: FloatArray, basis: FloatArray) -> FloatArray:
    q, _ = np.linalg.qr(matrix - basis @ (basis.T @ matrix))
    return np.asarray(q)


def _largest(
    kind: Kind, tested: Sequence[tuple[FloatArray, tuple[str, ...], dict[str, Any], str]]
) -> Checked:
    values = np.array([gain for gain, *_ in tested])
    which = int(np.argmax(values[:, 0]))
    largest = values.max(axis=0)
    _, event_ids, where, seen = tested[which]
    return Checked(kind, float(largest[0]), largest[1:], event_ids, where, seen)


def _unlisted(
    fit: InterventionResult, white: Whitened, units: Sequence[_Unit], data: FloatArray
) -> list[Checked]:
    """Return the largest step at a date in no event's window."""
    length = len(fit.series)
    basis = white.residual_maker(np.empty(0, dtype=np.intp))
    left = data - basis @ (basis.T @ data)
    rss = (left**2).sum(axis=0)
    closed = fit.posterior.evidence.regime > 0
    for unit in units:
        starts = np.flatnonzero(np.diff((unit.columns != 0).any(axis=1).astype(int), prepend=0) > 0)
        for start in starts:
            closed[max(start - 1, 0) : start + 2] = True
    first, last = white.seen[min(EDGE, len(white.seen) - 1)], white.seen[max(len(white.seen) - EDGE, 0)]
    dates = [t for t in range(int(first), int(last)) if not closed[t]]
    if not dates:
        return []
    steps = (np.arange(length)[:, None] >= np.array(dates)[None, :]).astype(np.float64)
    matrix = white.whiten(steps)
    size = (matrix**2).sum(axis=0)
    matrix = matrix - basis @ (basis.T @ matrix)
    own = (matrix**2).sum(axis=0)
    kept = own > OWN * size
    if not kept.any():
        return []
    matrix, own = matrix[:, kept], own[kept]
    cross = matrix.T @ left
    after = np.maximum(rss - cross**2 / own[:, None], 1e-300)
    gain = 0.5 * white.dof * np.log(rss / after)
    which = int(np.argmax(gain[:, 0]))
    date = int(np.array(dates)[kept][which])
    effect = float(cross[which, 0] / own[which])
    threshold = float(np.quantile(gain[:, 1:].max(axis=0), 1 - FALSE_DOUBTS))
    least = float(np.sqrt(2 * threshold) * white.sigma / np.sqrt(np.median(own)))
    where = {"date": str(fit.series.periods[date]), "effect": effect}
    seen = f"a step of {_size(fit, least)} at a middling date would have been seen"
    return [Checked("unlisted", float(gain[which, 0]), gain[:, 1:].max(axis=0), (), where, seen)]


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
    return Doubt(item.kind, item.event_ids, _text(fit, item), numbers)


def _text(fit: InterventionResult, item: Checked) -> str:
    names = " + ".join(fit.events[i].title for i in item.event_ids)
    unit = {"A": "year", "Q": "quarter", "M": "month", "D": "day"}[fit.series.frequency]
    where = item.where
    match item.kind:
        case "date":
            count = abs(where["periods"])
            side = "earlier" if where["periods"] < 0 else "later"
            return (
                f"The data prefer {names} {count} {unit}{'s' if count > 1 else ''} {side} than dated "
                f"(log likelihood {item.value:.0f} higher): what is dated to it may be wrong."
            )
        case "shape":
            return (
                f"The data prefer {_shape(where, unit)} to the shape declared for {names} (log likelihood "
                f"{item.value:.0f} higher)."
            )
        case "before":
            count = where["periods"]
            return (
                f"There is a change in the {count} {unit}{'s' if count > 1 else ''} before {names}, where "
                "there should be none."
            )
        case "unlisted":
            return (
                f"The series moves by {_size(fit, where['effect'])} in {where['date']}, where no event is "
                "listed: estimates near it may be wrong."
            )
        case "autocorrelation":
            return "The errors of the model are correlated with one another: intervals may be too narrow."
        case "tails":
            return "Single periods depart far more than the model expects: intervals may be too narrow."
        case "variance":
            ratio = where["ratio"]
            more = f"{ratio:.1f} times" if ratio >= 1 else f"1/{1 / ratio:.1f} of"
            return (
                f"From {where['date']} on the variance is {more} what it was before, and no stretch is "
                "declared: declare one (regime), or intervals are wrong."
            )


def _shape(where: dict[str, Any], unit: str) -> str:
    count, what = where["periods"], where["what"]
    span = f"{count} {unit}{'s' if count > 1 else ''}"
    return {
        "phase-in": f"an effect that phases in over {span}",
        "temporary": f"an effect that is gone after {span}",
        "fading": f"an effect that fades, by half in {span}",
        "rush": f"a rush in the {span} before the date",
    }[what]


def _size(fit: InterventionResult, effect: float) -> str:
    if fit.logs:
        return f"{100 * np.expm1(effect):+.0f} %".replace("-", "−")
    return f"{effect:+,.3g} {fit.series.unit}".replace("-", "−").rstrip()
