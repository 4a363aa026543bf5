"""``docs/corrections.md``: what each correction of the data moved, with the fits of today's engine.

    python -m benchmarks.corrections_moved COMMIT [PAGE]

The package of COMMIT is taken out of the history and compared with the one in the checkout, both read by the
code of the checkout. Every observation that moved belongs to a correction; the answers are fitted with the
corrections put in one after the other, so that the steps add up to the whole move. Claims and published
comparisons are read as both have them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from analysis import catalogue
from analysis.attribution.change import attribute
from analysis.attribution.dossier.published import published_beside
from analysis.attribution.study import Study
from analysis.attribution.timing.rows import Row
from analysis.catalogue import Catalogue, Question
from analysis.catalogue.differing import PackageDifference, compare_packages
from analysis.domain import UN_RESOLUTION, TradeSeries
from analysis.domain.engine import ENGINE

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "corrections.md"


@dataclass(frozen=True)
class Correction:
    """One correction: the observations that it moves, by patterns of series and period."""

    title: str
    series: str
    periods: str

    def moves(self, name: str) -> bool:
        """Tell whether an observation (series and period) is moved by it."""
        series, _, period = name.rpartition(" ")
        return bool(re.fullmatch(self.series, series) and re.fullmatch(self.periods, period))


CHINA = r"dprk\.(exports|imports|total|balance)\.china\.m"
KOTRA = r"dprk\.(exports|imports|total|balance)(\.kotra)?\.a"
KOREA = r"(interkorean|dprk)\.total\.a"
CORRECTIONS = (
    Correction(
        "2018-09 and January 2018: printed total less imports, not running totals", CHINA, "2018-0[19]"
    ),
    Correction("2012-05: the printed first release, not the later vintage", CHINA, "2012-05"),
    Correction(
        "2017-06: no running totals of the trade association beside the customs' month", CHINA, "2017-06"
    ),
    Correction("KOTRA: the finer print of 2010, 2013, 2014 and 2018", KOTRA, "2010|2013|2014|2018"),
    Correction("Inter-Korean 1996 as part of a span, 1997 as 308.3", KOREA, "1990|1996|1997"),
    Correction("Coal to China 2015 from a page that was a source already", r"dprk\..*\.coal\.a", "2015"),
    Correction("More prints by product, 2016 to 2018", r"dprk\.exports\.china\.(coal|iron_ore).*\.m", ".*"),
)
"""In the order in which they are put in."""
WRITTEN = f"""Engine {ENGINE}.

