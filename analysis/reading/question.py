"""What decides where a file can be read in two ways, and the refusal that asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from analysis.domain import Frequency
from analysis.errors import InputError, UsageError

Decimal = Literal["point", "comma"]
DateOrder = Literal["dmy", "mdy", "ymd"]
February = Literal["sum", "month"]
Codes = Literal["pad", "keep"]

MOST_ROWS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Choices:
    """What a caller decides about a file; None leaves it to the reader, which asks where two readings fit.

    Attributes
    ----------
    period, value : str or None
        Columns, by name or by number from 1.
    series : str or None
        One series of a file that holds several.
    decimal : {"point", "comma"} or None
    date_order : {"dmy", "mdy", "ymd"} or None
    frequency : {"A", "Q", "M", "W", "D"} or None
    sheet : str or None
        Sheet of a workbook.
    encoding : str or None
    cumulative : bool or None
        Whether the values are running totals of the year.
    february : {"sum", "month"} or None
        What February is where January has no row.
    mirror_of : str or None
        Of a file of flows between economies: the code of the one from which partners' records are seen.
    codes : {"pad", "keep"} or None
        Whether a product code with an odd number of digits has lost a leading zero.
    """

    period: str | None = None
    value: str | None = None
    series: str | None = None
    decimal: Decimal | None = None
    date_order: DateOrder | None = None
    frequency: Frequency | None = None
    sheet: str | None = None
    encoding: str | None = None
    cumulative: bool | None = None
    february: February | None = None
    mirror_of: str | None = None
    codes: Codes | None = None

    @classmethod
    def of(cls, **given: Any) -> Choices:
        """Check and take what a caller gave; an empty text is nothing.

        Raises
        ------
        UsageError
            Naming the option and what it may be.
        """
        known = {one.name for one in fields(cls)}
        for name in given:
            if name not in known:
                raise UsageError(f"unknown option '{name}'; known are {', '.join(sorted(known))}")
        taken = {name: value for name, value in given.items() if value not in (None, "")}
        for name, allowed in (
            ("decimal", get_args(Decimal)),
            ("date_order", get_args(DateOrder)),
            ("frequency", get_args(Frequency)),
            ("february", get_args(February)),
            ("codes", get_args(Codes)),
        ):
            if name in taken and taken[name] not in allowed:
                raise UsageError(
                    f"{name} is one of {', '.join(allowed)}, not '{taken[name]}'", pointer=f"/{name}"
                )
        return cls(**taken)


NO_CHOICES = Choices()


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to read a file.

    Attributes
    ----------
    option, value : str
        The field of `Choices` that decides for it, and its value.
    words : str
        What it means.
    rows : tuple of (str, str)
        The first periods and values under this reading; empty where they would not differ.
    """

    option: str
    value: str
    words: str
    rows: tuple[tuple[str, str], ...] = ()

    @property
    def flag(self) -> str:
        """The option of the command line that decides for it."""
        if self.option == "cumulative":
            return "--cumulative" if self.value == "yes" else "--no-cumulative"
        value = f"'{self.value}'" if any(c in self.value for c in " ;|&()$'*?") else self.value
        return f"--{self.option.replace('_', '-')} {value}"

    def to_record(self) -> dict[str, Any]:
        """Return the reading as JSON values."""
        return {
            "option": self.option,
            "value": self.value,
            "words": self.words,
            "rows": [list(row) for row in self.rows[:MOST_ROWS_SHOWN]],
        }


class FileQuestion(InputError):  # noqa: N818  # a question is what it is, to a caller too
    """A file that can be read in two ways; it is refused until an option decides.

    Attributes
    ----------
    alternatives : tuple of Alternative
        The readings, each with the option that decides for it.
    """

    def __init__(
        self, message: str, alternatives: Sequence[Alternative], *, pointer: str | None = None
    ) -> None:
        self.about = message
        self.alternatives = tuple(alternatives)
        ways = "; ".join(f"{one.flag} {one.words}" for one in self.alternatives)
        super().__init__(f"{message}: say which ({ways})", pointer=pointer)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.about, self.alternatives)

    def to_record(self) -> Mapping[str, Any]:
        """Return the question as JSON values."""
        return {"question": self.about, "alternatives": [one.to_record() for one in self.alternatives]}
