"""The attribution as a waterfall: from the level before to the level after, each step with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from analysis.reporting.charts.theme import (
    NUMBER,
    PALETTES,
    SIZE,
    SMALL,
    WIDTHS,
    Size,
    Theme,
    altair,
    configured,
    data,
    extent,
)
from analysis.reporting.headline import Headline, signed

if TYPE_CHECKING:
    import altair as alt

STEP = 38
"""Height of a row: two lines of a label and the bar beside it."""

TALL, BELOW = 56, 16
"""The same of the narrow form, and how far its bar lies below the middle, its name above."""

NAMES = 3
"""Names of events on one line of a label."""

KINDS = ("fall", "rise", "level")


def waterfall_chart(
    headline: Headline, *, theme: Theme = "light", size: Size = "wide"
) -> alt.HConcatChart | alt.LayerChart:
    """Draw the change as steps between the two levels, annualised; grouped events are one step.

    The whisker of a step is its interval, drawn from where the step begins. In the narrow form names and
    numbers stand above their bars.

    Parameters
    ----------
    headline : Headline
    theme : {"light", "dark"}
    size : {"wide", "narrow"}

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    library = altair()
    palette = PALETTES[theme]
    rows = _rows(headline)
    order = [row["label"] for row in rows]
    lows = [min(row["begin"], row["end"], row.get("low", row["end"])) for row in rows]
    highs = [max(row["begin"], row["end"], row.get("high", row["end"])) for row in rows]
    width = max(highs) - min(lows)
    domain = [min(lows) - 0.02 * width, max(highs) + 0.02 * width]
    narrow = size == "narrow"
    names = library.Axis(
        labelExpr="split(datum.value, '\\n')",
        labelLimit=0,
        minExtent=extent(order),
        ticks=False,
        domain=False,
    )
    y = library.Y("label:N", title=None, sort=order, axis=None if narrow else names)
    colour = library.Color(
        "direction:N",
        title=None,
        scale=library.Scale(domain=list(KINDS), range=[palette.fall, palette.rise, palette.total]),
        legend=library.Legend(
            labelExpr="{fall: 'falls', rise: 'rises', level: 'recorded level'}[datum.label]"
        ),
    )
    x = library.X(
        "begin:Q",
        title=headline.measure,
        scale=library.Scale(domain=domain, nice=False, zero=False),
        axis=library.Axis(format=NUMBER, tickCount=3 if narrow else 4),
    )
    base = library.Chart(data(library, rows))
    down = {"yOffset": BELOW} if narrow else {}
    bars = base.mark_bar(size=13 if narrow else 15, **down).encode(
        x=x, x2="end:Q", y=y, color=colour, tooltip=["label:N", "words:N"]
    )
    whiskers = base.transform_filter("isValid(datum.low)")
    layers = [
        bars,
        whiskers.mark_rule(strokeWidth=1.4, color=palette.ink, **down).encode(x="low:Q", x2="high:Q", y=y),
        whiskers.mark_tick(thickness=1.4, size=9, color=palette.ink, **down).encode(x="low:Q", y=y),
        whiskers.mark_tick(thickness=1.4, size=9, color=palette.ink, **down).encode(x="high:Q", y=y),
    ]
    percent = f"{100 * headline.level:.0f} %"
    notes = (
        f"{headline.measure}{headline.basis}. A step is dated to its row, with its {percent} "
        "interval as a whisker and in brackets; steps add up to the change.",
    )
    title = f"{headline.title}: from {headline.start} to {headline.end}"
    if narrow:
        text = {"align": "left", "baseline": "middle", "limit": WIDTHS[size] + 40}
        above = [
            base.mark_text(**text, fontSize=SIZE, fontWeight="bold", yOffset=-BELOW).encode(
                x=library.value(0), y=y, text="name:N"
            ),
            base.mark_text(**text, fontSize=SMALL, yOffset=-1).encode(
                x=library.value(0), y=y, text="words:N"
            ),
        ]
        chart = library.layer(*layers, *above).properties(width=WIDTHS[size] + 40, height=TALL * len(rows))
        return cast("alt.LayerChart", configured(chart, theme, title, notes, size))
    plot = library.layer(*layers).properties(width=WIDTHS[size] - 330, height=STEP * len(rows))
    numbers = (
        library.Chart(data(library, rows))
        .mark_text(align="left", baseline="middle", fontSize=SMALL)
        .encode(x=library.value(0), y=library.Y("label:N", sort=order, axis=None), text="words:N")
        .properties(width=extent((row["words"] for row in rows), SMALL), height=STEP * len(rows))
    )
    chart = library.hconcat(plot, numbers, spacing=8)
    return cast("alt.HConcatChart", configured(chart, theme, title, notes))


def _rows(headline: Headline) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "label": f"Recorded in {headline.start}",
            "name": f"Recorded in {headline.start}",
            "begin": 0.0,
            "end": headline.before,
            "direction": "level",
            "words": f"{headline.before:,.0f}",
        }
    ]
    at = headline.before
    for row in headline.rows:
        rows.append(
            {
                "label": wrapped(row.label),
                "name": row.label,
                "begin": at,
                "end": at + row.estimate,
                "low": at + row.lower,
                "high": at + row.upper,
                "direction": "fall" if row.estimate < 0 else "rise",
                "words": f"{signed(row.estimate)} [{signed(row.lower)}, {signed(row.upper)}]",
            }
        )
        at += row.estimate
    rows.append(
        {
            "label": f"Recorded in {headline.end}",
            "name": f"Recorded in {headline.end}",
            "begin": 0.0,
            "end": headline.after,
            "direction": "level",
            "words": f"{headline.after:,.0f}",
        }
    )
    return rows


def wrapped(label: str, names: int = NAMES) -> str:
    """Return a label of several events on lines of `names` each, joined by line feeds."""
    parts = label.split(" + ")
    lines: list[str] = []
    line: Sequence[str] = ()
    for part in parts:
        if line and (len(line) == names or len(" + ".join((*line, part))) > 30):
            lines.append(" + ".join(line) + " +")
            line = ()
        line = (*line, part)
    return "\n".join([*lines, " + ".join(line)])