Written by `make corrections-moved BEFORE={{}}`: the data package of that commit beside this one,
both read and fitted by the code of this checkout. Observations are in the unit of their series, with their
relative standard error.
"""
ASKED = (*catalogue.questions()[:2], Question("", "", "dprk.imports.china.m", "2016", "2018"))


def main(commit: str, target: Path = PAGE) -> None:
    """Write the page for the package in the checkout, against that of a commit."""
    with tempfile.TemporaryDirectory() as scratch:
        archive = subprocess.run(
            ["git", "archive", commit, "data"], cwd=ROOT, check=True, capture_output=True
        ).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as packed:
            packed.extractall(scratch, filter="data")
        before, after = Path(scratch) / "data", ROOT / "data"
        difference = compare_packages(Catalogue(before), Catalogue(after))
        parts = [
            "# What the corrections moved\n",
            WRITTEN.format(commit),
            _observations(difference),
            _answers(before, after, difference),
            _claims(commit),
            _published(before, after),
        ]
    target.write_text("\n".join(parts), encoding="utf-8")


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _owner(name: str) -> Correction:
    found = next((c for c in CORRECTIONS if c.moves(name)), None)
    if found is None:
        raise SystemExit(f"'{name}' moved, and no correction says why: name one in {Path(__file__).name}")
    return found


def _observations(difference: PackageDifference) -> str:
    moved = difference.of("observation")
    parts = ["## Observations\n"]
    for correction in CORRECTIONS:
        rows = [
            (
                f"`{m.name.rpartition(' ')[0]}`",
                m.name.rpartition(" ")[2],
                m.before or "none",
                m.after or "none",
            )
            for m in moved
            if _owner(m.name) is correction
        ]
        if rows:
            parts += [f"### {correction.title}\n", _table(("series", "period", "before", "after"), rows)]
    return "\n".join(parts)


@contextmanager
def _package(directory: Path) -> Iterator[None]:
    """Let `directory` be the package in use."""
    kept = os.environ.get("TRADEBREAKS_DATA")
    os.environ["TRADEBREAKS_DATA"] = str(directory)
    try:
        yield
    finally:
        os.environ.pop("TRADEBREAKS_DATA")
        if kept is not None:
            os.environ["TRADEBREAKS_DATA"] = kept


def _answers(before: Path, after: Path, difference: PackageDifference) -> str:
    names = {m.name for m in difference.of("observation")}
    rows: list[Sequence[object]] = []
    for asked in ASKED:
        with _package(before):
            old = catalogue.series(asked.series)
        with _package(after):
            new = catalogue.series(asked.series)
            series, said = old, "as before"
            rows.append((_asked(asked), said, *_answer(series, asked)))
            for correction in CORRECTIONS:
                mine = {n for n in names if n.startswith(f"{asked.series} ") and _owner(n) is correction}
                if mine:
                    series = _put_in(series, new, {n.rpartition(" ")[2] for n in mine})
                    rows.append((_asked(asked), f"and: {correction.title}", *_answer(series, asked)))
    columns = ("question", "figures", "change", "dated to UN resolutions", "lower", "upper")
    text = (
        "Change of the sums of both windows, USD million a year, and what the joint model dates to all UN\n"
        "resolutions and what cannot be told apart from them, with limits of 95 per cent.\n"
    )
    return "\n".join(["## Answers\n", text, _table(columns, rows)])


def _asked(asked: Question) -> str:
    return f"`{asked.series}` {asked.start[:4]} to {asked.end[:4]}"


def _put_in(series: TradeSeries, new: TradeSeries, periods: set[str]) -> TradeSeries:
    fresh = {str(o.period): o for o in new.observations}
    observations = tuple(fresh[str(o.period)] if str(o.period) in periods else o for o in series.observations)
    return replace(series, observations=observations, totals=new.totals)


def _answer(series: TradeSeries, asked: Question) -> tuple[str, ...]:
    events = catalogue.events(asked.series)
    resolutions = {event.id for event in events if event.kind == UN_RESOLUTION}
    result = attribute(series, start=asked.start, end=asked.end, evidence="none")

    def dated(row: Row) -> bool:
        return any(event in resolutions for event in row.event_ids)

    factor = 12 if series.frequency == "M" else 1
    values = (result.absolute, *result.combined(dated))
    return tuple(f"{factor * value:+,.0f}".replace("-", "−") for value in values)


def _claims(commit: str) -> str:
    shown = subprocess.run(
        ["git", "show", f"{commit}:docs/claims.md"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    old, new = _said(shown), _said((ROOT / "docs" / "claims.md").read_text(encoding="utf-8"))
    rows = [
        (
            f"`{name}`",
            *(old.get(name, ("no claim", ""))[0:1]),
            new[name][0],
            old.get(name, ("", ""))[1],
            new[name][1],
        )
        for name in new
        if old.get(name) != new[name]
    ]
    columns = ("claim", "verdict before", "verdict after", "why before", "why after")
    return "\n".join(["## Claims whose words moved\n", _table(columns, rows)])


def _said(page: str) -> dict[str, tuple[str, str]]:
    """Return verdict and reason of every claim on a page of claims."""
    found = {}
    for block in page.split("\n### ")[1:]:
        heading, _, body = block.partition("\n")
        name, _, verdict = heading.partition(": ")
        paragraphs = [text for text in body.split("\n\n") if text.strip()]
        found[name.strip("`")] = (verdict.strip(), paragraphs[2].strip() if len(paragraphs) > 2 else "")
    return found


def _published(before: Path, after: Path) -> str:
    old, new = _beside(before), _beside(after)
    rows = [
        (f"`{name}`", old.get(name, "not compared"), new.get(name, "no longer compared"))
        for name in (*old, *(n for n in new if n not in old))
        if old.get(name) != new.get(name)
    ]
    return "\n".join(["## Published comparisons that moved\n", _table(("estimate", "before", "after"), rows)])


def _beside(directory: Path) -> dict[str, str]:
    with _package(directory):
        study = Study()
        events = dict.fromkeys(event for entry in catalogue.comparisons() for event in entry.events)
        return {p.estimate.id: p.words for event in events for p in published_beside(event, study)}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else PAGE)
