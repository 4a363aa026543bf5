"""Evidence: where the answer stands among placebos, and under other reasonable choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from analysis.reporting.charts.contributions import NAMES, wrapped
from analysis.reporting.charts.theme import (
    NUMBER,
    PALETTES,
    SMALL,
    WIDTHS,
    Size,
    Theme,
    altair,
    configured,
    data,
    extent,
)

if TYPE_CHECKING:
    import altair as alt

ROW = 34
BESIDE: dict[Size, int] = {"wide": 180, "narrow": 124}
"""Pixels that names take beside the plotted area."""
PER_LINE: dict[Size, int] = {"wide": NAMES, "narrow": 2}
PLACEBO, REAL = "placebo", "the real dates"
DEFAULT, OTHER = "the answer", "another choice"


def placebos(evidence: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the placebo check that has placebos to show: of dates if they speak, else the parametric one."""
    for name in ("placebo_dates", "parametric_placebo"):
        check = evidence.get(name)
        if check and check.get("speaks", True) and any(row["placebos"] for row in check.get("rows", ())):
            return check  # type: ignore[no-any-return]  # a record is JSON
    return None


def placebo_chart(
    record: Mapping[str, Any], names: Mapping[str, str], *, theme: Theme = "light", size: Size = "wide"
) -> alt.LayerChart:
    """Draw the statistic of each group among its placebos.

    Parameters
    ----------
    record : mapping
        ``placebo_dates`` or ``parametric_placebo`` of an evidence record, with placebos.
    names : mapping
        Short name of each event.
    theme : {"light", "dark"}
    size : {"wide", "narrow"}

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    library = altair()
    palette = PALETTES[theme]
    rows, marks = [], []
    for row in record["rows"]:
        label = row_label(row, names, PER_LINE[size])
        p = "" if row["p"] is None else f" (p = {row['p']:.2g})"
        label = f"{label}\n{p.strip()}" if p else label
        marks.append({"label": label, "z": row["z"], "what": REAL})
        rows += [{"label": label, "z": z, "what": PLACEBO} for z in row["placebos"]]
    y = library.Y(
        "label:N",
        title=None,
        sort=[mark["label"] for mark in marks],
        axis=library.Axis(
            labelExpr="split(datum.value, '\\n')",
            labelLimit=0,
            minExtent=extent(mark["label"] for mark in marks),
            ticks=False,
            domain=False,
            grid=True,
        ),
    )
    colour = library.Color(
        "what:N",
        title=None,
        scale=library.Scale(domain=[REAL, PLACEBO], range=[palette.fall, palette.soft]),
        legend=library.Legend(symbolType="square", symbolOpacity=1),
    )
    x = library.X(
        "z:Q",
        title=["effect divided by its", "posterior standard deviation"],
        axis=library.Axis(grid=False, tickCount=6),
        scale=library.Scale(nice=True, zero=False, padding=8),
    )
    placebos = library.Chart(data(library, rows)).mark_tick(size=16, thickness=1, opacity=0.4)
    real = library.Chart(data(library, marks)).mark_tick(size=26, thickness=4)
    chart = library.layer(
        placebos.encode(x=x, y=y, color=colour),
        real.encode(x=x, y=y, color=colour, tooltip=["label:N", library.Tooltip("z:Q", format=".2f")]),
    ).properties(width=WIDTHS[size] - BESIDE[size], height=ROW * len(marks))
    notes = (f"{record['m']} placebos, {record['kind']}. A real date that stands outside them is unusual.",)
    return cast("alt.LayerChart", configured(chart, theme, "The real dates among placebos", notes, size))


def curve_chart(
    record: Mapping[str, Any],
    row: int,
    names: Mapping[str, str],
    *,
    factor: float = 1.0,
    unit: str = "USD million",
    level: float = 0.95,
    theme: Theme = "light",
    size: Size = "wide",
) -> alt.VConcatChart:
    """Draw the specification curve of one row: the estimates in order, and below them what was chosen.

    Parameters
    ----------
    record : mapping
        ``specification_curve`` of an evidence record.
    row : int
        Position among its ``rows``.
    names : mapping
        Short name of each event.
    factor : float
        Periods a year.
    unit : str
    level : float
        Probability of the intervals.
    theme : {"light", "dark"}
    size : {"wide", "narrow"}

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    library = altair()
    palette = PALETTES[theme]
    points, choices, order = _curve(record, row, factor)
    x = library.X("rank:Q", axis=None, scale=library.Scale(domain=[0, len(points) + 1], nice=False))
    colour = library.Color(
        "what:N",
        title=None,
        scale=library.Scale(domain=[DEFAULT, OTHER], range=[palette.fall, palette.soft]),
        legend=library.Legend(symbolType="circle", symbolOpacity=1),
    )
    y = library.Y(
        "estimate:Q",
        title=[f"{unit} a year,", f"{100 * level:.0f} % intervals"],
        axis=library.Axis(format=NUMBER, tickCount=5),
        scale=library.Scale(domain=_frame(points), nice=True),
    )
    base = library.Chart(data(library, points))
    tooltip = [library.Tooltip(f"{name}:Q", format=",.0f") for name in ("estimate", "lower", "upper")]
    top = library.layer(
        base.mark_rule(strokeWidth=1, opacity=0.55, clip=True).encode(
            x=x, y="lower:Q", y2="upper:Q", color=colour
        ),
        base.mark_point(filled=True, opacity=1).encode(
            x=x,
            y=y,
            color=colour,
            size=library.condition(f"datum.what == '{DEFAULT}'", library.value(70), library.value(9)),
            tooltip=tooltip,
        ),
        library.Chart(data(library, [{"zero": 0}])).mark_rule(color=palette.ink).encode(y="zero:Q"),
    ).properties(width=WIDTHS[size] - BESIDE[size], height=190)
    bottom = (
        library.Chart(data(library, choices))
        .mark_tick(thickness=1, size=8)
        .encode(
            x=x,
            y=library.Y(
                "choice:N",
                sort=order,
                title=None,
                axis=library.Axis(
                    grid=True, labelLimit=0, labelFontSize=SMALL, minExtent=extent(order, SMALL)
                ),
            ),
            color=colour,
        )
        .properties(width=WIDTHS[size] - BESIDE[size], height=13 * len(order))
    )
    title = f"{row_label(record['rows'][row], names)} under other choices".replace("\n", " ")
    notes = (
        f"Each column is one of {len(points)} specifications that could be estimated, lowest first, with its "
        f"{100 * level:.0f} % interval (the widest are cut at the frame). Below: what was chosen in it.",
    )
    chart = library.vconcat(top, bottom, spacing=6)
    return cast("alt.VConcatChart", configured(chart, theme, title, notes, size))


