"""What every result can do: record, frame, printed summary, notebook table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Cell = str | int | float | bool | None


def format_cell(value: Cell) -> str:
    """Return `value` as text: four significant digits, thousands separated, empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table as plain text: a header, a rule, one line per row."""
    cells = [list(columns)] + [[format_cell(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"


class Result:
    """Base of results; a subclass gives `to_record` and `table`."""

    __slots__ = ()

    def to_record(self) -> dict[str, Any]:
        """Return the result as JSON-ready values with the contract's keys."""
        raise NotImplementedError

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return column names and rows of the main table."""
        raise NotImplementedError

    def heading(self) -> str:
        """Return one line above the table."""
        return type(self).__name__

    def notes(self) -> Sequence[str]:
        """Return the sentences below the table."""
        return ()

    def to_frame(self) -> pd.DataFrame:
        """Return the main table as a pandas DataFrame, one row per row of the table."""
        import pandas as pd

        columns, rows = self.table()
        return pd.DataFrame([list(row) for row in rows], columns=list(columns))

    def summary(self) -> str:
        """Return heading, table and notes as plain text."""
        return "\n".join([self.heading(), "", plain_table(*self.table()), *self.notes()]).rstrip() + "\n"

    def __str__(self) -> str:
        return self.summary()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(f"{type(self).__name__}(...)" if cycle else self.summary())

    def _repr_html_(self) -> str:
        columns, rows = self.table()
        head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(format_cell(cell))}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes())
        return (
            f"<table><caption>{escape(self.heading())}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{notes}"
        )
