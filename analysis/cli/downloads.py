"""Commands that turn a caller's files into the long table that every other command reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from analysis.cli.shell import Command, emit, json_option
from analysis.cli.target import reading_options
from analysis.cli.written import write_table

if TYPE_CHECKING:
    from analysis.reading.layouts import TradeFlows


@click.group("import")
def import_() -> None:
    """Read trade statistics that you have downloaded; nothing leaves this machine."""


def _options(command: Command) -> Command:
    for option in (
        click.argument("files", nargs=-1, required=True, metavar="FILE..."),
        click.option("--output", metavar="FILE", required=True, help="Long CSV for batch --input."),
        click.option(
            "--mirror-of",
            metavar="CODE",
            help="Keep what partners record of their trade with it, seen from it.",
        ),
        click.option("--world", is_flag=True, help="Add the sum over all partners of the file."),
        json_option,
    ):
        command = option(command)
    return command


@import_.command()
@_options
def comtrade(files: Sequence[str], output: str, mirror_of: str | None, world: bool, as_json: bool) -> None:
    """CSV downloads of UN Comtrade, of the present or the earlier site."""
    from analysis.reading.layouts import read_comtrade

    _write(read_comtrade, files, output, mirror_of, world, as_json)


@import_.command()
@_options
def imf(files: Sequence[str], output: str, mirror_of: str | None, world: bool, as_json: bool) -> None:
    """SDMX-CSV downloads of the IMF's trade by partner (IMTS, DOTS)."""
    from analysis.reading.layouts import read_imf

    _write(read_imf, files, output, mirror_of, world, as_json)


@import_.command("file")
@click.argument("file", metavar="FILE")
@click.option("--output", metavar="FILE", required=True, help="Long CSV series_id,period,value.")
@reading_options
@json_option
def any_file(file: str, output: str, as_json: bool, **choices: Any) -> None:
    """Any file that --csv takes, with every series that it holds."""
    from analysis.reading import Choices
    from analysis.reading.files import read_file

    found = read_file(file, Choices.of(**choices))
    write_table(found, output)
    emit(found.to_record(), "\n".join([f"{found.heading()}: {output}", *found.notes()]), as_json)


def _write(
    read: Callable[..., TradeFlows],
    files: Sequence[str],
    output: str,
    mirror_of: str | None,
    world: bool,
    as_json: bool,
) -> None:
    from analysis.reading.layouts.world import add_world

    found = read(list(files), mirror_of=mirror_of)
    found = add_world(found) if world else found
    write_table(found, output)
    text = "\n".join([f"{found.heading()}: {output}", *found.notes()])
    emit(found.to_record(), text, as_json)
