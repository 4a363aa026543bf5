"""Every series of the catalogue and every pair of its years: answered, adding up, bounded.

``python -m benchmarks.attribution_pairs --write`` makes ``docs/attribution-pairs.md`` anew. One fit serves
all the pairs of a series.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np

from analysis import catalogue
from analysis.attribution import AttributionResult
from analysis.attribution.study import Study
from analysis.attribution.timing.observed import observe
from analysis.attribution.timing.rows import BOUND
from analysis.domain import TradeSeries
from analysis.errors import TradebreaksError

PAGE = Path(__file__).resolve().parents[1] / "docs" / "attribution-pairs.md"
POINTS = 10
"""Draws for each dating, as a power of two: the promises do not depend on their number."""
CLOSE = 1e-9
"""Of the size of the change or of the larger window: what counts as adding up."""


@dataclass
class SeriesOutcome:
    """What the pairs of years of one series gave.

    Attributes
    ----------
    series : str
    pairs : int
    modelled, exact : int
        Pairs answered by a model, and by accounting alone.
    problems : list of str
        Pairs that break a promise, with the promise.
    """

    series: str
    pairs: int = 0
    modelled: int = 0
    exact: int = 0
    problems: list[str] = field(default_factory=list)


def observed_years(series: TradeSeries) -> list[int]:
    """Return the calendar years that lie in the sample and of which at least half is covered."""
    found = []
    for year in range(series.first.year, series.last.year + 1):
        places = [k for k, period in enumerate(series.periods) if period.year == year]
        whole = series.first.per_year
        if len(places) == whole and observe(series, np.array(places, dtype=np.intp)).enough:
            found.append(year)
    return found


def broken(answer: AttributionResult) -> Iterator[str]:
    """Yield the promises that an answer breaks."""
    size = max(abs(answer.absolute), answer.larger, 1e-12)
    total = sum(c.estimate for c in answer.contributions) + answer.residual[0]
    if abs(total - answer.absolute) > CLOSE * size:
        yield "does not add up"
    for found in answer.contributions:
        row = found.row
        if not row.event_ids:
            continue
        if not row.exact and max(abs(found.lower), abs(found.upper)) > BOUND * row.largest + CLOSE * size:
            yield f"{row.label} exceeds what was there"
        if found.grade in ("A", "B", "C") and found.lower <= 0 <= found.upper:
            yield f"{row.label} has the letter {found.grade} for both signs"
        if not any(abs(value) > CLOSE * size for value in found.interval):
            yield f"{row.label} does not differ and has a row"
    if answer.ends == (0.0, 0.0) and any(c.row.event_ids for c in answer.contributions):
        yield "from zero to zero and has rows"


def outcome(series_id: str, study: Study, pairs: Sequence[tuple[int, int]] | None = None) -> SeriesOutcome:
    """Return what the pairs of years of one series give.

    Parameters
    ----------
    series_id : str
    study : Study
        Keeps the fits.
    pairs : sequence of (int, int), optional
        Default every pair of observed years.
    """
    found = SeriesOutcome(series_id)
    years = observed_years(catalogue.series(series_id))
    for start, end in pairs if pairs is not None else combinations(years, 2):
        found.pairs += 1
        try:
            answer = study.attribution(series_id, str(start), str(end))
        except TradebreaksError as problem:
            found.problems.append(f"{start} to {end}: {problem.message}")
            continue
        found.modelled += bool(answer.fits)
        found.exact += not answer.fits
        found.problems += [f"{start} to {end}: {text}" for text in broken(answer)]
        study.forget(series_id, str(start), str(end))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run every series and print, or write, the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", action="append", help="only this series; may be given more than once")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    chosen = parser.parse_args(arguments)
    study = Study(POINTS)
    lines: list[str] = []
    problems: list[str] = []
    for entry in catalogue.listing():
        if chosen.series and entry.id not in chosen.series:
            continue
        found = outcome(entry.id, study)
        lines.append(
            f"| `{found.series}` | {found.pairs} | {found.modelled} | {found.exact} | {len(found.problems)} |"
        )
        problems += [f"- `{found.series}`, {text}" for text in found.problems]
        print(lines[-1], flush=True)
        print("\n".join(problems[-len(found.problems) :] if found.problems else []), flush=True)
    if chosen.write:
        PAGE.write_text(
            PREFACE + "\n".join([HEAD, *lines, "", *(problems or [NONE])]) + "\n", encoding="utf-8"
        )


HEAD = "| series | pairs of years | by a model | by accounting | broken promises |\n|---|---:|---:|---:|---:|"
NONE = "No pair breaks a promise."
PREFACE = """# Every series, every pair of years

Made by `python -m benchmarks.attribution_pairs --write` (`make attribution-pairs`). Every pair of observed
calendar years of every series of the catalogue is asked for. An answer must exist; its rows and residual must
add up to the observed change; no limit of an event's row may exceed 1.5 times the largest window or node on
the way; no row has a letter better than D if its interval holds both signs; an event that does not differ
between the windows has no row; from zero to zero there are none.

"""


if __name__ == "__main__":
    main()
