"""Write ``datapackage.json`` anew: schema and SHA-256 of every table.

Curators run ``python -m analysis.catalogue.seal`` after they change a table; ``data check`` then
compares every file with what is written here.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from analysis.catalogue.location import data_directory
from analysis.catalogue.package import DESCRIPTOR

KEYS = {
    "covariates/values.csv": ["id", "period"],
    "covariates/lunar_new_year.csv": ["year"],
    "donors/annual.csv": ["economy", "year"],
    "donors/neighbours_monthly.csv": ["economy", "period"],
    "events/provenance.csv": ["event_id", "field"],
    "events/enforcement_calendar.csv": ["product_group", "event_id"],
    "reference/china_monthly.csv": ["period", "flow"],
}
"""Primary keys of the tables that have no column ``id``."""

MEANINGS = {
    "measure": "what is measured: trade, quantity, growth, share, deficit, output, exchange_rate, ...",
    "flow": "exports, imports, total or balance, as seen from `economy`",
    "economy": "whose trade, ISO 3166",
    "partner": "with whom, ISO 3166; W0 is all partners",
    "reporter": "who recorded or compiled it",
    "product": "HS code, range or section; TOTAL is all goods",
    "label": "product or partner as the publisher names it",
    "scope": "part or basis: clearance, approval, kaesong, ...",
    "valuation": "FOB, CIF or mixed",
    "start": "first month covered, inclusive",
    "end": "last month covered, inclusive",
    "value": "as printed, in `unit`",
    "unit": "of the value",
    "rounding": "smallest unit that the print can show",
    "vintage": "first, preliminary, later, revised, derived, superseded, other_basis",
    "published": "month of publication, where known",
    "tier": "printed, derived or copy",
    "grade": "of a derived figure: A exact inputs, B one rounded input, C loose",
    "formula": "how it was derived; evaluated where it begins with =",
    "use": "preferred, span or residual",
}
"""Meaning of the columns of figure tables."""

NUMBERS = ("value", "rounding", "exports", "imports")
REQUIRED = ("id", "event_id", "economy", "period", "source", "title", "unit", "year")
FOREIGN = {"source": "sources.csv", "event_id": "events/events.csv"}


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file as ``sha256:HEX``."""
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()


def resource(directory: Path, file: Path) -> dict[str, Any]:
    """Describe one table: path, schema, keys, hash."""
    path = file.relative_to(directory).as_posix()
    entry: dict[str, Any] = {
        "name": path.replace("/", "-").rsplit(".", 1)[0],
        "path": path,
        "hash": digest_of(file),
        "bytes": file.stat().st_size,
    }
    if file.suffix != ".csv":
        return entry
    with file.open(encoding="utf-8", newline="") as handle:
        header = next(csv.reader(handle))
    key = KEYS.get(path, ["id"])
    fields: list[dict[str, Any]] = []
    for name in header:
        field: dict[str, Any] = {"name": name, "type": "number" if name in NUMBERS else "string"}
        if name in REQUIRED and not (name == "unit" and path.endswith("provisions.csv")):
            field["constraints"] = {"required": True}
        if path.startswith("figures/") and name in MEANINGS:
            field["description"] = MEANINGS[name]
        fields.append(field)
    foreign = [
        {"fields": name, "reference": {"resource": target, "fields": "id"}}
        for name, target in FOREIGN.items()
        if name in header
    ]
    schema: dict[str, Any] = {"fields": fields, "primaryKey": key}
    if foreign:
        schema["foreignKeys"] = foreign
    return entry | {"format": "csv", "encoding": "utf-8", "schema": schema}


def seal(directory: Path) -> Path:
    """Rewrite the resources of ``datapackage.json``; its other keys stay.

    Parameters
    ----------
    directory : Path
        The data package.

    Returns
    -------
    Path
        The descriptor.
    """
    descriptor = directory / DESCRIPTOR
    content = json.loads(descriptor.read_text(encoding="utf-8"))
    tables = sorted(file for file in directory.rglob("*") if file.suffix in (".csv", ".yaml"))
    content["resources"] = [resource(directory, file) for file in tables]
    descriptor.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return descriptor


if __name__ == "__main__":
    seal(data_directory(sys.argv[1] if len(sys.argv) > 1 else None))
