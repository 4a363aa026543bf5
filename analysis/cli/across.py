"""Commands over the output of a batch: discoveries, pooled effects, ranks, common breaks, exposure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from analysis.cli.shell import Command, emit, json_option
from analysis.cli.written import write_table

if TYPE_CHECKING:
    from analysis.domain import Result


@click.group()
def across() -> None:
    """Set many series side by side: discoveries, pooled effects, ranks, breaks they share."""


def _effects_option(command: Command) -> Command:
    return click.option(
        "--effects", metavar="FILE", required=True, help="Output of batch, lens effects; CSV or Parquet."
    )(command)


def _output_option(command: Command) -> Command:
    return click.option("--output", metavar="FILE", help="Write the table here too, as CSV.")(command)


def _pooling_options(command: Command) -> Command:
    for option in (
        click.option("--exposure", metavar="FILE", help="Table series_id,event_id,exposure."),
        click.option("--level", type=float, default=0.95, show_default=True, help="Of the intervals."),
        click.option(
            "--correlation",
            type=float,
            default=0.0,
            show_default=True,
            help="Of the errors of every two series.",
        ),
    ):
        command = option(command)
    return command


@across.command()
@_effects_option
@click.option("--rate", type=float, default=0.05, show_default=True, help="False-discovery rate.")
@click.option(
    "--method",
    type=click.Choice(["bh", "by"]),
    default="bh",
    show_default=True,
    help="by holds under any dependence.",
)
@click.option("--event", "event_id", metavar="ID", help="One event's tests; default: all tests together.")
@_output_option
@json_option
def discoveries(
    effects: str, rate: float, method: str, event_id: str | None, output: str | None, as_json: bool
) -> None:
    """Which effects are discoveries: Benjamini-Hochberg or Benjamini-Yekutieli."""
    from analysis.across import control_discoveries, read_effects

    found = control_discoveries(read_effects(effects), rate=rate, method=method, event_id=event_id)
    _answer(found, output, as_json)


@across.command()
@_effects_option
@click.option(
    "--event", "event_ids", metavar="ID", multiple=True, help="Default: every event; repeat for several."
)
@_pooling_options
@_output_option
@json_option
def pool(
    effects: str,
    event_ids: Sequence[str],
    exposure: str | None,
    level: float,
    correlation: float,
    output: str | None,
    as_json: bool,
) -> None:
    """Pool each event's effects across series, with their exposure to its provisions."""
    from analysis.across import pool_effects, read_effects, read_exposure

    found = pool_effects(
        read_effects(effects),
        read_exposure(exposure) if exposure else None,
        event_ids=list(event_ids) or None,
        level=level,
        correlation=correlation,
    )
    _answer(found, output, as_json)


@across.command()
@_effects_option
@click.option(
    "--event", "event_id", metavar="ID", required=True, help="One event, or a sum a+b of the batch."
)
@_pooling_options
@_output_option
@json_option
def league(
    effects: str,
    event_id: str,
    exposure: str | None,
    level: float,
    correlation: float,
    output: str | None,
    as_json: bool,
) -> None:
    """Rank the series by one event's effect, with confidence sets of the ranks."""
    from analysis.across import league_table, read_effects, read_exposure

    found = league_table(
        read_effects(effects),
        event_id,
        read_exposure(exposure) if exposure else None,
        level=level,
        correlation=correlation,
    )
    _answer(found, output, as_json)


@across.command("breaks")
@click.option(
    "--input",
    "source",
    metavar="FILE",
    required=True,
    help="Long rows series_id,period,value; CSV or Parquet.",
)
@click.option("--events", metavar="FILE", help="Events to compare the dates with.")
@click.option("--scale", type=click.Choice(["log", "level"]), default="log", show_default=True)
@click.option("--seasonal/--no-seasonal", default=None, help="Default: on for months, quarters and weeks.")
@click.option("--trimming", type=float, default=0.15, show_default=True)
@click.option("--max-breaks", type=int, default=3, show_default=True)
@click.option("--level", type=float, default=0.95, show_default=True, help="Of the date sets.")
@click.option("--gaps", type=click.Choice(["refuse", "missing"]), default="refuse", show_default=True)
@_output_option
@json_option
def common_breaks(
    source: str, events: str | None, gaps: str, output: str | None, as_json: bool, **choices: Any
) -> None:
    """Find the dates at which many series break together."""
    from analysis.across import find_common_breaks
    from analysis.batch.chunk import read_panel
    from analysis.reading import read_events

    series, unread = read_panel(source, gaps)
    table = read_events(events) if events else None
    found = find_common_breaks(series, events=table, unread=unread, **choices)
    _answer(found, output, as_json)


@across.command()
@click.option(
    "--products",
    metavar="FILE",
    required=True,
    help="Columns series_id,product,flow and, if it has it, economy; others are passed over.",
)
@click.option(
    "--provisions",
    metavar="FILE",
    help="Your own instead of the catalogue's: event_id,hs_codes and optionally flow,economy,effective,id.",
)
@click.option(
    "--event",
    "event_ids",
    metavar="ID",
    multiple=True,
    help="Default: every UN resolution, or every event of --provisions.",
)
@click.option(
    "--rule",
    type=click.Choice(["named", "first_binding"]),
    default="named",
    show_default=True,
    help="Whether a ban or cap names the product, or binds it first.",
)
@_output_option
@json_option
def exposure(
    products: str,
    provisions: str | None,
    event_ids: Sequence[str],
    rule: str,
    output: str | None,
    as_json: bool,
) -> None:
    """Which products the bans and caps of the events name, of the economy that they are about."""
    from analysis.across.exposure import provision_exposure, read_products
    from analysis.across.provisions import read_provisions

    own = read_provisions(provisions) if provisions else None
    found = provision_exposure(read_products(products), event_ids or None, rule=rule, provisions=own)
    _answer(found, output, as_json)


def _answer(found: Result, output: str | None, as_json: bool) -> None:
    if output:
        write_table(found, output)
    emit(found.to_record(), found.summary(), as_json)
