"""The result of the comparison lens: what the donors' path leaves, placebos, and donors left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.attribution.accounting.windows import Ends
from analysis.attribution.comparison.panel import LeftOut
from analysis.attribution.limits import NO_EFFECT, UNRECORDED
from analysis.domain import Cell, Result

POOR_FIT = 0.35
"""Root mean squared gap before, in logs, above which the fit is called poor: four tenths of the trade."""
SOURCE = "IMF Direction of Trade Statistics, China's record"
CAVEATS = (
    "The lens speaks of trade with China as a whole: it belongs to no single event.",
    "Weights are fitted on logs relative to 2009-2013, years 1990-2013.",
    UNRECORDED,
    NO_EFFECT,
)


@dataclass(frozen=True)
class ComparisonRun:
    """One choice of donors.

    Attributes
    ----------
    name, flow : str
    years : tuple of int
    observed, gaps : tuple of float
        Trade in USD million, and log gap to the weighted donors, by year.
    weights : mapping of str to float
        Donors with a weight.
    titles : mapping of str to str
    rmspe : float
        Root mean squared log gap over the fitted years.
    ratio : float
        The same over the second window, relative to it.
    placebo_ratios : mapping of str to float
        Of each donor in the place of the economy under study.
    rank : int
    pvalue : float
        Rank over the number of units.
    start, end : float
        USD million a year in the panel.
    expected : float
        The second window had the trade moved as the donors did.
    without : mapping of str to float
        The same with each donor left out.
    left_out : tuple of LeftOut
    verdict : str
        What fit and placebos say, in words.
    earlier : float or None
        Mean log gap of the placebo in time.
    """

    name: str
    flow: str
    years: tuple[int, ...]
    observed: tuple[float, ...]
    gaps: tuple[float, ...]
    weights: Mapping[str, float]
    titles: Mapping[str, str]
    rmspe: float
    ratio: float
    placebo_ratios: Mapping[str, float]
    rank: int
    pvalue: float
    start: float
    end: float
    expected: float
    without: Mapping[str, float]
    left_out: tuple[LeftOut, ...]
    verdict: str = ""
    earlier: float | None = None

    @property
    def beyond(self) -> float:
        """What the donors' path does not make, USD million a year."""
        return self.end - self.expected

    @property
    def smallest_pvalue(self) -> float:
        """The smallest p-value that so few units can give."""
        return 1 / (len(self.placebo_ratios) + 1)

    @property
    def beyond_range(self) -> tuple[float, float]:
        """`beyond` with each donor left out: the smallest and the largest."""
        values = [self.beyond, *(self.end - other for other in self.without.values())]
        return min(values), max(values)

    def to_record(self) -> dict[str, Any]:
        """Return the run as JSON-ready values."""
        low, high = self.beyond_range
        return {
            "name": self.name,
            "flow": self.flow,
            "donors": {name: self.titles[name] for name in self.placebo_ratios},
            "weights": dict(self.weights),
            "rmspe_before": self.rmspe,
            "poor_fit": self.rmspe > POOR_FIT,
            "change": {"from": self.start, "to": self.end, "absolute": self.end - self.start},
            "expected": self.expected,
            "as_the_donors": self.expected - self.start,
            "beyond_the_donors": self.beyond,
            "beyond_lowest": low,
            "beyond_highest": high,
            "without_donor": {name: self.end - other for name, other in self.without.items()},
            "placebos": {
                "kind": "in space: each donor in the place of the economy under study",
                "ratio": self.ratio,
                "ratios": dict(self.placebo_ratios),
                "rank": self.rank,
                "units": len(self.placebo_ratios) + 1,
                "pvalue": self.pvalue,
                "smallest_possible": self.smallest_pvalue,
                "in_time_mean_gap": self.earlier,
            },
            "verdict": self.verdict,
            "gaps": [{"year": year, "log_gap": gap} for year, gap in zip(self.years, self.gaps, strict=True)],
            "left_out": [
                {"economy": o.economy, "name": o.name, "reason": o.reason, "unverified": o.unverified}
                for o in self.left_out
            ],
        }


@dataclass(frozen=True)
class Comparison(Result):
    """The change of a series beside that of other economies.

    Attributes
    ----------
    series : str
    ends : Ends
    total : tuple of float
        Ends of the series, USD million a year.
    runs : tuple of ComparisonRun
        All donors; then without those that may have taken its place.
    """

    series: str
    ends: Ends
    total: tuple[float, float]
    runs: tuple[ComparisonRun, ...]

    @property
    def vintage_difference(self) -> float:
        """Change of the series less that of the panel."""
        return self.total[1] - self.total[0] - (self.runs[0].end - self.runs[0].start)

    @property
    def beyond(self) -> tuple[float, float, float]:
        """What the donors' path does not make: of the first run, and the range over runs and donors."""
        ends = [run.beyond_range for run in self.runs]
        return self.runs[0].beyond, min(low for low, _ in ends), max(high for _, high in ends)

    @property
    def poor(self) -> bool:
        """Whether the donors follow the trade poorly over the fitted years."""
        return self.runs[0].rmspe > POOR_FIT

    def words(self) -> tuple[str, ...]:
        """Return what the runs say in sentences."""
        return tuple(self._run_words(run) for run in self.runs)

    def _run_words(self, run: ComparisonRun) -> str:
        before, after = self.ends.words
        fit = "poor" if run.rmspe > POOR_FIT else "fair"
        return (
            f"{run.name[:1].upper()}{run.name[1:]}: had this trade moved as {_listed(run)} from {before} to "
            f"{after}, {after} would be {run.expected:,.0f} instead of {run.end:,.0f} USD million; "
            f"{run.rank - 1} of {len(run.placebo_ratios)} placebos depart further (p = {run.pvalue:.2f}, the "
            f"smallest possible is {run.smallest_pvalue:.2f}); the fit before is {fit} (root mean squared "
            f"gap {run.rmspe:.2f} in logs)."
        )

    def to_record(self) -> dict[str, Any]:
        """Return the runs as JSON-ready values, USD million a year."""
        estimate, low, high = self.beyond
        before, after = self.ends.words
        return {
            "series": self.series,
            "from_years": before,
            "to_years": after,
            "unit": "USD million a year",
            "source": SOURCE,
            "beyond_the_donors": {"estimate": estimate, "lowest": low, "highest": high},
            "as_the_donors": self.runs[0].expected - self.runs[0].start,
            "vintage_difference": self.vintage_difference,
            "runs": [run.to_record() for run in self.runs],
            "words": list(self.words()),
            "caveats": list(CAVEATS),
        }

    def heading(self) -> str:
        """Return what is compared."""
        years = " to ".join(self.ends.words)
        return f"Comparison of {self.series} with other economies, {years}, USD million a year"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row for each run."""
        columns = (
            "run",
            "donors",
            "from",
            "to",
            "expected",
            "beyond",
            "lowest",
            "highest",
            "rank",
            "p",
            "fit",
        )
        rows: list[list[Cell]] = [
            [
                run.name,
                len(run.placebo_ratios),
                run.start,
                run.end,
                run.expected,
                run.beyond,
                *run.beyond_range,
                run.rank,
                run.pvalue,
                run.rmspe,
            ]
            for run in self.runs
        ]
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return words and caveats."""
        return (*self.words(), *CAVEATS)


def _listed(run: ComparisonRun) -> str:
    largest = sorted(run.weights.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{run.titles[name]} ({weight:.2f})" for name, weight in largest)
