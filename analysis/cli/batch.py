"""The command over many series: batch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from analysis.cli.shell import emit, json_option, say
from analysis.cli.target import CHOICE_KEYS, reading_options


@click.command()
@click.option(
    "--input",
    "source",
    metavar="FILE",
    required=True,
    help="Long rows series_id,period,value and optionally rse (CSV, Parquet), or any file that --csv takes.",
)
@click.option(
    "--events",
    metavar="FILE",
    required=True,
    help="Events: header id,title,effective and optionally shape,end,lead,group.",
)
@click.option("--output", metavar="FILE", required=True, help="CSV or Parquet, by its ending.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Worker processes.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786.")
@click.option("--by", metavar="COLUMN", help="Column of both files: which events belong to which series.")
@click.option(
    "--lens",
    type=click.Choice(["effects", "breaks", "attribution"]),
    default="effects",
    show_default=True,
    help="Joint effects, breaks at unknown dates, or a change attributed.",
)
@click.option(
    "--gaps",
    type=click.Choice(["refuse", "missing"]),
    default="refuse",
    show_default=True,
    help="What a period without a row is.",
)
@click.option(
    "--columns",
    type=click.Choice(["contract", "all"]),
    default="contract",
    show_default=True,
    help="all adds scale, effect on either scale, p_sign, grade and pvalue.",
)
@click.option(
    "--sum",
    "sums",
    metavar="A+B",
    multiple=True,
    help="A row for the sum of these events' effects; repeat it.",
)
@click.option("--method", help="structural (default), or one of the usual methods beside it.")
@click.option(
    "--scale", type=click.Choice(["log", "level"]), help="Default: log where every value is positive."
)
@click.option("--seasonal/--no-seasonal", default=None, help="Default: on for months, quarters and weeks.")
@click.option("--trend", type=click.Choice(["none", "linear", "local"]), help="Default: local.")
@click.option("--level", type=float, help="Level of the intervals, a fraction; default 0.95.")
@click.option("--outliers/--no-outliers", default=None, help="Whether outlying periods are discounted.")
@click.option("--regime", metavar="FROM..TO", help="A stretch of other variance, in every series.")
@click.option("--from", "start", metavar="WINDOW", help="Of an attribution.")
@click.option("--to", "end", metavar="WINDOW", help="Of an attribution.")
@reading_options
@click.option("--fresh", is_flag=True, help="Do not continue an interrupted run.")
@click.option("--force", is_flag=True, help="Overwrite an output that is there already.")
@json_option
def batch(
    source: str,
    events: str,
    output: str,
    jobs: int,
    scheduler: str | None,
    by: str | None,
    lens: str,
    gaps: str,
    columns: str,
    fresh: bool,
    force: bool,
    as_json: bool,
    **choices: Any,
) -> None:
    """Estimate many series; a bad one is a row of status error, never a failed run."""
    from analysis.batch import run_batch
    from analysis.batch.reading import LongInput
    from analysis.reading import Choices

    reading = Choices.of(**{name: choices.pop(name) for name in CHOICE_KEYS})
    report = run_batch(
        LongInput(source, by, reading),
        events,
        output,
        jobs=jobs,
        scheduler=scheduler,
        lens=lens,
        by=by,
        gaps=gaps,
        columns=columns,
        resume=not fresh,
        force=force,
        progress=_progress(),
        **{name: value for name, value in choices.items() if value is not None and value != ()},
    )
    if report.errors:
        say(f"{report.errors} of {report.series} series have no answer: see the rows of status error")
    emit(report.to_record(), report.summary(), as_json)


def _progress() -> Callable[[int, int], None] | None:
    """Return a bar on a terminal's stderr, nothing elsewhere."""
    if not sys.stderr.isatty():
        return None
    width = 40

    def show(done: int, total: int) -> None:
        filled = width * done // max(total, 1)
        end = "\n" if done == total else ""
        click.echo(
            f"\r[{'#' * filled}{' ' * (width - filled)}] {done}/{total} chunks{end}", err=True, nl=False
        )

    return show
