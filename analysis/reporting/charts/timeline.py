"""Events on a calendar: stems at the first full month, rings at adoption, labels that do not meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.domain import Event
from analysis.reporting.charts.theme import LEGEND_COLUMNS, PALETTES, SMALL, WIDTHS, Size, Theme, data, extent
from analysis.reporting.labels import KIND_COLOURS, LONGEST_LABEL, event_label, kind_words

ROW_HEIGHT = 15
LONGEST: dict[Size, int] = {"wide": LONGEST_LABEL, "narrow": 17}
"""Characters of a label."""
PAD = 12


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of calendar that a chart shows, and where a day stands on it in pixels."""

    first: date
    last: date
    size: Size = "wide"

    @property
    def width(self) -> int:
        """Pixels from the first day to the last."""
        return WIDTHS[self.size]

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def pixel(self, day: date) -> float:
        """Return how far `day` stands from the left edge."""
        return self.width * (day - self.first).days / max((self.last - self.first).days, 1)


@dataclass(slots=True)
class _Mark:
    """One event on the strip above the chart: its stem, and its label to the right or left of it."""

    day: date
    event: Event
    at: float
    width: float
    adopted: date | None = None
    flipped: bool = False
    row: int = 0

    @property
    def extent(self) -> tuple[float, float]:
        return (self.at - self.width, self.at) if self.flipped else (self.at, self.at + self.width)

    def covers(self, other: _Mark) -> bool:
        return self.extent[0] < other.at < self.extent[1]

    def overlaps(self, other: _Mark) -> bool:
        return self.extent[0] < other.extent[1] and other.extent[0] < self.extent[1]


def event_marks(events: Iterable[Event], span: Span) -> list[dict[str, Any]]:
    """Return one mark per event inside the span, in rows where no label meets another or a stem."""
    marks = []
    for event in events:
        day = event.full.start if event.full else event.effective
        if day in span:
            adopted = event.adopted if event.adopted and span.first <= event.adopted < day else None
            width = extent([event_label(event, LONGEST[span.size])], SMALL) + PAD
            marks.append(_Mark(day, event, span.pixel(day), width, adopted))
    marks.sort(key=lambda mark: (mark.day, mark.event.id))
    _flip(marks, span.width)
    placed: list[_Mark] = []
    for mark in [m for m in reversed(marks) if m.flipped] + [m for m in marks if not m.flipped]:
        above = max((other.row + 1 for other in placed if other.covers(mark)), default=0)
        taken = {other.row for other in placed if other.overlaps(mark)}
        mark.row = next(row for row in range(above, above + len(marks)) if row not in taken)
        placed.append(mark)
    return [
        {
            "day": mark.day.isoformat(),
            "adopted": mark.adopted.isoformat() if mark.adopted else None,
            "label": event_label(mark.event, LONGEST[span.size]),
            "row": mark.row,
            "kind": kind_words(mark.event.kind),
            "flipped": mark.flipped,
            "title": mark.event.title,
        }
        for mark in marks
    ]


def _flip(marks: Sequence[_Mark], width: int) -> None:
    """Turn to the left the labels that leave the chart, and those that reach over the stem of one turned.

    A label that has no room on the left stays.
    """
    turned = True
    while turned:
        turned = False
        for mark in marks:
            if (
                not mark.flipped
                and mark.at >= mark.width
                and (mark.extent[1] > width or any(other.flipped and mark.covers(other) for other in marks))
            ):
                mark.flipped = turned = True


def time_axis(alt: Any, span: Span, *, field: str = "day", shown: bool = True) -> Any:
    """Return the horizontal axis of `span`; years are counted on it."""
    return alt.X(
        f"{field}:T",
        title=None,
        scale=alt.Scale(domain=[span.first.isoformat(), span.last.isoformat()]),
        axis=alt.Axis(format="%Y", grid=False, tickCount=10 if span.size == "wide" else 4) if shown else None,
    )


def event_rules(alt: Any, marks: Sequence[dict[str, Any]], span: Span, theme: Theme) -> Any:
    """Return the lines of the events across the chart, at their first full month."""
    return (
        alt.Chart(data(alt, marks))
        .mark_rule(strokeWidth=1, opacity=0.85)
        .encode(
            x=time_axis(alt, span),
            stroke=_kind_colour(alt, marks, theme, span.size),
            tooltip=["label:N", "day:T", "adopted:T"],
        )
    )


def event_strip(alt: Any, marks: Sequence[dict[str, Any]], span: Span, theme: Theme) -> Any:
    """Return the labels above the chart, with a ring where a measure was adopted before it was in force."""
    rows = 1 + max(mark["row"] for mark in marks)
    x = time_axis(alt, span, shown=False)
    place = alt.Y(
        "row:Q", axis=None, scale=alt.Scale(domain=[-0.5, rows + 0.5], reverse=True, nice=False, zero=False)
    )
    clocks = [{**mark, "row": rows} for mark in marks if mark["adopted"]]
    base = alt.Chart(data(alt, marks)).encode(x=x)
    colour = _kind_colour(alt, marks, theme, span.size)
    stems = base.mark_rule(strokeWidth=1, opacity=0.85).encode(
        y=place, y2=alt.Y2Datum(rows + 0.5), stroke=colour
    )
    labels = [
        base.transform_filter(condition)
        .mark_text(align=side, dx=shift, fontSize=SMALL, baseline="middle")
        .encode(y=place, text="label:N", tooltip=["title:N", "day:T", "adopted:T"])
        for condition, side, shift in (
            ("!datum.flipped", "left", 4),
            ("datum.flipped", "right", -4),
        )
    ]
    layers = [stems, *labels]
    if clocks:
        own = alt.Chart(data(alt, clocks)).encode(stroke=colour, y=place)
        adopted = time_axis(alt, span, field="adopted", shown=False)
        # With a domain of its own the second end would be read as text, with a warning: others give it.
        begin = alt.X("adopted:T", axis=None)
        layers.append(own.mark_rule(strokeWidth=1.5).encode(x=begin, x2="day:T"))
        ring = own.mark_point(size=30, strokeWidth=1.5, fill=PALETTES[theme].ground, opacity=1)
        layers.append(ring.encode(x=adopted, tooltip=["title:N", "adopted:T"]))
    return alt.layer(*layers).properties(width=span.width, height=ROW_HEIGHT * (rows + 1))


def _kind_colour(alt: Any, marks: Sequence[dict[str, Any]], theme: Theme, size: Size) -> Any:
    shade = 1 if theme == "dark" else 0
    present = [kind for kind in KIND_COLOURS if any(mark["kind"] == kind for mark in marks)]
    return alt.Stroke(
        "kind:N",
        title="Event",
        legend=alt.Legend(
            columns=LEGEND_COLUMNS[size], symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1
        ),
        scale=alt.Scale(domain=present, range=[KIND_COLOURS[kind][shade] for kind in present]),
    )
