"""``docs/claims.md``: the note's sentences, the statements drawn from them and their computed verdicts.

Written by ``python -m analysis.attribution.claims.page``; a test compares the page with the data.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from analysis.attribution.claims.evaluate import ClaimsReport, evaluate_claims
from analysis.attribution.claims.outcome import Verdict

HEADER = """# Claims

This page is written by `python -m analysis.attribution.claims.page`; a test compares it with the data.
`data/claims.yaml` holds the statements, how each is tested, and the thresholds; `tradebreaks claims` and
`/v1/claims` give the same with every number. No verdict is typed: change a figure, and the verdict follows.
"""

SENTENCES = {
    "S1": "North Korea publishes no trade statistics; what is known are its partners' mirror figures.",
    "S2": "The chart adds inter-Korean trade (South Korea's ministry) to KOTRA's figures for everybody else.",
    "S3": "KOTRA corrects partners' reports and adds crude oil that China has not reported since 2014.",
    "S4": "Inter-Korean trade holds the Kaesong zone's, shut in 2016; it peaked near 2.7 billion in 2015.",
    "S5": "All figures are estimates, and those of exports the weakest.",
    "S6": "Valuations differ by freight and insurance, and nothing is adjusted.",
    "S7": "Some errors are repaired, the rest stays.",
    "S8": "Resolutions of 2017 prohibited many goods; what went on is not recorded and not estimated.",
    "S9": "A deficit of this size points to income that no trade figure shows.",
    "S10": "The deficit widened sharply in 2017, when main exports were banned.",
    "S11": "Recorded trade fell every year from its peak in 2014 until it rose in 2019.",
    "S12": "Sanctions explain a part of the fall, not all of it.",
    "S13": "2015: lower commodity prices, perhaps cooler relations with China.",
    "S14": "2016: mostly the closing of the Kaesong zone.",
    "S15": "2017: largely the UN sanctions, which reached coal, minerals, seafood, textiles, then imports.",
    "S16": "2019: the rise probably reflects evasion, whose earnings pay for imports.",
    "S17": "2020: the border was closed against Covid-19 and trade fell sharply.",
}
"""What the note behind the chart says, in our words."""


def page(report: ClaimsReport) -> str:
    """Return the page as Markdown."""
    return "\n".join([HEADER, *_sentences(), *_thresholds(report), *_table(report), *_details(report)])


def _sentences() -> Iterable[str]:
    yield "## What the note says\n"
    yield from (f"- **{number}** {text}" for number, text in SENTENCES.items())
    yield ""


def _thresholds(report: ClaimsReport) -> Iterable[str]:
    yield "## How a verdict comes about\n"
    yield "| threshold | value |"
    yield "|---|---|"
    yield from (f"| `{name}` | {value:g} |" for name, value in report.thresholds.items())
    yield ""
    yield from (f"{note}\n" for note in report.notes())
    yield (
        "A statement that rests on unconfirmed copies or recalled facts alone is never better than "
        "*consistent with*.\nWhere lenses differ the verdict is *partly*, unless the statement names the "
        "lens that decides, and why.\n"
    )


def _table(report: ClaimsReport) -> Iterable[str]:
    yield "## Verdicts\n"
    yield "| claim | note | statement | verdict |"
    yield "|---|---|---|---|"
    for v in report.verdicts:
        yield f"| `{v.claim.id}` | {', '.join(v.claim.source)} | {v.claim.statement} | {v.verdict} |"
    yield ""


def _details(report: ClaimsReport) -> Iterable[str]:
    yield "## What is behind each\n"
    for v in report.verdicts:
        yield from _detail(v)


def _detail(verdict: Verdict) -> Iterable[str]:
    claim, outcome = verdict.claim, verdict.outcome
    yield f"### `{claim.id}`: {verdict.verdict}\n"
    yield f"{claim.statement}\n"
    yield f"{verdict.reading}\n"
    yield f"{outcome.why}\n"
    if claim.decides:
        yield f"The {claim.decides} lens decides. {claim.because}\n"
    if outcome.numbers:
        yield "| number | value | lower | upper | unit |"
        yield "|---|---|---|---|---|"
        for n in outcome.numbers:
            mark = " (unverified)" if n.unverified else ""
            values = " | ".join(_shown(value) for value in (n.value, n.lower, n.upper))
            yield f"| {n.label}{mark} | {values} | {n.unit} |"
        yield ""
    for item in outcome.unverified:
        yield f"- Unverified: {item}."
    yield from (f"- {limit}" for limit in claim.limits)
    if claim.limits or outcome.unverified:
        yield ""


def _shown(value: float) -> str:
    return (f"{value:,.2f}" if abs(value) < 10 else f"{value:,.0f}").replace("-", "−")


def write(path: Path) -> None:
    """Write the page for the package in use."""
    path.write_text(page(evaluate_claims()), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/claims.md"))
