"""The observed series beside what the model expects without the events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from analysis.domain import EventTable, Period
from analysis.reporting.charts.series import HEIGHT, RECORDED, middle, with_events
from analysis.reporting.charts.theme import NUMBER, PALETTES, Size, Theme, altair, data
from analysis.reporting.charts.timeline import Span, time_axis

if TYPE_CHECKING:
    import altair as alt

WIDE = 2.5
"""Powers of ten beyond which a label each is enough."""

OBSERVED, EXPECTED, BAND = "observed", "expected without the events", "interval"


def counterfactual_chart(
    record: Mapping[str, Any],
    *,
    title: str = "",
    events: EventTable | None = None,
    theme: Theme = "light",
    size: Size = "wide",
) -> alt.VConcatChart:
    """Draw the path expected without the events with its band.

    The vertical axis is logarithmic where the model is in logs, and says so.

    Parameters
    ----------
    record : mapping
        Of an intervention result.
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
    logs = record["model"]["scale"] == "log"
    percent = f"{100 * record['level']:.0f} %"
    rows = [{**row, "day": middle(Period.parse(row["period"]))} for row in record["counterfactual"]]
    first, last = Period.parse(rows[0]["period"]), Period.parse(rows[-1]["period"])
    span = Span(first.start, last.end, size)
    x = time_axis(library, span)
    unit = record["model"]["unit"]
    axis_title = f"{unit}, logarithmic" if logs else unit
    y = library.Y(
        "observed:Q",
        title=axis_title,
        scale=library.Scale(type="log", nice=False) if logs else library.Scale(zero=True),
        axis=library.Axis(format=NUMBER, values=_ticks(rows)) if logs else library.Axis(format=NUMBER),
    )
    names = [OBSERVED, EXPECTED, f"{percent} {BAND}"]
    colour = library.Color(
        "line:N",
        title="Path",
        scale=library.Scale(domain=names, range=[palette.line, palette.expected, palette.band]),
        legend=library.Legend(symbolType="square", symbolOpacity=1, columns=3 if size == "wide" else 1),
    )
    band = [{**row, "line": names[2]} for row in rows if row["lower"] is not None]
    tooltip = [
        "period:N",
        *(
            library.Tooltip(f"{name}:Q", format=",.4~g")
            for name in ("observed", "expected", "lower", "upper")
        ),
    ]
    layers = [
        library.Chart(data(library, band))
        .mark_area(opacity=0.7)
        .encode(x=x, y=library.Y("lower:Q", title=axis_title), y2="upper:Q", color=colour, tooltip=tooltip),
        library.Chart(data(library, [{**row, "line": EXPECTED} for row in rows]))
        .mark_line(strokeDash=[6, 3], strokeWidth=1.8)
        .encode(x=x, y=library.Y("expected:Q"), color=colour, tooltip=tooltip),
        library.Chart(data(library, [{**row, "line": OBSERVED} for row in rows]))
        .mark_line(strokeWidth=1.5, invalid="break-paths-show-path-domains", point={"size": 12})
        .encode(x=x, y=y, color=colour, tooltip=tooltip),
    ]
    parts = "trend, season and level" if record["model"]["seasonal"] else "trend and level"
    notes = [
        RECORDED,
        f"Expected: median of {parts} of the model without its events; band: its {percent} interval, period "
        "by period.",
        "Years after the events it extends the trend before them: it is no forecast.",
        *(["Logarithmic: equal distances are equal ratios."] if logs else []),
    ]
    return with_events(library, layers, events, span, theme, title, notes, HEIGHT)


def _ticks(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return powers of ten around the values drawn; twice and five times each where there are few."""
    found = [row[name] for row in rows for name in ("observed", "lower", "upper") if row[name]]
    low, high = log10(min(found)), log10(max(found))
    steps = (1, 2, 5) if high - low < WIDE else (1,)
    return [step * 10.0**power for power in range(floor(low), ceil(high) + 1) for step in steps]
