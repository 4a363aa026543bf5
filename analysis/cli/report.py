"""The command that writes everything: report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from analysis.cli.shell import emit, json_option, say

if TYPE_CHECKING:
    from analysis.attribution.evidence import EvidenceLevel

WIDTH = 30
"""Characters of the progress bar."""


@click.command()
@click.option(
    "--out", metavar="DIR", default="report", show_default=True, help="A directory; made if it is not there."
)
@click.option(
    "--evidence",
    type=click.Choice(["none", "basic", "full"]),
    default="basic",
    show_default=True,
    help="Refits for and against the main answers; full takes some minutes.",
)
@json_option
def report(out: str, evidence: EvidenceLevel, as_json: bool) -> None:
    """Write everything on the embedded data: a brief of two pages and the full report, HTML and PDF."""
    from analysis.report import write_report

    written = write_report(out, evidence=evidence, progress=_progress())
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
