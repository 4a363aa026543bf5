"""Where a chart is from, written below it, so that a file says so wherever it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from analysis.reporting.charts.theme import LONGEST_LINE, PALETTES, SMALL, Size, Theme

LINE = SMALL + 4
OF_THE_WHOLE = ("$schema", "config", "background", "padding", "autosize", "datasets", "usermeta")
"""Keys that a specification has at its top alone."""


def with_source(
    spec: Mapping[str, Any],
    lines: Sequence[str],
    *,
    alt: str = "",
    theme: Theme = "light",
    size: Size = "wide",
) -> dict[str, Any]:
    """Return the specification of a chart with `lines` below it and the text that stands for it.

    Parameters
    ----------
    spec : mapping
        Of a chart of this package.
    lines : sequence of str
        Source, vintage, address or command; wrapped to the width of the chart.
    alt : str
        One sentence for readers who do not see the chart.
    theme : {"light", "dark"}
    size : {"wide", "narrow"}
    """
    text = [part for line in lines for part in wrap(line, LONGEST_LINE[size])]
    below = {
        "data": {"values": [{}]},
        "mark": {
            "type": "text",
            "align": "left",
            "baseline": "top",
            "text": text,
            "fontSize": SMALL,
            "lineHeight": LINE,
            "color": PALETTES[theme].soft,
        },
        "encoding": {"x": {"value": 0}, "y": {"value": 0}},
        "width": 1,
        "height": LINE * len(text),
    }
    whole = {key: spec[key] for key in OF_THE_WHOLE if key in spec}
    chart = {key: value for key, value in spec.items() if key not in whole}
    named = {"description": alt} if alt else {}
    return {**whole, **named, "vconcat": [chart, below], "spacing": 14}
