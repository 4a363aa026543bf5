"""Events typed row by row on the page of an own series: name, begin, end; each checked on its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.domain.text import readable
from analysis.reading.dates import dated

MOST_ROWS = 12
FEWEST_ROWS = 3
COLUMNS = ("name", "begin", "end")
TYPED = tuple(f"event_{column}_{row}" for row in range(1, MOST_ROWS + 1) for column in COLUMNS)
"""Names of the fields."""
FORMS = "write 2018-06-01, 1 Jun 2018, 2018-06 or 2018"


@dataclass(frozen=True, slots=True)
class TypedEvent:
    """One row of the small table, as typed."""

    row: int
    name: str
    begin: str
    end: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not (self.name or self.begin or self.end)

    def wrong(self) -> tuple[str, str] | None:
        """Return the field that cannot be read and why, None if all can."""
        if not self.name:
            return f"event_name_{self.row}", f"Event {self.row} has no name: give it one."
        if not self.begin:
            return f"event_begin_{self.row}", f"'{self.name}' has no beginning: {FORMS}."
        for column, text in (("begin", self.begin), ("end", self.end)):
            if text and not dated(text).is_date:
                return f"event_{column}_{self.row}", f"'{readable(text[:40])}' is no date: {FORMS}."
        return None


def typed_rows(values: Mapping[str, str]) -> list[TypedEvent]:
    """Return the rows to show: what was typed, and one more that is empty."""
    every = [
        TypedEvent(row, *(values.get(f"event_{column}_{row}", "").strip() for column in COLUMNS))
        for row in range(1, MOST_ROWS + 1)
    ]
    filled = max((one.row for one in every if not one.is_empty), default=0)
    return every[: min(MOST_ROWS, max(FEWEST_ROWS, filled + 1))]


def as_csv(events: Sequence[TypedEvent]) -> str:
    """Return typed events as the file that the reader takes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["begin", "end", "name"])
    writer.writerows([one.begin, one.end, one.name] for one in events)
    return out.getvalue()
