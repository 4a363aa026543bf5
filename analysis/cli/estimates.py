"""The commands that estimate: breaks, intervene, attribute."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analysis.cli.detector_options import detector_options, detectors_of, take_detector
from analysis.cli.method_options import beside_option, method_options, show_with_panel, take_method_options
from analysis.cli.shell import emit, json_option, progress, say
from analysis.cli.target import Target, take_target, target_options
from analysis.errors import InputError, UsageError

if TYPE_CHECKING:
    from analysis.domain import Result

Command = TypeVar("Command", bound=Callable[..., Any])

EVENT_COLUMNS = """
\b
Columns of --events (id, title and effective are required):
  effective  the day it takes effect; a month or year means its first day
  shape      step (default), pulse, ramp, gradual, temporary, level_slope
             or rush (a change in the periods before the step as well)
  end        last day in force, inclusive
  lead       periods by which the effect comes before the date; of a rush
             its length
  group      events of one name are reported together
  ended_by   parts that the event ended, in a file of parts (attribute)
"""

_SCALE = click.option(
    "--scale",
    type=click.Choice(["log", "level"]),
    help="Default: log if every value is above zero, otherwise level.",
)
_SEASONAL = click.option(
    "--seasonal/--no-seasonal",
    default=None,
    help="Default: on for months, quarters and weeks; for breaks where a test sees a season.",
)
_LEVEL = click.option(
    "--level", type=float, default=0.95, show_default=True, help="Level of the intervals, a fraction."
)
_OUTLIERS = click.option(
    "--outliers/--no-outliers",
    default=None,
    help="Whether outlying periods may carry more variance; default on, never in an event's onset.",
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
        _OUTLIERS,
    )

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.command()
@target_options
@click.option("--model", type=click.Choice(["auto", "mean", "trend"]), default="auto", show_default=True)
@_SCALE
@_SEASONAL
@click.option("--max-breaks", type=click.IntRange(min=1), default=8, show_default=True)
@click.option(
    "--min-segment",
    type=int,
    help="Periods in the shortest segment. Default: 8 months, 6 quarters, 3 years, 26 weeks, 60 days.",
)
@click.option(
    "--trimming", type=float, help="Shortest segment as a share of the sample; decides instead if given."
)
@click.option(
    "--guard/--no-guard", default=True, show_default=True, help="Whether a wild bootstrap must agree."
)
@click.option(
    "--errors", type=click.Choice(["ar", "hac", "iid"]), help="Default: the sized procedure (AR errors)."
)
@click.option(
    "--regressors",
    metavar="NAME,…",
    help="Columns of --controls: search for breaks in their coefficients and the intercept instead.",
)
@click.option("--lags", type=click.IntRange(min=0), help="With --regressors: lags of the series among them.")
@_LEVEL
@detector_options
@json_option
def breaks(
    model: str,
    scale: str | None,
    seasonal: bool | None,
    max_breaks: int,
    min_segment: int | None,
    trimming: float | None,
    guard: bool,
    errors: str | None,
    regressors: str | None,
    lags: int | None,
    level: float,
    as_json: bool,
    **where: Any,
) -> None:
    """Find breaks at unknown dates in TARGET and match them to events."""
    detector = take_detector(where)
    target = take_target(where)
    if detector is not None:
        _show(target, detector.run(target, model, scale, seasonal, max_breaks, trimming), as_json)
        return
    if regressors is not None or lags is not None:
        named = regressors.split(",") if regressors else []
        shortest = _chosen(max_breaks=min(max_breaks, 5), min_segment=min_segment, trimming=trimming)
        covariance = {None: "hac", "hac": "hac", "iid": "iid"}.get(errors)
        if covariance is None:
            raise UsageError("--errors ar has no meaning with --regressors: it is hac or iid")
        found = _regression(target, named, lags or 0, scale, covariance=covariance, level=level, **shortest)
        target.say_what_was_read()
        emit(found.to_record(), found.summary(), as_json)
        return
    from analysis.breaks import find_breaks

    result = find_breaks(
        target.series,
        events=target.events,
        **_chosen(
            model=model,
            scale=scale,
            seasonal=seasonal,
            max_breaks=max_breaks,
            min_segment=min_segment,
            trimming=trimming,
            guard=guard,
            errors=errors,
            level=level,
            regime=target.regimes,
            controls=target.controls,
        ),
    )
    _show(target, result, as_json, extra=detectors_of(result))


def _regression(target: Target, names: list[str], lags: int, scale: str | None, **choices: Any) -> Result:
    """Search the coefficients of intercept, named columns and lags of the series for breaks."""
    import numpy as np

    from analysis.breaks import break_regression

    series, given = target.series, target.controls or {}
    unknown = [name for name in names if name not in given]
    if unknown:
        known = ", ".join(given) or "none: name a file with --controls"
        raise InputError(f"there is no column '{unknown[0]}' (there are: {known})")
    values = series.values.astype(float)
    if scale == "log":
        if np.nanmin(values) <= 0:
            raise InputError("a value at or below zero has no logarithm: use --scale level")
        values = np.log(values)
    periods = [str(period) for period in series.periods]
    columns = [np.array([given[name].get(period, np.nan) for period in periods]) for name in names]
    columns += [np.concatenate([np.full(lag, np.nan), values[:-lag]]) for lag in range(1, lags + 1)]
    table = np.column_stack([values, *columns])
    kept = np.all(np.isfinite(table), axis=1)
    labels = [period for period, usable in zip(periods, kept, strict=True) if usable]
    return break_regression(table[kept, 0], table[kept, 1:], intercept="changing", labels=labels, **choices)


def _with_event_columns(command: Callable[..., None]) -> Callable[..., None]:
    """Add to the help of a command what an events file may hold."""
    command.__doc__ = f"{command.__doc__}\n{EVENT_COLUMNS}"
    return command


@click.command()
@target_options
@_model_options(("full", "ramp", "adopted"), "full")
@method_options
@beside_option
@json_option
@_with_event_columns
def intervene(as_json: bool, beside: bool, **options: Any) -> None:
    """Estimate the joint effects of the events in TARGET."""
    own = take_method_options(options)
    target, choices = _split(options | own)
    from analysis.interventions import compare_methods, fit_interventions

    if beside and choices["method"] != "structural":
        raise UsageError("--methods sets the usual methods beside the joint model: leave --method out")
    result = fit_interventions(target.series, target.events, **choices)
    panel = compare_methods(result, controls=target.controls) if beside else None
    _show(target, result, as_json, panel)


@click.command()
@target_options
@click.option("--from", "start", metavar="WINDOW", required=True, help="A period or a range A..B, inclusive.")
@click.option("--to", "end", metavar="WINDOW", required=True, help="A period or a range A..B, inclusive.")
@_model_options(("full", "ramp", "adopted", "all"), "all")
@click.option("--evidence", type=click.Choice(["none", "basic", "full"]), default="basic", show_default=True)
@beside_option
@click.option("--details", is_flag=True, help="Print parts, identification, lenses and evidence as well.")
@json_option
@_with_event_columns
def attribute(as_json: bool, details: bool, beside: bool, **options: Any) -> None:
    """Attribute the change of TARGET between two windows to dated events."""
    target, choices = _split(options)
    from analysis.attribution import attribute as attribute_change
    from analysis.domain import EventTable
    from analysis.interventions import compare_methods
    from analysis.reporting.headline import Headline, wrapped

    with progress(f"fitting the joint model of {target.series.id}"):
        result = attribute_change(target.series, target.events, parts=target.parts or None, **choices)
    record = result.to_record()
    events = EventTable(tuple(result.events.values()))
    text = [Headline.of(record, result.series.title or result.series.id, events).text()]
    notes = [note for note in result.notes() if not note.startswith("Doubt: ")]  # the headline has them
    text += [wrapped(note) for note in (notes if details else result.limits())]
    if beside:
        panels = {fit.series.id: compare_methods(fit, controls=target.controls) for fit in result.fits}
        record["methods"] = {name: panel.to_record() for name, panel in panels.items()}
        text += [f"\n{panel.summary()}" for panel in panels.values()]
    target.say_what_was_read()
    for warning in result.warnings:
        say(warning)
    emit(record, "\n".join(text), as_json)


def _split(options: dict[str, Any]) -> tuple[Target, dict[str, Any]]:
    """Return the loaded target, and the keyword arguments for the library."""
    target = take_target(options)
    choices = _chosen(regime=target.regimes, controls=target.controls, **options)
    return target, choices


def _chosen(**options: Any) -> dict[str, Any]:
    """Return the options that were given; the library knows the defaults of the others."""
    return {key: value for key, value in options.items() if value is not None}


def _show(
    target: Target, result: Result, as_json: bool, panel: Result | None = None, extra: str = ""
) -> None:
    record, text = show_with_panel(result, panel)
    text = f"{text.rstrip()}\n\n{extra}" if extra else text
    target.say_what_was_read()
    for warning in getattr(result, "warnings", ()):
        say(warning)
    emit(record, text, as_json)
