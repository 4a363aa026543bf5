"""Breaks at unknown dates: tests, dates with uncertainty, second opinions, matching to events."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.breaks.checkup import StabilityResult, check_stability
    from analysis.breaks.dated import DatedBreak
    from analysis.breaks.detectors import Detection, detect_breaks
    from analysis.breaks.find import find_breaks
    from analysis.breaks.matching import DateMatches, match_events
    from analysis.breaks.monitored import MonitoringResult, monitor_series
    from analysis.breaks.regression import RegressionBreaks, break_regression
    from analysis.breaks.result import BreakResult

_LAZY = {
    "BreakResult": "analysis.breaks.result",
    "DateMatches": "analysis.breaks.matching",
    "DatedBreak": "analysis.breaks.dated",
    "Detection": "analysis.breaks.detectors",
    "MonitoringResult": "analysis.breaks.monitored",
    "RegressionBreaks": "analysis.breaks.regression",
    "StabilityResult": "analysis.breaks.checkup",
    "break_regression": "analysis.breaks.regression",
    "check_stability": "analysis.breaks.checkup",
    "detect_breaks": "analysis.breaks.detectors",
    "find_breaks": "analysis.breaks.find",
    "match_events": "analysis.breaks.matching",
    "monitor_series": "analysis.breaks.monitored",
}

__all__ = [
    "BreakResult",
    "DateMatches",
    "DatedBreak",
    "Detection",
    "MonitoringResult",
    "RegressionBreaks",
    "StabilityResult",
    "break_regression",
    "check_stability",
    "detect_breaks",
    "find_breaks",
    "match_events",
    "monitor_series",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module 'analysis.breaks' has no attribute '{name}'")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
