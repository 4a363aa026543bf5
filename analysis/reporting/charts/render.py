"""Drawing without a browser: the same specification as SVG, PNG and PDF; no address is ever opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from xml.sax.saxutils import quoteattr

from analysis.domain.text import readable
from analysis.errors import MissingExtraError

if TYPE_CHECKING:
    import altair as alt

Format = Literal["svg", "png", "pdf"]

PNG_SCALE = 2.0
"""Pixels per unit: 1,300 across, enough for a column of print."""


def specification(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return the Vega-Lite document of `chart`; everything that is drawn is in it."""
    spec: dict[str, Any] = chart.to_dict()
    return spec


def to_svg(chart: alt.TopLevelMixin | Mapping[str, Any]) -> str:
    """Draw a chart, or its specification, as SVG.

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    document = _document(chart)
    drawn = str(_converter().vegalite_to_svg(document, allowed_base_urls=[]))
    words = json.loads(document).get("description")
    # The engine draws no description: one sentence stands for the drawing, for readers who hear it.
    return drawn.replace("<svg", f'<svg role="img" aria-label={quoteattr(words)}', 1) if words else drawn


def to_png(chart: alt.TopLevelMixin | Mapping[str, Any], *, scale: float = PNG_SCALE) -> bytes:
    """Draw a chart, or its specification, as PNG.

    Parameters
    ----------
    chart : altair chart or mapping
    scale : float
        Pixels per unit.

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    return bytes(_converter().vegalite_to_png(_document(chart), scale=scale, allowed_base_urls=[]))


def to_pdf(chart: alt.TopLevelMixin | Mapping[str, Any]) -> bytes:
    """Draw a chart, or its specification, as PDF with its fonts embedded.

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    return bytes(_converter().vegalite_to_pdf(_document(chart), allowed_base_urls=[]))


def _document(chart: alt.TopLevelMixin | Mapping[str, Any]) -> str:
    return json.dumps(_readable(dict(chart) if isinstance(chart, Mapping) else specification(chart)))


def _readable(value: Any) -> Any:
    """Return a document whose every text can be drawn: the engine ends the process at some characters."""
    if isinstance(value, str):
        return readable(value) if not value.isprintable() else value
    if isinstance(value, Mapping):
        return {readable(str(key)): _readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_readable(item) for item in value]
    return value


def _converter() -> Any:
    try:
        import vl_convert
    except ModuleNotFoundError:
        raise MissingExtraError.naming("drawing a chart", "charts") from None
    return vl_convert
