"""tradebreaks: structural breaks and dated changes in recorded trade, with honest intervals.

>>> import analysis
>>> s = analysis.series("dprk.exports.china.m")
>>> analysis.attribute(s, start="2016", end="2018").to_record()  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from analysis.version import VERSION

__version__ = VERSION

if TYPE_CHECKING:
    from analysis import across, batch
    from analysis.attribution import attribute
    from analysis.breaks import break_regression, check_stability, find_breaks, match_events, monitor_series
    from analysis.catalogue import events, series
    from analysis.domain import Event, EventTable, Period, TradeSeries, Window
    from analysis.interventions import compare_methods, fit_interventions
    from analysis.reading import FileQuestion, read_controls, read_events, read_parts, read_series
    from analysis.reading.layouts import read_comtrade, read_imf

_LAZY = {
    "Event": "analysis.domain",
    "EventTable": "analysis.domain",
    "Period": "analysis.domain",
    "TradeSeries": "analysis.domain",
    "Window": "analysis.domain",
    "attribute": "analysis.attribution",
    "break_regression": "analysis.breaks",
    "check_stability": "analysis.breaks",
    "compare_methods": "analysis.interventions",
    "events": "analysis.catalogue",
    "find_breaks": "analysis.breaks",
    "fit_interventions": "analysis.interventions",
    "FileQuestion": "analysis.reading",
    "match_events": "analysis.breaks",
    "monitor_series": "analysis.breaks",
    "read_comtrade": "analysis.reading.layouts",
    "read_controls": "analysis.reading",
    "read_events": "analysis.reading",
    "read_imf": "analysis.reading.layouts",
    "read_parts": "analysis.reading",
    "read_series": "analysis.reading",
    "series": "analysis.catalogue",
}

__all__ = [
    "Event",
    "EventTable",
    "FileQuestion",
    "Period",
    "TradeSeries",
    "Window",
    "__version__",
    "across",
    "attribute",
    "batch",
    "break_regression",
    "check_stability",
    "compare_methods",
    "events",
    "find_breaks",
    "fit_interventions",
    "match_events",
    "monitor_series",
    "read_comtrade",
    "read_controls",
    "read_events",
    "read_imf",
    "read_parts",
    "read_series",
    "series",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use (PEP 562)."""
    if name in ("across", "batch"):  # rooms; the second can be called
        return import_module(f"analysis.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module 'analysis' has no attribute '{name}'")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
