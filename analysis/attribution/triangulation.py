"""Triangulation: what the three lenses say of the same change, side by side and never averaged.

Every column sums to the change of the series. A row says *agree* where the intervals of all lenses that speak
of it meet and the timing lens knows its sign, *too imprecise* where it does not know it, *disagree* where
two of them do not meet, and *cannot speak* where fewer than two speak.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from analysis.attribution.accounting import Accounting
from analysis.attribution.accounting.binding import PARTLY_NAMED
from analysis.attribution.accounting.goods import MILLION
from analysis.attribution.accounting.rows import LABELS, KeyTotal
from analysis.attribution.comparison import Comparison
from analysis.attribution.limits import CANNOT_SAY
from analysis.attribution.timing.rows import Row
from analysis.domain import Cell, Result

if TYPE_CHECKING:
    from analysis.attribution.result import AttributionResult

Agreement = Literal["agree", "disagree", "too imprecise", "cannot speak"]
AGREE: Agreement = "agree"
DISAGREE: Agreement = "disagree"
IMPRECISE: Agreement = "too imprecise"
CANNOT_SPEAK: Agreement = "cannot speak"

ACCOUNTS_OF = {"kic_closure_2016": ("kaesong",), "kotra_crude_estimate_2014": ("crude_estimate",)}
"""Rows of the accounting lens that belong to an event which is no provision on goods."""
EVENT_KINDS = ("event", "measurement")


@dataclass(frozen=True, slots=True)
class Said:
    """What one lens says of a row, USD million a year.

    Attributes
    ----------
    estimate, lower, upper : float
    """

    estimate: float
    lower: float
    upper: float

    def meets(self, other: Said) -> bool:
        """Tell whether the two intervals have a value in common."""
        return self.lower <= other.upper and other.lower <= self.upper

    def to_record(self) -> dict[str, float]:
        """Return the fields by name."""
        return {"estimate": self.estimate, "lower": self.lower, "upper": self.upper}


@dataclass(frozen=True, slots=True)
class TriangulatedRow:
    """One row of the table.

    Attributes
    ----------
    kind : str
        ``event`` (an event or a group), ``subtotal`` (all events), ``part`` (of one lens) or ``change``.
    label : str
    event_ids : tuple of str
    timing, first_binding, in_force_by_year, comparison : Said or None
    agreement : Agreement
    words : str
    """

    kind: str
    label: str
    event_ids: tuple[str, ...]
    timing: Said | None
    first_binding: Said | None
    in_force_by_year: Said | None
    comparison: Said | None
    agreement: Agreement
    words: str

    def to_record(self) -> dict[str, Any]:
        """Return the row with null where a lens has nothing to say."""
        said = {name: getattr(self, name) for name in COLUMNS}
        return {
            "kind": self.kind,
            "label": self.label,
            "event_ids": list(self.event_ids),
            **{name: None if value is None else value.to_record() for name, value in said.items()},
            "agreement": self.agreement,
            "words": self.words,
        }


EXACT = (
    "Both are figures: the timing lens counts what the event took away, the accounting lens the whole change "
    "of the part, what it gained before the event included."
)
COLUMNS = ("timing", "first_binding", "in_force_by_year", "comparison")


@dataclass(frozen=True)
class Triangulation(Result):
    """The three lenses on one change.

    Attributes
    ----------
    series, start, end, unit : str
    change : float
        A year.
    rows : tuple of TriangulatedRow
    silent : mapping of str to str
        Why a lens has no column.
    """

    series: str
    start: str
    end: str
    unit: str
    change: float
    rows: tuple[TriangulatedRow, ...]
    silent: dict[str, str]

    def column_sum(self, column: str) -> float | None:
        """Return the sum of a column over events and parts; None where the lens is silent."""
        said = [getattr(row, column) for row in self.rows if row.kind in ("event", "part")]
        found = [value.estimate for value in said if value is not None]
        return sum(found) if found else None

    def to_record(self) -> dict[str, Any]:
        """Return the table as JSON-ready values, a year."""
        return {
            "series": self.series,
            "from": self.start,
            "to": self.end,
            "unit": self.unit,
            "change": self.change,
            "rows": [row.to_record() for row in self.rows],
            "column_sums": {name: self.column_sum(name) for name in COLUMNS},
            "silent": dict(self.silent),
            "cannot_say": list(CANNOT_SAY),
        }

    def heading(self) -> str:
        """Return what is triangulated."""
        return f"Three lenses on {self.series}, {self.start} to {self.end}, {self.unit}"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row for each row of the table, intervals in words."""
        columns = (
            "row",
            "timing",
            "first bound by",
            "newest in force",
            "comparison",
            "the lenses",
        )
        rows: list[list[Cell]] = [
            [row.label, *(_shown(getattr(row, name)) for name in COLUMNS), row.agreement] for row in self.rows
        ]
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return the words of rows on which the lenses meet or part, and why a lens is silent."""
        said = [f"{row.label}: {row.words}" for row in self.rows if row.kind != "part"]
        silent = [f"The {lens} lens is silent: {reason}." for lens, reason in self.silent.items()]
        return (*said, *silent, "The lenses stand side by side; they are never averaged.", *CANNOT_SAY)


def triangulate(result: AttributionResult) -> Triangulation:
    """Set the three lenses of an attribution side by side.

    Parameters
    ----------
    result : AttributionResult

    Returns
    -------
    Triangulation
    """
    accounting, no_accounting = result.accounting
    comparison, no_comparison = result.comparison
    factor = result.per_year
    change = factor * result.absolute
    silent = {"accounting": no_accounting, "comparison": no_comparison}
    rows = [
        *_event_rows(result, accounting),
        _subtotal(result, accounting, comparison),
        *_timing_parts(result),
        *_accounting_parts(result, accounting),
        *_comparison_parts(comparison),
        _whole(change, accounting, comparison),
    ]
    return Triangulation(
        result.series.id,
        str(result.before),
        str(result.after),
        f"{result.series.unit} a {'day' if result.series.frequency == 'D' else 'year'}",
        change,
        tuple(row for row in rows if row is not None),
        {lens: reason for lens, reason in silent.items() if reason},
    )


def _event_rows(result: AttributionResult, accounting: Accounting | None) -> Iterable[TriangulatedRow]:
    left = _left_over(accounting)
    for row in result.rows:
        if not row.event_ids:
            continue
        timing = _combined(result, (row,))
        first = _accounts(accounting, row.event_ids, by_year=False)
        by_year = _accounts(accounting, row.event_ids, by_year=True)
        agreement = _agreement(timing, _between(first, by_year), None)
        words = _words(timing, _between(first, by_year), agreement, left)
        if row.exact and first is not None:
            agreement, words = AGREE, EXACT
        yield TriangulatedRow(
            "event", row.label, row.event_ids, timing, first, by_year, None, agreement, words
        )


def _subtotal(
    result: AttributionResult, accounting: Accounting | None, comparison: Comparison | None
) -> TriangulatedRow | None:
    rows = [row for row in result.rows if row.event_ids]
    if not rows:
        return None
    ids = tuple(event for row in rows for event in row.event_ids)
    timing = _combined(result, rows)
    first = _accounts(accounting, ids, by_year=False, partly=True)
    by_year = _accounts(accounting, ids, by_year=True, partly=True)
    beyond = Said(*comparison.beyond) if comparison else None
    agreement = _agreement(timing, _between(first, by_year), beyond)
    words = _words(timing, _between(first, by_year), agreement, 0.0, beyond)
    if comparison is not None and comparison.poor:
        words += (
            " The donors follow this trade poorly before the events (root mean squared gap "
            f"{comparison.runs[0].rmspe:.2f} in logs), so the comparison weighs little."
        )
    return TriangulatedRow(
        "subtotal", "All events together", ids, timing, first, by_year, beyond, agreement, words
    )


def _timing_parts(result: AttributionResult) -> Iterable[TriangulatedRow]:
    for row in result.rows:
        if not row.event_ids:
            yield _part(row.label, timing=_combined(result, (row,)))
    estimate, lower, upper = (result.per_year * value for value in result.residual)
    yield _part("Not explained by a named part", timing=Said(estimate, lower, upper))


def _accounting_parts(result: AttributionResult, accounting: Accounting | None) -> Iterable[TriangulatedRow]:
    if accounting is None:
        return
    owned = {key for row in result.rows for event in row.event_ids for key in _keys(event)}
    first = {total.key: total for total in accounting.first_binding if total.key not in owned}
    by_year = {total.key: total for total in accounting.in_force_by_year if total.key not in owned}
    for key in dict.fromkeys((*first, *by_year)):
        known = first.get(key) or by_year[key]
        label = LABELS.get(key, f"{known.label} (no row in the model between these windows)")
        yield _part(label, first=_exact(first.get(key)), by_year=_exact(by_year.get(key)))


def _comparison_parts(comparison: Comparison | None) -> Iterable[TriangulatedRow]:
    if comparison is None:
        return
    run = comparison.runs[0]
    yield _part("As the donors moved", comparison=_point(run.expected - run.start))
    yield _part("Beyond the donors' path", comparison=Said(*comparison.beyond))
    yield _part("Vintage difference of the panel", comparison=_point(comparison.vintage_difference))


def _whole(change: float, accounting: Accounting | None, comparison: Comparison | None) -> TriangulatedRow:
    whole = _point(change)
    exact = whole if accounting else None
    words = "Observed; every column sums to it."
    return TriangulatedRow(
        "change", "Change", (), whole, exact, exact, whole if comparison else None, AGREE, words
    )


def _part(
    label: str,
    *,
    timing: Said | None = None,
    first: Said | None = None,
    by_year: Said | None = None,
    comparison: Said | None = None,
) -> TriangulatedRow:
    lens = "timing" if timing else "comparison" if comparison else "accounting"
    words = f"Only the {lens} lens has this row."
    return TriangulatedRow("part", label, (), timing, first, by_year, comparison, CANNOT_SPEAK, words)


def _combined(result: AttributionResult, rows: Sequence[Row]) -> Said:
    if len(rows) == 1:
        own = result.contributions[result.rows.index(rows[0])]
        estimate, lower, upper = own.estimate, own.lower, own.upper
    else:
        estimate, lower, upper = result.combined(lambda row: row in rows)
    factor = result.per_year
    return Said(factor * estimate, factor * lower, factor * upper)


def _keys(event_id: str) -> tuple[str, ...]:
    return ACCOUNTS_OF.get(event_id, (event_id,))


def _accounts(
    accounting: Accounting | None, event_ids: Sequence[str], *, by_year: bool, partly: bool = False
) -> Said | None:
    """Return what the accounting lens has for events; with `partly` up to the goods named in part."""
    if accounting is None:
        return None
    keys = [key for event in event_ids for key in _keys(event)]
    totals = accounting.in_force_by_year if by_year else accounting.first_binding
    if not any(total.key in keys for total in totals):
        return None
    amount = accounting.change_of(*keys, by_year=by_year) / MILLION
    wider = amount + (accounting.change_of(PARTLY_NAMED, by_year=by_year) / MILLION if partly else 0.0)
    return Said(amount, min(amount, wider), max(amount, wider))


def _between(first: Said | None, second: Said | None) -> Said | None:
    """Return the interval that two assignments of one lens span."""
    if first is None or second is None:
        return first or second
    return Said(first.estimate, min(first.lower, second.lower), max(first.upper, second.upper))


def _left_over(accounting: Accounting | None) -> float:
    """Return the change of goods that the accounting lens gives to no event, USD million."""
    if accounting is None:
        return 0.0
    keys = (PARTLY_NAMED, "unspecified", "not_covered", "vintage_difference")
    return accounting.change_of(*keys) / MILLION


def _agreement(*said: Said | None) -> Agreement:
    speaking = [value for value in said if value is not None]
    if len(speaking) < 2:
        return CANNOT_SPEAK
    timing = said[0]
    if timing is not None and timing.lower <= 0 <= timing.upper and all(timing.meets(o) for o in speaking):
        return IMPRECISE
    return AGREE if all(a.meets(b) for a, b in combinations(speaking, 2)) else DISAGREE


def _words(
    timing: Said,
    accounting: Said | None,
    agreement: Agreement,
    left: float,
    comparison: Said | None = None,
) -> str:
    if accounting is None and comparison is None:
        return "Only the timing lens has this row: no goods or partners with figures are named by it."
    if agreement == AGREE:
        return "The intervals meet."
    if agreement == IMPRECISE:
        return "No conflict, but the timing estimate is too imprecise to tell."
    parts = []
    if accounting is not None and not timing.meets(accounting):
        parts.append(_beside_goods(timing, accounting, left))
    if comparison is not None and not timing.meets(comparison):
        parts.append(
            f"Against the donors' path the gap is {_span(comparison)}: where donors grew, a standstill "
            "counts as a shortfall there."
        )
    if comparison is not None and accounting is not None and not accounting.meets(comparison):
        parts.append("The goods' own change has no counterfactual; the donors' path is one.")
    return " ".join(parts)


def _beside_goods(timing: Said, accounting: Said, left: float) -> str:
    """Say why the model counts more, or less, than the named goods moved."""
    more = abs(timing.estimate) > max(abs(accounting.lower), abs(accounting.upper))
    start = (
        f"The model counts {'more' if more else 'less'} than the named goods moved ({_span(accounting)}): "
    )
    if not more:
        return start + "the goods moved in other months too, or against what the rest of the trade did."
    unassigned = f", and {_signed(left)} lies in goods that the figures assign to no event" if left else ""
    return f"{start}falls that began in the same months are counted with the event{unassigned}."


def _span(said: Said) -> str:
    low, high = _signed(said.lower), _signed(said.upper)
    return low if low == high else f"{low} to {high}"


def _signed(value: float) -> str:
    return f"{round(value) + 0:+,d}".replace("-", "−")


def _exact(total: KeyTotal | None) -> Said | None:
    return None if total is None else _point(total.change / MILLION)


def _point(value: float) -> Said:
    return Said(value, value, value)


def _shown(said: Said | None) -> str | None:
    if said is None:
        return None
    text = _signed(said.estimate)
    if round(said.lower) != round(said.upper):
        text += f" [{_signed(said.lower)}, {_signed(said.upper)}]"
    return text
