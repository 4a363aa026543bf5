"""The commands that estimate: breaks, intervene, attribute."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analysis.cli.shell import emit, json_option, progress, say
from analysis.cli.target import Target, load_target, target_options

if TYPE_CHECKING:
    from analysis.domain import Result

Command = TypeVar("Command", bound=Callable[..., Any])

_SCALE = click.option(
    "--scale",
    type=click.Choice(["log", "level"]),
    help="Default: log if every value is above zero, otherwise level.",
)
_SEASONAL = click.option(
    "--seasonal/--no-seasonal", default=None, help="Default: on for monthly and quarterly series."
)
_LEVEL = click.option(
    "--level", type=float, default=0.95, show_default=True, help="Level of the intervals, a fraction."
)


def _model_options(clocks: tuple[str, ...], clock: str) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of the joint model."""
    options = (
        _SCALE,
        _SEASONAL,
        click.option(
            "--trend",
            type=click.Choice(["none", "linear", "local"]),
            default="local",
            show_default=True,
            help="local: the slope wanders.",
        ),
        click.option(
            "--shape",
            type=click.Choice(["declared", "auto"]),
            default="declared",
            show_default=True,
            help="auto: integrate over dates up to a year off, and over steps and effects that phase in.",
        ),
        click.option(
            "--clock",
            type=click.Choice(clocks),
            default=clock,
            show_default=True,
            help="Dating of UN resolutions.",
        ),
        click.option(
            "--method",
            default="structural",
            show_default=True,
            help="structural, or one of the usual methods beside it.",
        ),
        _LEVEL,
    )

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.command()
@target_options
@click.option("--model", type=click.Choice(["mean", "trend"]), default="mean", show_default=True)
@_SCALE
@_SEASONAL
@click.option("--max-breaks", type=click.IntRange(min=1), default=5, show_default=True)
@click.option(
    "--trimming", type=float, default=0.15, show_default=True, help="Shortest segment, a share of the sample."
)
@click.option(
    "--errors", type=click.Choice(["ar", "hac", "iid"]), help="Default: the sized procedure (AR errors)."
)
@_LEVEL
@json_option
def breaks(
    model: str,
    scale: str | None,
    seasonal: bool | None,
    max_breaks: int,
    trimming: float,
    errors: str | None,
    level: float,
    as_json: bool,
    **where: Any,
) -> None:
    """Find breaks at unknown dates in TARGET and match them to events."""
    target = load_target(**where)
    from analysis.breaks import find_breaks

    result = find_breaks(
        target.series,
        events=target.events,
        **_chosen(
            model=model,
            scale=scale,
            seasonal=seasonal,
            max_breaks=max_breaks,
            trimming=trimming,
            errors=errors,
            level=level,
            regime=target.regimes,
            controls=target.controls,
        ),
    )
    _show(result, as_json)


@click.command()
@target_options
@_model_options(("full", "ramp", "adopted"), "full")
@json_option
def intervene(as_json: bool, **options: Any) -> None:
    r"""Estimate the joint effects of the events in TARGET.

    \b
    Columns of --events (id, title and effective are required):
      effective  the day it takes effect; a month or year means its first day
      shape      step (default), pulse, ramp, gradual, temporary, level_slope
                 or rush (a change in the periods before the step as well)
      end        last day in force, inclusive
      lead       periods by which the effect comes before the date; of a rush
                 its length
      group      events of one name are reported together
    """
    target, choices = _split(options)
    from analysis.interventions import fit_interventions

    result = fit_interventions(target.series, target.events, **choices)
    _show(result, as_json)


@click.command()
@target_options
@click.option("--from", "start", metavar="WINDOW", required=True, help="A period or a range A..B, inclusive.")
@click.option("--to", "end", metavar="WINDOW", required=True, help="A period or a range A..B, inclusive.")
@_model_options(("full", "ramp", "adopted", "all"), "all")
@click.option("--evidence", type=click.Choice(["none", "basic", "full"]), default="basic", show_default=True)
@click.option("--details", is_flag=True, help="Print parts, identification, lenses and evidence as well.")
@json_option
def attribute(as_json: bool, details: bool, **options: Any) -> None:
    r"""Attribute the change of TARGET between two windows to dated events.

    \b
    Columns of --events (id, title and effective are required):
      effective  the day it takes effect; a month or year means its first day
      shape      step (default), pulse, ramp, gradual, temporary, level_slope
                 or rush (a change in the periods before the step as well)
      end        last day in force, inclusive
      lead       periods by which the effect comes before the date; of a rush
                 its length
      group      events of one name are reported together
    """
    target, choices = _split(options)
    from analysis.attribution import attribute as attribute_change
    from analysis.domain import EventTable
    from analysis.reporting.headline import Headline, wrapped

    with progress(f"fitting the joint model of {target.series.id}"):
        result = attribute_change(target.series, target.events, **choices)
    record = result.to_record()
    events = EventTable(tuple(result.events.values()))
    text = [Headline.of(record, result.series.title or result.series.id, events).text()]
    text += [wrapped(f"{note}") for note in (result.notes() if details else result.limits())]
    for warning in result.warnings:
        say(warning)
    emit(record, "\n".join(text), as_json)


_TARGET_KEYS = ("target", "csv", "events_file", "regimes", "controls_file", "vintage", "gaps")


def _split(options: dict[str, Any]) -> tuple[Target, dict[str, Any]]:
    """Return the loaded target, and the keyword arguments for the library."""
    target = load_target(**{key: options.pop(key) for key in _TARGET_KEYS})
    choices = _chosen(regime=target.regimes, controls=target.controls, **options)
    return target, choices


def _chosen(**options: Any) -> dict[str, Any]:
    """Return the options that were given; the library knows the defaults of the others."""
    return {key: value for key, value in options.items() if value is not None}


def _show(result: Result, as_json: bool) -> None:
    record, text = result.to_record(), result.summary()
    for warning in getattr(result, "warnings", ()):
        say(warning)
    emit(record, text, as_json)
