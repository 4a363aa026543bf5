"""The command that tests the statements of the note behind the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from analysis.cli.shell import emit, json_option

if TYPE_CHECKING:
    from analysis.attribution.claims import ClaimsReport


@click.command()
@click.argument("claim_ids", metavar="[ID]...", nargs=-1)
@json_option
def claims(claim_ids: tuple[str, ...], as_json: bool) -> None:
    """Test the statements of the note behind the chart, or some of them."""
    from analysis.attribution.claims import evaluate_claims

    report = evaluate_claims(claim_ids)
    emit(report.to_record(), _text(report, detailed=bool(claim_ids)), as_json)


def _text(report: ClaimsReport, *, detailed: bool) -> str:
    """Return the table, and of statements that were asked for everything behind them."""
    text = report.summary()
    if not detailed:
        return text
    for verdict in report.verdicts:
        text += (
            f"\n{verdict.claim.statement} ({verdict.claim.id})\n{verdict.verdict}: {verdict.outcome.why}\n"
            f"{verdict.reading}\n"
        )
        if verdict.claim.because:
            text += f"The {verdict.claim.decides} lens decides. {verdict.claim.because}\n"
        text += "".join(f"Unverified: {item}.\n" for item in verdict.outcome.unverified)
        text += "".join(f"Limit: {limit}\n" for limit in verdict.claim.limits)
    return text
