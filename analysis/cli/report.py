"""The command that writes everything: report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from analysis.cli.shell import emit, json_option, say
from analysis.cli.target import load_target, own_options
from analysis.errors import UsageError

if TYPE_CHECKING:
    from analysis.attribution.evidence import EvidenceLevel

NOT_GIVEN = (None, False, (), "refuse")
WIDTH = 30
"""Characters of the progress bar."""


@click.command()
@click.option(
    "--out", metavar="DIR", default="report", show_default=True, help="A directory; made if it is not there."
)
@own_options
@click.option("--from", "start", metavar="WINDOW", help="With --csv: a period or a range A..B, inclusive.")
@click.option("--to", "end", metavar="WINDOW", help="With --csv: a period or a range A..B, inclusive.")
@click.option(
    "--evidence",
    type=click.Choice(["none", "basic", "full"]),
    default="basic",
    show_default=True,
    help="Refits for and against the main answers; full takes some minutes.",
)
@json_option
def report(
    out: str, start: str | None, end: str | None, evidence: EvidenceLevel, as_json: bool, **where: Any
) -> None:
    """Write everything on the embedded data: a brief of two pages and the full report, HTML and PDF.

    With --csv, --events, --from and --to: the report on a series of your own.
    """
    from analysis.report import write_own_report, write_report

    if where["csv"] is None:
        asked = {**where, "from": start, "to": end}
        given = next((name for name, value in asked.items() if value not in NOT_GIVEN), None)
        if given is not None:
            option = given.removesuffix("_file").replace("regimes", "regime").replace("_", "-")
            raise UsageError(f"--{option} belongs to the report on your own series: give --csv FILE as well")
        written = write_report(out, evidence=evidence, progress=_progress())
    else:
        if where["events_file"] is None or start is None or end is None:
            raise UsageError("a report on --csv divides a change: give --events, --from and --to")
        target = load_target(target=None, **where)
        assert target.events is not None
        written = write_own_report(
            out,
            target.series,
            target.events,
            start=start,
            end=end,
            parts=target.parts,
            evidence=evidence,
            regime=target.regimes,
            controls=target.controls,
            progress=_progress(),
        )
        target.say_what_was_read()
    emit(written.to_record(), written.summary(), as_json)


def _progress() -> Callable[[int, int, str], None]:
    """Return a bar for a terminal's stderr, a line a step elsewhere."""
    if not sys.stderr.isatty():
        return _line

    def show(done: int, total: int, name: str) -> None:
        filled = WIDTH * done // max(total, 1)
        end = "\n" if done == total else ""
        bar = f"[{'#' * filled}{' ' * (WIDTH - filled)}] {done}/{total} {name}"
        click.echo(f"\r\x1b[K{bar}{end}", err=True, nl=False)

    return show


def _line(done: int, total: int, name: str) -> None:
    say(f"{done}/{total}: {name}")
