"""Frozen values that every room speaks in; nothing here estimates or reads the data package."""

from analysis.domain.events import DATA_BREAK, SHAPES, UN_RESOLUTION, Event, EventTable, Shape
from analysis.domain.hashing import canonical_json, digest, rounded
from analysis.domain.observations import (
    NO_DESIGN,
    STATUSES,
    Gaps,
    Observation,
    SeriesDesign,
    Total,
)
from analysis.domain.periods import FREQUENCY_NAMES, Frequency, Period, Window, parse_day, parse_end
from analysis.domain.results import Cell, Result, plain_table
from analysis.domain.series import FloatArray, TradeSeries

__all__ = [
    "DATA_BREAK",
    "FREQUENCY_NAMES",
    "NO_DESIGN",
    "SHAPES",
    "STATUSES",
    "UN_RESOLUTION",
    "Cell",
    "Event",
    "EventTable",
    "FloatArray",
    "Frequency",
    "Gaps",
    "Observation",
    "Period",
    "Result",
    "SeriesDesign",
    "Shape",
    "Total",
    "TradeSeries",
    "Window",
    "canonical_json",
    "digest",
    "parse_day",
    "parse_end",
    "plain_table",
    "rounded",
]
