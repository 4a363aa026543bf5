"""The page of coverage: tables, and the words about them, from the cells alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.simulated_trade import ContributionWorld

OURS, OLS, SARIMAX = "joint model", "OLS + HAC", "SARIMAX"
ALL_EVENTS, MISSING, MISSING_NOISY = "all events", "missing now", "missing now, own noise"
WHOLE = "shown whole"
"""Label of an answer whose change could not be divided because a row would exceed what was there."""
LOWEST, HIGHEST = 93.0, 97.0
"""Per cent of answers whose interval is to hold the truth, on the mean over cells."""
FLOOR = 90.0
FLOORS = {"new_growth": 88.0, "annual_flat": 85.0, "annual_six": 85.0, "annual_turns": 80.0}
"""Per cent that no cell is to fall below; worlds in which less is asked for."""
WORST = 8
ENOUGH = 100
"""Answers of a cell from which it is held to its floor: the standard error is then 2 per cent."""


@dataclass(frozen=True)
class Cell:
    """One row of one world over its answers.

    Attributes
    ----------
    world, trend, windows, label, method : str
    answers : int
    covered, signed : float
        Per cent of intervals that hold the truth; that exclude zero on the side of the truth.
    bias, width : float
        Mean error and median width, per cent of the largest window or node.
    """

    world: str
    trend: str
    windows: str
    label: str
    method: str
    answers: int
    covered: float
    signed: float
    bias: float
    width: float

    @property
    def error(self) -> float:
        """Standard error of `covered` if the truth is 95."""
        return float(np.sqrt(95 * 5 / self.answers))

    @property
    def floor(self) -> float:
        """What its coverage is not to fall below."""
        return FLOORS.get(self.world, FLOOR)

    @property
    def judged(self) -> bool:
        """Whether it is a row or a sum of events under the joint model."""
        return self.method == OURS and self.label != WHOLE and not self.label.startswith(MISSING)

    @property
    def missed(self) -> bool:
        """Whether it falls below its floor, with enough answers to say so."""
        return self.judged and self.answers >= ENOUGH and self.covered < self.floor

    @property
    def words(self) -> str:
        """The cell in words."""
        return (
            f"{self.world}, {self.windows}, {self.label}"
            + (f" (trend {self.trend})" if self.trend != "local" else "")
            + f": {self.covered:.0f} of 100 in {self.answers} answers (standard error {self.error:.1f})"
        )


def page(cells: Sequence[Cell], worlds: Iterable[ContributionWorld], count: int) -> str:
    """Return the page.

    Parameters
    ----------
    cells : sequence of Cell
    worlds : iterable of ContributionWorld
    count : int
        Series a world.
    """
    shown = [own for own in worlds if any(cell.world == own.name for cell in cells)]
    said = [PREFACE.format(count=count, error=np.sqrt(95 * 5 / count)), found(cells)]
    said.append("## Worlds\n\n" + "\n".join(f"- **{own.name}**: {own.words}." for own in shown) + "\n")
    said.append(f"## Rows and sums\n\n{ROWS}\n" + "\n".join([HEAD, *_rows(cells)]) + "\n")
    dated = _datings(cells)
    if dated:
        said.append(f"## Each dating alone\n\n{DATINGS}\n" + "\n".join(dated) + "\n")
    said.append(f"## Missing now\n\n{MISSING_WORDS}\n" + "\n".join([MISSING_HEAD, *_missing(cells)]) + "\n")
    return "\n".join(said)


def found(cells: Sequence[Cell]) -> str:
    """Return what the run found, the worst cells by name."""
    judged = [cell for cell in cells if cell.judged]
    if not judged:
        return ""
    lines = ["## What was found\n"]
    for words, labels in (("rows of events and others", False), ("sums of all events", True)):
        own = [cell for cell in judged if (cell.label == ALL_EVENTS) == labels]
        if own:
            lines.append(f"- {words.capitalize()}: {_mean(own)}.")
    for method in (OLS, SARIMAX):
        own = [cell for cell in cells if cell.method == method and not cell.label.startswith(MISSING)]
        if own:
            lines.append(f"- {method}, the same rows and sums: {_mean(own)}.")
    whole = [cell for cell in cells if cell.label == WHOLE]
    if whole:
        named = ", ".join(f"{cell.world} {cell.answers}" for cell in whole)
        lines.append(
            f"- Answers whose change is shown whole, because a row could not be bounded: "
            f"{sum(cell.answers for cell in whole)} ({named})."
        )
    missing = [cell for cell in cells if cell.method == OURS and cell.label == MISSING]
    if missing:
        lines.append(f"- Missing now: {_mean(missing)}.")
    lines.append(
        f"- Asked for: {LOWEST:.0f} to {HIGHEST:.0f} on the mean, no cell below {FLOOR:.0f} "
        f"({', '.join(f'{name} {floor:.0f}' for name, floor in FLOORS.items())})."
    )
    missed = [cell for cell in judged if cell.missed]
    held = [cell for cell in judged if cell.answers >= ENOUGH]
    if held:
        named = "; ".join(cell.words for cell in sorted(missed, key=lambda c: c.covered))
        lines.append(
            f"- Below: {named or 'none'} ({len(missed)} of {len(held)} cells of {ENOUGH} answers or more)."
        )
    else:
        lines.append(f"- No cell has {ENOUGH} answers: none is held to its floor here.")
    worst = sorted(judged, key=lambda c: (c.covered, c.words))[:WORST]
    lines.append(f"- The worst cells: {'; '.join(cell.words for cell in worst)}.")
    return "\n".join(lines) + "\n"


def _mean(cells: Sequence[Cell]) -> str:
    answers = np.array([cell.answers for cell in cells])
    covered = np.average([cell.covered for cell in cells], weights=answers)
    width = np.average([cell.width for cell in cells], weights=answers)
    signed = np.average([cell.signed for cell in cells], weights=answers)
    return (
        f"{covered:.1f} of 100 hold the truth over {len(cells)} cells, median width {width:.0f} per cent of "
        f"what was there, sign known in {signed:.0f} of 100"
    )


def _peer(cells: Sequence[Cell], cell: Cell, method: str) -> str:
    for other in cells:
        same = (other.world, other.trend, other.windows, other.label) == (
            cell.world,
            cell.trend,
            cell.windows,
            cell.label,
        )
        if same and other.method == method:
            return f"{other.covered:.0f} ({other.width:.0f})"
    return ""


def _shown(cell: Cell) -> str:
    text = f"{cell.covered:.1f}"
    return f"**{text}**" if cell.missed else text


def _rows(cells: Sequence[Cell]) -> list[str]:
    return [
        _line(
            _world(cell),
            cell.windows,
            cell.label,
            str(cell.answers),
            _shown(cell),
            f"{cell.bias:+.1f}",
            f"{cell.width:.0f}",
            f"{cell.signed:.0f}",
            _peer(cells, cell, OLS),
            _peer(cells, cell, SARIMAX),
        )
        for cell in cells
        if cell.judged
    ]


def _missing(cells: Sequence[Cell]) -> list[str]:
    noisy = {
        (cell.world, cell.trend, cell.windows): f"{cell.covered:.1f}"
        for cell in cells
        if cell.label == MISSING_NOISY
    }
    return [
        _line(
            _world(cell),
            cell.windows,
            str(cell.answers),
            f"{cell.covered:.1f}",
            f"{cell.width:.0f}",
            noisy[cell.world, cell.trend, cell.windows],
            _peer(cells, cell, OLS),
            _peer(cells, cell, SARIMAX),
        )
        for cell in cells
        if cell.method == OURS and cell.label == MISSING
    ]


def _world(cell: Cell) -> str:
    return cell.world if cell.trend == "local" else f"{cell.world} ({cell.trend})"


def _datings(cells: Sequence[Cell]) -> list[str]:
    methods = [OURS, *dict.fromkeys(c.method for c in cells if c.method.endswith(" alone"))]
    rows = dict.fromkeys((c.world, c.trend, c.windows, c.label) for c in cells if c.method.endswith(" alone"))
    if not rows:
        return []
    lines = [_line("row", "mixed", *methods[1:]), "|---|" + "---:|" * len(methods)]
    for key in rows:
        cells_of = {c.method: c for c in cells if (c.world, c.trend, c.windows, c.label) == key}
        texts = [
            f"{cells_of[m].covered:.0f} ({cells_of[m].width:.0f})" if m in cells_of else "" for m in methods
        ]
        lines.append(_line(key[3], *texts))
    return lines


def _line(*texts: str) -> str:
    return "| " + " | ".join(texts) + " |"


HEAD = (
    "| world | windows | row | answers | covered, % | bias | width | sign known, % | OLS + HAC | SARIMAX |\n"
    "|---|---|---|---:|---:|---:|---:|---:|---:|---:|"
)
MISSING_HEAD = (
    "| world | windows | answers | covered, % | width | with own noise | OLS + HAC | SARIMAX |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|"
)
PREFACE = """# Coverage of attributions

