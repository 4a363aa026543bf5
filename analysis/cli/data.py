"""The commands that keep the data package: check, add, diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from analysis.cli.shell import emit, json_option, say

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue


@click.group(no_args_is_help=False)
def data() -> None:
    """Work on the curated data package."""


@data.command("check")
@click.argument("path", required=False)
@json_option
def data_check(path: str | None, as_json: bool) -> None:
    """Validate the data package, or a copy of it at PATH."""
    from analysis import catalogue

    report = catalogue.check(path)
    report.require()
    emit(report.to_record(), report.summary(), as_json)


@data.command("add")
@click.option("--period", required=True, help="2026-08, 2026, or 2026-01..2026-08.")
@click.option("--exports", metavar="DIGITS", help="North Korea's exports, as printed (1243.55).")
@click.option("--imports", metavar="DIGITS", help="North Korea's imports, as printed.")
@click.option("--total", metavar="DIGITS", help="Both together, as printed.")
@click.option("--unit", required=True, help="'USD million' or 'CNY million'.")
@click.option("--publisher", required=True, help="Who states it, as the package names it: GACC, KITA, ...")
@click.option("--address", required=True, help="The page where you read it (https://...).")
@click.option("--date", "published", required=True, metavar="DAY", help="Day of the release (2026-09-18).")
@click.option("--partner", default="CN", show_default=True, help="Whose trade with North Korea it is.")
@click.option("--title", default="", help="Title of the page.")
@click.option("--rounding", type=float, help="Smallest unit the print can show, if the digits do not say.")
@click.option("--vintage", default="first", show_default=True, help="'later' for a print that replaces one.")
@click.option("--rate", default="", metavar="DIGITS", help="CNY per USD of the month, if none is there yet.")
@click.option("--rate-address", default="", help="The page of that rate.")
@click.option("--although", default="", metavar="REASON", help="Why an unusual value is right all the same.")
@click.option("--data", "path", help="Another data directory than the one in use.")
@json_option
def data_add(
    exports: str | None,
    imports: str | None,
    total: str | None,
    partner: str,
    path: str | None,
    as_json: bool,
    **fields: Any,
) -> None:
    """Add what one page states for one month or span, and seal the package.

    The values of one page go in together. They are held against everything in the package that they can
    be held against; a release that cannot be right is refused in a sentence, and nothing is written.
    """
    from analysis.catalogue import Catalogue
    from analysis.catalogue.adding import Release, add_release
    from analysis.catalogue.location import data_directory

    values = {"exports": exports, "imports": imports, "total": total}
    release = Release({flow: text for flow, text in values.items() if text is not None}, **fields)
    directory = data_directory(path)
    before = headline_changes(Catalogue(directory))
    added = add_release(directory, release, partner)
    after = headline_changes(Catalogue(directory))
    moved = [
        f"{was} -> {now}" if was != now else f"{was} (unmoved)"
        for was, now in zip(before, after, strict=True)
    ]
    record = {
        "figures": list(added.figures),
        "files": list(added.files),
        "difference": added.difference.to_record(),
        "headline": moved,
    }
    text = "\n".join(
        [
            f"Added {', '.join(added.figures)}; the package is sealed.",
            "",
            added.difference.summary().rstrip(),
            "",
            "What the headline asks about:",
            *(f"  {line}" for line in moved),
        ]
    )
    emit(record, text, as_json)
    say("write docs/data.md anew with python -m analysis.catalogue.report before you commit")


@data.command("diff")
@click.argument("before")
@click.argument("after", required=False)
@json_option
def data_diff(before: str, after: str | None, as_json: bool) -> None:
    """Say what differs between the package at BEFORE and the one at AFTER, or the one in use."""
    from analysis.catalogue import Catalogue
    from analysis.catalogue.differing import compare_packages
    from analysis.catalogue.location import data_directory

    found = compare_packages(Catalogue(data_directory(before)), Catalogue(data_directory(after)))
    emit(found.to_record(), found.summary(), as_json)


def headline_changes(package: Catalogue) -> tuple[str, ...]:
    """Return the changes that the headline is about, as the figures of a package have them."""
    import numpy as np

    sentences = []
    for question in package.questions:
        series = package.builder.build(question.series)
        start, end = (
            float(np.nansum(series.values[series.window(text)[1]])) for text in (question.start, question.end)
        )
        sentences.append(
            f"{series.title}, {question.start} to {question.end}: {end - start:+,.2f} {series.unit}"
        )
    return tuple(sentences)
