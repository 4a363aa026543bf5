"""The observed series with its status, the events on it and the breaks with their date sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from analysis.domain import STATUSES, EventTable, Period, TradeSeries
from analysis.reporting.charts.theme import (
    LEGEND_COLUMNS,
    NUMBER,
    PALETTES,
    Palette,
    Size,
    Theme,
    altair,
    configured,
    data,
)
from analysis.reporting.charts.timeline import Span, event_marks, event_rules, event_strip, time_axis

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 260

REVISED = "revised since first printed"

RECORDED = "Recorded trade, nominal dollars, not adjusted for inflation."
CLOCKS = "Lines: first full month in force; rings: adoption."
BREAKS = "Dashed, with bands: breaks found without the events, with the set of dates that each may have."

# A second outline in the other direction is a hole.
TRIANGLE = "M0,-1L1,.75L-1,.75Z M0,-.3L-.45,.45L.45,.45Z"
DIAMOND = "M0,-1.1L1,0L0,1.1L-1,0Z M0,-.55L-.5,0L0,.55L.5,0Z"

SHAPES = {
    STATUSES["A"]: "circle",
    STATUSES["E"]: TRIANGLE,
    STATUSES["P"]: DIAMOND,
    STATUSES["M"]: "stroke",
    STATUSES["B"]: "square",
    REVISED: "cross",
}

HOLLOW = (STATUSES["E"], STATUSES["P"])
"""Statuses whose marks are hollow: nobody printed the value as final."""

LARGER = 16
"""How much larger the mark of a value is that is not simply as printed, in square pixels."""


def series_chart(
    series: TradeSeries,
    *,
    events: EventTable | None = None,
    breaks: Sequence[Mapping[str, Any]] = (),
    first: TradeSeries | None = None,
    theme: Theme = "light",
    size: Size = "wide",
) -> alt.VConcatChart:
    """Draw a series with its status and bounds, the events on it and the breaks with their date sets.

    Parameters
    ----------
    series : TradeSeries
        Missing periods break the line.
    events : EventTable, optional
        Marked at their first full month in force, or the day they take effect, with a ring at adoption;
        those outside the sample are left out.
    breaks : sequence of mapping
        The items of ``breaks`` in the record of a break result.
    first : TradeSeries, optional
        The same as first printed; values that differ from it are marked as revised.
    theme : {"light", "dark"}
    size : {"wide", "narrow"}

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    library = altair()
    span = Span(series.first.start, series.last.end, size)
    layers = [
        *break_layers(library, breaks, span, PALETTES[theme]),
        *_observation_layers(library, series, first, span, PALETTES[theme]),
    ]
    notes = (*((RECORDED,) if series.catalogue else ()), *((BREAKS,) if breaks else ()))
    return with_events(library, layers, events, span, theme, series.title, notes)


def with_events(
    library: Any,
    layers: list[Any],
    events: EventTable | None,
    span: Span,
    theme: Theme,
    title: str,
    notes: Sequence[str],
    height: int = HEIGHT,
) -> alt.VConcatChart:
    """Put the events across `layers` and their labels above them; title and notes say how to read it."""
    marks = event_marks(events or EventTable(()), span)
    if any(mark["adopted"] for mark in marks):
        notes = (*notes, CLOCKS)
    strip = []
    if marks:
        layers = [event_rules(library, marks, span, theme), *layers]
        strip = [event_strip(library, marks, span, theme)]
    main = library.layer(*layers).properties(width=span.width, height=height)
    chart = library.vconcat(*strip, main, spacing=0, bounds="flush")
    # The axes of time have one domain each, of the same span: sharing them would only repeat it.
    chart = chart.resolve_scale(x="independent", stroke="shared")
    return cast("alt.VConcatChart", configured(chart, theme, title, notes, span.size))


