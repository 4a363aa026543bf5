"""An index of several economies, the first of them in front; no estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis.domain import Period
from analysis.reporting.charts.theme import PALETTES, WIDTHS, Theme, altair, configured, data

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 260


def index_chart(
    values: Sequence[tuple[str, Period, float]], *, title: str = "", theme: Theme = "light"
) -> alt.LayerChart:
    """Draw one line an economy on a common index.

    Parameters
    ----------
    values : sequence of (name, Period, value)
        The economy named first is drawn in front and in colour, and named; the others in grey.
    title : str
    theme : {"light", "dark"}

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    library: Any = altair()
    palette = PALETTES[theme]
    front = values[0][0]
    rows = [
        {"economy": name, "day": period.start.isoformat(), "value": value, "front": name == front}
        for name, period, value in values
    ]
    last = {row["economy"]: row for row in rows}
    x = library.X("day:T", title=None)
    y = library.Y("value:Q", title="index", scale=library.Scale(zero=False))
    base = library.Chart(data(library, rows)).encode(x=x, y=y, detail="economy:N")
    others = base.transform_filter("!datum.front").mark_line(color=palette.soft, strokeWidth=1, opacity=0.7)
    own = base.transform_filter("datum.front").mark_line(color=palette.fall, strokeWidth=2.5)
    names = (
        library.Chart(data(library, [last[front]]))
        .mark_text(align="left", dx=4, fontSize=10)
        .encode(
            x=x,
            y=y,
            text="economy:N",
            color=library.value(palette.ink),
        )
    )
    chart = library.layer(others, own, names).properties(width=WIDTHS["wide"] - 120, height=HEIGHT)
    return configured(chart, theme, title)  # type: ignore[no-any-return]  # altair has no types here
