"""The result of `compose_dossier`: sections that print, and one record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.attribution.accounting.goods import MILLION
from analysis.attribution.dossier.goods import GoodsHistory
from analysis.attribution.dossier.published import PublishedBeside
from analysis.attribution.limits import CANNOT_SAY
from analysis.attribution.triangulation import TriangulatedRow
from analysis.catalogue import Claim, EnforcementRow, Provision
from analysis.domain import Cell, Event, Result, plain_table

Section = tuple[str, str, Sequence[str], Sequence[Sequence[Cell]]]
"""Name, caption, columns and rows of one table."""

SHOWN_YEARS = tuple(range(2014, 2021))


@dataclass(frozen=True)
class SeriesView:
    """One series' view of an event.

    Attributes
    ----------
    series, title : str
    effect : mapping or None
        Row of the joint model, the group's where the event is in one.
    row : TriangulatedRow or None
        The event's row among the three lenses, between the years before and after.
    reason : str
        Why there is no row.
    breaks : tuple of mapping
        Breaks at unknown dates whose set meets the event.
    n_breaks : int
        Breaks of the series in all.
    matching : mapping or None
        How many breaks meet an event, and how many random dates would.
    evidence : mapping of str to str
        Pre-trend and placebos in words.
    """

    series: str
    title: str
    effect: Mapping[str, Any] | None
    row: TriangulatedRow | None
    reason: str
    breaks: tuple[Mapping[str, Any], ...]
    n_breaks: int
    matching: Mapping[str, Any] | None
    evidence: Mapping[str, str]

    def to_record(self) -> dict[str, Any]:
        """Return the view as JSON-ready values."""
        return {
            "series": self.series,
            "effect": None if self.effect is None else dict(self.effect),
            "lenses": None if self.row is None else self.row.to_record(),
            "reason": self.reason,
            "breaks": [dict(found) for found in self.breaks],
            "n_breaks": self.n_breaks,
            "matching": self.matching,
            "evidence": dict(self.evidence),
        }


@dataclass(frozen=True)
class Dossier(Result):
    """Everything about one event.

    Attributes
    ----------
    event : Event
    before, after : int
        Years compared.
    provisions : tuple of Provision
    calendar : tuple of EnforcementRow
    orders : tuple of Event
        National orders that implement it.
    goods : tuple of GoodsHistory
    views : tuple of SeriesView
    published : tuple of PublishedBeside
    claims : tuple of Claim
        Statements of the note that name it.
    """

    event: Event
    before: int
    after: int
    provisions: tuple[Provision, ...]
    calendar: tuple[EnforcementRow, ...]
    orders: tuple[Event, ...]
    goods: tuple[GoodsHistory, ...]
    views: tuple[SeriesView, ...]
    published: tuple[PublishedBeside, ...]
    claims: tuple[Claim, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the dossier as JSON-ready values."""
        return {
            "event": self.event.to_record(),
            "unverified": list(self.event.unverified),
            "years": {"before": self.before, "after": self.after},
            "provisions": [p.to_record() for p in self.provisions],
            "calendar": [row.to_record() for row in self.calendar],
            "orders": [order.to_record() for order in self.orders],
            "goods": [item.to_record() for item in self.goods],
            "series": [view.to_record() for view in self.views],
            "published_estimates": [item.to_record() for item in self.published],
            "claims": [{"id": claim.id, "statement": claim.statement} for claim in self.claims],
            "cannot_say": list(CANNOT_SAY),
        }

    def heading(self) -> str:
        """Return title and id."""
        return f"Dossier: {self.event.title} ({self.event.id})"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return the event's row of every series: what each lens says between the years compared."""
        columns = (
            "series",
            "counted together",
            "timing",
            "lower",
            "upper",
            "first bound by",
            "newest in force",
            "the lenses",
        )
        rows: list[list[Cell]] = []
        for view in self.views:
            row = view.row
            if row is None or row.timing is None:
                rows.append([view.series, None, None, None, None, None, None, view.reason or "no row"])
                continue
            rows.append(
                [
                    view.series,
                    " + ".join(row.event_ids) if len(row.event_ids) > 1 else None,
                    row.timing.estimate,
                    row.timing.lower,
                    row.timing.upper,
                    row.first_binding.estimate if row.first_binding else None,
                    row.in_force_by_year.estimate if row.in_force_by_year else None,
                    row.agreement,
                ]
            )
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return what the dossier cannot say."""
        return CANNOT_SAY

    def summary(self) -> str:
        """Return every section as plain text."""
        parts = [self.heading(), "", *self._dates(), ""]
        for _, caption, columns, rows in self.tables():
            parts += [caption, plain_table(columns, rows)]
        return "\n".join([*parts, *self.sentences()]).rstrip() + "\n"

    def tables(self) -> Iterable[Section]:
        """Yield the tables that have rows: name, caption, columns, rows."""
        yield from (section for section in self._sections() if section[3])

    def sentences(self) -> Iterable[str]:
        """Yield what is said in words: lenses, breaks, evidence, statements, and what cannot be said."""
        if not self.provisions:
            yield "No provision of this event is in the table."
        if not self.goods:
            yield "No goods with figures are named by this event."
        if not self.views:
            yield "The event is in the design of no series shown: the models say nothing of it."
        yield from (f"{view.series}: {view.row.words}" for view in self.views if view.row)
        yield from map(_breaks_words, self.views)
        for view in self.views:
            yield from (f"{view.series}: {words}" for words in view.evidence.values())
        for claim in self.claims:
            yield f"Statement of the note that names it: {claim.statement} ({claim.id})"
        yield from self.notes()

    def _dates(self) -> Iterable[str]:
        e = self.event
        for name, value in (
            ("kind", e.kind.replace("_", " ")),
            ("adopted", e.adopted),
            ("effective", e.effective),
            ("partial", e.partial),
            ("full", e.full),
            ("end", e.end),
        ):
            if value is not None:
                yield f"{name}: {value}" + (" (unverified)" if name in e.unverified else "")
        if e.unverified:
            yield f"Unverified fields: {', '.join(e.unverified)}."
        yield str(e.details.get("summary", ""))
        yield from (f"Order: {order.title}, {order.effective} ({order.id})." for order in self.orders)

    def _sections(self) -> Iterable[Section]:
        yield (
            "provisions",
            "Provisions",
            ("id", "paragraph", "effective", "flow", "measure", "HS", "basis of HS", "unverified"),
            [_provision_row(p) for p in self.provisions],
        )
        yield (
            "goods",
            "Goods that its provisions name, China's record, USD million (* unverified copy)",
            ("flow", "goods", "HS", "first bound by", "in full force", *map(str, SHOWN_YEARS)),
            [_goods_row(item) for item in self.goods],
        )
        columns, rows = self.table()
        yield "lenses", f"Between {self.before} and {self.after}, USD million a year", columns, rows
        yield (
            "effects",
            "Effect in the joint model (of its group where it has one; logs, or the unit of the series)",
            ("series", *_EFFECT_COLUMNS),
            [[v.series, *(v.effect[key] for key in _EFFECT_COLUMNS)] for v in self.views if v.effect],
        )
        yield (
            "published",
            "Published results beside ours",
            ("published", "quantity", "theirs", "ours", "differs in quantity", "in period", "in dating"),
            [_published_row(item) for item in self.published],
        )


_EFFECT_COLUMNS = ("event", "effect", "lower", "upper", "percent", "percent_lower", "percent_upper", "grade")


def _provision_row(p: Provision) -> list[Cell]:
    return [
        p.id,
        p.fields["paragraph"],
        p.effective,
        p.flow,
        p.measure,
        ", ".join(p.hs_codes),
        p.fields["hs_basis"],
        ", ".join(p.unverified),
    ]


def _goods_row(item: GoodsHistory) -> list[Cell]:
    goods, naming = item.goods, item.binding.naming
    values: list[Cell] = []
    for year in SHOWN_YEARS:
        value = goods.values.get(year)
        mark = "*" if year in goods.unverified else ""
        values.append(None if value is None else f"{value / MILLION:,.1f}{mark}")
    full = str(naming.full) if naming else None
    return [goods.flow, goods.label, goods.scope.text, item.binding.key, full, *values]


def _published_row(item: PublishedBeside) -> list[Cell]:
    e, c = item.estimate, item.comparison
    mark = "" if e.status == "verified" else " (unverified)"
    return [f"{e.paper} ({e.year}){mark}", e.quantity, e.estimate, item.words, c.quantity, c.period, c.dating]


def _breaks_words(view: SeriesView) -> str:
    dates = ", ".join(str(found["first_after"]) for found in view.breaks)
    met = f"the break of {dates} meets it" if dates else "none meets it"
    chance = ""
    if view.matching:
        chance = (
            f"; of all breaks {view.matching['matched']} meet an event, random dates would meet "
            f"{view.matching['expected_by_chance']:.1f}"
        )
    return f"Breaks at unknown dates in {view.series}: {view.n_breaks}, {met}{chance}."
