"""Checks of files: present, unchanged, of the declared shape, with unique keys and readable values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from analysis.catalogue.checks import Finding, Findings
from analysis.catalogue.figures import COLUMNS, parse_figure
from analysis.catalogue.package import DESCRIPTOR, FIGURE_FOLDER
from analysis.catalogue.seal import digest_of
from analysis.catalogue.tables import Line
from analysis.errors import DataPackageError, TradebreaksError

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue

TABLE_SUFFIXES = (".csv", ".yaml")


def _tables(catalogue: Catalogue) -> list[dict[str, Any]]:
    return [r for r in catalogue.package.descriptor["resources"] if str(r.get("path", "")).endswith(".csv")]


def files(catalogue: Catalogue) -> Findings:
    """Every listed file is there with the listed hash, and every file there is listed."""
    directory = catalogue.package.directory
    listed = {str(r.get("path")): str(r.get("hash")) for r in catalogue.package.descriptor["resources"]}
    for path, expected in listed.items():
        file = directory / path
        if not file.is_file():
            yield Finding("files", path, None, "the file is missing")
        elif digest_of(file) != expected:
            yield Finding(
                "files", path, None, f"its SHA-256 is not the one in {DESCRIPTOR}: the file was changed"
            )
    present = sorted(
        file.relative_to(directory).as_posix()
        for file in directory.rglob("*")
        if file.suffix in TABLE_SUFFIXES and file.is_file()
    )
    for path in present:
        if path not in listed:
            yield Finding("files", path, None, f"{DESCRIPTOR} does not list it")


def schema(catalogue: Catalogue) -> Findings:
    """Every table has the declared columns, numbers where numbers are due, and no required cell empty."""
    for resource in _tables(catalogue):
        path = resource["path"]
        fields = resource.get("schema", {}).get("fields", [])
        names = [field["name"] for field in fields]
        if path.startswith(f"{FIGURE_FOLDER}/") and tuple(names) != COLUMNS:
            yield Finding(
                "schema", DESCRIPTOR, None, f"the columns declared for {path} are not those of figures"
            )
            continue
        try:
            lines = catalogue.package.lines(path)
        except DataPackageError as problem:
            place, _, reason = problem.message.partition(": ")
            row = place.partition(", row ")[2]
            yield Finding("schema", path, int(row) if row.isdigit() else None, reason)
            continue
        required = [field["name"] for field in fields if field.get("constraints", {}).get("required")]
        numbers = [field["name"] for field in fields if field["type"] == "number"]
        for line in lines:
            for name in required:
                if not line[name]:
                    yield Finding("schema", path, line.row, f"'{name}' is empty")
            for name in numbers:
                try:
                    if line[name]:
                        line.number(name)
                except DataPackageError as problem:
                    yield Finding("schema", path, line.row, problem.message.partition(": ")[2])


def keys(catalogue: Catalogue) -> Findings:
    """Every primary key is unique, and figure ids are unique over all tables."""
    seen_figures: dict[str, str] = {}
    for resource in _tables(catalogue):
        path = resource["path"]
        key = resource["schema"]["primaryKey"]
        seen: dict[tuple[str, ...], int] = {}
        for line in catalogue.package.lines(path):
            values = tuple(line[name] for name in key)
            if values in seen:
                shown = ", ".join(values)
                yield Finding("keys", path, line.row, f"'{shown}' stands already in row {seen[values]}")
            seen.setdefault(values, line.row)
            if path.startswith(f"{FIGURE_FOLDER}/"):
                other = seen_figures.setdefault(line["id"], path)
                if other != path:
                    yield Finding("keys", path, line.row, f"the figure '{line['id']}' stands also in {other}")


def values(catalogue: Catalogue) -> Findings:
    """Every row of the figure tables, event tables and covariates can be read as what it is."""
    package = catalogue.package
    for name in package.table_names:
        try:
            package.table(name)
        except DataPackageError:
            yield from _unreadable_rows(package.lines(f"{FIGURE_FOLDER}/{name}.csv"))
    readers = (
        lambda: package.sources,
        lambda: package.corrections,
        lambda: catalogue.measures.events,
        lambda: catalogue.measures.provisions,
        lambda: catalogue.measures.calendar,
        lambda: catalogue.measures.estimates,
        lambda: catalogue.extras.covariates,
        lambda: catalogue.extras.lunar_new_year,
        lambda: catalogue.extras.economies,
        lambda: catalogue.extras.donors,
        lambda: catalogue.extras.neighbours,
        lambda: catalogue.builder.recipes,
    )
    for read in readers:
        try:
            read()
        except TradebreaksError as problem:
            place, _, reason = problem.message.partition(": ")
            file, _, row = place.partition(", row ")
            yield Finding("values", file, int(row) if row.isdigit() else None, reason or problem.message)


def _unreadable_rows(lines: Iterable[Line]) -> Findings:
    for line in lines:
        try:
            parse_figure(line)
        except DataPackageError as problem:
            yield Finding("values", line.file, line.row, problem.message.partition(": ")[2])
