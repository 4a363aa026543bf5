"""Posterior of break dates: how probable a break is after each period, given the selected model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from analysis.domain import EventTable, Period
from analysis.reporting.charts.series import BREAKS, break_layers, with_events
from analysis.reporting.charts.theme import PALETTES, Size, Theme, altair, data
from analysis.reporting.charts.timeline import Span, time_axis

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 150


def posterior_chart(
    record: Mapping[str, Any],
    *,
    title: str = "",
    events: EventTable | None = None,
    theme: Theme = "light",
    size: Size = "wide",
) -> alt.VConcatChart:
    """Draw the probability of a break by the first period after it, with the date sets of the breaks found.

    Parameters
    ----------
    record : mapping
        Of a break result.
    title : str
        Of the series.
    events : EventTable, optional
        To mark.
    theme : {"light", "dark"}
    size : {"wide", "narrow"}

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    library = altair()
    palette = PALETTES[theme]
    sample = record["sample"]
    span = Span(Period.parse(sample["first"]).start, Period.parse(sample["last"]).end, size)
    rows = []
    for item in record["posterior"] or ():
        after = Period.parse(item["period"]) + 1
        rows.append(
            {
                "from": after.start.isoformat(),
                "to": after.end.isoformat(),
                "first_after": str(after),
                "probability": item["probability"],
                "zero": 0,
            }
        )
    # With a domain of its own the second end would be read as text, with a warning: the axis has it.
    x = library.X("from:T", title=None)
    axis = library.Chart(data(library, rows)).mark_point(opacity=0, aria=False)
    y = library.Y(
        "probability:Q",
        title="probability",
        scale=library.Scale(domain=[0, 1]),
        axis=library.Axis(format=".1f", tickCount=5),
    )
    bars = (
        library.Chart(data(library, rows))
        .mark_rect(color=palette.line, stroke=palette.line, strokeWidth=1)
        .encode(
            x=x,
            x2="to:T",
            y=y,
            y2="zero:Q",
            tooltip=["first_after:N", library.Tooltip("probability:Q", format=".3f")],
        )
    )
    layers = [
        axis.encode(x=time_axis(library, span, field="from")),
        bars,
        *break_layers(library, record["breaks"], span, palette),
    ]
    notes = ("Posterior of the date of a break (first period after it), given the selected model.", BREAKS)
    return with_events(library, layers, events, span, theme, title, notes, HEIGHT)
