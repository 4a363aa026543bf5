"""The commands that test the stability of a series, and monitor its new observations."""

from __future__ import annotations

from typing import Any

import click

from analysis.cli.shell import emit, json_option
from analysis.cli.target import Target, take_target, target_options
from analysis.errors import UsageError

_SCALE = click.option("--scale", type=click.Choice(["log", "level"]), help="Default: as for breaks.")
_SEASONAL = click.option("--seasonal/--no-seasonal", default=None, help="Default: as for breaks.")


@click.command()
@target_options
@click.option("--model", type=click.Choice(["mean", "trend"]), default="mean", show_default=True)
@_SCALE
@_SEASONAL
@click.option(
    "--trimming", type=float, default=0.15, show_default=True, help="Shortest segment, a share of the sample."
)
@click.option(
    "--date",
    metavar="PERIOD",
    multiple=True,
    help="First period after a known date: adds Chow's test; several dates are tested jointly.",
)
@click.option("--unit-roots", is_flag=True, help="Add Zivot-Andrews and Lee-Strazicich; takes a while.")
@json_option
def stability(
    model: Any,
    scale: Any,
    seasonal: bool | None,
    trimming: float,
    date: tuple[str, ...],
    unit_roots: bool,
    as_json: bool,
    **where: Any,
) -> None:
    """Test whether mean, variance and seasons of TARGET are stable."""
    target = take_target(where)
    _refuse(target, "stability", events=True, controls=True)
    from analysis.breaks import check_stability

    found = check_stability(
        target.series,
        model=model,
        scale=scale,
        seasonal=seasonal,
        trimming=trimming,
        date=date or None,
        unit_roots=unit_roots,
        regime=target.regimes,
    )
    target.say_what_was_read()
    emit(found.to_record(), found.summary(), as_json)


@click.command()
@target_options
@click.option("--history-end", metavar="PERIOD", required=True, help="Last period of the history, inclusive.")
@_SCALE
@_SEASONAL
@click.option(
    "--method",
    type=click.Choice(["ols_cusum", "ols_mosum", "recursive_estimates", "moving_estimates"]),
    default="ols_cusum",
    show_default=True,
)
@click.option("--level", type=float, default=0.05, show_default=True, help="Probability of a false alarm.")
@click.option(
    "--window", type=float, default=0.25, show_default=True, help="Of moving methods, a share of the history."
)
@click.option(
    "--horizon", type=int, default=10, show_default=True, help="Planned end, a multiple of the history."
)
@click.option("--errors", type=click.Choice(["ar", "iid"]), default="ar", show_default=True)
@json_option
def monitor(history_end: str, as_json: bool, **options: Any) -> None:
    """Watch the new observations of TARGET against its history."""
    target = take_target(options)
    _refuse(target, "monitor", events=True, controls=True, regimes=True)
    from analysis.breaks import monitor_series

    found = monitor_series(target.series, history_end, **options)
    target.say_what_was_read()
    emit(found.to_record(), found.summary(), as_json)


def _refuse(
    target: Target, command: str, *, events: bool = False, controls: bool = False, regimes: bool = False
) -> None:
    given = {
        "--events": events and target.events,
        "--controls": controls and target.controls,
        "--regime": regimes and target.regimes,
    }
    for option, used in given.items():
        if used:
            raise UsageError(f"{option} has no meaning for {command}")
