"""Figures by partner, as KOTRA compiles them, and inter-Korean trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis import catalogue
from analysis.attribution.accounting.assignment import mean_dollars
from analysis.attribution.accounting.goods import dollars
from analysis.catalogue import Figure

KOTRA_CRUDE = "kotra.crude.a"
KAESONG = "interkorean.kaesong.a"
FIRST_CRUDE_ESTIMATE = 2014
"""KOTRA adds crude oil from this year on; before, China recorded it (event ``kotra_crude_estimate_2014``)."""


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """Trade with one partner in both windows.

    Attributes
    ----------
    partner, label : str
    start, end : int
        Dollars a year.
    figures : tuple of str
    unverified : bool
    """

    partner: str
    label: str
    start: int
    end: int
    figures: tuple[str, ...]
    unverified: bool

    @property
    def change(self) -> int:
        """Dollars a year."""
        return self.end - self.start


def partner_rows(flow: str, before: Sequence[int], after: Sequence[int]) -> tuple[PartnerRow, ...]:
    """Return the partners whose trade in `flow` KOTRA states for every year of both windows.

    Parameters
    ----------
    flow : str
        ``exports``, ``imports`` or ``total``.
    before, after : sequence of int
        Years.
    """
    found: dict[str, dict[int, Figure]] = {}
    for figure in catalogue.partners():
        if (
            figure.measure == "trade"
            and figure.publisher == "KOTRA"
            and figure.flow == flow
            and figure.unit == "USD million"
            and len(figure.window) == 12
        ):
            found.setdefault(figure.partner, {})[figure.window.first.year] = figure
    rows = []
    for partner, by_year in found.items():
        if any(year not in by_year for year in (*before, *after)):
            continue
        used = [by_year[year] for year in (*before, *after)]
        rows.append(
            PartnerRow(
                partner,
                used[0].label,
                mean_dollars([dollars(by_year[year].value) for year in before]),
                mean_dollars([dollars(by_year[year].value) for year in after]),
                tuple(figure.id for figure in used),
                any(figure.unverified for figure in used),
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.change, row.partner)))


def crude_estimate(before: Sequence[int], after: Sequence[int]) -> PartnerRow | None:
    """Return the crude oil that KOTRA adds; none before 2014. None if a year is not stated."""
    observed = yearly(KOTRA_CRUDE)
    values = [0 if y < FIRST_CRUDE_ESTIMATE else observed.get(y) for y in (*before, *after)]
    if any(value is None for value in values):
        return None
    known = [value or 0 for value in values]
    return PartnerRow(
        "CN",
        "crude oil that KOTRA adds",
        mean_dollars(known[: len(before)]),
        mean_dollars(known[len(before) :]),
        (),
        False,
    )


def yearly(series_id: str, vintage: str = "first") -> dict[int, int]:
    """Return the observed years of a yearly series in dollars."""
    series = catalogue.series(series_id, vintage=vintage)
    return {o.period.year: dollars(o.value) for o in series.observations if o.value is not None}
