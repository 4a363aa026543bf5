"""Charts: one Vega-Lite specification serves the page, SVG, PNG, PDF and notebooks.

Altair writes the specification and vl-convert draws it without a browser; neither may open an address.
"""

from analysis.reporting.charts.contributions import waterfall_chart
from analysis.reporting.charts.counterfactual import counterfactual_chart
from analysis.reporting.charts.evidence import curve_chart, placebo_chart, placebos
from analysis.reporting.charts.posterior import posterior_chart
from analysis.reporting.charts.render import Format, specification, to_pdf, to_png, to_svg
from analysis.reporting.charts.series import series_chart
from analysis.reporting.charts.source import with_source
from analysis.reporting.charts.theme import PALETTES, WIDTHS, Palette, Size, Theme

__all__ = [
    "PALETTES",
    "WIDTHS",
    "Format",
    "Palette",
    "Size",
    "Theme",
    "counterfactual_chart",
    "curve_chart",
    "placebo_chart",
    "placebos",
    "posterior_chart",
    "series_chart",
    "specification",
    "to_pdf",
    "to_png",
    "to_svg",
    "waterfall_chart",
    "with_source",
]
