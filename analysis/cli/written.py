"""Tables that a command writes beside what it prints."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import InputError

if TYPE_CHECKING:
    from analysis.domain import Result


def write_table(found: Result, output: str) -> None:
    """Write the main table of a result as CSV with 12 significant digits, wholly or not at all.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    columns, rows = found.table()
    draft = Path(output + ".draft")
    try:
        with draft.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(
                [f"{cell + 0.0:.12g}" if isinstance(cell, float) else cell for cell in row] for row in rows
            )
        draft.replace(output)
    except OSError as problem:
        raise InputError(f"the output {output} cannot be written ({problem.strerror})") from None
