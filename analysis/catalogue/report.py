"""``docs/data.md``: what the data package holds, how it was tested, what is wrong or missing.

Written by ``python -m analysis.catalogue.report``; a test compares the page with the package.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import fill

from analysis.catalogue import Catalogue, catalogue
from analysis.catalogue.check_sums import REFERENCE_TOLERANCE, compare_spans
from analysis.catalogue.figures import Figure
from analysis.catalogue.quality import quality_panel
from analysis.catalogue.recipes import Reference
from analysis.catalogue.report_proofs import ADDING, identities, months_by_difference, recalled
from analysis.domain import DATA_BREAK, TradeSeries

LINE = 110
"""Width of the page's prose."""
NEARLY_EQUAL = 5e-4
"""Relative difference below which a built value is shown as equal to the reference."""

_ACTIONS = {
    "exclude": "never enters a series",
    "revintage": "is read as of the vintage {}",
    "prefer": "stands for its year",
}
HEADER = """# Data

This page is written by `python -m analysis.catalogue.report` from the data package; a test compares the two.
The package lies in `data/` of the repository and inside the installed distribution; `tradebreaks data check`
proves it, and `TRADEBREAKS_DATA` or a path names another one. Its licence is in `data/LICENSE.md`.
"""

GUIDE = (
    "`figures/` holds one row per published figure: what it measures, its span, value, unit, "
    "rounding, publisher, "
    "vintage, source, tier and standing. Rows are added, never edited. A **printed** figure was "
    "read at its source; "
    "a **derived** one is arithmetic on others with the formula beside it (evaluated by the "
    "check); a **copy** comes "
    "from a third-party machine copy and is *checked* if print confirms it, else *unverified*, "
    "wherever it appears.",
    "`series.yaml` declares how figures become a series. As first printed (the default vintage), "
    "the print with more "
    "digits wins, then the publisher that stands first in the recipe. A print whose rounding "
    "exceeds 1 % of its "
    "value gives way to a derivation of grade A or B. `revised` takes the latest vintage, a date "
    "what was known then.",
    "Relative standard errors: rounding unit/√12, carried through formulas; grade B at least 1 %, "
    "grade C at least "
    "5 %; half the range of the vintages/√3; half of what a "
    "difference of running totals misses a stated month by/√3; the customs' own exchange rate 0.2 %, "
    "a market rate 1 %.",
    "Status: A normal, E derived, P first print not yet revised, M missing, B first period after "
    "a change of record.",
    "Gaps stay gaps. Sums over periods that cannot be divided stand as totals beside the series.",
    "`corrections.yaml` names the figures that never enter a series, that belong to another vintage or that "
    "stand for their year, why, and the printed value the judgement is "
    "about. `python -m analysis.catalogue.seal` writes the hashes anew after a table has changed.",
)


