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
    from analysis.downloads import read_comtrade, read_imf
    from analysis.interventions import fit_interventions

_LAZY = {
    "Event": "analysis.domain",
    "EventTable": "analysis.domain",
    "Period": "analysis.domain",
    "TradeSeries": "analysis.domain",
    "Window": "analysis.domain",
    "attribute": "analysis.attribution",
    "break_regression": "analysis.breaks",
    "check_stability": "analysis.breaks",
    "events": "analysis.catalogue",
    "find_breaks": "analysis.breaks",
    "fit_interventions": "analysis.interventions",
    "match_events": "analysis.breaks",
    "monitor_series": "analysis.breaks",
    "read_comtrade": "analysis.downloads",
    "read_imf": "analysis.downloads",
    "series": "analysis.catalogue",
}

__all__ = [
    "Event",
    "EventTable",
    "Period",
    "TradeSeries",
    "Window",
    "__version__",
    "across",
    "attribute",
    "batch",
    "break_regression",
    "check_stability",
    "events",
    "find_breaks",
    "fit_interventions",
    "match_events",
    "monitor_series",
    "read_comtrade",
    "read_imf",
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
