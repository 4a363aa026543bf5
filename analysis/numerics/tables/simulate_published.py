"""Simulate the published tables that are carried over here, and print both side by side.

Bai and Perron's supF(m), UDmax and sequential values, Hansen's p-values of sup-, ave- and exp-F, the moving
estimates and the boundary constants of monitoring by moving sums. Independent standard normal errors stand
for the limits.

    python -m analysis.numerics.tables.simulate_published [SERIES]
"""

from __future__ import annotations

import sys

import numpy as np

from analysis.numerics import critical_values
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.least_squares import FloatArray
from analysis.numerics.partitions import best_partitions

LENGTH = 400
STREAM = 600_000_000


def sup_f_statistics(q: int, trimming: float, breaks: int, series: int, length: int = LENGTH) -> FloatArray:
    """Return supF(m) for m = 1, ..., `breaks` of series without a break, shape (series, breaks).

    Parameters
    ----------
    q : int
        Coefficients that change: as many independent means.
    trimming : float
    breaks, series, length : int
    """
    h = int(trimming * length + 1e-9)
    position = np.arange(length + 1)
    span = np.maximum(position[None, :] - position[:, None], 1)
    short = position[None, :] - position[:, None] < h
    found = np.empty((series, breaks))
    for k in range(series):
        sums = np.vstack([np.zeros((1, q)), np.cumsum(normals((length, q), STREAM + k), axis=0)])
        explained = np.zeros((length + 1, length + 1))
        for i in range(q):
            explained += (sums[None, :, i] - sums[:, i, None]) ** 2
        costs = -explained / span
        costs[short] = np.inf
        fall = best_partitions(costs, h, breaks).ssr
        found[k] = (fall[0] - fall[1:]) / np.arange(1, breaks + 1)
    return found


def f_path(q: int, series: int, length: int = LENGTH) -> FloatArray:
    """Return the chi-square statistics of one break at every date, shape (series, length - 1)."""
    share = np.arange(1, length) / length
    paths = np.empty((series, length - 1))
    for k in range(series):
        sums = np.cumsum(normals((length, q), STREAM + k), axis=0)
        bridge = sums[:-1] - share[:, None] * sums[-1]
        paths[k] = np.sum(bridge**2, axis=1) / (length * share * (1 - share))
    return paths


def moving_maxima(window: float, series: int, length: int = LENGTH) -> FloatArray:
    """Return the largest absolute increment of a Brownian bridge over `window`, shape (series,)."""
    width = int(window * length + 1e-9)
    noise = normals((length, series), STREAM - 1)
    bridge = np.vstack([np.zeros((1, series)), np.cumsum(noise - noise.mean(axis=0), axis=0)])
    maxima: FloatArray = np.max(np.abs(bridge[width:] - bridge[:-width]), axis=0) / np.sqrt(length)
    return maxima


def monitoring_maxima(window: float, period: int, series: int, length: int = 100) -> FloatArray:
    """Return the largest moving sum over its boundary shape after a history of `length`, shape (series,)."""
    width = int(window * length + 1e-9)
    noise = normals((period * length, series), STREAM - 2)
    noise = noise - noise[:length].mean(axis=0)
    sums = np.vstack([np.zeros((1, series)), np.cumsum(noise, axis=0)])
    ends = np.arange(length + 1, period * length + 1)
    share = ends / length
    shape = np.sqrt(2 * np.where(share <= np.e, 1.0, np.log(share)))
    moved = np.abs(sums[ends] - sums[ends - width]) / np.sqrt(length)
    maxima: FloatArray = np.max(moved / shape[:, None], axis=0)
    return maxima


def say(line: str) -> None:
    """Write one line of the comparison."""
    sys.stdout.write(f"{line}\n")


def main() -> None:
    """Print simulated and published values side by side."""
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    for q in (1, 2, 3):
        found = sup_f_statistics(q, 0.15, 5, series)
        for m in range(1, 6):
            published = critical_values.sup_f(0.15, q, m)["0.05"]
            value = np.quantile(found[:, m - 1], 0.95)
            say(f"supF({m}), q = {q}: simulated {value:.2f}, published {published}")
        published = critical_values.double_maximum(0.15, q, False)["0.05"]
        say(f"UDmax, q = {q}: simulated {np.quantile(found.max(axis=1), 0.95):.2f}, published {published}")
        for count in range(1, 4):
            value = np.quantile(found[:, 0], 0.95 ** (1 / (count + 1)))
            published = critical_values.sequential_f(0.15, q, count)["0.05"]
            say(f"supF({count + 1}|{count}), q = {q}: simulated {value:.2f}, published {published}")
        inner = f_path(q, series)[:, int(0.15 * LENGTH) - 1 : int(0.85 * LENGTH)]
        statistics = {
            "sup": inner.max(axis=1),
            "ave": inner.mean(axis=1),
            "exp": np.log(np.mean(np.exp(inner / 2), axis=1)),
        }
        for kind, values in statistics.items():
            point = float(np.quantile(values, 0.95))
            p = critical_values.hansen_p_value(kind, point, q, 0.15)  # type: ignore[arg-type]  # the three kinds
            say(f"{kind}F, q = {q}: Hansen's p-value at the simulated 5 % point is {p:.3f}")
    numbers = critical_values.table("moving_estimates")[1]
    for window in (0.15, 0.25, 0.5):
        row = numbers[(numbers[:, 0] == 1) & (np.abs(numbers[:, 1] - window) < 1e-9)][0]
        value = np.quantile(moving_maxima(window, series), 0.95)
        say(f"moving estimates, window {window}: simulated {value:.3f}, published {row[3]}")
    for window in (0.25, 0.5, 1.0):
        value = np.quantile(monitoring_maxima(window, 10, series), 0.95)
        rows = critical_values.table("monitoring_moving")[1]
        chosen = (np.abs(rows[:, 0] - window) < 1e-9) & (rows[:, 1] == 10) & (rows[:, 3] == 0)
        published = float(np.interp(0.95, rows[chosen][:, 2], rows[chosen][:, 4]))
        say(f"monitoring by moving sums, window {window:g}: simulated {value:.3f}, published {published:.3f}")


if __name__ == "__main__":
    main()
