"""What a command works on: a catalogue series, or the caller's own files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analysis.cli.shell import say
from analysis.errors import UsageError

if TYPE_CHECKING:
    from analysis.domain import EventTable, TradeSeries, Window

Command = TypeVar("Command", bound=Callable[..., Any])

READING_OPTIONS = (
    click.option("--period", metavar="COLUMN", help="Column of the periods of --csv, by name or number."),
    click.option("--value", metavar="COLUMN", help="Column of the values of --csv, by name or number."),
    click.option("--series", metavar="NAME", help="One series of a --csv that holds several."),
    click.option("--decimal", type=click.Choice(["point", "comma"]), help="Decimal mark of own files."),
    click.option(
        "--date-order",
        type=click.Choice(["dmy", "mdy", "ymd"]),
        help="Order of day, month, year in own files.",
    ),
    click.option(
        "--frequency", type=click.Choice(["A", "Q", "M", "W", "D"]), help="Of --csv, instead of its spacing."
    ),
    click.option("--sheet", metavar="NAME", help="Sheet of a workbook."),
    click.option("--encoding", metavar="NAME", help="Of own files: utf-8, gb18030, cp949, cp1252, ..."),
    click.option(
        "--cumulative/--no-cumulative", default=None, help="Whether --csv holds running totals of the year."
    ),
    click.option(
        "--february",
        type=click.Choice(["sum", "month"]),
        help="What February is where January has no row: the sum of both, or a month.",
    ),
    click.option(
        "--mirror-of", metavar="CODE", help="Of a --csv of flows: as partners of this economy record them."
    ),
    click.option(
        "--codes",
        type=click.Choice(["pad", "keep"]),
        help="Product codes of odd length: lost a leading zero, or not.",
    ),
)
"""What decides where a file can be read in two ways, a field of `analysis.reading.Choices` each."""
CHOICE_KEYS = (
    "period",
    "value",
    "series",
    "decimal",
    "date_order",
    "frequency",
    "sheet",
    "encoding",
    "cumulative",
    "february",
    "mirror_of",
    "codes",
)

_OPTIONS = (
    click.argument("target", required=False),
    click.option(
        "--csv",
        metavar="FILE",
        help="Own series: CSV, .xlsx or .ods, a column of periods and one of values (docs/own-data.md).",
    ),
    click.option(
        "--events",
        "events_file",
        metavar="FILE",
        help="Own events: header id,title,effective and optionally shape,end,lead,group,ended_by.",
    ),
    *READING_OPTIONS,
    click.option("--title", metavar="TEXT", help="Title of the series of --csv."),
    click.option("--unit", metavar="TEXT", help="Unit of the values of --csv."),
    click.option(
        "--rate",
        is_flag=True,
        help="The values of --csv are rates: windows are means, and nothing is a sum a year.",
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
    parts : dict of str to TradeSeries
        The caller's series of which `series` is the sum, by id.
    """

    series: TradeSeries
    events: EventTable | None
    regimes: tuple[Window, ...] | None
    controls: dict[str, dict[str, float]] | None
    parts: dict[str, TradeSeries] = field(default_factory=dict)

    def say_what_was_read(self) -> None:
        """Write to stderr, in a sentence, what was read of the caller's file."""
        if not self.series.catalogue:
            say(self.series.caveats[0])


def reading_options(command: Command) -> Command:
    """Add the options that decide how a file is read; the command takes them by `CHOICE_KEYS`."""
    for option in reversed(READING_OPTIONS):
        command = option(command)
    return command


def target_options(command: Command) -> Command:
    """Add TARGET and the options that describe it; the command takes them as ``**where``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


TARGET_KEYS = (
    "target",
    "csv",
    "events_file",
    "regimes",
    "controls_file",
    "vintage",
    "gaps",
    "title",
    "unit",
    "rate",
    *CHOICE_KEYS,
)
"""Names under which a command gets what `target_options` collected."""


def own_options(command: Command) -> Command:
    """Add the options that describe a caller's own files; the command takes them as ``**where``."""
    for option in reversed(_OPTIONS[1:]):
        command = option(command)
    return command


def take_target(options: dict[str, Any]) -> Target:
    """Take the options of `target_options` out of a command's and read them; see `load_target`."""
    return load_target(**{key: options.pop(key) for key in TARGET_KEYS})


def load_target(
    *,
    target: str | None,
    csv: str | None,
    events_file: str | None,
    regimes: tuple[str, ...],
    controls_file: str | None,
    vintage: str | None,
    gaps: str,
    title: str | None,
    unit: str | None,
    rate: bool,
    **choices: Any,
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
    from analysis.domain import Window
    from analysis.reading import Choices, read_controls, read_events

    asked = Choices.of(**choices)
    beside = replace(asked, period=None, value=None, series=None, sheet=None, frequency=None)
    if (target is None) == (csv is None):
        raise UsageError("name either a catalogue series (tradebreaks series lists them) or --csv FILE")
    own = {"title": title, "unit": unit, "rate": rate}
    if csv is not None:
        series, parts = _own_series(csv, vintage, gaps, own, choices)
    else:
        files = bool(events_file or controls_file)
        series, parts = _catalogue_series(str(target), vintage, gaps, {**own, **choices}, files=files), {}
    return Target(
        series=series,
        events=read_events(events_file, choices=beside) if events_file else None,
        regimes=tuple(Window.parse(text) for text in regimes) or None,
        controls=read_controls(controls_file, choices=beside) if controls_file else None,
        parts=parts,
    )


def _own_series(
    csv: str, vintage: str | None, gaps: str, own: dict[str, Any], choices: dict[str, Any]
) -> tuple[TradeSeries, dict[str, TradeSeries]]:
    if vintage is not None:
        raise UsageError("--vintage belongs to a catalogue series and has no meaning with --csv")
    from analysis.reading import read_parts

    return read_parts(csv, gaps="missing" if gaps == "missing" else "refuse", **own, **choices)


def _catalogue_series(
    target: str, vintage: str | None, gaps: str, given: dict[str, Any], *, files: bool
) -> TradeSeries:
    if gaps != "refuse":
        raise UsageError("--gaps belongs to --csv: the catalogue declares its own missing periods")
    allowed = ("decimal", "date_order", "encoding") if files else ()
    for name, value in given.items():
        if value not in (None, False) and name not in allowed:
            raise UsageError(
                f"--{name.replace('_', '-')} belongs to --csv and has no meaning for a catalogue series"
            )
    from analysis import catalogue

    return catalogue.series(target, vintage=vintage or "first")