def page(data: Catalogue) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    data : Catalogue
    """
    sections = [
        HEADER + "\n" + _filled(str(data.package.yaml("series.yaml")["about"]["intro"])),
        _contents(data),
        "## How a series is built\n\n" + "\n".join(_filled(f"- {text}", "  ") for text in GUIDE),
        _overview(data),
        _coverage(data),
        identities(data, _rows, _filled),
        months_by_difference(data, _rows, _filled),
        _reference(data),
        _year_sums(data),
        _judgements(data),
        _breaks(data),
        recalled(data, _rows, _filled),
        _known(data),
        _gaps(data),
        ADDING,
    ]
    return "\n".join(section.rstrip() + "\n" for section in sections)


def _filled(text: str, indent: str = "") -> str:
    return fill(text, width=LINE, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def _known(data: Catalogue) -> str:
    known = data.package.yaml("series.yaml")["about"]["known"]
    return "## Known to be wrong or missing\n\n" + "\n".join(_filled(f"- {text}", "  ") for text in known)


def _rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join('' if cell is None else str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _contents(data: Catalogue) -> str:
    package = data.package
    figures = list(package.all_figures())
    standing = {
        name: sum(1 for f in figures if f.status == name) for name in ("verified", "checked", "unverified")
    }
    rows = [
        [f"`figures/{name}.csv`", len(package.table(name)), _span(package.table(name).values())]
        for name in package.table_names
    ]
    recalled = sum(
        1 for e in data.measures.events for p in e.provenance.values() if p.get("status") != "verified"
    )
    text = (
        f"{len(figures):,} figures from {len(package.sources)} sources: {standing['verified']:,} verified, "
        f"{standing['checked']} copies checked against print, {standing['unverified']:,} unverified. "
        f"{len(data.measures.events)} events ({recalled} of their fields are recalled, not read), "
        f"{len(data.measures.provisions)} provisions, {len(data.measures.calendar)} rows of the "
        "enforcement calendar, "
        f"{len(data.measures.estimates)} published estimates, {len(data.extras.covariates)} covariates, "
        f"{len(data.extras.economies)} economies.\n\n"
    )
    return "## What it holds\n\n" + _filled(text) + "\n\n" + _rows(("table", "figures", "spans"), rows)


def _span(figures: Iterable[Figure]) -> str:
    windows = [f.window for f in figures]
    return f"{min(w.first for w in windows)} to {max(w.last for w in windows)}"


def _overview(data: Catalogue) -> str:
    rows = []
    for entry in data.listing:
        series = data.builder.build(entry.id)
        rows.append(
            [
                f"`{entry.id}`",
                entry.title,
                entry.unit,
                f"{series.first} to {series.last}",
                f"{series.n_observed} of {len(series)}",
                ", ".join(f"`{v}`" for v in entry.variants),
            ]
        )
    columns = ("id", "series", "unit", "calendar", "observed", "variants")
    return "## Series\n\n" + _rows(columns, rows)


def _coverage(data: Catalogue) -> str:
    parts = ["## Coverage by series and year\n"]
    parts.append(
        "Observed periods of the year, of them derived and unverified, missing periods whose sum "
        "is known, and\n"
        "the largest relative standard error.\n"
    )
    for entry in data.listing:
        if entry.frequency != "M":
            continue
        years = quality_panel(data, entry.id).years
        columns = ("year", "observed", "derived", "unverified", "in spans", "largest rse, %")
        rows = [
            [
                y.year,
                f"{y.observed} of {y.periods}",
                y.derived,
                y.unverified,
                y.spans,
                _percent(y.largest_rse),
            ]
            for y in years
        ]
        parts.append(f"### `{entry.id}`\n\n" + _rows(columns, rows))
    yearly = []
    for entry in data.listing:
        if entry.frequency == "A":
            panel = quality_panel(data, entry.id)
            missing = [str(y.year) for y in panel.years if not y.observed]
            derived = [str(y.year) for y in panel.years if y.derived]
            unverified = [str(y.year) for y in panel.years if y.unverified]
            span = f"{panel.years[0].year} to {panel.years[-1].year}"
            yearly.append([f"`{entry.id}`", span, _list(missing), _list(derived), _list(unverified)])
    parts.append("### Yearly series\n\n" + _rows(("id", "years", "missing", "derived", "unverified"), yearly))
    return "\n".join(parts)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _list(years: Sequence[str]) -> str:
    """Return years with runs of three or more contracted."""
    runs: list[list[int]] = []
    for year in map(int, years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(f"{r[0]} to {r[-1]}" if len(r) > 2 else ", ".join(map(str, r)) for r in runs)


def _reference(data: Catalogue) -> str:
    parts = [
        "## Built periods against the reference\n",
        _filled(
            "A reference table holds one value per period that was chosen by hand. Where it is a "
            "printed figure the "
            f"built period must agree within {100 * REFERENCE_TOLERANCE:g} %."
        )
        + "\n",
    ]
    rows: list[list[object]] = []
    differing: list[list[object]] = []
    for recipe in data.builder.recipes.values():
        if recipe.reference is not None:
            _compare_reference(data, recipe.id, recipe.reference, rows, differing)
    columns = (
        "series",
        "reference",
        "it is",
        "periods",
        "equal to 0.05 %",
        "largest difference, %",
        "gaps in both",
    )
    parts.append(_rows(columns, rows))
    parts.append("Periods that differ by more than 0.05 %:\n")
    parts.append(_rows(("series", "period", "reference", "built", "figure"), differing))
    return "\n".join(parts)


def _compare_reference(
    data: Catalogue, name: str, reference: Reference, rows: list[list[object]], differing: list[list[object]]
) -> None:
    built = {str(o.period): o for o in data.builder.build(name).observations}
    lines = [line for line in data.package.lines(reference.file) if line["flow"] == reference.key]
    gaps = sum(1 for line in lines if not line["value"])
    for kind in ("sourced", "derived"):
        found = [
            (line["period"], float(line["value"]), built[line["period"]])
            for line in lines
            if line["value"] and line["basis"].startswith(kind)
        ]
        relative = [abs((o.value or 0.0) / v - 1.0) for _, v, o in found]
        equal = sum(1 for r in relative if r < NEARLY_EQUAL)
        widest = f"{100 * max(relative):.2f}"
        rows.append([f"`{name}`", f"`{reference.file}`", kind, len(found), equal, widest, gaps])
        differing += [
            [f"`{name}`", p, f"{v:g}", f"{o.value:g}", f"`{o.figures[0]}`"]
            for (p, v, o), r in zip(found, relative, strict=True)
            if r >= NEARLY_EQUAL
        ]


def _year_sums(data: Catalogue) -> str:
    parts = [
        "## Sums of months against printed sums\n",
        _filled(
            "Whole years and year-to-date figures of the same publisher, where every month is "
            "observed. The room is "
            "the stated tolerance plus half the rounding of the printed figure plus twice the "
            "standard deviation "
            "of the months."
        )
        + "\n",
    ]
    rows = []
    counted = []
    for recipe in data.builder.recipes.values():
        for vintage in ("first", "revised"):
            compared = list(compare_spans(data, recipe, vintage))
            if not compared:
                continue
            worst = max(compared, key=lambda c: abs(c.difference))
            held = sum(1 for c in compared if c.holds)
            counted.append(
                [
                    f"`{recipe.id}`",
                    vintage,
                    len(compared),
                    held,
                    f"{100 * worst.difference:+.1f}",
                    worst.figure.window,
                ]
            )
            rows += [
                [
                    f"`{recipe.id}`",
                    vintage,
                    c.figure.window.first.year,
                    f"{c.built:,.1f}",
                    f"{c.printed:,.1f}",
                    f"{100 * c.difference:+.2f}",
                    f"{100 * c.tolerance / c.printed:.1f}",
                    f"`{c.figure.id}`",
                ]
                for c in compared
                if len(c.figure.window) == 12
            ]
    parts.append(_rows(("series", "vintage", "spans", "within the room", "widest, %", "there"), counted))
    parts.append("Whole years:\n")
    columns = ("series", "vintage", "year", "sum of months", "printed", "difference, %", "room, %", "figure")
    parts.append(_rows(columns, rows))
    return "\n".join(parts)


def _judgements(data: Catalogue) -> str:
    rows = [
        [
            f"`{c.figure}`",
            f"{c.expect:g}",
            _ACTIONS[c.action].format(c.vintage),
            c.kind.replace("_", " "),
            c.reason,
        ]
        for c in data.package.corrections.values()
    ]
    return "## Judgements on figures\n\n" + _rows(("figure", "printed", "it", "kind", "why"), rows)


def _breaks(data: Catalogue) -> str:
    rows = []
    for event in data.measures.events:
        if event.kind == DATA_BREAK:
            fitted = "no, a caveat" if event.details.get("fitted") == "no" else "yes"
            names = ", ".join(f"`{name}`" for name in event.applies_to)
            recalled = ", ".join(event.unverified)
            rows.append([f"`{event.id}`", str(event.full), names, fitted, recalled])
    text = "Changes of the record are events of their own kind; the models do not take them for policy.\n\n"
    return (
        "## Changes of record\n\n"
        + text
        + _rows(("event", "from", "applies to", "fitted", "recalled fields"), rows)
    )


def _gaps(data: Catalogue) -> str:
    lines = ["Missing periods:\n"]
    for name in data.builder.recipes:
        series = data.builder.build(name)
        count = len(series) - series.n_observed
        missing = f"{count} of {len(series)} periods" if 3 * count > len(series) else _missing(series)
        if missing:
            lines.append(f"- `{name}`: {missing}")
    return "\n".join(lines) + "\n"


def _missing(series: TradeSeries) -> str:
    runs: list[list[str]] = []
    last = None
    for o in series.observations:
        if o.value is None:
            if last is not None and o.period - last == 1:
                runs[-1].append(str(o.period))
            else:
                runs.append([str(o.period)])
            last = o.period
    return ", ".join(f"{r[0]} to {r[-1]}" if len(r) > 1 else r[0] for r in runs)


def write(target: Path) -> None:
    """Write the page of the package in use to `target`."""
    target.write_text(page(catalogue()), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/data.md"))
