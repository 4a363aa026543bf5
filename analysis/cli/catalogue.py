"""The commands that show the catalogue: series, events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from analysis.cli.shell import emit, json_option

if TYPE_CHECKING:
    from analysis.domain import Cell


@click.command()
@click.argument("series_id", metavar="[ID]", required=False)
@click.option("--vintage", metavar="VINTAGE", help="first (default), revised, or a date.")
@json_option
def series(series_id: str | None, vintage: str | None, as_json: bool) -> None:
    """List the catalogue's series, or show one with every observation."""
    from analysis import catalogue
    from analysis.domain.results import plain_table
    from analysis.reporting.tables import series_overview

    if series_id is not None:
        found = catalogue.series(series_id, vintage=vintage or "first")
        emit(found.to_record(), found.summary(), as_json)
        return
    record = series_overview(
        catalogue.series(name, vintage=vintage or "first") for name in catalogue.series_ids()
    )
    columns = ("id", "frequency", "first", "last", "unit", "title")
    emit(record, plain_table(columns, [[item[c] for c in columns] for item in record["series"]]), as_json)


@click.command()
@click.argument("event_id", metavar="[ID]", required=False)
@click.option("--series", "series_id", metavar="ID", help="Only the events of this series' design.")
@click.option("--dossier", is_flag=True, help="Everything about one event; fits the models that hold it.")
@json_option
def events(event_id: str | None, series_id: str | None, dossier: bool, as_json: bool) -> None:
    """List the events, or show one with its dates and provisions."""
    from analysis import catalogue
    from analysis.domain.results import plain_table

    if dossier:
        _emit_dossier(event_id, as_json)
        return

    table = catalogue.events(series_id) if series_id is not None else catalogue.events()
    if event_id is not None:
        record = table[event_id].to_record()
        emit(record, _event_text(record), as_json)
        return
    columns = ("id", "kind", "effective", "first full", "title", "unverified fields")
    rows: list[list[Cell]] = []
    for event in table.chronological():
        item = event.to_record()
        rows.append(
            [
                item["id"],
                item["kind"],
                item["effective"],
                item["first_full"],
                item["title"],
                len(item["unverified"]),
            ]
        )
    emit(table.to_record(), plain_table(columns, rows), as_json)


def _emit_dossier(event_id: str | None, as_json: bool) -> None:
    from analysis.errors import UsageError

    if event_id is None:
        raise UsageError("--dossier is about one event: name it (tradebreaks events lists them)")
    from analysis.attribution.dossier import compose_dossier

    found = compose_dossier(event_id)
    emit(found.to_record(), found.summary(), as_json)


def _event_text(record: dict[str, Any]) -> str:
    """Return every field of an event, marking those that nobody has verified."""
    unverified = set(record["unverified"])
    lines = [f"{record['title']} ({record['id']})", ""]
    for key, value in record.items():
        if key in ("id", "title", "unverified", "provenance") or value in (None, [], {}, ""):
            continue
        shown = ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
        lines.append(f"{key}: {shown}" + (" (unverified)" if key in unverified else ""))
    if unverified:
        lines += ["", f"Unverified fields: {', '.join(sorted(unverified))}."]
    return "\n".join(lines)
