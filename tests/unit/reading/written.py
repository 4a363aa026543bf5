"""A file as offices and programs write it, what it holds, and how such a file is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

YEARS = range(2014, 2018)
MONTHS = [(year, month) for year in YEARS for month in range(1, 13)]
VALUES = [round(400 + 35.55 * ((7 * k) % 11) + 0.01 * k, 2) for k in range(len(MONTHS))]
"""Two decimals, with a season of none, no rise within years."""
THOUSANDS = [1_000_000 + round(100 * value) for value in VALUES]
ISO = [f"{year}-{month:02d}" for year, month in MONTHS]


@dataclass(frozen=True)
class Layout:
    """One file, and what is in it.

    Attributes
    ----------
    name, file : str
    raw : bytes
    periods : sequence of str
        ISO periods that it holds; empty where the expected answer is a question or a refusal.
    values : sequence
    choices : dict
        What a caller decides.
    question : str
        Option that the expected question asks for.
    refused : str
        Words of the expected refusal.
    sums : dict
        Sums over spans.
    unit : str
    """

    name: str
    file: str
    raw: bytes
    periods: Sequence[str] = ()
    values: Sequence[float | None] = ()
    choices: dict[str, Any] = field(default_factory=dict)
    question: str = ""
    refused: str = ""
    sums: dict[str, float] = field(default_factory=dict)
    unit: str = ""

    @property
    def outcome(self) -> str:
        """What the table says."""
        if self.question:
            return f"asks for `--{self.question.replace('_', '-')}`"
        if self.refused:
            return "says why not"
        chosen = " ".join(
            f"--{k.replace('_', '-')} {v}" if v is not True else f"--{k}" for k, v in self.choices.items()
        )
        return f"read with `{chosen}`" if chosen else "read"


def lines(header: str, rows: Sequence[Sequence[object]], *, by: str = ",", encoding: str = "utf-8") -> bytes:
    """Return a table as bytes."""
    return "\n".join([header, *(by.join(map(str, row)) for row in rows), ""]).encode(encoding)


def dated(form: Callable[[int, int], str], *, header: str = "date,value", **how: str) -> bytes:
    """Return the months in a notation, with their values."""
    return lines(header, [(form(y, m), v) for (y, m), v in zip(MONTHS, VALUES, strict=True)], **how)


def read(name: str, file: str, raw: bytes, **more: Any) -> Layout:
    """Return a layout that holds the months and values."""
    return Layout(name, file, raw, more.pop("periods", ISO), more.pop("values", VALUES), **more)