Made by `python -m benchmarks.attribution_coverage --write` (`make coverage-attribution`): {count} simulated
series a world, independent, from fixed sequences; the standard error of a coverage of 95 is {error:.1f} per
cent. In every world the contribution of every row is known: it is the [formula of the
answer](methods/attribution.md) at the true coefficients, from the nodes that were observed. A row is
counted in the answers that report it; events that an answer groups are counted as their group. Intervals
are 95 %. `bias` is the mean error and `width` the median width, both in per cent of the largest window or
node; `sign known` is how often the interval excludes zero on the right side. Growth has a row here only in
worlds where it is one straight line.

OLS with Newey-West errors and SARIMAX (AR(1) errors, exact maximum likelihood), both by statsmodels, answer
the same questions on the same series: the same design and dating, coefficients drawn from the normal
distribution that they report, divided by the same formula. Their columns give coverage in per cent and, in
brackets, the median width.
"""
ROWS = """\
Monthly worlds have a season and 120 months, those of growth 144. Where no noise is named, that of every
series is drawn from the model's prior, scaled so that its change over four years has a standard deviation
of 0.25 (0.6 in `overlap`). In worlds with a noise of their own no interval can know to rely on it.
"""
DATINGS = """\
In `datings` every series follows one of the three datings, in turn, and the model does not know which. The
mixture is what is reported; each dating alone is what `lenses.timing.datings` shows. Coverage in per cent,
width in brackets.
"""
MISSING_WORDS = """\
The flow in `to` without any of the events: level, random walk, season and growth. The last three columns:
coverage of the same interval if the white and autoregressive noise of those months counts as a part of the
flow, and coverage and width by the two usual methods.
"""
