"""What a command works on: a catalogue series, or the caller's own files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analysis.errors import InputError, UsageError

if TYPE_CHECKING:
    from analysis.domain import EventTable, TradeSeries, Window

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.argument("target", required=False),
    click.option("--csv", metavar="FILE", help="Own series: header period,value and optionally status,rse."),
    click.option(
        "--events",
        "events_file",
        metavar="FILE",
        help="Own events: header id,title,effective and optionally shape,end,lead,group.",
    ),
    click.option(
        "--regime",
        "regimes",
        metavar="FROM..TO",
        multiple=True,
        help="A stretch of other variance; may be given more than once.",
    ),
    click.option("--controls", "controls_file", metavar="FILE", help="Own controls: header period,NAME,…"),
    click.option(
        "--vintage",
        metavar="VINTAGE",
        help="first (default), revised, or a date: the figures as known then.",
    ),
    click.option(
        "--gaps",
        type=click.Choice(["refuse", "missing"]),
        default="refuse",
        show_default=True,
        help="What a period without a row in --csv is.",
    ),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A series with what the caller declared beside it.

    Attributes
    ----------
    series : TradeSeries
    events : EventTable or None
        The caller's table; None means the defaults of the series.
    regimes : tuple of Window or None
        None means what the recipe of the series declares.
    controls : dict of str to dict of str to float, or None
        Values by control and ISO period; None means what the recipe declares.
    """

    series: TradeSeries
    events: EventTable | None
    regimes: tuple[Window, ...] | None
    controls: dict[str, dict[str, float]] | None


def target_options(command: Command) -> Command:
    """Add TARGET and the options that describe it; the command takes them as ``**where``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def load_target(
    *,
    target: str | None,
    csv: str | None,
    events_file: str | None,
    regimes: tuple[str, ...],
    controls_file: str | None,
    vintage: str | None,
    gaps: str,
) -> Target:
    """Read everything that `target_options` collected.

    Raises
    ------
    UsageError
        If not exactly one of TARGET and ``--csv`` is given, or an option does not go with it.
    InputError
        Naming file, row and column of the first thing that is wrong.
    NotFoundError
        If the catalogue has no such series.
    """
    from analysis.domain import EventTable, Window

    series = _load_series(target, csv, vintage, gaps)
    return Target(
        series=series,
        events=EventTable.from_csv(events_file) if events_file else None,
        regimes=tuple(Window.parse(text) for text in regimes) or None,
        controls=_read_controls(controls_file) if controls_file else None,
    )


def _load_series(target: str | None, csv: str | None, vintage: str | None, gaps: str) -> TradeSeries:
    if (target is None) == (csv is None):
        raise UsageError("name either a catalogue series (tradebreaks series lists them) or --csv FILE")
    if csv is not None:
        if vintage is not None:
            raise UsageError("--vintage belongs to a catalogue series and has no meaning with --csv")
        from analysis.domain import TradeSeries

        return TradeSeries.from_csv(csv, gaps="missing" if gaps == "missing" else "refuse")
    if gaps != "refuse":
        raise UsageError("--gaps belongs to --csv: the catalogue declares its own missing periods")
    from analysis import catalogue

    assert target is not None
    return catalogue.series(target, vintage=vintage or "first")


def _read_controls(path: str) -> dict[str, dict[str, float]]:
    from analysis.domain.reading import read_rows

    rows = read_rows(path, required=("period",), optional=None)
    controls: dict[str, dict[str, float]] = {name: {} for name in rows[0].cells if name != "period"}
    if not controls:
        raise InputError(f"the file {path} names no control: its header is period,NAME,…")
    for row in rows:
        period = row.text("period")
        for name, values in controls.items():
            if period in values:
                raise InputError(f"{row.place}: the period {period} appears twice; keep one row")
            value = row.number(name)
            if value is None:
                raise InputError(f"{row.place}: the control '{name}' is empty; a control needs every period")
            values[period] = value
    return controls
