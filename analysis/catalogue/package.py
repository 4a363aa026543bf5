"""One data package in memory: every file is read when it is first needed, and once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis.catalogue.corrections import CORRECTION_FILE, Correction, corrected, read_corrections
from analysis.catalogue.figures import COLUMNS, Figure, parse_figure
from analysis.catalogue.formula import UNIFORM_SD, Quantity, evaluate, inputs, is_formula
from analysis.catalogue.tables import Line, read_lines, read_yaml
from analysis.errors import DataPackageError, NotFoundError

FIGURE_FOLDER = "figures"
DESCRIPTOR = "datapackage.json"


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures were read.

    Attributes
    ----------
    id, publisher, title, url : str
    tier : str
        ``official``, ``legal text``, ``press``, ``academic``, ``reference``, ``copy``,
        ``quoted`` (known by another's quotation) or ``memory``.
    note : str
    """

    id: str
    publisher: str
    title: str
    url: str
    tier: str
    note: str

    def to_record(self) -> dict[str, str]:
        """Return the fields by name."""
        return {name: getattr(self, name) for name in ("id", "publisher", "title", "url", "tier", "note")}


class Package:
    """The tables of one data directory.

    Parameters
    ----------
    directory : Path
        Holds ``datapackage.json``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lines: dict[str, tuple[Line, ...]] = {}
        self._tables: dict[str, dict[str, Figure]] = {}
        self._matching: dict[str, tuple[Figure, ...]] = {}
        self._quantities: dict[str, Quantity] = {}

    @cached_property
    def descriptor(self) -> dict[str, Any]:
        """The content of ``datapackage.json``."""
        try:
            content = json.loads((self.directory / DESCRIPTOR).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise DataPackageError(f"{DESCRIPTOR}: the file cannot be read ({problem})") from None
        if not isinstance(content, dict) or not isinstance(content.get("resources"), list):
            raise DataPackageError(f"{DESCRIPTOR}: 'resources' is missing")
        return content

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the paths and hashes that the descriptor lists."""
        listed = sorted((str(r.get("path")), str(r.get("hash"))) for r in self.descriptor["resources"])
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()

    @cached_property
    def table_names(self) -> tuple[str, ...]:
        """Names of the figure tables, as listed in the descriptor."""
        prefix, suffix = f"{FIGURE_FOLDER}/", ".csv"
        return tuple(
            str(r["path"])[len(prefix) : -len(suffix)]
            for r in self.descriptor["resources"]
            if str(r.get("path")).startswith(prefix)
        )

    def lines(self, file: str) -> tuple[Line, ...]:
        """Read a table with the columns that the descriptor declares for it."""
        if file not in self._lines:
            self._lines[file] = read_lines(self.directory, file, self._columns(file))
        return self._lines[file]

    def _columns(self, file: str) -> list[str]:
        for resource in self.descriptor["resources"]:
            if resource.get("path") == file:
                return [field["name"] for field in resource["schema"]["fields"]]
        raise DataPackageError(f"{DESCRIPTOR}: the table {file} is not listed")

    def yaml(self, file: str) -> dict[str, Any]:
        """Read a YAML file of the package."""
        return read_yaml(self.directory, file)

    def table(self, name: str) -> Mapping[str, Figure]:
        """Return the figures of one table by id."""
        if name not in self._tables:
            file = f"{FIGURE_FOLDER}/{name}.csv"
            figures: dict[str, Figure] = {}
            for line in self._lines.get(file) or read_lines(self.directory, file, COLUMNS):
                figure = parse_figure(line)
                if figure.id in figures:
                    raise line.wrong(f"the id '{figure.id}' appears twice")
                figures[figure.id] = figure
            self._tables[name] = corrected(figures.values(), self.corrections)
        return self._tables[name]

    def all_figures(self) -> Iterable[Figure]:
        """Iterate over every figure of the package, table by table."""
        for name in self.table_names:
            yield from self.table(name).values()

    def matching(self, tables: Sequence[str], where: Mapping[str, Any]) -> tuple[Figure, ...]:
        """Return the admitted figures of some tables whose fields have the wanted values."""
        key = repr((tables, sorted(where.items())))
        if key not in self._matching:
            self._matching[key] = tuple(
                figure
                for name in tables
                for figure in self.table(name).values()
                if figure.matches(where) and self.admitted(figure)
            )
        return self._matching[key]

    def figure(self, figure_id: str) -> Figure:
        """Return one figure, reading further tables only if it is in none that is read already.

        Raises
        ------
        NotFoundError
            If no table holds it.
        """
        for table in list(self._tables.values()):
            if figure_id in table:
                return table[figure_id]
        for name in self.table_names:
            if name not in self._tables and figure_id in self.table(name):
                return self.table(name)[figure_id]
        raise NotFoundError(f"no figure '{figure_id}' in the data package; ids are listed in data/figures")

    def quantity(self, figure_id: str, chain: tuple[str, ...] = ()) -> Quantity:
        """Return a figure's value and how the rounding of the primary figures moves it.

        Raises
        ------
        DataPackageError
            If its formula refers to itself or to a figure that does not exist.
        """
        if figure_id in self._quantities:
            return self._quantities[figure_id]
        if figure_id in chain:
            raise DataPackageError(f"the formula of '{chain[0]}' leads back to '{figure_id}'")
        figure = self.figure(figure_id)
        if is_formula(figure.formula):
            computed = self.computed(figure, chain)
            result = Quantity(figure.value, computed.slopes)
        else:
            result = Quantity(figure.value, {figure_id: figure.rounding * UNIFORM_SD})
        self._quantities[figure_id] = result
        return result

    def computed(self, figure: Figure, chain: tuple[str, ...] = ()) -> Quantity:
        """Evaluate the formula of a derived figure."""

        def lookup(name: str) -> Quantity:
            try:
                return self.quantity(name, (*chain, figure.id))
            except NotFoundError:
                raise DataPackageError(
                    f"the formula of '{figure.id}' refers to '{name}', which does not exist"
                ) from None

        return evaluate(figure.formula, lookup)

    def primaries(self, figure: Figure) -> tuple[Figure, ...]:
        """Return the printed figures that a figure rests on (itself, if it is one)."""
        found: dict[str, Figure] = {}
        pending = [figure]
        while pending:
            current = pending.pop()
            if current.id in found:
                continue
            found[current.id] = current
            pending += [self.figure(name) for name in inputs(current.formula)]
        return tuple(f for f in found.values() if not is_formula(f.formula))

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Sources by id."""
        found: dict[str, Source] = {}
        for line in self.lines("sources.csv"):
            if line["id"] in found:
                raise line.wrong(f"the id '{line['id']}' appears twice")
            found[line["id"]] = Source(**line.cells)
        return found

    @cached_property
    def corrections(self) -> Mapping[str, Correction]:
        """Corrections by figure id."""
        return read_corrections(self.yaml(CORRECTION_FILE))

    def admitted(self, figure: Figure) -> bool:
        """Tell whether a figure may enter a series."""
        correction = self.corrections.get(figure.id)
        return correction is None or correction.action != "exclude"