def middle(period: Period) -> str:
    """Return the day at which a period is drawn."""
    return (period.start + timedelta(days=period.days // 2)).isoformat()


def break_layers(alt: Any, breaks: Sequence[Mapping[str, Any]], span: Span, palette: Palette) -> list[Any]:
    """Return a dashed line at the first period after each break, and a band for every range of its set."""
    dates, sets = [], []
    for found in breaks:
        first = found["first_after"]
        dates.append({"day": Period.parse(first).start.isoformat(), "first_after": first})
        ci = found.get("ci")
        for lower, upper in _ranges(ci) if ci else ():
            # A set names last periods before the change: the change lies where the next one begins.
            start, end = (Period.parse(lower) + 1).start, (Period.parse(upper) + 1).end
            sets.append(
                {
                    "first_after": first,
                    "from": max(span.first, start).isoformat(),
                    "to": min(span.last, end).isoformat(),
                }
            )
    layers = []
    if sets:
        layers.append(
            alt.Chart(data(alt, sets))
            .mark_rect(color=palette.breaks, opacity=0.2)
            .encode(x="from:T", x2="to:T", tooltip=["first_after:N", "from:T", "to:T"])
        )
    if dates:
        layers.append(
            alt.Chart(data(alt, dates))
            .mark_rule(color=palette.breaks, strokeDash=[6, 4], strokeWidth=1.8)
            .encode(x="day:T", tooltip=["first_after:N"])
        )
    return layers


def _ranges(ci: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    return cast("Sequence[Sequence[str]]", ci.get("set") or [[ci["lower"], ci["upper"]]])


def _observation_layers(
    alt: Any, series: TradeSeries, first: TradeSeries | None, span: Span, palette: Palette
) -> list[Any]:
    x = time_axis(alt, span)
    printed = {} if first is None else {o.period: o.value for o in first.observations}
    rows = [
        {
            "day": middle(o.period),
            "period": str(o.period),
            "value": o.value,
            "lower": o.lower,
            "upper": o.upper,
            "status": REVISED if printed.get(o.period, o.value) != o.value else STATUSES[o.status],
        }
        for o in series.observations
    ]
    present = [word for word in (*STATUSES.values(), REVISED) if any(row["status"] == word for row in rows)]
    shown = [word for word in present if word != STATUSES["M"]]
    value = alt.Y(
        "value:Q", title=series.unit, scale=alt.Scale(zero=True), axis=alt.Axis(format=NUMBER, tickCount=6)
    )
    legend = (
        alt.Legend(
            columns=LEGEND_COLUMNS[span.size],
            symbolSize=70,
            symbolFillColor=palette.line,
            symbolStrokeWidth=0,
        )
        if shown
        else None
    )
    dot = 40 if series.frequency == "A" else 8
    base = alt.Chart(data(alt, rows))
    line = base.mark_line(
        color=palette.line, strokeWidth=1.4, invalid="break-paths-show-path-domains"
    ).encode(x=x, y=value)
    points = (
        base.transform_filter("isValid(datum.value)")
        .mark_point(fill=palette.line, stroke=None, opacity=1)
        .encode(
            x=x,
            y=value,
            size=alt.condition(f"datum.status == '{STATUSES['A']}'", alt.value(dot), alt.value(dot + LARGER)),
            shape=alt.Shape(
                "status:N",
                title="Figure",
                scale=alt.Scale(domain=shown, range=[SHAPES[word] for word in shown]),
                legend=legend,
            ),
            tooltip=[
                "period:N",
                alt.Tooltip("value:Q", format=",.4~g"),
                "status:N",
                alt.Tooltip("lower:Q", format=",.4~g"),
                alt.Tooltip("upper:Q", format=",.4~g"),
            ],
        )
    )
    # A hollow mark hides the line behind it.
    ground = (
        base.transform_filter(alt.FieldOneOfPredicate("status", HOLLOW))
        .mark_point(shape="circle", size=dot, fill=palette.ground, stroke=None, opacity=1, aria=False)
        .encode(x=x, y=value)
    )
    layers = [line, *([ground] if any(word in HOLLOW for word in shown) else []), points]
    if any(o.lower is not None for o in series.observations):
        bounds = (
            base.transform_filter("isValid(datum.lower)")
            .mark_rule(color=palette.line, strokeWidth=1.4)
            .encode(x=x, y="lower:Q", y2="upper:Q")
        )
        layers.append(bounds)
    return layers