def _frame(points: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return limits that hold all but the widest intervals, every estimate, and zero."""
    low = sorted(point["lower"] for point in points)
    high = sorted(point["upper"] for point in points)
    cut = len(points) // 20
    estimates = [point["estimate"] for point in points]
    return [min(0.0, low[cut], *estimates), max(0.0, high[-1 - cut], *estimates)]


def _curve(
    record: Mapping[str, Any], row: int, factor: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    axes = [
        (position, axis["name"].replace("_", " "), axis["levels"])
        for position, axis in enumerate(record["axes"])
        if len(axis["levels"]) > 1
    ]
    found = [
        (spec["estimates"][row], spec["levels"], number == 0)
        for number, spec in enumerate(record["specifications"])
        if spec["estimates"][row] is not None
    ]
    found.sort(key=lambda item: item[0][0])
    order = [f"{name}: {level}" for _, name, levels in axes for level in levels]
    points, choices = [], []
    for rank, ((estimate, lower, upper), levels, default) in enumerate(found, start=1):
        what = DEFAULT if default else OTHER
        points.append(
            {
                "rank": rank,
                "estimate": factor * estimate,
                "lower": factor * lower,
                "upper": factor * upper,
                "what": what,
            }
        )
        choices += [
            {"rank": rank, "choice": f"{name}: {chosen[levels[position]]}", "what": what}
            for position, name, chosen in axes
        ]
    return points, choices, order


def row_label(row: Mapping[str, Any], names: Mapping[str, str], per_line: int = NAMES) -> str:
    """Return the short names of a row's events, or the name the row has where it has none."""
    ids: Sequence[str] = row["event_ids"]
    return wrapped(" + ".join(names.get(name, name) for name in ids) or str(row["label"]), per_line)
