"""Reading the package's CSV and YAML files: rows that know their file and line."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import DataPackageError

LIST_SEPARATOR = ";"
"""Between the entries of a cell that holds a list."""


@dataclass(frozen=True, slots=True)
class Line:
    """One data row of a table.

    Attributes
    ----------
    cells : dict of str to str
        Stripped text by column.
    file : str
        Path inside the package.
    row : int
        Line number in the file, the header being 1.
    """

    cells: Mapping[str, str]
    file: str
    row: int

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def wrong(self, reason: str) -> DataPackageError:
        """Return the error that names this row."""
        return DataPackageError(f"{self.file}, row {self.row}: {reason}")

    def listed(self, column: str) -> tuple[str, ...]:
        """Return the entries of a cell that holds a list."""
        return tuple(part.strip() for part in self.cells[column].split(LIST_SEPARATOR) if part.strip())

    def number(self, column: str) -> float:
        """Return a cell as a finite number."""
        try:
            number = float(self.cells[column])
        except ValueError:
            raise self.wrong(f"'{self.cells[column]}' in '{column}' is not a number") from None
        if not math.isfinite(number):
            raise self.wrong(f"'{self.cells[column]}' in '{column}' is not finite")
        return number


def read_lines(directory: Path, file: str, columns: Sequence[str]) -> tuple[Line, ...]:
    """Read a table whose header must be exactly `columns`.

    Parameters
    ----------
    directory : Path
        The package.
    file : str
        Path inside it.
    columns : sequence of str
        The header.

    Raises
    ------
    DataPackageError
        Naming file and row if the table is missing, unreadable or of another shape.
    """
    try:
        with (directory / file).open(encoding="utf-8", newline="") as handle:
            rows = list(csv.reader(handle, strict=True))
    except FileNotFoundError:
        raise DataPackageError(f"{file}: the table is missing") from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise DataPackageError(f"{file}: the table cannot be read ({problem})") from None
    if not rows:
        raise DataPackageError(f"{file}: the table is empty")
    if rows[0] != list(columns):
        raise DataPackageError(f"{file}, row 1: the header must be {','.join(columns)}")
    width = len(columns)
    lines = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != width:
            raise DataPackageError(
                f"{file}, row {number}: {len(row)} cells, but the header has {width} columns"
            )
        lines.append(Line(dict(zip(columns, (cell.strip() for cell in row), strict=True)), file, number))
    return tuple(lines)


def read_yaml(directory: Path, file: str) -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Raises
    ------
    DataPackageError
        If it is missing, unreadable or no mapping.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with (directory / file).open(encoding="utf-8") as handle:
            content = yaml.load(handle, Loader=loader)  # noqa: S506  (CSafeLoader is the safe loader in C)
    except FileNotFoundError:
        raise DataPackageError(f"{file}: the file is missing") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise DataPackageError(f"{file}: the file cannot be read ({problem})") from None
    if not isinstance(content, dict):
        raise DataPackageError(f"{file}: a mapping is expected at the top")
    return content
