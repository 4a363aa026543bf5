"""Sizes, fonts and colours that every chart shares; one configuration for light and for dark grounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

from analysis.errors import MissingExtraError

Theme = Literal["light", "dark"]
Size = Literal["wide", "narrow"]
"""A chart for a page or for print, or for a phone."""

WIDTHS: dict[Size, int] = {"wide": 600, "narrow": 264}
"""Width of the plotted area: with its axis a chart is read at its own size from 680 or 345 px on."""

FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
SIZE = 12
SMALL = 11
NUMBER = ",.6~r"
"""Format of the numbers on an axis: thousands separated, never an exponent."""

LONGEST_LINE: dict[Size, int] = {"wide": 98, "narrow": 50}
"""Characters of a subtitle that fit above a chart."""

LONGEST_TITLE: dict[Size, int] = {"wide": 74, "narrow": 38}
"""Characters of a title, which is bold, that fit above a chart."""

LEGEND_COLUMNS: dict[Size, int] = {"wide": 4, "narrow": 2}

NARROW, THIN, WIDE, OTHER = 0.28, 0.41, 0.9, 0.64
"""Advance of characters in DejaVu Sans, by the size of the font, rounded up by class. It is the widest font
of the stack: vl-convert measures text with Liberation Sans, and a browser may draw the same SVG with this."""

THIN_CHARACTERS = frozenset(" ,.:;'()[]/ftr")
WIDE_CHARACTERS = frozenset("mwMW+−%")

LEGENDS = "{bottom: {direction: 'vertical', margin: 14, offset: 26}}"
"""Legends stand below each other: beside each other they would widen the chart."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a theme; each stands off its ground by 3 to 1 at least, text by 4.5 to 1.

    Attributes
    ----------
    ground, ink, soft, faint : str
        Ground, text and marks, secondary text, grid.
    line : str
        The observed series.
    breaks, expected, band : str
        Breaks with their date sets; what the model expects without the events, and its interval.
    fall, rise, neutral, total : str
        Bars of a contribution below and above zero, of no event, and of the observed levels.
    """

    ground: str
    ink: str
    soft: str
    faint: str
    line: str
    breaks: str
    expected: str
    band: str
    fall: str
    rise: str
    neutral: str
    total: str


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        "#ffffff",
        "#1f2328",
        "#57606a",
        "#d9dde2",
        "#1f2328",
        "#6f4aa8",
        "#0072b2",
        "#a9cfe6",
        "#d55e00",
        "#0072b2",
        "#8c959f",
        "#424a53",
    ),
    "dark": Palette(
        "#14181d",
        "#e6e8eb",
        "#a3adb8",
        "#39424c",
        "#e6e8eb",
        "#b79be6",
        "#56b4e9",
        "#2b5872",
        "#f0843c",
        "#56b4e9",
        "#8b949e",
        "#b1bac4",
    ),
}
"""Okabe and Ito's orange and blue for falls and rises: readers with any colour vision tell them apart, and
in grey print by the side of zero on which a bar lies."""


def altair() -> Any:
    """Return the module `altair`.

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    try:
        import altair as alt
    except ModuleNotFoundError:
        raise MissingExtraError.naming("drawing a chart", "charts") from None
    return alt


def configured(
    chart: Any, theme: Theme, title: str = "", notes: Sequence[str] = (), size: Size = "wide"
) -> Any:
    """Return `chart` with the fonts and colours of a theme, its title and what must be read with it."""
    palette = PALETTES[theme]
    if title or notes:
        lines = [line for note in notes for line in wrap(note, LONGEST_LINE[size])]
        chart = chart.properties(title={"text": wrap(title, LONGEST_TITLE[size]), "subtitle": lines})
    text = {"labelColor": palette.ink, "titleColor": palette.ink}
    return chart.configure(
        background=palette.ground,
        font=FONT,
        padding=8,
        view={"stroke": None},
        axis={
            **text,
            "gridColor": palette.faint,
            "domainColor": palette.faint,
            "tickColor": palette.faint,
            "labelFontSize": SIZE,
            "titleFontSize": SIZE,
            "titleFontWeight": "normal",
            "titlePadding": 10,
            "labelLimit": 320,
        },
        legend={
            **text,
            "orient": "bottom",
            "layout": {"expr": LEGENDS},
            "titleOrient": "left" if size == "wide" else "top",
            "titlePadding": 10,
            "columnPadding": 34 if size == "wide" else 12,
            "labelFontSize": SIZE,
            "titleFontSize": SIZE,
            "titleFontWeight": "normal",
            "symbolStrokeWidth": 2,
            "labelLimit": 320,
        },
        title={
            "color": palette.ink,
            "fontSize": SIZE + 1,
            "fontWeight": "bold",
            "anchor": "start",
            "subtitleColor": palette.soft,
            "subtitleFontSize": SMALL,
            "subtitlePadding": 4,
            "offset": 12,
            "frame": "bounds",
        },
        header={"labelColor": palette.ink, "labelFontSize": SIZE},
        text={"font": FONT, "color": palette.ink},
    )


def extent(labels: Iterable[str], size: int = SIZE) -> float:
    """Return the pixels that the longest line of `labels` needs in every font of the stack."""
    lines = [line for label in labels for line in label.split("\n")]
    return size * max(sum(map(_advance, line)) for line in lines)


def _advance(character: str) -> float:
    if character in "ijl":
        return NARROW
    if character in THIN_CHARACTERS:
        return THIN
    return WIDE if character in WIDE_CHARACTERS or character.isupper() else OTHER


def data(alt: Any, rows: Any) -> Any:
    """Return rows as inline data: a chart never opens an address."""
    return alt.Data(values=list(rows))
