"""The formula: the change between two windows, divided in the order of time.

In logs ``ln y_t = sum_j g_jt``. One of the two windows, the larger, is the base. A part that has not been
played yet stands at its mean over the base; the constant s makes the mean of all parts over the base the
observed one. Parts are played in the order of time: season, calendar and covariates, then events in the
order of their first full period (backwards if the base is the later window), then growth. The contribution
of a part is what the change moves by when it is played. So no event takes away more than stood there, and
an exact end is the limit of an effect without bound. On the level scale the parts add up as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.domain import FloatArray


def divide(
    named: FloatArray,
    fixed: FloatArray,
    split: int,
    base: float,
    *,
    later: bool,
    players: Sequence[Sequence[int]],
    logs: bool,
) -> FloatArray:
    """Return the contribution of every player to the change between two windows.

    Parameters
    ----------
    named : ndarray, shape (P, N, n_start + n_end)
        ``g_jt`` of P parts for N draws, periods of the earlier window first.
    fixed : ndarray, shape (N, n_start + n_end)
        The intercept and the parts that keep their own value in every period.
    split : int
        Number of periods of the earlier window.
    base : float
        Observed mean of the base window.
    later : bool
        Whether the later window is the base.
    players : sequence of sequence of int
        Positions in `named` in the order in which they are played; those played together share one.
    logs : bool

    Returns
    -------
    ndarray, shape (len(players), N)
        Of the change from the earlier to the later window, per period.
    """
    here, there = slice(0, split), slice(split, named.shape[2])
    if not logs:
        moves = named[:, :, there].mean(axis=2) - named[:, :, here].mean(axis=2)
        return np.array([moves[list(p)].sum(axis=0) for p in players]).reshape(len(players), named.shape[1])
    own, other = (there, here) if later else (here, there)
    used = [j for player in players for j in player]
    total = fixed[:, own] + named[used][:, :, own].sum(axis=0)
    width = total.shape[1]
    constant = np.log(base) + np.log(width) - special.logsumexp(total, axis=1)
    reference = named[:, :, own].mean(axis=2, keepdims=True)
    path = fixed + constant[:, None] + reference[used].sum(axis=0)
    value = _difference(path, own, other)
    found = np.empty((len(players), named.shape[1]))
    for k, player in enumerate(players):
        for j in player:
            path = path + (named[j] - reference[j])
        following = _difference(path, own, other)
        found[k] = following - value
        value = following
    return -found if later else found


def _difference(path: FloatArray, own: slice, other: slice) -> FloatArray:
    levels = np.exp(path)
    return np.asarray(levels[:, other].mean(axis=1) - levels[:, own].mean(axis=1))


def order_of_play(first: FloatArray, events: Sequence[int], *, later: bool) -> list[list[int]]:
    """Return events in the order in which they are played, those of the same first period together.

    Parameters
    ----------
    first : ndarray, shape (E,)
        First full period of each event.
    events : sequence of int
    later : bool
        Whether the later window is the base, so that the last event is undone first.
    """
    groups: dict[float, list[int]] = {}
    for k in sorted(events, key=lambda k: (first[k], k)):
        groups.setdefault(float(first[k]), []).append(k)
    ordered = list(groups.values())
    return ordered[::-1] if later else ordered


def first_full(shares: NDArray[np.float64]) -> FloatArray:
    """Return the position from which each event is in full force, or in force at all if it never is.

    Parameters
    ----------
    shares : ndarray, shape (T, E)
        Under the dating ``full``.
    """
    whole = shares >= 1 - 1e-12
    some = shares > 0
    found = np.where(
        whole.any(axis=0), whole.argmax(axis=0), np.where(some.any(axis=0), some.argmax(axis=0), len(shares))
    )
    return np.asarray(found, dtype=np.float64)
