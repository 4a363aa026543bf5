"""Do the intervals of contributions cover the truth? Simulated worlds in which every contribution is known.

``python -m benchmarks.attribution_coverage --write`` makes ``docs/attribution-coverage.md`` anew. The true
contribution of a row is the formula of the walk at the true coefficients, from the nodes that were observed;
a group's is that of its members together. OLS with HAC errors and SARIMAX answer the same questions.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from analysis.attribution.change import attribute_by
from analysis.attribution.result import AttributionResult
from analysis.attribution.timing.divided import Interval
from analysis.attribution.timing.division import divide
from analysis.attribution.timing.nodes import Walk
from analysis.domain import TradeSeries
from analysis.domain.observations import DeclaredPart
from analysis.interventions import InterventionResult, fit_interventions
from benchmarks.attribution_page import ALL_EVENTS, MISSING, MISSING_NOISY, OURS, WHOLE, Cell, page
from benchmarks.attribution_peers import (
    PEERS,
    peer_contributions,
    peer_draws,
    peer_level,
    standard_normals,
)
from benchmarks.contribution_worlds import WORLDS
from benchmarks.simulated_trade import LEVEL, PRICE, Array, ContributionWorld

PAGE = Path(__file__).resolve().parents[1] / "docs" / "attribution-coverage.md"
SAME_MEAN = 1e-9
TAILS = (0.025, 0.5, 0.975)


@dataclass(frozen=True)
class Verdict:
    """One row of one answer against the truth.

    Attributes
    ----------
    windows, label, method, trend : str
    covered, signed : bool
        Whether the interval holds the truth, and whether it excludes zero on the side of the truth.
    error, width : float
        Of the estimate, and of the interval, over the largest window or node.
    """

    windows: str
    label: str
    method: str
    trend: str
    covered: bool
    signed: bool
    error: float
    width: float


@dataclass(frozen=True)
class Simulated:
    """One series of a world, or two that add up to it, with the truth and the fits."""

    own: ContributionWorld
    number: int
    target: TradeSeries
    named: dict[str, Array]
    parts: dict[str, TradeSeries]
    fits: dict[str, InterventionResult]

    def answer(self, start: str, end: str) -> AttributionResult:
        """Return the attribution between two windows."""
        return attribute_by(
            self.target, lambda series: self.fits[series.id], start=start, end=end, parts=self.parts
        )


def simulate(own: ContributionWorld, number: int, trend: str = "local") -> Simulated:
    """Return series `number` of a world, fitted."""
    control = own.control(number)
    named = own.parts(number, control)
    count = 1 if own.correlation is None else 2
    series = [own.series(number, named, part) for part in range(count)]
    fits = {
        each.id: fit_interventions(
            each,
            own.events,
            clock="full",
            trend=trend,
            regime=None if own.regime is None else own.regime[0],
            controls={PRICE: control.tolist()} if own.price else None,
        )
        for each in series
    }
    parts: dict[str, TradeSeries] = {}
    target = series[0]
    if count == 2:
        target = TradeSeries.from_values(own.periods, list(series[0].values + series[1].values), id="both")
        declared = tuple(DeclaredPart(each.id) for each in series)
        target = replace(target, design=replace(target.design, parts=declared))
        parts = {each.id: each for each in series}
    return Simulated(own, number, target, named, parts, fits)


def true_contributions(own: ContributionWorld, named: Mapping[str, Array], way: Walk) -> dict[str, float]:
    """Return the contribution of every part along a walk at the true coefficients.

    Events of one day are played together: the first of them has what they have in common.
    """
    planted = own.named
    found = dict.fromkeys(named, 0.0)
    for leg in way.legs:
        places = np.concatenate([leg.start.positions, leg.end.positions])
        split = len(leg.start.positions)
        later = leg.end.mean > leg.start.mean
        moving = {name: path[places] for name, path in named.items() if name in planted}
        moving = {name: path for name, path in moving.items() if np.ptp(path) > 0}
        for name, path in named.items():
            moved = path[places][split:].mean() - path[places][:split].mean()
            if name not in planted and abs(moved) > SAME_MEAN:
                moving[name] = path[places]
        players = list(moving)
        days = sorted({planted[name] for name in players if name in planted}, reverse=later)
        order = [[k] for k, name in enumerate(players) if name not in planted and name != "trend"]
        order += [[k for k, name in enumerate(players) if planted.get(name) == day] for day in days]
        order += [[k] for k, name in enumerate(players) if name == "trend"]
        still = LEVEL + sum(
            (path[places] for name, path in named.items() if name not in moving), np.zeros(len(places))
        )
        values = divide(
            np.array(list(moving.values()))[:, None, :].reshape(len(players), 1, len(places)),
            still[None, :],
            split,
            (leg.end if later else leg.start).mean,
            later=later,
            players=order,
            logs=True,
        )
        for player, value in zip(order, values[:, 0], strict=True):
            found[players[player[0]]] += leg.sign * float(value)
    return found


def true_level(simulated: Simulated, part: int, way: Walk, without: set[str], *, noisy: bool) -> float:
    """Return the true mean over ``to`` without some events; `noisy` keeps the white and AR parts."""
    stationary, walk = simulated.own.noises(simulated.number)[part]
    logs = LEVEL + walk + (stationary if noisy else 0.0)
    logs = logs + sum(path for name, path in simulated.named.items() if name not in without)
    return float(np.exp(logs)[way.destination.positions].mean())


def verdicts(own: ContributionWorld, number: int, peers: bool = True) -> list[Verdict]:
    """Return every row, sum and missing flow of every answer on series `number` against the truth."""
    found = []
    for trend in own.trends:
        simulated = simulate(own, number, trend)
        for start, end in own.windows:
            judged = _judged(simulated, simulated.answer(start, end), peers and trend == own.trends[0])
            found += [replace(verdict, trend=trend, windows=f"{start} to {end}") for verdict in judged]
    return found


def _judged(simulated: Simulated, result: AttributionResult, peers: bool) -> Iterator[Verdict]:
    own = simulated.own
    ways = [part.way for part in result.parts]
    truths = [true_contributions(own, simulated.named, way) for way in ways if way is not None]
    largest = max(sum(abs(p.start) for p in result.parts), sum(p.largest for p in result.parts))
    truth = {name: sum(each[name] for each in truths) for name in simulated.named}
    asked: dict[str, tuple[tuple[str, ...], float]] = {}
    for row, interval in zip(result.rows, result.divided.intervals, strict=True):
        if row.kind == "before_events" or (row.kind == "growth" and own.growth):
            continue
        if row.kind == "part":
            yield _verdict(WHOLE, OURS, interval, result.absolute, largest)
            continue
        names = row.event_ids or row.terms
        label = " + ".join(names)
        asked[label] = (names, sum(truth[name] for name in names))
        yield _verdict(label, OURS, interval, asked[label][1], largest)
    for k, dated in enumerate(result.datings if own.dated else ()):
        intervals = result.divided.under(k)
        for row, interval in zip(result.rows, intervals, strict=True):
            if row.event_ids:
                label = " + ".join(row.event_ids)
                yield _verdict(label, f"{dated.dating} alone", interval, asked[label][1], largest)
        whole = result.divided.combined_under(k, lambda row: bool(row.event_ids))
        true = sum(truth[name] for name in own.named)
        yield _verdict(ALL_EVENTS, f"{dated.dating} alone", whole, true, largest)
    if not result.sums:
        return
    item = result.sums[-1]
    ids = set(item.event_ids)
    asked[ALL_EVENTS] = (item.event_ids, sum(truth[name] for name in ids))
    yield _verdict(ALL_EVENTS, OURS, item.interval, asked[ALL_EVENTS][1], largest)
    known = [(k, way) for k, way in enumerate(ways) if way is not None]
    levels = {
        label: sum(true_level(simulated, k, way, ids, noisy=noisy) for k, way in known)
        for label, noisy in ((MISSING, False), (MISSING_NOISY, True))
    }
    if item.missing_now is not None:
        for label, level in levels.items():
            yield _verdict(label, OURS, item.missing_now, level, largest)
    if peers:
        yield from _peers(result, asked, ids, levels[MISSING], largest)


def _peers(
    result: AttributionResult,
    asked: Mapping[str, tuple[tuple[str, ...], float]],
    ids: set[str],
    level: float,
    largest: float,
) -> Iterator[Verdict]:
    width = sum(len(part.fit.posterior.design.precision) for part in result.parts if part.fit is not None)
    coordinates = standard_normals(width)
    for method, estimator in PEERS.items():
        values: dict[str, Array] = {}
        missing = np.zeros(len(coordinates))
        place = 0
        for part in result.parts:
            assert part.fit is not None
            p = len(part.fit.posterior.design.precision)
            draws = peer_draws(part, estimator, coordinates[:, place : place + p])
            place += p
            terms = {term.name: term.event_ids for term in part.fit.posterior.design.terms}
            for name, value in peer_contributions(part, draws).items():
                first = name.split("|")[0]
                key = (terms[first] or (first,))[0]
                values[key] = values.get(key, np.zeros(len(value))) + value
            missing = missing + peer_level(part, draws, ids)
        for label, (names, true) in asked.items():
            total = sum((values[name] for name in names if name in values), np.zeros(len(coordinates)))
            yield _verdict(label, method, _interval(total), true, largest)
        yield _verdict(MISSING, method, _interval(missing), level, largest)


def _interval(draws: Array) -> Interval:
    low, estimate, high = np.quantile(draws, TAILS)
    return float(estimate), float(low), float(high)


def _verdict(label: str, method: str, interval: Interval, true: float, largest: float) -> Verdict:
    estimate, lower, upper = interval
    signed = lower > 0 if true > 0 else upper < 0
    return Verdict(
        "",
        label,
        method,
        "",
        lower <= true <= upper,
        bool(signed),
        (estimate - true) / largest,
        (upper - lower) / largest,
    )


def cells(own: ContributionWorld, count: int, jobs: int = 1, *, peers: bool = True) -> list[Cell]:
    """Return every cell of a world over `count` series."""
    found: dict[tuple[str, str, str, str], list[Verdict]] = {}
    runs = Parallel(n_jobs=jobs)(delayed(verdicts)(own, number, peers) for number in range(count))
    for run in runs:
        for verdict in run:
            key = (verdict.trend, verdict.windows, verdict.label, verdict.method)
            found.setdefault(key, []).append(verdict)
    return [
        Cell(
            own.name,
            *key,
            answers=len(own_verdicts),
            covered=100 * float(np.mean([v.covered for v in own_verdicts])),
            signed=100 * float(np.mean([v.signed for v in own_verdicts])),
            bias=100 * float(np.mean([v.error for v in own_verdicts])),
            width=100 * float(np.median([v.width for v in own_verdicts])),
        )
        for key, own_verdicts in found.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run every world and print, or write, the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=400, help="series a world")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--world", action="append", help="only this world; may be given more than once")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    chosen = parser.parse_args(arguments)
    found: list[Cell] = []
    for own in WORLDS:
        if chosen.world and own.name not in chosen.world:
            continue
        begin = time.perf_counter()
        found += cells(own, chosen.series, chosen.jobs)
        print(f"{own.name}: {time.perf_counter() - begin:.0f} s", flush=True)
        for cell in found:
            if cell.world == own.name and cell.judged:
                print(f"  {cell.words}", flush=True)
    if chosen.write:
        PAGE.write_text(page(found, WORLDS, chosen.series), encoding="utf-8")


if __name__ == "__main__":
    main()
